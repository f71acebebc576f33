//! What a sector is wanted for, and what it says.

use crate::encoding::exact::{self, Next, PageDefect};
use crate::encoding::{Encoding, Match, ribbon};
use crate::header::Dataset;
use crate::identifier::phone::plan::{Step as PlanStep, Walk};
use crate::sector::{Payload, SectorIndex};
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
    Page(Next),
    /// The item is not in this layer, but in the next.
    Bumped,
    Plan(PlanStep),
}

/// What the next page of a dataset is asked.
#[derive(Clone, Copy)]
pub(super) struct Question {
    pub(super) step: Step,
    /// The item's hash; in an exact set its number.
    pub(super) key: u64,
}

/// Which of its pages are next.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// One of this layer.
    Layer(u8),
    /// One of an exact set.
    Exact(exact::Step),
}

impl Question {
    /// The first for an item with this key.
    pub(super) const fn first(dataset: &Dataset, key: u64) -> Self {
        Self {
            step: match dataset.encoding {
                Encoding::Bloom { .. } | Encoding::Ribbon(_) => Step::Layer(0),
                Encoding::Exact => Step::Exact(exact::Step::Directory),
            },
            key,
        }
    }

    /// The same of the next layer.
    pub(super) fn bumped(self) -> Self {
        Self {
            step: match self.step {
                Step::Layer(index) => Step::Layer(index.saturating_add(1)),
                step @ Step::Exact(_) => step,
            },
            key: ribbon::rehash(self.key),
        }
    }

    /// The same of another page of an exact set.
    pub(super) const fn at(self, step: exact::Step) -> Self {
        Self {
            step: Step::Exact(step),
            key: self.key,
        }
    }

    /// The sector of the page.
    fn sector(self, dataset: &Dataset) -> Option<SectorIndex> {
        let page = match self.step {
            Step::Layer(index) => {
                let layer = dataset.encoding.layer(dataset.num_sectors, index)?;
                layer.first_page.saturating_add(layer.page_of(self.key))
            }
            Step::Exact(step) => step.page(dataset.num_sectors)?,
        };
        Some(dataset.sector_of(page))
    }

    /// What the page says, which is in the sector that was wanted. `None`: there is no such page.
    pub(super) fn look(
        self,
        dataset: &Dataset,
        sector: SectorIndex,
        payload: &Payload,
    ) -> Option<Result<Found, PageDefect>> {
        match self.step {
            Step::Layer(index) => {
                let layer = dataset.encoding.layer(dataset.num_sectors, index)?;
                // To compute the page anew would take a division.
                let first = dataset.sector_of(layer.first_page);
                let page = sector.0.checked_sub(first.0)?;
                Some(Ok(match layer.query(page, payload, self.key) {
                    Match::Bumped => Found::Bumped,
                    said => Found::Page(Next::Said(said)),
                }))
            }
            Step::Exact(step) => {
                let next = step.take(self.key, payload, dataset.num_sectors);
                Some(next.map(Found::Page))
            }
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
                step: Step::Layer(0),
                key: 5_678,
            }),
            unproven: None,
        };
        assert_eq!(format!("{pending:?}"), "Pending { dataset: 3, .. }");
    }
}
