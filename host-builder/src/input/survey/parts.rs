//! Ids and what stands beside them. A code may have groups, as in `123-45-6789`, and the groups
//! of one kind of code have the same lengths. Two parts that are others in each line, one of which
//! has other lengths, are two things.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use super::choose::{choose, several};
use super::columns::{Table, is_email};
use super::contents::choice;
use super::counting::{nearly_all, num, percent};
use super::course::{Course, plain_number};
use super::refusal::Refusal;
use super::subject::{Place, Subject};

const FEW: usize = 3;
/// Fewest digits of a part that may be an id by itself.
const MIN_DIGITS: usize = 6;

/// Fewest of one that is no group of an id, whatever stands beside it.
const MIN_WHOLE: usize = 9;

/// A text's part, and what stands in front of it.
type Part<'a> = (&'a str, &'a str);

/// Refuse ids with counts, names or dates beside them.
pub(super) fn parts(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    let is_whole = |line: &[u8]| {
        is_email(line)
            || std::str::from_utf8(line).is_ok_and(|text| {
                text.parse::<SocketAddr>().is_ok() || text.parse::<IpAddr>().is_ok()
            })
    };
    if lines.len() < FEW || nearly_all(num(lines, is_whole), lines.len()) {
        return Ok(());
    }
    let rows: Vec<Vec<Part<'_>>> = lines
        .iter()
        .filter_map(|line| std::str::from_utf8(line).ok())
        .map(divide)
        .collect();
    let tables = Table::all(lines, percent(lines.len()));
    if are_ids(&rows, lines.len()) {
        let dash = || Table::with(lines, b"-", percent(lines.len()));
        let Some(table) = tables.first().cloned().or_else(dash) else {
            return Err(two_things(subject));
        };
        let one = several(&table).remedy;
        let delimiter = table.option();
        return Err(Refusal::new(
            format!("two ids a line, with {} between", table.words()),
            format!(
                "if people type both, {one}; if they type one, give --column NUMBER --delimiter {delimiter}"
            ),
        ));
    }
    if !are_two(&rows, lines.len()) {
        return Ok(());
    }
    let chosen = tables.iter().find_map(|table| {
        let contents = table.contents(lines);
        Some((table, choice(subject.kind, table, &contents, lines)?))
    });
    Err(match (chosen, tables.first()) {
        (Some((table, column)), _) => choose(subject, table, Some(column), lines),
        (None, Some(table)) => choose(subject, table, None, lines),
        (None, None) => two_things(subject),
    })
}

fn two_things(subject: &Subject<'_>) -> Refusal {
    Refusal::new(
        "two things a line, of which one is the id",
        if subject.place == Place::Cells {
            "write the column to a file and keep the ids there, one a line"
        } else {
            "keep the ids, one a line"
        },
    )
}

/// Two in each line, both too long for groups of one, and both others in each line.
fn are_ids(rows: &[Vec<Part<'_>>], num_lines: usize) -> bool {
    let pairs: Vec<&[Part<'_>; 2]> = rows
        .iter()
        .filter_map(|row| row.as_slice().try_into().ok())
        .collect();
    let Some([_, (signs, _)]) = pairs.first() else {
        return false;
    };
    let is_long =
        |part: &str| part.chars().count() >= MIN_WHOLE && part.chars().any(|c| c.is_ascii_digit());
    let is_pair = |pair: &&&[Part<'_>; 2]| {
        let [(front, first), (between, second)] = pair;
        front.is_empty()
            && between == signs
            && is_long(first)
            && is_long(second)
            // One may be written with a hyphen, too.
            && (*signs != "-" || first.len() == second.len())
    };
    let are_own = |at: usize| {
        let different: BTreeSet<&str> = pairs.iter().map(|pair| pair[at].1).collect();
        different.len() * 2 > pairs.len()
    };
    !matches!(*signs, "_" | "." | ":")
        && nearly_all(pairs.iter().filter(is_pair).count(), num_lines)
        && are_own(0)
        && are_own(1)
}

/// The parts of a line, each with the signs in front of it.
fn divide(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let len = rest.find(char::is_alphanumeric).unwrap_or(rest.len());
        let (signs, behind) = rest.split_at(len);
        let len = behind
            .find(|c: char| !c.is_alphanumeric())
            .unwrap_or(behind.len());
        let (part, behind) = behind.split_at(len);
        if !part.is_empty() {
            parts.push((signs, part));
        }
        rest = behind;
    }
    parts
}

/// A part of all lines.
struct Column<'a> {
    signs: BTreeSet<&'a str>,
    /// It says whose line it is.
    is_own: bool,
    /// Its lengths differ from line to line.
    is_ragged: bool,
    is_ranks: bool,
    /// Numbers of different lengths.
    is_count: bool,
    has_letters: bool,
    has_digits: bool,
    max_len: usize,
    is_year: bool,
    /// `DE`, `GBR`: two or three capitals, and no names.
    is_code: bool,
}

