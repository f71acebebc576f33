//! The header of a new filter file: its id, and its sectors, written and read back.

use std::fs::File;
use std::io;

use leaksieve_core::file::FileSectors;
use leaksieve_core::sector::{FileId, SECTOR_BYTES};
use leaksieve_core::{Error, Header, ReadError, Trust};
use xxhash_rust::xxh3::xxh3_128;

use super::atomic_file::{AtomicFile, OutputError};

/// Why a new filter file was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The output.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The header.
    #[error("the header cannot be written; shorten names and notes, or make several files")]
    Header(#[from] Error),
    /// The finished bytes cannot be read back.
    #[error("the new file cannot be read back, so it was not saved. Check the disk")]
    ReadBack(#[from] ReadError<io::Error>),
    /// The finished bytes are others than were written.
    #[error("the new file does not hold what was written, so it was not saved. Check the disk")]
    OtherContent,
}

/// An id that two files share only by chance: a hash of what the header says, before
/// the rate is measured, and of the content. The same content has the same id.
pub(crate) fn file_id(header: &Header, content: &[u8]) -> Result<FileId, Error> {
    let mut bytes = Vec::new();
    for sector in header.encode(FileId([0; 16]))?.sectors() {
        bytes.extend_from_slice(&sector);
    }
    bytes.extend_from_slice(content);
    Ok(FileId(xxh3_128(&bytes).to_le_bytes()))
}

/// Write the header to the start of a file whose pages are written.
pub(crate) fn write_header(
    header: &Header,
    file_id: FileId,
    file: &mut AtomicFile,
) -> Result<(), WriteError> {
    file.seek(0)?;
    for sector in header.encode(file_id)?.sectors() {
        file.write(&sector)?;
    }
    Ok(())
}

/// The header as a device will read it.
pub(crate) fn read_header(file: File) -> Result<Header, ReadError<io::Error>> {
    let sectors = FileSectors::new(file).map_err(ReadError::Source)?;
    let catalogue = leaksieve_core::open(&mut &sectors, &mut [0; SECTOR_BYTES], &Trust::ANY)?;
    Ok(catalogue.header().clone())
}
