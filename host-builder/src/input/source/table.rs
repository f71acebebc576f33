//! Tables in CSV and TSV, and lists with several columns -> the cells of one column.
//!
//! The first lines tell how the table is written ([`look`]); then whole rows are given in
//! batches, and taken apart where they are normalised, on all cores.

mod look;
mod row;
mod sample;

use std::fmt;
use std::io::Read;
use std::str::FromStr;
use std::sync::Arc;

use leaksieve_core::IdentifierKind;

use self::look::Look;
use self::row::{Cell, Form, Row};
use super::{Batch, Fault, Input, LineBatches, LineLayout, Odd, Record, Records, SourceError};
use super::{next_batch, start};

/// Longest row that goes on over several lines: 1 MiB.
const MAX_ROW_BYTES: u64 = 1 << 20;
/// Longest delimiter.
const MAX_DELIMITER_BYTES: usize = 8;

/// Which column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// By its name in the first row; `name#3` is column 3, whose name is so.
    Name(String),
    /// By its place, counted from 0; the first row is data.
    Index(usize),
}

impl Column {
    /// A number is a place counted from 1, all else is a name.
    pub fn from_argument(argument: &str) -> Self {
        match argument
            .parse::<usize>()
            .ok()
            .and_then(|place| place.checked_sub(1))
        {
            Some(index) => Self::Index(index),
            None => Self::Name(argument.to_owned()),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "named {name:?}"),
            Self::Index(index) => write!(f, "{}", index + 1),
        }
    }
}

/// The columns of this name, by their places: those that are called so to the letter, else
/// those that differ in case only, else the one that is named with its number (`name#3`).
pub(super) fn places_of(name: &str, names: &[impl AsRef<str>]) -> Vec<usize> {
    let name = name.trim();
    let all = |is_it: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..)
            .zip(names)
            .filter(|(_, found)| is_it(found.as_ref().trim()))
            .map(|(place, _)| place)
            .collect()
    };
    let exact = all(&|found| found == name);
    if !exact.is_empty() {
        return exact;
    }
    let alike = all(&|found| found.eq_ignore_ascii_case(name));
    if !alike.is_empty() {
        return alike;
    }
    let Some((name, number)) = name.rsplit_once('#') else {
        return Vec::new();
    };
    let mut numbered = all(&|found| found.eq_ignore_ascii_case(name.trim_end()));
    numbered.retain(|place| number.parse() == Ok(place + 1));
    numbered
}

/// What stands between the columns of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimiter {
    /// A byte.
    Byte(u8),
    /// One space or several; those before the first cell are none.
    Blank,
    /// A text of several bytes.
    Text {
        /// The text, then zeros.
        bytes: [u8; MAX_DELIMITER_BYTES],
        /// Bytes of the text.
        num_bytes: u8,
    },
}

/// This text cannot stand between columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a delimiter is comma, semicolon, tab, bar, colon, blank, or a text of 1 to 8 bytes without a line end"
)]
pub struct NoDelimiter;

const NAMED: &[(&str, Delimiter)] = &[
    ("comma", Delimiter::Byte(b',')),
    ("semicolon", Delimiter::Byte(b';')),
    ("tab", Delimiter::Byte(b'\t')),
    (r"\t", Delimiter::Byte(b'\t')),
    ("bar", Delimiter::Byte(b'|')),
    ("colon", Delimiter::Byte(b':')),
    ("blank", Delimiter::Blank),
    (" ", Delimiter::Blank),
];

impl FromStr for Delimiter {
    type Err = NoDelimiter;

    fn from_str(text: &str) -> Result<Self, NoDelimiter> {
        if let Some((_, delimiter)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(*delimiter);
        }
        match *text.as_bytes() {
            [byte] if byte != b'\n' && byte != b'\r' => Ok(Self::Byte(byte)),
            [_, _, ..] if text.len() <= MAX_DELIMITER_BYTES && !text.contains(['\n', '\r']) => {
                let mut bytes = [0; MAX_DELIMITER_BYTES];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                Ok(Self::Text {
                    bytes,
                    num_bytes: text.len() as u8,
                })
            }
            _ => Err(NoDelimiter),
        }
    }
}

impl Delimiter {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Byte(byte) => std::slice::from_ref(byte),
            Self::Blank => b" ",
            Self::Text { bytes, num_bytes } => &bytes[..usize::from(*num_bytes)],
        }
    }

    /// Do programs that quote write tables with it? In other lists the last column takes the
    /// rest of the line, as in NAME:PASSWORD.
    const fn is_of_tables(&self) -> bool {
        matches!(self, Self::Byte(b',' | b';' | b'\t' | b'|'))
    }
}

