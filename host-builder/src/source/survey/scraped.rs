//! What programs that gather addresses leave of pages, links and forms: `u003eann@example.com`,
//! `%20ann@example.com`, `email=ann@example.com`. All of it may stand before an `@`, so such a
//! line is an address, and nobody's. A small share of the lines is enough to tell.

use super::around::escaped;
use super::look::{Subject, nearly_all, num, pipe};
use super::refuse::Refusal;
use super::wrap::{entity, percent_decoded};

/// Fewest lines.
const FEW: usize = 3;
/// Of 100 lines, how many of what nobody's address has, and how many of signs that are rare in
/// front of addresses.
const MIN_PERCENT: usize = 1;
const MIN_PERCENT_OF_SIGNS: usize = 5;

/// `<`, `=`, `>` and a blank, as scripts write them, without the backslash. (`u0012345` is a
/// student.)
const CODES: [&str; 6] = ["u003c", "u003d", "u003e", "u00a0", "x3c", "x3e"];
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
const LEFTOVERS: [Leftover; 6] = [
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
        mend: "s/^(u003[cde]|u00a0|x3[ce])+//i",
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
                && subject.holds_identifier(percent_decoded(text).trim_ascii())
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
        mend: "s/^[^=@]*=//",
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
        start.eq_ignore_ascii_case(code.as_bytes()).then_some(rest)
    })
}

fn behind_name(text: &[u8]) -> Option<&[u8]> {
    let (name, rest) = text.split_at(memchr::memchr(b'=', text)?);
    let is_known = |known: &&str| name.eq_ignore_ascii_case(known.as_bytes());
    NAMES
        .iter()
        .any(|known| is_known(&known))
        .then(|| &rest[1..])
}

/// What is left around an address that stands alone in its line.
const TRIM: &str = r#"s/^\s*[<>="\x27]*([^\s<>"\x27]+@[^\s<>"\x27]+?)[<>"\x27,;]*\s*$/$1\n/"#;

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
        .filter(|(_, num)| *num > 0)
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
/// Of 100 lines, how many.
const MIN_PERCENT_OF_TAILS: usize = 10;
/// Fewest lines of kinds without a syntax.
const MIN_LINES: usize = 20;

/// Refuse lists without a syntax, of which a part has a sign behind it or a word in front.
pub(super) fn in_a_part(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    use leaksieve_core::IdentifierKind::{Id, Password};
    if lines.len() < MIN_LINES {
        return Ok(());
    }
    let is_part = |num: usize| {
        num * 100 >= lines.len() * MIN_PERCENT_OF_TAILS && !nearly_all(num, lines.len())
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
                "if it is no part of what people ask, take it off: {}",
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
                    "if it is no part of what people ask, take it off: {}",
                    pipe(&format!("sed 's/^{}//'", escaped(start)))
                ),
            ));
        }
    }
    Ok(())
}
