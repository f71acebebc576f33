//! Leaked lists -> a filter file: source -> normalise -> hash -> partition -> encode
//! -> write, then every item is asked of the finished bytes before they get their name.

mod dry_run;
pub(crate) mod encode;
mod error;
pub mod partition;
mod recheck;
mod sort;
pub(crate) mod spool;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use leaksieve_core::encoding::Encoding;
use leaksieve_core::encoding::ribbon::Ribbon;
use leaksieve_core::file::{FileSectors, byte_of};
use leaksieve_core::hash::HashFunction;
use leaksieve_core::header::{Dataset, Date, Header, PlanSectors, Rate};
use leaksieve_core::identifier::{NORMALISATION_VERSION, PasswordOrigin};
use leaksieve_core::sector::{FileId, Payload, SECTOR_BYTES, SectorIndex, seal};
use leaksieve_core::{IdentifierKind, Profile, ReadError, Trust};
use leaksieve_link::Board;
use xxhash_rust::xxh3::xxh3_128;

use crate::file::output::{Access, Beside, ensure_no_input};
use crate::input::normalise::{Counts, Rules, hash_all, total_bytes};
use crate::input::profile::phone_plan;
use crate::input::source::{Input, Layout};
use crate::input::speller::{Lost, Sample, Speller};
use crate::pipeline::encode::{Pages, Written};
use crate::pipeline::partition::{MIN_MEMORY_BYTES, NUM_PARTITIONS, Partitions};
use crate::progress::{Cost, Costs, Observer, Stage};
use crate::sizing::fit::{Misfit, Wanted};
use crate::sizing::measure::{Trial, false_positive_rate, mean_reads};
use crate::sizing::media::board_room;
use crate::sizing::{Aim, Method, Shape, shape};

pub use dry_run::{dry_run, ensure_read};
pub use error::BuildError;

/// Sets of equations that are tried for a ribbon. One in hundreds of small filters needs a
/// second, and fewer of large ones.
const MAX_RESTARTS: u8 = 16;

/// What to build.
#[derive(Clone, Debug)]
pub struct Options {
    /// The lists; their items are one dataset.
    pub inputs: Vec<Input>,
    /// Where in a line the identifier stands.
    pub layout: Layout,
    /// What the records are.
    pub kind: IdentifierKind,
    /// How they become items.
    pub profile: Profile,
    /// How items become bits.
    pub method: Method,
    /// Size or false-positive rate.
    pub aim: Aim,
    /// The board that the filter must fit, also when it is signed.
    pub board: Option<&'static Board>,
    /// Name of the breach.
    pub name: String,
    /// When it happened.
    pub date: Date,
    /// Where the list came from.
    pub source_note: String,
    /// Seed of the hash; `None` draws one.
    pub seed: Option<u64>,
    /// When the file is made; seconds since 1970-01-01 UTC.
    pub created_unix_s: u64,
    /// Counter of publications.
    pub epoch: u32,
    /// When the file should be replaced; seconds since 1970-01-01 UTC, 0 for never.
    pub expires_unix_s: u64,
    /// Largest share of rejected records, 0 to 1.
    pub max_rejected_share: f64,
    /// Threads that work.
    pub num_threads: usize,
    /// Memory that the build may take, at least [`MIN_MEMORY_BYTES`]; bytes.
    pub memory_bytes: u64,
    /// Where a file is made of what does not fit into that memory; `None`: the output's folder.
    pub temp_folder: Option<PathBuf>,
    /// Replace an output that exists.
    pub replace: bool,
}

/// What was built.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What was read.
    pub counts: Counts,
    /// Distinct items.
    pub num_items: u64,
    /// False-positive rate that was aimed at.
    pub designed: f64,
    /// Pages, and how items became bits.
    pub shape: Shape,
    /// Times that a page could not be solved and all were made anew, with other equations.
    pub num_restarts: u8,
    /// Sectors that a question reads on average; tag sectors apart.
    pub mean_reads: f64,
    /// Bytes of the file.
    pub num_bytes: u64,
    /// False-positive rate of the pages as they are.
    pub measured: f64,
    /// The finished file's answers for what is no item.
    pub trial: Trial,
    /// What each stage took, in order.
    pub costs: Vec<Cost>,
}

