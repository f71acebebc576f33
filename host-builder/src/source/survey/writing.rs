//! Identifiers that are written as another language writes texts: HTML's entities, JSON's escapes,
//! doubled quotation marks, links.

use leaksieve_core::IdentifierKind;

use super::look::{Subject, nearly_all, num, pipe};
use super::refuse::{Refusal, pipe_in};
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
        "python3 -X utf8 -c 'import html,sys; sys.stdout.writelines(map(html.unescape, sys.stdin))'"
    };
    Err(Refusal::new(
        "identifiers with HTML entities, such as &amp; for &",
        format!("write the characters that they mean: {}", pipe_in(command)),
    ))
}

/// Links to what people call themselves.
pub(super) fn links(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    if subject.kind == IdentifierKind::Password
        || lines.len() < MIN_LINES
        || !nearly_all(num(lines, is_link), lines.len())
    {
        return Ok(());
    }
    Err(Refusal::new(
        "links",
        format!(
            "keep what stands behind the last slash, if that is the name: {}",
            pipe("sed -E 's|[?#].*||; s|/+$||; s|.*/@?||'")
        ),
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

pub(super) fn is_link(line: &[u8]) -> bool {
    [&b"https://"[..], b"http://"].iter().any(|start| {
        line.get(..start.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(start))
    })
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
