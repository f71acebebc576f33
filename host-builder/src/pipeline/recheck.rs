//! The finished bytes, read back and asked: for every item, and for some that are none.

use std::fs::File;

use leaksieve_core::encoding::{Match, ribbon};
use leaksieve_core::sector::{FileId, Payload};

use crate::file::read_payloads;
use crate::in_order::in_order;
use crate::pipeline::BuildError;
use crate::pipeline::encode::{LayerPages, Pages};
use crate::pipeline::partition::{Hashes, NUM_PARTITIONS, Partitions, range_of};
use crate::sizing::measure::Trial;

/// Questions for what is no item, at least, and at least as many as pages. Who fuzzes builds
/// thousands of filters a minute, and holds the bits themselves against the items.
const NUM_TRIAL_PROBES: u32 = if cfg!(fuzzing) { 1_000 } else { 1_000_000 };

/// What asking the finished file gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Items that the file says it does not hold. One is too many.
    pub(crate) num_lost: u64,
    /// Questions for what is no item.
    pub(crate) trial: Trial,
    /// Those of them that the layer has bumped, as the next one is asked.
    others: Vec<u64>,
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
) -> Result<Findings, BuildError> {
    let layers: Vec<LayerPages> = pages.layers().collect();
    let mut all = Findings::default();
    // What the pages of a layer say is in the next; not what the builder put there.
    let mut bumped_before: Option<Hashes> = None;
    for (index, layer) in layers.iter().enumerate() {
        let of_layer = bumped_before.as_ref().unwrap_or(hashes);
        let is_last = index + 1 == layers.len();
        let bumped = Partitions::beside(of_layer);
        let mut others_before = std::mem::take(&mut all.others);
        others_before.sort_unstable();
        in_order(
            num_threads,
            0..NUM_PARTITIONS,
            || {
                let mut scratch = Vec::new();
                let mut writer = bumped.writer();
                let others_before = &others_before;
                move |partition| {
                    // What was put in, not what was written: a fault in between must not hide.
                    let unsorted = of_layer.unsorted(partition, &mut scratch)?;
                    let touched = Touched::read(file, pages.file_id, layer, partition)?;
                    let mut findings = Findings::default();
                    for hash in unsorted {
                        match touched.ask(*hash) {
                            Match::Hit => {}
                            Match::Bumped if !is_last => writer.push(ribbon::rehash(*hash)),
                            Match::Miss | Match::Bumped => findings.num_lost += 1,
                        }
                    }
                    let mut ask_other = |hash| match touched.ask(hash) {
                        Match::Miss => {}
                        Match::Bumped if !is_last => findings.others.push(ribbon::rehash(hash)),
                        Match::Hit | Match::Bumped => findings.trial.num_false_alarms += 1,
                    };
                    if index == 0 {
                        advance(unsorted.len() as u64);
                        let others = others(&touched, seed);
                        findings.trial.num_probes = others.len() as u64;
                        others.for_each(ask_other);
                    } else {
                        others_of(others_before, partition)
                            .iter()
                            .for_each(|hash| ask_other(*hash));
                    }
                    Ok(findings)
                }
            },
            |findings: Result<Findings, BuildError>| {
                let findings = findings?;
                all.num_lost += findings.num_lost;
                all.trial.merge(findings.trial);
                all.others.extend(findings.others);
                Ok::<_, BuildError>(())
            },
        )?;
        bumped_before = Some(bumped.close()?);
    }
    Ok(all)
}

/// What is no item, of a partition: any hash, by chance; that it is an item's is part of the
/// rate.
fn others(touched: &Touched<'_>, seed: u64) -> impl ExactSizeIterator<Item = u64> {
    let partition = touched.partition;
    let range = range_of(partition);
    let first = range.start as u64;
    let num_pages = touched.pages.begun_in(&range).len() as u32;
    let num_probes = NUM_TRIAL_PROBES.div_ceil(NUM_PARTITIONS).max(num_pages);
    (0..num_probes).map(move |probe| {
        let random = mix(seed ^ (u64::from(partition) << 48 | u64::from(probe)));
        first | (random / u64::from(NUM_PARTITIONS))
    })
}

/// Those of a partition among hashes in order.
fn others_of(hashes: &[u64], partition: u32) -> &[u64] {
    let range = range_of(partition);
    let before = |end: u128| hashes.partition_point(|hash| u128::from(*hash) < end);
    &hashes[before(range.start)..before(range.end)]
}

/// The pages that may hold the hashes of a partition.
struct Touched<'a> {
    pages: &'a LayerPages,
    partition: u32,
    first_page: u32,
    contents: Vec<Payload>,
}

impl<'a> Touched<'a> {
    fn read(
        file: &File,
        file_id: FileId,
        pages: &'a LayerPages,
        partition: u32,
    ) -> Result<Self, BuildError> {
        let touched = pages.of_range(&range_of(partition));
        let sectors = pages.sector(touched.start).0..pages.sector(touched.end).0;
        Ok(Self {
            pages,
            partition,
            first_page: touched.start,
            contents: read_payloads(file, file_id, sectors)?,
        })
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
