//! A file on disk as a source of sectors. It is never read whole.

use std::format;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;

use crate::sector::{SECTOR_BYTES, Sector, SectorIndex};
use crate::source::SectorSource;

/// The sectors of an open file, or of a part of one.
#[derive(Debug)]
pub struct FileSectors {
    file: File,
    /// Where the first sector begins.
    start_byte: u64,
    num_bytes: u64,
}

impl FileSectors {
    /// Open a file. A pipe is not waited for.
    ///
    /// # Errors
    /// As of [`new`](Self::new), and when it cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        // Before it is opened: that waits for who writes into a pipe.
        can_be_read_at_places(&fs::metadata(path)?)?;
        Self::new(File::open(path)?)
    }

    /// Of a file that was opened to be read.
    ///
    /// # Errors
    /// When it has no length and no places to read at, as a pipe, or is a folder.
    pub fn new(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        can_be_read_at_places(&metadata)?;
        Ok(Self {
            file,
            start_byte: 0,
            num_bytes: metadata.len(),
        })
    }

    /// A part of it, which is all from its first byte on if it has no length.
    ///
    /// # Errors
    /// When it ends before the part does.
    pub fn region(self, start_byte: u64, num_bytes: Option<u64>) -> io::Result<Self> {
        let too_short = || {
            let part = match num_bytes {
                Some(num_bytes) => format!("{num_bytes} bytes from byte {start_byte} on"),
                None => format!("what is from byte {start_byte} on"),
            };
            let text = format!("{part} were asked for, and it has {} bytes", self.num_bytes);
            io::Error::new(io::ErrorKind::UnexpectedEof, text)
        };
        let rest_bytes = self
            .num_bytes
            .checked_sub(start_byte)
            .ok_or_else(too_short)?;
        let num_bytes = match num_bytes {
            Some(num_bytes) if num_bytes > rest_bytes => return Err(too_short()),
            Some(num_bytes) => num_bytes,
            None => rest_bytes,
        };
        Ok(Self {
            start_byte: self.start_byte + start_byte,
            num_bytes,
            ..self
        })
    }

    /// The file itself, also where this is a part of it.
    pub const fn file(&self) -> &File {
        &self.file
    }

    /// Read at a place in the file, or in the part, and move no cursor: threads may read at once.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] when the file or the part ends before; else the system's.
    pub fn read_exact_at(&self, buffer: &mut [u8], byte: u64) -> io::Result<()> {
        // What lies behind a part of a file is not the part's.
        match byte.checked_add(buffer.len() as u64) {
            Some(end) if end <= self.num_bytes => {
                read_exact_at(&self.file, buffer, self.start_byte + byte)
            }
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// The length of the file, or of the part, when it was opened; bytes.
    pub const fn num_bytes(&self) -> u64 {
        self.num_bytes
    }
}

/// A lookup reads here and there: what gives its bytes once, in order, is told what it is.
fn can_be_read_at_places(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    match stream(metadata) {
        Some(stream) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("this is {stream}; copy it to a file first"),
        )),
        None => Ok(()),
    }
}

#[cfg(unix)]
fn stream(metadata: &Metadata) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    match () {
        () if kind.is_fifo() => Some("a pipe"),
        () if kind.is_socket() => Some("a socket"),
        () if kind.is_char_device() => Some("a character device"),
        () => None,
    }
}

#[cfg(not(unix))]
const fn stream(_: &Metadata) -> Option<&'static str> {
    None
}

/// Read at a place, which is shared by nobody: threads may ask at once.
impl SectorSource for &FileSectors {
    type Error = io::Error;

    fn num_sectors(&mut self) -> io::Result<u32> {
        Ok(u32::try_from(self.num_bytes / SECTOR_BYTES as u64).unwrap_or(u32::MAX))
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> io::Result<()> {
        self.read_exact_at(buffer, byte_of(index))
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
