//! What nearly all lines begin or end with: signs, or a word and a sign. In kinds without a
//! syntax that may belong to the identifiers, so it comes off only by the owner's own command.

use leaksieve_core::IdentifierKind;

use super::counting::{nearly_all, num, percent};
use super::refusal::{Refusal, pipe};
use super::subject::Subject;

/// Fewest lines. Passwords are chosen by rules such as "a sign at the end".
const FEW: usize = 3;
const FEW_PASSWORDS: usize = 6;
/// Longest text that is looked for, characters.
const MAX_CHARS: usize = 16;

/// Words that say what stands behind them. In front of `-` or `_` they are a part of codes.
const LABELS: [&str; 45] = [
    "id",
    "u",
    "r",
    "n",
    "nº",
    "ids",
    "no",
    "nr",
    "num",
    "number",
    "nro",
    "ssn",
    "sin",
    "nin",
    "nino",
    "uid",
    "user",
    "users",
    "username",
    "name",
    "login",
    "account",
    "acct",
    "acc",
    "ref",
    "handle",
    "nick",
    "mail",
    "email",
    "e-mail",
    "password",
    "passwort",
    "pass",
    "pwd",
    "pw",
    "passport",
    "tel",
    "member",
    "customer",
    "client",
    "kunde",
    "dni",
    "cpf",
    "номер",
    "号",
];

/// Refuse lists whose lines have something around them.
pub(super) fn around(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    let least = match subject.kind {
        IdentifierKind::Password => FEW_PASSWORDS,
        _ => FEW,
    };
    if lines.len() < least {
        return Ok(());
    }
    if subject.kind == IdentifierKind::Email {
        // What comes off each line is no address with it.
        let is_peeled =
            |line: &[u8]| !subject.is_identifier(line) && subject.holds_identifier(line);
        if num(lines, is_peeled) * 2 > lines.len() {
            return Ok(());
        }
    }
    let texts: Vec<&str> = lines
        .iter()
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    if !nearly_all(texts.len(), lines.len()) || is_one(&texts) {
        return Ok(());
    }
    let (mut start, mut end) = (start(&texts, lines.len()), end(&texts, lines.len()));
    // Blanks and what is not seen do not count, but in passwords.
    if subject.kind != IdentifierKind::Password {
        for side in [&mut start, &mut end] {
            if side.chars().all(is_nothing) {
                side.clear();
            }
        }
    }
    // `Ann (ann7)`: which of the two is it?
    if has_open_bracket(&start, &end)
        && matches!(subject.kind, IdentifierKind::Username | IdentifierKind::Id)
    {
        return Err(Refusal::new(
            "two things a line, of which one stands in brackets",
            "keep the identifiers, one a line",
        ));
    }
    let is_start = is_label(subject.kind, &start, &texts);
    let is_end = is_tail(subject.kind, &end, &texts);
    // Of what stands on both sides, one half is no part of identifiers, either.
    let is_sign = start.chars().all(|c| !c.is_alphanumeric()) && start != "@";
    if !(is_start || (is_end && is_sign)) {
        start.clear();
    }
    if !(is_start || is_end) {
        end.clear();
    }
    if start.is_empty() && end.is_empty() {
        return Ok(());
    }
    // Of an address it is known whether it is one without them.
    if subject.kind == IdentifierKind::Email {
        let is_held = |line: &[u8]| {
            let line = line.strip_prefix(start.as_bytes()).unwrap_or(line);
            let line = line.strip_suffix(end.as_bytes()).unwrap_or(line);
            subject.holds_identifier(line)
        };
        if !nearly_all(num(lines, is_held), lines.len()) {
            return Ok(());
        }
    }
    let parts: Vec<String> = [
        (!start.is_empty()).then(|| format!("s/^{}//", escaped(&start))),
        (!end.is_empty()).then(|| format!("s/{}$//", escaped(&end))),
    ]
    .into_iter()
    .flatten()
    .collect();
    let found = match (start.is_empty(), end.is_empty()) {
        (false, true) => format!("{start:?} in front of nearly all lines"),
        (true, _) => format!("{end:?} at the end of nearly all lines"),
        _ => format!("{start:?} in front of nearly all lines, and {end:?} at their end"),
    };
    Err(Refusal::new(
        found,
        format!(
            "if people do not type it, take it off: {}",
            pipe(&format!("sed '{}'", parts.join("; ")))
        ),
    ))
}

fn is_nothing(c: char) -> bool {
    c.is_whitespace() || super::shape::is_invisible(c)
}

/// A bracket that closes at the end, and opens somewhere within.
fn has_open_bracket(start: &str, end: &str) -> bool {
    [('(', ')'), ('[', ']'), ('<', '>'), ('{', '}')]
        .iter()
        .any(|(open, close)| end.ends_with(*close) && !start.contains(*open))
}

/// All the same line, or nearly: what they share says nothing.
fn is_one(texts: &[&str]) -> bool {
    let first = texts.first();
    let num_same = texts.iter().filter(|text| Some(*text) == first).count();
    num_same * 2 > texts.len()
}

/// The longest text that nearly all lines begin with, up to its last sign.
fn start(texts: &[&str], num_lines: usize) -> String {
    let forwards: Vec<Vec<char>> = texts
        .iter()
        .map(|text| text.chars().take(MAX_CHARS + 1).collect())
        .collect();
    let mut start = shared(&forwards, num_lines);
    while start.pop_if(|c| c.is_alphanumeric()).is_some() {}
    start.into_iter().collect()
}

