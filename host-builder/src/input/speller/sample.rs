//! Some records of a list, kept while it is read.

use serde::{Deserialize, Serialize};

use crate::input::draw::Draw;
use crate::input::reject::Place;

/// How many records are kept.
pub(crate) const NUM_RECORDS: usize = 10_000;
/// Longer ones are not kept: they are no identifiers.
const MAX_BYTES: usize = 256;

/// A sample of a list. The same list and seed give the same sample, in however many parts the
/// list was read.
#[derive(Serialize, Deserialize)]
pub struct Sample(Draw);

impl Sample {
    /// Nothing yet.
    pub fn new(seed: u64) -> Self {
        Self(Draw::new(NUM_RECORDS, seed))
    }

    /// Another part of the same draw, with nothing yet.
    pub(crate) fn part(&self) -> Self {
        Self(self.0.part())
    }

    /// Draw a record, or not.
    #[inline]
    pub(crate) fn add(&mut self, place: Place, text: &[u8]) {
        self.0
            .add(place, || (text.len() <= MAX_BYTES).then_some(text));
    }

    /// Take over what was drawn from another part of the list.
    pub fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }

    /// Keep so many records at most.
    pub(crate) fn keep_some(&mut self, limit: usize) {
        self.0.keep_some(limit);
    }

    /// Give each place another, when nothing is drawn any more.
    pub(crate) fn move_places(&mut self, to: &dyn Fn(Place) -> Place) {
        self.0.move_places(to);
    }

    /// The records with their places, in no order.
    pub(crate) fn records(&self) -> impl Iterator<Item = (Place, &[u8])> {
        self.0.records()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_list_is_kept_whole() {
        let mut sample = Sample::new(0);
        for (line, num_bytes) in (0..).zip([1, MAX_BYTES, MAX_BYTES + 1, 2]) {
            sample.add(Place { input: 0, line }, &vec![b'x'; num_bytes]);
        }
        assert_eq!(sample.records().count(), 3);
    }
}
