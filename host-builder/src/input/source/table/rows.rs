//! Whole rows of a table -> the cells of one column.

use leaksieve_core::IdentifierKind;

use super::row::{Cell, Form, Row};
use crate::input::source::column::Delimiter;
use crate::input::source::lines::without_returns;
use crate::input::source::record::{Fault, Odd, Record};

/// A table whose form is known, and the column that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(super) form: Form,
    /// Cells of a row.
    pub(super) width: usize,
    /// The column, counted from 0.
    pub(super) place: usize,
    pub(super) kind: IdentifierKind,
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
        let line = without_returns(line.strip_suffix(b"\n").unwrap_or(line));
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
