//! What stands around one identifier: quotes, `mailto:`, brackets, and the like.
//!
//! For a kind with a syntax each line is peeled by itself, once it is clear that it is no
//! identifier as it stands. For the other kinds a line may hold anything, so only what nearly
//! all lines of a list share comes off.

use std::borrow::Cow;
use std::fmt;

use leaksieve_core::IdentifierKind;

use super::front_number::counted;

/// Quotation marks, which stand around a text in pairs.
const QUOTES: [(&str, &str); 16] = [
    ("\"", "\""),
    ("'", "'"),
    ("`", "`"),
    ("“", "”"),
    ("„", "“"),
    ("„", "”"),
    ("”", "”"),
    ("‘", "’"),
    ("‚", "‘"),
    ("«", "»"),
    ("»", "«"),
    ("‹", "›"),
    ("「", "」"),
    ("『", "』"),
    ("＂", "＂"),
    ("\u{301D}", "\u{301E}"),
];
/// Brackets, and what Markdown writes around a word.
const BRACKETS: [(&str, &str); 12] = [
    ("<", ">"),
    ("(", ")"),
    ("[", "]"),
    ("{", "}"),
    ("**", "**"),
    ("【", "】"),
    ("《", "》"),
    ("〈", "〉"),
    ("（", "）"),
    ("［", "］"),
    ("＜", "＞"),
    ("*", "*"),
];

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
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum Wrapper {
    /// A pair of quotation marks.
    Quotes,
    /// A pair of brackets.
    Brackets,
    /// `="` and `"`, by which spreadsheets export text.
    Formula,
    /// `'` in front, by which spreadsheets mark text.
    Apostrophe,
    /// `- ` or the like in front: the item of a list.
    Bullet,
    /// `mailto:`, `tel:`, or the like in front.
    Label,
    /// `0x`, `sha1:`, or the like in front of a hash.
    HashLabel,
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
            Self::Quotes => "quotation marks around",
            Self::Brackets => "brackets around",
            Self::Formula => "=\"...\", as spreadsheets write text, around",
            Self::Apostrophe => "' in front of",
            Self::Bullet => "a bullet in front of",
            Self::Label => "mailto:, tel: or the like in front of",
            Self::HashLabel => "0x, sha1: or the like in front of",
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
    if let Some(inner) = formula(text) {
        return Some((Wrapper::Formula, inner.into()));
    }
    if let Some(inner) = within(text, &QUOTES) {
        return Some((Wrapper::Quotes, inner.into()));
    }
    // `<` may have a name in front, and is looked at below.
    if let Some(inner) = within(text, &BRACKETS[1..]) {
        return Some((Wrapper::Brackets, inner.into()));
    }
    if let Some(inner) = text.strip_suffix(b",").or_else(|| text.strip_suffix(b";")) {
        return Some((Wrapper::Comma, inner.into()));
    }
    if let Some(inner) = in_angle_brackets(kind, text) {
        return Some((Wrapper::AngleBrackets, inner.into()));
    }
    let (labels, label): (&[&str], _) = if is_hash {
        (&HASH_LABELS, Wrapper::HashLabel)
    } else {
        (&LABELS, Wrapper::Label)
    };
    if let Some(inner) = labels.iter().find_map(|label| unlabelled(text, label)) {
        return Some((label, inner.into()));
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
            Self::Quotes => within(text.trim_ascii(), &QUOTES),
            Self::Brackets => bracketed(text.trim_ascii()),
            Self::Formula => formula(text.trim_ascii()),
            Self::Apostrophe => text.strip_prefix(b"'"),
            Self::Bullet => bullet(text.trim_ascii_start()),
            Self::PointZero => whole_number(text.trim_ascii()),
            _ => None,
        };
        inner.filter(|inner| !inner.is_empty())
    }
}

fn within<'a>(text: &'a [u8], pairs: &[(&str, &str)]) -> Option<&'a [u8]> {
    pairs.iter().find_map(|(open, close)| {
        text.strip_prefix(open.as_bytes())?
            .strip_suffix(close.as_bytes())
    })
}

/// Brackets around the whole, and not `(a) and (b)`.
fn bracketed(text: &[u8]) -> Option<&[u8]> {
    let has = |inner: &[u8], mark: &str| memchr::memmem::find(inner, mark.as_bytes()).is_some();
    BRACKETS.iter().find_map(|pair| {
        let inner = within(text, &[*pair])?;
        (!has(inner, pair.0) && !has(inner, pair.1)).then_some(inner)
    })
}

/// `="0012"`, and the same as a cell of CSV.
fn formula(text: &[u8]) -> Option<&[u8]> {
    within(text, &[("\"=\"\"", "\"\"\""), ("=\"", "\"")])
}

/// The pair that stands around most of the texts.
pub(super) fn usual_pair(texts: &[&[u8]]) -> Option<(&'static str, &'static str)> {
    let pairs = QUOTES.iter().chain(&BRACKETS).copied();
    pairs.rev().max_by_key(|pair| {
        let has = |text: &&&[u8]| within(text, &[*pair]).is_some();
        texts.iter().filter(has).count()
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

pub(super) fn percent_decoded(text: &[u8]) -> Vec<u8> {
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
            (Wrapper::Brackets, "(a)", Some("a")),
            (Wrapper::Brackets, "**a**", Some("a")),
            (Wrapper::Brackets, "(a)(b)", None),
            (Wrapper::Brackets, "**", None),
            (Wrapper::Formula, "=\"0012\"", Some("0012")),
            (Wrapper::Formula, "\"=\"\"0012\"\"\"", Some("0012")),
            (Wrapper::Formula, "=\"", None),
        ] {
            let inner = wrapper.strip(text.as_bytes());
            assert_eq!(inner, expected.map(str::as_bytes), "{text}");
        }
    }
}
