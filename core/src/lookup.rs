//! The questions: which sector is wanted next, and what is the verdict.
//!
//! Nothing here does I/O. An [`Opening`](crate::Opening) reads a header and gives a
//! [`Catalogue`]; [`Lookup`] asks a catalogue's datasets about one identifier. Both name
//! the sector that they want and take its 512 bytes, so one code serves a blocking SD
//! driver, an async one, a mapped file and a browser. [`crate::source`] has the blocking
//! helpers.
//!
//! # Invariant
//! [`Verdict::NotExposed`] is given only after the header was verified, every dataset
//! in question covers the identifier, and every sector that could hold it was read,
//! verified and lacks it: a page that says that an item was bumped sends on to the next
//! layer, and is no "no". In a signed file, verified means: the page's tag, and that of
//! each tag sector above it, agree with the root that was signed.

use crate::encoding::{Layer, Match, ribbon};
use crate::error::Error;
use crate::header::{Dataset, Header, MAX_DATASETS};
use crate::identifier::phone::Shortcuts;
use crate::identifier::{Coverage, Identifier, IdentifierKind, Item, NormaliseError};
use crate::sector::{FileId, Sector, SectorIndex, verify};
use crate::trust::{Path, PublicKey, Signed, Step};

/// A file's verified header: what can be asked of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Catalogue {
    pub(crate) file_id: FileId,
    pub(crate) header: Header,
    /// Of a signed file. `None` is said of an unsigned one only.
    pub(crate) signed: Option<Signed>,
}

impl Catalogue {
    /// It has no dataset, and a lookup in it ends with [`Error::Unfinished`].
    pub(crate) const EMPTY: Self = Self {
        file_id: FileId([0; 16]),
        header: Header::EMPTY,
        signed: None,
    };

    /// The file's id.
    pub const fn file_id(&self) -> FileId {
        self.file_id
    }

    /// All that the header says.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The file's datasets, 1 to [`MAX_DATASETS`].
    pub fn datasets(&self) -> &[Dataset] {
        &self.header.datasets
    }

    /// Who signed the file. `None`: nobody did.
    pub fn signer(&self) -> Option<PublicKey> {
        self.signed.as_ref().map(Signed::signer)
    }

    /// Sectors that are read at most for each dataset that covers an identifier: 1 for each
    /// layer of the dataset that has most, and in a signed file the tag sectors above it that
    /// are not kept in memory.
    pub fn sectors_per_dataset(&self) -> u32 {
        let path = self.signed.as_ref().map_or(0, Signed::sectors_per_path);
        let layers = self
            .datasets()
            .iter()
            .map(|dataset| dataset.encoding.num_layers(dataset.num_sectors));
        layers
            .max()
            .unwrap_or(1)
            .saturating_mul(1 + u32::from(path))
    }

    /// Is a sector of a page, or of the tags above one, as it was written, and in a signed file
    /// as it was signed? `path` is what the step before gave.
    pub(crate) fn prove(
        &self,
        index: SectorIndex,
        sector: &Sector,
        path: Option<Path>,
    ) -> Result<Step, Error> {
        let payload = verify(self.file_id, index, sector)?;
        match &self.signed {
            Some(signed) => signed.prove(self.file_id, index, payload, path),
            None => Ok(Step::Proven),
        }
    }

    /// Begin to look an identifier up: in the datasets of its kind, or in all when
    /// it states none. For each dataset that covers it, up to
    /// [`sectors_per_dataset`](Self::sectors_per_dataset) are read.
    pub fn lookup<'a>(&'a self, identifier: Identifier<'a>) -> Lookup<'a> {
        self.lookup_by_shortcuts(identifier, &[])
    }

    /// As [`lookup`](Self::lookup), with the same result, for a host that asks millions:
    /// `shortcuts` has an element for each dataset, which is those of its profile if it
    /// holds phone numbers. The slice may be shorter. Without the feature `std` they are not
    /// looked at.
    pub fn lookup_by_shortcuts<'a>(
        &'a self,
        identifier: Identifier<'a>,
        shortcuts: &'a [Option<Shortcuts>],
    ) -> Lookup<'a> {
        let any_in_scope = identifier
            .kind()
            .is_none_or(|kind| self.datasets().iter().any(|d| d.profile.answers(kind)));
        let mut lookup = Lookup {
            catalogue: self,
            identifier,
            shortcuts,
            scope: identifier.kind().filter(|_| any_in_scope),
            next_dataset: 0,
            pending: None,
            answers: Answers(heapless::Vec::new()),
        };
        lookup.advance();
        lookup
    }
}

