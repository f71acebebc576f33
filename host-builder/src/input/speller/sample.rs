//! Some records of a list, kept while it is read.

use std::collections::BinaryHeap;

use zeroize::Zeroize;

use crate::input::reject::Place;

/// How many records are kept.
pub(crate) const NUM_RECORDS: usize = 10_000;
/// Longer ones are not kept: they are no identifiers.
const MAX_BYTES: usize = 256;

/// A record that was drawn. The order is the draw's, and has the text in it because several
/// records may stand in one line.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Drawn {
    rank: u64,
    place: Place,
    text: Box<[u8]>,
}

impl Drop for Drawn {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

/// A sample of a list: the records of the smallest ranks, which a seed gives to all places.
///
/// The same list and seed give the same sample, in however many parts the list was read. What
/// is no longer kept is wiped. Of duplicates each is drawn by itself.
pub struct Sample {
    seed: u64,
    limit: usize,
    /// The largest rank is on top.
    drawn: BinaryHeap<Drawn>,
    /// Larger ones are not kept.
    max_rank: u64,
}

impl Sample {
    /// Nothing yet.
    pub fn new(seed: u64) -> Self {
        Self::of(NUM_RECORDS, seed)
    }

    fn of(limit: usize, seed: u64) -> Self {
        Self {
            seed,
            limit,
            drawn: BinaryHeap::new(),
            max_rank: u64::MAX,
        }
    }

    /// Another part of the same draw, with nothing yet.
    pub(crate) fn part(&self) -> Self {
        Self::of(self.limit, self.seed)
    }

    /// Draw a record, or not.
    #[inline]
    pub(crate) fn add(&mut self, place: Place, text: &[u8]) {
        let rank = rank(self.seed, place);
        if rank <= self.max_rank {
            self.push(rank, place, text);
        }
    }

    #[cold]
    fn push(&mut self, rank: u64, place: Place, text: &[u8]) {
        if text.len() <= MAX_BYTES {
            let text = text.into();
            self.keep(Drawn { rank, place, text });
        }
    }

    fn keep(&mut self, drawn: Drawn) {
        self.drawn.push(drawn);
        if self.drawn.len() > self.limit {
            self.drawn.pop();
        }
        if self.drawn.len() == self.limit {
            self.max_rank = self.drawn.peek().map_or(u64::MAX, |last| last.rank);
        }
    }

    /// Take over what was drawn from another part of the list.
    pub(crate) fn merge(&mut self, other: Self) {
        for drawn in other.drawn {
            self.keep(drawn);
        }
    }

    /// The records with their places, in no order.
    pub(crate) fn records(&self) -> impl Iterator<Item = (Place, &[u8])> {
        self.drawn.iter().map(|drawn| (drawn.place, &*drawn.text))
    }
}

/// What a place has in the draw: evenly distributed, by Steele's `SplitMix64` (OOPSLA 2014),
/// each input's lines from a state of their own.
#[inline]
fn rank(seed: u64, place: Place) -> u64 {
    const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
    let first = seed ^ (place.input as u64).rotate_right(20);
    let state = first.wrapping_add(place.line.wrapping_mul(GAMMA));
    let state = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ state >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ state >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: u64) -> Place {
        Place { input: 0, line }
    }

    fn add_all(sample: &mut Sample, lines: impl Iterator<Item = u64>) {
        for line in lines {
            // Two records of each line.
            for part in ["a", "b"] {
                sample.add(place(line), format!("{part}{line}").as_bytes());
            }
        }
    }

    fn sorted(sample: &Sample) -> Vec<(u64, Vec<u8>)> {
        let records = sample
            .records()
            .map(|(place, text)| (place.line, text.to_vec()));
        let mut records: Vec<_> = records.collect();
        records.sort();
        records
    }

    #[test]
    fn the_same_in_any_parts() {
        let mut whole = Sample::of(101, 7);
        add_all(&mut whole, 0..10_000);
        let whole = sorted(&whole);
        assert_eq!(whole.len(), 101);
        let mut parts = Sample::of(101, 7);
        for part in [9, 3, 0, 5, 1, 7, 2, 8, 6, 4] {
            let mut sample = Sample::of(101, 7);
            add_all(&mut sample, (part * 1000..(part + 1) * 1000).rev());
            parts.merge(sample);
        }
        assert_eq!(sorted(&parts), whole);
        let mut other = Sample::of(101, 8);
        add_all(&mut other, 0..10_000);
        assert_ne!(sorted(&other), whole);
        // Drawn from all of the list.
        for tenth in 0..10 {
            let is_in = |line: &u64| line / 1000 == tenth;
            assert!(whole.iter().any(|(line, _)| is_in(line)), "{tenth}");
        }
    }

    #[test]
    fn a_short_list_is_kept_whole() {
        let mut sample = Sample::new(0);
        add_all(&mut sample, 0..50);
        sample.add(place(50), &[b'x'; MAX_BYTES + 1]);
        assert_eq!(sorted(&sample).len(), 100);
    }
}
