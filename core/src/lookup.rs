//! The questions: which sector is wanted next, and what is the verdict.
//!
//! Nothing here does I/O. [`Opening`] reads a header and gives a [`Catalogue`];
//! [`Lookup`] asks a catalogue's datasets about one identifier. Both name the sector
//! that they want and take its 512 bytes, so one code serves a blocking SD driver, an
//! async one, a mapped file and a browser. [`crate::source`] has the blocking helpers.
//!
//! # Invariant
//! [`Verdict::NotExposed`] is given only after the header was verified, every dataset
//! in question covers the identifier, and every sector that could hold it was read,
//! verified and lacks it.

use crate::encoding::{Match, bloom, page_of};
use crate::error::Error;
use crate::header::{
    self, Dataset, Encoding, FIXED_BYTES, Fixed, Header, MAX_DATASETS, MAX_HEADER_SECTORS,
};
use crate::identifier::phone::Shortcuts;
use crate::identifier::{Coverage, Identifier, IdentifierKind, NormaliseError};
use crate::sector::{FileId, PAYLOAD_BYTES, Sector, SectorIndex, split, verify};

/// Reads the header of a file. Needs 1 to [`MAX_HEADER_SECTORS`] sectors, in order.
pub struct Opening {
    available_sectors: u32,
    next: u32,
    fixed: Option<Fixed>,
    payloads: heapless::Vec<u8, { MAX_HEADER_SECTORS as usize * PAYLOAD_BYTES }>,
}

impl Opening {
    /// Begin with a file of so many whole sectors.
    pub const fn new(available_sectors: u32) -> Self {
        Self {
            available_sectors,
            next: 0,
            fixed: None,
            payloads: heapless::Vec::new(),
        }
    }

    /// The sector to supply next, or `None` when the header is complete, or the file
    /// ends within it.
    pub fn wants(&self) -> Option<SectorIndex> {
        let there = self.num_header_sectors().min(self.available_sectors);
        (self.next < there).then_some(SectorIndex(self.next))
    }

    /// As far as is known: 1 until the first sector was supplied.
    fn num_header_sectors(&self) -> u32 {
        self.fixed.map_or(1, Fixed::num_header_sectors)
    }

    /// Take the sector that [`wants`](Self::wants) named.
    ///
    /// # Errors
    /// [`Error::NotAFilter`], [`Error::SectorDamaged`], [`Error::UnsupportedVersion`],
    /// [`Error::HeaderTooLarge`] or [`Error::HeaderMalformed`]. The same sector may
    /// then be read and supplied again.
    pub fn supply(&mut self, sector: &Sector) -> Result<(), Error> {
        let Some(index) = self.wants() else {
            return Ok(());
        };
        let fixed = match self.fixed {
            Some(fixed) => fixed,
            None => {
                let (fixed, version) = Fixed::parse(split(sector).0)?;
                verify(fixed.file_id, index, sector)?;
                fixed.check(version)?;
                fixed
            }
        };
        let payload = verify(fixed.file_id, index, sector)?;
        self.payloads
            .extend_from_slice(payload)
            .map_err(|_| Error::HeaderTooLarge {
                bytes: fixed.header_bytes.into(),
            })?;
        self.fixed = Some(fixed);
        self.next += 1;
        Ok(())
    }

    /// The catalogue, once [`wants`](Self::wants) is `None`.
    ///
    /// # Errors
    /// [`Error::Unfinished`], [`Error::HeaderMalformed`],
    /// [`Error::NormalisationVersion`], or [`Error::Truncated`] when the file is
    /// shorter than its header says.
    pub fn finish(&self) -> Result<Catalogue, Error> {
        let mut catalogue = Catalogue::new();
        self.finish_into(&mut catalogue)?;
        Ok(catalogue)
    }

