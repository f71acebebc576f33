//! The finished bytes, read back and asked: for every item, and for some that are none.

use std::fs::File;
use std::io;
use std::ops::Range;

use leaksieve_core::encoding::{Match, ribbon};
use leaksieve_core::file::FileSectors;
use leaksieve_core::sector::{Payload, SECTOR_BYTES};
use leaksieve_core::{Header, ReadError, Trust};

use crate::file::WriteError;
use crate::file::sectors::read_payloads;
use crate::input::source::Input;
use crate::input::speller::{Lost, Sample, Speller};
use crate::parallel::ordered_parallel;
use crate::pipeline::options::BuildOptions;
use crate::pipeline::pages::{LayerPages, Pages};
use crate::pipeline::partition::{Hashes, NUM_PARTITIONS, Partitions, range_of};
use crate::pipeline::spool::SpoolError;
use crate::sizing::measure::Trial;

/// Questions for what is no item, at least, and at least as many as pages. Who fuzzes builds
/// thousands of filters a minute, and holds the bits themselves against the items.
const NUM_TRIAL_PROBES: u32 = if cfg!(fuzzing) { 1_000 } else { 1_000_000 };

/// Why the finished file is not put in place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecheckError {
    /// The finished bytes do not read back, or not as they were written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The hashes that were put aside.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The finished bytes lack items.
    #[error(
        "the new file lacks {num_lost} of its items, so it was not saved. This is a bug: please report it"
    )]
    Lost {
        /// How many.
        num_lost: u64,
    },
    /// A record of the list is not found when it is spelled as people spell it.
    #[error(
        "{} is not found when it is spelled {spelling}, so the file was not saved. \
         Was the list read correctly? If it was, please report this",
        input.as_ref().map_or_else(|| format!("line {line}"), |input| input.record(*line))
    )]
    Misread {
        /// Where it stands.
        input: Option<Input>,
        /// Its line.
        line: u64,
        /// How it was asked.
        spelling: &'static str,
    },
    /// The finished file gives other answers than its bits say.
    #[error(
        "the new file gave {found:.3e} false alarms per lookup, but its bits say {expected:.3e}, so it was \
         not saved. This is a bug: please report it"
    )]
    Rate {
        /// Measured by asking.
        found: f64,
        /// Computed from the bits.
        expected: f64,
    },
}

impl From<ReadError<io::Error>> for RecheckError {
    fn from(error: ReadError<io::Error>) -> Self {
        Self::Write(WriteError::ReadBack(error))
    }
}

/// What asking the finished file gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Items that the file says it does not hold. One is too many.
    pub(crate) num_lost: u64,
    /// Questions for what is no item.
    pub(crate) trial: Trial,
    /// Those of them that the layer has bumped, as the next one is asked.
    pub(crate) others: Vec<u64>,
}

impl Findings {
    pub(crate) fn merge(&mut self, other: Self) {
        self.num_lost += other.num_lost;
        self.trial.merge(other.trial);
        self.others.extend(other.others);
    }
}

/// What the finished file should be.
pub(crate) struct Expected<'a> {
    pub(crate) header: &'a Header,
    /// Some of the records.
    pub(crate) sample: &'a Sample,
    /// False-positive rate of the pages.
    pub(crate) measured: f64,
}

/// Is the finished file what it should be, by the findings of asking for all items, and asked as
/// people ask? Gives the answers for what is no item.
pub(crate) fn recheck(
    options: &BuildOptions,
    file: File,
    expected: &Expected<'_>,
    findings: &Findings,
) -> Result<Trial, RecheckError> {
    if findings.num_lost > 0 {
        return Err(RecheckError::Lost {
            num_lost: findings.num_lost,
        });
    }
    ask_as_people_do(options, file, expected)?;
    let is_plausible = match expected.measured {
        0.0 => findings.trial.num_false_alarms == 0,
        measured => findings.trial.is_plausible(measured),
    };
    if !is_plausible {
        return Err(RecheckError::Rate {
            found: findings.trial.rate(),
            expected: expected.measured,
        });
    }
    Ok(findings.trial)
}

/// Open the file as a device does, and ask for some of the records as people spell them.
fn ask_as_people_do(
    options: &BuildOptions,
    file: File,
    expected: &Expected<'_>,
) -> Result<(), RecheckError> {
    let sectors = FileSectors::new(file).map_err(ReadError::Source)?;
    let buffer = &mut [0; SECTOR_BYTES];
    let catalogue = leaksieve_core::open(&mut &sectors, buffer, &Trust::ANY)?;
    if catalogue.header() != expected.header {
        return Err(WriteError::OtherContent.into());
    }
    let speller = Speller::new(options.kind, &options.profile);
    let lost = speller.first_lost(expected.sample, |identifier| {
        let verdict = leaksieve_core::check(&catalogue, identifier, &mut &sectors, buffer)?;
        let outcome = verdict.answers().iter().map(|answer| answer.outcome).next();
        outcome.ok_or(RecheckError::Write(WriteError::OtherContent))
    })?;
    match lost {
        None => Ok(()),
        Some(Lost { place, spelling }) => Err(RecheckError::Misread {
            input: options.inputs.get(place.input).cloned(),
            line: place.line,
            spelling,
        }),
    }
}

