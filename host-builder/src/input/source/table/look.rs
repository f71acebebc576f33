//! The first look at a table: what stands between its cells and around them, how many columns
//! it has, and where the wanted one is.

use std::collections::BTreeMap;

use leaksieve_core::IdentifierKind;

use super::row::Form;
use super::rows::Table;
use super::sample::{NUM_ROWS, Sample};
use crate::input::source::column::{Column, Delimiter, Wanted};
use crate::input::source::error::{Remedy, SourceError};
use crate::input::source::input::Input;
use crate::input::source::lines::split as split_lines;
use crate::input::survey::document;

/// Of 10 rows, cells and lines, how many have to be alike.
pub(super) const MIN_OF_10: usize = 9;
/// Of so many NAME;PASSWORD lines, one may have the delimiter in its password.
const MAX_LONGER: usize = 4;
/// So many rows tell whether cells are quoted, where programs seldom do that.
const MIN_QUOTED: usize = 5;
/// The delimiters that are found without being named; the earlier wins a tie.
const CANDIDATES: [Delimiter; 4] = [
    Delimiter::Byte(b'\t'),
    Delimiter::Byte(b';'),
    Delimiter::Byte(b'|'),
    Delimiter::Byte(b','),
];
/// What else may stand between columns, as an error names it. (A blank or a hyphen stands
/// within telephone numbers and names as well.)
const OTHERS: [&str; 11] = [
    "----", "---", "::", "=>", " # ", " : ", ":", "tab", ";", "|", ",",
];
/// What was seen.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) table: Table,
    /// Where the first row of data begins.
    pub(super) data: usize,
}

/// Look at the first lines of a table; `None` if all are blank.
///
/// # Errors
/// [`SourceError`] when the wanted column is not there, or may be another than is meant.
pub(super) fn look(
    input: &Input,
    wanted: Wanted<'_>,
    bytes: &[u8],
) -> Result<Option<Look>, SourceError> {
    let (named, start) = separator_line(bytes);
    let text = &bytes[start..];
    let lines: Vec<&[u8]> = split_lines(text)
        .filter(|line| !line.trim_ascii().is_empty())
        .take(NUM_ROWS)
        .collect();
    if lines.is_empty() {
        return Ok(None);
    }
    refuse_no_table(input, &lines)?;
    let Some(sample) = best(wanted, wanted.delimiter.or(named), text, &lines) else {
        return one_column(input, wanted, text, &lines, start).map(Some);
    };
    let (place, data) = sample.find(input, wanted.column)?;
    Ok(Some(Look {
        table: sample.table(place, wanted),
        data: start + data,
    }))
}

/// A first line that tells the delimiter to Excel (`sep=;`), and where the table begins.
fn separator_line(bytes: &[u8]) -> (Option<Delimiter>, usize) {
    let line = split_lines(bytes).next().unwrap_or_default();
    let unquoted = line
        .strip_prefix(b"\"")
        .and_then(|line| line.strip_suffix(b"\""));
    match unquoted.unwrap_or(line) {
        [key @ .., b'=', delimiter] if key.eq_ignore_ascii_case(b"sep") => {
            let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1);
            (Some(Delimiter::Byte(*delimiter)), end)
        }
        _ => (None, 0),
    }
}

/// Refuse lines that a delimiter takes apart to what are no cells.
fn refuse_no_table(input: &Input, lines: &[&[u8]]) -> Result<(), SourceError> {
    let count = |is_it: &dyn Fn(&[u8]) -> bool| {
        lines.iter().filter(|line| is_it(line.trim_ascii())).count()
    };
    let refuse = |found, remedy| {
        Err(SourceError::Unsupported {
            input: input.clone(),
            found,
            remedy,
        })
    };
    let starts_with = |line: &[u8], start: &[u8]| {
        line.get(..start.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(start))
    };
    // A dump has other statements before.
    let num_inserts = count(&|line| starts_with(line, b"INSERT INTO") && line.contains(&b'('));
    let num_tuples =
        count(&|line| line.starts_with(b"(") && (line.ends_with(b"),") || line.ends_with(b");")));
    if num_inserts * 100 > lines.len() || num_tuples * 10 >= lines.len() * MIN_OF_10 {
        return refuse(
            "a dump of a database (SQL)",
            Remedy::Do(document::sql_remedy(&lines.join(&b'\n'))),
        );
    }
    let num_objects = count(&|line| {
        line.starts_with(b"{")
            && (line.ends_with(b"}") || line.ends_with(b"},"))
            && memchr::memmem::find(line, b"\":").is_some()
    });
    if num_objects * 10 >= lines.len() * MIN_OF_10 {
        return refuse("JSON, not a table", Remedy::Field);
    }
    Ok(())
}

/// The way of writing that the rows have most regularly, or has the column.
fn best<'a>(
    wanted: Wanted<'_>,
    given: Option<Delimiter>,
    text: &'a [u8],
    lines: &[&[u8]],
) -> Option<Sample<'a>> {
    let sample = |delimiter| Sample::new(form(delimiter, wanted.kind, lines), text);
    if let Some(delimiter) = given {
        return Some(sample(delimiter)).filter(|sample| sample.width > 1);
    }
    let (_, sample) = (0..)
        .zip(CANDIDATES.map(sample))
        .filter(|(_, sample)| sample.width > 1 && sample.num_alike * 2 >= sample.rows.len())
        .max_by_key(|(order, sample)| {
            let has_column = match wanted.column {
                Column::Index(index) => sample.width > *index,
                Column::Name(name) => sample.names(name).is_some(),
            };
            // What differs by a few rows does not decide.
            let share = sample.num_alike * 20 / sample.rows.len();
            (has_column, share, sample.width, -order)
        })?;
    Some(sample)
}