    /// As [`finish`](Self::finish), into a place of the caller's: for devices, whose stack
    /// has no room for several catalogues of 4 KiB. After an error the catalogue is empty.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_into(&self, catalogue: &mut Catalogue) -> Result<(), Error> {
        let finished = self.read_into(catalogue);
        if finished.is_err() {
            catalogue.clear();
        }
        finished
    }

    fn read_into(&self, catalogue: &mut Catalogue) -> Result<(), Error> {
        let truncated = |expected_sectors| Error::Truncated {
            expected_sectors,
            found_sectors: self.available_sectors,
        };
        if self.wants().is_some() {
            return Err(Error::Unfinished);
        }
        if self.next < self.num_header_sectors() {
            return Err(truncated(self.num_header_sectors()));
        }
        let Some(fixed) = self.fixed else {
            return Err(Error::Unfinished);
        };
        let body = self.payloads.get(FIXED_BYTES..).unwrap_or(&[]);
        catalogue.file_id = fixed.file_id;
        header::parse_into(&mut catalogue.header, body, fixed)?;
        if self.available_sectors < catalogue.header.num_sectors {
            return Err(truncated(catalogue.header.num_sectors));
        }
        Ok(())
    }
}

/// A file's verified header: what can be asked of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Catalogue {
    file_id: FileId,
    header: Header,
}

impl Catalogue {
    /// A place for [`Opening::finish_into`]. It has no dataset, and a lookup in it ends
    /// with [`Error::Unfinished`].
    pub const fn new() -> Self {
        Self {
            file_id: FileId([0; 16]),
            header: Header::EMPTY,
        }
    }

    /// Forget all datasets.
    pub(crate) fn clear(&mut self) {
        self.header.datasets.clear();
    }

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

    /// Begin to look an identifier up: in the datasets of its kind, or in all when
    /// it states none. One sector is read for each dataset that covers it.
    pub fn lookup<'a>(&'a self, identifier: Identifier<'a>) -> Lookup<'a> {
        self.lookup_by_shortcuts(identifier, &[])
    }

    /// As [`lookup`](Self::lookup), with the same result, for a host that asks millions:
    /// `shortcuts` has an element for each dataset, which is those of its profile if it
    /// holds phone numbers. The slice may be shorter.
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

impl Default for Catalogue {
    fn default() -> Self {
        Self::new()
    }
}

/// One question, on its way to its verdict.
#[derive(Debug)]
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
    hash: u64,
    coverage: Coverage,
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
    /// The sector to supply next, or `None` when the verdict is ready. At most one
    /// sector a dataset is wanted.
    pub fn wants(&self) -> Option<SectorIndex> {
        self.pending.map(|pending| pending.sector)
    }

    /// Take the sector that [`wants`](Self::wants) named.
    ///
    /// # Errors
    /// [`Error::SectorDamaged`]; the sector stays wanted and may be read and
    /// supplied again.
    pub fn supply(&mut self, sector: &Sector) -> Result<(), Error> {
        let Some(pending) = self.pending else {
            return Ok(());
        };
        let Some(dataset) = self.catalogue.datasets().get(usize::from(pending.dataset)) else {
            return Err(Error::Unfinished);
        };
        let page = verify(self.catalogue.file_id, pending.sector, sector)?;
        let Encoding::Bloom { num_hashes } = dataset.encoding;
        let outcome = match (
            bloom::query(page, pending.hash, num_hashes),
            pending.coverage,
        ) {
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

    /// The hash of the identifier's item in a dataset, and what its absence means.
    fn hash(&self, index: u8, dataset: &Dataset) -> Result<(u64, Coverage), NormaliseError> {
        if let Some(Some(shortcuts)) = self.shortcuts.get(usize::from(index))
            && let Some(item) = shortcuts.item_of(&self.identifier)
        {
            return Ok((dataset.hash.hash_short(item), Coverage::Complete));
        }
        let item = dataset.profile.normalise(&self.identifier)?;
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
                    // The header's check keeps the sum below 2^32.
                    let page = page_of(hash, dataset.num_sectors);
                    self.pending = Some(Pending {
                        dataset: index,
                        sector: SectorIndex(dataset.first_sector.0.saturating_add(page)),
                        hash,
                        coverage,
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
