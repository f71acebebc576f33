//! What stands beside a hash in its line: the password that it is of, a count, or something that
//! a question can never be compared with, such as a salt.
//!
//! The hash says which: that of its password is the hash itself. So the columns are hashed and
//! compared, and a remedy that takes passwords is named only where that was seen.

use std::collections::BTreeSet;

use leaksieve_core::IdentifierKind;

use super::columns::{Table, is_email};
use super::compare::{can_compare, is_of, is_of_both};
use super::contents::Content;
use super::counting::{nearly_all, num, percent};
use super::hash_lines::split;
use super::hashes::{Form, NUM_SUFFIX_DIGITS, is_count};
use super::refusal::{Refusal, pipe};
use super::subject::{Place, Subject};
use crate::input::source::hash_count::{NTLM_DIGITS, SHA1_DIGITS};

/// Lines of which columns are hashed.
const NUM_HASHED: usize = 100;
/// Lines whose digits tell whether they are salts.
const MIN_SALTS: usize = 50;
/// What is done with digits that may be salts.
const DIGITS_REMEDY: &str = "if you know that they are counts, give --min-count 1; if they are salts, no filter can be made of the hashes, because a salted hash cannot be asked";
/// Columns that are hashed, each alone and with each other behind it.
const MAX_COLUMNS: usize = 8;

/// Refuse lines of which hashes are a part, if the rest of the line tells what to do, or may be
/// a salt.
pub(super) fn beside(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    behind_colon(subject, lines)?;
    let is_known = |line: &[u8]| is_hash(subject.kind, split(line).0);
    if nearly_all(num(lines, is_known), lines.len()) {
        return Ok(());
    }
    for table in Table::all(lines, percent(lines.len())) {
        in_table(subject, &table, lines)?;
    }
    Ok(())
}

/// Is this a hash that the list could be of?
fn is_hash(kind: IdentifierKind, text: &[u8]) -> bool {
    match (kind, Form::of(text)) {
        (IdentifierKind::Sha1, form) => {
            matches!(form, Some(Form::Hexadecimal(digits)) if digits == SHA1_DIGITS || digits == NUM_SUFFIX_DIGITS[0])
        }
        (IdentifierKind::Ntlm, form) => {
            matches!(form, Some(Form::Hexadecimal(digits)) if digits == NTLM_DIGITS || digits == NUM_SUFFIX_DIGITS[1])
        }
        (_, form) => form.is_some(),
    }
}

/// `HASH:...` in at least a twentieth of the lines.
fn behind_colon(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    let of_hashes = subject.kind != IdentifierKind::Password;
    let is_counted = matches!(
        subject.place,
        Place::Hashes {
            is_counted: true,
            ..
        }
    );
    let pairs: Vec<(&[u8], &[u8])> = lines
        .iter()
        .filter_map(|line| {
            let (hash, rest) = split(line);
            let rest = rest.filter(|rest| !rest.is_empty())?;
            let is_part = matches!(Form::of(line), None | Some(Form::Salted));
            (is_part && is_hash(subject.kind, hash)).then_some((hash, rest))
        })
        .collect();
    let has_zeros = |rest: &[u8]| {
        rest.len() > 1 && rest[0] == b'0' && rest.iter().all(u8::is_ascii_digit) && !is_counted
    };
    let mut odd = pairs.clone();
    odd.retain(|(_, rest)| !is_count(rest) || is_fraction(rest) || has_zeros(rest));
    let least = if of_hashes { 20 } else { 2 };
    let many = |num: usize| num > 0 && num * least >= lines.len();
    // What are counts by their look may be passwords, of digits alone.
    let num_compared = pairs.len().min(NUM_HASHED);
    let is_password = |(hash, rest): &(&[u8], &[u8])| {
        let first = split(rest).0;
        is_of(hash, rest) || is_of(hash, first)
    };
    let step = pairs.len().div_ceil(NUM_HASHED).max(1);
    let some: Vec<_> = pairs.iter().step_by(step).collect();
    let num_passwords = some.iter().filter(|pair| is_password(pair)).count();
    if many(pairs.len()) && num_compared > 0 && num_passwords * 2 > some.len() {
        return Err(potfile(subject, 2, "colon"));
    }
    let num_salted = some
        .iter()
        .filter(|(hash, rest)| {
            let (salt, password) = split(rest);
            password.is_some_and(|password| is_of_both(hash, salt, password))
        })
        .count();
    if many(pairs.len()) && num_salted * 2 > some.len() {
        return Err(potfile(subject, 3, "colon"));
    }
    if of_hashes && !is_counted && are_like_salts(&pairs) {
        return Err(Refusal::new(
            "hashes with digits after them that are as long as each other and evenly spread, as salts are and counts are not",
            DIGITS_REMEDY,
        ));
    }
    if !many(odd.len()) {
        return Ok(());
    }
    let most = |is: &dyn Fn(&[u8]) -> bool| {
        let num = odd.iter().filter(|(_, rest)| is(rest)).count();
        nearly_all(num, odd.len())
    };
    if num_passwords * 10 > some.len() {
        return Err(Refusal::new(
            "hashes, some with their passwords after them, and some with something else",
            "divide the list by what follows the hashes, and build each part",
        ));
    }
    if most(&|rest| is_short_count(rest) || is_fraction(rest)) {
        let is_sha1 = |(hash, _): &&(&[u8], &[u8])| Form::of(hash) == Some(Form::Hexadecimal(40));
        let kind = match odd.iter().filter(is_sha1).count() == odd.len() {
            _ if of_hashes => "",
            true => " --kind sha1",
            false => " --kind ntlm (if they are NTLM hashes; MD5 hashes are not read)",
        };
        return Err(Refusal::new(
            "hashes with counts that are no whole numbers",
            format!("keep the hashes alone: {}{kind}", pipe("cut -d: -f1")),
        ));
    }
    if most(&|rest| rest.iter().all(u8::is_ascii_digit)) {
        return Err(Refusal::new(
            "hashes with digits after them, of which some begin with zeros, and which are not their passwords",
            DIGITS_REMEDY,
        ));
    }
    if of_hashes && most(&is_email) {
        return Err(Refusal::new(
            "hashes with addresses after them",
            "choose the hashes: --column 1 --delimiter colon",
        ));
    }
    Err(match odd.iter().all(|(hash, _)| can_compare(hash)) {
        true => salted(),
        false => unknown("colon"),
    })
}

