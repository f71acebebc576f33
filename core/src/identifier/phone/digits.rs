//! The digits of a number.

use crate::identifier::characters::drop_first;
use crate::identifier::error::NormaliseError;

/// Most digits that a written telephone number may have, prefixes included.
pub const MAX_DIGITS: usize = 32;

/// ASCII digits, at most [`MAX_DIGITS`].
#[derive(Clone)]
pub(super) struct Digits {
    bytes: [u8; MAX_DIGITS],
    // At most MAX_DIGITS.
    pub(super) len: u8,
}

impl Digits {
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; MAX_DIGITS],
            len: 0,
        }
    }

    pub(super) fn from_slice(digits: &[u8]) -> Option<Self> {
        let mut all = Self::new();
        all.extend(digits)?;
        Some(all)
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len()).unwrap_or(&[])
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.len)
    }

    pub(super) fn extend(&mut self, digits: &[u8]) -> Option<()> {
        let start = self.len();
        let end = start + digits.len();
        let places = self.bytes.get_mut(start..end)?;
        for (place, digit) in places.iter_mut().zip(digits) {
            *place = *digit;
        }
        self.len = end as u8;
        Some(())
    }

    /// Takes one digit out; nothing happens beyond the end.
    pub(super) fn remove(&mut self, at: usize) {
        let len = self.len();
        if let Some(rest) = self.bytes.get_mut(at..len)
            && at < len
        {
            drop_first(rest);
            self.len -= 1;
        }
    }

    pub(super) fn push(&mut self, digit: u8) -> Result<(), NormaliseError> {
        let free = self.bytes.get_mut(usize::from(self.len));
        *free.ok_or(NormaliseError::TooManyDigits)? = digit;
        self.len += 1;
        Ok(())
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len as u8);
    }
}