impl<'a> Column<'a> {
    fn of(cells: &[Part<'a>]) -> Self {
        let texts: BTreeSet<&str> = cells.iter().map(|cell| cell.1).collect();
        let mut lengths: Vec<usize> = cells.iter().map(|cell| cell.1.chars().count()).collect();
        lengths.sort_unstable();
        let usual = lengths.chunk_by(|a, b| a == b).map(<[usize]>::len).max();
        let digits: Vec<&[u8]> = cells
            .iter()
            .filter_map(|cell| plain_number(cell.1.as_bytes()))
            .filter(|digits| digits.len() <= 18)
            .collect();
        let course = Course::of(&digits);
        let are_numbers = digits.len() == cells.len();
        let is_year =
            |text: &&&str| text.len() == 4 && (text.starts_with("19") || text.starts_with("20"));
        let some = |is: fn(char) -> bool| {
            cells.iter().filter(|cell| cell.1.contains(is)).count() * 2 > cells.len()
        };
        let is_code = |text: &&str| text.len() <= 3 && text.bytes().all(|c| c.is_ascii_uppercase());
        Self {
            signs: cells.iter().map(|cell| cell.0).collect(),
            is_own: texts.len() * 2 > cells.len(),
            is_ragged: !nearly_all(usual.unwrap_or(0), cells.len()),
            is_ranks: are_numbers && course.is_ranks(),
            is_count: are_numbers && course.is_counts(),
            has_letters: some(char::is_alphabetic),
            has_digits: some(char::is_numeric),
            max_len: lengths.last().copied().unwrap_or(0),
            is_code: texts.iter().all(is_code),
            is_year: texts.iter().filter(is_year).count() * 10 >= texts.len() * 9,
        }
    }

    fn is_of(&self, signs: &str) -> bool {
        self.signs.len() == 1 && self.signs.contains(signs)
    }
}

fn are_two(rows: &[Vec<Part<'_>>], num_lines: usize) -> bool {
    let mut lengths: Vec<usize> = rows.iter().map(Vec::len).collect();
    lengths.sort_unstable();
    let Some(usual) = lengths.chunk_by(|a, b| a == b).max_by_key(|run| run.len()) else {
        return false;
    };
    let (num_parts, num_usual) = (usual[0], usual.len());
    let columns: Vec<Column<'_>> = if nearly_all(num_usual, num_lines) {
        let rows = || rows.iter().filter(|row| row.len() == num_parts);
        (0..num_parts)
            .map(|at| Column::of(&rows().map(|row| row[at]).collect::<Vec<_>>()))
            .collect()
    } else {
        // Names have two words or three; the first part and the last are still there.
        let rows: Vec<_> = rows.iter().filter(|row| row.len() > 1).collect();
        if !nearly_all(rows.len(), num_lines) {
            return false;
        }
        let first: Vec<Part<'_>> = rows.iter().map(|row| row[0]).collect();
        let last: Vec<Part<'_>> = rows.iter().map(|row| row[row.len() - 1]).collect();
        vec![Column::of(&first), Column::of(&last)]
    };
    let own: Vec<&Column<'_>> = columns
        .iter()
        .filter(|column| column.is_own && !column.is_year && !column.is_code)
        .collect();
    // Readable codes: blue-whale-42.
    let is_slug = columns.iter().any(|column| column.has_letters)
        && columns
            .iter()
            .skip(1)
            .all(|column| column.is_of("-") || column.is_of("_"))
        && !columns
            .iter()
            .any(|column| column.has_digits && !column.has_letters && column.max_len >= MIN_DIGITS);
    let has_digits = own.iter().any(|column| column.has_digits);
    let is_beside = own.len() > 1
        && has_digits
        && !is_slug
        && own.iter().any(|column| column.is_ragged || column.is_ranks);
    // An id as it is, and names or counts, of which many stand there twice.
    let is_id = |column: &Column<'_>| {
        column.is_own && !column.is_ragged && column.has_digits && column.max_len >= MIN_DIGITS
    };
    let is_other = |(at, column): (usize, &Column<'_>)| {
        // GBR-123456: what repeats in front of a hyphen is a part of the code.
        let next = columns.get(at + 1);
        let is_code = column.is_code || next.is_some_and(|next| next.is_of("-") || next.is_of("_"));
        column.is_ragged && (column.is_count || (column.has_letters && !is_code))
    };
    let has_other = columns.iter().enumerate().any(is_other);
    is_beside || (has_other && columns.iter().any(is_id)) || has_date(&columns)
}

