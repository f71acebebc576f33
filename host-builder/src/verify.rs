//! A filter file, read to its end; and, with the lists that it was made of, asked for
//! every item of them.

use std::path::PathBuf;

use leaksieve_core::encoding::{Match, bloom, page_of};
use leaksieve_core::header::{Encoding, Header, Rate};
use leaksieve_core::sector::{Payload, SectorIndex};
use leaksieve_core::{Error, HeaderDefect, ReadError};

use crate::file::{FileError, FilterFile, groups};
use crate::in_order::in_order;
use crate::measure::Fill;
use crate::progress::{Observer, Stage};
use crate::tags::{self, Defect};

/// A rate that differs by more than this share from the header's is no rounding.
const RATE_TOLERANCE: f64 = 1e-6;

/// What reading every sector gave.
#[derive(Clone, Debug)]
pub struct Findings {
    /// Sectors of the file.
    pub num_sectors: u32,
    /// False-positive rate of each dataset's pages, computed anew.
    pub measured: Vec<f64>,
}

/// Why a file is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A sector is damaged, cannot be read, or is not the one that was signed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A dataset's rate is not that of its pages.
    #[error(
        "{}: {name} states a false alarm 1 in {:.0}, but its bits say 1 in {:.0}: \
         the file was not made by this program; do not use it",
        path.display(), 1.0 / stated, 1.0 / found
    )]
    Rate {
        /// The file.
        path: PathBuf,
        /// The dataset.
        name: String,
        /// What its header says.
        stated: f64,
        /// What its pages say.
        found: f64,
    },
    /// A tag sector has more than its tags.
    #[error(
        "{}: sector {index} is not zero behind its tags: the file was not signed by this program; do not use it",
        path.display()
    )]
    Padding {
        /// The file.
        path: PathBuf,
        /// The tag sector.
        index: SectorIndex,
    },
    /// Bytes behind the last sector.
    #[error(
        "{}: {num_bytes} bytes stand behind the last sector: something was appended, or two files were joined; on a card, a longer file may have been there, which does no harm",
        path.display()
    )]
    TrailingBytes {
        /// The file.
        path: PathBuf,
        /// How many.
        num_bytes: u64,
    },
}

/// Read every sector of a file: each is as it was written, and in a signed file as it was
/// signed; the rates are those that the header says; nothing follows.
///
/// # Errors
/// [`VerifyError`], the first that there is.
pub fn verify(file: &FilterFile, observer: &dyn Observer) -> Result<Findings, VerifyError> {
    let header = file.catalogue().header();
    observer.begin(Stage::Recheck, Some(header.num_sectors.into()));
    let measured = read_pages(file, observer)?;
    verify_tags(file, observer)?;
    observer.end();
    for (dataset, found) in header.datasets.iter().zip(&measured) {
        let stated = dataset.measured.units() as f64 / Rate::ONE as f64;
        if (found / stated - 1.0).abs() > RATE_TOLERANCE {
            return Err(VerifyError::Rate {
                path: file.path().to_path_buf(),
                name: dataset.name.to_string(),
                stated,
                found: *found,
            });
        }
    }
    match file.num_trailing_bytes() {
        0 => Ok(Findings {
            num_sectors: header.num_sectors,
            measured,
        }),
        num_bytes => Err(VerifyError::TrailingBytes {
            path: file.path().to_path_buf(),
            num_bytes,
        }),
    }
}

/// The rate of each dataset's pages.
fn read_pages(file: &FilterFile, observer: &dyn Observer) -> Result<Vec<f64>, FileError> {
    let mut measured = Vec::new();
    for dataset in file.catalogue().datasets() {
        let Encoding::Bloom { num_hashes } = dataset.encoding else {
            return Err(unknown(file));
        };
        let mut fill = Fill::default();
        let first = dataset.first_sector.0;
        for pages in groups(dataset.num_sectors) {
            let sectors = first + pages.start..first + pages.end;
            observer.advance(sectors.len() as u64);
            for payload in &file.read_payloads(sectors)? {
                fill.add(bloom::count_ones(payload));
            }
        }
        measured.push(fill.false_positive_rate(num_hashes, dataset.num_items));
    }
    Ok(measured)
}

/// Hash every sector of a signed file and compare the tags with all tag sectors, up to the
/// root. What a question compares is a part of it.
fn verify_tags(file: &FilterFile, observer: &dyn Observer) -> Result<(), VerifyError> {
    let Header { root, .. } = *file.catalogue().header();
    let (Some(root), Some(tree)) = (root, file.catalogue().header().tree()) else {
        return Ok(());
    };
    let file_id = file.catalogue().file_id();
    for level in 0..tree.num_levels() {
        in_order(
            std::thread::available_parallelism().map_or(1, usize::from),
            tags::groups(tree, level),
            || {
                |nodes| -> Result<u64, VerifyError> {
                    let sectors = tags::sectors(tree, level, &nodes);
                    let above = tags::sectors(tree, level + 1, &tags::above(&nodes));
                    let payloads = file.read_payloads(sectors.clone())?;
                    let expected = tags::tag_sectors(file_id, sectors.start, &payloads);
                    let found: Vec<Payload> = file.read_payloads(above)?;
                    match tags::first_defect(tree, level, &nodes, &expected, &found) {
                        None => Ok(found.len() as u64),
                        Some(Defect::Tag(index)) => Err(not_as_signed(file, index).into()),
                        Some(Defect::Padding(index)) => Err(VerifyError::Padding {
                            path: file.path().to_path_buf(),
                            index,
                        }),
                    }
                }
            },
            |num_compared| num_compared.map(|sectors| observer.advance(sectors)),
        )?;
    }
    let top = file.root_of(tree)?;
    if top != root {
        return Err(not_as_signed(file, tree.sector_of(tree.top())).into());
    }
    Ok(())
}

fn not_as_signed(file: &FilterFile, index: SectorIndex) -> FileError {
    file.error(ReadError::Filter(Error::NotAsSigned { index }))
}

/// Does a dataset of a file hold this hash?
///
/// # Errors
/// When its sector is damaged or cannot be read.
pub fn ask(file: &FilterFile, dataset: usize, hash: u64) -> Result<Match, FileError> {
    let Some(dataset) = file.catalogue().datasets().get(dataset) else {
        return Err(unknown(file));
    };
    let sector = dataset.first_sector.0 + page_of(hash, dataset.num_sectors);
    let payloads = file.read_payloads(sector..sector + 1)?;
    let Encoding::Bloom { num_hashes } = dataset.encoding else {
        return Err(unknown(file));
    };
    match payloads.first() {
        Some(page) => Ok(bloom::query(page, hash, num_hashes)),
        None => Err(unknown(file)),
    }
}

/// What this code cannot read is not verified, and holds no "no".
fn unknown(file: &FilterFile) -> FileError {
    file.error(ReadError::Filter(HeaderDefect::Unreadable.into()))
}
