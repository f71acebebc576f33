//! Two lists in one: NAME:PASSWORD lines among others.

use leaksieve_core::IdentifierKind;

use super::choose::escaped;
use super::columns::{Table, is_email};
use super::counting::{MANY, num};
use super::refusal::{Refusal, pipe};
use super::subject::{Place, Subject};

/// Fewest lines of which a tenth is enough.
const MIN_MIXED: usize = 50;

/// Refuse lists in which many lines have a name before the password, and many do not.
pub(super) fn two_lists(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    /// Signs that random passwords have as often as these, and other lists hardly ever.
    const RARE: &[u8] = b":;|\t,/~^<>=[]{}\\\"`";
    if lines.len() < MIN_MIXED || subject.place == Place::Cells {
        return Ok(());
    }
    for separator in [b':', b'\t', b'|', b';'] {
        let is_pair = |line: &[u8]| {
            memchr::memchr(separator, line).is_some_and(|at| {
                let is_known = subject.kind != IdentifierKind::Id || is_email(&line[..at]);
                let is_word = |part: &[u8]| {
                    part.iter()
                        .any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
                };
                is_known && is_word(&line[..at]) && is_word(&line[at + 1..])
            })
        };
        let num_pairs = num(lines, is_pair);
        if num_pairs < MANY || num_pairs * 10 < lines.len() {
            continue;
        }
        // A sign like any other: three others together come as often in the other lines.
        let rest: Vec<&[u8]> = lines
            .iter()
            .copied()
            .filter(|line| !is_pair(line))
            .collect();
        let mut others: Vec<usize> = RARE
            .iter()
            .filter(|sign| **sign != separator)
            .map(|sign| num(&rest, |line| memchr::memchr(*sign, line).is_some()))
            .collect();
        others.sort_unstable();
        let num_others: usize = others.iter().rev().take(3).sum();
        let is_most = num_pairs * 2 > lines.len();
        if !is_most && num_others * lines.len() > num_pairs * rest.len() {
            continue;
        }
        let table = Table::divided_by(separator);
        let sign = escaped(&table.separator);
        let command = match subject.kind {
            IdentifierKind::Password => format!("sed 's|^[^{sign}]*{sign}||'"),
            _ => format!("sed 's|{sign}.*||'"),
        };
        return Err(Refusal::new(
            format!("two lists in one: many have {} within", table.words()),
            format!(
                "keep one part of those lines, if they are a name and a password: {}",
                pipe(&command)
            ),
        ));
    }
    Ok(())
}
