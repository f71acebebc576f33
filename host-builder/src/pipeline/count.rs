//! How the items of a list are counted before its pages are made.

use std::ops::Range;

use crate::pipeline::partition::NUM_PARTITIONS;

/// [`BuildOptions::max_counted_records`](crate::pipeline::BuildOptions::max_counted_records) by
/// default.
pub const MAX_COUNTED_RECORDS: u64 = 1 << 26;
/// The share of the partitions that is counted of more: 1 in 64.
pub(crate) const SAMPLED_PARTITIONS: u32 = NUM_PARTITIONS / 64;

/// What is counted of a list's hashes, and what follows from it: the distinct ones of all
/// partitions; or, of a long list, those of the first.
///
/// It depends on the list alone, so that the same list gives the same bytes, however much memory
/// there is and whoever counts.
#[derive(Clone, Copy, Debug)]
pub struct Counting {
    num_records: u64,
    is_estimate: bool,
}

/// How many distinct hashes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// So many, or with a sample no more than so many, but for 1 case in 700.
    pub num_items: u64,
    /// Not all were counted.
    pub is_estimate: bool,
    /// A number that two sets of items share only by chance: the sum of their hashes. Of
    /// an estimate, two lists, because duplicates are summed too.
    pub digest: u128,
}

impl Counting {
    /// Of a list of so many hashes, duplicates included; up to `max_counted_records` all are counted.
    pub const fn new(num_records: u64, max_counted_records: u64) -> Self {
        Self {
            num_records,
            is_estimate: num_records > max_counted_records,
        }
    }

    /// The partitions whose distinct hashes are counted.
    pub const fn partitions(self) -> Range<u32> {
        if self.is_estimate {
            0..SAMPLED_PARTITIONS
        } else {
            0..NUM_PARTITIONS
        }
    }

    /// What follows from the number and the sum of the distinct hashes of [`Self::partitions`],
    /// and the sum of all, duplicates included.
    pub fn count(self, num_distinct: u64, distinct_sum: u128, sum: u128) -> Count {
        if !self.is_estimate {
            return Count {
                num_items: num_distinct,
                is_estimate: false,
                digest: distinct_sum,
            };
        }
        // The partitions share the items as by throws of a die: Poisson's deviation is
        // the root of the mean. Three of them more, so that the rate is kept.
        let sampled = num_distinct as f64;
        let scale = f64::from(NUM_PARTITIONS / SAMPLED_PARTITIONS);
        let whole = (sampled + 3.0 * sampled.sqrt()) * scale;
        Count {
            num_items: (whole.ceil() as u64).min(self.num_records),
            is_estimate: true,
            digest: sum,
        }
    }
}
