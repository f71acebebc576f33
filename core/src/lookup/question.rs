//! What a sector is wanted for, and what it says.

use crate::encoding::{Layer, Match, ribbon};
use crate::header::Dataset;
use crate::identifier::phone::plan::{Step as PlanStep, Walk};
use crate::sector::SectorIndex;
use crate::trust::Path;

/// A sector that is waited for.
#[derive(Clone, Copy)]
pub(super) struct Pending {
    pub(super) dataset: u8,
    pub(super) sector: SectorIndex,
    pub(super) wanted: Wanted,
    /// In a signed file, once the sector was read: what it says, if it is the one that was
    /// signed.
    pub(super) unproven: Option<(Found, Path)>,
}

/// What a sector is wanted for.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    Page(Question),
    /// Whether the reading is a number of the plan.
    Plan(Walk),
}

/// What a sector says.
#[derive(Clone, Copy)]
pub(super) enum Found {
    Page(Match),
    Plan(PlanStep),
}

/// What the next page of a dataset is asked.
#[derive(Clone, Copy)]
pub(super) struct Question {
    pub(super) layer: u8,
    pub(super) hash: u64,
    /// Of the other form of a number, which the plan gave.
    pub(super) is_changed: bool,
}

impl Question {
    /// The layer, and which of its pages is asked. `None`: there is no such layer.
    pub(super) fn place(self, dataset: &Dataset) -> Option<(Layer, u32)> {
        let layer = dataset.encoding.layer(dataset.num_sectors, self.layer)?;
        Some((layer, layer.page_of(self.hash)))
    }

    /// The sector of that page.
    fn sector(self, dataset: &Dataset) -> Option<SectorIndex> {
        let (layer, page) = self.place(dataset)?;
        Some(dataset.sector_of(layer.first_page.saturating_add(page)))
    }

    /// What is asked when that page says that the item was bumped.
    pub(super) fn next(self) -> Self {
        Self {
            layer: self.layer.saturating_add(1),
            hash: ribbon::rehash(self.hash),
            is_changed: self.is_changed,
        }
    }
}

impl Wanted {
    /// Where it is.
    pub(super) fn sector(self, dataset: &Dataset) -> Option<SectorIndex> {
        match self {
            Self::Page(question) => question.sector(dataset),
            Self::Plan(walk) => dataset.plan_sector(walk.wants()),
        }
    }
}

/// Shows the place only: a hash of an identifier can be searched for.
impl core::fmt::Debug for Pending {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pending")
            .field("dataset", &self.dataset)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn what_is_shown_of_a_pending_lookup_is_no_identifier() {
        let pending = Pending {
            dataset: 3,
            sector: SectorIndex(1_234),
            wanted: Wanted::Page(Question {
                layer: 0,
                hash: 5_678,
                is_changed: false,
            }),
            unproven: None,
        };
        assert_eq!(format!("{pending:?}"), "Pending { dataset: 3, .. }");
    }
}
