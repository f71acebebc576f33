//! What programs write around the rows that they export: frames, comments, other objects.

use super::refusal::Refusal;
use crate::input::source::Layout;

/// The rows of phpMyAdmin, each an object on a line of its own.
const PHPMYADMIN_REMEDY: &str = r#"take the rows, and name the field: grep '^ *{' FILE | grep -vE '^ *\{"type": *"(header|database|table)"' | sed -E 's/,[[:space:]]*$//' | leaksieve build - --field NAME"#;

/// Fields of MySQL and of phpMyAdmin, with their names in an attribute.
pub(super) const NAMED_FIELDS_REMEDY: &str = r#"take the text out of its fields (NAME is the field's name): perl -0777 -ne 'print qq($1\n) while m{<\w+ name="NAME"[^>]*>([^<]*)</}g' FILE | leaksieve build -"#;

/// Refuse lines that a program exported in a way of its own.
pub(super) fn export(lines: &[&[u8]], layout: &Layout) -> Option<Refusal> {
    let first = *lines.first()?;
    let has = |part: &str, num: usize| {
        let mut some = lines.iter().take(num);
        some.any(|line| memchr::memmem::find(line, part.as_bytes()).is_some())
    };
    if first.starts_with(b"#") && has("HTTP Cookie File", 1) {
        return Some(Refusal::new(
            "cookies of a browser (Netscape's cookies.txt)",
            "take the rows, and choose the column; the names are in 6, the values in 7: sed -E 's/^#HttpOnly_//; /^(#|$)/d' FILE | leaksieve build - --column NUMBER --delimiter tab",
        ));
    }
    let is_php = has("to JSON plugin for ", 8) && has("{\"", lines.len());
    if is_php {
        return Some(Refusal::new("phpMyAdmin's JSON", PHPMYADMIN_REMEDY));
    }
    match layout {
        Layout::LineOf(_) | Layout::BeforeColon { .. } => frame(lines),
        Layout::Table { .. } => frame(lines).map(|mut refusal| {
            if refusal.remedy.contains("--column") {
                refusal
                    .remedy
                    .push_str("; it takes the row of names away, so give a number");
            }
            refusal
        }),
        _ => None,
    }
}

/// Lines that draw a frame, of which the first stands over the rows.
fn frame(lines: &[&[u8]]) -> Option<Refusal> {
    /// Lines that may stand over the frame.
    const MAX_TITLES: usize = 4;
    let first = lines
        .iter()
        .take(MAX_TITLES)
        .position(|line| is_rule(line))?;
    let rule = lines[first];
    let num_same = lines.iter().filter(|line| **line == rule).count();
    let is_box = rule.starts_with(b"+") && num_same > 1;
    let is_counted = lines.iter().rev().take(3).any(|line| is_footer(line));
    let is_divided = rule.contains(&b'+') && first > 0 && lines[first - 1].contains(&b'|');
    if !(is_box || is_divided || (is_counted && first > 0)) {
        return None;
    }
    let columns = rule.split(|byte| matches!(byte, b'+' | b'|' | b' '));
    let num_columns = columns.filter(|column| !column.is_empty()).count();
    let (choose, options) = match num_columns {
        0 | 1 => ("", ""),
        _ if rule.contains(&b'+') => (
            ", and choose the column",
            " --column NUMBER --delimiter bar",
        ),
        _ => (
            ", and choose the column",
            " --column NUMBER --delimiter blank",
        ),
    };
    Some(Refusal::new(
        "rows in a frame, as programs of data bases print them",
        format!(
            "take the rows{choose}: sed -E '1,/^ *[-+|= ]{{3,}} *$/d; /^ *[-+|= ]{{3,}} *$/d; /^ *\\(?[0-9]+ rows?/d; s/^[| ]+//; s/[| ]+$//' FILE | leaksieve build -{options}"
        ),
    ))
}

/// `----+----`, `+------+`, `--- -----`
fn is_rule(line: &[u8]) -> bool {
    let num_dashes = line
        .iter()
        .filter(|byte| matches!(byte, b'-' | b'='))
        .count();
    num_dashes >= 3
        && line
            .iter()
            .all(|byte| matches!(byte, b'-' | b'+' | b'=' | b'|' | b' '))
}

/// `(5 rows)`, `5 rows in set (0.00 sec)`
fn is_footer(line: &[u8]) -> bool {
    let text = line.strip_prefix(b"(").unwrap_or(line);
    let num_digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    num_digits > 0 && text[num_digits..].starts_with(b" row")
}
