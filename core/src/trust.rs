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

pub(crate) mod key;
#[cfg(feature = "signatures")]
mod signed;
#[cfg(not(feature = "signatures"))]
#[path = "trust/unable.rs"]
mod signed;
pub mod tree;

use core::ops::RangeInclusive;

use crate::error::Error;

pub use key::{NotAPublicKey, PUBLIC_KEY_BYTES, PublicKey};
#[cfg(feature = "signatures")]
pub(crate) use signed::message_of;
#[cfg(feature = "signatures")]
pub use signed::{CACHED_TAGS, SIGNATURE_BYTES, Signature, SignedMessage, tag_of};
pub(crate) use signed::{Path, Signed};
pub(crate) use tree::Step;
pub use tree::{TAG_BYTES, Tag, Tree};

/// The largest step from the lowest epoch that a device accepts to that of a file: 65,536,
/// a publication each hour for seven years. A file that goes further would, once it was
/// believed, lock all honest ones out.
pub const MAX_EPOCH_STEP: u32 = 1 << 16;

/// What a reader accepts: whose files, and of which epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trust<'k> {
    /// Only files signed by one of these are accepted. Empty: all are, also unsigned ones.
    pub keys: &'k [PublicKey],
    /// Epochs that are accepted.
    pub epochs: RangeInclusive<u32>,
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

    /// As well, epochs from the lowest that is still accepted on.
    #[must_use]
    pub const fn from_epoch(self, lowest_epoch: u32) -> Self {
        Self {
            keys: self.keys,
            epochs: lowest_epoch..=u32::MAX,
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