/// Build a filter file at `output`.
///
/// # Errors
/// [`BuildError`]; what was at `output` before is then as it was, but for
/// [`OutputError::NotSynced`](crate::file::output::OutputError::NotSynced).
pub fn build(
    options: &Options,
    output: &Path,
    observer: &dyn Observer,
) -> Result<Summary, BuildError> {
    if options.memory_bytes < MIN_MEMORY_BYTES {
        return Err(BuildError::TooLittleMemory);
    }
    // Asked first, so that an hour's work does not end in "exists already".
    if options.replace {
        ensure_no_input(output, options.inputs.iter().filter_map(Input::path))?;
    }
    let mut beside = Beside::create(output, options.replace, Access::AsUsual)?;
    let seed = match options.seed {
        Some(seed) => seed,
        None => getrandom::u64().map_err(BuildError::NoSeed)?,
    };
    let plan = numbering_plan(&options.profile)?;
    let mut header = header_of(options, plan, seed)?;
    let header_sectors = header.num_header_sectors()?;
    // What stands before the pages.
    let first_page = header_sectors + plan.num_sectors();
    let mut costs = Costs::new(observer);
    let num_threads = options.num_threads;

    // Source -> normalise -> hash -> partition.
    let rules = Rules::new(
        options.kind,
        options.profile.clone(),
        HashFunction::Xxh3 { seed },
        plan.payloads,
    );
    let temp_folder = options.temp_folder.as_deref().unwrap_or(beside.folder());
    let partitions = Partitions::new(options.memory_bytes, temp_folder.to_path_buf());
    let sample = Mutex::new(Sample::new(seed));
    let counts = costs.stage(Stage::Read, total_bytes(&options.inputs), |observer| {
        hash_all(
            &options.inputs,
            &options.layout,
            &rules,
            num_threads,
            observer,
            &|| partitions.has_failed(),
            &sample,
            || {
                let mut writer = partitions.writer();
                move |hash, _place| writer.push(hash)
            },
        )
    })?;
    let hashes = partitions.close()?;
    ensure_read(options, &counts)?;
    let counted = costs.stage(Stage::Count, Some(NUM_PARTITIONS.into()), |observer| {
        hashes.count(counts.num_stored, num_threads, &|partitions| {
            observer.advance(partitions);
        })
    })?;

    // Now that it is known how many items there are: how large, and what is it called.
    let shape_of = |num_items| shape(num_items, options.method, options.aim, first_page);
    let mut shape = shape_of(counted.num_items)?;
    if let Some(misfit) = misfit(options, counted.num_items, shape, first_page) {
        return Err(BuildError::DoesNotFit(Box::new(misfit)));
    }
    let designed = match options.aim {
        Aim::FalsePositiveRate(rate) => rate,
        Aim::MaxBytes(_) => shape.false_positive_rate,
    };

    // Encode -> write. The header says what was measured, so it is written last.
    let ((pages, layers), num_restarts) =
        costs.stage(Stage::Encode, Some(counted.num_items), |observer| {
            solved(|salt| {
                if let Encoding::Ribbon(ribbon) = &mut shape.encoding {
                    ribbon.salt = salt;
                }
                header.num_sectors = first_page + shape.num_pages;
                for dataset in &mut header.datasets {
                    dataset.num_items = counted.num_items;
                    // A number outside the plan is known in this one spelling only.
                    dataset.num_rejected = counts.rejects.count() + counts.outside_plan.count();
                    dataset.num_extra = counts.num_extra;
                    match &mut dataset.profile {
                        Profile::Password(_, origin) if counts.num_not_utf8 > 0 => {
                            *origin = PasswordOrigin::NotAllUtf8;
                        }
                        Profile::Phone(phone) => {
                            phone.has_calling_codes = counts.survey.is_international;
                        }
                        _ => {}
                    }
                    dataset.encoding = shape.encoding;
                    dataset.first_sector = SectorIndex(first_page);
                    dataset.num_sectors = shape.num_pages;
                    dataset.designed = rate(designed);
                }
                let pages = Pages {
                    file_id: file_id(&header, &plan.with(&counted.digest.to_le_bytes()))?,
                    first_sector: SectorIndex(first_page),
                    num_pages: shape.num_pages,
                    encoding: shape.encoding,
                };
                beside.seek(byte_of(pages.first_sector))?;
                let written = pages.write(
                    &hashes,
                    num_threads,
                    |sectors| beside.write(sectors),
                    &|items| observer.advance(items),
                );
                let is_free = matches!(options.aim, Aim::FalsePositiveRate(_));
                if is_free && matches!(written, Err(BuildError::Unsolvable)) {
                    // Room for a few more, too: a count of a sample may be too low. A file does
                    // not become shorter by what is written next.
                    let more = counted.num_items / 200 + 1;
                    let larger = shape_of(counted.num_items + more * (u64::from(salt) + 1))?;
                    let fits = misfit(options, counted.num_items, larger, first_page).is_none();
                    if larger.num_pages >= shape.num_pages && fits {
                        shape = larger;
                    }
                }
                Ok((pages, written?))
            })
        })?;
    let num_items = layers.first().map_or(0, |first| first.num_items);
    let fills = || layers.iter().map(|layer: &Written| &layer.fill);
    let measured = false_positive_rate(fills(), num_items, shape.num_pages);
    for dataset in &mut header.datasets {
        dataset.num_items = num_items;
        dataset.measured = rate(measured);
    }
    write_header(&header, pages.file_id, &mut beside)?;
    for (index, payload) in (header_sectors..).zip(plan.payloads) {
        beside.write(&seal(pages.file_id, SectorIndex(index), payload))?;
    }

    // Ask the finished bytes.
    let file = beside.reopen()?;
    let findings = costs.stage(Stage::Recheck, Some(counts.num_stored), |observer| {
        recheck::ask_all(&file, &pages, &hashes, seed, num_threads, &|records| {
            observer.advance(records);
        })
    })?;
    if findings.num_lost > 0 {
        return Err(BuildError::Lost {
            num_lost: findings.num_lost,
        });
    }
    let sectors = FileSectors::new(file).map_err(ReadError::Source)?;
    let buffer = &mut [0; SECTOR_BYTES];
    let catalogue = leaksieve_core::open(&mut &sectors, buffer, &Trust::ANY)?;
    if *catalogue.header() != header {
        return Err(BuildError::OtherContent);
    }
    // Ask as people ask.
    let speller = Speller::new(options.kind, &options.profile);
    let sample = sample.into_inner().unwrap_or_else(PoisonError::into_inner);
    let lost = speller.first_lost(&sample, |identifier| {
        let verdict = leaksieve_core::check(&catalogue, identifier, &mut &sectors, buffer)?;
        let outcome = verdict.answers().iter().map(|answer| answer.outcome).next();
        outcome.ok_or(BuildError::OtherContent)
    })?;
    if let Some(Lost { place, spelling }) = lost {
        return Err(BuildError::Misread {
            input: options.inputs.get(place.input).cloned(),
            line: place.line,
            spelling,
        });
    }
    if !findings.trial.is_plausible(measured) {
        return Err(BuildError::Rate {
            found: findings.trial.rate(),
            expected: measured,
        });
    }
    costs.stage(Stage::Sync, None, |_| beside.commit())?;
    Ok(Summary {
        counts,
        num_items,
        designed,
        shape,
        num_restarts,
        mean_reads: mean_reads(fills()),
        num_bytes: byte_of(SectorIndex(header.num_sectors)),
        measured,
        trial: findings.trial,
        costs: costs.into_costs(),
    })
}

