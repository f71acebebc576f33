//! Telephone numbers with something beside them that a number may have, too.

use std::collections::BTreeSet;

use super::counting::{nearly_all, num};
use super::lost::{is_scientific, scientific, with_point_zero};
use super::refusal::{Refusal, pipe};
use super::subject::Subject;
use super::wrap::whole_number;

/// Fewest lines of which it is said that digits behind them are no part of the numbers.
const FEW: usize = 3;
/// Digits of a number that is one by itself.
const MIN_DIGITS: usize = 6;

/// Refuse numbers of which many, or some, have more than the number.
pub(super) fn numbers(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    if nearly_all(num(lines, is_scientific), lines.len()) {
        return Err(scientific());
    }
    let is_some = |num: usize| num >= FEW && num * 100 >= lines.len();
    let is_long = |line: &[u8]| whole_number(line).is_some_and(|n| n.len() > MIN_DIGITS);
    if is_some(num(lines, is_long))
        || nearly_all(num(lines, |line| whole_number(line).is_some()), lines.len())
    {
        return Err(with_point_zero());
    }
    let tails: Vec<&[u8]> = lines.iter().filter_map(|line| without_tail(line)).collect();
    let are_all = lines.len() >= FEW && nearly_all(tails.len(), lines.len());
    if are_all || are_tails(&tails, lines) {
        let command = match are_all {
            true => "sed -E 's/ +[0-9]{1,2} *$//'",
            false => r"sed -E 's/([0-9]{5}) +[0-9]{1,2} *$/\1/'",
        };
        return Err(Refusal::new(
            "one or two digits after the numbers: counts, ages or extensions",
            format!("take them off: {}", pipe(command)),
        ));
    }
    accounts(lines)?;
    let is_encoded = |line: &[u8]| {
        memchr::memchr_iter(b'%', line).any(|at| {
            let code = line.get(at + 1..at + 3).unwrap_or_default();
            [&b"2b"[..], b"20", b"28", b"29", b"2d"]
                .iter()
                .any(|known| code.eq_ignore_ascii_case(known))
        })
    };
    if is_some(num(lines, is_encoded)) {
        return Err(Refusal::new(
            "numbers in URL encoding, such as %2B for a plus sign",
            format!(
                "write what it means: {}",
                pipe("perl -pe 's/%(2[0289bd])/chr hex $1/gie'")
            ),
        ));
    }
    two(subject, lines)?;
    beside_names(subject, lines)
}

/// `030 4567100 7`: without a blank and one or two digits, behind so many in one run that they
/// are no last group of the number. Where numbers have several lengths, it is one as a whole, too.
fn without_tail(line: &[u8]) -> Option<&[u8]> {
    const MIN_RUN: usize = 5;
    let count = |text: &[u8]| {
        let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit());
        digits.count()
    };
    let num_last = count(line);
    let before = &line[..line.len() - num_last];
    let head = before.trim_ascii_end();
    ((1..=2).contains(&num_last) && before.ends_with(b" ") && count(head) >= MIN_RUN)
        .then_some(head)
}

/// Of a tenth of the lines; without it they look like others.
fn are_tails(tails: &[&[u8]], lines: &[&[u8]]) -> bool {
    const MIN_LINES: usize = 20;
    if lines.len() < MIN_LINES || tails.len() < FEW || tails.len() * 10 < lines.len() {
        return false;
    }
    let shape = |line: &[u8]| -> Vec<u8> {
        let mark = |byte: &u8| if byte.is_ascii_digit() { b'9' } else { *byte };
        line.iter().map(mark).collect()
    };
    let whole: BTreeSet<Vec<u8>> = lines
        .iter()
        .filter(|line| without_tail(line).is_none())
        .map(|line| shape(line))
        .collect();
    nearly_all(num(tails, |head| whole.contains(&shape(head))), tails.len())
}

/// `4917112345678@s.whatsapp.net`
fn accounts(lines: &[&[u8]]) -> Result<(), Refusal> {
    let is_one = |line: &[u8]| {
        let at = memchr::memchr(b'@', line).unwrap_or(line.len());
        let is_number = at > MIN_DIGITS && line[..at].iter().all(u8::is_ascii_digit);
        is_number && matches!(&line[at..], b"@s.whatsapp.net" | b"@c.us")
    };
    let num_accounts = num(lines, is_one);
    if num_accounts * 100 < lines.len() || num_accounts == 0 {
        return Ok(());
    }
    Err(Refusal::new(
        "accounts of WhatsApp, which are international numbers without the plus sign",
        format!(
            "write the numbers: {}",
            pipe(r"sed -E 's/^([0-9]+)@(s\.whatsapp\.net|c\.us).*/+\1/'")
        ),
    ))
}

/// Two numbers in some of the lines.
fn two(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    for (sign, pattern) in [
        ("/", r"\/"),
        (";", ";"),
        (",", ","),
        ("|", "[|]"),
        ("oder", "oder"),
        ("or", "or"),
    ] {
        let is_number = |text: &[u8]| {
            let text = text.trim_ascii();
            let num_digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
            num_digits > MIN_DIGITS
                && text.last().is_some_and(u8::is_ascii_digit)
                && subject.is_identifier(text)
        };
        let is_pair = |line: &[u8]| {
            memchr::memmem::find(line, sign.as_bytes())
                .is_some_and(|at| is_number(&line[..at]) && is_number(&line[at + sign.len()..]))
        };
        let num_pairs = num(lines, is_pair);
        // What nearly all have is a table.
        if num_pairs < FEW || num_pairs * 100 < lines.len() || nearly_all(num_pairs, lines.len()) {
            continue;
        }
        return Err(Refusal::new(
            format!("two numbers in some of the lines, with {sign:?} between"),
            format!(
                "write one a line: {}",
                pipe(&format!(
                    "sed -E 's/([0-9][0-9 ().-]{{4,}}[0-9]) *{pattern} *([+(]?[0-9][0-9 ().-]{{4,}}[0-9])/\\1\\n\\2/g'"
                ))
            ),
        ));
    }
    Ok(())
}

/// Names and numbers with blanks between, which stand within both.
fn beside_names(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    let is_of_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'(');
    let is_name = |text: &[u8]| {
        let is_of_name =
            |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii() || b" .-'".contains(byte);
        text.len() > 1 && text.iter().all(is_of_name) && !text.trim_ascii().is_empty()
    };
    let is_number = |text: &[u8]| text.contains(&b' ') && subject.is_identifier(text);
    let is_in_front = |line: &[u8]| {
        let at = line.iter().position(is_of_number).unwrap_or(0);
        line[..at].ends_with(b" ") && is_name(&line[..at]) && is_number(&line[at..])
    };
    let is_behind = |line: &[u8]| {
        let at = line
            .iter()
            .rposition(u8::is_ascii_digit)
            .map_or(0, |at| at + 1);
        line[at..].starts_with(b" ") && is_name(&line[at..]) && is_number(&line[..at])
    };
    let (num_front, num_behind) = (num(lines, is_in_front), num(lines, is_behind));
    let command = if nearly_all(num_front, lines.len()) {
        "sed -E 's/^[^0-9+(]*//'"
    } else if nearly_all(num_behind, lines.len()) {
        "sed -E 's/[^0-9]*$//'"
    } else {
        return Ok(());
    };
    Err(Refusal::new(
        "names and numbers, with blanks between and within both",
        format!("take the names off: {}", pipe(command)),
    ))
}
