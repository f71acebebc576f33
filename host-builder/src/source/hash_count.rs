//! Lines of the public `HASH:COUNT` lists -> hashes.

use super::Fault;
use super::files::PREFIX_DIGITS;

/// How they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HashCount {
    /// The digits that the lines of a range file lack: they are in its name.
    pub(super) prefix: Option<[u8; PREFIX_DIGITS]>,
    /// Entries with a lower count are left out; 0: counts are not looked at.
    pub(super) min_count: u32,
}

/// Digits of SHA-1 and of NTLM without those.
const SUFFIX_DIGITS: [usize; 2] = [40 - PREFIX_DIGITS, 32 - PREFIX_DIGITS];

impl HashCount {
    /// Give the hash of a line, and what is wrong with the line.
    pub(super) fn read(&self, line: &[u8], give: impl FnOnce(&[u8], Option<Fault>)) {
        let (hash, count) = match memchr::memchr(b':', line) {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let fault = self.fault(line, count.trim_ascii());
        let suffix = hash.trim_ascii();
        match self.prefix {
            Some(prefix) if SUFFIX_DIGITS.contains(&suffix.len()) => {
                let mut whole = [0; PREFIX_DIGITS + SUFFIX_DIGITS[0]];
                let whole = &mut whole[..PREFIX_DIGITS + suffix.len()];
                whole[..PREFIX_DIGITS].copy_from_slice(&prefix);
                whole[PREFIX_DIGITS..].copy_from_slice(suffix);
                give(whole, fault);
            }
            _ => give(hash, fault),
        }
    }

    fn fault(&self, line: &[u8], count: &[u8]) -> Option<Fault> {
        if self.min_count == 0 || line.trim_ascii().is_empty() {
            return None;
        }
        if count.is_empty() || !count.iter().all(u8::is_ascii_digit) {
            return Some(Fault::NoCount);
        }
        let number = count.iter().fold(0u64, |number, digit| {
            number
                .saturating_mul(10)
                .saturating_add(u64::from(digit - b'0'))
        });
        (number < self.min_count.into()).then_some(Fault::BelowMinCount)
    }
}
