//! Lookups that wait in their thousands: what each needs to go on, and no more.

use super::question::{Pending, Wanted};
use super::{Asking, Lookup};
use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::identifier::phone::Shortcuts;
use crate::identifier::{Identifier, IdentifierKind};
use crate::sector::SectorIndex;
use crate::verdict::Answers;
use crate::verified::Verified;

/// A [`Lookup`] that wants a sector, without what its asker has already: the catalogue, the
/// identifier, the shortcuts, and the answers so far. Less than a cache line.
#[derive(Clone, Copy)]
pub struct Waiting {
    wanted: Wanted,
    sector: SectorIndex,
    asking: Asking,
    scope: Option<IdentifierKind>,
}

/// Shows the place only: a hash of an identifier can be searched for.
impl core::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Waiting")
            .field("dataset", &self.asking.dataset)
            .finish_non_exhaustive()
    }
}

impl Waiting {
    /// The sector that is wanted.
    pub const fn wants(&self) -> SectorIndex {
        self.sector
    }

    /// The lookup again. All that is given must be what it was: with anything else the verdict
    /// means nothing.
    pub fn go_on<'a>(
        &self,
        catalogue: &'a Catalogue,
        identifier: Identifier<'a>,
        shortcuts: &'a [Option<Shortcuts>],
        answers: Answers,
    ) -> Lookup<'a> {
        Lookup {
            catalogue,
            identifier,
            shortcuts,
            scope: self.scope,
            next_dataset: self.asking.dataset.saturating_add(1),
            asking: self.asking,
            pending: Some(Pending {
                dataset: self.asking.dataset,
                sector: self.sector,
                wanted: self.wanted,
                unproven: None,
            }),
            answers,
        }
    }
}

impl Lookup<'_> {
    /// What it takes to go on later; `None`: the verdict is ready. What was read of a sector that
    /// is not yet proven is read again.
    pub fn waiting(&self) -> Option<Waiting> {
        let pending = self.pending.as_ref()?;
        let dataset = self
            .catalogue
            .datasets()
            .get(usize::from(pending.dataset))?;
        let sector = match pending.unproven {
            None => pending.sector,
            Some(_) => pending.wanted.sector(dataset)?,
        };
        Some(Waiting {
            wanted: pending.wanted,
            sector,
            asking: self.asking,
            scope: self.scope,
        })
    }

    /// What the datasets said that were asked so far.
    pub const fn answers(&self) -> &Answers {
        &self.answers
    }

    /// As [`supply`](Self::supply), of a sector that was verified, for one question or for many.
    ///
    /// # Errors
    /// As there, of what the sector says. [`Error::Unfinished`] if it is of another file, or not the
    /// sector that is wanted.
    pub fn supply_verified(&mut self, verified: &Verified<'_>) -> Result<(), Error> {
        let Some(pending) = &self.pending else {
            return Ok(());
        };
        let catalogue = self.catalogue;
        let is_wanted = core::ptr::eq(catalogue, verified.catalogue)
            && pending.sector == verified.index
            && pending.unproven.is_none();
        let dataset = catalogue.datasets().get(usize::from(pending.dataset));
        let Some(dataset) = dataset.filter(|_| is_wanted) else {
            return Err(Error::Unfinished);
        };
        let found = self.look(dataset, pending, verified.payload)?;
        self.take(dataset, found)
    }
}