/// Columns with something else between than a colon, or with the hash behind another column.
fn in_table(subject: &Subject<'_>, table: &Table, lines: &[&[u8]]) -> Result<(), Refusal> {
    let kind = subject.kind;
    let is_cell =
        |cell: &[u8]| is_hash(kind, cell) && !matches!(Form::of(cell), Some(Form::Base64(_)));
    let Some(hash) = table.columns_of(lines, &is_cell).first().copied() else {
        return Ok(());
    };
    // `HASH:...` was looked at, and may be a count; so write programs checksums of files.
    if hash == 0 && matches!(table.separator.as_slice(), b":" | b"  " | b" *") {
        return Ok(());
    }
    let num_columns = table.num_columns.min(MAX_COLUMNS);
    let rows: Vec<Vec<&[u8]>> = lines
        .iter()
        .step_by(lines.len().div_ceil(NUM_HASHED).max(1))
        .map(|line| cells(table, line, num_columns))
        .filter(|cells| cells.len() == num_columns && is_cell(cells[hash]))
        .collect();
    let most = |is: &dyn Fn(&Vec<&[u8]>) -> bool| {
        rows.iter().filter(|row| is(row)).count() * 2 > rows.len()
    };
    let has_blank_second = |row: &Vec<&[u8]>| row.get(1).is_some_and(|cell| cell.is_empty());
    if hash == 0 && table.separator == b" " && most(&has_blank_second) {
        return Ok(());
    }
    for column in (0..num_columns).filter(|column| *column != hash) {
        let is_password = |row: &Vec<&[u8]>| is_of(row[hash], row[column]);
        let is_salted = |row: &Vec<&[u8]>| {
            let mut salts = row.iter().enumerate();
            salts.any(|(at, salt)| {
                at != hash && at != column && is_of_both(row[hash], salt, row[column])
            })
        };
        if most(&is_password) || most(&is_salted) {
            return Err(potfile(subject, column + 1, &table.option()));
        }
    }
    if !most(&|row| can_compare(row[hash])) {
        return Ok(());
    }
    // As Windows dumps them: NAME:NUMBER:LM:NTLM:::
    let is_dump = |row: &Vec<&[u8]>| {
        matches!(row.as_slice(), [_, number, lm, ntlm, ..]
            if is_count(number) && is_hash(kind, lm) && is_hash(kind, ntlm))
    };
    if kind == IdentifierKind::Ntlm && table.separator == b":" && most(&is_dump) {
        return Ok(());
    }
    let contents = table.contents(lines);
    let may_be_salt = |column: usize| {
        let cells: Vec<&[u8]> = rows.iter().map(|row| row[column]).collect();
        let is_text = matches!(contents.get(column), Some(Content::Text | Content::Hash));
        // In front stands the name, as a rule.
        is_text && !is_words(&cells) && (column > hash || is_like_salts(&cells))
    };
    match (0..num_columns).any(|column| column != hash && may_be_salt(column)) {
        true => Err(salted()),
        false => Ok(()),
    }
}

