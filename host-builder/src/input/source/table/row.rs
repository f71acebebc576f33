//! A row of a table -> its cells.

use crate::input::source::column::Delimiter;
use crate::input::source::lines::{without_mark, without_returns};

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// What stands between cells.
    pub(super) delimiter: Delimiter,
    /// What stands around cells, if anything does: a quotation mark or an apostrophe. (TSV has
    /// no quoting, nor have NAME:PASSWORD lists: a stray quotation mark in a nickname must not
    /// swallow the rows behind it.)
    pub(super) quote: Option<u8>,
    /// Blanks stand around the cells and are no part of them.
    pub(super) is_padded: bool,
    /// What is too much in a row belongs to its last cell, as in NAME:PASSWORD; nothing is quoted
    /// then.
    pub(super) has_rest: bool,
}

/// A cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell<'a> {
    pub(super) text: &'a [u8],
    /// The row from this cell to its end, where nothing is quoted.
    pub(super) rest: &'a [u8],
    pub(super) is_quoted: bool,
    /// Line ends of the row before the cell's end.
    pub(super) num_line_ends: u64,
}

/// What a row is, but for its cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) num_cells: usize,
    /// Bytes up to the next row.
    pub(super) num_bytes: usize,
    /// Line ends within quotes.
    pub(super) num_line_ends: u64,
    /// Carriage returns that are neither quoted nor at a line's end.
    pub(super) num_returns: usize,
    /// A quotation mark closed in the middle of a cell.
    pub(super) has_bad_quote: bool,
    /// The text ended within quotes.
    pub(super) is_open: bool,
}

impl Form {
    /// Give the cells of the row at the start of `bytes` to `each`, with their places; of what
    /// is quoted, the cell at `place` alone, if there is one. `unquoted` is memory to work with.
    /// A line without anything is a row without a cell.
    #[inline]
    pub(super) fn row(
        &self,
        bytes: &[u8],
        place: Option<usize>,
        unquoted: &mut Vec<u8>,
        mut each: impl FnMut(usize, Cell<'_>),
    ) -> Row {
        let line_bytes = memchr::memchr(b'\n', bytes);
        let line = &bytes[..line_bytes.unwrap_or(bytes.len())];
        if let Some(quote) = self.quote
            && memchr::memchr(quote, line).is_some()
        {
            return self.quoted(quote, bytes, place, unquoted, &mut each);
        }
        let mut row = Row {
            num_bytes: line_bytes.map_or(bytes.len(), |end| end + 1),
            ..Row::default()
        };
        let line = without_mark(without_returns(line));
        if line.trim_ascii().is_empty() {
            return row;
        }
        row.num_cells = self.plain(line, |place, text, rest| {
            each(
                place,
                Cell {
                    text,
                    rest,
                    is_quoted: false,
                    num_line_ends: 0,
                },
            );
        });
        row
    }

    /// Cells that nothing is quoted in; says how many.
    #[inline]
    pub(super) fn plain(&self, line: &[u8], mut each: impl FnMut(usize, &[u8], &[u8])) -> usize {
        let mut num_cells = 0;
        let mut give = |start: usize, end: usize| {
            each(
                num_cells,
                self.trimmed(&line[start..end]),
                self.trimmed(&line[start..]),
            );
            num_cells += 1;
        };
        let mut start = 0;
        match self.delimiter {
            Delimiter::Byte(byte) => {
                for end in memchr::memchr_iter(byte, line) {
                    give(start, end);
                    start = end + 1;
                }
                give(start, line.len());
            }
            Delimiter::Text { .. } => {
                let delimiter = self.delimiter.as_bytes();
                for end in memchr::memmem::find_iter(line, delimiter) {
                    give(start, end);
                    start = end + delimiter.len();
                }
                give(start, line.len());
            }
            Delimiter::Blank => {
                let blanks = |from: usize| line[from..].iter().take_while(|b| **b == b' ').count();
                start = blanks(0);
                while start < line.len() {
                    let end = memchr::memchr(b' ', &line[start..]);
                    let end = end.map_or(line.len(), |end| start + end);
                    give(start, end);
                    start = end + blanks(end);
                }
            }
        }
        num_cells
    }

    fn trimmed<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        if self.is_padded {
            text.trim_ascii()
        } else {
            text
        }
    }

