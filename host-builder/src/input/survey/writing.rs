//! Identifiers that are written as another language writes texts: HTML's entities and tags, JSON's
//! escapes, doubled quotation marks.

use leaksieve_core::IdentifierKind;

use super::counting::{nearly_all, num};
use super::refusal::{Refusal, pipe, pipe_in};
use super::subject::Subject;
use super::wrap;

/// Fewest lines of which it is said.
const MIN_LINES: usize = 3;

/// Quoted texts in which some characters are written with others: taking the quotes off is not
/// all there is to do.
pub(super) fn escapes(lines: &[&[u8]]) -> Result<(), Refusal> {
    let holds = |part: &[u8]| {
        let finder = memchr::memmem::Finder::new(part);
        let is_in = |inner: &[u8]| finder.find(inner).is_some();
        let inner = |line: &[u8]| -> Option<bool> {
            Some(is_in(line.strip_prefix(b"\"")?.strip_suffix(b"\"")?))
        };
        lines.iter().any(|line| inner(line) == Some(true))
    };
    let is_json = |line: &[u8]| serde_json::from_slice::<String>(line).is_ok();
    if holds(b"\\") && nearly_all(num(lines, is_json), lines.len()) {
        return Err(Refusal::new(
            "JSON texts",
            format!("write what they mean: {}", pipe("jq -r .")),
        ));
    }
    if holds(b"\"\"") {
        return Err(Refusal::new(
            "a table of one column, in quotation marks, with doubled ones within",
            "give --column 1 --delimiter comma",
        ));
    }
    Ok(())
}

/// Characters that HTML writes with a name. Where people write them, a bare `&` comes as well.
pub(super) fn entities(lines: &[&[u8]]) -> Result<(), Refusal> {
    let (mut num_lines, mut are_common) = (0, true);
    for line in lines {
        let mut has_one = false;
        for at in memchr::memchr_iter(b'&', line) {
            match wrap::entity(&line[at..]) {
                Some(is_common) => (has_one, are_common) = (true, are_common && is_common),
                None => return Ok(()),
            }
        }
        num_lines += usize::from(has_one);
    }
    if num_lines < MIN_LINES {
        return Ok(());
    }
    let command = if are_common {
        r#"sed "s/&lt;/</g; s/&gt;/>/g; s/&quot;/\"/g; s/&apos;/'/g; s/&#0*39;/'/g; s/&amp;/\&/g""#
    } else {
        "python3 -X utf8 -c 'import html,sys; sys.stdout.writelines(html.unescape(line).replace(chr(160), chr(32)) for line in sys.stdin)'"
    };
    Err(Refusal::new(
        "identifiers with HTML entities, such as &amp; for &",
        format!("write the characters that they mean: {}", pipe_in(command)),
    ))
}

/// `2021-06-11`, `11.6.2021 08:30`: a day, in figures.
pub(super) fn is_date(text: &[u8]) -> bool {
    let day = text
        .split(|byte| matches!(byte, b' ' | b'T'))
        .next()
        .unwrap_or_default();
    [b'-', b'/', b'.'].iter().any(|sign| {
        let parts: Vec<&[u8]> = day.split(|byte| byte == sign).collect();
        let is_figures =
            |part: &&[u8]| matches!(part.len(), 1 | 2 | 4) && part.iter().all(u8::is_ascii_digit);
        let is_year = |part: &[u8]| part.starts_with(b"19") || part.starts_with(b"20");
        match parts.as_slice() {
            [first, _, last] if parts.iter().all(is_figures) => {
                (first.len() == 4) != (last.len() == 4)
                    && (if first.len() == 4 {
                        is_year(first)
                    } else {
                        is_year(last)
                    })
                    && parts[1].len() < 3
            }
            _ => false,
        }
    })
}

/// Seconds or thousandths since 1970, of this century.
pub(super) fn is_time(text: &[u8]) -> bool {
    matches!(text.len(), 10 | 13) && text.iter().all(u8::is_ascii_digit) && text[0] == b'1'
}