/// How rows with this delimiter are written.
fn form(delimiter: Delimiter, kind: IdentifierKind, lines: &[&[u8]]) -> Form {
    let mut form = Form {
        delimiter,
        quote: None,
        is_padded: false,
        has_rest: false,
    };
    if delimiter != Delimiter::Blank {
        let (mut num_cells, mut num_padded) = (0usize, 0usize);
        for line in lines {
            form.plain(line, |place, text, _| {
                if place > 0 && !text.is_empty() {
                    num_cells += 1;
                    num_padded += usize::from(text.starts_with(b" "));
                }
            });
        }
        form.is_padded = num_padded > 0 && num_padded * 10 >= num_cells * MIN_OF_10;
    }
    let Delimiter::Byte(byte) = delimiter else {
        form.has_rest = true;
        return form;
    };
    let is_usual = delimiter.is_of_tables() && byte != b'\t';
    form.quote = [b'"', b'\'']
        .into_iter()
        .find(|quote| is_quoted(form, *quote, lines));
    form.has_rest = form.quote.is_none()
        && (!delimiter.is_of_tables()
            || (is_usual && kind == IdentifierKind::Password && is_pairs(form, lines)));
    if is_usual && !form.has_rest {
        form.quote = form.quote.or(Some(b'"'));
    }
    form
}

/// Are these NAME;PASSWORD lines, with the delimiter in some of the passwords? All have two
/// cells, a few have more, and nothing is quoted: what writes tables would have done that.
fn is_pairs(form: Form, lines: &[&[u8]]) -> bool {
    let (mut num_pairs, mut num_longer) = (0_usize, 0_usize);
    for line in lines {
        let mut is_quoted = false;
        let num_cells = form.plain(line, |_, text, _| {
            is_quoted |= text.len() > 1 && text.starts_with(b"\"") && text.ends_with(b"\"");
        });
        match num_cells {
            _ if is_quoted => return false,
            0 | 1 => return false,
            2 => num_pairs += 1,
            _ => num_longer += 1,
        }
    }
    num_longer > 0 && num_longer * MAX_LONGER <= num_pairs
}

/// Do the cells of a column, or all cells of few rows, stand within such marks?
fn is_quoted(form: Form, quote: u8, lines: &[&[u8]]) -> bool {
    // Names of columns may lack them.
    let rows = match lines {
        [_, rows @ ..] if !rows.is_empty() => rows,
        rows => rows,
    };
    let mut columns = BTreeMap::<usize, (usize, usize)>::new();
    for line in rows {
        form.plain(line, |place, text, _| {
            if !text.is_empty() {
                let (num_cells, num_quoted) = columns.entry(place).or_default();
                *num_cells += 1;
                let is_quoted =
                    text.len() > 1 && text.first() == Some(&quote) && text.last() == Some(&quote);
                *num_quoted += usize::from(is_quoted);
            }
        });
    }
    let is_column = |(num_cells, num_quoted): &(usize, usize)| {
        *num_quoted >= MIN_QUOTED && num_quoted * 10 >= num_cells * MIN_OF_10
    };
    let is_whole = |(num_cells, num_quoted): &(usize, usize)| num_cells == num_quoted;
    columns.values().any(is_column) || (columns.len() > 1 && columns.values().all(is_whole))
}

/// Lines without a delimiter: a table of one column, if it is surely one.
fn one_column(
    input: &Input,
    wanted: Wanted<'_>,
    text: &[u8],
    lines: &[&[u8]],
    start: usize,
) -> Result<Look, SourceError> {
    let most = |is_it: &dyn Fn(&[u8]) -> bool| {
        let num_alike = lines.iter().skip(1).filter(|line| is_it(line)).count();
        lines.len() > 1 && num_alike * 10 >= (lines.len() - 1) * MIN_OF_10
    };
    let is_in_most = |delimiter: &str| {
        let part = if delimiter == "tab" { "\t" } else { delimiter };
        let has = |line: &[u8]| memchr::memmem::find(line, part.as_bytes()).is_some();
        lines
            .first()
            .is_some_and(|line| lines.len() == 1 && has(line))
            || most(&has)
    };
    let other = OTHERS.into_iter().find(|other| is_in_most(other));
    let quoted = |line: &[u8]| line.len() > 1 && line.starts_with(b"\"") && line.ends_with(b"\"");
    let sample = Sample::new(
        Form {
            delimiter: Delimiter::Byte(b','),
            quote: Some(b'"'),
            is_padded: false,
            has_rest: false,
        },
        text,
    );
    let has_name = match wanted.column {
        Column::Name(name) => sample.names(name).is_some(),
        Column::Index(index) => *index == 0 && lines.len() > 1 && most(&quoted),
    };
    if other.is_none() && (has_name || matches!(wanted.column, Column::Name(_))) {
        let (place, data) = sample.find(input, wanted.column)?;
        return Ok(Look {
            table: sample.table(place, wanted),
            data: start + data,
        });
    }
    Err(SourceError::NoDelimiter {
        input: input.clone(),
        wanted: wanted.delimiter.map_or_else(
            || "tab, semicolon, bar or comma".to_owned(),
            |delimiter| format!("delimiter {delimiter}"),
        ),
        column: wanted.column.clone(),
        other: other.and_then(|other| other.parse().ok()),
    })
}
