//! Who made a file, and is it the newest: a signature over the header, a hash tree over
//! all that lies behind it, and the epochs that are accepted.
//!
//! A signed file has an Ed25519 signature (RFC 8032) over its header. The header holds
//! the root of a hash tree ([`Tree`]) over the pages. An [`Opening`](crate::Opening)
//! verifies the signature, and keeps the tags of one level of the tree; a
//! [`Lookup`](crate::Lookup) wants the tag sectors between a page and that level, and
//! gives a verdict only when each agrees with the next.
//!
//! The code that hashes and verifies is there with the feature `signatures`. Without it a
//! signed file is refused, never read as if it were unsigned.

#[cfg(feature = "signatures")]
mod signed;
#[cfg(not(feature = "signatures"))]
#[path = "unable.rs"]
mod signed;
pub mod tree;

use core::fmt;
use core::ops::RangeInclusive;
use core::str::FromStr;

use crate::error::Error;
use crate::sector::SectorIndex;

#[cfg(feature = "signatures")]
pub(crate) use signed::message_of;
#[cfg(feature = "signatures")]
pub use signed::{CACHED_TAGS, SIGNATURE_BYTES, Signature, SignedMessage, tag_of};
pub(crate) use signed::{Path, Signed};
pub use tree::{TAG_BYTES, Tag, Tree};

/// The largest step from the lowest epoch that a device accepts to that of a file: 65,536,
/// a publication each hour for seven years. A file that goes further would, once it was
/// believed, lock all honest ones out.
pub const MAX_EPOCH_STEP: u32 = 1 << 16;

/// An Ed25519 public key: 32 bytes (RFC 8032 section 5.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PublicKey(pub [u8; PUBLIC_KEY_BYTES]);

/// Bytes of a public key: 32.
pub const PUBLIC_KEY_BYTES: usize = 32;

/// 64 hexadecimal digits.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// 64 hexadecimal digits, and nothing else.
impl FromStr for PublicKey {
    type Err = NotAPublicKey;

    fn from_str(text: &str) -> Result<Self, NotAPublicKey> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return Err(NotAPublicKey);
        };
        let mut key = [0; PUBLIC_KEY_BYTES];
        if pairs.len() != key.len() {
            return Err(NotAPublicKey);
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(NotAPublicKey);
        for (place, [high, low]) in key.iter_mut().zip(pairs) {
            *place = (digit(*high)? << 4 | digit(*low)?) as u8;
        }
        Ok(Self(key))
    }
}

/// A text that is not the 64 hexadecimal digits of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct NotAPublicKey;

impl fmt::Display for NotAPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no public key: give its 64 hexadecimal digits")
    }
}

impl core::error::Error for NotAPublicKey {}

/// What a reader accepts: whose files, and of which epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust<'k> {
    /// Only files signed by one of these are accepted. Empty: all are, also unsigned ones.
    pub keys: &'k [PublicKey],
    /// Epochs that are accepted.
    pub epochs: RangeInclusive<u32>,
}

/// How far the proof of a page has come.
#[cfg_attr(
    not(feature = "signatures"),
    expect(dead_code, reason = "without signatures there is nothing to prove")
)]
pub(crate) enum Step {
    /// It is the page that was signed.
    Proven,
    /// The sector to read next, and what it must have.
    Above(SectorIndex, Path),
}

impl<'k> Trust<'k> {
    /// Every file, of every epoch. One that is signed must still be as it was signed.
    pub const ANY: Self = Self::in_keys(&[]);

    /// Files of every epoch that one of these keys signed; with no key every file.
    pub const fn in_keys(keys: &'k [PublicKey]) -> Self {
        Self {
            keys,
            epochs: 0..=u32::MAX,
        }
    }

    /// As well, epochs from the lowest that is still accepted to [`MAX_EPOCH_STEP`] above.
    #[must_use]
    pub const fn since(self, lowest_epoch: u32) -> Self {
        Self {
            keys: self.keys,
            epochs: lowest_epoch..=lowest_epoch.saturating_add(MAX_EPOCH_STEP),
        }
    }

    /// Is a file of this signer and epoch accepted?
    ///
    /// # Errors
    /// [`Error::Unsigned`], [`Error::UnknownSigner`], [`Error::EpochTooLow`] or
    /// [`Error::EpochTooHigh`].
    pub(crate) fn judge(&self, signer: Option<PublicKey>, epoch: u32) -> Result<(), Error> {
        if !self.keys.is_empty() {
            let key = signer.ok_or(Error::Unsigned)?;
            if !self.keys.contains(&key) {
                return Err(Error::UnknownSigner { key });
            }
        }
        if epoch < *self.epochs.start() {
            return Err(Error::EpochTooLow {
                found: epoch,
                lowest: *self.epochs.start(),
            });
        }
        if epoch > *self.epochs.end() {
            return Err(Error::EpochTooHigh {
                found: epoch,
                highest: *self.epochs.end(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_key_is_said_in_64_digits() {
        let key = PublicKey(core::array::from_fn(|index| index as u8 * 8));
        assert_eq!(
            key.to_string(),
            "0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8"
        );
    }

    #[test]
    fn the_digits_of_a_key_are_the_key() {
        let mut key = PublicKey([0; PUBLIC_KEY_BYTES]);
        for (place, byte) in key.0.iter_mut().zip((0..).step_by(37)) {
            *place = byte as u8;
        }
        let digits = key.to_string();
        assert_eq!(digits.parse(), Ok(key));
        assert_eq!(digits.to_uppercase().parse(), Ok(key));
    }

    #[test]
    fn nothing_else_is_a_key() {
        let digits = PublicKey([0xA5; PUBLIC_KEY_BYTES]).to_string();
        let longer = digits.clone() + "00";
        let other = digits.replacen('a', "g", 1);
        let spaced = std::format!(" {}", &digits[1..]);
        for text in [
            "",
            "a5",
            &digits[1..],
            &digits[2..],
            &longer,
            &other,
            &spaced,
        ] {
            assert_eq!(text.parse::<PublicKey>(), Err(NotAPublicKey), "{text:?}");
        }
    }
}
