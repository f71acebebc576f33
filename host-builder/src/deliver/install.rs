//! A filter file onto a card that a device reads, beside the one that is there: whatever
//! happens meanwhile, the device finds a whole file.
//!
//! A card has two places ([`CARD_FILE_NAMES`]); the device takes the newer valid file, by
//! epoch and creation time. The new file is written into the place that the device does not take now:
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

mod error;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use leaksieve_core::file::byte_of;
use leaksieve_core::sector::{SECTOR_BYTES, Sector, SectorIndex};
use leaksieve_core::source::{Age, CARD_FILE_NAMES, newest};
use leaksieve_core::trust::MAX_EPOCH_STEP;
use leaksieve_core::{Catalogue, Error, PublicKey, ReadError, SectorSource, Trust};

use crate::file::FilterFile;
use crate::file::sectors::groups;
use crate::progress::{Observer, Stage};
pub use error::InstallError;

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

impl Folder {
    /// The card's file system, if no device reads it: they read FAT32 and FAT16. `None`: it is
    /// FAT, or this system does not tell.
    pub fn foreign_file_system(&self) -> Option<&'static str> {
        #[cfg(target_os = "linux")]
        {
            let volume = nix::sys::statfs::statfs(&self.0).ok()?;
            // 32 bits, in a type that differs between machines.
            foreign_name(volume.filesystem_type().0 as u32)
        }
        #[cfg(not(target_os = "linux"))]
        None
    }
}

/// What people know a file system by, from its number in `statfs` (Linux, `magic.h`), if it is
/// not FAT.
#[cfg(target_os = "linux")]
const fn foreign_name(number: u32) -> Option<&'static str> {
    Some(match number {
        0x4D44 => return None,
        0x2011_BAB0 => "exFAT",
        0x5346_544E | 0x7366_746E => "NTFS",
        // Drivers outside the kernel; most are for these two.
        0x6573_5546 => "exFAT, NTFS or the like",
        0xEF53 => "ext4",
        0x9123_683E => "Btrfs",
        0x5846_5342 => "XFS",
        0xF2F5_2010 => "F2FS",
        0x482B => "HFS+",
        _ => "not FAT32",
    })
}

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
/// The file is to be verified before ([`crate::file::verify::verify`]). `keys` are those that the
/// device was built with; none, if that is not known.
///
/// # Errors
/// [`InstallError`].
pub fn install<C: Card>(
    file: &FilterFile,
    card: &mut C,
    keys: &[PublicKey],
    observer: &dyn Observer,
) -> Result<&'static str, InstallError> {
    let mut found = [None, None];
    for (place, name) in found.iter_mut().zip(CARD_FILE_NAMES) {
        *place = valid_file(file, card, name)?;
    }
    let name = CARD_FILE_NAMES[place_for(Valid::of(file.catalogue()), &found, keys)?];
    write(file, card, name, observer)?;
    Ok(name)
}

/// A file that is valid, whoever accepts it.
#[derive(Clone, Copy)]
struct Valid {
    signer: Option<PublicKey>,
    age: Age,
}

impl Valid {
    fn of(catalogue: &Catalogue) -> Self {
        Self {
            signer: catalogue.signer(),
            age: Age::of(catalogue.header()),
        }
    }
}

/// What is in a place. What cannot be read is an error, not an empty place.
fn valid_file<C: Card>(
    offered: &FilterFile,
    card: &mut C,
    name: &'static str,
) -> Result<Option<Valid>, InstallError> {
    let failed = |error| InstallError::Card { name, error };
    let Some(mut there) = card.open(name).map_err(failed)? else {
        return Ok(None);
    };
    match leaksieve_core::open(
        &mut Sectors(&mut there),
        &mut [0; SECTOR_BYTES],
        &Trust::ANY,
    ) {
        Ok(catalogue) if catalogue.file_id() == offered.catalogue().file_id() => {
            for sectors in groups(catalogue.header().num_sectors) {
                match compare(offered, &mut there, name, sectors) {
                    Err(InstallError::OtherContent { .. }) => {
                        return Err(InstallError::Damaged(name));
                    }
                    compared => compared?,
                }
            }
            Err(InstallError::Installed(name))
        }
        Ok(catalogue) => Ok(Some(Valid::of(&catalogue))),
        Err(ReadError::Source(error)) => Err(failed(error)),
        Err(ReadError::Filter(
            error @ (Error::UnsupportedVersion { .. } | Error::NormalisationVersion { .. }),
        )) => Err(InstallError::NewerFormat { name, error }),
        Err(ReadError::Filter(_)) => Ok(None),
    }
}

