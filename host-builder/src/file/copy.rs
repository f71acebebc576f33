//! The plans and pages of filter files -> those of another file, sealed anew; and compared when
//! they are there.

use std::fs::File;

use leaksieve_core::sector::{FileId, SectorIndex, seal};
use leaksieve_core::{Dataset, Header};

use crate::file::AtomicFile;
use crate::file::WriteError;
use crate::file::sectors::{groups, read_payloads};
use crate::file::{FileError, FilterFile};
use crate::progress::Observer;

/// Write all plans and pages of `files`, in order, as sectors of file `id` from `first` on.
pub(crate) fn copy_pages<E: From<FileError> + From<WriteError>>(
    files: &[FilterFile],
    new_file: &mut AtomicFile,
    id: FileId,
    first: u32,
    observer: &dyn Observer,
) -> Result<(), E> {
    let mut next = first;
    for file in files {
        for dataset in file.catalogue().datasets() {
            let (first, num_sectors) = sectors_of(dataset);
            for pages in groups(num_sectors) {
                // Verified as it is read: damage is not sealed anew.
                for payload in &file.read_payloads(first + pages.start..first + pages.end)? {
                    new_file
                        .write(&seal(id, SectorIndex(next), payload))
                        .map_err(WriteError::Output)?;
                    next += 1;
                }
                observer.advance(pages.len() as u64);
            }
        }
    }
    Ok(())
}

/// Read the finished file and compare each sector with the one that it came from.
pub(crate) fn compare_pages<E: From<FileError> + From<WriteError>>(
    files: &[FilterFile],
    written: &File,
    header: &Header,
    id: FileId,
    observer: &dyn Observer,
) -> Result<(), E> {
    let origins = files
        .iter()
        .flat_map(|file| file.catalogue().datasets().iter().map(move |d| (file, d)));
    for ((file, origin), dataset) in origins.zip(&header.datasets) {
        let (first, num_sectors) = sectors_of(dataset);
        let (first_of_origin, _) = sectors_of(origin);
        for pages in groups(num_sectors) {
            let at = |first: u32| first + pages.start..first + pages.end;
            let written = read_payloads(written, id, at(first)).map_err(WriteError::ReadBack)?;
            if written != file.read_payloads(at(first_of_origin))? {
                return Err(WriteError::OtherContent.into());
            }
            observer.advance(pages.len() as u64);
        }
    }
    Ok(())
}

/// The first sector of a dataset, and how many it has. The header's check keeps the sum below 2^32.
fn sectors_of(dataset: &Dataset) -> (u32, u32) {
    let (first, num_sectors) = dataset.sectors();
    (first.0, num_sectors as u32)
}