/// Ask the file for all items; `seed` chooses what else is asked for, and `advance` is
/// told of the records that were asked.
pub(crate) fn ask_all(
    file: &File,
    pages: &Pages,
    hashes: &Hashes,
    seed: u64,
    num_threads: usize,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Findings, RecheckError> {
    let layers: Vec<LayerPages> = pages.layers().collect();
    let mut all = Findings::default();
    // What the pages of a layer say is in the next; not what the builder put there.
    let mut bumped_before: Option<Hashes> = None;
    for (index, layer) in layers.iter().enumerate() {
        let of_layer = bumped_before.as_ref().unwrap_or(hashes);
        let is_last = index + 1 == layers.len();
        let bumped = Partitions::with_memory_left(of_layer);
        let mut others_before = std::mem::take(&mut all.others);
        others_before.sort_unstable();
        ordered_parallel(
            num_threads,
            0..NUM_PARTITIONS,
            || {
                let mut scratch = Vec::new();
                let mut writer = bumped.writer();
                let others_before = &others_before;
                move |partition| {
                    // What was put in, not what was written: a fault in between must not hide.
                    let unsorted = of_layer.unsorted(partition, &mut scratch)?;
                    let range = range_of(partition);
                    let touched = Touched::read(layer, &range, |pages| {
                        let sectors = layer.sector(pages.start).0..layer.sector(pages.end).0;
                        read_payloads(file, layer.file_id, sectors)
                    })?;
                    let bump = |hash| writer.push(hash);
                    Ok(if index == 0 {
                        advance(unsorted.len() as u64);
                        let others = others(layer, partition, seed);
                        let num_probes = others.len() as u64;
                        let mut findings = touched.ask_all(unsorted, others, is_last, bump);
                        findings.trial.num_probes = num_probes;
                        findings
                    } else {
                        let others = others_of(others_before, &range).iter().copied();
                        touched.ask_all(unsorted, others, is_last, bump)
                    })
                }
            },
            |findings: Result<Findings, RecheckError>| {
                let findings = findings?;
                all.merge(findings);
                Ok::<_, RecheckError>(())
            },
        )?;
        bumped_before = Some(bumped.close()?);
    }
    Ok(all)
}

/// What is no item, of a partition: any hash, by chance; that it is an item's is part of the
/// rate.
pub(crate) fn others(
    pages: &LayerPages,
    partition: u32,
    seed: u64,
) -> impl ExactSizeIterator<Item = u64> {
    let range = range_of(partition);
    let first = range.start as u64;
    let num_pages = pages.begun_in(&range).len() as u32;
    let num_probes = NUM_TRIAL_PROBES.div_ceil(NUM_PARTITIONS).max(num_pages);
    (0..num_probes).map(move |probe| {
        let random = mix(seed ^ (u64::from(partition) << 48 | u64::from(probe)));
        first | (random / u64::from(NUM_PARTITIONS))
    })
}

/// Those of a range among hashes in order.
pub(crate) fn others_of<'h>(hashes: &'h [u64], range: &Range<u128>) -> &'h [u64] {
    let before = |end: u128| hashes.partition_point(|hash| u128::from(*hash) < end);
    &hashes[before(range.start)..before(range.end)]
}

/// The pages that may hold the hashes of a range.
pub(crate) struct Touched<'a> {
    pages: &'a LayerPages,
    first_page: u32,
    contents: Vec<Payload>,
}

impl<'a> Touched<'a> {
    /// `read` is asked for neighbouring pages of the layer.
    pub(crate) fn read<E>(
        pages: &'a LayerPages,
        range: &Range<u128>,
        read: impl FnOnce(Range<u32>) -> Result<Vec<Payload>, E>,
    ) -> Result<Self, E> {
        let touched = pages.of_range(range);
        Ok(Self {
            pages,
            first_page: touched.start,
            contents: read(touched)?,
        })
    }

    /// Ask for items of the range, and for other hashes of it; `bump` is given those items of which
    /// the pages say that they are in the next layer, as it hashes them.
    pub(crate) fn ask_all(
        &self,
        items: &[u64],
        others: impl Iterator<Item = u64>,
        is_last: bool,
        mut bump: impl FnMut(u64),
    ) -> Findings {
        let mut findings = Findings::default();
        for hash in items {
            match self.ask(*hash) {
                Match::Hit => {}
                Match::Bumped if !is_last => bump(ribbon::rehash(*hash)),
                Match::Miss | Match::Bumped => findings.num_lost += 1,
            }
        }
        for hash in others {
            match self.ask(hash) {
                Match::Miss => {}
                Match::Bumped if !is_last => findings.others.push(ribbon::rehash(hash)),
                Match::Hit | Match::Bumped => findings.trial.num_false_alarms += 1,
            }
        }
        findings
    }

    fn ask(&self, hash: u64) -> Match {
        let page = self.pages.layer.page_of(hash);
        let place = page.wrapping_sub(self.first_page);
        self.contents
            .get(place as usize)
            .map_or(Match::Miss, |content| {
                self.pages.layer.query(page, content, hash)
            })
    }
}

/// The output function of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014, figure 14).
const fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
