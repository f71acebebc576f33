//! Lists of hashes: what is no hash of their kind, or has something beside it that is no count.

use std::collections::BTreeSet;

use leaksieve_core::IdentifierKind;

use super::beside::beside;
use super::compare::of_another_kind;
use super::counting::{nearly_all, num};
use super::hashes::{Form, NUM_SUFFIX_DIGITS};
use super::refusal::{Refusal, pipe_in};
use super::subject::{Place, Subject};
use crate::input::source::hash_count::NTLM_DIGITS;
use crate::input::source::hash_count::SHA1_DIGITS;
pub(super) use crate::input::source::hash_count::split;

/// What Windows writes in place of an LM hash.
const EMPTY_LM: &[u8] = b"aad3b435b51404eeaad3b435b51404ee";

/// NAME:ID:LM:NTLM, as tools dump the accounts of Windows; in place of an LM hash may be nothing.
pub(super) fn dump(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    let is_row = |line: &[u8]| {
        let cells: Vec<&[u8]> = line.split(|byte| *byte == b':').take(4).collect();
        let [_, id, lm, ntlm] = cells.as_slice() else {
            return false;
        };
        let is_hash =
            |cell: &[u8]| cell.len() == NTLM_DIGITS && cell.iter().all(u8::is_ascii_hexdigit);
        let is_none = |cell: &[u8]| {
            let text = cell.strip_prefix(b"NO PASSWORD").unwrap_or(cell);
            text.iter().all(|byte| *byte == b'*')
        };
        !id.is_empty()
            && id.iter().all(u8::is_ascii_digit)
            && (is_hash(lm) || is_none(lm))
            && is_hash(ntlm)
    };
    let kind = match subject.kind {
        IdentifierKind::Ntlm => "",
        IdentifierKind::Password => "--kind ntlm ",
        _ => return Ok(()),
    };
    if !nearly_all(num(lines, is_row), lines.len()) {
        return Ok(());
    }
    Err(Refusal::new(
        "a dump of Windows (NAME:ID:LM:NTLM)",
        format!("choose the NTLM hashes: {kind}--column 4 --delimiter colon"),
    ))
}

/// `sha1: HASH`: the word is no hash, and what is behind it is no count.
fn labelled(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    let is_so = |line: &[u8]| {
        let at = memchr::memchr(b':', line).unwrap_or(line.len());
        let behind = line.get(at + 1..).unwrap_or_default();
        behind.starts_with(b" ")
            && Form::of(line[..at].trim_ascii()).is_none()
            && matches!(
                Form::of(behind.trim_ascii()),
                Some(Form::Hexadecimal(SHA1_DIGITS | NTLM_DIGITS))
            )
    };
    if subject.kind == IdentifierKind::Password || !nearly_all(num(lines, is_so), lines.len()) {
        return Ok(());
    }
    Err(Refusal::new(
        "hashes with a word and a colon in front",
        "choose the hashes: --column 2 --delimiter colon",
    ))
}

/// Hashes of another length or in another writing.
pub(super) fn hashes(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    let is_empty_lm = |line: &[u8]| split(line).0.eq_ignore_ascii_case(EMPTY_LM);
    if nearly_all(num(lines, is_empty_lm), lines.len()) {
        return Err(Refusal::new(
            "LM hashes of empty passwords, which Windows writes where it keeps none",
            "the NTLM hashes stand one column further: in NAME:ID:LM:NTLM::: that is --column 4 --delimiter colon",
        ));
    }
    let (own, suffix) = match subject.kind {
        IdentifierKind::Sha1 => (SHA1_DIGITS, NUM_SUFFIX_DIGITS[0]),
        _ => (NTLM_DIGITS, NUM_SUFFIX_DIGITS[1]),
    };
    let form = |line: &[u8]| Form::of(split(line).0).or_else(|| Form::of(line));
    let is_own = |line: &[u8]| matches!(form(line), Some(Form::Hexadecimal(digits)) if digits == own || digits == suffix);
    let num_of = |wanted: Form| num(lines, |line| form(line) == Some(wanted));
    let all = |wanted: Form| nearly_all(num_of(wanted), lines.len());
    if all(Form::Hexadecimal(suffix))
        && matches!(
            subject.place,
            Place::Hashes {
                is_range: false,
                ..
            }
        )
    {
        return Err(Refusal::new(
            "hashes without their first five digits",
            "name each file after those digits, such as 5BAA6.txt",
        ));
    }
    zeroed(subject, lines)?;
    let hashes = lines.iter().map(|line| split(line).0);
    if let Some((found, remedy)) = of_another_kind(own, hashes) {
        return Err(Refusal::new(found, remedy));
    }
    for (form, found, remedy) in [
        (
            Form::Hexadecimal(40),
            "40 hexadecimal digits each, as SHA-1 hashes have",
            "did you mean --kind sha1?",
        ),
        (
            Form::Hexadecimal(32),
            "32 hexadecimal digits each, as NTLM and MD5 hashes have",
            "did you mean --kind ntlm? MD5 hashes are not read",
        ),
        (Form::Base64(20), "SHA-1 hashes in Base64", HEX_REMEDY),
        (Form::LdapSha1, "SHA-1 hashes in Base64", HEX_REMEDY),
        (Form::Salted, "salted hashes", NO_HASHES),
        (Form::MySql, "MySQL's hashes (SHA-1 twice over)", NO_HASHES),
    ] {
        if form != Form::Hexadecimal(own) && all(form) {
            return Err(Refusal::new(found, remedy));
        }
    }
    let is_other = |line: &[u8]| form(line).is_some() && !is_own(line);
    if nearly_all(num(lines, is_other), lines.len()) {
        return Err(Refusal::new("hashes of another kind", NO_HASHES));
    }
    Ok(())
}

