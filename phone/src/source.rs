//! Where sectors come from: a file of the system's, or a reader of the app's.

use std::fmt::Debug;
use std::sync::Arc;

use leaksieve_core::file::{FileSectors, byte_of};
use leaksieve_core::sector::SECTOR_BYTES;
use leaksieve_core::{Sector, SectorIndex, SectorSource};

use crate::error::{FilterError, ReaderError};

/// Reads a file that the app alone can reach: of its package, of a cloud's folder, encrypted.
/// It is called on the threads that open and ask, at once if those do.
#[uniffi::export(with_foreign)]
pub trait Reader: Debug + Send + Sync {
    /// Length of the file; bytes. Asked once, when the file is opened.
    ///
    /// # Errors
    /// `ReaderError`, as any other exception.
    fn size_bytes(&self) -> Result<u64, ReaderError>;

    /// All of the `num_bytes` bytes that begin at `offset_bytes`. Fewer are an error, as more
    /// are.
    ///
    /// # Errors
    /// As `size_bytes`.
    fn read_at(&self, offset_bytes: u64, num_bytes: u32) -> Result<Vec<u8>, ReaderError>;
}

/// An open file.
#[derive(Debug)]
pub(crate) enum Source {
    File(FileSectors),
    Reader {
        reader: Arc<dyn Reader>,
        size_bytes: u64,
    },
}

impl Source {
    pub(crate) fn of_reader(reader: Arc<dyn Reader>) -> Result<Self, FilterError> {
        let size_bytes = reader
            .size_bytes()
            .map_err(|error| FilterError::Unreadable(error.to_string()))?;
        Ok(Self::Reader { reader, size_bytes })
    }

    pub(crate) const fn size_bytes(&self) -> u64 {
        match self {
            Self::File(file) => file.num_bytes(),
            Self::Reader { size_bytes, .. } => *size_bytes,
        }
    }
}

impl SectorSource for &Source {
    type Error = String;

    fn num_sectors(&mut self) -> Result<u32, String> {
        let num_sectors = self.size_bytes() / SECTOR_BYTES as u64;
        Ok(u32::try_from(num_sectors).unwrap_or(u32::MAX))
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> Result<(), String> {
        match self {
            Source::File(file) => (&mut &*file)
                .read_sector(index, buffer)
                .map_err(|error| error.to_string()),
            Source::Reader { reader, .. } => {
                let bytes = reader
                    .read_at(byte_of(index), SECTOR_BYTES as u32)
                    .map_err(|error| error.to_string())?;
                *buffer = bytes.as_slice().try_into().map_err(|_| {
                    format!(
                        "{SECTOR_BYTES} bytes were asked for, and the reader gave {}",
                        bytes.len()
                    )
                })?;
                Ok(())
            }
        }
    }
}
