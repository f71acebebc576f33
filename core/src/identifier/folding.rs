//! What is asked of Unicode's tables, which a host has and a device has not.

use serde::Serialize;

use super::error::NormaliseError;
use crate::error::HeaderDefect;
use crate::fields::Fields;
use crate::units::MAX_IDENTIFIER_BYTES;

/// Do capital and small letters make two names?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "std", derive(serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum CaseRule {
    /// `Alice` and `alice` are one item.
    Fold,
    /// `Alice` and `alice` are two items.
    Exact,
}

impl CaseRule {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, HeaderDefect> {
        match fields.varint()? {
            0 => Ok(Self::Fold),
            1 => Ok(Self::Exact),
            _ => Err(HeaderDefect::Unreadable),
        }
    }
}

/// Writes the normal form of a text that has characters of several spellings. It needs
/// Unicode's tables, some 100 KB, so a host has one and a device has none.
///
/// # Errors
/// Why the text has no such form.
pub(super) type Normalizer = fn(Folding, &str, &mut Folded) -> Result<(), NormaliseError>;

/// What a [`Normalizer`] writes into.
pub(super) type Folded = heapless::String<MAX_IDENTIFIER_BYTES>;

/// What a [`Normalizer`] is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folding {
    /// NFKC (UAX #15), and with [`CaseRule::Fold`] full case folding (Unicode section 3.13), all
    /// kinds of i as one, then NFKC again.
    Text(CaseRule),
    /// A domain name's A-labels (RFC 5890), by UTS #46.
    Domain,
    /// NFC (UAX #15).
    Composed,
    /// NFD (UAX #15).
    Decomposed,
}