/// One question, on its way to its verdict.
#[derive(Clone, Debug)]
pub struct Lookup<'a> {
    catalogue: &'a Catalogue,
    identifier: Identifier<'a>,
    shortcuts: &'a [Option<Shortcuts>],
    /// Only datasets that answer this kind are asked. `None`: all are.
    scope: Option<IdentifierKind>,
    next_dataset: u8,
    pending: Option<Pending>,
    answers: Answers,
}

/// A sector that is waited for.
#[derive(Clone, Copy)]
struct Pending {
    dataset: u8,
    sector: SectorIndex,
    question: Question,
    coverage: Coverage,
    /// In a signed file, once the page was read: what it says, if it is the one that was
    /// signed.
    unproven: Option<(Match, Path)>,
}

/// What the next page of a dataset is asked.
#[derive(Clone, Copy)]
struct Question {
    layer: u8,
    hash: u64,
}

impl Question {
    /// The layer, and which of its pages is asked. `None`: there is no such layer.
    fn place(self, dataset: &Dataset) -> Option<(Layer, u32)> {
        let layer = dataset.encoding.layer(dataset.num_sectors, self.layer)?;
        Some((layer, layer.page_of(self.hash)))
    }

    /// The sector of that page.
    fn sector(self, dataset: &Dataset) -> Option<SectorIndex> {
        let (layer, page) = self.place(dataset)?;
        Some(dataset.sector_of(layer.first_page.saturating_add(page)))
    }