    /// A row with quotation marks (RFC 4180); they quote at the start of a cell only.
    fn quoted(
        &self,
        quote: u8,
        bytes: &[u8],
        place: Option<usize>,
        unquoted: &mut Vec<u8>,
        each: &mut impl FnMut(usize, Cell<'_>),
    ) -> Row {
        // What quotes is a single byte.
        let delimiter = self.delimiter.as_bytes().first().copied().unwrap_or(b',');
        let mut row = Row::default();
        let mut at = bytes.len() - without_mark(bytes).len();
        loop {
            unquoted.clear();
            let first = if self.is_padded {
                at + bytes[at..].iter().take_while(|b| **b == b' ').count()
            } else {
                at
            };
            let is_quoted = bytes.get(first) == Some(&quote);
            let is_wanted = place.is_none_or(|place| place == row.num_cells);
            if is_quoted {
                at = unquote(quote, bytes, first + 1, &mut row, |text| {
                    if is_wanted {
                        unquoted.extend_from_slice(text);
                    }
                });
            }
            let end = match bytes.get(at) {
                // Behind a closing quotation mark.
                Some(byte) if *byte == delimiter => at,
                _ => memchr::memchr2(delimiter, b'\n', &bytes[at..])
                    .map_or(bytes.len(), |end| at + end),
            };
            let is_last = bytes.get(end) != Some(&delimiter);
            let behind = match is_last {
                true => without_returns(&bytes[at..end]),
                false => &bytes[at..end],
            };
            if !behind.is_empty() {
                row.num_returns += memchr::memchr_iter(b'\r', behind).count();
            }
            let behind = self.trimmed(behind);
            let text = if is_quoted {
                row.has_bad_quote |= !behind.is_empty();
                unquoted.as_slice()
            } else {
                behind
            };
            let cell = Cell {
                text,
                rest: text,
                is_quoted,
                num_line_ends: row.num_line_ends,
            };
            if is_wanted {
                each(row.num_cells, cell);
            }
            row.num_cells += 1;
            at = bytes.len().min(end + 1);
            if is_last {
                row.num_bytes = at;
                return row;
            }
        }
    }

    /// Where the last row begins, if the bytes end within its quotes.
    pub(super) fn open_row(&self, bytes: &[u8]) -> Option<usize> {
        let quote = self.quote?;
        memchr::memchr(quote, bytes)?;
        let delimiter = self.delimiter.as_bytes().first().copied().unwrap_or(b',');
        let (mut is_start, mut is_within, mut row) = (true, false, 0);
        // (A byte at a time: cells are too short to be searched.)
        for (at, byte) in bytes.iter().enumerate() {
            if is_within {
                // Of a doubled mark, the second opens again.
                is_within = *byte != quote;
                is_start = !is_within;
            } else if *byte == quote {
                is_within = is_start;
            } else if *byte == b'\n' {
                (is_start, row) = (true, at + 1);
            } else {
                // A mark that stands elsewhere than at the start of a cell is one of its letters.
                is_start = *byte == delimiter
                    || (is_start && self.is_padded && *byte == b' ')
                    || (at == row + 2 && bytes[row..].starts_with(b"\xEF\xBB\xBF"));
            }
        }
        is_within.then_some(row)
    }
}

/// Give the text within quotation marks, doubled ones as one; says the place behind it.
fn unquote(
    quote: u8,
    bytes: &[u8],
    start: usize,
    row: &mut Row,
    mut give: impl FnMut(&[u8]),
) -> usize {
    let mut at = start;
    loop {
        let mut end = at;
        let end = loop {
            match memchr::memchr2(quote, b'\n', &bytes[end..]) {
                None => break None,
                Some(length) if bytes[end + length] == quote => break Some(end + length),
                Some(length) => {
                    row.num_line_ends += 1;
                    end += length + 1;
                }
            }
        };
        give(&bytes[at..end.unwrap_or(bytes.len())]);
        let Some(end) = end else {
            row.is_open = true;
            return bytes.len();
        };
        at = end + 1;
        if bytes.get(at) != Some(&quote) {
            return at;
        }
        give(&[quote]);
        at += 1;
    }
}
