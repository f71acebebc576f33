//! A file on disk as a source of sectors. It is never read whole.

use std::fs::File;
use std::io;

use crate::sector::{SECTOR_BYTES, Sector, SectorIndex};
use crate::source::SectorSource;

/// The sectors of an open file.
#[derive(Debug)]
pub struct FileSectors {
    file: File,
    num_bytes: u64,
}

impl FileSectors {
    /// Of a file that was opened to be read.
    ///
    /// # Errors
    /// When it has no length, or is a folder.
    pub fn new(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(Self {
            num_bytes: metadata.len(),
            file,
        })
    }

    /// The file itself.
    pub const fn file(&self) -> &File {
        &self.file
    }

    /// Its length when it was opened; bytes.
    pub const fn num_bytes(&self) -> u64 {
        self.num_bytes
    }
}

/// Read at a place, which is shared by nobody: threads may ask at once.
impl SectorSource for &FileSectors {
    type Error = io::Error;

    fn num_sectors(&mut self) -> io::Result<u32> {
        Ok(u32::try_from(self.num_bytes / SECTOR_BYTES as u64).unwrap_or(u32::MAX))
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> io::Result<()> {
        read_exact_at(&self.file, buffer, byte_of(index))
    }
}

/// Where a sector begins; bytes.
pub const fn byte_of(index: SectorIndex) -> u64 {
    index.0 as u64 * SECTOR_BYTES as u64
}

/// Read at a place, and move no cursor.
///
/// # Errors
/// [`io::ErrorKind::UnexpectedEof`] when the file ends before; else the system's.
#[cfg(unix)]
pub fn read_exact_at(file: &File, buffer: &mut [u8], byte: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, byte)
}

/// Read at a place.
///
/// # Errors
/// [`io::ErrorKind::UnexpectedEof`] when the file ends before; else the system's.
#[cfg(windows)]
pub fn read_exact_at(file: &File, mut buffer: &mut [u8], mut byte: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, byte) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(num_bytes) => {
                buffer = &mut buffer[num_bytes..];
                byte += num_bytes as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
