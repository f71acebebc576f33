//! Lists of hashes: what is no hash of their kind, or has something behind it that is no count.

use leaksieve_core::IdentifierKind;

use super::hashes::{Form, is_count};
use super::look::{Place, Subject, nearly_all, num};
use super::refuse::Refusal;

/// Hashes with something behind them that is no count, or of another length.
pub(super) fn hashes(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    let (own, suffix) = match subject.kind {
        IdentifierKind::Sha1 => (40, 35),
        _ => (32, 27),
    };
    let form = |line: &[u8]| Form::of(split(line).0).or_else(|| Form::of(line));
    let is_own = |line: &[u8]| matches!(form(line), Some(Form::Hexadecimal(digits)) if digits == own || digits == suffix);
    let is_plain = |line: &[u8]| {
        is_own(line)
            && split(line)
                .1
                .is_some_and(|rest| !rest.is_empty() && !is_count(rest))
    };
    let many = |num: usize| num * 20 >= lines.len() && num > 0;
    if many(num(lines, is_plain)) {
        return Err(potfile());
    }
    let has_zeros = |line: &[u8]| {
        is_own(line)
            && split(line).1.is_some_and(|rest| {
                rest.len() > 1 && rest[0] == b'0' && rest.iter().all(u8::is_ascii_digit)
            })
    };
    let is_counted = matches!(
        subject.place,
        Place::Hashes {
            is_counted: true,
            ..
        }
    );
    if !is_counted && many(num(lines, has_zeros)) {
        return Err(Refusal::new(
            "hashes with digits behind them that begin with zeros, as passwords may and counts do not",
            "if they are passwords, take those: --kind password --column 2 --delimiter colon; \
             if they are counts, give --min-count 1",
        ));
    }
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

/// What is done with SHA-1 hashes in Base64.
pub(super) const HEX_REMEDY: &str = r#"write them in hexadecimal: perl -MMIME::Base64 -lne 's/^\{SHA\}//i; print unpack "H*", decode_base64($_)' FILE | leaksieve build - --kind sha1"#;

/// What is done with hashes that no question can be compared with.
pub(super) const NO_HASHES: &str = "no filter can be made of them: only lists of SHA-1 and NTLM hashes are read, and of passwords themselves";

pub(super) fn potfile() -> Refusal {
    Refusal::new(
        "hashes with their passwords behind them (a potfile)",
        "take the passwords: --kind password --column 2 --delimiter colon",
    )
}

/// What stands before and behind the first colon.
pub(super) fn split(line: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b':', line) {
        Some(colon) => (
            line[..colon].trim_ascii(),
            Some(line[colon + 1..].trim_ascii()),
        ),
        None => (line, None),
    }
}
