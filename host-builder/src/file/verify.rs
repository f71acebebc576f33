//! A filter file, read to its end; and, with the lists that it was made of, asked for
//! every item of them.

use std::path::PathBuf;

use leaksieve_core::encoding::exact::{MARK, Next, PAGES_PER_QUESTION, Step, index};
use leaksieve_core::encoding::{Encoding, Layer, Match, Rules, ribbon};
use leaksieve_core::header::{Dataset, Header, Rate};
use leaksieve_core::sector::{Payload, SectorIndex};
use leaksieve_core::{Error, HeaderDefect, ReadError};

use crate::file::exact_pages::ExactPages;
use crate::file::sectors::groups;
use crate::file::tags::{self, Defect};
use crate::file::{FileError, FilterFile};
use crate::input::normalise::Key;
use crate::parallel::ordered_parallel;
use crate::progress::{Observer, Stage};
use crate::sizing::measure::{Fill, false_positive_rate, mean_reads};

/// A rate that differs by more than this share from the header's is no rounding.
const RATE_TOLERANCE: f64 = 1e-6;

/// What reading every sector gave.
#[derive(Clone, Debug)]
pub struct Findings {
    /// Sectors of the file.
    pub num_sectors: u32,
    /// Of each dataset's pages, computed anew.
    pub measured: Vec<Measured>,
}

/// What a dataset's pages say of themselves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// False-positive rate.
    pub false_positive_rate: f64,
    /// Sectors that a question reads on average; tag sectors apart.
    pub mean_reads: f64,
}

