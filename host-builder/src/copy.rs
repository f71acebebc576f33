//! The pages of filter files -> those of another file, sealed anew; and compared when they
//! are there.

use std::fs::File;

use leaksieve_core::Header;
use leaksieve_core::sector::{FileId, SectorIndex, seal};

use crate::build::BuildError;
use crate::file::{FileError, FilterFile, groups, read_payloads};
use crate::output::Beside;
use crate::progress::Observer;

/// Write all pages of `files`, in order, as sectors of file `id` from `first` on.
pub(crate) fn copy_pages<E: From<FileError> + From<BuildError>>(
    files: &[FilterFile],
    beside: &mut Beside,
    id: FileId,
    first: u32,
    observer: &dyn Observer,
) -> Result<(), E> {
    let mut next = first;
    for file in files {
        for dataset in file.catalogue().datasets() {
            for pages in groups(dataset.num_sectors) {
                let first = dataset.first_sector.0;
                // Verified as it is read: damage is not sealed anew.
                for payload in &file.read_payloads(first + pages.start..first + pages.end)? {
                    beside
                        .write(&seal(id, SectorIndex(next), payload))
                        .map_err(BuildError::Output)?;
                    next += 1;
                }
                observer.advance(pages.len() as u64);
            }
        }
    }
    Ok(())
}

/// Read the finished file and compare each page with the one that it came from.
pub(crate) fn compare_pages<E: From<FileError> + From<BuildError>>(
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
        for pages in groups(dataset.num_sectors) {
            let at = |first: SectorIndex| first.0 + pages.start..first.0 + pages.end;
            let written = read_payloads(written, id, at(dataset.first_sector))
                .map_err(BuildError::ReadBack)?;
            if written != file.read_payloads(at(origin.first_sector))? {
                return Err(BuildError::OtherContent.into());
            }
            observer.advance(pages.len() as u64);
        }
    }
    Ok(())
}
