//! The finished bytes, read back and asked: for every item, and for some that are none.

use std::fs::File;

use leaksieve_core::encoding::{Match, bloom, page_of};

use crate::build::BuildError;
use crate::encode::Pages;
use crate::file::read_payloads;
use crate::in_order::in_order;
use crate::measure::Trial;
use crate::partition::{Hashes, NUM_PARTITIONS, range_of};

/// Questions for what is no item, at least; a page is asked at least one. Who fuzzes builds
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
    let mut all = Findings::default();
    in_order(
        num_threads,
        0..NUM_PARTITIONS,
        || {
            let mut scratch = Vec::new();
            move |partition| {
                // What was put in, not what was written: a fault in between must not hide.
                let unsorted = hashes.unsorted(partition, &mut scratch)?;
                advance(unsorted.len() as u64);
                ask_partition(file, pages, partition, unsorted, seed)
            }
        },
        |findings: Result<Findings, BuildError>| {
            let findings = findings?;
            all.num_lost += findings.num_lost;
            all.trial.merge(findings.trial);
            Ok::<_, BuildError>(())
        },
    )?;
    Ok(all)
}

fn ask_partition(
    file: &File,
    pages: &Pages,
    partition: u32,
    hashes: &[u64],
    seed: u64,
) -> Result<Findings, BuildError> {
    let range = range_of(partition);
    let touched = pages.of_range(&range);
    let sectors = pages.sector(touched.start).0..pages.sector(touched.end).0;
    let payloads = read_payloads(file, pages.file_id, sectors)?;
    let ask = |page: u32, hash| {
        payloads
            .get((page - touched.start) as usize)
            .map_or(Match::Miss, |payload| {
                bloom::query(payload, hash, pages.num_hashes)
            })
    };
    let mut findings = Findings::default();
    for hash in hashes {
        if ask(page_of(*hash, pages.num_pages), *hash) == Match::Miss {
            findings.num_lost += 1;
        }
    }
    for page in pages.begun_in(&range) {
        for probe in 0..NUM_TRIAL_PROBES.div_ceil(pages.num_pages) {
            // The page's low bits, by chance; that they are an item's is part of the rate.
            let hash = mix(seed ^ (u64::from(page) << 32 | u64::from(probe)));
            findings.trial.num_probes += 1;
            if ask(page, hash) == Match::Hit {
                findings.trial.num_false_alarms += 1;
            }
        }
    }
    Ok(findings)
}

/// The output function of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014, figure 14).
const fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
