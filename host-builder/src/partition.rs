//! Hashes -> partitions by their top bits, sorted and without duplicates.
//!
//! Pages grow with the hash (`leaksieve_core::encoding::page_of`), so partitions in
//! order give pages in order.

use std::sync::Mutex;

use leaksieve_core::encoding::first_hash_of;
use rayon::prelude::*;

/// Top bits that choose a partition.
const PARTITION_BITS: u32 = 8;
const NUM_PARTITIONS: usize = 1 << PARTITION_BITS;
/// Hashes that a thread gathers for a partition before it takes the partition's lock.
const WRITE_COMBINED: usize = 256;

const fn partition_of(hash: u64) -> usize {
    (hash >> (u64::BITS - PARTITION_BITS)) as usize
}

/// Partitions that threads put hashes into.
pub struct Partitions(Vec<Mutex<Vec<u64>>>);

/// One thread's way in.
pub struct Writer<'a> {
    partitions: &'a Partitions,
    buffers: Vec<Vec<u64>>,
}

impl Default for Partitions {
    fn default() -> Self {
        Self((0..NUM_PARTITIONS).map(|_| Mutex::default()).collect())
    }
}

impl Partitions {
    /// A thread's way in; what it holds back arrives when it is dropped.
    pub fn writer(&self) -> Writer<'_> {
        Writer {
            partitions: self,
            buffers: (0..NUM_PARTITIONS)
                .map(|_| Vec::with_capacity(WRITE_COMBINED))
                .collect(),
        }
    }

    /// Sort and drop duplicates, on all cores.
    pub fn into_sorted(self) -> SortedHashes {
        let partitions = self
            .0
            .into_par_iter()
            .map(|partition| {
                // A poisoned lock means that a thread panicked, and that panic is on its way.
                let mut hashes = partition.into_inner().unwrap_or_default();
                hashes.sort_unstable();
                hashes.dedup();
                hashes
            })
            .collect();
        SortedHashes(partitions)
    }
}

impl Writer<'_> {
    /// Put a hash in.
    pub fn push(&mut self, hash: u64) {
        let partition = partition_of(hash);
        self.buffers[partition].push(hash);
        if self.buffers[partition].len() == WRITE_COMBINED {
            self.flush(partition);
        }
    }

    fn flush(&mut self, partition: usize) {
        if let Ok(mut hashes) = self.partitions.0[partition].lock() {
            hashes.append(&mut self.buffers[partition]);
        }
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        for partition in 0..NUM_PARTITIONS {
            self.flush(partition);
        }
    }
}

/// Distinct hashes in order.
pub struct SortedHashes(Vec<Vec<u64>>);

impl SortedHashes {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|partition| partition.len() as u64).sum()
    }

    /// A number that two sets of hashes share only by chance: their sum.
    pub fn digest(&self) -> u128 {
        self.0
            .par_iter()
            .map(|partition| partition.iter().map(|hash| u128::from(*hash)).sum())
            .reduce(|| 0, u128::wrapping_add)
    }

    /// The hashes of some neighbouring pages, in order.
    pub fn of_pages(
        &self,
        pages: std::ops::Range<u32>,
        num_pages: u32,
    ) -> impl Iterator<Item = u64> {
        let low = first_hash_of(pages.start, num_pages);
        let high = first_hash_of(pages.end, num_pages);
        let partitions = match (u64::try_from(low), high.checked_sub(1)) {
            (Ok(low), Some(last)) => partition_of(low)..=partition_of(last as u64),
            _ => 0..=0,
        };
        self.0[partitions].iter().flat_map(move |partition| {
            let start = partition.partition_point(|hash| u128::from(*hash) < low);
            let end = partition.partition_point(|hash| u128::from(*hash) < high);
            partition[start..end.max(start)].iter().copied()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use leaksieve_core::encoding::page_of;
    use std::collections::BTreeSet;

    #[test]
    fn as_a_set() {
        let hashes: Vec<u64> = (0..20_000u64)
            .map(|i| (i / 2).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17))
            .chain([0, u64::MAX, 1 << 56, (1 << 56) - 1])
            .collect();
        let partitions = Partitions::default();
        std::thread::scope(|scope| {
            for part in hashes.chunks(3_000) {
                let partitions = &partitions;
                scope.spawn(move || {
                    let mut writer = partitions.writer();
                    part.iter().for_each(|hash| writer.push(*hash));
                });
            }
        });
        let sorted = partitions.into_sorted();
        let oracle: BTreeSet<u64> = hashes.iter().copied().collect();
        assert_eq!(sorted.count(), oracle.len() as u64);
        for num_pages in [1, 2, 255, 256, 257, 9_999] {
            let all: Vec<u64> = sorted.of_pages(0..num_pages, num_pages).collect();
            assert!(all.iter().eq(oracle.iter()));
            for page in [0, num_pages / 3, num_pages - 1] {
                let some: Vec<u64> = sorted.of_pages(page..page + 1, num_pages).collect();
                let expected: Vec<u64> = oracle
                    .iter()
                    .copied()
                    .filter(|hash| page_of(*hash, num_pages) == page)
                    .collect();
                assert_eq!(some, expected);
            }
        }
    }
}
