//! A filter file onto a card that a device reads, beside the one that is there: whatever
//! happens meanwhile, the device finds a whole file.
//!
//! A card has two places ([`CARD_FILE_NAMES`]); the device takes the valid file with the
//! higher epoch. The new file is written into the place that the device does not take now:
//!
//! 1. its first sector becomes zeros, which is no filter, and that is synced;
//! 2. all other sectors are written, synced, and read back;
//! 3. the first sector is written and synced.
//!
//! Only the last step makes the file valid, and it is one sector. Until then the other
//! file is the newest valid one; nothing of it is written to.
//!
//! A file that was longer is not cut off: a reader leaves alone what is behind the last sector.
//! Were it cut, and the power too, a FAT volume could be left with a file that is longer
//! than its chain of clusters, which neither this code nor the device can mend.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use leaksieve_core::sector::{SECTOR_BYTES, Sector, SectorIndex};
use leaksieve_core::source::{CARD_FILE_NAMES, newest};
use leaksieve_core::{Catalogue, SectorSource, Trust};

use crate::file::{FilterFile, byte_of, groups};
use crate::progress::{Observer, Stage};

/// Why a card has no new file. The one that the device took before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The card already has something as new.
    #[error(
        "{name} on the card has epoch {installed}, and this file has {offered}: the device takes the higher. \
         Sign it again with --epoch {}, or build it with that", u64::from(*installed) + 1
    )]
    NotNewer {
        /// The file that the device takes now.
        name: &'static str,
        /// Its epoch.
        installed: u32,
        /// Epoch of the file to be installed.
        offered: u32,
    },
    /// The very file is there.
    #[error("the card has this file already, as {0}")]
    Installed(&'static str),
    /// The new file cannot be read.
    #[error(transparent)]
    Source(#[from] crate::file::FileError),
    /// The card cannot be read or written.
    #[error("{name} on the card: {error}; what the device took before is still there")]
    Card {
        /// Name of the file on the card.
        name: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// The card gives back something else than was written.
    #[error(
        "{name} on the card reads back otherwise than it was written, in sector {sector}: its file system is \
         damaged, or the card is worn out or smaller than it says: have it checked, or use another one. What the device took before is still there"
    )]
    OtherContent {
        /// Name of the file on the card.
        name: &'static str,
        /// Where.
        sector: SectorIndex,
    },
}

/// What a card's two files are reached by.
pub trait Card {
    /// An open file.
    type File: Read + Write + Seek;

    /// Open a file to read and write it; `None` if there is none of this name.
    ///
    /// # Errors
    /// What the system says.
    fn open(&mut self, name: &str) -> io::Result<Option<Self::File>>;

    /// Make an empty file.
    ///
    /// # Errors
    /// What the system says.
    fn create(&mut self, name: &str) -> io::Result<Self::File>;

    /// Come back when all that was written is on the medium, and what is read next comes
    /// from there.
    ///
    /// # Errors
    /// What the system says.
    fn sync(&mut self, file: &mut Self::File) -> io::Result<()>;
}

/// A mounted card: the folder that its files are in.
#[derive(Debug)]
pub struct Folder(pub PathBuf);

impl Card for Folder {
    type File = File;

