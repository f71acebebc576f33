//! A filter file -> an image that flashing tools write to an address of a board's flash; or of a
//! whole card.

mod card;
mod hex;
mod uf2;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

use leaksieve_core::file::byte_of;
use leaksieve_core::header::MAX_DATASETS_OF_A_SMALL_DEVICE;
use leaksieve_core::sector::{SECTOR_BYTES, SectorIndex};
use leaksieve_link::Board;

use crate::file::output::{Access, Beside, OutputError, ensure_no_input};
use crate::file::verify::{VerifyError, verify};
use crate::file::{FileError, FilterFile, groups};
use crate::progress::{Observer, Stage};
use crate::sizing::fit::{Misfit, Wanted};
use crate::sizing::media::FAT32_MAX_BYTES;
use crate::sizing::{Method, rate_to_build};

pub use card::card_image;
pub use leaksieve_link::uf2::ERASE_BYTES;

/// How an image is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The filter's bytes as they are; the address is not in it.
    Bin,
    /// Intel HEX.
    Ihex,
    /// USB Flashing Format, for boot loaders that show a drive.
    Uf2 {
        /// The chips that take it.
        family: u32,
    },
}

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Of the image.
    pub format: Format,
    /// Where the filter's first byte will be.
    pub address: u32,
    /// The board whose slot the filter must fit.
    pub board: Option<&'static Board>,
    /// Replace an output that exists.
    pub replace: bool,
}

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The filter file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The filter file is not what it should be.
    #[error(transparent)]
    Unsound(#[from] VerifyError),
    /// The board has no room for it.
    #[error("{}: {misfit}", path.display())]
    DoesNotFit {
        /// The filter file.
        path: PathBuf,
        /// What would fit.
        misfit: Box<Misfit>,
    },
    /// The board's firmware verifies no signatures.
    #[error(
        "{}: is signed, and {board} has no room to verify signatures: use the unsigned file", path.display()
    )]
    Signed {
        /// The filter file.
        path: PathBuf,
        /// The board.
        board: &'static str,
    },
    /// The board's firmware has no room for so many datasets.
    #[error(
        "{}: holds {num_datasets} leaks, and {board} has memory for {MAX_DATASETS_OF_A_SMALL_DEVICE}: bundle fewer", path.display()
    )]
    TooManyDatasets {
        /// The filter file.
        path: PathBuf,
        /// The board.
        board: &'static str,
        /// Of the file.
        num_datasets: usize,
    },
    /// There are no such addresses.
    #[error(
        "{num_bytes} bytes at {address:#x} go past the last address, 0xffffffff: give a lower --address"
    )]
    Address {
        /// The first.
        address: u32,
        /// Bytes of the filter.
        num_bytes: u64,
    },
    /// What lies before the filter in its first erase block would be lost.
    #[error(
        "{0:#x} does not work for UF2: a boot loader erases blocks of {ERASE_BYTES} bytes before it writes; give an --address that is a multiple of {ERASE_BYTES:#x}"
    )]
    Unaligned(u32),
    /// FAT32 has no files so large.
    #[error(
        "{}: has {num_bytes} bytes, and a file on a FAT32 card has at most {FAT32_MAX_BYTES}: build it \
         with --max-size fat32, or bundle fewer leaks", path.display()
    )]
    LargerThanFat32 {
        /// The filter file.
        path: PathBuf,
        /// Of it.
        num_bytes: u64,
    },
    /// The card has no room for it, or is larger than its partition table can say.
    #[error("a card image of {wanted_bytes} bytes does not work: use {} to {} bytes", needed.start(), needed.end())]
    CardSize {
        /// What was asked for.
        wanted_bytes: u64,
        /// What would work, bytes.
        needed: RangeInclusive<u64>,
    },
    /// The output.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A record of Intel HEX.
    #[error("a record cannot be written: {0}. This is a bug: please report it")]
    Record(#[from] ::ihex::WriterError),
    /// The finished image cannot be read back.
    #[error("the new image cannot be read back, so it was not saved: {0}. Check the disk")]
    ReadBack(io::Error),
    /// The finished image is another than was written.
    #[error("the new image does not hold what was written, so it was not saved. Check the disk")]
    OtherContent,
}

