//! In place of `signed.rs` where the feature `signatures` is off: there is no value of
//! [`Signed`], because no signed file is opened.

use super::key::PublicKey;
use super::tree::{Step, Tag, Tree};
use crate::error::Error;
use crate::units::{FileId, Payload, SectorIndex};

/// What would be known of a signed file. There is none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) enum Signed {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {}

impl Signed {
    /// # Errors
    /// [`Error::CannotVerify`], always.
    pub(crate) fn verify(
        _: FileId,
        _: &[Payload],
        _: &Payload,
        _: Tree,
        _: Tag,
    ) -> Result<Self, Error> {
        Err(Error::CannotVerify)
    }

    pub(crate) const fn signer(&self) -> PublicKey {
        match *self {}
    }

    pub(crate) const fn sectors_per_path(&self) -> u8 {
        match *self {}
    }

    pub(crate) fn wants(&self) -> Option<SectorIndex> {
        match *self {}
    }

    pub(crate) fn supply(&mut self, _: FileId, _: &Payload) -> Result<(), Error> {
        match *self {}
    }

    pub(crate) fn prove(
        &self,
        _: FileId,
        _: SectorIndex,
        _: &Payload,
        _: Option<Path>,
    ) -> Result<Step<Path>, Error> {
        match *self {}
    }

    #[cfg(feature = "std")]
    pub(crate) fn agrees(&self, _: &Payload, _: &Path) -> Result<super::tree::Node, Error> {
        match *self {}
    }
}
