//! Long numbers that a program took for quantities: with a fraction, in scientific notation, or
//! with zeros in place of the digits that it could not keep.

use leaksieve_core::IdentifierKind;

use super::counting::nearly_all;
use super::refusal::{Refusal, pipe};
use super::subject::Subject;

/// Digits that a floating-point number keeps.
pub(super) const MAX_EXACT_DIGITS: usize = 15;
/// Fewest zeros, in all lines together, that are no chance.
const MIN_ZEROS: usize = 4;

pub(super) fn with_point_zero() -> Refusal {
    Refusal::new(
        "numbers with .0 at the end: a program took them for numbers with a fraction",
        format!("take it off: {}", pipe(r"sed -E 's/\.0+([^0-9]|$)/\1/g'")),
    )
}

pub(super) fn scientific() -> Refusal {
    Refusal::new(
        "numbers in scientific notation (1.38E+10), whose last digits are lost",
        "nothing reads them: export the column again, as text",
    )
}

/// `1.38E+10`
pub(super) fn is_scientific(text: &[u8]) -> bool {
    let Some(at) = text.iter().position(|byte| matches!(byte, b'e' | b'E')) else {
        return false;
    };
    let (mantissa, exponent) = (&text[..at], &text[at + 1..]);
    let exponent = exponent.strip_prefix(b"+").unwrap_or(exponent);
    let is_digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let is_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b',');
    mantissa.first().is_some_and(u8::is_ascii_digit)
        && mantissa.iter().all(is_number)
        && is_digits(exponent)
        && exponent.len() <= 3
}

/// Numbers of which all digits behind the fifteenth are zeros, as spreadsheets round them.
pub(super) fn rounded(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    let is_long =
        |line: &&&[u8]| line.len() > MAX_EXACT_DIGITS && line.iter().all(u8::is_ascii_digit);
    let beyond: Vec<&[u8]> = lines
        .iter()
        .filter(is_long)
        .map(|line| &line[MAX_EXACT_DIGITS..])
        .collect();
    let num_digits: usize = beyond.iter().map(|digits| digits.len()).sum();
    let is_zeros = |digits: &&&[u8]| digits.iter().all(|digit| *digit == b'0');
    let num_rounded = beyond.iter().filter(is_zeros).count();
    if subject.kind == IdentifierKind::Password
        || num_digits < MIN_ZEROS
        || beyond.len() * 2 <= lines.len()
        || !nearly_all(num_rounded, beyond.len())
    {
        return Ok(());
    }
    Err(Refusal::new(
        "long numbers with zeros after their fifteenth digit, as a spreadsheet writes them when it has lost the digits",
        "nothing reads them: export the column again, as text",
    ))
}