/// A date beside an id, with other signs between: `12345 1980-01-12`.
fn has_date(columns: &[Column<'_>]) -> bool {
    columns.windows(3).enumerate().any(|(at, date)| {
        let [first, second, third] = date else {
            return false;
        };
        let inner = |sign: &str| second.is_of(sign) && third.is_of(sign);
        let Some(sign) = ["-", ".", "/"].into_iter().find(|sign| inner(sign)) else {
            return false;
        };
        let is_digits = date.iter().all(|part| part.has_digits && !part.has_letters);
        let lens = [first.max_len, second.max_len, third.max_len];
        let is_date = is_digits
            && ((lens == [4, 2, 2] && first.is_year) || (lens == [2, 2, 4] && third.is_year));
        let is_apart = |column: &Column<'_>| !column.is_of(sign);
        let before = at > 0 && columns[at - 1].is_own && is_apart(first);
        let behind = columns
            .get(at + 3)
            .is_some_and(|next| next.is_own && is_apart(next));
        is_date && (before || behind)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(texts: &[String]) -> bool {
        let rows: Vec<Vec<Part<'_>>> = texts.iter().map(|text| divide(text)).collect();
        are_two(&rows, rows.len())
    }

    #[test]
    fn codes_and_what_is_beside_them() {
        let names = ["ann", "roberta", "li", "maximilian", "jo", "charles"];
        let dates = [
            "1980-01-12",
            "1991-11-02",
            "1975-06-30",
            "1962-03-04",
            "2001-09-09",
            "1988-12-24",
        ];
        let code = |i: usize| 104_729 * (i + 1);
        let of = |line: &dyn Fn(usize) -> String| judge(&(0..6).map(line).collect::<Vec<_>>());
        assert!(of(&|i| format!("{} {:09}", names[i], code(i))));
        assert!(of(&|i| format!("{:09}/{}", code(i), names[i])));
        assert!(of(&|i| format!("{:09} {}", code(i), 7_usize.pow(i as u32))));
        assert!(of(&|i| format!("{} {:09}", i + 1, code(i))));
        assert!(of(&|i| format!("{:09} {}", code(i), dates[i])));
        assert!(!of(&|i| format!(
            "{:03}-{:02}-{:04}",
            code(i) % 997,
            code(i) % 97,
            code(i) % 9973
        )));
        assert!(!of(&|i| format!("AB {:06} C", code(i))));
        assert!(!of(&|i| format!("12/345/6{}", code(i))));
        assert!(!of(&|i| format!("{}-{i}", names[i])));
        assert!(!of(&|i| dates[i].to_owned()));
        assert!(!of(&|i| format!("{}-{:04}", dates[i], code(i) % 9973)));
        assert!(!of(&|i| format!("{}/{}", i * 37 + 5, 2001 + i)));
        let country = ["DE", "FR", "GBR", "IT", "NL", "AUT"];
        assert!(!of(&|i| format!("{}-{:07}", country[i], code(i))));
        assert!(!of(&|i| format!(
            "{}-{} {}",
            country[i],
            "ABC",
            code(i) % 997
        )));
    }
}
