//! E-mail addresses -> `local@domain` in lower case.
//!
//! RFC 5321 section 2.4 leaves the case of the local part to the domain; no large
//! provider tells letters apart, and people type both, so both parts are folded.
//! The syntax is looser than RFC 5322's dot-atom, because leaks hold what systems
//! accepted (dots at the edge, for example), and has no quoted local parts.
//!
//! A tag, `+shop` in `ann+shop@example.com` (RFC 5233 calls it the detail), leads to the
//! mailbox without it at most providers. So an address with a tag has a second reading
//! without; marked in a list, so that two tags of one mailbox do not meet.

use super::error::NormaliseError;
use super::folding::{CaseRule, Folding, Normalizer};
use super::item::{Item, Rule, Side};
use super::text::{push_folded, single_spelling, visible};

/// Longest local part: 64 bytes (RFC 5321 section 4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 64;
/// Longest domain: 253 bytes (RFC 1035 section 3.1, without the root's dot).
const MAX_DOMAIN_BYTES: usize = 253;
/// Longest label of a domain: 63 bytes (RFC 1035 section 2.3.4).
const MAX_LABEL_BYTES: usize = 63;
/// One provider with two names, which leaves dots out of local parts
/// (<https://support.google.com/mail/answer/7436150>).
const GMAIL: [&[u8]; 2] = [b"gmail.com", b"googlemail.com"];
/// The dots of a domain name (UTS #46 section 2.3).
const FULL_STOPS: [char; 4] = ['.', '\u{3002}', '\u{FF0E}', '\u{FF61}'];
/// What stands before a tag.
const TAG_SIGN: u8 = b'+';

/// The item of a reading of an address: it and, with a tag, the one without; of a question
/// without a tag also the marked one, for lists that have it with a tag.
pub(super) fn reading(
    text: &str,
    normalizer: Option<Normalizer>,
    side: Side,
    index: u8,
    item: &mut Item,
) -> Result<bool, NormaliseError> {
    // Most lines have no tag, and are not read a second time to find that out.
    let has_none = || text.is_ascii() && !text.contains(char::from(TAG_SIGN));
    if index > 1 || (index == 1 && side == Side::Store && has_none()) {
        return Ok(false);
    }
    let local_bytes = normalise(text, normalizer, item)?;
    if index == 0 {
        return Ok(true);
    }
    let local = item.as_bytes().get(..local_bytes).unwrap_or(&[]);
    // A sign at the start leaves no mailbox without it.
    match (local.iter().position(|byte| *byte == TAG_SIGN), side) {
        (Some(0) | None, Side::Store) | (Some(0), Side::Ask) => Ok(false),
        (None, Side::Ask) => {
            item.rule = Some(Rule::WithTag);
            item.is_marked = true;
            Ok(true)
        }
        (Some(start), side) => {
            keep(item, |at, _| at < start || at >= local_bytes);
            item.rule = Some(Rule::WithoutTag);
            item.is_marked = side == Side::Store;
            Ok(true)
        }
    }
}

