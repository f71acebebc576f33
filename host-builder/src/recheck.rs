//! The finished bytes, read back and asked: for every item, and for some that are none.

use std::fs::File;

use leaksieve_core::encoding::{Match, ribbon};
use leaksieve_core::sector::{FileId, Payload};

use crate::build::BuildError;
use crate::encode::{LayerPages, Pages};
use crate::file::read_payloads;
use crate::in_order::in_order;
use crate::measure::Trial;
use crate::partition::{Hashes, NUM_PARTITIONS, Partitions, range_of};

/// Questions for what is no item, at least, and at least as many as pages. Who fuzzes builds
/// thousands of filters a minute, and holds the bits themselves against the items.
const NUM_TRIAL_PROBES: u32 = if cfg!(fuzzing) { 1_000 } else { 1_000_000 };

/// What asking the finished file gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Items that the file says it does not hold. One is too many.
    pub(crate) num_lost: u64,
    /// Questions for what is no item.
    pub(crate) trial: Trial,
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
        let behind = &layers[index + 1..];
        let bumped = Partitions::beside(of_layer);
        in_order(
            num_threads,
            0..NUM_PARTITIONS,
            || {
                let mut scratch = Vec::new();
                let mut writer = bumped.writer();
                move |partition| {
                    // What was put in, not what was written: a fault in between must not hide.
                    let unsorted = of_layer.unsorted(partition, &mut scratch)?;
                    let touched = Touched::read(file, pages.file_id, layer, partition)?;
                    let mut findings = Findings::default();
                    for hash in unsorted {
                        match touched.ask(*hash) {
                            Match::Hit => {}
                            Match::Bumped if !behind.is_empty() => {
                                writer.push(ribbon::rehash(*hash));
                            }
                            Match::Miss | Match::Bumped => findings.num_lost += 1,
                        }
                    }
                    if index == 0 {
                        advance(unsorted.len() as u64);
                        findings.trial = touched.ask_others(file, pages, behind, seed)?;
                    }
                    Ok(findings)
                }
            },
            |findings: Result<Findings, BuildError>| {
                let findings = findings?;
                all.num_lost += findings.num_lost;
                all.trial.merge(findings.trial);
                Ok::<_, BuildError>(())
            },
        )?;
        bumped_before = Some(bumped.close()?);
    }
    Ok(all)
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

    /// Ask for what is no item; what these pages bump, of the layers behind.
    fn ask_others(
        &self,
        file: &File,
        pages: &Pages,
        behind: &[LayerPages],
        seed: u64,
    ) -> Result<Trial, BuildError> {
        let mut trial = Trial::default();
        let range = range_of(self.partition);
        let num_pages = self.pages.begun_in(&range).len() as u64;
        for probe in 0..u64::from(NUM_TRIAL_PROBES.div_ceil(NUM_PARTITIONS)).max(num_pages) {
            // Any of the partition, by chance; that it is an item's is part of the rate.
            let random = mix(seed ^ (u64::from(self.partition) << 48 | probe));
            let mut hash = range.start as u64 | (random / u64::from(NUM_PARTITIONS));
            let mut answer = self.ask(hash);
            for layer in behind {
                if answer != Match::Bumped {
                    break;
                }
                hash = ribbon::rehash(hash);
                let page = layer.layer.page_of(hash);
                let sector = layer.sector(page).0;
                let read = read_payloads(file, pages.file_id, sector..sector + 1)?;
                answer = read.first().map_or(Match::Miss, |content| {
                    layer.layer.query(page, content, hash)
                });
            }
            trial.num_probes += 1;
            if answer != Match::Miss {
                trial.num_false_alarms += 1;
            }
        }
        Ok(trial)
    }
}

/// The output function of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014, figure 14).
const fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
