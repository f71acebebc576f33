//! Lines of the public `HASH:COUNT` lists -> hashes.

use leaksieve_core::IdentifierKind;

use super::error::{Remedy, SourceError};
use super::files::PREFIX_DIGITS;
use super::input::Input;
use super::lines::split as split_lines;
use super::record::Fault;
use crate::input::survey::compare::of_another_kind;

/// How they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HashCount {
    /// The digits that the lines of a range file lack: they are in its name.
    pub(crate) prefix: Option<[u8; PREFIX_DIGITS]>,
    /// Entries with a lower count are left out; 0: counts are not looked at.
    pub(crate) min_count: u32,
    /// Digits of a hash.
    pub(crate) num_digits: usize,
}

/// Digits of SHA-1 and of NTLM.
pub(crate) const SHA1_DIGITS: usize = 40;
pub(crate) const NTLM_DIGITS: usize = 32;
/// What stands between the groups of a large number: also a no-break space, narrow or not, and
/// an apostrophe of print.
const SEPARATORS: &[&[u8]] = &[
    b",",
    b".",
    b" ",
    b"'",
    b"_",
    b"\xC2\xA0",
    b"\xE2\x80\xAF",
    b"\xE2\x80\x99",
];
/// Of 10 lines, how many have to be of the other hash.
const MIN_OF_10: usize = 9;
/// Of fewer sorted hashes, the one record that says that some are missing would be too large a
/// share of the list.
const MIN_SORTED: u64 = 128;
/// So improbable a gap before the first or behind the last of sorted hashes is no chance: ln 1e-9.
const LOG_CHANCE: f64 = -20.7;
/// More hashes than all lists of the world have, between the first and the last of all that can
/// be: made by a program, and no hashes of passwords.
const MAX_DENSITY: f64 = 1e12;
/// Digits that say where a hash is.
const SHARE_DIGITS: usize = 13;

/// Digits of a hash of this kind.
pub(crate) const fn num_digits(kind: IdentifierKind) -> usize {
    match kind {
        IdentifierKind::Ntlm => NTLM_DIGITS,
        _ => SHA1_DIGITS,
    }
}

impl HashCount {
    /// Give the hash of a line, and what is wrong with the line.
    pub(crate) fn read(&self, line: &[u8], give: impl FnOnce(&[u8], Option<Fault>)) {
        let (hash, count) = split(line);
        let fault = self.fault(line, count);
        match self.prefix {
            Some(prefix) if hash.len() + PREFIX_DIGITS == self.num_digits => {
                let mut whole = [0; SHA1_DIGITS];
                let whole = &mut whole[..self.num_digits];
                whole[..PREFIX_DIGITS].copy_from_slice(&prefix);
                whole[PREFIX_DIGITS..].copy_from_slice(hash);
                give(whole, fault);
            }
            _ => give(hash, fault),
        }
    }

    fn fault(&self, line: &[u8], count: Option<&[u8]>) -> Option<Fault> {
        let number = match count {
            None | Some([]) if self.min_count == 0 || line.trim_ascii().is_empty() => return None,
            None | Some([]) => return Some(Fault::NoCount),
            Some(count) => match number(count) {
                Some(number) => number,
                None => return Some(Fault::NotACount),
            },
        };
        match number {
            0 if self.min_count == 0 => Some(Fault::Padding),
            _ => (number < self.min_count.into()).then_some(Fault::BelowMinCount),
        }
    }

    /// Refuse lines that hold hashes of the other kind. Says whether there is a hash, in a
    /// range file one of its range.
    pub(crate) fn check(&self, input: &Input, bytes: &[u8]) -> Result<bool, SourceError> {
        let (mut num_lines, mut num_other, mut has_hash) = (0usize, 0usize, false);
        let (other_digits, found, kind) = match self.num_digits {
            SHA1_DIGITS => (
                NTLM_DIGITS,
                "a list of hashes of 32 digits, not the 40 of SHA-1",
                IdentifierKind::Ntlm,
            ),
            _ => (
                SHA1_DIGITS,
                "a list of hashes of 40 digits, not the 32 of NTLM",
                IdentifierKind::Sha1,
            ),
        };
        for line in split_lines(bytes).filter(|line| !line.trim_ascii().is_empty()) {
            let hash = split(line).0;
            num_lines += 1;
            num_other += usize::from(self.is_hash(hash, other_digits));
            has_hash |= self.is_hash(hash, self.num_digits);
        }
        if num_lines > 0 && num_other * 10 >= num_lines * MIN_OF_10 {
            return Err(SourceError::Unsupported {
                input: input.clone(),
                found,
                remedy: Remedy::Kind(kind),
            });
        }
        let hashes = split_lines(bytes).map(|line| split(line).0);
        match of_another_kind(self.num_digits, hashes) {
            Some((found, remedy)) => Err(SourceError::Unsupported {
                input: input.clone(),
                found,
                remedy: remedy.into(),
            }),
            None => Ok(has_hash),
        }
    }