/// Gives the length of the local part, bytes.
#[inline(never)]
fn normalise(
    text: &str,
    normalizer: Option<Normalizer>,
    item: &mut Item,
) -> Result<usize, NormaliseError> {
    if is_masked(text) {
        return Err(NormaliseError::Masked);
    }
    // A spreadsheet's mark for text; no mailbox is called so.
    let text = text.trim_start_matches(['\'', '\u{2018}', '\u{2019}']);
    if !text.is_ascii() && text.contains(is_symbol) {
        return Err(NormaliseError::NotAnEmail);
    }
    let is_at = |c| single_spelling(c) == Some('@');
    let (local, domain) = text.rsplit_once(is_at).ok_or(NormaliseError::NotAnEmail)?;
    let domain = domain.strip_suffix(FULL_STOPS).unwrap_or(domain);

    push_folded(
        item,
        local,
        Folding::Text(CaseRule::Fold),
        normalizer,
        visible,
    )?;
    let mut local_bytes = item.as_bytes().len();
    if local_bytes > MAX_LOCAL_BYTES || !is_local_part(item.as_bytes()) {
        return Err(NormaliseError::NotAnEmail);
    }
    item.push(b'@')?;
    push_folded(item, domain, Folding::Domain, normalizer, visible)?;
    let domain = item.as_bytes().get(local_bytes + 1..).unwrap_or(&[]);
    if !is_domain(domain) {
        return Err(NormaliseError::NotAnEmail);
    }
    if GMAIL.contains(&domain) {
        keep(item, |at, byte| at < local_bytes && byte != b'.');
        local_bytes = item.as_bytes().len();
        if local_bytes == 0 {
            return Err(NormaliseError::NotAnEmail);
        }
        item.push(b'@')?;
        item.extend(GMAIL[0])?;
    }
    Ok(local_bytes)
}

/// What stands for letters in lists that were made to be shown.
fn is_masked(text: &str) -> bool {
    let masks = ['\u{FE61}', '\u{FF0A}', '\u{2022}', '\u{2026}', '\u{25CF}'];
    text.contains('*')
        || (!text.is_ascii() && text.contains(masks))
        || text
            .as_bytes()
            .windows(3)
            .any(|bytes| matches!(bytes, b"..." | b"???" | b"###"))
}

/// Quotation marks, dashes, signs and pictures outside ASCII, which are in no address: a list or
/// a person left them there. But for the full stop that UTS #46 takes for a dot. First and last of
/// each range; in a table, which is half the size of the same comparisons.
const SYMBOLS: &[(u16, u16)] = &[
    (0x00A1, 0x00A9),
    (0x00AB, 0x00AB),
    (0x00AC, 0x00AC),
    (0x00AE, 0x00B1),
    (0x00B4, 0x00B4),
    (0x00B6, 0x00B8),
    (0x00BB, 0x00BB),
    (0x00BF, 0x00BF),
    (0x00D7, 0x00D7),
    (0x00F7, 0x00F7),
    (0x2010, 0x2029),
    (0x2030, 0x205E),
    (0x20A0, 0x20CF),
    (0x2100, 0x214F),
    (0x2190, 0x2BFF),
    (0x2E00, 0x2E7F),
    (0x3001, 0x3001),
    (0x3003, 0x3003),
    (0x3008, 0x3020),
    (0x3030, 0x3030),
    (0xFE10, 0xFE19),
    (0xFE30, 0xFE6B),
    (0xFF5F, 0xFF5F),
    (0xFF60, 0xFF60),
    (0xFF62, 0xFF65),
    (0xFFFC, 0xFFFD),
];

fn is_symbol(c: char) -> bool {
    match u16::try_from(u32::from(c)) {
        Ok(c) => SYMBOLS
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&c)),
        Err(_) => matches!(c, '\u{1F000}'..='\u{1FAFF}'),
    }
}

/// Of each byte its place and itself. (`retain` has paths that panic.)
fn keep(item: &mut Item, is_kept: impl Fn(usize, u8) -> bool) {
    let mut num_kept = 0;
    for at in 0..item.bytes.len() {
        let byte = item.bytes.get(at).copied().unwrap_or(0);
        if is_kept(at, byte) {
            if let Some(place) = item.bytes.get_mut(num_kept) {
                *place = byte;
            }
            num_kept += 1;
        }
    }
    item.bytes.truncate(num_kept);
}

/// No blank, and none of the characters that RFC 5322 section 3.2.3 calls specials,
/// but for the dot.
fn is_local_part(local: &[u8]) -> bool {
    !local.is_empty()
        && local
            .iter()
            .all(|byte| !matches!(byte, b' ' | b'"' | b'(' | b')' | b',' | b':'..=b'<' | b'>' | b'@' | b'['..=b']'))
}

