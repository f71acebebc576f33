//! What programs that gather addresses leave of pages, links and forms: `u003eann@example.com`,
//! `%20ann@example.com`, `email=ann@example.com`. All of it may stand before an `@`, so such a
//! line is an address, and nobody's. A small share of the lines is enough to tell.

use super::around::escaped;
use super::counting::{nearly_all, num};
use super::refusal::{Refusal, pipe};
use super::subject::Subject;
use super::wrap::{entity, percent_decoded};

/// Fewest lines.
const FEW: usize = 3;
/// Of 100 lines, how many of what nobody's address has, and how many of signs that are rare in
/// front of addresses.
const MIN_PERCENT: usize = 1;
const MIN_PERCENT_OF_SIGNS: usize = 5;

/// `<`, `=`, `>` and a blank, as scripts write them, without the backslash. (`u0012345` is a
/// student.)
const CODES: [&str; 11] = [
    "u003c", "u003d", "u003e", "u00a0", "x3c", "x3e", "u0020", "u0022", "u0026", "u0027", "u003a",
];
/// What links write with a number: blanks, quotes, signs between words.
const ENCODED: [&str; 18] = [
    "09", "0a", "0d", "20", "22", "26", "27", "2b", "2c", "2f", "3a", "3b", "3c", "3d", "3e", "40",
    "5b", "5d",
];
/// Names of fields and of links.
const NAMES: [&str; 12] = [
    "email",
    "e-mail",
    "mail",
    "mailto",
    "emailaddress",
    "to",
    "from",
    "user",
    "username",
    "login",
    "address",
    "href",
];

/// What is left of another writing.
struct Leftover {
    words: &'static str,
    min_percent: usize,
    has: fn(&Subject<'_>, &[u8]) -> bool,
    /// All lines may have it: then it is said in another way.
    is_soft: bool,
    /// How perl mends a line.
    mend: &'static str,
}

/// In the order in which they are mended.
const LEFTOVERS: [Leftover; 8] = [
    Leftover {
        words: r"escapes of JSON (\u003e)",
        min_percent: MIN_PERCENT,
        is_soft: false,
        has: |_, text| {
            memchr::memmem::find_iter(text, br"\u00")
                .any(|at| text.get(at + 4..at + 6).is_some_and(are_digits))
        },
        mend: r"s/\\u00([2-7][0-9a-f])/chr hex $1/gie",
    },
    Leftover {
        words: "u003e or the like in front",
        min_percent: MIN_PERCENT,
        is_soft: false,
        has: |subject, text| behind_code(text).is_some_and(|rest| subject.holds_identifier(rest)),
        mend: "s/^(u003[acde]|u00a0|x3[ce]|u002[0267](?=[a-z]))+//i",
    },
    Leftover {
        words: "a backslash and a letter in front",
        min_percent: MIN_PERCENT,
        is_soft: false,
        has: |subject, text| {
            let is_escape = matches!(text, [b'\\', b'n' | b'r' | b't', ..]);
            is_escape && subject.holds_identifier(&text[2..])
        },
        mend: r"s/^(\\[nrt])+//",
    },
    Leftover {
        words: "escapes of mail (=3D) in front",
        min_percent: MIN_PERCENT,
        is_soft: false,
        has: |subject, text| {
            let code = text.get(1..3).unwrap_or_default();
            text.starts_with(b"=")
                && matches!(code, b"3D" | b"20" | b"22" | b"3C" | b"3E" | b"09")
                && subject.holds_identifier(&text[3..])
        },
        mend: "s/^(=(3[CDE]|2[02]|09))+//",
    },
    Leftover {
        words: "URL encoding (%20, %40)",
        min_percent: MIN_PERCENT,
        is_soft: false,
        has: |subject, text| {
            let is_code = |at: usize| {
                let code = text.get(at + 1..at + 3).unwrap_or_default();
                ENCODED
                    .iter()
                    .any(|known| code.eq_ignore_ascii_case(known.as_bytes()))
            };
            memchr::memchr_iter(b'%', text).any(is_code)
                && subject.holds_identifier(address_in(&percent_decoded(text)))
        },
        mend: "s/%(09|0[ad]|2[0267bcf]|3[a-e]|40|5[bd])/chr hex $1/gie",
    },
    Leftover {
        words: "HTML entities (&amp;)",
        min_percent: MIN_PERCENT,
        is_soft: false,
        has: |_, text| memchr::memchr_iter(b'&', text).any(|at| entity(&text[at..]).is_some()),
        mend: r#"s/&(nbsp|#160);/ /g; s/&#0*(\d{2}|1[01]\d);/chr $1/ge; s/&#x0*([2-7][0-9a-f]);/chr hex $1/gie; s/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&apos;/\x27/g; s/&plus;/+/g; s/&commat;/\@/g; s/&amp;/&/g"#,
    },
    Leftover {
        words: "a name and = in front",
        min_percent: MIN_PERCENT,
        is_soft: true,
        has: |subject, text| behind_name(text).is_some_and(|rest| subject.holds_identifier(rest)),
        mend: "s/^(e-?mail|mail|mailto|emailaddress|to|from|user|username|login|address|href)=//i",
    },
    Leftover {
        words: "a sign in front",
        min_percent: MIN_PERCENT_OF_SIGNS,
        is_soft: true,
        has: |subject, text| {
            let is_sign = |byte: &u8| b"-/=*~#!&?+|^{}`$".contains(byte);
            text.first().is_some_and(is_sign) && subject.holds_identifier(&text[1..])
        },
        mend: r"s/^[-\/=*~#!&?+|^{}`\$]+//",
    },
];

fn are_digits(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_hexdigit)
}

