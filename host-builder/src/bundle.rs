//! Several filter files -> one, with the datasets of all.

use std::path::{Path, PathBuf};

use leaksieve_core::Header;
use leaksieve_core::header::MAX_DATASETS;
use leaksieve_core::sector::{SectorIndex, seal};

use crate::build::{BuildError, file_id, read_header, write_header};
use crate::file::{FileError, FilterFile, groups};
use crate::output::Beside;
use crate::progress::{Observer, Stage};

/// Why files could not be joined.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A part.
    #[error(transparent)]
    Part(#[from] FileError),
    /// The joined file.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Too many datasets.
    #[error(
        "these files hold {found} datasets, and a file may have {MAX_DATASETS}: make several files"
    )]
    TooManyDatasets {
        /// How many.
        found: usize,
    },
    /// The joined file would be too large.
    #[error("these files have more than 2^32 sectors (2 TiB) together: make several files")]
    TooLarge,
    /// One file was named twice, or a copy of it.
    #[error("{}: the same file as {}: name it once", again.display(), first.display())]
    SameFile {
        /// The later one.
        again: PathBuf,
        /// The one before.
        first: PathBuf,
    },
    /// No file was named.
    #[error("no files to join")]
    NothingToJoin,
}

/// Join files into one at `output`; gives its header. The joined file was made when the
/// newest of them was, expires when the first of them does, and has their highest epoch.
///
/// # Errors
/// [`BundleError`]; what was at `output` before is then as it was, but for
/// [`OutputError::NotSynced`](crate::output::OutputError::NotSynced).
pub fn bundle(
    parts: &[PathBuf],
    output: &Path,
    replace: bool,
    observer: &dyn Observer,
) -> Result<Header, BundleError> {
    let files = parts
        .iter()
        .map(|path| FilterFile::open(path))
        .collect::<Result<Vec<_>, _>>()?;
    let mut header = join(&files)?;
    for (index, file) in files.iter().enumerate() {
        let id = file.catalogue().file_id();
        let mut before = files.iter().take(index);
        if let Some(first) = before.find(|first| first.catalogue().file_id() == id) {
            return Err(BundleError::SameFile {
                again: file.path().to_path_buf(),
                first: first.path().to_path_buf(),
            });
        }
    }
    let header_sectors = header.num_header_sectors().map_err(BuildError::Header)?;
    let mut end = u64::from(header_sectors);
    for dataset in &mut header.datasets {
        dataset.first_sector = SectorIndex(u32::try_from(end).map_err(|_| BundleError::TooLarge)?);
        end += u64::from(dataset.num_sectors);
    }
    header.num_sectors = u32::try_from(end).map_err(|_| BundleError::TooLarge)?;
    let ids: Vec<u8> = files
        .iter()
        .flat_map(|file| file.catalogue().file_id().0)
        .collect();
    let id = file_id(&header, &ids)?;

    let mut beside = Beside::create(output, replace).map_err(BuildError::Output)?;
    observer.begin(Stage::Encode, Some(end));
    write_header(&header, id, &mut beside)?;
    let mut next = header_sectors;
    for file in &files {
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
    observer.end();
    let reopened = beside.reopen().map_err(BuildError::Output)?;
    if read_header(
        reopened
            .try_clone()
            .map_err(|error| BuildError::Output(beside.error(error)))?,
    )
    .map_err(BuildError::ReadBack)?
        != header
    {
        return Err(BuildError::OtherContent.into());
    }
    recheck(&files, &reopened, &header, id, observer)?;
    beside.commit().map_err(BuildError::Output)?;
    Ok(header)
}

/// Read the finished file and compare each page with the one that it came from.
fn recheck(
    files: &[FilterFile],
    joined: &std::fs::File,
    header: &Header,
    id: leaksieve_core::sector::FileId,
    observer: &dyn Observer,
) -> Result<(), BundleError> {
    observer.begin(Stage::Recheck, Some(header.num_sectors.into()));
    let origins = files
        .iter()
        .flat_map(|file| file.catalogue().datasets().iter().map(move |d| (file, d)));
    for ((file, origin), dataset) in origins.zip(&header.datasets) {
        for pages in groups(dataset.num_sectors) {
            let at = |first: SectorIndex| first.0 + pages.start..first.0 + pages.end;
            let written = crate::file::read_payloads(joined, id, at(dataset.first_sector))
                .map_err(BuildError::ReadBack)?;
            if written != file.read_payloads(at(origin.first_sector))? {
                return Err(BuildError::OtherContent.into());
            }
            observer.advance(pages.len() as u64);
        }
    }
    observer.end();
    Ok(())
}

/// The header of all files' datasets, but for their places.
fn join(files: &[FilterFile]) -> Result<Header, BundleError> {
    let headers: Vec<&Header> = files.iter().map(|file| file.catalogue().header()).collect();
    let Some(first) = headers.first() else {
        return Err(BundleError::NothingToJoin);
    };
    let mut joined = Header::clone(first);
    joined.datasets.clear();
    for header in &headers {
        joined.created_unix_s = joined.created_unix_s.max(header.created_unix_s);
        joined.epoch = joined.epoch.max(header.epoch);
        joined.expires_unix_s = match (joined.expires_unix_s, header.expires_unix_s) {
            (0, other) | (other, 0) => other,
            (a, b) => a.min(b),
        };
        for dataset in &header.datasets {
            joined
                .datasets
                .push(dataset.clone())
                .map_err(|_| BundleError::TooManyDatasets {
                    found: headers.iter().map(|header| header.datasets.len()).sum(),
                })?;
        }
    }
    Ok(joined)
}