/// SHA-1 hashes of which somebody marked some with zeros, as in the list of LinkedIn of 2012.
fn zeroed(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    const ZEROS: &[u8] = b"00000";
    const FEW: usize = 3;
    /// A range has fewer hashes, even of all lists of the world.
    const MANY: usize = 1900;
    let is_range = matches!(subject.place, Place::Hashes { is_range: true, .. });
    let is_zeroed = |line: &[u8]| {
        line.starts_with(ZEROS) && Form::of(split(line).0) == Some(Form::Hexadecimal(SHA1_DIGITS))
    };
    let num_zeroed = num(lines, is_zeroed);
    // A sorted list begins with them.
    let is_order = lines.is_sorted_by_key(|line| line.to_ascii_uppercase()) && num_zeroed < MANY;
    // The other digits are those of hashes.
    let ends: BTreeSet<&[u8]> = lines
        .iter()
        .filter(|line| is_zeroed(line))
        .filter_map(|line| split(line).0.get(SHA1_DIGITS - ZEROS.len()..))
        .collect();
    if subject.kind != IdentifierKind::Sha1
        || ends.len() * 2 < num_zeroed
        || is_range
        || is_order
        || num_zeroed < FEW
        || num_zeroed * 100 < lines.len()
    {
        return Ok(());
    }
    Err(Refusal::new(
        "SHA-1 hashes, many with zeros in place of the first five digits: somebody marked them, and these digits are lost",
        "no filter can be made of them, because their passwords would not be found: get the list with the whole hashes",
    ))
}

/// Hashes whose digits stand in groups.
fn groups(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    for (separator, digits) in [b':', b'-', b' ']
        .into_iter()
        .flat_map(|separator| [(separator, SHA1_DIGITS), (separator, NTLM_DIGITS)])
    {
        let num_grouped = num(lines, |line| is_grouped(line, separator, digits));
        if !nearly_all(num_grouped, lines.len()) {
            continue;
        }
        let sign = char::from(separator);
        let kind = match (subject.kind, digits) {
            (IdentifierKind::Password, SHA1_DIGITS) => " --kind sha1",
            (IdentifierKind::Password, _) => " --kind ntlm",
            _ => "",
        };
        return Err(Refusal::new(
            "hashes with signs between their digits",
            format!(
                "take those out{}: {}{kind}",
                match kind {
                    " --kind ntlm" => ", if they are NTLM hashes (MD5 hashes are not read)",
                    _ => "",
                },
                pipe_in(&format!("tr -d '{sign}'"))
            ),
        ));
    }
    Ok(())
}

/// `5b:aa:61:...`: digits in groups, together those of a hash.
fn is_grouped(line: &[u8], separator: u8, num_digits: usize) -> bool {
    let mut num_groups = 0;
    let mut num_found = 0;
    for group in line.split(|byte| *byte == separator) {
        if group.is_empty() || !group.iter().all(u8::is_ascii_hexdigit) {
            return false;
        }
        num_groups += 1;
        num_found += group.len();
    }
    num_groups > 2 && num_found == num_digits
}

/// Hashes of identifiers, and hashes with something beside them.
pub(super) fn company(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    match subject.kind {
        IdentifierKind::Password | IdentifierKind::Sha1 | IdentifierKind::Ntlm => {
            groups(subject, lines)?;
            labelled(subject, lines)?;
            beside(subject, lines)
        }
        IdentifierKind::Email | IdentifierKind::Phone => of_identifiers(lines),
        _ => Ok(()),
    }
}

/// Hashes of addresses or numbers: nobody asks for those.
fn of_identifiers(lines: &[&[u8]]) -> Result<(), Refusal> {
    let is_hash = |line: &[u8]| {
        let has_letter = line.iter().any(u8::is_ascii_alphabetic);
        has_letter && matches!(Form::of(line), Some(Form::Hexadecimal(32 | 40 | 64 | 128)))
    };
    if nearly_all(num(lines, is_hash), lines.len()) {
        return Err(Refusal::new(
            "hashes of identifiers, and a person asks for the identifier itself",
            "no filter can be made of them: get the list with the identifiers themselves",
        ));
    }
    Ok(())
}

/// What is done with SHA-1 hashes in Base64.
pub(super) const HEX_REMEDY: &str = r#"write them in hexadecimal: perl -MMIME::Base64 -lne 's/^\{SHA\}//i; print unpack "H*", decode_base64($_)' FILE | leaksieve build - --kind sha1"#;

/// Base64 as long as that of hashes: passwords that a program made look the same.
pub(super) fn in_base64(subject: &Subject<'_>, is_sha1: bool) -> Refusal {
    let insist = match subject.place {
        Place::Cells => "write the column to a file, one cell a line, and give --as-lines",
        _ => "give --as-lines",
    };
    let hashes = match is_sha1 {
        true => HEX_REMEDY,
        false => "no filter can be made of them",
    };
    Refusal::new(
        "hashes in Base64, or passwords that a program made",
        format!("if they are passwords, {insist}; if they are hashes, {hashes}"),
    )
}

/// What is done with hashes that no question can be compared with.
pub(super) const NO_HASHES: &str = "no filter can be made of them: only lists of SHA-1 and NTLM hashes are read, and of passwords themselves";

/// Of lines of which most have something behind a hash.
pub(super) fn potfile(subject: &Subject<'_>, lines: &[&[u8]]) -> Refusal {
    match beside(subject, lines) {
        Err(refusal) => refusal,
        Ok(()) => Refusal::new("hashes of passwords, not passwords", NO_HASHES),
    }
}
