//! Ids with a word in front, behind or between that is the same in nearly all lines, and
//! that no person would ask: `IBAN DE44...`, `... valid`, `... exp 05/27`.

use leaksieve_core::IdentifierKind;

use super::counting::nearly_all;
use super::numbered::bracket;
use super::refusal::{Refusal, pipe};
use super::subject::Subject;

const FEW: usize = 3;
/// Parts with blanks between that are looked at.
const MAX_PARTS: usize = 12;
/// Longest capitals that are a part of codes: `AB 123456 C`, `GBR 1234`.
const MAX_CODE: usize = 3;
/// Fewest letters and digits of an id before a word.
const MIN_ID: usize = 6;

/// Refuse ids that have words around them.
pub(super) fn words(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    if subject.kind != IdentifierKind::Id || lines.len() < FEW {
        return Ok(());
    }
    let rows: Vec<Vec<&str>> = lines
        .iter()
        .filter_map(|line| std::str::from_utf8(line).ok())
        .map(|line| line.split_ascii_whitespace().take(MAX_PARTS).collect())
        .collect();
    let backwards: Vec<Vec<&str>> = rows
        .iter()
        .map(|row| row.iter().rev().copied().collect())
        .collect();
    let mut front = shared(&rows, lines.len());
    // `4 StR 12/20` is a code as a whole.
    let has_number = |part: &&str| part.contains(|c: char| c.is_ascii_digit());
    if front.iter().any(has_number) {
        front.clear();
    }
    let mut behind = shared(&backwards, lines.len());
    behind.reverse();
    let is_long = |row: &&Vec<&str>| row.len() > front.len() + behind.len();
    let has_digit = |row: &&Vec<&str>| {
        let inner = row.get(front.len()..row.len() - behind.len());
        inner.is_some_and(|inner| inner.concat().contains(|c: char| c.is_ascii_digit()))
    };
    let num_held = rows.iter().filter(is_long).filter(has_digit).count();
    if !nearly_all(num_held, lines.len()) {
        return Ok(());
    }
    let mut parts = Vec::new();
    if front.iter().any(|part| is_word(part)) {
        parts.push(format!("s/^ *{} +//", pattern(&front)));
    }
    if behind.iter().any(|part| is_word(part)) {
        parts.push(format!("s/[,;:|-]* +{} *$//", pattern(&behind)));
    }
    if !parts.is_empty() {
        let place = if parts.len() == 2 {
            "before and after the id"
        } else if parts[0].starts_with("s/^") {
            "before the id"
        } else {
            "after the id"
        };
        return Err(Refusal::new(
            format!("ids with the same word in nearly all lines, {place}"),
            format!(
                "if people do not type it, take it off: {}",
                pipe(&format!("sed -E '{}'", parts.join("; ")))
            ),
        ));
    }
    between(&rows, lines.len())
}

/// A word between an id and something else.
fn between(rows: &[Vec<&str>], num_lines: usize) -> Result<(), Refusal> {
    let is_id = |parts: &[&str]| {
        let text = parts.concat();
        let num = text.chars().filter(char::is_ascii_alphanumeric).count();
        num >= MIN_ID && text.contains(|c: char| c.is_ascii_digit())
    };
    let Some(first) = rows.first() else {
        return Ok(());
    };
    for (at, word) in first.iter().enumerate().skip(1) {
        let has =
            |row: &&Vec<&str>| row.get(at) == Some(word) && row.len() > at + 1 && is_id(&row[..at]);
        if !is_word(word) || !nearly_all(rows.iter().filter(has).count(), num_lines) {
            continue;
        }
        let is_two = |row: &&Vec<&str>| has(row) && is_id(&row[at + 1..]);
        let word = pattern(&[word]);
        return Err(
            if nearly_all(rows.iter().filter(is_two).count(), num_lines) {
                Refusal::new(
                    "two ids a line, with a word between",
                    format!(
                        "if both are ids, write one a line: {}",
                        pipe(&format!("sed -E 's/ +{word} +/\\n/g'"))
                    ),
                )
            } else {
                Refusal::new(
                    "ids with the same word after them in nearly all lines, and something else after that",
                    format!(
                        "if people do not type those, take them off: {}",
                        pipe(&format!("sed -E 's/[,;:|-]* +{word} .*//'"))
                    ),
                )
            },
        );
    }
    Ok(())
}

/// The parts that nearly all rows begin with.
fn shared<'a>(rows: &[Vec<&'a str>], num_lines: usize) -> Vec<&'a str> {
    let Some(first) = rows.first() else {
        return Vec::new();
    };
    let is_shared = |(at, part): &(usize, &&str)| {
        let has = |row: &&Vec<&str>| row.get(*at) == Some(*part) && row.len() > at + 1;
        nearly_all(rows.iter().filter(has).count(), num_lines)
    };
    let shared = first.iter().enumerate().take_while(is_shared);
    let mut shared: Vec<&str> = shared.map(|(_, part)| *part).collect();
    // What stands between the last word and the rest is a part of the ids: `Konto 12 345`.
    let is_of_id = |part: &mut &str| !is_word(part) && part.contains(char::is_alphanumeric);
    while shared.pop_if(is_of_id).is_some() {}
    shared
}

/// Letters alone, with signs around or none, and no short code in capitals.
fn is_word(part: &str) -> bool {
    let word = part.trim_matches(|c: char| c.is_ascii_punctuation());
    let is_code = word.chars().count() <= MAX_CODE && word.chars().all(char::is_uppercase);
    word.chars().count() > 1 && word.chars().all(char::is_alphabetic) && !is_code
}

fn pattern(parts: &[&str]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| bracket(part)).collect();
    parts.join(" +")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_word() {
        for (part, expected) in [
            ("IBAN", true),
            ("(exp", true),
            ("Nr.", true),
            ("gültig", true),
            ("ok", true),
            ("AB", false),
            ("GBR", false),
            ("C", false),
            ("2025)", false),
            ("E12", false),
            ("--", false),
        ] {
            assert_eq!(is_word(part), expected, "{part}");
        }
    }
}