    /// Are these whole hashes, and not of the range that the file's name tells? `10000.txt` may
    /// hold as many of all ranges.
    pub(crate) fn is_of_all_ranges(&self, bytes: &[u8]) -> bool {
        let of_all = Self {
            prefix: None,
            ..*self
        };
        let lines = || split_lines(bytes).map(|line| split(line).0);
        lines().any(|hash| of_all.is_hash(hash, self.num_digits))
            && !lines().any(|hash| self.is_hash(hash, self.num_digits))
    }

    /// Is this a hash of so many digits, or in a range file the rest of one?
    fn is_hash(&self, hash: &[u8], num_digits: usize) -> bool {
        let is_whole = hash.len() == num_digits
            && self.prefix.is_none_or(|prefix| {
                hash.first_chunk()
                    .is_some_and(|start: &[u8; PREFIX_DIGITS]| start.eq_ignore_ascii_case(&prefix))
            });
        let is_rest = self.prefix.is_some() && hash.len() + PREFIX_DIGITS == num_digits;
        (is_whole || is_rest) && hash.iter().all(u8::is_ascii_hexdigit)
    }
}

/// Whether the hashes of a list are sorted: all of the first batch, then the first and the last
/// of each.
#[derive(Debug)]
pub(crate) struct Order {
    first: Option<f64>,
    last: Vec<u8>,
    is_sorted: bool,
}

impl Order {
    pub(crate) const fn new() -> Self {
        Self {
            first: None,
            last: Vec::new(),
            is_sorted: true,
        }
    }

    /// Look at the next batch.
    pub(crate) fn next(&mut self, bytes: &[u8]) {
        let bytes = bytes.trim_ascii_end();
        let is_first = self.last.is_empty();
        let mut see = |line| {
            let hash = split(line).0.to_ascii_uppercase();
            if self.first.is_none() {
                self.first = share(&hash);
            }
            self.is_sorted &= self.last <= hash;
            self.last = hash;
        };
        if is_first {
            split_lines(bytes).for_each(see);
            return;
        }
        let last = memchr::memrchr(b'\n', bytes).map_or(0, |end| end + 1);
        see(split_lines(bytes).next().unwrap_or_default());
        see(&bytes[last..]);
    }

    /// Were so many hashes sorted, and leave more room before the first or behind the last than
    /// chance does?
    pub(crate) fn ends_early(&self, num_lines: u64) -> bool {
        let (Some(first), Some(last)) = (self.first, share(&self.last)) else {
            return false;
        };
        // The chance that none of so many is in the gap.
        let chance = |gap: f64| (1.0 - gap).max(f64::MIN_POSITIVE).ln() * num_lines as f64;
        self.is_sorted
            && num_lines >= MIN_SORTED
            && (num_lines as f64) < (last - first) * MAX_DENSITY
            && (chance(first) < LOG_CHANCE || chance(1.0 - last) < LOG_CHANCE)
    }
}

/// Where among all hashes this one is, from 0 to 1.
fn share(hash: &[u8]) -> Option<f64> {
    let digits = hash.get(..SHARE_DIGITS)?;
    let digits = std::str::from_utf8(digits).ok()?;
    let number = u64::from_str_radix(digits, 16).ok()?;
    Some(number as f64 / (1_u64 << (4 * SHARE_DIGITS)) as f64)
}

/// What stands before the first colon, and behind it, without blanks around.
#[inline]
pub(crate) fn split(line: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b':', line) {
        Some(colon) => (
            line[..colon].trim_ascii(),
            Some(line[colon + 1..].trim_ascii()),
        ),
        None => (line.trim_ascii(), None),
    }
}

/// A number, with or without separators between its thousands (or lakhs).
#[inline]
fn number(text: &[u8]) -> Option<u64> {
    match text {
        // Most counts of a list.
        [digit @ b'0'..=b'9'] => Some(u64::from(digit - b'0')),
        _ => long_number(text),
    }
}