    /// What is asked when that page says that the item was bumped.
    fn next(self) -> Self {
        Self {
            layer: self.layer.saturating_add(1),
            hash: ribbon::rehash(self.hash),
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

impl Lookup<'_> {
    /// The sector to supply next, or `None` when the verdict is ready. At most
    /// [`Catalogue::sectors_per_dataset`] are wanted for each dataset.
    pub fn wants(&self) -> Option<SectorIndex> {
        self.pending.map(|pending| pending.sector)
    }

    /// Take the sector that [`wants`](Self::wants) named.
    ///
    /// # Errors
    /// [`Error::SectorDamaged`] and [`Error::NoSuchLayer`]: the sector stays wanted.
    /// [`Error::NotAsSigned`]: the page is wanted again. What is wanted may be read and
    /// supplied again.
    pub fn supply(&mut self, sector: &Sector) -> Result<(), Error> {
        let Some(mut pending) = self.pending else {
            return Ok(());
        };
        let catalogue = self.catalogue;
        let Some(dataset) = catalogue.datasets().get(usize::from(pending.dataset)) else {
            return Err(Error::Unfinished);
        };
        let payload = verify(catalogue.file_id, pending.sector, sector)?;
        let (layer, page) = pending.question.place(dataset).ok_or(Error::Unfinished)?;
        let matched = match pending.unproven {
            None => layer.query(page, payload, pending.question.hash),
            Some((matched, _)) => matched,
        };
        let page_sector = dataset.sector_of(layer.first_page.saturating_add(page));
        if let Some(signed) = &catalogue.signed {
            let path = pending.unproven.map(|(_, path)| path);
            match signed.prove(catalogue.file_id, pending.sector, payload, path) {
                Ok(Step::Proven) => {}
                Ok(Step::Above(sector, path)) => {
                    pending.sector = sector;
                    pending.unproven = Some((matched, path));
                    self.pending = Some(pending);
                    return Ok(());
                }
                Err(error) => {
                    pending.sector = page_sector;
                    pending.unproven = None;
                    self.pending = Some(pending);
                    return Err(error);
                }
            }
        }
        let outcome = match (matched, pending.coverage) {
            (Match::Bumped, _) => {
                pending.question = pending.question.next();
                pending.sector = pending
                    .question
                    .sector(dataset)
                    .ok_or(Error::NoSuchLayer { index: page_sector })?;
                pending.unproven = None;
                self.pending = Some(pending);
                return Ok(());
            }
            (Match::Hit, _) => Outcome::Exposed,
            (Match::Miss, Coverage::Complete) => Outcome::Absent,
            (Match::Miss, Coverage::Incidental(reason)) => Outcome::NotCovered(reason),
        };
        self.answers.push(pending.dataset, outcome)?;
        self.pending = None;
        self.advance();
        Ok(())
    }

    /// The verdict, once [`wants`](Self::wants) is `None`.
    ///
    /// # Errors
    /// [`Error::Unfinished`] while a sector is wanted.
    pub fn verdict(self) -> Result<Verdict, Error> {
        if self.pending.is_some() || self.answers.0.is_empty() {
            return Err(Error::Unfinished);
        }
        let has = |wanted: fn(Outcome) -> bool| self.answers.iter().any(|a| wanted(a.outcome));
        Ok(if has(|outcome| outcome == Outcome::Exposed) {
            Verdict::Exposed(self.answers)
        } else if has(|outcome| outcome != Outcome::Absent) {
            Verdict::NotCovered(self.answers)
        } else {
            Verdict::NotExposed(self.answers)
        })
    }

    /// The hash of the identifier's item in a dataset, and what its absence means. Not inlined:
    /// its items leave the stack with it.
    #[inline(never)]
    fn hash(&self, index: u8, dataset: &Dataset) -> Result<(u64, Coverage), NormaliseError> {
        // A device has none, and no room for the code.
        if cfg!(feature = "std")
            && let Some(Some(shortcuts)) = self.shortcuts.get(usize::from(index))
            && let Some(item) = shortcuts.item_of(&self.identifier)
        {
            return Ok((dataset.hash.hash_short(item), Coverage::Complete));
        }
        let mut item = Item::empty();
        dataset
            .profile
            .normalise_into(&self.identifier, &mut item)?;
        Ok((dataset.hash.hash(&item), item.coverage()))
    }

    /// Go on to the next dataset that a sector must be read for.
    fn advance(&mut self) {
        let catalogue = self.catalogue;
        while self.pending.is_none() {
            let index = self.next_dataset;
            let Some(dataset) = catalogue.datasets().get(usize::from(index)) else {
                return;
            };
            self.next_dataset += 1;
            if self
                .scope
                .is_some_and(|kind| !dataset.profile.answers(kind))
            {
                continue;
            }
            match self.hash(index, dataset) {
                Ok((hash, coverage)) => {
                    let question = Question { layer: 0, hash };
                    self.pending = Some(Pending {
                        dataset: index,
                        // The header's check leaves no dataset without a layer.
                        sector: question.sector(dataset).unwrap_or(dataset.first_sector),
                        question,
                        coverage,
                        unproven: None,
                    });
                }
                Err(reason) => {
                    // There are never more answers than datasets, so there is room.
                    let _ = self.answers.push(index, Outcome::NotCovered(reason));
                }
            }
        }
    }
}

/// What a file says of an identifier. There is no `bool` of it: a question that
/// could not be answered is not a "no".
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum Verdict {
    /// At least one dataset has the identifier, or gives a false alarm, at its rate.
    Exposed(Answers),
    /// Every dataset that was asked covers the identifier, and none has it.
    NotExposed(Answers),
    /// No dataset has it, and at least one cannot say.
    NotCovered(Answers),
}

impl Verdict {
    /// What each dataset said.
    pub const fn answers(&self) -> &Answers {
        match self {
            Self::Exposed(answers) | Self::NotExposed(answers) | Self::NotCovered(answers) => {
                answers
            }
        }
    }
}

/// What each dataset that was asked said, in the file's order; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Answers(heapless::Vec<Answer, MAX_DATASETS>);

impl Answers {
    /// The answers, in the file's order.
    pub fn iter(&self) -> impl Iterator<Item = &Answer> {
        self.0.iter()
    }

    fn push(&mut self, dataset: u8, outcome: Outcome) -> Result<(), Error> {
        self.0
            .push(Answer { dataset, outcome })
            .map_err(|_| Error::Unfinished)
    }
}

/// What one dataset said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Answer {
    /// Index in [`Catalogue::datasets`].
    pub dataset: u8,
    /// What it said.
    pub outcome: Outcome,
}

/// What a dataset says of an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Outcome {
    /// It has the identifier, or this is a false alarm.
    Exposed,
    /// It covers the identifier and does not have it.
    Absent,
    /// It says nothing about it.
    NotCovered(NormaliseError),
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
            question: Question {
                layer: 0,
                hash: 5_678,
            },
            coverage: Coverage::Complete,
            unproven: None,
        };
        assert_eq!(format!("{pending:?}"), "Pending { dataset: 3, .. }");
    }
}
