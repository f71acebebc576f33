//! What stands around one identifier: quotes, `mailto:`, brackets, and the like.
//!
//! For a kind with a syntax each line is peeled by itself, once it is clear that it is no
//! identifier as it stands. For the other kinds a line may hold anything, so only what nearly
//! all lines of a list share comes off.

use std::borrow::Cow;
use std::fmt;

use leaksieve_core::IdentifierKind;

/// Marks that stand around a text in pairs.
const QUOTES: [(&str, &str); 10] = [
    ("\"", "\""),
    ("'", "'"),
    ("`", "`"),
    ("“", "”"),
    ("„", "“"),
    ("‘", "’"),
    ("«", "»"),
    ("「", "」"),
    ("[", "]"),
    ("(", ")"),
];
/// The pairs that are quotation marks, and no brackets: passwords and names are not written in those.
const NUM_QUOTES: usize = 8;

/// What is written before an address or a number to say what it is, in small letters.
const LABELS: [&str; 14] = [
    "mailto:", "tel:", "sms:", "callto:", "phone:", "mobile:", "fax:", "email:", "e-mail:",
    "mail:", "mobil:", "手机:", "电话:", "邮箱:",
];

/// What programs write before the digits of a hash.
const HASH_LABELS: [&str; 8] = [
    "0x", "\\x", "$nt$", "sha1:", "ntlm:", "sha1$$", "{nt}", "sha-1:",
];

const BULLETS: [&str; 5] = ["- ", "* ", "+ ", "• ", "> "];

/// The characters that HTML writes with a name, and numbers that are used as often.
const ENTITIES: [(&str, &str); 12] = [
    ("&#39;", "'"),
    ("&#039;", "'"),
    ("&#x27;", "'"),
    ("&apos;", "'"),
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&#64;", "@"),
    ("&commat;", "@"),
    ("&nbsp;", " "),
    // Last: what it leaves is not read again.
    ("&amp;", "&"),
];

/// Something that was taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrapper {
    /// A pair of quotation marks or brackets.
    Quotes,
    /// `'` in front, by which spreadsheets mark text.
    Apostrophe,
    /// `- ` or the like in front: the item of a list.
    Bullet,
    /// `mailto:`, `tel:`, or the like in front.
    Label,
    /// `<` and `>`, with a name in front or without.
    AngleBrackets,
    /// `&amp;` and the like stood for other characters.
    Entities,
    /// `%40` and the like stood for other characters.
    PercentEncoding,
    /// A count or rank in front.
    Count,
    /// A comma or semicolon at the end.
    Comma,
    /// `.0` at the end: digits that a program took for a number with a fraction.
    PointZero,
}

impl fmt::Display for Wrapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quotes => "quotation marks or brackets around",
            Self::Apostrophe => "' in front of",
            Self::Bullet => "a bullet in front of",
            Self::Label => "mailto:, tel: or the like in front of",
            Self::AngleBrackets => "angle brackets, and names before them, around",
            Self::Entities => "HTML entities, for the characters that they mean, in",
            Self::PercentEncoding => "URL encoding, for the characters that it means, in",
            Self::Count => "a count in front of",
            Self::Comma => "a comma or semicolon at the end of",
            Self::PointZero => ".0 at the end of",
        })
    }
}

/// Does this kind say what its identifiers look like?
pub(crate) const fn has_syntax(kind: IdentifierKind) -> bool {
    !matches!(
        kind,
        IdentifierKind::Password | IdentifierKind::Username | IdentifierKind::Id
    )
}

/// A line of a kind with a syntax, with one thing less around it, if there is one. To be asked
/// only of what is no identifier as it stands.
pub(crate) fn peel(kind: IdentifierKind, text: &[u8]) -> Option<(Wrapper, Cow<'_, [u8]>)> {
    let is_hash = matches!(kind, IdentifierKind::Sha1 | IdentifierKind::Ntlm);
    let text = text.trim_ascii();
    // First, because each ends in a semicolon.
    if memchr::memchr(b'&', text).is_some()
        && let Some(inner) = without_entities(text)
    {
        return Some((Wrapper::Entities, inner.into()));
    }
    if let Some(inner) = quoted(text, QUOTES.len()) {
        return Some((Wrapper::Quotes, inner.into()));
    }
    if let Some(inner) = text.strip_suffix(b",").or_else(|| text.strip_suffix(b";")) {
        return Some((Wrapper::Comma, inner.into()));
    }
    if let Some(inner) = in_angle_brackets(kind, text) {
        return Some((Wrapper::AngleBrackets, inner.into()));
    }
    let labels: &[&str] = if is_hash { &HASH_LABELS } else { &LABELS };
    if let Some(inner) = labels.iter().find_map(|label| unlabelled(text, label)) {
        return Some((Wrapper::Label, inner.into()));
    }
    if let Some(inner) = text.strip_prefix(b"'") {
        return Some((Wrapper::Apostrophe, inner.into()));
    }
    if let Some(inner) = bullet(text) {
        return Some((Wrapper::Bullet, inner.into()));
    }
    // A number's own digits look like a count, so a phone list is judged as a whole.
    if (is_hash || kind == IdentifierKind::Email)
        && let Some(inner) = counted(text)
    {
        return Some((Wrapper::Count, inner.into()));
    }
    // In the address itself a % is a character like others.
    if kind == IdentifierKind::Email
        && memchr::memchr(b'%', text).is_some()
        && memchr::memchr(b'@', text).is_none()
    {
        let decoded = percent_decoded(text);
        let is_address = memchr::memchr(b'@', &decoded).is_some();
        return is_address.then(|| (Wrapper::PercentEncoding, decoded.into()));
    }
    None
}

