//! Records that gave no item: counted by reason, with the places of the first few,
//! never with their text.

use std::collections::BTreeMap;
use std::fmt;

use leaksieve_core::NormaliseError;
use leaksieve_core::encoding::exact::number::MAX_DIGITS;
use serde::{Deserialize, Serialize};

use crate::input::source::Fault;

/// How many places are kept for each reason.
const NUM_PLACES: usize = 3;

/// Why a record gave no item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Reason {
    /// Its row or line is at fault.
    Row(Fault),
    /// Longer than a record may be.
    RecordTooLong,
    /// The core declined it.
    Normalise(NormaliseError),
    /// An item, but no number, where an exact set is to be made.
    NoNumber,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(Fault::FewerCells) => {
                f.write_str("the row has fewer cells than the table has columns")
            }
            Self::Row(Fault::MoreCells) => f.write_str(
                "the row has more cells than the table has columns: has a cell a delimiter in it, and no quotation marks? \
                 Export the table with quotation marks, or with another delimiter",
            ),
            Self::Row(Fault::MoreThanTwoCells(delimiter)) => write!(
                f,
                "the row has more than two cells: if the second takes the rest of the line, \
                 put another delimiter after the first: sed 's/{0}/----/' FILE > NEW",
                char::from(*delimiter)
            ),
            Self::Row(Fault::QuoteWithin) => {
                f.write_str("a quotation mark closes in the middle of a cell, or never")
            }
            Self::Row(Fault::ReturnWithin) => f.write_str(
                "a carriage return within the line: do some lines end with it alone? tr '\\r' '\\n' replaces it",
            ),
            Self::Row(Fault::NotOfCharset) => f.write_str("not text of the charset that was given"),
            Self::Row(Fault::LineEndInQuotes) => f.write_str(
                "a line end within quotes: a stray quotation mark joins rows, or a cell has several lines. \
                 Fix the mark, or export the table with blanks in place of the line ends in its cells",
            ),
            Self::Row(Fault::NotJson) => f.write_str(
                "not one JSON value: each line must be one whole object, without a comma after it",
            ),
            Self::Row(Fault::MissingField) => f.write_str("the line has no such field"),
            Self::Row(Fault::NotText) => {
                f.write_str("the field is an object, an array in an array, true or false")
            }
            Self::Row(Fault::NotWholeNumber) => f.write_str(
                "the field is a number with a fraction or an exponent: its digits may not be those of the identifier",
            ),
            Self::Row(Fault::WholeNumber) => f.write_str(
                "the field is a whole number, which may have lost zeros in front: give it as text, in quotation marks",
            ),
            Self::Row(Fault::NoCount) => {
                f.write_str("no colon and count after the hash")
            }
            Self::Row(Fault::NotACount) => f.write_str(
                "the text after the colon is not a count: look at those lines, and delete them if they are not hashes",
            ),
            Self::Row(Fault::EndsEarly) => f.write_str(
                "the hashes are sorted, and the gap before the first or after the last is larger than chance would leave: \
                 was the list cut short? Passwords of the missing part will be \"not exposed\"",
            ),
            Self::Row(Fault::BelowMinCount) => f.write_str("a count that is too low"),
            Self::Row(Fault::Padding) => f.write_str("a count of 0"),
            Self::RecordTooLong => {
                write!(f, "longer than {} bytes", crate::input::source::MAX_RECORD_BYTES)
            }
            Self::Normalise(error) => error.fmt(f),
            Self::NoNumber => write!(f, "no number of at most {MAX_DIGITS} digits"),
        }
    }
}

/// A record's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Index of the input.
    pub input: usize,
    /// Line, or row of a column, counted from 1.
    pub line: u64,
}

/// The records of one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// How many.
    pub count: u64,
    /// The first of them, in order.
    pub first: Vec<Place>,
}

/// All records that gave no item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejects {
    groups: BTreeMap<Reason, Group>,
}

impl Rejects {
    /// Count a record.
    pub fn add(&mut self, reason: Reason, place: Place) {
        self.groups.entry(reason).or_default().add(1, &[place]);
    }

    /// Take over what was counted of another part of the list.
    pub fn merge(&mut self, other: &Self) {
        for (reason, group) in &other.groups {
            self.groups
                .entry(*reason)
                .or_default()
                .add(group.count, &group.first);
        }
    }

    /// Give each place another, in the same order.
    pub fn move_places(&mut self, to: &dyn Fn(Place) -> Place) {
        for group in self.groups.values_mut() {
            for place in &mut group.first {
                *place = to(*place);
            }
        }
    }

    /// How many, for all reasons.
    pub fn count(&self) -> u64 {
        self.groups.values().map(|group| group.count).sum()
    }

    /// The reasons with their records.
    pub fn groups(&self) -> impl Iterator<Item = (Reason, &Group)> {
        self.groups.iter().map(|(reason, group)| (*reason, group))
    }
}

impl Group {
    fn add(&mut self, count: u64, places: &[Place]) {
        self.count += count;
        // Threads meet batches in any order; what is kept must not depend on it.
        self.first.extend_from_slice(places);
        self.first.sort_unstable();
        self.first.truncate(NUM_PLACES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_in_any_order() {
        let place = |line| Place { input: 0, line };
        let empty = Reason::Normalise(NormaliseError::Empty);
        let lines = [9, 2, 7, 1, 8];
        let mut forward = Rejects::default();
        let mut backward = Rejects::default();
        for line in lines {
            forward.add(empty, place(line));
            let mut one = Rejects::default();
            one.add(empty, place(line));
            one.merge(&backward);
            backward = one;
        }
        assert_eq!(forward, backward);
        assert_eq!(forward.count(), 5);
        let (_, group) = forward.groups().next().unwrap();
        assert_eq!(group.first, [1, 2, 7].map(place));
    }
}