/// The place to write into, an index of [`CARD_FILE_NAMES`]: the one that the device does not
/// take. A file that is valid for anybody is not written over while the other place has none.
fn place_for(
    offered: Valid,
    found: &[Option<Valid>; CARD_FILE_NAMES.len()],
    keys: &[PublicKey],
) -> Result<usize, InstallError> {
    for (there, name) in found.iter().zip(CARD_FILE_NAMES) {
        let is_like = there.is_none_or(|there| there.signer == offered.signer);
        if keys.is_empty() && !is_like {
            return Err(InstallError::OtherSigner(name));
        }
    }
    let accepted = found.map(|there| {
        let there = there?;
        let is_accepted = keys.is_empty() || there.signer.is_some_and(|key| keys.contains(&key));
        is_accepted.then_some(there.age)
    });
    let step = |name, low: u32, high: u32| {
        // Of unsigned files nobody keeps the epoch.
        let is_too_far = offered.signer.is_some() && high.saturating_sub(low) > MAX_EPOCH_STEP;
        match is_too_far {
            true => Err(InstallError::EpochStep {
                name,
                epochs: (low, high),
            }),
            false => Ok(()),
        }
    };
    if let [Some(first), Some(second)] = accepted {
        let lower = CARD_FILE_NAMES[usize::from(second < first)];
        step(lower, first.min(second).epoch, first.max(second).epoch)?;
    }
    if let Some(taken) = newest(&accepted)
        && let (Some(name), Some(Some(installed))) =
            (CARD_FILE_NAMES.get(taken), accepted.get(taken))
    {
        if *installed >= offered.age {
            return Err(InstallError::NotNewer {
                name,
                installed: installed.epoch,
                offered: offered.age.epoch,
            });
        }
        step(name, installed.epoch, offered.age.epoch)?;
    }
    let kept = newest(&accepted).or(newest(&found.map(|there| there.map(|there| there.age))));
    Ok(match kept {
        Some(0) => 1,
        Some(_) | None => 0,
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// As the system's own tool knows it (`stat`, coreutils): of the root, and of what is in
    /// memory.
    #[cfg(target_os = "linux")]
    #[test]
    fn file_systems_have_the_numbers_that_stat_knows() {
        for path in ["/", "/proc", "/dev/shm", "/tmp"] {
            let mut stat = std::process::Command::new("stat");
            let said = stat.args(["-f", "-c", "%t %T", path]).output().unwrap();
            let said = String::from_utf8(said.stdout).unwrap();
            let (number, name) = said.trim().split_once(' ').unwrap();
            let number = u32::from_str_radix(number, 16).unwrap();
            let expected = match name {
                "msdos" => None,
                "exfat" => Some("exFAT"),
                "ext2/ext3" => Some("ext4"),
                "btrfs" => Some("Btrfs"),
                "xfs" => Some("XFS"),
                _ => Some("not FAT32"),
            };
            assert_eq!(foreign_name(number), expected, "{path}: {name}");
            assert_eq!(Folder(path.into()).foreign_file_system(), expected);
        }
        // A card's, which no test can mount: from Linux' `magic.h`.
        assert_eq!(foreign_name(0x4D44), None);
        assert_eq!(foreign_name(0x2011_BAB0), Some("exFAT"));
        assert_eq!(foreign_name(0x7366_746E), Some("NTFS"));
    }

    const OURS: PublicKey = PublicKey([1; 32]);
    const OTHERS: PublicKey = PublicKey([2; 32]);

    fn signed(key: PublicKey, epoch: u32) -> Option<Valid> {
        Some(Valid {
            signer: Some(key),
            age: Age {
                epoch,
                created_unix_s: 100,
            },
        })
    }

    fn unsigned(epoch: u32) -> Option<Valid> {
        created(epoch, 100)
    }

    fn created(epoch: u32, created_unix_s: u64) -> Option<Valid> {
        Some(Valid {
            signer: None,
            age: Age {
                epoch,
                created_unix_s,
            },
        })
    }

    fn place(offered: Option<Valid>, found: [Option<Valid>; 2], keys: &[PublicKey]) -> String {
        match place_for(offered.unwrap(), &found, keys) {
            Ok(place) => place.to_string(),
            Err(InstallError::OtherSigner(name)) => format!("other signer: {name}"),
            Err(InstallError::NotNewer { name, .. }) => format!("not newer than {name}"),
            Err(InstallError::EpochStep { name, .. }) => format!("too far from {name}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_place_that_the_device_does_not_take() {
        let far = MAX_EPOCH_STEP + 6;
        for (offered, found, expected) in [
            (signed(OURS, 9), [None, None], "0"),
            (signed(OURS, 9), [signed(OURS, 8), None], "1"),
            (signed(OURS, 9), [None, signed(OURS, 8)], "0"),
            (signed(OURS, 9), [signed(OURS, 7), signed(OURS, 8)], "0"),
            (signed(OURS, 9), [signed(OURS, 8), signed(OURS, 7)], "1"),
            (signed(OURS, 9), [signed(OURS, 8), signed(OURS, 8)], "1"),
            (
                signed(OURS, 9),
                [signed(OURS, 9), None],
                "not newer than LEAKS.LSV",
            ),
            (
                signed(OURS, 9),
                [signed(OURS, 7), signed(OURS, 10)],
                "not newer than LEAKS2.LSV",
            ),
            (
                signed(OURS, far),
                [signed(OURS, 5), None],
                "too far from LEAKS.LSV",
            ),
            (signed(OURS, far), [signed(OURS, 6), None], "1"),
            (
                signed(OURS, 6),
                [signed(OURS, 5), signed(OURS, far)],
                "too far from LEAKS.LSV",
            ),
            (unsigned(9), [unsigned(8), None], "1"),
            (unsigned(far), [unsigned(5), None], "1"),
            (unsigned(0), [unsigned(0), None], "not newer than LEAKS.LSV"),
            (created(0, 101), [unsigned(0), None], "1"),
            (created(0, 102), [unsigned(0), created(0, 101)], "0"),
            (
                created(0, 99),
                [unsigned(0), None],
                "not newer than LEAKS.LSV",
            ),
            (
                created(0, 999),
                [unsigned(1), None],
                "not newer than LEAKS.LSV",
            ),
        ] {
            assert_eq!(
                place(offered, found, &[]),
                expected,
                "{:?}",
                found.map(|f| f.map(|f| f.age))
            );
            // Said or not, it is the same where all is signed by one.
            if offered.unwrap().signer.is_some() {
                assert_eq!(place(offered, found, &[OTHERS, OURS]), expected);
            }
        }
    }

    #[test]
    fn files_of_different_signers() {
        let both = [OURS, OTHERS];
        for (offered, found, keys, expected) in [
            // Whoever accepts the one that is there may not accept the new one.
            (
                signed(OURS, 9),
                [unsigned(0), None],
                &[][..],
                "other signer: LEAKS.LSV",
            ),
            (
                signed(OURS, 9),
                [None, signed(OTHERS, 3)],
                &[],
                "other signer: LEAKS2.LSV",
            ),
            (
                unsigned(9),
                [signed(OURS, 3), None],
                &[],
                "other signer: LEAKS.LSV",
            ),
            // The keys say which one the device takes.
            (
                signed(OURS, 6),
                [signed(OURS, 5), unsigned(9)],
                &[OURS],
                "1",
            ),
            (
                signed(OURS, 6),
                [unsigned(9), signed(OURS, 5)],
                &[OURS],
                "0",
            ),
            (
                signed(OURS, 6),
                [signed(OTHERS, 4), signed(OURS, 5)],
                &both,
                "0",
            ),
            (
                signed(OURS, 6),
                [signed(OTHERS, 6), None],
                &both,
                "not newer than LEAKS.LSV",
            ),
            // The only one is not written over, though this device takes none.
            (signed(OURS, 6), [unsigned(9), None], &[OURS], "1"),
            (signed(OURS, 6), [None, signed(OTHERS, 9)], &[OURS], "0"),
            (
                signed(OURS, 6),
                [unsigned(9), signed(OTHERS, 3)],
                &[OURS],
                "1",
            ),
        ] {
            assert_eq!(place(offered, found, keys), expected);
        }
    }
}
