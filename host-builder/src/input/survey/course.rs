//! How numbers go on from line to line: ranks count up, and counts go down.

use std::collections::BTreeSet;

use super::counting::{nearly_all, num};

/// Fewest steps that show an order, and so many that it need not be an even one.
const FEW: usize = 3;
const MANY: usize = 200;
/// Longest rank or count, digits.
pub(super) const MAX_DIGITS: usize = 10;
/// Longest number of which a list of numbers alone is a list of counts.
pub(super) const MAX_SMALL: usize = 4;

/// How the numbers of a list go on from line to line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Course {
    /// By the same step.
    pub(super) counts_up: bool,
    /// From many to few, as sorted counts do.
    goes_down: bool,
    /// Their lengths differ.
    pub(super) is_ragged: bool,
    /// Some begin with a zero.
    pub(super) is_padded: bool,
    /// The first is 0 or 1.
    pub(super) is_from_start: bool,
    /// They are all the same.
    is_constant: bool,
    /// Many stand there twice.
    pub(super) repeats: bool,
    /// None is longer.
    pub(super) max_digits: usize,
}

impl Course {
    /// Of digits.
    pub(super) fn of(numbers: &[&[u8]]) -> Self {
        let values: Vec<u64> = numbers.iter().map(|digits| value(digits)).collect();
        let num_steps = values.len().saturating_sub(1);
        let count = |is: &dyn Fn(u64, u64) -> bool| {
            values
                .windows(2)
                .filter(|pair| is(pair[0], pair[1]))
                .count()
        };
        let mut steps: Vec<u64> = values
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]))
            .filter(|step| *step > 0)
            .collect();
        steps.sort_unstable();
        // The usual step: a list that is sampled has every tenth rank, or so.
        let usual = steps
            .chunk_by(|a, b| a == b)
            .map(<[u64]>::len)
            .max()
            .unwrap_or(0);
        let num_digits = |digits: &&[u8]| digits.len();
        let max_digits = numbers.iter().map(num_digits).max().unwrap_or(0);
        let is_ragged = numbers.iter().map(num_digits).min() != Some(max_digits);
        let is_long = values.len() >= MANY;
        let most = |num: usize| num >= 2 && num * 100 >= num_steps * 90;
        let rises = nearly_all(count(&|a, b| a < b), num_steps);
        Self {
            counts_up: (rises && most(usual)) || (rises && is_ragged && is_long),
            goes_down: nearly_all(count(&|a, b| a >= b), num_steps)
                && count(&|a, b| a > b) * 2 > num_steps
                && num_steps >= FEW,
            is_ragged,
            is_padded: num(numbers, |digits| digits.len() > 1 && digits[0] == b'0') > 0,
            is_constant: values.windows(2).all(|pair| pair[0] == pair[1]),
            repeats: values.iter().collect::<BTreeSet<_>>().len() * 10 < values.len() * 9,
            is_from_start: values.first().is_some_and(|first| *first <= 1),
            max_digits,
        }
    }

    /// Ranks. Codes of one length may follow each other, too.
    pub(super) const fn is_ranks(&self) -> bool {
        self.counts_up && !self.is_padded && (self.is_from_start || self.is_ragged)
    }

    /// Ranks or counts, by their order.
    pub(super) const fn is_ordered(&self) -> bool {
        self.is_ranks() || (self.goes_down && self.is_ragged && !self.is_padded)
    }

    /// Counts, more or less: few digits, or not always as many.
    pub(super) const fn is_counts(&self) -> bool {
        let is_count = self.is_ragged && self.max_digits < MAX_DIGITS;
        let is_small = self.max_digits < MAX_SMALL && !self.is_constant;
        self.is_ordered() || ((is_count || is_small) && !self.is_padded)
    }
}

fn value(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |value: u64, digit| {
        value
            .saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    })
}

/// The digits of a number that is decorated as counts are: `(12)`, `x12`, `12x`.
pub(super) fn plain_number(text: &[u8]) -> Option<&[u8]> {
    let text = text.trim_ascii();
    // One of the brackets may have gone to another cell: `(12 times)`.
    let inner = text.strip_prefix(b"(").or_else(|| text.strip_prefix(b"["));
    let text = inner.unwrap_or(text);
    let inner = text.strip_suffix(b")").or_else(|| text.strip_suffix(b"]"));
    let inner = inner.unwrap_or(text);
    let inner = ["x", "X", "×", "n="]
        .iter()
        .find_map(|sign| inner.strip_prefix(sign.as_bytes()))
        .or_else(|| {
            ["x", "X", "×"]
                .iter()
                .find_map(|sign| inner.strip_suffix(sign.as_bytes()))
        })
        .unwrap_or(inner)
        .trim_ascii();
    let is_number = !inner.is_empty() && inner.iter().all(u8::is_ascii_digit);
    is_number.then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn courses() {
        for (numbers, is_ranks, is_ordered) in [
            (&["1", "2", "3"][..], true, true),
            (&["0", "1", "2"], true, true),
            (&["9", "10", "11"], true, true),
            (&["10", "20", "30"], false, false),
            (&["001", "002", "003"], false, false),
            (&["100", "20", "20", "3", "1"], false, true),
            (&["17", "3", "20"], false, false),
            (&["1", "1", "1"], false, false),
            (&[], false, false),
        ] {
            let bytes: Vec<&[u8]> = numbers.iter().map(|text| text.as_bytes()).collect();
            let course = Course::of(&bytes);
            assert_eq!(course.is_ranks(), is_ranks, "{numbers:?}");
            assert_eq!(course.is_ordered(), is_ordered, "{numbers:?}");
        }
    }

    #[test]
    fn numbers_as_counts_are_written() {
        assert_eq!(plain_number(b"(12)"), Some(&b"12"[..]));
        assert_eq!(plain_number(b"x8"), Some(&b"8"[..]));
        assert_eq!(plain_number(b"8a"), None);
    }
}
