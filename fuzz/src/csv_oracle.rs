//! A plain reader of tables: the whole text at once, a byte at a time.
//!
//! As RFC 4180 has it, with any delimiter; a row ends with CR, LF or both, blank rows are
//! none, and a quotation mark quotes at the start of a cell only.

use leaksieve::source::{Column, Fault};

use crate::lists::Record;

/// A cell, and the line that it ends on.
struct Cell {
    text: Vec<u8>,
    line: u64,
}

struct Row {
    cells: Vec<Cell>,
    first_line: u64,
    last_line: u64,
}

pub(crate) struct Table(Vec<Row>);

/// Of the delimiters in the first line the most frequent; an earlier one wins a tie.
pub(crate) fn guess(content: &[u8]) -> u8 {
    let first = content.split(|byte| *byte == b'\n').next().unwrap_or(&[]);
    let count = |delimiter: u8| first.iter().filter(|byte| **byte == delimiter).count();
    let mut best = b'\t';
    for delimiter in *b";|," {
        if count(delimiter) > count(best) {
            best = delimiter;
        }
    }
    best
}

impl Table {
    pub(crate) fn read(content: &[u8], delimiter: u8) -> Self {
        let has_quotes = !matches!(delimiter, b'\t' | b':');
        let line_at = |end: usize| {
            let read = &content[..end];
            let line_ends = read.iter().filter(|byte| **byte == b'\n').count() as u64;
            line_ends + u64::from(read.last() != Some(&b'\n'))
        };
        let mut rows = Vec::new();
        let mut at = 0;
        loop {
            while matches!(content.get(at), Some(b'\r' | b'\n')) {
                at += 1;
            }
            if at == content.len() {
                return Self(rows);
            }
            let first_line = line_at(at + 1);
            let mut cells = Vec::new();
            loop {
                let (text, end) = cell(content, at, delimiter, has_quotes);
                // Behind the delimiter or the first byte of the line's end, if there is one.
                at = (end + 1).min(content.len());
                cells.push(Cell {
                    text,
                    line: line_at(at),
                });
                if content.get(end) != Some(&delimiter) {
                    break;
                }
            }
            rows.push(Row {
                cells,
                first_line,
                last_line: line_at(at),
            });
        }
    }

    /// The records of a column, or `None` if there is none of this name.
    pub(crate) fn column(&self, column: &Column) -> Option<Vec<Record>> {
        let mut records = Vec::new();
        let mut wanted = match column {
            Column::Index(index) => Some(*index),
            Column::Name(_) => None,
        };
        for row in &self.0 {
            match (wanted, column) {
                (Some(wanted), _) => records.push(match row.cells.get(wanted) {
                    Some(cell) => (cell.text.clone(), cell.line, None),
                    None => (Vec::new(), row.last_line, Some(Fault::MissingColumn)),
                }),
                (None, Column::Name(name)) => {
                    let name = name.trim().as_bytes();
                    let is_it = |cell: &Cell| cell.text.trim_ascii().eq_ignore_ascii_case(name);
                    wanted = Some(row.cells.iter().position(is_it)?);
                }
                (None, Column::Index(_)) => {}
            }
            for _ in row.first_line..row.last_line {
                records.push((Vec::new(), row.last_line, Some(Fault::LineEndInQuotes)));
            }
        }
        Some(records)
    }
}

/// The cell that begins here, and where its delimiter or line end stands.
fn cell(content: &[u8], start: usize, delimiter: u8, has_quotes: bool) -> (Vec<u8>, usize) {
    let mut text = Vec::new();
    let mut at = start;
    if has_quotes && content.get(at) == Some(&b'"') {
        at += 1;
        loop {
            match content.get(at..) {
                None | Some([]) => return (text, at),
                Some([b'"', b'"', ..]) => {
                    text.push(b'"');
                    at += 2;
                }
                Some([b'"', ..]) => {
                    at += 1;
                    break;
                }
                Some([byte, ..]) => {
                    text.push(*byte);
                    at += 1;
                }
            }
        }
    }
    while let Some(byte) = content.get(at) {
        if *byte == delimiter || matches!(byte, b'\r' | b'\n') {
            break;
        }
        text.push(*byte);
        at += 1;
    }
    (text, at)
}
