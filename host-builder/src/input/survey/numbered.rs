//! Numbers beside identifiers: ranks, which count up from line to line, and counts.

use leaksieve_core::IdentifierKind;

use super::counting::{nearly_all, num};
use super::course::{Course, MAX_DIGITS, MAX_SMALL, plain_number};
use super::front_number::Numbered;
use super::refusal::{Refusal, pipe};
use super::subject::{Place, Subject};

/// Fewest lines that show by their order that numbers are ranks or counts, and fewest for the
/// other signs of it.
const FEW: usize = 3;
const MANY: usize = 20;
/// Fewest of which ranks from 1 on may have nothing behind them.
const MIN_GLUED: usize = 5;

/// Does a line begin with blanks, as `uniq -c` writes counts?
fn is_indented(line: &[u8]) -> bool {
    line.starts_with(b"  ")
}

/// What most lines with a number in front have between it and the rest.
struct Front<'a> {
    usual: Numbered<'a>,
    lines: Vec<Numbered<'a>>,
    course: Course,
}

impl<'a> Front<'a> {
    fn of(lines: &[&'a [u8]]) -> Option<Self> {
        let all: Vec<Numbered<'a>> = lines.iter().filter_map(|line| Numbered::of(line)).collect();
        let is_same = |a: &Numbered<'_>, b: &Numbered<'_>| {
            a.open == b.open && a.sign == b.sign && a.has_blank == b.has_blank
        };
        // If nearly all have the same, so have two of three that are looked at.
        let usual = *[0, all.len() / 2, all.len().saturating_sub(1)]
            .iter()
            .filter_map(|at| all.get(*at))
            .max_by_key(|one| all.iter().filter(|other| is_same(one, other)).count())?;
        let same: Vec<Numbered<'a>> = all.into_iter().filter(|one| is_same(one, &usual)).collect();
        let numbers: Vec<&[u8]> = same.iter().map(|one| one.digits).collect();
        nearly_all(same.len(), lines.len()).then(|| Self {
            usual,
            course: Course::of(&numbers),
            lines: same,
        })
    }

    fn num(&self, is: impl Fn(&Numbered<'_>) -> bool) -> usize {
        self.lines.iter().filter(|line| is(line)).count()
    }

    /// Nothing stands between: `1alice`.
    fn is_glued(&self) -> bool {
        self.usual.sign.is_empty() && !self.usual.has_blank
    }

    /// How `sed` takes them off.
    fn refusal(&self) -> Refusal {
        let sign = String::from_utf8_lossy(self.usual.sign);
        let open = String::from_utf8_lossy(self.usual.open);
        let command = match (open.as_ref(), sign.as_ref()) {
            ("", "." | ")" | ":") => "sed -E 's/^[ ]*[0-9]+[.):][ ]*//'".to_owned(),
            ("", "") if self.usual.has_blank => "sed -E 's/^[ ]*[0-9]+ //'".to_owned(),
            _ => {
                let blanks = if self.usual.has_blank { "[ ]*" } else { "" };
                let (open, sign) = (bracket(&open), bracket(&sign));
                format!("sed -E 's/^[ ]*{open}[0-9]+{blanks}{sign}{blanks}//'")
            }
        };
        Refusal::new(
            "identifiers with counts or ranks in front",
            format!("take them off: {}", pipe(&command)),
        )
    }
}

/// Signs as an extended regular expression of `sed` has them, in single quotes.
pub(super) fn bracket(signs: &str) -> String {
    let mut text = String::new();
    for c in signs.chars() {
        match c {
            '^' | '\\' | '/' => text.extend(['\\', c]),
            '\'' => text.push_str(r"'\''"),
            c if c.is_ascii_punctuation() => text.extend(['[', c, ']']),
            c => text.push(c),
        }
    }
    text
}

/// Numbers in front of identifiers of a kind without a syntax.
pub(super) fn in_front(subject: &Subject<'_>, raw: &[&[u8]]) -> Result<(), Refusal> {
    let Some(front) = Front::of(raw) else {
        return Ok(());
    };
    // Such lines are a table's rows, and its columns say more.
    if num(raw, |line| memchr::memchr(b'\t', line).is_some()) * 2 > raw.len() {
        return Ok(());
    }
    let num_lines = front.lines.len();
    let is_divided = matches!(front.usual.sign, b"," | b";" | b"|");
    if is_divided && (subject.kind != IdentifierKind::Password || num_lines >= MANY) {
        return Ok(());
    }
    let has_letters = |text: &[u8]| {
        let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
        text.iter().any(is_letter)
    };
    let is_id = subject.kind == IdentifierKind::Id;
    let are_texts = front.num(|line| has_letters(line.rest)) * 2 > num_lines;
    let course = front.course;
    // Codes have groups of digits, and some follow each other; nobody writes a bracket into one.
    let is_mark = matches!(front.usual.sign, b")" | b"]" | b"." | b":") && front.usual.has_blank
        || front.usual.sign == b"x"
        || front.usual.sign == b")"
        || !front.usual.open.is_empty();
    let is_ranked = course.is_ordered() || (course.counts_up && (!is_id || is_mark));
    let is_indented = num(raw, is_indented) * 2 > raw.len() && front.usual.sign.is_empty();
    // As counts are written: `17 ann`, `17: ann`, `17x ann`.
    let is_usual = front.usual.has_blank || matches!(front.usual.sign, b"." | b")" | b":");
    let is_found = if front.is_glued() {
        // `1st`, `2a`: codes may look so.
        let is_from_start = course.counts_up && course.is_from_start && num_lines >= MIN_GLUED;
        !is_id && are_texts && (is_from_start || (num_lines >= MANY && course.is_ranks()))
    } else {
        (is_ranked && num_lines >= FEW)
            || (is_id && front.usual.sign == b"x" && num_lines >= FEW)
            || (is_indented && front.usual.has_blank && num_lines >= FEW)
            || (num_lines >= MANY
                && are_texts
                && !is_id
                && (front.usual.has_blank || course.is_ragged))
            || (num_lines >= FEW && is_usual && are_texts && !is_id && course.is_counts())
    };
    if is_found {
        Err(front.refusal())
    } else {
        Ok(())
    }
}

/// The same of a kind with a syntax.
pub(super) fn in_front_of_syntax(
    subject: &Subject<'_>,
    raw: &[&[u8]],
    lines: &[&[u8]],
) -> Result<(), Refusal> {
    let Some(front) = Front::of(raw) else {
        return Ok(());
    };
    // A table's rows.
    let has_tab = |line: &[u8]| memchr::memchr(b'\t', line.trim_ascii()).is_some();
    if num(raw, has_tab) * 2 > raw.len() {
        return Ok(());
    }
    let num_lines = lines.len();
    let num_held = front.num(|line| subject.holds_identifier(line.rest));
    if front.is_glued() || !nearly_all(num_held, num_lines) {
        return Ok(());
    }
    let most = |num: usize| num * 2 > num_lines;
    let is_whole = most(num(lines, |line| subject.is_identifier(line)));
    let is_found = match subject.kind {
        // A number's own digits may look like a count, as in `1 202 555 0123`.
        IdentifierKind::Phone => {
            let is_count = |line: &Numbered<'_>| line.digits[0] != b'0' && line.digits.len() <= 7;
            let is_mark = matches!(front.usual.sign, b"." | b")" | b":")
                && front.usual.has_blank
                && front.usual.open.is_empty();
            let is_text = front.usual.sign.is_empty() || is_mark;
            let is_ranked = num_lines >= FEW && front.course.is_ranks();
            is_ranked
                || (nearly_all(front.num(is_count), num_lines)
                    && is_text
                    && front.usual.open.is_empty()
                    && front.usual.has_blank
                    && (most(num(raw, is_indented)) || is_mark || !is_whole))
        }
        // A count that ends in a blank is taken off each line.
        IdentifierKind::Email => {
            let is_peeled = front.usual.open.is_empty()
                && front.usual.has_blank
                && matches!(front.usual.sign, b"" | b"." | b")" | b":");
            let course = front.course;
            !is_peeled
                && num_lines >= FEW
                && (!is_whole
                    || course.counts_up
                    || course.is_ordered()
                    || (num_lines >= MANY && course.is_ragged))
        }
        _ => false,
    };
    if is_found {
        Err(front.refusal())
    } else {
        Ok(())
    }
}

/// Counts behind a blank or a colon.
pub(super) fn behind(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    let is_id = subject.kind == IdentifierKind::Id;
    for (separator, name) in [(b' ', "a blank"), (b':', "a colon")] {
        let split = |line: &'_ [u8]| -> Option<(usize, bool)> {
            let at = memchr::memrchr(separator, line)?;
            let (text, count) = (&line[..at], &line[at + 1..]);
            let number = plain_number(count)?;
            let has_letter = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
            let is_text = is_id || text.iter().any(has_letter);
            // `ann = 12` is a row of a table.
            let is_divided = matches!(text, [.., b' ', sign] if sign.is_ascii_punctuation());
            let is_one = number.len() <= MAX_DIGITS && is_text && !is_divided;
            is_one.then_some((line.len() - count.len(), number.len() < count.len()))
        };
        let found: Vec<(&[u8], bool)> = lines
            .iter()
            .filter_map(|line| split(line).map(|(at, is_decorated)| (&line[at..], is_decorated)))
            .collect();
        if found.len() < FEW || !nearly_all(found.len(), lines.len()) {
            continue;
        }
        let numbers: Vec<&[u8]> = found.iter().filter_map(|(n, _)| plain_number(n)).collect();
        let num_decorated = found.iter().filter(|(_, is)| *is).count();
        let is_decorated = nearly_all(num_decorated, lines.len());
        let course = Course::of(&numbers);
        let is_count =
            lines.len() >= MANY || course.is_ordered() || (lines.len() > FEW && course.is_counts());
        // Ids have such groups: 123 456, 02:00:5e.
        if is_decorated || (is_count && !is_id) {
            let separator = char::from(separator);
            let command = if num_decorated > 0 {
                format!("sed -E 's/{separator}+[^{separator}]*[0-9][^{separator}]*$//'")
            } else {
                format!("sed -E 's/{separator}+[0-9]+$//'")
            };
            return Err(Refusal::new(
                format!("identifiers with a number after {name}"),
                format!("if it is a count, take it off: {}", pipe(&command)),
            ));
        }
    }
    Ok(())
}

/// A list of numbers that are counts or ranks, as the wrong column of a table is.
pub(super) fn alone(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    let numbers: Vec<&[u8]> = lines.iter().filter_map(|line| plain_number(line)).collect();
    if lines.len() < FEW || !nearly_all(numbers.len(), lines.len()) {
        return Ok(());
    }
    let course = Course::of(&numbers);
    let is_small = course.is_ragged
        && !course.is_padded
        && course.repeats
        && course.max_digits <= MAX_SMALL
        && lines.len() >= FEW * 3;
    // Ids are given to people one after the other.
    let is_given = subject.kind == IdentifierKind::Id && course.is_ranks() && !course.is_from_start;
    if !(is_small || (course.is_ordered() && !is_given)) {
        return Ok(());
    }
    let found = if course.is_ranks() {
        "numbers that count up from line to line, as ranks do"
    } else {
        "small numbers, as counts are"
    };
    Err(Refusal::new(
        found,
        if subject.place == Place::Cells {
            "if the identifiers stand in another column, choose that; if these are the \
             identifiers, write the column to a file, one a line, and build that with --as-lines"
        } else {
            "if the identifiers stood beside them, build the list that has both"
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_front() {
        for (line, expected) in [
            ("12. x", Some(("", "12", ".", true, "x"))),
            ("12.x", Some(("", "12", ".", false, "x"))),
            ("  2 x y", Some(("", "2", "", true, "x y"))),
            ("2 -x", Some(("", "2", "", true, "-x"))),
            ("2 - x", Some(("", "2", "-", true, "x"))),
            ("(5) x", Some(("(", "5", ")", true, "x"))),
            ("5->x", Some(("", "5", "->", false, "x"))),
            ("5、x", Some(("", "5", "、", false, "x"))),
            ("5x", Some(("", "5", "", false, "x"))),
            ("5", None),
            ("x5", None),
            ("12345678901 x", None),
        ] {
            let found = Numbered::of(line.as_bytes());
            let expected = expected.map(|(open, digits, sign, has_blank, rest)| Numbered {
                open: open.as_bytes(),
                digits: digits.as_bytes(),
                sign: sign.as_bytes(),
                has_blank,
                rest: rest.as_bytes(),
            });
            assert_eq!(found, expected, "{line}");
        }
    }
}
