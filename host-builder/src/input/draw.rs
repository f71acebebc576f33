//! Some records of a list, drawn while it is read.

use std::collections::BinaryHeap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroize;

use crate::input::reject::Place;

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

/// The records of the smallest ranks, which a seed gives to all places.
///
/// The same records and seed give the same draw, in however many parts the list was read. What
/// is no longer kept is wiped. Of duplicates each is drawn by itself.
pub(crate) struct Draw {
    seed: u64,
    limit: usize,
    /// The largest rank is on top.
    drawn: BinaryHeap<Drawn>,
    /// Larger ones are not kept.
    max_rank: u64,
}

impl Draw {
    /// Nothing yet.
    pub(crate) fn new(limit: usize, seed: u64) -> Self {
        Self {
            seed,
            limit,
            drawn: BinaryHeap::new(),
            max_rank: u64::MAX,
        }
    }

    /// Another part of the same draw, with nothing yet.
    pub(crate) fn part(&self) -> Self {
        Self::new(self.limit, self.seed)
    }

    /// Draw a record, or not; `text` is asked for only if it is drawn, and may decline.
    #[inline]
    pub(crate) fn add<'a>(&mut self, place: Place, text: impl FnOnce() -> Option<&'a [u8]>) {
        let rank = rank(self.seed, place);
        if rank <= self.max_rank
            && let Some(text) = text()
        {
            self.push(rank, place, text.into());
        }
    }

    #[cold]
    fn push(&mut self, rank: u64, place: Place, text: Box<[u8]>) {
        self.keep(Drawn { rank, place, text });
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

    /// Keep so many of them at most.
    pub(crate) fn keep_some(&mut self, limit: usize) {
        while self.drawn.len() > limit {
            self.drawn.pop();
        }
    }

    /// Give each place another. Nothing is drawn any more then.
    pub(crate) fn move_places(&mut self, to: &dyn Fn(Place) -> Place) {
        let drawn = std::mem::take(&mut self.drawn).into_iter();
        self.drawn = drawn
            .map(|mut drawn| {
                drawn.place = to(drawn.place);
                drawn
            })
            .collect();
    }

    /// The records with their places, in no order.
    pub(crate) fn records(&self) -> impl Iterator<Item = (Place, &[u8])> {
        self.drawn.iter().map(|drawn| (drawn.place, &*drawn.text))
    }

    /// The same: all that there are in their order, or those that were drawn in a random one.
    pub(crate) fn ordered(&self) -> Vec<(Place, &[u8])> {
        let mut drawn: Vec<&Drawn> = self.drawn.iter().collect();
        if drawn.len() < self.limit {
            drawn.sort_unstable_by_key(|drawn| (drawn.place, &drawn.text));
        } else {
            drawn.sort_unstable();
        }
        drawn
            .into_iter()
            .map(|drawn| (drawn.place, &*drawn.text))
            .collect()
    }
}

/// Ranks are not sent: places have them.
impl Serialize for Draw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let records: Vec<(Place, &[u8])> = self.records().collect();
        (self.seed, self.limit, records).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Draw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (seed, limit, records) =
            <(u64, usize, Vec<(Place, Box<[u8]>)>)>::deserialize(deserializer)?;
        let mut draw = Self::new(limit, seed);
        for (place, text) in records {
            draw.push(rank(seed, place), place, text);
        }
        Ok(draw)
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

    fn add_all(draw: &mut Draw, lines: impl Iterator<Item = u64>) {
        for line in lines {
            // Two records of each line.
            for part in ["a", "b"] {
                draw.add(place(line), || {
                    Some(format!("{part}{line}").leak().as_bytes())
                });
            }
        }
    }

    fn sorted(draw: &Draw) -> Vec<(u64, Vec<u8>)> {
        let records = draw
            .records()
            .map(|(place, text)| (place.line, text.to_vec()));
        let mut records: Vec<_> = records.collect();
        records.sort();
        records
    }

    #[test]
    fn the_same_in_any_parts() {
        let mut whole = Draw::new(101, 7);
        add_all(&mut whole, 0..10_000);
        let whole = sorted(&whole);
        assert_eq!(whole.len(), 101);
        let mut parts = Draw::new(101, 7);
        for part in [9, 3, 0, 5, 1, 7, 2, 8, 6, 4] {
            let mut draw = parts.part();
            add_all(&mut draw, (part * 1000..(part + 1) * 1000).rev());
            // As it comes from another machine.
            let sent = postcard::to_stdvec(&draw).unwrap();
            parts.merge(postcard::from_bytes(&sent).unwrap());
        }
        assert_eq!(sorted(&parts), whole);
        let mut other = Draw::new(101, 8);
        add_all(&mut other, 0..10_000);
        assert_ne!(sorted(&other), whole);
        // Drawn from all of the list.
        for tenth in 0..10 {
            let is_in = |line: &u64| line / 1000 == tenth;
            assert!(whole.iter().any(|(line, _)| is_in(line)), "{tenth}");
        }
    }

    #[test]
    fn all_there_are_in_their_order() {
        let mut draw = Draw::new(101, 7);
        add_all(&mut draw, (0..50).rev());
        draw.add(place(50), || None);
        let lines = draw.ordered().into_iter().map(|(place, _)| place.line);
        assert!(lines.eq((0..100).map(|record| record / 2)));
    }
}
