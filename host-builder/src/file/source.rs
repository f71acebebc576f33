//! Where the bytes of a filter file are: on a disk, in memory, behind an object that reads.

use std::fs::File;
use std::io;

use leaksieve_core::file::{FileSectors, byte_of};
use leaksieve_core::sector::{SECTOR_BYTES, Sector, SectorIndex};
use leaksieve_core::source::SectorSource;

/// Bytes that are read at places. Threads may read at once.
pub trait ReadAt: Send + Sync {
    /// Fill the buffer with the bytes from `byte` on.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] when there are not so many; else why they cannot be read.
    fn read_exact_at(&self, buffer: &mut [u8], byte: u64) -> io::Result<()>;

    /// How many bytes there are. Asked once, when a file is opened.
    ///
    /// # Errors
    /// When that cannot be told.
    fn num_bytes(&self) -> io::Result<u64>;
}

impl ReadAt for FileSectors {
    fn read_exact_at(&self, buffer: &mut [u8], byte: u64) -> io::Result<()> {
        Self::read_exact_at(self, buffer, byte)
    }

    fn num_bytes(&self) -> io::Result<u64> {
        Ok(Self::num_bytes(self))
    }
}

impl ReadAt for File {
    fn read_exact_at(&self, buffer: &mut [u8], byte: u64) -> io::Result<()> {
        leaksieve_core::file::read_exact_at(self, buffer, byte)
    }

    fn num_bytes(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

/// Bytes in memory: a `Vec<u8>`, an `Arc<[u8]>`, those of another language.
pub struct InMemory<T>(pub T);

impl<T: AsRef<[u8]> + Send + Sync> ReadAt for InMemory<T> {
    fn read_exact_at(&self, buffer: &mut [u8], byte: u64) -> io::Result<()> {
        let found = usize::try_from(byte).ok().and_then(|start| {
            let end = start.checked_add(buffer.len())?;
            self.0.as_ref().get(start..end)
        });
        buffer.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn num_bytes(&self) -> io::Result<u64> {
        Ok(self.0.as_ref().len() as u64)
    }
}

/// The sectors of a source.
pub(crate) struct Sectors {
    source: Box<dyn ReadAt>,
    num_bytes: u64,
}

impl Sectors {
    pub(crate) fn new(source: Box<dyn ReadAt>) -> io::Result<Self> {
        let num_bytes = source.num_bytes()?;
        Ok(Self { source, num_bytes })
    }

    pub(crate) fn source(&self) -> &dyn ReadAt {
        &*self.source
    }

    pub(crate) const fn num_bytes(&self) -> u64 {
        self.num_bytes
    }
}

impl SectorSource for &Sectors {
    type Error = io::Error;

    fn num_sectors(&mut self) -> io::Result<u32> {
        Ok(u32::try_from(self.num_bytes / SECTOR_BYTES as u64).unwrap_or(u32::MAX))
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> io::Result<()> {
        self.source.read_exact_at(buffer, byte_of(index))
    }
}