/// Why a filter of this shape is too large for the board that it is for, if it is.
fn misfit(options: &Options, num_items: u64, shape: Shape, header_sectors: u32) -> Option<Misfit> {
    let board = options.board?;
    let num_sectors = u64::from(header_sectors) + u64::from(shape.num_pages);
    let (needs, room) = (num_sectors * SECTOR_BYTES as u64, board_room(board));
    let wanted = Wanted {
        num_items,
        method: options.method,
        rate: match options.aim {
            Aim::FalsePositiveRate(rate) => rate,
            Aim::MaxBytes(_) => shape.false_positive_rate,
        },
        header_sectors,
    };
    (needs > room).then(|| Misfit::new(board, needs, room, Some(wanted)))
}

/// Try one set of equations after the other; gives how many had no solution too.
fn solved<T>(mut attempt: impl FnMut(u8) -> Result<T, BuildError>) -> Result<(T, u8), BuildError> {
    for salt in 0..MAX_RESTARTS {
        match attempt(salt) {
            Err(BuildError::Unsolvable) => {}
            result => return result.map(|built| (built, salt)),
        }
    }
    Err(BuildError::Unsolvable)
}

/// The numbering plan of the file.
#[derive(Clone, Copy)]
struct NumberingPlan {
    payloads: &'static [Payload],
    max_reads: u8,
}

impl NumberingPlan {
    const fn num_sectors(self) -> u32 {
        self.payloads.len() as u32
    }

    /// Its bytes and others.
    fn with(self, others: &[u8]) -> Vec<u8> {
        [self.payloads.as_flattened(), others].concat()
    }
}

/// The plan of the region whose rules a profile has. Of other kinds it has no sector.
fn numbering_plan(profile: &Profile) -> Result<NumberingPlan, BuildError> {
    let Profile::Phone(phone) = profile else {
        return Ok(NumberingPlan {
            payloads: &[],
            max_reads: 0,
        });
    };
    let plan = phone_plan(&String::from_utf8_lossy(&phone.region))?;
    Ok(NumberingPlan {
        payloads: &plan.payloads,
        max_reads: plan.max_reads,
    })
}

