//! A look at lines: what comes off, and what is refused. Kinds with a syntax; the others are in
//! `free`.

use std::collections::BTreeMap;

use leaksieve_core::{IdentifierKind, Profile};
use serde::de::IgnoredAny;

use super::around::around;
use super::choose::{choose, several};
use super::columns::Table;
use super::counting::{nearly_all, num, percent};
use super::free;
use super::hash_lines::{company, dump, hashes, split};
use super::masks::masks;
use super::numbered::in_front_of_syntax;
use super::phones::numbers;
use super::refusal::{Refusal, pipe};
use super::scraped::scraped;
use super::subject::{Manner, Place, Subject};
use super::wrap::has_syntax;
use super::writing::{is_date, is_time};

/// Fewest lines of which it is said that they are international.
const MIN_INTERNATIONAL: usize = 20;

/// Look at lines, none of which is blank.
pub(super) fn look(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<Manner, Refusal> {
    look_at(subject, lines).map_err(|refusal| match subject.place {
        Place::Cells => refusal.of_cells(),
        _ => refusal,
    })
}

fn look_at(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<Manner, Refusal> {
    if lines.is_empty() {
        return Ok(Manner::default());
    }
    let trimmed: Vec<&[u8]> = lines.iter().map(|line| line.trim_ascii()).collect();
    json(subject, &trimmed)?;
    blocks(subject, &trimmed)?;
    dump(subject, &trimmed)?;
    masks(subject, &trimmed)?;
    company(subject, &trimmed)?;
    if !has_syntax(subject.kind) && !is_resident(subject.profile) {
        return free::look(subject, lines, &trimmed, look);
    }
    let mut manner = Manner::default();
    match subject.kind {
        IdentifierKind::Sha1 | IdentifierKind::Ntlm => hashes(subject, &trimmed)?,
        IdentifierKind::Phone => {
            numbers(subject, &trimmed)?;
            in_front_of_syntax(subject, lines, &trimmed)?;
            manner.is_international = is_international(subject, &trimmed);
        }
        IdentifierKind::Email => {
            scraped(subject, &trimmed, false)?;
            in_front_of_syntax(subject, lines, &trimmed)?;
            behind_numbers(&trimmed)?;
            around(subject, &trimmed)?;
            scraped(subject, &trimmed, true)?;
        }
        _ => {}
    }
    columns(subject, &trimmed)?;
    Ok(manner)
}

fn is_resident(profile: &Profile) -> bool {
    use leaksieve_core::identifier::IdScheme;
    matches!(profile, Profile::Id(scheme) if !matches!(scheme, IdScheme::Plain(..)))
}

/// Blocks of lines, each with a key and its value: `login=ann`, `USER: ann`.
fn blocks(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    const MIN_LINES: usize = 20;
    const MAX_KEYS: usize = 12;
    // What is in front of numbers and addresses comes off.
    if lines.len() < MIN_LINES || has_syntax(subject.kind) {
        return Ok(());
    }
    for sign in [b':', b'='] {
        let key = |line: &[u8]| -> Option<Vec<u8>> {
            let at = memchr::memchr(sign, line)?;
            let key = line[..at].trim_ascii();
            // A link: https://...
            if line[at + 1..].starts_with(b"//") {
                return None;
            }
            let is_word =
                |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b' ');
            (!key.is_empty() && key.iter().all(is_word)).then(|| key.to_ascii_lowercase())
        };
        let mut counts: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        for key in lines.iter().filter_map(|line| key(line)) {
            *counts.entry(key).or_default() += 1;
        }
        // Each key comes as often as there are blocks.
        let most = counts.values().copied().max().unwrap_or(0);
        let num_usual: usize = counts.values().filter(|count| **count * 2 > most).sum();
        let num_keys = counts.values().filter(|count| **count * 2 > most).count();
        if (2..=MAX_KEYS).contains(&num_keys) && most >= 3 && num_usual * 10 >= lines.len() * 6 {
            let sign = char::from(sign);
            return Err(Refusal::new(
                format!("blocks of lines, each with a name, {sign:?} and a value"),
                format!(
                    "take the values of one name (NAME is what stands before {sign:?}): {}",
                    pipe(&format!("sed -n 's/^ *NAME *{sign} *//p'"))
                ),
            ));
        }
    }
    Ok(())
}

fn json(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    let is_object =
        |line: &[u8]| line.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(line).is_ok();
    let num_objects = num(lines, is_object);
    let are_many = lines.len() >= 50 && num_objects * 3 > lines.len();
    if !(are_many || nearly_all(num_objects, lines.len())) {
        return Ok(());
    }
    Err(if subject.place == Place::Cells {
        Refusal::new(
            "JSON within cells",
            "write the column to a file, one cell a line, and name the field with --field NAME",
        )
    } else {
        Refusal::new("JSON lines", "name the field with --field NAME")
    })
}

/// Addresses behind long numbers, with a sign between that an address may have, too:
/// `13800138000_ann@example.com`.
fn behind_numbers(lines: &[&[u8]]) -> Result<(), Refusal> {
    const MIN_LINES: usize = 10;
    const MIN_DIGITS: usize = 5;
    let is_so = |line: &[u8]| {
        let num_digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
        num_digits >= MIN_DIGITS
            && matches!(line.get(num_digits..), Some([b'-' | b'_' | b'.', first, ..]) if first.is_ascii_alphabetic())
    };
    if lines.len() >= MIN_LINES && nearly_all(num(lines, is_so), lines.len()) {
        return Err(Refusal::new(
            "addresses with numbers in front",
            format!("take them off: {}", pipe("sed -E 's/^[0-9]+[-_.]//'")),
        ));
    }
    Ok(())
}

/// Are nearly all lines digits that begin with the region's calling code, and are numbers so?
fn is_international(subject: &Subject<'_>, lines: &[&[u8]]) -> bool {
    let Profile::Phone(phone) = subject.profile else {
        return false;
    };
    if phone.is_world() {
        return false;
    }
    let code = phone.calling_code.to_string();
    let is_so = |line: &[u8]| {
        line.starts_with(code.as_bytes())
            && line.iter().all(u8::is_ascii_digit)
            && subject.is_identifier(&[b"+", line].concat())
    };
    let num_so = num(lines, is_so);
    num_so >= MIN_INTERNATIONAL && nearly_all(num_so, lines.len())
}

/// Lines with an identifier in one of several columns.
fn columns(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    // A label is no column: tel:+86-138-0013-8000.
    let bare: Vec<Vec<u8>> = lines.iter().map(|line| subject.bare(line)).collect();
    let lines: &[&[u8]] = &bare.iter().map(Vec::as_slice).collect::<Vec<_>>();
    // (2021-06-11 would be a number of eight digits.)
    let holds = |text: &[u8]| !is_date(text) && subject.holds_identifier(text);
    let is_good = nearly_all(num(lines, |line| subject.is_identifier(line)), lines.len());
    let is_phone = subject.kind == IdentifierKind::Phone;
    let is_hash = matches!(subject.kind, IdentifierKind::Sha1 | IdentifierKind::Ntlm);
    // `HASH:COUNT`, which was looked at.
    let is_hash_count = |line: &[u8]| is_hash && holds(split(line).0);
    if is_hash && (is_good || nearly_all(num(lines, is_hash_count), lines.len())) {
        return Ok(());
    }
    let mut first = None;
    let mut tables = Table::all(lines, percent(lines.len()));
    if is_phone {
        // Blanks stand within numbers.
        tables.sort_by_key(|table| table.separator.iter().all(|byte| *byte == b' '));
    }
    for table in tables {
        // These stand within numbers, too.
        let is_soft = is_phone
            && (table.is_dash()
                || table.separator.iter().all(|byte| {
                    matches!(
                        byte,
                        b' ' | b'-' | b'/' | b',' | b';' | b'#' | b'~' | b'+' | b'*'
                    )
                }));
        let is_hard = !is_soft
            && match subject.kind {
                IdentifierKind::Email => is_hard_in_addresses(&table, lines.len()),
                _ => is_phone || table.separator.trim_ascii().len() > 1,
            };
        if is_good && !is_hard {
            continue;
        }
        let mut found = table.columns_of(lines, &holds);
        if is_phone && found.len() > 1 {
            let times = table.columns_of(lines, &is_time);
            if !found.iter().all(|column| times.contains(column)) {
                found.retain(|column| !times.contains(column));
            }
        }
        match found.as_slice() {
            [] => {}
            [.., column] if is_hash => return Err(choose(subject, &table, Some(*column), lines)),
            [column] => return Err(choose(subject, &table, Some(*column), lines)),
            [..] if !is_phone || table.separator.trim_ascii().len() < 2 => {
                return Err(several(&table));
            }
            [column, ..] => return Err(choose(subject, &table, Some(*column), lines)),
        }
        if matches!(table.separator.as_slice(), b"\t" | b";" | b"|" | b",") {
            first.get_or_insert(table);
        }
    }
    match first {
        Some(_) if is_good => Ok(()),
        Some(table) if subject.place != Place::Cells => Err(choose(subject, &table, None, lines)),
        _ => Ok(()),
    }
}

/// Signs that an address may have before its `@`, and that are in no list nearly all have.
fn is_hard_in_addresses(table: &Table, num_lines: usize) -> bool {
    const MIN_LINES: usize = 3;
    let is_of_names = |byte: &u8| matches!(byte, b'-' | b'_' | b'.' | b'+' | b'\'');
    let separator = table.separator.trim_ascii();
    if separator.iter().all(is_of_names) {
        return separator.len() > 2;
    }
    separator == b"|" || separator.len() > 1 || num_lines >= MIN_LINES
}
