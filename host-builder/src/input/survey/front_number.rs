//! A number in front of a line.

use super::course::MAX_DIGITS;

/// A line with a number in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbered<'a> {
    /// The bracket or sign in front of the number.
    pub(super) open: &'a [u8],
    pub(super) digits: &'a [u8],
    /// What stands behind the number, without blanks.
    pub(super) sign: &'a [u8],
    /// There are blanks, too.
    pub(super) has_blank: bool,
    pub(super) rest: &'a [u8],
}

impl<'a> Numbered<'a> {
    pub(super) fn of(line: &'a [u8]) -> Option<Self> {
        let text = line.trim_ascii_start();
        let num_open = usize::from(matches!(text.first(), Some(b'(' | b'[' | b'#' | b'<')));
        let (open, text) = text.split_at(num_open);
        let num_digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=MAX_DIGITS).contains(&num_digits) {
            return None;
        }
        let (digits, behind) = text.split_at(num_digits);
        let near = behind.trim_ascii_start();
        let is_times = behind.starts_with(b"x ") || behind.starts_with(b"X ");
        let sign = if is_times { &near[..1] } else { sign(near) };
        let far = &near[sign.len()..];
        // `12 -x` is a number before a word that begins with a sign.
        let (sign, behind) = if near.len() < behind.len() && far.first() != Some(&b' ') {
            (&near[..0], near)
        } else {
            (sign, far)
        };
        let rest = behind.trim_ascii_start();
        let has_blank = text.len() - num_digits - sign.len() > rest.len();
        (!rest.is_empty()).then_some(Self {
            open,
            digits,
            sign,
            has_blank,
            rest,
        })
    }
}

/// The sign that a text begins with, once or more: `.`, `)`, `--`, `->`, `、`.
fn sign(text: &[u8]) -> &[u8] {
    let first = text
        .utf8_chunks()
        .next()
        .and_then(|chunk| chunk.valid().chars().next());
    let len = match first {
        Some(c) if !c.is_alphanumeric() && !c.is_whitespace() => c.len_utf8(),
        _ => return &text[..0],
    };
    let mut end = len;
    while text[end..].starts_with(&text[..len]) {
        end += len;
    }
    if text[end..].starts_with(b">") && matches!(text[0], b'-' | b'=') {
        end += 1;
    }
    &text[..end]
}

/// What stands behind `2 `, `12. `, or `12) `; leading blanks do not matter.
pub(super) fn counted(text: &[u8]) -> Option<&[u8]> {
    let found = Numbered::of(text)?;
    let is_usual = matches!(found.sign, b"" | b"." | b")" | b":");
    (found.open.is_empty() && is_usual && found.has_blank).then_some(found.rest)
}