/// As `--delimiter` takes it.
impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMED.iter().find(|(_, delimiter)| delimiter == self) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "'{}'", String::from_utf8_lossy(self.as_bytes())),
        }
    }
}

/// What to read of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) column: &'a Column,
    pub(super) delimiter: Option<Delimiter>,
    pub(super) kind: IdentifierKind,
}

/// A table whose form is known, and the column that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    form: Form,
    /// Cells of a row.
    width: usize,
    /// The column, counted from 0.
    place: usize,
    kind: IdentifierKind,
}

/// Read a table, giving batches of its rows to `take`.
pub(super) fn read<E: From<SourceError>>(
    index: usize,
    input: &Input,
    reader: impl Read,
    is_decoded: bool,
    wanted: Wanted<'_>,
    take: &mut dyn FnMut(Batch) -> Result<(), E>,
) -> Result<(), E> {
    let mut batches = LineBatches::new(reader);
    let Some((mut first_line, mut bytes)) = next_batch(input, &mut batches)? else {
        return Ok(());
    };
    start::check(input, &bytes, is_decoded)?;
    let Some(Look { table, data }) = look::look(input, wanted, &bytes)? else {
        return Ok(());
    };
    let num_line_ends = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count() as u64;
    first_line += num_line_ends(&bytes[..data]);
    bytes.drain(..data);
    let table = Arc::new(table);
    let mut is_cut = start::is_cut(&bytes);
    loop {
        if is_cut {
            start::check_line_ends(input, &bytes)?;
        }
        let open = table.form.open_row(&bytes);
        let longest = open.map_or(0, |open| bytes.len() - open);
        if longest as u64 > MAX_ROW_BYTES || is_cut {
            let line = first_line + num_line_ends(&bytes[..open.unwrap_or(0)]);
            return Err(SourceError::EndlessRow {
                input: input.clone(),
                line,
                limit_bytes: MAX_ROW_BYTES,
            }
            .into());
        }
        let next = next_batch(input, &mut batches)?;
        // What is open at the end of the table stays as it is.
        let rest = match (open, &next) {
            (Some(open), Some(_)) => bytes.split_off(open),
            _ => Vec::new(),
        };
        let next_line = first_line + num_line_ends(&bytes);
        if !bytes.is_empty() {
            take(Batch {
                input: index,
                bytes,
                records: Records::Lines {
                    first_line,
                    layout: LineLayout::Table(Arc::clone(&table)),
                    is_decoded,
                },
            })?;
        }
        let Some((_, more)) = next else {
            return Ok(());
        };
        is_cut = start::is_cut(&more);
        bytes = if rest.is_empty() {
            more
        } else {
            [rest, more].concat()
        };
        first_line = next_line;
    }
}