/// Tags of HTML, or escapes, that nearly all lines have at an end.
pub(super) fn ends(lines: &[&[u8]]) -> Result<(), Refusal> {
    let all = |is: &dyn Fn(&[u8]) -> bool| {
        lines.len() >= MIN_LINES && nearly_all(num(lines, is), lines.len())
    };
    let is_tagged = |tag: fn(&[u8]) -> Option<&[u8]>| {
        let of = |line: &[u8]| tag(line).map(<[u8]>::to_ascii_lowercase);
        let usual = lines.iter().find_map(|line| of(line));
        usual.is_some() && all(&|line| of(line) == usual)
    };
    if is_tagged(last_tag) || is_tagged(first_tag) {
        return Err(Refusal::new(
            "a tag of HTML in front of nearly all lines, or at their end",
            format!(
                "take it off: {}",
                pipe("sed -E 's/^([[:space:]]*<[^<>]*>)+//; s/(<[^<>]*>[[:space:]]*)+$//'")
            ),
        ));
    }
    let is_escape = |line: &[u8]| {
        let has = |end: &&[u8]| line.len() > end.len() && line.ends_with(end);
        [&b"\\n"[..], b"\\r", b"\\t"].iter().any(has)
    };
    if all(&is_escape) {
        return Err(Refusal::new(
            "a backslash and a letter at the end of nearly all lines, which stand for the end of a line",
            format!("take them off: {}", pipe(r"sed -E 's/(\\[rnt])+$//'")),
        ));
    }
    // All of them on one line.
    let num_feeds = |line: &[u8]| memchr::memmem::find_iter(line, b"\\n").count();
    if lines.len() < MIN_LINES && num(lines, |line| num_feeds(line) > 1) == lines.len() {
        return Err(Refusal::new(
            "several identifiers a line, with a backslash and n between",
            format!("write one a line: {}", pipe(r"sed -E 's/(\\r)?\\n/\n/g'")),
        ));
    }
    Ok(())
}

/// The tag that a text ends with: `<br/>`, `</td>`.
fn last_tag(text: &[u8]) -> Option<&[u8]> {
    let at = memchr::memrchr(b'<', text).filter(|at| *at > 0)?;
    is_tag(&text[at..]).then_some(&text[at..])
}

/// The tag that it begins with: `<li>`.
fn first_tag(text: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr(b'>', text)? + 1;
    (end < text.len() && is_tag(&text[..end])).then_some(&text[..end])
}

fn is_tag(text: &[u8]) -> bool {
    const MAX_LETTERS: usize = 10;
    let inner = text
        .strip_prefix(b"<")
        .and_then(|text| text.strip_suffix(b">"));
    let Some(inner) = inner else {
        return false;
    };
    let name = inner.strip_prefix(b"/").unwrap_or(inner);
    let name = name.strip_suffix(b"/").unwrap_or(name).trim_ascii();
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.len() <= MAX_LETTERS
        && name.iter().all(u8::is_ascii_alphanumeric)
}

/// Characters that a URL writes with their numbers: %40 for @.
pub(super) fn url_encoding(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    let (mut num_lines, mut is_whole) = (0, true);
    for line in lines {
        let mut has_one = false;
        for at in memchr::memchr_iter(b'%', line) {
            let digits = line.get(at + 1..at + 3);
            let is_code = digits.is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
            has_one |= is_code;
            is_whole &= is_code;
        }
        num_lines += usize::from(has_one);
    }
    let is_password = subject.kind == IdentifierKind::Password;
    if num_lines < MIN_LINES || !is_whole || (is_password && !nearly_all(num_lines, lines.len())) {
        return Ok(());
    }
    Err(Refusal::new(
        "identifiers in URL encoding, such as %40 for @",
        format!(
            "write the characters that it means: {}",
            pipe_in(
                "python3 -X utf8 -c 'import sys,urllib.parse; sys.stdout.writelines(map(urllib.parse.unquote, sys.stdin))'"
            )
        ),
    ))
}
