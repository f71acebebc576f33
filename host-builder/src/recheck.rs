//! The finished bytes, read back and asked: for every item, and for some that are none.

use std::fs::File;
use std::io;
use std::ops::Range;

use leaksieve_core::ReadError;
use leaksieve_core::encoding::{Match, bloom, page_of};
use rayon::prelude::*;

use crate::encode::{Pages, groups};
use crate::file::read_payloads;
use crate::measure::Trial;
use crate::partition::SortedHashes;

/// Questions for what is no item, at least; a page is asked at least one.
const NUM_TRIAL_PROBES: u32 = 1_000_000;

/// What asking the finished file gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Items that the file says it does not hold. One is too many.
    pub(crate) num_lost: u64,
    /// Questions for what is no item.
    pub(crate) trial: Trial,
}

impl Findings {
    fn merge(mut self, other: Self) -> Self {
        self.num_lost += other.num_lost;
        self.trial.merge(other.trial);
        self
    }
}

/// Ask the file for all items; `seed` chooses what else is asked for.
pub(crate) fn ask_all(
    file: &File,
    pages: &Pages,
    hashes: &SortedHashes,
    seed: u64,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Findings, ReadError<io::Error>> {
    let groups: Vec<_> = groups(pages.num_pages).collect();
    groups
        .into_par_iter()
        .map(|group| {
            let findings = ask_group(file, pages, hashes, seed, group.clone())?;
            advance(group.len() as u64);
            Ok(findings)
        })
        .try_reduce(Findings::default, |a, b| Ok(a.merge(b)))
}

fn ask_group(
    file: &File,
    pages: &Pages,
    hashes: &SortedHashes,
    seed: u64,
    group: Range<u32>,
) -> Result<Findings, ReadError<io::Error>> {
    let sectors = pages.sector(group.start).0..pages.sector(group.end).0;
    let payloads = read_payloads(file, pages.file_id, sectors)?;
    let mut findings = Findings::default();
    let mut items = hashes.of_pages(group.clone(), pages.num_pages).peekable();
    let mut probe_bits = Vec::new();
    for (page, payload) in group.zip(&payloads) {
        probe_bits.clear();
        while let Some(hash) = items.next_if(|hash| page_of(*hash, pages.num_pages) == page) {
            probe_bits.push(hash as u32);
            if bloom::query(payload, hash, pages.num_hashes) == Match::Miss {
                findings.num_lost += 1;
            }
        }
        probe_bits.sort_unstable();
        for probe in 0..NUM_TRIAL_PROBES.div_ceil(pages.num_pages) {
            let hash = mix(seed ^ (u64::from(page) << 32 | u64::from(probe)));
            // Items that share page and low bits with a question cannot be told from it.
            if probe_bits.binary_search(&(hash as u32)).is_err() {
                findings.trial.num_probes += 1;
                if bloom::query(payload, hash, pages.num_hashes) == Match::Hit {
                    findings.trial.num_false_alarms += 1;
                }
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