/// Nobody's address begins with an apostrophe, though one may: spreadsheets put it there.
pub(crate) fn without_apostrophe(text: &[u8]) -> Option<&[u8]> {
    text.trim_ascii_start().strip_prefix(b"'")
}

impl Wrapper {
    /// A line without this, if it has it; for kinds without a syntax.
    pub(crate) fn strip(self, text: &[u8]) -> Option<&[u8]> {
        let inner = match self {
            Self::Quotes => quoted(text.trim_ascii(), NUM_QUOTES),
            Self::Apostrophe => text.strip_prefix(b"'"),
            Self::Bullet => bullet(text.trim_ascii_start()),
            Self::Comma => text.trim_ascii_end().strip_suffix(b","),
            Self::PointZero => whole_number(text.trim_ascii()),
            _ => None,
        };
        inner.filter(|inner| !inner.is_empty())
    }
}

fn quoted(text: &[u8], num_pairs: usize) -> Option<&[u8]> {
    QUOTES.iter().take(num_pairs).find_map(|(open, close)| {
        text.strip_prefix(open.as_bytes())?
            .strip_suffix(close.as_bytes())
    })
}

/// What stands between the last `<` and a `>` at the end; before that, a name may stand, but no
/// other address or number.
fn in_angle_brackets(kind: IdentifierKind, text: &[u8]) -> Option<&[u8]> {
    let inner = text.strip_suffix(b">")?;
    let (name, inner) = inner.split_at(memchr::memrchr(b'<', inner)?);
    let num_digits = name.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_name = match kind {
        IdentifierKind::Email => memchr::memchr(b'@', name).is_none(),
        _ => num_digits < 5,
    };
    is_name.then(|| inner.get(1..)).flatten()
}

fn unlabelled<'a>(text: &'a [u8], label: &str) -> Option<&'a [u8]> {
    let (start, rest) = text.split_at_checked(label.len())?;
    let is_label = start.eq_ignore_ascii_case(label.as_bytes());
    let rest = rest.trim_ascii_start();
    // What an address in a link asks for: mailto:ann@example.com?subject=...
    let end = memchr::memchr(b'?', rest).unwrap_or(rest.len());
    is_label.then(|| rest.get(..end)).flatten()
}

fn bullet(text: &[u8]) -> Option<&[u8]> {
    BULLETS
        .iter()
        .find_map(|bullet| text.strip_prefix(bullet.as_bytes()))
}

/// What stands behind `2 `, `12. `, or `12) `; leading blanks do not matter.
pub(super) fn counted(text: &[u8]) -> Option<&[u8]> {
    let text = text.trim_ascii_start();
    let num_digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=10).contains(&num_digits) {
        return None;
    }
    let rest = text.get(num_digits..)?;
    let rest = match rest.first()? {
        b'.' | b')' | b':' => rest.get(1..)?,
        _ => rest,
    };
    let inner = rest.trim_ascii_start();
    (inner.len() < rest.len() && !inner.is_empty()).then_some(inner)
}

/// The digits before `.0`.
pub(super) fn whole_number(text: &[u8]) -> Option<&[u8]> {
    let point = memchr::memchr(b'.', text)?;
    let (digits, zeros) = text.split_at(point);
    let zeros = zeros.get(1..)?;
    let is_one = !digits.is_empty()
        && digits.iter().all(u8::is_ascii_digit)
        && !zeros.is_empty()
        && zeros.iter().all(|byte| *byte == b'0');
    is_one.then_some(digits)
}

fn without_entities(text: &[u8]) -> Option<Vec<u8>> {
    let before = std::str::from_utf8(text).ok()?;
    let mut after = before.to_owned();
    for (entity, character) in ENTITIES {
        if after.contains(entity) {
            after = after.replace(entity, character);
        }
    }
    (after != before).then(|| after.into_bytes())
}