/// A row's cells; the last takes the rest.
fn cells<'a>(table: &'a Table, line: &'a [u8], num_columns: usize) -> Vec<&'a [u8]> {
    let mut cells: Vec<&[u8]> = table.cells(line).take(num_columns).collect();
    if let Some(last) = cells.last_mut() {
        let start = last.as_ptr() as usize - line.as_ptr() as usize;
        if num_columns == table.num_columns {
            *last = line[start..].trim_ascii();
        }
    }
    cells
}

/// Do these have blanks within, as names of people have, and no salt has?
fn is_words(cells: &[&[u8]]) -> bool {
    let has_blank = |cell: &&&[u8]| cell.contains(&b' ');
    cells.iter().filter(has_blank).count() * 2 > cells.len()
}

/// As long as each other, and no words: most have a digit, a capital or a sign.
fn is_like_salts(cells: &[&[u8]]) -> bool {
    let length = cells.first().map_or(0, |cell| cell.len());
    let is_mixed = |cell: &&&[u8]| cell.len() == length && !cell.iter().all(u8::is_ascii_lowercase);
    length > 1 && cells.iter().filter(is_mixed).count() * 10 >= cells.len() * 9
}

/// Digits behind hashes, as many in each line, nearly all different, and the first as often a
/// large one as a small one: of counts, most begin with 1 or 2, and they do not stop at a length.
fn are_like_salts(pairs: &[(&[u8], &[u8])]) -> bool {
    let Some((_, first)) = pairs.first() else {
        return false;
    };
    let is_alike = |rest: &[u8]| rest.len() == first.len() && rest.iter().all(u8::is_ascii_digit);
    if pairs.len() < MIN_SALTS || first.len() < 4 || !pairs.iter().all(|(_, rest)| is_alike(rest)) {
        return false;
    }
    let num_large = pairs.iter().filter(|(_, rest)| rest[0] >= b'5').count();
    let different: BTreeSet<&[u8]> = pairs.iter().map(|(_, rest)| *rest).collect();
    num_large * 5 > pairs.len() * 2 && different.len() * 10 >= pairs.len() * 8
}

/// `12K`, `1.3M`, `2x`
fn is_short_count(text: &[u8]) -> bool {
    let digits = text
        .iter()
        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
    let rest = &text[digits.count()..];
    text.first().is_some_and(u8::is_ascii_digit)
        && matches!(
            rest.trim_ascii().to_ascii_lowercase().as_slice(),
            b"k" | b"m" | b"b" | b"g" | b"mio" | b"x" | b"+" | b"times"
        )
}

/// `1.0`, `3,5`: by thousands, no digit or three stand behind.
fn is_fraction(text: &[u8]) -> bool {
    let mut parts = text.split(|byte| matches!(byte, b'.' | b','));
    let whole = parts.next().unwrap_or_default();
    let Some(fraction) = parts.next() else {
        return false;
    };
    let is_digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    parts.next().is_none() && is_digits(whole) && is_digits(fraction) && fraction.len() != 3
}

fn potfile(subject: &Subject<'_>, column: usize, delimiter: &str) -> Refusal {
    let kind = match subject.kind {
        IdentifierKind::Password => "",
        _ => "--kind password ",
    };
    let options = format!("{kind}--column {column} --delimiter {delimiter}");
    Refusal::new(
        "hashes with their passwords beside them (a potfile)",
        match subject.place {
            Place::Cells => {
                format!(
                    "write the column to a file, one cell a line, and build that with {options}"
                )
            }
            _ => format!("take the passwords: {options}"),
        },
    )
}

fn salted() -> Refusal {
    Refusal::new(
        "hashes with something beside them that is not their password",
        "if that is a salt, no filter can be made of them, because a salted hash cannot be asked; \
         if it is something else, and the hashes have no salt, give a list of the hashes alone",
    )
}

fn unknown(delimiter: &str) -> Refusal {
    Refusal::new(
        "hashes with something beside them",
        format!(
            "no filter can be made of such hashes; if you know that a column holds the passwords, \
             give --column NUMBER --delimiter {delimiter}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_are_no_whole_numbers() {
        for text in ["12K", "1.3M", "2x", "3 times"] {
            assert!(is_short_count(text.as_bytes()), "{text}");
        }
        for text in ["12", "s12K", "1a2b", "k"] {
            assert!(!is_short_count(text.as_bytes()), "{text}");
        }
        assert!(is_fraction(b"1.0") && is_fraction(b"3,52"));
        assert!(!is_fraction(b"1,234") && !is_fraction(b"9.659.365") && !is_fraction(b"12"));
    }
}
