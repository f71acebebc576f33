//! What was read: lines or fields, and the records in them.

use std::sync::Arc;

use super::hash_count::HashCount;
use super::table::Table;
use super::{charset, json, lines};

/// Raw identifiers of one input, with their places.
#[derive(Debug)]
pub struct Batch {
    /// Index of the input.
    pub input: usize,
    pub(crate) bytes: Vec<u8>,
    pub(crate) records: Records,
}

#[derive(Debug)]
pub(crate) enum Records {
    /// Lines with their ends; the first has this number.
    Lines {
        first_line: u64,
        layout: LineLayout,
        /// They were decoded, and [`charset::MALFORMED`] stands for what could not be.
        is_decoded: bool,
    },
    /// Fields without their delimiters: where each ends, and its line.
    Fields(Vec<Field>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LineLayout {
    Whole,
    HashCount(HashCount),
    Field(Arc<str>),
    Table(Arc<Table>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) end: usize,
    pub(crate) line: u64,
    pub(crate) fault: Option<Fault>,
}

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

impl Batch {
    /// Call `each` with every record of the batch.
    pub fn for_each(&self, mut each: impl FnMut(Record<'_>)) {
        match &self.records {
            Records::Lines {
                first_line,
                layout,
                is_decoded,
            } => {
                let odd = Odd::of(&self.bytes, *is_decoded);
                match layout {
                    LineLayout::Whole if odd == Odd::default() => {
                        for (line, text) in (*first_line..).zip(lines::split(&self.bytes)) {
                            let fault = None;
                            each(Record { text, line, fault });
                        }
                    }
                    LineLayout::Table(table) => {
                        table.for_each(&self.bytes, *first_line, odd, each);
                    }
                    layout => {
                        for (line, text) in (*first_line..).zip(lines::split(&self.bytes)) {
                            let mut give = |text: &[u8], fault| each(Record { text, line, fault });
                            match odd.fault(text) {
                                None => layout.read(text, give),
                                Some((fault, count)) => {
                                    (0..count).for_each(|_| give(b"", Some(fault)));
                                }
                            }
                        }
                    }
                }
            }
            Records::Fields(fields) => {
                let mut start = 0;
                for field in fields {
                    each(Record {
                        text: &self.bytes[start..field.end],
                        line: field.line,
                        fault: field.fault,
                    });
                    start = field.end;
                }
            }
        }
    }
}

impl LineLayout {
    /// Give the identifiers of a line, or what is wrong with it.
    fn read(&self, text: &[u8], mut give: impl FnMut(&[u8], Option<Fault>)) {
        match self {
            Self::HashCount(lines) => lines.read(text, give),
            // What is so long was cut.
            Self::Field(path) if text.len() < lines::BATCH_BYTES => {
                json::identifiers(text, path, |value| match value {
                    Ok(text) => give(text, None),
                    Err(fault) => give(b"", Some(fault)),
                });
            }
            Self::Field(_) | Self::Whole | Self::Table(_) => give(text, None),
        }
    }
}

/// What a batch may have within its lines, and most have not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Odd {
    pub(crate) has_returns: bool,
    has_malformed: bool,
}

impl Odd {
    fn of(bytes: &[u8], is_decoded: bool) -> Self {
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
            has_malformed: is_decoded && memchr::memchr(charset::MALFORMED, bytes).is_some(),
        }
    }

    /// What is wrong with this line, and how many lines it may be.
    fn fault(self, line: &[u8]) -> Option<(Fault, usize)> {
        if self.has_returns {
            let num_returns = memchr::memchr_iter(b'\r', line).count();
            if num_returns > 0 {
                return Some((Fault::ReturnWithin, num_returns + 1));
            }
        }
        self.is_malformed(line).then_some((Fault::NotOfCharset, 1))
    }

    pub(crate) fn is_malformed(self, text: &[u8]) -> bool {
        self.has_malformed && memchr::memchr(charset::MALFORMED, text).is_some()
    }
}
