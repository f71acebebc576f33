//! A look at lines: what comes off, and what is refused. Kinds with a syntax; the others are in
//! `free`.

use std::collections::BTreeMap;

use leaksieve_core::{Identifier, IdentifierKind, Profile};
use serde::de::IgnoredAny;

use super::around::around;
use super::columns::Table;
use super::contents::describe;
use super::free;
use super::hash_lines::{company, dump, hashes, split};
use super::masks::masks;
use super::numbered::in_front_of_syntax;
use super::phones::numbers;
use super::refuse::Refusal;
use super::scraped::scraped;
use super::wrap::{self, Wrapper, has_syntax};
use super::writing::{is_date, is_time};

/// How often a line is peeled: `"Ann" <mailto:ann@example.com>,` takes four.
pub(crate) const MAX_PEELS: usize = 6;
/// Fewest lines of which it is said that they are international.
const MIN_INTERNATIONAL: usize = 20;

/// What the lines should be.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) kind: IdentifierKind,
    pub(super) profile: &'a Profile,
    pub(super) place: Place,
}

/// Where the lines come from, which decides what reads them better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Whole lines.
    Lines,
    /// Whole lines of `HASH:COUNT`.
    Hashes {
        /// In a file that is named after the first five digits.
        is_range: bool,
        /// The counts were asked for.
        is_counted: bool,
    },
    /// Cells of a column, or fields.
    Cells,
}

/// What is done with the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// What comes off each line that has it; kinds without a syntax.
    pub take_off: Option<Wrapper>,
    /// Nearly all are telephone numbers of the region that begin with its calling code, without
    /// a plus sign.
    pub is_international: bool,
}

impl Subject<'_> {
    /// Is this text an identifier as it stands?
    pub(super) fn is_identifier(&self, text: &[u8]) -> bool {
        let identifier = Identifier::new(text).of_kind(self.kind);
        self.profile.normalise(&identifier).is_ok()
    }

    /// Is it one, or one with something around it?
    pub(super) fn holds_identifier(&self, text: &[u8]) -> bool {
        self.is_identifier(text) || self.peeled(text).is_some()
    }

    /// The identifier in a text that has something around it, or the text.
    pub(super) fn bare(&self, text: &[u8]) -> Vec<u8> {
        // The core reads tel: itself.
        let is_labelled = matches!(wrap::peel(self.kind, text), Some((Wrapper::Label, _)));
        let is_bare = !is_labelled && self.is_identifier(text);
        let peeled = (!is_bare).then(|| self.peeled(text)).flatten();
        peeled.unwrap_or_else(|| text.to_vec())
    }

    fn peeled(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut text = text.to_vec();
        for _ in 0..MAX_PEELS {
            text = wrap::peel(self.kind, &text)?.1.into_owned();
            if self.is_identifier(&text) {
                return Some(text);
            }
        }
        None
    }
}

/// Are so many of so many nearly all?
pub(super) const fn nearly_all(num: usize, of: usize) -> bool {
    num > 0 && num * 100 >= of * percent(of)
}

/// Of a short list one line says more.
pub(super) const fn percent(num_lines: usize) -> usize {
    if num_lines >= 20 { 95 } else { 90 }
}

/// How many lines are so.
pub(super) fn num(lines: &[&[u8]], is: impl Fn(&[u8]) -> bool) -> usize {
    lines.iter().filter(|line| is(line)).count()
}

/// A command that mends the list, before leaksieve reads it.
pub(super) fn pipe(command: &str) -> String {
    format!("{command} FILE | leaksieve build -")
}

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
        return free::look(subject, lines, &trimmed);
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

/// Does a line begin with blanks, as `uniq -c` writes counts?
pub(super) fn is_indented(line: &[u8]) -> bool {
    line.starts_with(b"  ")
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

/// Each column holds one.
pub(super) fn several(table: &Table) -> Refusal {
    let separator = escaped(&table.separator);
    Refusal::new(
        format!("several identifiers a line, with {} between", table.words()),
        format!(
            "write one a line: {}",
            pipe(&format!("sed 's|{separator}|\\n|g'"))
        ),
    )
}

/// A separator as sed writes it.
pub(super) fn escaped(separator: &[u8]) -> String {
    let mut text = String::new();
    for c in String::from_utf8_lossy(separator).chars() {
        match c {
            '\t' => text.push_str("\\t"),
            '|' | '*' | '^' | '\\' => text.extend(['\\', c]),
            c => text.push(c),
        }
    }
    text
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

/// Several columns; `column` is the one, if that can be told.
pub(super) fn choose(
    subject: &Subject<'_>,
    table: &Table,
    column: Option<usize>,
    lines: &[&[u8]],
) -> Refusal {
    // As an option, `\t` is a tab.
    let is_written_tab = table.separator == b"\\t";
    let delimiter = match is_written_tab {
        true => "tab".to_owned(),
        false => table.option(),
    };
    let words = table.words();
    let held = || format!("column {}", describe(&table.contents(lines)));
    let (example, hint) = match column {
        Some(column) => (
            format!("--column {} --delimiter {delimiter}", column + 1),
            String::new(),
        ),
        None => (
            format!("--column NUMBER --delimiter {delimiter}"),
            format!(
                ", with the number of the one that holds the identifiers ({})",
                held()
            ),
        ),
    };
    if is_written_tab {
        return Refusal::new(
            "columns with a backslash and t between, in place of a tab",
            format!(
                "write tabs, and choose one, as in {} {example}{hint}",
                pipe(r"sed 's/\\t/\t/g'")
            ),
        );
    }
    if subject.place == Place::Cells {
        return Refusal::new(
            format!(
                "{} columns with {words} between, within one cell",
                table.num_columns
            ),
            format!(
                "give --delimiter {delimiter} if that stands between all columns; \
                 else write the column to a file, one cell a line, and build that with {example}{hint}"
            ),
        );
    }
    let found = format!(
        "a table: {} columns with {words} between",
        table.num_columns
    );
    let remedy = if table.has_names(lines) {
        format!("choose one with --column NAME, or by its number as in {example}{hint}")
    } else {
        format!("choose one, as in {example}{hint}")
    };
    Refusal::new(found, remedy)
}