/// At least two labels of letters, digits, hyphens and underscores; the last of letters alone,
/// or an A-label (RFC 5890), as all top-level domains are (RFC 3696 section 2).
fn is_domain(domain: &[u8]) -> bool {
    let is_label = |label: &[u8]| {
        !label.is_empty()
            && label.len() <= MAX_LABEL_BYTES
            && label.first() != Some(&b'-')
            && label.last() != Some(&b'-')
            && label
                .iter()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
    };
    let top = domain.rsplit(|byte| *byte == b'.').next().unwrap_or(&[]);
    domain.len() <= MAX_DOMAIN_BYTES
        && domain.contains(&b'.')
        && domain.split(|byte| *byte == b'.').all(is_label)
        && (top.starts_with(b"xn--") || (top.len() > 1 && top.iter().all(u8::is_ascii_alphabetic)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::made;
    use std::string::String;

    fn email(text: &str) -> Result<String, NormaliseError> {
        made(|item| normalise(text, None, item).map(drop))
            .map(|item| String::from_utf8(item.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn one_spelling() {
        for text in [
            "ann.lee@example.com",
            "Ann.Lee@Example.COM",
            "ann.lee@example.com.",
            "ann\u{200B}.lee@exam\u{AD}ple.com",
            "ａｎｎ.lee＠example.com",
            "ann.lee@example.com\u{3002}",
            "ann\u{FE0F}.lee@example.com\u{3164}",
        ] {
            assert_eq!(email(text), Ok("ann.lee@example.com".into()));
        }
        assert_eq!(email("o'neil+x@a-b.co"), Ok("o'neil+x@a-b.co".into()));
        assert_eq!(
            email("x@XN--BCHER-KVA.example"),
            Ok("x@xn--bcher-kva.example".into())
        );
    }

    #[test]
    fn what_only_a_host_can_fold() {
        assert_eq!(email("x@bücher.example"), Err(NormaliseError::NeedsFolding));
        assert_eq!(email("jörg@example.com"), Err(NormaliseError::NeedsFolding));
        // An ideograph has one spelling, but a domain's A-label needs tables.
        assert_eq!(email("x@例子.example"), Err(NormaliseError::NeedsFolding));
        let keep: Normalizer = |_, text, folded| {
            folded
                .push_str(text)
                .map_err(|_| NormaliseError::NeedsFolding)
        };
        assert!(made(|item| normalise("jörg@example.com", Some(keep), item).map(drop)).is_ok());
        // What a normalizer leaves must be a domain.
        assert_eq!(
            made(|item| normalise("x@例子.example", Some(keep), item).map(drop)),
            Err(NormaliseError::NotAnEmail)
        );
    }

    #[test]
    fn not_an_email() {
        for text in [
            "example.com",
            "@example.com",
            "x@",
            "x@localhost",
            "x@.com",
            "x@a..b",
            "x@-a.com",
            "x@a-.com",
            "a b@example.com",
            "a@b@example.com",
            "\"x\"@example.com",
            "<x@example.com>",
            "x@exa mple.com",
            "x,y@example.com",
            "“x@example.com”",
            "x@example.com”",
            "«x@example.com»",
            "x@example.com、",
            "x@example.com™",
            "x\u{2013}y@example.com",
            "\u{1F600}@example.com",
        ] {
            assert_eq!(email(text), Err(NormaliseError::NotAnEmail), "{text}");
        }
        for text in [
            "a***n@example.com",
            "a...n@example.com",
            "a???@example.com",
            "a…n@x.com",
        ] {
            assert_eq!(email(text), Err(NormaliseError::Masked), "{text}");
        }
        let long = "l".repeat(65) + "@example.com";
        assert_eq!(email(&long), Err(NormaliseError::NotAnEmail));
        assert_eq!(
            email("x\u{7}@example.com"),
            Err(NormaliseError::ControlCharacter)
        );
    }
}