/// The header, but for what is known when the items are.
fn header_of(options: &Options, plan: NumberingPlan, seed: u64) -> Result<Header, BuildError> {
    let dataset = Dataset {
        name: text("name", &options.name)?,
        date: options.date,
        source_note: text("source note", &options.source_note)?,
        normalisation_version: NORMALISATION_VERSION,
        profile: options.profile.clone(),
        num_items: 0,
        num_rejected: 0,
        num_extra: 0,
        min_count: match options.layout.min_count() {
            // A count of 1 leaves nothing out, and that is written 0.
            0 | 1 => 0,
            min_count => min_count,
        },
        // As long as the one that will be.
        encoding: match options.method {
            Method::Bloom => Encoding::Bloom { num_hashes: 0 },
            Method::Ribbon => Encoding::Ribbon(Ribbon::default()),
        },
        hash: HashFunction::Xxh3 { seed },
        plan: PlanSectors {
            num_sectors: u16::try_from(plan.payloads.len())
                .map_err(|_| BuildError::PlanTooLarge)?,
            max_reads: plan.max_reads,
        },
        first_sector: SectorIndex(0),
        num_sectors: 0,
        designed: Rate::from_units(Rate::ONE),
        measured: Rate::from_units(Rate::ONE),
    };
    let mut header = Header {
        num_sectors: 0,
        created_unix_s: options.created_unix_s,
        epoch: options.epoch,
        expires_unix_s: options.expires_unix_s,
        datasets: Default::default(),
        root: None,
    };
    // There is room for one.
    let _ = header.datasets.push(dataset);
    Ok(header)
}

fn text<const N: usize>(
    what: &'static str,
    text: &str,
) -> Result<leaksieve_core::Text<N>, BuildError> {
    text.try_into().map_err(|_| BuildError::TextTooLong {
        what,
        found_bytes: text.len(),
        limit_bytes: N,
    })
}

fn rate(rate: f64) -> Rate {
    Rate::from_units((rate * Rate::ONE as f64).round() as u64)
}

/// An id that two files share only by chance: a hash of what the header says, before
/// the rate is measured, and of the content. The same content has the same id.
pub(crate) fn file_id(header: &Header, content: &[u8]) -> Result<FileId, BuildError> {
    let mut bytes = Vec::new();
    for sector in header.encode(FileId([0; 16]))?.sectors() {
        bytes.extend_from_slice(&sector);
    }
    bytes.extend_from_slice(content);
    Ok(FileId(xxh3_128(&bytes).to_le_bytes()))
}

/// Write the header to the start of a file whose pages are written.
pub(crate) fn write_header(
    header: &Header,
    file_id: FileId,
    beside: &mut Beside,
) -> Result<(), BuildError> {
    beside.seek(0)?;
    for sector in header.encode(file_id)?.sectors() {
        beside.write(&sector)?;
    }
    Ok(())
}

/// The header as a device will read it.
pub(crate) fn read_header(file: std::fs::File) -> Result<Header, ReadError<io::Error>> {
    let sectors = FileSectors::new(file).map_err(ReadError::Source)?;
    let catalogue = leaksieve_core::open(&mut &sectors, &mut [0; SECTOR_BYTES], &Trust::ANY)?;
    Ok(catalogue.header().clone())
}

/// A file name's stem, as the name of a breach that was not given one.
pub fn name_of(inputs: &[Input]) -> Option<String> {
    inputs.iter().find_map(|input| match input {
        Input::Stdin => None,
        Input::File(path) => {
            let name = PathBuf::from(path.file_name()?);
            let mut stem = name.clone();
            while let Some(shorter) = stem.file_stem().filter(|stem| *stem != name.as_os_str()) {
                let shorter = PathBuf::from(shorter);
                if shorter == stem {
                    break;
                }
                stem = shorter;
            }
            stem.to_str().map(str::to_owned)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_equations_are_tried_and_only_when_there_was_no_solution() {
        let mut tried = Vec::new();
        let built = solved(|salt| {
            tried.push(salt);
            if salt < 3 {
                return Err(BuildError::Unsolvable);
            }
            Ok("built")
        });
        assert_eq!(built.unwrap(), ("built", 3));
        assert_eq!(tried, [0, 1, 2, 3]);

        let mut num_tried = 0;
        let result = solved::<()>(|_| {
            num_tried += 1;
            Err(BuildError::Unsolvable)
        });
        assert!(matches!(result, Err(BuildError::Unsolvable)));
        assert_eq!(num_tried, MAX_RESTARTS);

        let result = solved::<()>(|salt| {
            assert_eq!(salt, 0);
            Err(BuildError::OtherContent)
        });
        assert!(matches!(result, Err(BuildError::OtherContent)));
    }
}
