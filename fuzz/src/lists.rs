//! Lists in every layout: the records of a plain reader.
//!
//! Input: the layout (u8), what it needs (a name or a path, its length before it; a
//! number, u8), then the file.

use std::io::Read;

use leaksieve::source::{self, Column, Fault, Input as List, Layout, SourceError};
use leaksieve_core::IdentifierKind;

use crate::csv_oracle::{self, Table};
use crate::input::Input;
use crate::{json_oracle, lines, profiles, scratch};

/// Longest identifier that the plain readers are asked for: more is cut by the reader.
const MAX_BYTES: usize = 60_000;

/// A record: its text, its line, and what is wrong with it.
pub(crate) type Record = (Vec<u8>, u64, Option<Fault>);

/// Run one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let selector = input.byte();
    let name = String::from_utf8_lossy(input.counted()).into_owned();
    let number = input.byte();
    let bytes = input.rest();
    // Parquet has a target of its own.
    if bytes.len() > MAX_BYTES || bytes.starts_with(b"PAR1") {
        return;
    }
    let delimiter = [
        None,
        Some(b','),
        Some(b'\t'),
        Some(b';'),
        Some(b':'),
        Some(b'|'),
    ][usize::from(number) % 6];
    let layout = match selector % 6 {
        0 => Layout::Line,
        1 => Layout::LineOf(profiles::kind(number).unwrap_or(IdentifierKind::Phone)),
        2 => Layout::BeforeColon {
            min_count: number.into(),
        },
        3 => Layout::Table {
            column: Column::Index(name.len()),
            delimiter,
        },
        4 => Layout::Table {
            column: Column::Name(name),
            delimiter,
        },
        _ => Layout::Field(name.into()),
    };
    // A file of this name has lines without their first five digits.
    let is_range = selector >= 128;
    let path = scratch::write(if is_range { "ABCDE.txt" } else { "list.txt" }, bytes);
    let mut content = Vec::new();
    let is_text = source::content(&List::Stdin, bytes)
        .is_ok_and(|reader| reader.take(1 << 20).read_to_end(&mut content).is_ok());
    let found = records(List::File(path), &layout);
    if !is_text {
        assert!(found.is_err());
    } else if matches!(found, Err(SourceError::LooksLike { .. })) {
        // A document, by its start.
        assert_ne!(layout, Layout::Line);
    } else if content.len() <= MAX_BYTES {
        compare(&layout, is_range, &content, found);
    }
}

fn records(input: List, layout: &Layout) -> Result<Vec<Record>, SourceError> {
    let mut records = Vec::new();
    source::read(0, &input, layout, &|_| (), &mut |batch| {
        batch.for_each(|record| records.push((record.text.to_vec(), record.line, record.fault)));
        Ok::<_, SourceError>(())
    })?;
    Ok(records)
}

fn compare(
    layout: &Layout,
    is_range: bool,
    content: &[u8],
    found: Result<Vec<Record>, SourceError>,
) {
    let numbered = (1..).zip(lines::plain(content));
    match layout {
        Layout::Line | Layout::LineOf(_) => {
            let expected: Vec<Record> = numbered
                .map(|(line, text)| (text.to_vec(), line, None))
                .collect();
            assert_eq!(found.expect("lines of any kind"), expected);
        }
        Layout::BeforeColon { min_count } => {
            let is_blank = content.trim_ascii().is_empty();
            let Ok(found) = found else {
                assert!(is_range && is_blank);
                return;
            };
            assert!(!(is_range && is_blank));
            let expected: Vec<Record> = numbered
                .map(|(line, text)| hash_count(text, line, *min_count, is_range))
                .collect();
            assert_eq!(found, expected);
        }
        // The parser drops a second byte order mark by itself.
        Layout::Table { .. } if content.starts_with("\u{FEFF}".as_bytes()) => {}
        Layout::Table { column, delimiter } => {
            let delimiter = delimiter.unwrap_or_else(|| csv_oracle::guess(content));
            let expected = Table::read(content, delimiter).column(column);
            match (found, expected) {
                (Ok(found), Some(expected)) => assert_eq!(found, expected),
                (Err(SourceError::NoSuchColumn { .. }), None) => {}
                (found, expected) => panic!("{found:?}, not {expected:?}"),
            }
        }
        Layout::Field(path) => {
            let found = found.expect("lines of any kind");
            let mut found = found.as_slice();
            for (line, text) in numbered {
                let num_records = found.iter().take_while(|record| record.1 == line).count();
                let (here, rest) = found.split_at(num_records);
                json_oracle::compare(text, path, here);
                found = rest;
            }
            assert!(found.is_empty());
        }
    }
}

/// A line of a list of hashes.
fn hash_count(line: &[u8], number: u64, min_count: u32, is_range: bool) -> Record {
    let mut parts = line.splitn(2, |byte| *byte == b':');
    let hash = parts.next().unwrap_or_default();
    let count = parts.next().unwrap_or_default().trim_ascii();
    let text = match hash.trim_ascii() {
        suffix if is_range && matches!(suffix.len(), 27 | 35) => [b"ABCDE", suffix].concat(),
        _ => hash.to_vec(),
    };
    let fault = if min_count == 0 || line.trim_ascii().is_empty() {
        None
    } else if count.is_empty() || !count.iter().all(u8::is_ascii_digit) {
        Some(Fault::NoCount)
    } else {
        let significant = count.iter().skip_while(|digit| **digit == b'0');
        let significant: String = significant.map(|digit| char::from(*digit)).collect();
        // What has more digits than fit is more.
        let is_less =
            significant.is_empty() || significant.parse().is_ok_and(|n: u32| n < min_count);
        is_less.then_some(Fault::BelowMinCount)
    };
    (text, number, fault)
}