/// Does a text begin with an entity? And is it one of the few that every program writes?
pub(super) fn entity(text: &[u8]) -> Option<bool> {
    const COMMON: [&[u8]; 7] = [
        b"&amp;", b"&lt;", b"&gt;", b"&quot;", b"&apos;", b"&#39;", b"&#039;",
    ];
    const MAX_BYTES: usize = 10;
    let text = text.get(..MAX_BYTES).unwrap_or(text);
    let end = memchr::memchr(b';', text)?;
    let name = text.get(1..end)?;
    let is_number = name.strip_prefix(b"#").is_some_and(|number| {
        let digits = number
            .strip_prefix(b"x")
            .or_else(|| number.strip_prefix(b"X"));
        let (digits, is_digit): (_, fn(&u8) -> bool) = match digits {
            Some(digits) => (digits, u8::is_ascii_hexdigit),
            None => (number, u8::is_ascii_digit),
        };
        !digits.is_empty() && digits.iter().all(is_digit)
    });
    let is_name = name.len() >= 2 && name.iter().all(u8::is_ascii_alphabetic);
    (is_number || is_name).then(|| COMMON.contains(&&text[..=end]))
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high << 4 | low) as u8);
                at += 3;
            }
            _ => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use IdentifierKind::{Email, Phone, Sha1};

    /// Peeled until nothing is left to take off.
    fn bare(kind: IdentifierKind, text: &str) -> String {
        let mut text = text.as_bytes().to_vec();
        while let Some((_, inner)) = peel(kind, &text) {
            text = inner.into_owned();
        }
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn each_line_of_a_kind_with_a_syntax() {
        for (kind, text, expected) in [
            (Email, "\"ann@example.com\"", "ann@example.com"),
            (Email, "'ann@example.com'", "ann@example.com"),
            (Email, "“ann@example.com”", "ann@example.com"),
            (Email, "'ann@example.com", "ann@example.com"),
            (Email, "<ann@example.com>", "ann@example.com"),
            (Email, "Ann Lee <ann@example.com>", "ann@example.com"),
            (Email, "\"Lee, Ann\" <ann@example.com>,", "ann@example.com"),
            (
                Email,
                "<mailto:ann@example.com?subject=x>",
                "ann@example.com",
            ),
            (Email, "MAILTO: ann@example.com", "ann@example.com"),
            (Email, "o&#39;neil@example.com", "o'neil@example.com"),
            (Email, "&lt;ann@example.com&gt;", "ann@example.com"),
            (Email, "ann%40example.com", "ann@example.com"),
            (Email, "a%%b%40example.com", "a%%b@example.com"),
            (Email, "      2 ann@example.com", "ann@example.com"),
            (Email, "12. ann@example.com", "ann@example.com"),
            (Email, "- ann@example.com;", "ann@example.com"),
            (Email, "a%40b@example.com", "a%40b@example.com"),
            (Email, "2ann@example.com", "2ann@example.com"),
            (Phone, "tel:+86-138-0013-8000", "+86-138-0013-8000"),
            (Phone, "'13800138000", "13800138000"),
            (Phone, "Ann <13800138000>", "13800138000"),
            (Phone, "电话:13800138000", "13800138000"),
            (Phone, "1 2025550123", "1 2025550123"),
            (Sha1, "0xAB", "AB"),
            (Sha1, "'\\xAB',", "AB"),
            (Sha1, "3 AB", "AB"),
            // Two addresses: a reject, and none of them lost in silence.
            (
                Email,
                "bob@example.com <ann@example.com>",
                "bob@example.com <ann@example.com>",
            ),
            (Email, "", ""),
            (Email, "'", ""),
            (Email, "%", "%"),
        ] {
            assert_eq!(bare(kind, text), expected, "{text}");
        }
    }

    #[test]
    fn entities() {
        for (text, expected) in [
            ("&amp;x", Some(true)),
            ("&#039;", Some(true)),
            ("&uuml;", Some(false)),
            ("&#xFC;", Some(false)),
            ("&", None),
            ("&;", None),
            ("&b;", None),
            ("&#;", None),
            ("&amp", None),
            ("&longer than one;", None),
        ] {
            assert_eq!(entity(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn what_all_lines_share() {
        for (wrapper, text, expected) in [
            (Wrapper::Quotes, "\"a b\"", Some("a b")),
            (Wrapper::Quotes, "\"\"a\"\"", Some("\"a\"")),
            (Wrapper::Quotes, "\"a", None),
            (Wrapper::Quotes, "\"", None),
            (Wrapper::Quotes, "\"\"", None),
            (Wrapper::Quotes, "(a)", None),
            (Wrapper::Apostrophe, "'a'", Some("a'")),
            (Wrapper::Bullet, "- a", Some("a")),
            (Wrapper::Bullet, "-a", None),
            (Wrapper::PointZero, "12.0", Some("12")),
            (Wrapper::PointZero, "12.00", Some("12")),
            (Wrapper::PointZero, "12.5", None),
            (Wrapper::PointZero, "1.2.0", None),
            (Wrapper::PointZero, ".0", None),
            (Wrapper::Comma, "a,", Some("a")),
        ] {
            let inner = wrapper.strip(text.as_bytes());
            assert_eq!(inner, expected.map(str::as_bytes), "{text}");
        }
    }
}