    fn open(&mut self, name: &str) -> io::Result<Option<File>> {
        match File::options()
            .read(true)
            .write(true)
            .open(self.0.join(name))
        {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn create(&mut self, name: &str) -> io::Result<File> {
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        options.open(self.0.join(name))
    }

    fn sync(&mut self, file: &mut File) -> io::Result<()> {
        file.sync_all()?;
        #[cfg(unix)]
        File::open(&self.0)?.sync_all()?;
        // Else the system would give back what it remembers, not what the card holds.
        #[cfg(target_os = "linux")]
        let _ = nix::fcntl::posix_fadvise(
            &*file,
            0,
            0,
            nix::fcntl::PosixFadviseAdvice::POSIX_FADV_DONTNEED,
        );
        Ok(())
    }
}

/// Install a file; gives the name that it has on the card.
///
/// The file is to be verified before ([`crate::verify::verify`]); `trust` is what the device
/// accepts, and tells which of the card's files it takes now.
///
/// # Errors
/// [`InstallError`].
pub fn install<C: Card>(
    file: &FilterFile,
    card: &mut C,
    trust: &Trust<'_>,
    observer: &dyn Observer,
) -> Result<&'static str, InstallError> {
    let offered = file.catalogue();
    let mut epochs = [None; CARD_FILE_NAMES.len()];
    for (epoch, name) in epochs.iter_mut().zip(CARD_FILE_NAMES) {
        let found = card
            .open(name)
            .map_err(|error| InstallError::Card { name, error })?;
        let Some(catalogue) = found.and_then(|mut file| catalogue_of(&mut file, trust)) else {
            continue;
        };
        if catalogue.file_id() == offered.file_id() {
            return Err(InstallError::Installed(name));
        }
        *epoch = Some(catalogue.header().epoch);
    }
    let taken = newest(&epochs);
    let name = match taken {
        Some(0) => CARD_FILE_NAMES[1],
        Some(_) | None => CARD_FILE_NAMES[0],
    };
    if let Some(taken) = taken
        && let (Some(Some(installed)), Some(taken)) =
            (epochs.get(taken), CARD_FILE_NAMES.get(taken))
        && *installed >= offered.header().epoch
    {
        return Err(InstallError::NotNewer {
            name: taken,
            installed: *installed,
            offered: offered.header().epoch,
        });
    }
    write(file, card, name, observer)?;
    Ok(name)
}

/// What a device finds in a file; `None` if that is nothing which it accepts.
fn catalogue_of<F: Read + Seek>(file: &mut F, trust: &Trust<'_>) -> Option<Catalogue> {
    leaksieve_core::open(&mut Sectors(file), &mut [0; SECTOR_BYTES], trust).ok()
}

fn write<C: Card>(
    file: &FilterFile,
    card: &mut C,
    name: &'static str,
    observer: &dyn Observer,
) -> Result<(), InstallError> {
    let failed = |error| InstallError::Card { name, error };
    let num_sectors = file.catalogue().header().num_sectors;
    let first: Vec<u8> = file.read_sectors(0..1)?;
    let behind = || groups(num_sectors - 1).map(|group| group.start + 1..group.end + 1);

    // No filter is here from now on.
    let mut target = match card.open(name).map_err(failed)? {
        Some(existing) => existing,
        None => card.create(name).map_err(failed)?,
    };
    write_at(&mut target, 0, &[0; SECTOR_BYTES]).map_err(failed)?;
    card.sync(&mut target).map_err(failed)?;

    // All but the first sector, each verified as it is read.
    observer.begin(Stage::Encode, Some(u64::from(num_sectors)));
    for sectors in behind() {
        let num_read = sectors.len() as u64;
        let start = byte_of(SectorIndex(sectors.start));
        let bytes = file.read_sectors(sectors)?;
        write_at(&mut target, start, &bytes).map_err(failed)?;
        observer.advance(num_read);
    }
    card.sync(&mut target).map_err(failed)?;
    observer.end();
    observer.begin(Stage::Recheck, Some(u64::from(num_sectors)));
    for sectors in behind() {
        observer.advance(sectors.len() as u64);
        compare(file, &mut target, name, sectors)?;
    }
    observer.end();

    // And with it there is one.
    write_at(&mut target, 0, &first).map_err(failed)?;
    card.sync(&mut target).map_err(failed)?;
    compare(file, &mut target, name, 0..1)
}

fn write_at<F: Write + Seek>(file: &mut F, byte: u64, bytes: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(byte))?;
    file.write_all(bytes)
}

fn compare<F: Read + Seek>(
    file: &FilterFile,
    target: &mut F,
    name: &'static str,
    sectors: std::ops::Range<u32>,
) -> Result<(), InstallError> {
    let start = sectors.start;
    let expected = file.read_sectors(sectors)?;
    let mut found = vec![0; expected.len()];
    target
        .seek(SeekFrom::Start(byte_of(SectorIndex(start))))
        .and_then(|_| target.read_exact(&mut found))
        .map_err(|error| InstallError::Card { name, error })?;
    let pairs = expected
        .chunks(SECTOR_BYTES)
        .zip(found.chunks(SECTOR_BYTES));
    for (index, (expected, found)) in (start..).zip(pairs) {
        if expected != found {
            return Err(InstallError::OtherContent {
                name,
                sector: SectorIndex(index),
            });
        }
    }
    Ok(())
}

/// The sectors of a file that is read and sought.
struct Sectors<'f, F>(&'f mut F);

impl<F: Read + Seek> SectorSource for Sectors<'_, F> {
    type Error = io::Error;

    fn num_sectors(&mut self) -> io::Result<u32> {
        let num_bytes = self.0.seek(SeekFrom::End(0))?;
        Ok(u32::try_from(num_bytes / SECTOR_BYTES as u64).unwrap_or(u32::MAX))
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(byte_of(index)))?;
        self.0.read_exact(buffer)
    }
}

/// What the card's folder must be.
///
/// # Errors
/// When it is no folder.
pub fn folder(path: &Path) -> io::Result<Folder> {
    match path.metadata()?.is_dir() {
        true => Ok(Folder(path.to_path_buf())),
        false => Err(io::ErrorKind::NotADirectory.into()),
    }
}
