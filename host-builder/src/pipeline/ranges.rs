//! Which of some ranges a key is in.

use crate::pipeline::partition::MAX_RANGE;

/// Parts of equal size, about as many ranges in each as there are in it.
const NUM_PARTS: u64 = 1 << 12;

/// Ranges of keys, one behind the other from 0 on.
#[derive(Debug)]
pub(crate) struct Ranges {
    begins: Vec<u64>,
    /// Where the first part begins; what is before belongs to it, too.
    first: u64,
    /// A part has 2^shift keys.
    shift: u32,
    /// For each part the ranges that begin at its begin or before, and at last all.
    before: Vec<u16>,
}

impl Ranges {
    /// Where each range begins, in order, and the first at 0; they are fewer than 2^16.
    pub(crate) fn new(begins: Vec<u64>) -> Self {
        // The bounds that every set has are far from what is in it, most often.
        let mut inner = begins.iter().filter(|begin| **begin % MAX_RANGE != 0);
        let first = inner.next().copied().unwrap_or(0);
        let span = inner.next_back().map_or(0, |last| last - first);
        let shift = (u64::BITS - span.leading_zeros()).saturating_sub(NUM_PARTS.ilog2());
        let up_to = |key: u64| begins.partition_point(|begin| *begin <= key) as u16;
        let before = [1]
            .into_iter()
            .chain((1..NUM_PARTS).map(|part| up_to(first + (part << shift))))
            .chain([begins.len() as u16])
            .collect();
        Self {
            first,
            shift,
            before,
            begins,
        }
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.begins.len()
    }

    /// Where one begins.
    pub(crate) fn begin(&self, range: usize) -> u64 {
        self.begins[range]
    }

    /// Where the range behind one begins; of the last, the largest key.
    pub(crate) fn end(&self, range: usize) -> u64 {
        self.begins.get(range + 1).copied().unwrap_or(u64::MAX)
    }

    /// The range that a key is in.
    pub(crate) fn range_of(&self, key: u64) -> usize {
        let part = (key.saturating_sub(self.first) >> self.shift).min(NUM_PARTS - 1) as usize;
        let [before, up_to] = [part, part + 1].map(|part| usize::from(self.before[part]));
        let begun = self.begins[before..up_to]
            .iter()
            .take_while(|begin| **begin <= key);
        before + begun.count() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_its_range() {
        let many: Vec<u64> = (0..900).map(|place| place * place * 1_000_003).collect();
        for begins in [
            vec![0],
            vec![0, MAX_RANGE, 2 * MAX_RANGE],
            vec![0, 7, 8, 9, MAX_RANGE],
            vec![0, 5, 1 << 62, (1 << 62) + 1],
            many,
        ] {
            let ranges = Ranges::new(begins.clone());
            let near = begins.iter().flat_map(|begin| {
                [
                    begin.saturating_sub(1),
                    *begin,
                    begin + 1,
                    begin + 40_000_000,
                ]
            });
            for key in near.chain([u64::MAX, 1 << 40]) {
                let range = ranges.range_of(key);
                assert!(ranges.begin(range) <= key, "{key} of {begins:?}");
                assert!(
                    key < ranges.end(range) || key == u64::MAX,
                    "{key} of {begins:?}"
                );
            }
        }
    }
}