/// Why a file is not what it should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A sector is damaged, cannot be read, or is not the one that was signed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A dataset's rate is not that of its pages.
    #[error(
        "{}: the header of {name} says false alarm 1 in {:.0}, but the bits say 1 in {:.0}: \
         this program did not make the file; do not use it",
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
    /// An exact set has not as many numbers as its header says.
    #[error(
        "{}: the header of {name} says {stated} numbers, but the pages have {found}: \
         this program did not make the file; do not use it",
        path.display()
    )]
    NumItems {
        /// The file.
        path: PathBuf,
        /// The dataset.
        name: String,
        /// What its header says.
        stated: u64,
        /// What its pages have.
        found: u64,
    },
    /// A tag sector has more than its tags.
    #[error(
        "{}: sector {index} is not zero after its tags: this program did not sign the file; do not use it",
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
        "{}: {num_bytes} bytes follow the last sector: something was appended, or two files were joined. On a card, they can be left from a longer file, and do no harm",
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
        let found = found.false_positive_rate;
        // A header rounds to a unit.
        let tolerance = (stated * RATE_TOLERANCE).max(1.0 / Rate::ONE as f64);
        if (found - stated).abs() > tolerance {
            return Err(VerifyError::Rate {
                path: file.path().to_path_buf(),
                name: dataset.name.to_string(),
                stated,
                found,
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

/// What each dataset's pages say of themselves.
fn read_pages(file: &FilterFile, observer: &dyn Observer) -> Result<Vec<Measured>, VerifyError> {
    let mut measured = Vec::new();
    for dataset in file.catalogue().datasets() {
        if dataset.encoding == Encoding::Exact {
            measured.push(read_exact(file, dataset, observer)?);
            continue;
        }
        let layers: Vec<Layer> = dataset.encoding.layers(dataset.num_sectors).collect();
        observer.advance(file.plan_of(dataset)?.len() as u64);
        let mut fills = Vec::new();
        for (index, layer) in (1..).zip(&layers) {
            let mut fill = Fill::new(layer);
            let first = dataset.first_sector.0 + layer.first_page;
            for pages in groups(layer.num_pages) {
                let sectors = first + pages.start..first + pages.end;
                observer.advance(sectors.len() as u64);
                for (page, content) in pages.zip(&file.read_payloads(sectors)?) {
                    if index == layers.len() && bumps(layer, content) {
                        let index = SectorIndex(first + page);
                        return Err(file
                            .error(ReadError::Filter(Error::NoSuchLayer { index }))
                            .into());
                    }
                    fill.add(page, content);
                }
            }
            fills.push(fill);
        }
        measured.push(Measured {
            false_positive_rate: false_positive_rate(
                fills.iter(),
                dataset.num_items,
                dataset.num_sectors,
            ),
            mean_reads: mean_reads(fills.iter()),
        });
    }
    Ok(measured)
}

/// Decode all numbers of an exact set: they are where the index leads to.
fn read_exact(
    file: &FilterFile,
    dataset: &Dataset,
    observer: &dyn Observer,
) -> Result<Measured, VerifyError> {
    let first = dataset.first_sector.0;
    let malformed = |page: u32| {
        let index = SectorIndex(first + page);
        file.error(ReadError::Filter(Error::PageMalformed { index }))
    };
    observer.advance(file.plan_of(dataset)?.len() as u64);
    let last = dataset.num_sectors.saturating_sub(1);
    let directory = file.read_payloads(first + last..first + dataset.num_sectors)?;
    let first_index_page = directory
        .first()
        .and_then(|directory| index::segments(directory).next())
        .and_then(Result::ok)
        .map(|segment| segment.first_index_page)
        .filter(|page| *page < last)
        .ok_or_else(|| malformed(last))?;
    let index = file.read_payloads(first + first_index_page..first + dataset.num_sectors)?;
    let set = ExactPages {
        index: &index,
        first_index_page,
        num_pages: dataset.num_sectors,
        first_page: 0,
        payloads: &[],
    };
    let places = set.places().map_err(|_| malformed(last))?;
    let mut num_found = 0;
    for pages in groups(first_index_page) {
        observer.advance(pages.len() as u64);
        let payloads = file.read_payloads(first + pages.start..first + pages.end)?;
        let set = set.with(pages.start, &payloads);
        for page in pages {
            let place = places[page as usize];
            let next = places.get(page as usize + 1);
            let mut last = 0;
            let count = set.for_each(place, next, dataset.num_items, |number| last = number);
            num_found += count.map_err(|_| malformed(page))?;
            // No question would ask for it.
            if last >= MARK && dataset.num_extra == 0 {
                return Err(malformed(page).into());
            }
        }
    }
    if num_found != dataset.num_items {
        return Err(VerifyError::NumItems {
            path: file.path().to_path_buf(),
            name: dataset.name.to_string(),
            stated: dataset.num_items,
            found: num_found,
        });
    }
    Ok(Measured {
        false_positive_rate: 0.0,
        mean_reads: PAGES_PER_QUESTION.into(),
    })
}

/// Does a page send any question on to the next layer?
const fn bumps(layer: &Layer, content: &Payload) -> bool {
    matches!(layer.rules, Rules::Ribbon(_)) && ribbon::threshold(content) > 0
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
        ordered_parallel(
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

/// Does a dataset of a file hold what has this key?
///
/// # Errors
/// When a sector is damaged or cannot be read, leads nowhere, or is malformed.
pub fn holds(file: &FilterFile, dataset: usize, key: Key) -> Result<bool, FileError> {
    let Some(dataset) = file.catalogue().datasets().get(dataset) else {
        return Err(file.error(ReadError::Filter(HeaderDefect::NoDataset.into())));
    };
    match (key, dataset.encoding) {
        (Key::Number(number), Encoding::Exact) => holds_number(file, dataset, number),
        (Key::Hash(hash), Encoding::Bloom { .. } | Encoding::Ribbon(_)) => {
            holds_hash(file, dataset, hash)
        }
        // What is no number is in no exact set.
        _ => Ok(false),
    }
}

fn holds_number(file: &FilterFile, dataset: &Dataset, number: u64) -> Result<bool, FileError> {
    let mut step = Step::Directory;
    loop {
        let page = step.page(dataset.num_sectors).unwrap_or(0);
        let index = SectorIndex(dataset.first_sector.0 + page);
        let malformed = || file.error(ReadError::Filter(Error::PageMalformed { index }));
        let payloads = file.read_payloads(index.0..index.0 + 1)?;
        let payload = payloads.first().ok_or_else(malformed)?;
        match step.take(number, payload, dataset.num_sectors) {
            Ok(Next::Wants(next)) if next.page(dataset.num_sectors).is_some() => step = next,
            Ok(Next::Said(said)) => return Ok(said == Match::Hit),
            Ok(Next::Wants(_)) | Err(_) => return Err(malformed()),
        }
    }
}

fn holds_hash(file: &FilterFile, dataset: &Dataset, hash: u64) -> Result<bool, FileError> {
    let (mut hash, mut index) = (hash, dataset.first_sector);
    for layer in dataset.encoding.layers(dataset.num_sectors) {
        let page = layer.page_of(hash);
        index = SectorIndex(dataset.first_sector.0 + layer.first_page + page);
        let contents = file.read_payloads(index.0..index.0 + 1)?;
        match contents
            .first()
            .map(|content| layer.query(page, content, hash))
        {
            Some(Match::Hit) => return Ok(true),
            Some(Match::Miss) => return Ok(false),
            Some(Match::Bumped) | None => hash = ribbon::rehash(hash),
        }
    }
    Err(file.error(ReadError::Filter(Error::NoSuchLayer { index })))
}
