//! What was read: lines or fields, and the records in them.

use std::sync::Arc;

use leaksieve_core::IdentifierKind;

use super::hash_count::HashCount;
use super::record::{Fault, Field, Odd, Record};
use super::table::Table;
use super::{json, lines};

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
        /// They were decoded, and [`MALFORMED`](super::charset::MALFORMED) stands for what could not be.
        is_decoded: bool,
    },
    /// Fields without their delimiters: where each ends, and its line.
    Fields(Vec<Field>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LineLayout {
    Whole,
    HashCount(HashCount),
    /// The values at a path, of a kind.
    Field(Arc<str>, IdentifierKind),
    Table(Arc<Table>),
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
            Self::Field(path, kind) if text.len() < lines::BATCH_BYTES => {
                json::identifiers(text, path, *kind, |value| match value {
                    Ok(text) => give(text, None),
                    Err(fault) => give(b"", Some(fault)),
                });
            }
            Self::Field(..) | Self::Whole | Self::Table(_) => give(text, None),
        }
    }
}
