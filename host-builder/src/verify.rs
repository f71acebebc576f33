//! A filter file, read to its end; and, with the lists that it was made of, asked for
//! every item of them.

use leaksieve_core::encoding::{Match, bloom, page_of};
use leaksieve_core::header::Encoding;
use leaksieve_core::{HeaderDefect, ReadError};

use crate::file::{FileError, FilterFile, groups};
use crate::measure::Fill;
use crate::progress::{Observer, Stage};

/// What reading every sector gave.
#[derive(Clone, Debug)]
pub struct Findings {
    /// Sectors of the file.
    pub num_sectors: u32,
    /// False-positive rate of each dataset's pages, computed anew.
    pub measured: Vec<f64>,
}

/// Read and verify every sector.
///
/// # Errors
/// The first sector that is damaged or cannot be read.
pub fn verify(file: &FilterFile, observer: &dyn Observer) -> Result<Findings, FileError> {
    let header = file.catalogue().header();
    observer.begin(Stage::Recheck, Some(header.num_sectors.into()));
    let mut measured = Vec::new();
    for dataset in &header.datasets {
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
    observer.end();
    Ok(Findings {
        num_sectors: header.num_sectors,
        measured,
    })
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
