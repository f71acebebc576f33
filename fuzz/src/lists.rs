//! Lists in every layout: the records of a plain reader.
//!
//! Input: the layout (u8), what it needs (a name or a path, its length before it; a
//! number, u8), then the file.

use std::io::Read;

use leaksieve::input::source::{
    self, Column, Delimiter, Fault, Input as List, Layout, SourceError,
};
use leaksieve_core::IdentifierKind;

use crate::csv_oracle::Table;
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
    let delimiter = match number % 8 {
        0 => None,
        1 => Some(Delimiter::Byte(b',')),
        2 => Some(Delimiter::Byte(b'\t')),
        3 => Some(Delimiter::Byte(b';')),
        4 => Some(Delimiter::Byte(b':')),
        5 => Some(Delimiter::Byte(b'|')),
        6 => Some(Delimiter::Blank),
        _ => name.parse().ok(),
    };
    let kind = profiles::kind(number).unwrap_or(IdentifierKind::Phone);
    let layout = match selector % 6 {
        0 => Layout::Line,
        1 => Layout::LineOf(kind),
        2 => Layout::BeforeColon {
            kind: IdentifierKind::Sha1,
            min_count: number.into(),
        },
        3 => Layout::Table {
            column: Column::Index(name.len()),
            delimiter,
            kind,
        },
        4 => Layout::Table {
            column: Column::Name(name),
            delimiter,
            kind,
        },
        _ => Layout::Field {
            path: name.into(),
            kind,
        },
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
    let has_return = |text: &[u8]| text.contains(&b'\r');
    let numbered = || (1..).zip(lines::plain(content));
    match layout {
        Layout::Line | Layout::LineOf(_) => match found {
            Ok(found) => {
                let mut expected: Vec<Record> = Vec::new();
                for (line, text) in numbered() {
                    let num_returns = text.iter().filter(|byte| **byte == b'\r').count();
                    match num_returns {
                        0 => expected.push((text.to_vec(), line, None)),
                        // It stands for as many lines.
                        _ => expected.extend(std::iter::repeat_n(
                            (Vec::new(), line, Some(Fault::ReturnWithin)),
                            num_returns + 1,
                        )),
                    }
                }
                assert_eq!(found, expected);
            }
            Err(error) => assert!(is_refused_start(&error, content)),
        },
        Layout::BeforeColon { min_count, .. } => {
            let found = match found {
                Ok(found) => found,
                Err(SourceError::EmptyRange { .. }) => return assert!(is_range),
                Err(SourceError::Unsupported { .. } | SourceError::CarriageReturns { .. }) => {
                    return;
                }
                Err(error) => panic!("{error}"),
            };
            let is_of_range = !found
                .iter()
                .any(|record| record.0.len() == 40 && !record.0.starts_with(b"ABCDE"));
            if has_return(&lines::plain(content).concat()) || !is_of_range {
                return;
            }
            let expected: Vec<Record> = numbered()
                .map(|(line, text)| hash_count(text, line, *min_count, is_range))
                .collect();
            assert_eq!(found, expected);
        }
        Layout::Table {
            column,
            delimiter: Some(Delimiter::Byte(delimiter)),
            ..
        } if Table::is_plain(content, *delimiter) => {
            let found = match found {
                Ok(found) => found,
                Err(_) => return,
            };
            if let Column::Index(index) = column {
                assert_eq!(found, Table::column(content, *delimiter, *index));
            }
        }
        // How it is written is found by its first lines. No line is passed over.
        Layout::Table { .. } | Layout::Encoded { .. } => {
            if let Ok(found) = found {
                assert!(found.is_sorted_by_key(|record| record.1));
            }
        }
        Layout::Field { path, kind } => {
            let found = match found {
                Ok(found) => found,
                Err(error) => return assert!(is_refused_start(&error, content)),
            };
            if has_return(&lines::plain(content).concat()) {
                return;
            }
            let mut found = found.as_slice();
            for (line, text) in numbered() {
                let num_records = found.iter().take_while(|record| record.1 == line).count();
                let (here, rest) = found.split_at(num_records);
                json_oracle::compare(text, path, *kind, here);
                found = rest;
            }
            assert!(found.is_empty());
        }
    }
}

/// May the start of a text be refused, whatever its layout?
fn is_refused_start(error: &SourceError, content: &[u8]) -> bool {
    match error {
        SourceError::Unsupported { .. } => content.contains(&0) || content.len() > 257,
        SourceError::CarriageReturns { .. } => content.contains(&b'\r'),
        _ => false,
    }
}

/// A line of a list of hashes.
fn hash_count(line: &[u8], number: u64, min_count: u32, is_range: bool) -> Record {
    let mut parts = line.splitn(2, |byte| *byte == b':');
    let hash = parts.next().unwrap_or_default();
    let count = parts.next().unwrap_or_default().trim_ascii();
    let text = match hash.trim_ascii() {
        suffix if is_range && suffix.len() == 35 => [b"ABCDE", suffix].concat(),
        hash => hash.to_vec(),
    };
    let fault = if count.is_empty() {
        (min_count > 0 && !line.trim_ascii().is_empty()).then_some(Fault::NoCount)
    } else if let Some(count) = plain_count(count) {
        if count == 0 && min_count == 0 {
            Some(Fault::Padding)
        } else {
            (count < min_count.into()).then_some(Fault::BelowMinCount)
        }
    } else {
        Some(Fault::NotACount)
    };
    (text, number, fault)
}

/// Groups of digits with anything between that separates: one of 1 to 3, some of 2 or 3, and
/// one of 3; or digits alone.
fn plain_count(text: &[u8]) -> Option<u128> {
    let text = std::str::from_utf8(text).ok()?;
    let separators = [',', '.', ' ', '\'', '_', '\u{A0}', '\u{202F}', '\u{2019}'];
    let groups: Vec<&str> = text.split(separators).collect();
    let is_count = match groups.as_slice() {
        [] => false,
        [digits] => !digits.is_empty(),
        [first, middle @ .., last] => {
            matches!(first.len(), 1..=3)
                && middle.iter().all(|group| matches!(group.len(), 2 | 3))
                && last.len() == 3
        }
    };
    let digits = groups.concat();
    let is_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    let significant = digits.trim_start_matches('0');
    (is_count && is_digits).then(|| match significant.len() {
        0 => 0,
        // What has more digits than fit is more.
        1..=30 => significant.parse().unwrap_or(u128::MAX),
        _ => u128::MAX,
    })
}
