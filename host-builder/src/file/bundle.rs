//! Several filter files -> one, with the datasets of all.

use std::path::{Path, PathBuf};

use leaksieve_core::Header;
use leaksieve_core::header::MAX_DATASETS;

use crate::file::copy::{compare_pages, copy_pages};
use crate::file::verify::{VerifyError, verify};
use crate::file::{Access, AtomicFile};
use crate::file::{FileError, FilterFile};
use crate::file::{WriteError, file_id, read_header, write_header};
use crate::progress::{Observer, Stage};

/// Why files could not be joined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// A part.
    #[error(transparent)]
    Part(#[from] FileError),
    /// A signed part.
    #[error(transparent)]
    SignedPart(#[from] VerifyError),
    /// The joined file.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Too many datasets.
    #[error(
        "these files hold {found} leaks, and a file can hold {MAX_DATASETS}: make several files"
    )]
    TooManyDatasets {
        /// How many.
        found: usize,
    },
    /// The joined file would be too large.
    #[error("together these files have more than 2^32 sectors (2 TiB): make several files")]
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

/// What was made.
#[derive(Clone, Debug)]
pub struct Bundled {
    /// The header of the joined file.
    pub header: Header,
    /// Parts that were signed.
    pub num_signed: usize,
}

/// Join files into one at `output`. The joined file was made when the
/// newest of them was, expires when the first of them does, and has their highest epoch.
/// It is not signed, whether they are or not; those that are have to be as they were signed.
///
/// # Errors
/// [`BundleError`]; what was at `output` before is then as it was, but for
/// [`OutputError::NotSynced`](crate::file::OutputError::NotSynced).
pub fn bundle(
    parts: &[PathBuf],
    output: &Path,
    replace: bool,
    observer: &dyn Observer,
) -> Result<Bundled, BundleError> {
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
    let is_signed = |file: &&FilterFile| file.catalogue().signer().is_some();
    for file in files.iter().filter(is_signed) {
        verify(file, observer)?;
    }
    let header_sectors = header.num_header_sectors().map_err(WriteError::Header)?;
    let end = header.place_datasets(header_sectors);
    header.num_sectors = end.ok_or(BundleError::TooLarge)?;
    let ids: Vec<u8> = files
        .iter()
        .flat_map(|file| file.catalogue().file_id().0)
        .collect();
    let id = file_id(&header, &ids).map_err(WriteError::Header)?;

    let mut new_file =
        AtomicFile::create(output, replace, Access::AsUsual).map_err(WriteError::Output)?;
    observer.begin(Stage::Encode, Some(header.num_sectors.into()));
    write_header(&header, id, &mut new_file)?;
    copy_pages::<BundleError>(&files, &mut new_file, id, header_sectors, observer)?;
    observer.end();
    let reopened = new_file.reopen().map_err(WriteError::Output)?;
    if read_header(
        reopened
            .try_clone()
            .map_err(|error| WriteError::Output(new_file.error(error)))?,
    )
    .map_err(WriteError::ReadBack)?
        != header
    {
        return Err(WriteError::OtherContent.into());
    }
    observer.begin(Stage::Recheck, Some(header.num_sectors.into()));
    compare_pages::<BundleError>(&files, &reopened, &header, id, observer)?;
    observer.end();
    new_file.commit().map_err(WriteError::Output)?;
    let num_signed = files.iter().filter(is_signed).count();
    Ok(Bundled { header, num_signed })
}

/// The header of all files' datasets, but for their places.
fn join(files: &[FilterFile]) -> Result<Header, BundleError> {
    let headers: Vec<&Header> = files.iter().map(|file| file.catalogue().header()).collect();
    let Some(first) = headers.first() else {
        return Err(BundleError::NothingToJoin);
    };
    let mut joined = Header::clone(first);
    joined.datasets.clear();
    // No part's signature is over all of it.
    joined.root = None;
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
