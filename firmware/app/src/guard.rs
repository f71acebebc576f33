//! Whose filters a device accepts, and from which epoch on.

use leaksieve_core::{Catalogue, PublicKey, Trust};

use crate::epoch::EpochStore;
use crate::log::warning;
use crate::storage::StorageError;

/// Was this device built to verify signatures?
pub(crate) const CAN_VERIFY: bool = cfg!(feature = "signatures");

/// The keys that a device trusts, and the lowest epoch that it accepts of them.
///
/// # Invariant
/// Only a filter that a trusted key signed raises the epoch: else anyone could lock the
/// honest ones out.
pub struct Guard<E> {
    /// As of the last mount.
    trust: Trust<'static>,
    store: E,
    is_kept: bool,
}

impl<E: EpochStore> Guard<E> {
    /// With no key every filter is accepted, of every epoch, and the store is not used.
    pub const fn new(keys: &'static [PublicKey], store: E) -> Self {
        Self {
            trust: Trust::in_keys(keys),
            store,
            is_kept: true,
        }
    }

    /// What is accepted.
    pub const fn trust(&self) -> &Trust<'static> {
        &self.trust
    }

    /// Is the lowest epoch kept when the power goes off?
    pub const fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// What is accepted, with the lowest epoch as it is kept now.
    ///
    /// # Errors
    /// [`StorageError::EpochUnreadable`].
    pub(crate) fn refresh(&mut self) -> Result<&Trust<'static>, StorageError> {
        if CAN_VERIFY && !self.trust.keys.is_empty() {
            let kept = self.store.lowest();
            let kept = kept.map_err(|_| StorageError::EpochUnreadable)?;
            // One that could not be kept holds until the power goes off.
            self.since(kept.max(self.seen()));
        }
        Ok(&self.trust)
    }

    /// A filter was mounted: nothing older is accepted any more.
    pub(crate) fn accepted(&mut self, catalogue: &Catalogue) {
        if !CAN_VERIFY || self.trust.keys.is_empty() || catalogue.signer().is_none() {
            return;
        }
        let epoch = catalogue.header().epoch.max(self.seen());
        self.since(epoch);
        // Asked of the store each time, so that one that works again keeps it.
        self.is_kept = match self.store.lowest() {
            Ok(kept) if kept >= epoch => true,
            _ => self.store.raise(epoch).is_ok(),
        };
        if !self.is_kept {
            warning!("epoch {=u32} could not be kept", epoch);
        }
    }

    /// 0 before the store was asked.
    fn seen(&self) -> u32 {
        *self.trust.epochs.start()
    }

    fn since(&mut self, lowest: u32) {
        self.trust = Trust::in_keys(self.trust.keys).since(lowest);
    }
}
