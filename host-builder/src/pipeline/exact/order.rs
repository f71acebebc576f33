//! Numbers that are scattered -> ranges of them, and how large their blocks should be.

use std::ops::Range;

use leaksieve_core::Profile;
use leaksieve_core::encoding::exact::BlockSize;
use leaksieve_core::encoding::exact::number::{MAX_DIGITS, item_of};
use leaksieve_core::hash::HashFunction;
use serde::{Deserialize, Serialize};

use super::pages;
use crate::pipeline::partition::{MAX_RANGE, NUM_PARTITIONS};
use crate::sizing::exact::Parameters;

/// Numbers of a range, about: each range begins a page, and has 500 or more.
const NUMBERS_PER_RANGE: u64 = 1 << 19;
/// Numbers that say how large the blocks should be: so many neighbours, of so many places.
const TRIAL_NUMBERS: usize = 8_192;
const TRIALS: u32 = 32;
/// What they may be, as exponents of 10.
const BLOCK_EXPONENTS: [u8; 6] = [0, 3, 4, 5, 6, 7];
/// Odd, so that each number has another product: 2^64 divided by the golden ratio.
const SCATTER: u64 = 0x9E37_79B9_7F4A_7C15;
/// The other way: the product of both is 1.
const GATHER: u64 = 0xF1DE_83E1_9937_733D;
const _: () = assert!(SCATTER.wrapping_mul(GATHER) == 1);

/// A number as one that is as good as a hash: no two have the same. Sums of them tell sets apart,
/// which sums of products would not.
pub(crate) const fn scatter(number: u64) -> u64 {
    let product = number.wrapping_mul(SCATTER);
    (product ^ product >> 32).wrapping_mul(SCATTER)
}

/// The number that was scattered.
pub(crate) const fn gather(key: u64) -> u64 {
    let product = key.wrapping_mul(GATHER);
    (product ^ product >> 32).wrapping_mul(GATHER)
}

/// Where ranges of about equally many numbers begin, from 0 on: by the distinct scattered numbers of
/// the first of [`NUM_PARTITIONS`] partitions, which are a random share. It depends on the set alone.
pub(crate) fn begins(share: &[u64]) -> Vec<u64> {
    let mut share: Vec<u64> = share.iter().map(|key| gather(*key)).collect();
    share.sort_unstable();
    let num_numbers = share.len() as u64 * u64::from(NUM_PARTITIONS);
    // Room for the ranges that are none too wide.
    let most = u64::from(NUM_PARTITIONS) - 2 * (u64::MAX / MAX_RANGE / 2 + 1);
    let num_ranges = (num_numbers / NUMBERS_PER_RANGE).clamp(1, most);
    let mut begins: Vec<u64> = (0..u64::MAX / MAX_RANGE / 2 + 1)
        .map(|range| range * MAX_RANGE)
        .collect();
    begins.extend((1..num_ranges).filter_map(|range| {
        let place = share.len() as u64 * range / num_ranges;
        share.get(place as usize).copied()
    }));
    begins.sort_unstable();
    begins.dedup();
    begins
}

/// Divide ranges into so many parts of about equally many numbers: neighbouring ranges each, or none.
pub(crate) fn parts_of(begins: &[u64], num_parts: usize) -> Vec<Range<usize>> {
    // What begins at a bound that every set has is empty, most often.
    let is_inner = |begin: &u64| !begin.is_multiple_of(MAX_RANGE);
    let num_inner = begins.iter().filter(|begin| is_inner(begin)).count();
    let mut inner = 0;
    let mut parts = vec![0..0; num_parts];
    for (range, begin) in begins.iter().enumerate() {
        inner += usize::from(is_inner(begin));
        let part = &mut parts[inner * num_parts / (num_inner + 1)];
        if part.end == 0 {
            part.start = range;
        }
        part.end = range + 1;
    }
    parts
}

/// Give the hash of each number's item.
pub(crate) fn hash_each(
    profile: &Profile,
    function: HashFunction,
    numbers: impl Iterator<Item = u64>,
    mut give: impl FnMut(u64),
) {
    for number in numbers {
        let mut place = [0; MAX_DIGITS + 1];
        // Each came from an item.
        if let Some(item) = item_of(profile, number, &mut place) {
            give(function.hash_bytes(item));
        }
    }
}

/// Bytes that some of the numbers take, with blocks of each size. The last page counts for what is
/// in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BlockTrial([u64; BLOCK_EXPONENTS.len()]);

impl BlockTrial {
    /// A range is tried if its number is a multiple of this.
    pub(crate) fn step(num_ranges: u32) -> u32 {
        num_ranges.div_ceil(TRIALS).max(1)
    }

    /// Try some of the numbers of a range that is tried.
    pub(crate) fn add(&mut self, numbers: &[u64], num_ranges: u32, parameters: &Parameters) {
        let num_tried = num_ranges.div_ceil(Self::step(num_ranges)).max(1);
        let per_range = TRIALS.div_ceil(num_tried) as usize;
        let apart = (numbers.len() / per_range).max(1);
        for start in (0..numbers.len()).step_by(apart) {
            let end = numbers.len().min(start + TRIAL_NUMBERS.min(apart));
            for (num_bytes, exponent) in self.0.iter_mut().zip(BLOCK_EXPONENTS) {
                let size = block_size(exponent);
                *num_bytes += pages::num_bytes(&numbers[start..end], size, parameters) as u64;
            }
        }
    }

    /// Take over what others tried.
    pub(crate) fn merge(&mut self, other: Self) {
        for (num_bytes, more) in self.0.iter_mut().zip(other.0) {
            *num_bytes += more;
        }
    }

    /// The blocks with which they take least.
    pub(crate) fn best(self) -> BlockSize {
        let sizes = self.0.into_iter().zip(BLOCK_EXPONENTS);
        let best = sizes.min_by_key(|(num_bytes, _)| *num_bytes);
        best.map_or(BlockSize::PAGE, |(_, exponent)| block_size(exponent))
    }
}

fn block_size(exponent: u8) -> BlockSize {
    BlockSize::new(exponent).unwrap_or(BlockSize::PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_all_ranges() {
        for num_keys in [0_u64, 1_000, 20_000, 2_000_000] {
            // Partition 0 of numbers that are so many and more.
            let share: Vec<u64> = (0..num_keys)
                .map(|number| scatter(number * 1_000))
                .collect();
            let begins = begins(&share);
            for num_parts in [1, 64, 1024] {
                let parts = parts_of(&begins, num_parts);
                let ranges: Vec<usize> = parts.iter().cloned().flatten().collect();
                assert!(ranges.iter().copied().eq(0..begins.len()));
                let most = parts.iter().map(|part| {
                    let inner = |range: &usize| !begins[*range].is_multiple_of(MAX_RANGE);
                    part.clone().filter(inner).count()
                });
                let num_inner = begins
                    .iter()
                    .filter(|begin| !begin.is_multiple_of(MAX_RANGE))
                    .count();
                assert!(most.max() <= Some(num_inner / num_parts + 1));
            }
        }
    }
}