impl Table {
    /// Call `each` with the cells of the column, or with what is wrong with their rows.
    pub(crate) fn for_each(
        &self,
        bytes: &[u8],
        first_line: u64,
        odd: Odd,
        mut each: impl FnMut(Record<'_>),
    ) {
        let mut unquoted = Vec::new();
        let mut text = Vec::new();
        let (mut at, mut line) = (0, first_line);
        while at < bytes.len() {
            text.clear();
            let mut num_line_ends = 0;
            let rest = &bytes[at..];
            let row = self
                .form
                .row(rest, Some(self.place), &mut unquoted, |place, cell| {
                    if place == self.place {
                        text.extend_from_slice(self.text(cell));
                        num_line_ends = cell.num_line_ends;
                    }
                });
            let last_line = line + row.num_line_ends;
            if row.num_cells > 0 {
                let num_returns = match row.num_returns {
                    0 if odd.has_returns && row.num_line_ends == 0 => self.num_returns(rest, row),
                    found => found,
                };
                let is_swallowed = row.num_line_ends > 0
                    && (self.fault(row, num_returns).is_some()
                        || self.holds_rows(&rest[..row.num_bytes]));
                let mut fault = self.fault(row, num_returns);
                if row.num_line_ends > 0 && fault.is_none() && !without_line_ends(&mut text) {
                    fault = Some(Fault::LineEndInQuotes);
                }
                let fault =
                    fault.or_else(|| odd.is_malformed(&text).then_some(Fault::NotOfCharset));
                each(Record {
                    text: if fault.is_none() { &text } else { b"" },
                    line: line
                        + if fault.is_none() {
                            num_line_ends
                        } else {
                            row.num_line_ends
                        },
                    fault,
                });
                let mut swallowed = |fault, count: u64| {
                    for _ in 0..count {
                        each(Record {
                            text: b"",
                            line: last_line,
                            fault: Some(fault),
                        });
                    }
                };
                if is_swallowed {
                    swallowed(Fault::LineEndInQuotes, row.num_line_ends);
                }
                swallowed(Fault::ReturnWithin, num_returns as u64);
            }
            at += row.num_bytes;
            line = last_line + 1;
        }
    }

    /// Are the lines of this row rows by themselves, which a stray quotation mark joined? Its first
    /// and its last have all cells then, or one in the middle has; a text of several lines has
    /// blanks behind its commas.
    fn holds_rows(&self, bytes: &[u8]) -> bool {
        let delimiter = self.form.delimiter.as_bytes().first().copied();
        let is_row = |line: &[u8]| {
            let ends = line.iter().enumerate().filter(|(at, byte)| {
                let is_in_text = !self.form.is_padded && line.get(at + 1) == Some(&b' ');
                Some(**byte) == delimiter && !is_in_text
            });
            ends.count() + 1 >= self.width
        };
        let mut lines = bytes
            .strip_suffix(b"\n")
            .unwrap_or(bytes)
            .split(|byte| *byte == b'\n');
        let (first, last) = (lines.next(), lines.next_back());
        let has_quote = |line: &[u8]| {
            let quote = self.form.quote.unwrap_or(b'"');
            memchr::memchr(quote, line).is_some()
        };
        (first.is_none_or(is_row) && last.is_none_or(is_row))
            || lines.any(|line| !has_quote(line) && is_row(line))
    }

    /// Carriage returns within a row that has nothing quoted.
    fn num_returns(&self, bytes: &[u8], row: Row) -> usize {
        let line = &bytes[..row.num_bytes];
        if self
            .form
            .quote
            .is_some_and(|quote| memchr::memchr(quote, line).is_some())
        {
            return 0;
        }
        let line = super::lines::without_returns(line.strip_suffix(b"\n").unwrap_or(line));
        memchr::memchr_iter(b'\r', line).count()
    }

    /// What the identifier in a cell is.
    fn text<'a>(&self, cell: Cell<'a>) -> &'a [u8] {
        let is_last = self.place + 1 == self.width;
        let text = if self.form.has_rest && is_last {
            cell.rest
        } else {
            cell.text
        };
        if self.is_null(text, cell.is_quoted) {
            b""
        } else {
            text
        }
    }

    /// Does this cell say that there is nothing, as databases write it? A password or a name
    /// may be "null", and in NAME:PASSWORD lists it may be all.
    fn is_null(&self, text: &[u8], is_quoted: bool) -> bool {
        if text.len() > 6 || text.is_empty() {
            return false;
        }
        match self.kind {
            IdentifierKind::Phone
            | IdentifierKind::Email
            | IdentifierKind::Sha1
            | IdentifierKind::Ntlm => [&br"\N"[..], b"null", b"(null)", b"none", b"nan", b"n/a"]
                .iter()
                .any(|null| null.eq_ignore_ascii_case(text)),
            _ => !is_quoted && !self.form.has_rest && matches!(text, br"\N" | b"NULL"),
        }
    }

    fn fault(&self, row: Row, num_returns: usize) -> Option<Fault> {
        // What is too much belongs to a later column than the first.
        let takes_more = self.form.has_rest
            && (self.place + 1 == self.width
                || (self.place == 0 && !self.form.delimiter.is_of_tables()));
        if num_returns > 0 {
            Some(Fault::ReturnWithin)
        } else if row.has_bad_quote || row.is_open {
            Some(Fault::QuoteWithin)
        } else if row.num_cells < self.width {
            Some(Fault::FewerCells)
        } else if row.num_cells > self.width && !takes_more {
            Some(match self.form.delimiter {
                Delimiter::Byte(byte @ (b',' | b';' | b'|'))
                    if self.width == 2 && self.place == 1 =>
                {
                    Fault::MoreThanTwoCells(byte)
                }
                _ => Fault::MoreCells,
            })
        } else {
            None
        }
    }
}

/// Take line ends off the ends of an identifier; says whether there is none within.
fn without_line_ends(text: &mut Vec<u8>) -> bool {
    while let Some(b'\n' | b'\r') = text.last() {
        text.pop();
    }
    let is_end = |byte: &&u8| matches!(**byte, b'\n' | b'\r');
    let start = text.iter().take_while(is_end).count();
    text.drain(..start);
    memchr::memchr(b'\n', text).is_none()
}

#[cfg(test)]
mod tests;
