//! A raw identifier, and what can be wrong with one.

use serde::{Deserialize, Serialize};

use super::charset::MALFORMED;

/// A raw identifier.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its bytes, without the line's end.
    pub text: &'a [u8],
    /// Its line, counted from 1; for a table, the line that its cell ends on.
    pub line: u64,
    /// What is wrong with its row, if anything is.
    pub fault: Option<Fault>,
}

/// Why a record gives no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Fault {
    /// The row has fewer cells than the table has columns.
    FewerCells,
    /// The row has more cells than the table has columns.
    MoreCells,
    /// The same of a table of two columns, of which the second was chosen, with this byte between.
    MoreThanTwoCells(u8),
    /// A quotation mark closes in the middle of a cell, or never.
    QuoteWithin,
    /// The row goes on over a line end within quotes, and may be lines that a stray quotation mark
    /// swallowed: there is one such record for each line end. Or the identifier itself has a line
    /// end within.
    LineEndInQuotes,
    /// A carriage return stands within the line: lines that end with it alone. There is one
    /// such record for each of these.
    ReturnWithin,
    /// The line is not text of the charset that was given.
    NotOfCharset,
    /// The line is no JSON value, or more than one.
    NotJson,
    /// The JSON value has no such field.
    MissingField,
    /// The field is an object, true or false, or an array in an array.
    NotText,
    /// The field is a number with a fraction or an exponent.
    NotWholeNumber,
    /// The field is a whole number, and identifiers of the kind may begin with zeros.
    WholeNumber,
    /// The line has no count, and entries are to be left out by it.
    NoCount,
    /// What stands behind the colon is no count.
    NotACount,
    /// The hashes are sorted, and those at the start or at the end are missing. One such record
    /// stands for all of them.
    EndsEarly,
    /// Its count is lower than was asked for. Left out, not rejected.
    BelowMinCount,
    /// Its count is 0, and none is asked for: an entry that fills up a range. Left out, not
    /// rejected.
    Padding,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) end: usize,
    pub(crate) line: u64,
    pub(crate) fault: Option<Fault>,
}

/// What a batch may have within its lines, and most have not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Odd {
    pub(crate) has_returns: bool,
    has_malformed: bool,
}

impl Odd {
    pub(super) fn of(bytes: &[u8], is_decoded: bool) -> Self {
        let num_returns = memchr::memchr_iter(b'\r', bytes).count();
        let later = bytes.get(1..).unwrap_or_default();
        Self {
            // Nearly always there is none, or one before each line feed.
            has_returns: num_returns > 0
                && num_returns
                    != bytes
                        .iter()
                        .zip(later)
                        .filter(|pair| *pair == (&b'\r', &b'\n'))
                        .count(),
            has_malformed: is_decoded && memchr::memchr(MALFORMED, bytes).is_some(),
        }
    }

    /// What is wrong with this line, and how many lines it may be.
    pub(super) fn fault(self, line: &[u8]) -> Option<(Fault, usize)> {
        if self.has_returns {
            let num_returns = memchr::memchr_iter(b'\r', line).count();
            if num_returns > 0 {
                return Some((Fault::ReturnWithin, num_returns + 1));
            }
        }
        self.is_malformed(line).then_some((Fault::NotOfCharset, 1))
    }

    pub(crate) fn is_malformed(self, text: &[u8]) -> bool {
        self.has_malformed && memchr::memchr(MALFORMED, text).is_some()
    }
}