fn long_number(text: &[u8]) -> Option<u64> {
    let (mut number, mut num_digits, mut is_grouped) = (0u64, 0, false);
    let mut rest = text;
    while let [byte, later @ ..] = rest {
        if byte.is_ascii_digit() {
            number = number
                .saturating_mul(10)
                .saturating_add(u64::from(byte - b'0'));
            num_digits += 1;
            rest = later;
            continue;
        }
        let is_group = match is_grouped {
            true => matches!(num_digits, 2 | 3),
            false => matches!(num_digits, 1..=3),
        };
        rest = SEPARATORS
            .iter()
            .find_map(|separator| rest.strip_prefix(*separator))
            .filter(|_| is_group)?;
        (is_grouped, num_digits) = (true, 0);
    }
    let is_whole = if is_grouped {
        num_digits == 3
    } else {
        num_digits > 0
    };
    is_whole.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        for (text, expected) in [
            ("3", Some(3)),
            ("0", Some(0)),
            ("9,659,365", Some(9_659_365)),
            ("9.659.365", Some(9_659_365)),
            ("9 659 365", Some(9_659_365)),
            ("9'659'365", Some(9_659_365)),
            ("9\u{A0}659\u{202F}365", Some(9_659_365)),
            ("96,59,365", Some(9_659_365)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("", None),
            ("1.5", None),
            ("1,2345", None),
            (",123", None),
            ("123,", None),
            ("1234,567", None),
            ("-3", None),
            ("hunter2", None),
        ] {
            assert_eq!(number(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn lines() {
        let sha1 = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8";
        for (line, min_count, expected) in [
            (format!("{sha1}:3"), 0, None),
            (sha1.to_owned(), 0, None),
            (format!("{sha1}:"), 0, None),
            (sha1.to_owned(), 2, Some(Fault::NoCount)),
            (format!("{sha1}:"), 2, Some(Fault::NoCount)),
            (format!("{sha1}: 9,659,365 "), 10, None),
            (format!("{sha1}:9"), 10, Some(Fault::BelowMinCount)),
            (format!("{sha1}:0"), 0, Some(Fault::Padding)),
            (format!("{sha1}:0"), 10, Some(Fault::BelowMinCount)),
            (format!("{sha1}:hunter2"), 0, Some(Fault::NotACount)),
            (format!("{sha1}:hunter2"), 2, Some(Fault::NotACount)),
        ] {
            let lines = HashCount {
                prefix: None,
                min_count,
                num_digits: SHA1_DIGITS,
            };
            let mut found = None;
            lines.read(line.as_bytes(), |hash, fault| {
                assert_eq!(hash, sha1.as_bytes());
                found = fault;
            });
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn hashes_of_the_other_kind_and_of_other_ranges() {
        let sha1 = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8";
        let ntlm = "8846F7EAEE8FB117AD06BDD830B7586C";
        for (kind, prefix, line, expected) in [
            (IdentifierKind::Sha1, None, sha1, Some(true)),
            (IdentifierKind::Sha1, None, ntlm, None),
            (IdentifierKind::Ntlm, None, sha1, None),
            (IdentifierKind::Ntlm, None, "x", Some(false)),
            (IdentifierKind::Sha1, Some(b"5baa6"), sha1, Some(true)),
            (IdentifierKind::Sha1, Some(b"5baa6"), &sha1[5..], Some(true)),
            (IdentifierKind::Sha1, Some(b"5baa7"), sha1, Some(false)),
            (IdentifierKind::Sha1, Some(b"5baa6"), &ntlm[5..], None),
            (IdentifierKind::Sha1, Some(b"5baa6"), "<html>", Some(false)),
        ] {
            let lines = HashCount {
                prefix: prefix.copied(),
                min_count: 0,
                num_digits: num_digits(kind),
            };
            let list = format!("\n{line}:3\n");
            let found = lines.check(&Input::Stdin, list.as_bytes());
            assert_eq!(found.ok(), expected, "{line}");
            let is_of_all = prefix == Some(b"5baa7");
            assert_eq!(lines.is_of_all_ranges(list.as_bytes()), is_of_all, "{line}");
        }
    }

    #[test]
    fn sorted_hashes_that_end_early() {
        // Evenly spread, from a share to another.
        let list = |from: f64, to: f64, num: u32| -> String {
            (0..num)
                .map(|i| {
                    let share = from + (to - from) * (f64::from(i) + 0.5) / f64::from(num);
                    format!("{:013x}{:027}:2\r\n", (share * 2f64.powi(52)) as u64, 0)
                })
                .collect()
        };
        for (from, to, num, expected) in [
            (0.0, 0.66, 2000, true),
            (0.0, 0.98, 2000, true),
            (0.0, 1.0, 2000, false),
            (0.0, 0.995, 2000, false),
            (0.4, 1.0, 2000, true),
            (0.0, 0.5, 128, true),
            (0.0, 0.5, 127, false),
            (0.0, 0.9, 128, false),
        ] {
            let list = list(from, to, num);
            let mut order = Order::new();
            order.next(list.as_bytes());
            assert_eq!(order.ends_early(num.into()), expected, "{from} {to} {num}");
            // In two batches, and not sorted.
            let mut order = Order::new();
            let middle = list.len() / 2 / 44 * 44;
            order.next(&list.as_bytes()[..middle]);
            order.next(&list.as_bytes()[middle..]);
            assert_eq!(order.ends_early(num.into()), expected);
            order.next(list.as_bytes());
            assert!(!order.ends_early(num.into()));
        }
        let mut order = Order::new();
        order.next(b"no hash\n");
        assert!(!order.ends_early(1000));
    }
}