/// Verify a filter file to its end, and write an image of it to `output`; gives the addresses
/// that it takes.
///
/// # Errors
/// [`ExportError`]; what was at `output` before is then as it was, but for
/// [`OutputError::NotSynced`].
pub fn export(
    file: &FilterFile,
    options: Options,
    output: &Path,
    observer: &dyn Observer,
) -> Result<Range<u64>, ExportError> {
    let num_sectors = file.catalogue().header().num_sectors;
    let num_bytes = byte_of(SectorIndex(num_sectors));
    if let Some(board) = options.board {
        if num_bytes > board.slot_bytes().into() {
            return Err(does_not_fit(file, num_bytes, board));
        }
        ensure_readable(file, board)?;
    }
    let addresses = u64::from(options.address)..u64::from(options.address) + num_bytes;
    if addresses.end > 1 << 32 {
        return Err(ExportError::Address {
            address: options.address,
            num_bytes,
        });
    }
    let is_uf2 = matches!(options.format, Format::Uf2 { .. });
    if is_uf2 && !options.address.is_multiple_of(ERASE_BYTES) {
        return Err(ExportError::Unaligned(options.address));
    }
    if options.replace {
        ensure_no_input(output, [file.path()])?;
    }
    let mut beside = Beside::create(output, options.replace, Access::AsUsual)?;
    verify(file, observer)?;

    observer.begin(Stage::Encode, Some(num_sectors.into()));
    for sectors in groups(num_sectors) {
        // Verified as they are read: what changed since gets into no image.
        let bytes = file.read_sectors(sectors.clone())?;
        match options.format {
            Format::Bin => beside.write(&bytes)?,
            Format::Ihex => {
                let first = options.address + first_byte(&sectors);
                beside.write(hex::records(first, &bytes)?.as_bytes())?;
            }
            Format::Uf2 { family } => {
                let image = uf2::Image::new(options.address, num_sectors, family);
                beside.write(&image.blocks(first_byte(&sectors), &bytes))?;
            }
        }
        observer.advance(sectors.len() as u64);
    }
    if options.format == Format::Ihex {
        beside.write(hex::end()?.as_bytes())?;
    }
    observer.end();

    observer.begin(Stage::Recheck, Some(num_sectors.into()));
    compare(file, options, beside.reopen()?, observer)?;
    observer.end();
    beside.commit()?;
    Ok(addresses)
}

/// Of a part of a file that addresses of 32 bits reach.
const fn first_byte(sectors: &Range<u32>) -> u32 {
    sectors.start * SECTOR_BYTES as u32
}

/// Will the board's firmware open it?
fn ensure_readable(file: &FilterFile, board: &'static Board) -> Result<(), ExportError> {
    if !board.is_small {
        return Ok(());
    }
    let num_datasets = file.catalogue().datasets().len();
    let (path, board) = (|| file.path().to_path_buf(), board.name);
    if file.catalogue().signer().is_some() {
        let path = path();
        return Err(ExportError::Signed { path, board });
    }
    if num_datasets > MAX_DATASETS_OF_A_SMALL_DEVICE {
        return Err(ExportError::TooManyDatasets {
            path: path(),
            board,
            num_datasets,
        });
    }
    Ok(())
}

/// What a board has room for instead of this file.
fn does_not_fit(file: &FilterFile, num_bytes: u64, board: &'static Board) -> ExportError {
    let wanted = match file.catalogue().datasets() {
        [dataset] => Method::of(&dataset.encoding).map(|method| Wanted {
            num_items: dataset.num_items,
            method,
            rate: rate_to_build(dataset.designed),
            header_sectors: dataset.first_sector.0,
        }),
        _ => None,
    };
    let misfit = Misfit::new(board, num_bytes, board.slot_bytes().into(), wanted);
    ExportError::DoesNotFit {
        path: file.path().to_path_buf(),
        misfit: Box::new(misfit),
    }
}

/// Decode the finished image, and compare what is in it with the filter file.
fn compare(
    file: &FilterFile,
    options: Options,
    image: File,
    observer: &dyn Observer,
) -> Result<(), ExportError> {
    let num_sectors = file.catalogue().header().num_sectors;
    let mut groups = groups(num_sectors);
    let mut expected = Vec::new();
    // Bytes of `expected` that were found.
    let mut num_found = 0;
    let mut takes = |mut found: &[u8]| -> Result<(), ExportError> {
        while !found.is_empty() {
            if num_found == expected.len() {
                let sectors = groups.next().ok_or(ExportError::OtherContent)?;
                observer.advance(sectors.len() as u64);
                (expected, num_found) = (file.read_sectors(sectors)?, 0);
            }
            let rest = &expected[num_found..];
            let (now, later) = found.split_at(found.len().min(rest.len()));
            if !rest.starts_with(now) {
                return Err(ExportError::OtherContent);
            }
            num_found += now.len();
            found = later;
        }
        Ok(())
    };
    let mut image = BufReader::new(image);
    match options.format {
        Format::Bin => {
            let mut bytes = Vec::new();
            while read_some(&mut image, &mut bytes)? {
                takes(&bytes)?;
            }
        }
        Format::Ihex => hex::read(image, options.address, &mut takes)?,
        Format::Uf2 { family } => {
            uf2::Image::new(options.address, num_sectors, family).read(image, &mut takes)?;
        }
    }
    if groups.next().is_some() || num_found < expected.len() {
        return Err(ExportError::OtherContent);
    }
    Ok(())
}

/// The next bytes of an image, whatever signals come; false when there are none.
fn read_some(image: &mut impl Read, bytes: &mut Vec<u8>) -> Result<bool, ExportError> {
    bytes.clear();
    let read = image.take(1 << 14).read_to_end(bytes);
    Ok(read.map_err(ExportError::ReadBack)? > 0)
}
