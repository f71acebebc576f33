//! A filter file -> an image that flashing tools write to an address of a board's flash; or of a
//! whole card.

mod bin;
mod card;
mod error;
mod hex;
mod uf2;

use std::fs::File;
use std::io::BufReader;
use std::ops::Range;
use std::path::Path;

use leaksieve_core::file::byte_of;
use leaksieve_core::header::MAX_DATASETS_OF_A_SMALL_DEVICE;
use leaksieve_core::sector::{SECTOR_BYTES, SectorIndex};
use leaksieve_link::Board;

use crate::file::FilterFile;
use crate::file::sectors::groups;
use crate::file::verify::verify;
use crate::file::{Access, AtomicFile, ensure_no_input};
use crate::progress::{Observer, Stage};
use crate::sizing::fit::{Misfit, Wanted};
use crate::sizing::{Method, rate_to_build};

pub use card::card_image;
pub use error::ExportError;
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

/// Verify a filter file to its end, and write an image of it to `output`; gives the addresses
/// that it takes.
///
/// # Errors
/// [`ExportError`]; what was at `output` before is then as it was, but for
/// [`OutputError::NotSynced`](crate::file::OutputError::NotSynced).
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
    let mut new_file = AtomicFile::create(output, options.replace, Access::AsUsual)?;
    verify(file, observer)?;

    observer.begin(Stage::Encode, Some(num_sectors.into()));
    for sectors in groups(num_sectors) {
        // Verified as they are read: what changed since gets into no image.
        let bytes = file.read_sectors(sectors.clone())?;
        match options.format {
            Format::Bin => new_file.write(&bytes)?,
            Format::Ihex => {
                let first = options.address + first_byte(&sectors);
                new_file.write(hex::records(first, &bytes)?.as_bytes())?;
            }
            Format::Uf2 { family } => {
                let image = uf2::Image::new(options.address, num_sectors, family);
                new_file.write(&image.blocks(first_byte(&sectors), &bytes))?;
            }
        }
        observer.advance(sectors.len() as u64);
    }
    if options.format == Format::Ihex {
        new_file.write(hex::end()?.as_bytes())?;
    }
    observer.end();

    observer.begin(Stage::Recheck, Some(num_sectors.into()));
    compare(file, options, new_file.reopen()?, observer)?;
    observer.end();
    new_file.commit()?;
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
        [dataset] => Some(Wanted {
            num_items: dataset.num_items,
            filter: Method::of(&dataset.encoding)
                .map(|method| (method, rate_to_build(dataset.designed))),
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
    let image = BufReader::new(image);
    match options.format {
        Format::Bin => bin::read(image, &mut takes)?,
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
