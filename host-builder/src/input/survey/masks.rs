//! Identifiers of which parts were hidden. No two of them have to be the same person.

use leaksieve_core::IdentifierKind;

use super::counting::{nearly_all, num};
use super::refusal::Refusal;
use super::subject::Subject;
use super::wrap::has_syntax;

/// Signs that stand for others, twice or more.
const SIGNS: [char; 8] = ['*', '•', '＊', '●', '∗', '█', '■', '×'];
/// Letters and signs that do so in numbers, three times or more.
const OF_NUMBERS: [char; 4] = ['x', 'X', '#', '?'];
/// Fewest lines, of kinds without a syntax.
const FEW: usize = 3;
const MANY: usize = 20;

/// Refuse lines that were hidden in part.
pub(super) fn masks(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    let least = match subject.kind {
        IdentifierKind::Password => MANY,
        kind if has_syntax(kind) => 1,
        _ => FEW,
    };
    let num_masked = num(lines, |line| is_masked(subject.kind, line));
    if num_masked < least || !nearly_all(num_masked, lines.len()) {
        return Ok(());
    }
    Err(Refusal::new(
        "masked identifiers, with signs in place of a part",
        "no filter can be made of them, because nobody can say what was hidden: get the list without masks",
    ))
}

fn is_masked(kind: IdentifierKind, line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    let is_sign = |c: char| SIGNS.contains(&c);
    let trimmed = text.trim_matches(is_sign);
    let starts = text.starts_with(is_sign);
    let ends = text.ends_with(is_sign);
    if !trimmed.contains(char::is_alphanumeric) {
        return false;
    }
    // `**x**` is a word in bold.
    let whole = if starts && ends { trimmed } else { &text };
    // And `* x` is an item of a list.
    let is_one_sided = starts != ends && !trimmed.starts_with(' ');
    let num_signs = longest_run(whole, is_sign);
    match kind {
        // MySQL's hashes begin with a star.
        IdentifierKind::Password => {
            (num_signs >= 2 && !line.starts_with(b"*")) || text.ends_with('…')
        }
        IdentifierKind::Username => {
            let has_inner = trimmed.contains(['*', '•', '＊', '●', '…']);
            num_signs >= 2
                || has_inner
                || is_one_sided
                || is_cut(whole)
                || longest_run(whole, |c| c == '#') >= 3
        }
        IdentifierKind::Id => {
            let has_inner = trimmed.contains(['*', '•', '＊', '●', '…']);
            num_signs >= 2
                || has_inner
                || is_one_sided
                || is_cut(whole)
                || OF_NUMBERS
                    .iter()
                    .any(|mask| longest_run(whole, |c| c == *mask) >= 3)
        }
        IdentifierKind::Phone => {
            num_signs >= 2 || longest_run(&whole.to_ascii_lowercase(), |c| c == 'x') >= 3
        }
        _ => num_signs >= 2 && !line.starts_with(b"*"),
    }
}

/// `abc…`, `abc...`
fn is_cut(text: &str) -> bool {
    text.ends_with('…') || text.ends_with("..")
}

fn longest_run(text: &str, is: impl Fn(char) -> bool) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if is(c) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use IdentifierKind::{Email, Id, Password, Phone, Username};

    #[test]
    fn what_is_hidden() {
        for (kind, text, expected) in [
            (Email, "a***n@example.com", true),
            (Email, "ann*lee@example.com", false),
            (Phone, "138****8000", true),
            (Phone, "138XXXX8000", true),
            (Id, "*****1007", true),
            (Id, "XXX-XX-1234", true),
            (Id, "###-##-1234", true),
            (Id, "123•••", true),
            (Id, "XX-1234", false),
            (Id, "**1007**", false),
            (Username, "ab*9", true),
            (Username, "abc…", true),
            (Username, "abc...", true),
            (Username, "**ann**", false),
            (Username, "*ann*", false),
            (Username, "xxxannxxx", false),
            (Username, "*****", false),
            (Password, "a*b", false),
            (Password, "a**b", true),
            (Password, "**ab", false),
        ] {
            assert_eq!(is_masked(kind, text.as_bytes()), expected, "{text}");
        }
    }
}