fn behind_code(text: &[u8]) -> Option<&[u8]> {
    CODES.iter().find_map(|code| {
        let (start, rest) = text.split_at_checked(code.len())?;
        let is_letter = rest.first().is_some_and(u8::is_ascii_alphabetic);
        let is_word = !code.ends_with(|c: char| c.is_ascii_digit()) || is_letter;
        (is_word && start.eq_ignore_ascii_case(code.as_bytes())).then_some(rest)
    })
}

fn behind_name(text: &[u8]) -> Option<&[u8]> {
    let (name, rest) = text.split_at(memchr::memchr(b'=', text)?);
    let is_known = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    NAMES
        .iter()
        .any(|known| is_known(known))
        .then(|| &rest[1..])
}

/// What is left around an address that stands alone in its line.
const TRIM: &str = r#"s/^(?:[^@]*[\s<>"])?[=\x27]*([^\s<>"]+@[^\s<>"]+?)[<>"\x27,;]*\s*$/$1\n/"#;

/// The same: what remains of a text around the first `@`.
fn address_in(text: &[u8]) -> &[u8] {
    let is_around = |byte: &u8| byte.is_ascii_whitespace() || b"<>\"".contains(byte);
    let text = text.trim_ascii();
    let at = memchr::memchr(b'@', text).unwrap_or(0);
    let start = text[..at]
        .iter()
        .rposition(is_around)
        .map_or(0, |start| start + 1);
    let end = text[at..]
        .iter()
        .position(is_around)
        .map_or(text.len(), |end| at + end);
    &text[start..end]
}

/// Refuse addresses of which some have such things in them; `is_last` if nothing that all lines
/// share was found.
pub(super) fn scraped(
    subject: &Subject<'_>,
    lines: &[&[u8]],
    is_last: bool,
) -> Result<(), Refusal> {
    // What comes off by itself is seen without it.
    let bare: Vec<Vec<u8>> = lines.iter().map(|line| subject.bare(line)).collect();
    let bare: Vec<&[u8]> = bare.iter().map(Vec::as_slice).collect();
    let is_many = |num: usize, min_percent: usize| {
        (num >= FEW && num * 100 >= lines.len() * min_percent) || nearly_all(num, lines.len())
    };
    let num_of = |leftover: &Leftover| num(&bare, |text| (leftover.has)(subject, text));
    let found: Vec<(&Leftover, usize)> = LEFTOVERS
        .iter()
        .map(|leftover| (leftover, num_of(leftover)))
        .filter(|(leftover, num)| match leftover.is_soft {
            // One of them may be somebody's.
            true => is_many(*num, leftover.min_percent),
            false => *num > 0,
        })
        .collect();
    let is_enough = |(leftover, num): &(&Leftover, usize)| {
        let is_all = leftover.is_soft && !is_last && nearly_all(*num, lines.len());
        !is_all && is_many(*num, leftover.min_percent)
    };
    if !found.iter().any(is_enough) {
        return Ok(());
    }
    let words: Vec<&str> = found.iter().map(|(leftover, _)| leftover.words).collect();
    let mut mends: Vec<&str> = found.iter().map(|(leftover, _)| leftover.mend).collect();
    if found.iter().any(|(leftover, _)| !leftover.is_soft) {
        mends.push(TRIM);
    }
    Err(Refusal::new(
        format!(
            "addresses of which some have more than the address: {}",
            words.join(", ")
        ),
        format!(
            "write what they mean: {}",
            pipe(&format!("perl -pe '{}'", mends.join("; ")))
        ),
    ))
}

/// Signs that nobody writes at the end of an identifier, in a part of the lines.
const TAILS: [&str; 6] = [";", ",", ":", "|", "\\", ".0"];
/// Of 100 lines, how many; of passwords, which may end with any sign, more.
const MIN_PERCENT_OF_TAILS: usize = 3;
const MIN_PERCENT_OF_PASSWORDS: usize = 10;
/// Fewest lines of kinds without a syntax.
const MIN_LINES: usize = 20;

/// Refuse lists without a syntax, of which a part has a sign behind it or a word in front.
pub(super) fn in_a_part(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    use leaksieve_core::IdentifierKind::{Id, Password};
    if lines.len() < MIN_LINES {
        return Ok(());
    }
    let min_percent = match subject.kind {
        Password => MIN_PERCENT_OF_PASSWORDS,
        _ => MIN_PERCENT_OF_TAILS,
    };
    let is_part = |num: usize| {
        num >= FEW && num * 100 >= lines.len() * min_percent && !nearly_all(num, lines.len())
    };
    for tail in TAILS {
        let has = |line: &[u8]| line.len() > tail.len() && line.ends_with(tail.as_bytes());
        // What has one within, too, is a row of a table.
        let is_alone = |line: &[u8]| {
            has(line) && memchr::memmem::find_iter(line, tail.as_bytes()).count() == 1
        };
        if (tail == ".0" && subject.kind == Id) || !is_part(num(lines, is_alone)) {
            continue;
        }
        return Err(Refusal::new(
            format!("{tail:?} at the end of a part of the lines"),
            format!(
                "if people do not type it, take it off: {}",
                pipe(&format!("sed 's/{}$//'", escaped(tail)))
            ),
        ));
    }
    if subject.kind == Password {
        return Ok(());
    }
    for start in [
        "u/",
        "/u/",
        "user/",
        "/user/",
        "users/",
        "user=",
        "username=",
        "name=",
        "login=",
        "id=",
    ] {
        let has = |line: &[u8]| line.len() > start.len() && line.starts_with(start.as_bytes());
        if is_part(num(lines, has)) {
            return Err(Refusal::new(
                format!("{start:?} in front of a part of the lines"),
                format!(
                    "if people do not type it, take it off: {}",
                    pipe(&format!("sed 's/^{}//'", escaped(start)))
                ),
            ));
        }
    }
    Ok(())
}