/// The signs that nearly all lines end with.
fn end(texts: &[&str], num_lines: usize) -> String {
    let backwards: Vec<Vec<char>> = texts
        .iter()
        .map(|text| text.chars().rev().take(MAX_CHARS + 1).collect())
        .collect();
    let mut end = shared(&backwards, num_lines);
    if let Some(at) = end.iter().position(|c| c.is_alphanumeric()) {
        end.truncate(at);
    }
    end.into_iter().rev().collect()
}

/// What nearly all begin with, and have more behind.
fn shared(texts: &[Vec<char>], num_lines: usize) -> Vec<char> {
    let mut shared: Vec<char> = Vec::new();
    let mut texts: Vec<&Vec<char>> = texts.iter().collect();
    while shared.len() < MAX_CHARS {
        let at = shared.len();
        // One of three that are looked at is what nearly all have.
        let some = [0, texts.len() / 2, texts.len().saturating_sub(1)];
        let usual = some
            .iter()
            .filter_map(|index| texts.get(*index)?.get(at))
            .max_by_key(|c| texts.iter().filter(|text| text.get(at) == Some(c)).count());
        let Some(usual) = usual.copied() else { break };
        texts.retain(|text| text.get(at) == Some(&usual) && text.len() > at + 1);
        if texts.len() * 100 < num_lines * percent(num_lines) {
            break;
        }
        shared.push(usual);
    }
    shared
}

/// Is what the lines begin with no part of identifiers of this kind?
fn is_label(kind: IdentifierKind, start: &str, texts: &[&str]) -> bool {
    let Some(last) = start.chars().next_back() else {
        return false;
    };
    let is_number_behind = texts.iter().all(|text| {
        let behind = text.strip_prefix(start);
        behind.is_none_or(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    let word = start
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    if word.is_empty() {
        return match kind {
            // `@alice` is a name, `+49...` and `-100...` are numbers.
            _ if matches!(start, "+" | "-") && is_number_behind => false,
            IdentifierKind::Username => start != "@",
            IdentifierKind::Email => start != "'",
            _ => true,
        };
    }
    if !word.contains(char::is_alphabetic) {
        return false;
    }
    let is_known = LABELS.contains(&word.as_str());
    match (kind, last) {
        (_, '-' | '_') => false,
        (_, '.' | ' ' | '．' | '\u{3000}' | '\u{A0}') => is_known,
        (IdentifierKind::Password, ':' | '=' | '\'' | '"' | '\\' | '>' | '|') => true,
        (IdentifierKind::Password, '/') => is_known,
        (IdentifierKind::Password, _) => false,
        (IdentifierKind::Email, '+' | '\'') => false,
        (IdentifierKind::Id, '/') => is_known || start.starts_with('/'),
        // 02:00:5e
        (IdentifierKind::Id, ':') => {
            let is_group =
                |part: &str| part.len() <= 4 && part.chars().all(|c| c.is_ascii_hexdigit());
            let parts = start.trim_end_matches(':').split(':');
            !(parts.clone().count() > 1 && parts.clone().all(is_group))
        }
        _ => true,
    }
}

/// Are the signs that the lines end with no part of identifiers of this kind?
fn is_tail(kind: IdentifierKind, end: &str, texts: &[&str]) -> bool {
    let Some(last) = end.chars().next_back() else {
        return false;
    };
    // Base64 fills up with them.
    let is_base64 = end.chars().all(|c| c == '=')
        && texts
            .iter()
            .filter(|text| text.len().is_multiple_of(4))
            .count()
            * 10
            >= texts.len() * 9;
    match kind {
        _ if is_base64 => false,
        IdentifierKind::Password => {
            let is_face =
                end.chars().count() > 1 && matches!(end.chars().next(), Some(':' | ';' | '='));
            !is_face
                && (end.contains(' ')
                    || matches!(last, ',' | ';' | ':' | '|' | '/' | '\\' | '>' | '='))
        }
        // `Ann Lee Jr.`
        IdentifierKind::Username if end == "." => !texts.iter().any(|text| text.contains(' ')),
        IdentifierKind::Username => !matches!(end, "_" | "__" | "-" | "--" | "!"),
        _ => true,
    }
}

/// Signs as a basic regular expression of `sed` has them, in single quotes.
pub(super) fn escaped(signs: &str) -> String {
    let mut text = String::new();
    for c in signs.chars() {
        match c {
            '\'' => text.push_str(r"'\''"),
            '.' | '*' | '[' | ']' | '^' | '$' | '\\' | '/' => text.extend(['\\', c]),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nearly_all_share() {
        for (texts, expected) in [
            (&["/u/ann", "/u/bob", "/u/carl"][..], ("/u/", "")),
            (&["b'ann'", "b'bob'", "b'carl'"], ("b'", "'")),
            (&["ann:", "bob:", "carl:"], ("", ":")),
            (&["No.1", "No.2", "No.3"], ("No.", "")),
            (&["ann", "bob", "#carl"], ("", "")),
            (&["anna", "annb", "annc"], ("", "")),
            (&["##", "##", "##"], ("#", "#")),
        ] {
            let num = texts.len();
            let found = (start(texts, num), end(texts, num));
            assert_eq!((found.0.as_str(), found.1.as_str()), expected, "{texts:?}");
        }
    }
}
