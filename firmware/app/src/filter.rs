//! The mounted filter: chosen, opened, asked, and opened anew when its medium was changed.

use heapless::Vec;
use leaksieve_core::header::MAX_DATASETS;
use leaksieve_core::sector::{FileId, SECTOR_BYTES, verify};
use leaksieve_core::source::{Age, CARD_FILE_NAMES, SectorSource, newest};
use leaksieve_core::{
    Catalogue, Error, Identifier, IdentifierKind, Opening, Outcome, ReadError, Sector, SectorIndex,
    Trust, Verdict, check, open_in,
};

use crate::epoch::EpochStore;
use crate::guard::Guard;
use crate::log::{info, warning};
use crate::storage::{Storage, StorageError};

/// Why there is no answer.
pub type Failure = ReadError<StorageError>;

/// A file that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Refused {
    /// Its name, of [`Storage::SLOTS`]; empty when it was no file that failed.
    pub slot: &'static str,
    /// Why.
    pub failure: Failure,
}

impl Refused {
    /// Not refused, but absent: nothing to speak of while there is another.
    pub(crate) const fn is_absent(&self) -> bool {
        match self.failure {
            ReadError::Source(StorageError::EmptyFlash) => true,
            #[cfg(feature = "card")]
            ReadError::Source(StorageError::NoFile) => true,
            _ => false,
        }
    }

    /// There is something, and it is not the medium's fault that it is not asked.
    pub(crate) const fn is_of_filter(&self) -> bool {
        matches!(self.failure, ReadError::Filter(_))
    }

    /// Read whole, and not accepted: no other read would come out otherwise.
    const fn is_judged(&self) -> bool {
        matches!(
            self.failure,
            ReadError::Filter(
                Error::EpochTooLow { .. }
                    | Error::EpochTooHigh { .. }
                    | Error::Unsigned
                    | Error::UnknownSigner { .. }
            )
        )
    }
}

impl From<StorageError> for Refused {
    fn from(error: StorageError) -> Self {
        Self {
            slot: "",
            failure: ReadError::Source(error),
        }
    }
}

/// What came of asking a file as one kind of identifier.
pub type Finding = (IdentifierKind, Result<Verdict, Failure>);

/// Kinds that a person can type: phone, e-mail, user name, id and password.
const KINDS: usize = 5;
/// Kinds that a file can hold.
const MAX_KINDS: usize = if MAX_DATASETS < KINDS {
    MAX_DATASETS
} else {
    KINDS
};

/// One finding for each kind that the file holds, in the file's order; at least one.
pub type Findings = Vec<Finding, MAX_KINDS>;

/// What a filter said.
pub struct Reply {
    /// What it said, kind by kind.
    pub findings: Findings,
    /// Another filter was found on the medium than before, and is the one that was asked.
    pub filter_changed: bool,
    /// There is another file that cannot be read, and it may be the newer one.
    pub may_be_stale: bool,
}

/// The memory that reading a filter takes: about 7 KiB, all zero at first, so that a board
/// can have it as a plain static. Apart from [`Filter`] because a value of this size would
/// be built on the stack before it is moved to its place.
pub struct Workspace {
    pub(crate) sector: Sector,
    pub(crate) opening: Opening,
}

impl Workspace {
    /// Of no filter.
    pub const fn new() -> Self {
        Self {
            sector: [0; SECTOR_BYTES],
            opening: Opening::new(),
        }
    }
}

impl Default for Workspace {
    fn default() -> Self {
        Self::new()
    }
}

/// A storage, and the catalogue of the filter on it.
pub struct Filter<'w, S, E> {
    pub(crate) storage: S,
    pub(crate) guard: Guard<E>,
    pub(crate) work: &'w mut Workspace,
    /// The slot of the mounted filter. Without it, the workspace's catalogue means nothing.
    pub(crate) mounted: Option<usize>,
    /// A file that was passed over at the last mount.
    refused: Option<Refused>,
    /// Its first sector is zero: a new file that was not finished, and that was never asked.
    is_unfinished: bool,
    /// The slot of another file of the same epoch, which is not asked.
    beside: Option<usize>,
    /// The filter that was mounted last, even if it is gone.
    last_id: Option<FileId>,
}

impl<'w, S: Storage, E: EpochStore> Filter<'w, S, E> {
    /// Nothing is read before [`mount`](Self::mount).
    pub const fn new(storage: S, guard: Guard<E>, work: &'w mut Workspace) -> Self {
        Self {
            storage,
            guard,
            work,
            mounted: None,
            refused: None,
            is_unfinished: false,
            beside: None,
            last_id: None,
        }
    }

    /// What is mounted.
    pub fn catalogue(&self) -> Option<&Catalogue> {
        self.mounted.and(self.work.opening.finish().ok())
    }

    /// The name of the slot that it lies in.
    pub fn slot(&self) -> &'static str {
        self.mounted.map_or("", |slot| self.storage.name_of(slot))
    }

    /// A file beside the mounted one that was refused. Not one that is merely older: such
    /// is the one that a new one was copied beside.
    pub fn passed_over(&self) -> Option<&Refused> {
        let is_older = |failure| matches!(failure, ReadError::Filter(Error::EpochTooLow { .. }));
        self.refused
            .as_ref()
            .filter(|refused| !refused.is_absent() && !is_older(refused.failure))
    }

    /// The name of another valid file, which is not asked: it is of the same epoch, and was created
    /// earlier.
    pub fn beside(&self) -> Option<&'static str> {
        // What a device writes itself is another version of the same.
        let slot = self.beside.filter(|_| !S::IS_WRITTEN_HERE)?;
        S::SLOTS.get(slot).copied()
    }

    /// Is there another file that is not asked, as far as one can see?
    pub(crate) fn has_unasked(&self) -> bool {
        self.beside().is_some() || self.storage.has_others()
    }

    /// Is there another file that could not be read, or not be believed, when this one was
    /// mounted? It may be the newer one.
    fn may_be_stale(&self) -> bool {
        self.refused.is_some_and(|refused| {
            !refused.is_absent() && !refused.is_judged() && !self.is_unfinished
        })
    }

    /// What is accepted.
    pub const fn guard(&self) -> &Guard<E> {
        &self.guard
    }

    /// Find the filter and verify what it begins with, as if the power had just come on.
    /// What was mounted before is forgotten, whether or not this succeeds.
    ///
    /// # Errors
    /// Why there is no filter to ask.
    #[inline(never)]
    pub fn mount(&mut self) -> Result<&Catalogue, Refused> {
        self.mounted = None;
        let chosen = self.choose();
        let slot = chosen.inspect_err(|refused| warning!("not mounted: {}", refused.failure))?;
        let catalogue = self.work.opening.finish().map_err(|error| Refused {
            slot: "",
            failure: error.into(),
        })?;
        info!(
            "mounted: {=u32} sectors, {=usize} datasets",
            catalogue.header().num_sectors,
            catalogue.datasets().len()
        );
        for dataset in catalogue.datasets() {
            info!(
                "dataset of kind {=str}: {=u64} items, {=u32} sectors",
                dataset.profile.kind().name(),
                dataset.num_items,
                dataset.num_sectors
            );
        }
        self.guard.accepted(catalogue);
        self.last_id = Some(catalogue.file_id());
        self.mounted = Some(slot);
        Ok(catalogue)
    }

    /// Open the file of each slot, and at last the newest, by epoch and creation time.
    /// They are opened from the last to the first, so that one file in the first slot is opened
    /// once. One that is not there, or not whole, is looked for a second time: one read that
    /// went wrong, in the file or in the card's folder, must not make an older file the newest.
    /// So there are at most two openings of each slot, and one more.
    fn choose(&mut self) -> Result<usize, Refused> {
        self.refused = None;
        self.is_unfinished = false;
        let trust = self.guard.refresh()?.clone();
        self.beside = None;
        let mut ages = [None; CARD_FILE_NAMES.len()];
        let mut ids = [None; CARD_FILE_NAMES.len()];
        for (slot, (found, id)) in ages
            .iter_mut()
            .zip(&mut ids)
            .enumerate()
            .take(S::SLOTS.len())
            .rev()
        {
            let opened = self.open(slot, &trust).or_else(|refused| {
                if refused.is_judged() {
                    Err(refused)
                } else {
                    self.open(slot, &trust)
                }
            });
            match opened {
                Ok(age) => {
                    *found = Some(age);
                    *id = self.work.opening.finish().ok().map(Catalogue::file_id);
                }
                // Without a card there is no other file.
                #[cfg(feature = "card")]
                Err(refused) if refused.failure == ReadError::Source(StorageError::NoCard) => {
                    return Err(refused);
                }
                Err(refused) => {
                    if !refused.is_absent() || self.refused.is_none() {
                        self.refused = Some(refused);
                        // Of a file without a sector none is wanted, and none was read.
                        self.is_unfinished =
                            matches!(refused.failure, ReadError::Filter(Error::NotAFilter))
                                && self.work.opening.wants().is_some()
                                && self.work.sector == [0; SECTOR_BYTES];
                    }
                }
            }
        }
        let newest = newest(&ages);
        #[cfg(feature = "card")]
        if !S::IS_WRITTEN_HERE
            && let ([Some(first), Some(second)], [first_id, second_id]) = (ages, ids)
            && first.epoch == second.epoch
            && first_id != second_id
        {
            if first == second {
                return Err(StorageError::SameAge.into());
            }
            self.beside = newest.map(|taken| 1 - taken.min(1));
        }
        match (newest, self.refused) {
            (Some(0), _) => Ok(0),
            // Others were opened after it. It is verified whole again, so it does no harm
            // if the card is another one by now.
            (Some(slot), _) => self.open(slot, &trust).map(|_| slot),
            (None, Some(refused)) => Err(refused),
            (None, None) => Err(StorageError::PastEnd.into()),
        }
    }

    /// Open the file of a slot; gives its age. Not inlined: it is called from three places.
    #[inline(never)]
    pub(crate) fn open(&mut self, slot: usize, trust: &Trust<'_>) -> Result<Age, Refused> {
        let Workspace { sector, opening } = &mut *self.work;
        let opened = match self.storage.mount(slot) {
            Ok(()) => open_in(opening, &mut self.storage, sector, trust),
            Err(error) => Err(ReadError::Source(error)),
        };
        match opened {
            Ok(catalogue) => Ok(Age::of(catalogue.header())),
            Err(failure) => Err(Refused {
                slot: self.storage.name_of(slot),
                failure,
            }),
        }
    }

    /// Ask about a text, once as each kind that the file holds. For each dataset that
    /// covers it, up to [`Catalogue::sectors_per_dataset`] are read.
    ///
    /// Where a file in another slot could not be read, both are looked at again first: it may
    /// be the newer one, and one read that failed must not hide it for long.
    ///
    /// When a sector cannot be read or believed, the filter is mounted again and asked
    /// once more: the medium may have been taken out, put back, or exchanged. Where no
    /// dataset covers the text, and so no sector was read, the first sector is read to see
    /// that the mounted filter is still the one that is there.
    ///
    /// A card that is exchanged between two reads gives an error, and so the second try: a
    /// page and the tag sectors above it are compared with what was mounted, and in an
    /// unsigned file the checksum names the file. A second error stays: a page that is
    /// damaged, or was forged, does not make the device ask an older file in another slot.
    /// That file would say "not exposed" of whom the newer one has.
    ///
    /// # Errors
    /// Why there is no filter to ask.
    pub fn ask(&mut self, text: &[u8]) -> Result<Reply, Refused> {
        let before = self.last_id;
        if self.mounted.is_none() || self.may_be_stale() {
            self.mount()?;
        }
        let (mut findings, num_reads) = self.look_up(text);
        let failed = findings.iter().any(|(_, result)| result.is_err());
        if failed || (num_reads == 0 && !self.is_still_there()) {
            warning!("the filter cannot be read as mounted: mounting again");
            self.mount()?;
            (findings, _) = self.look_up(text);
        }
        Ok(Reply {
            findings,
            filter_changed: before != self.last_id,
            may_be_stale: self.may_be_stale(),
        })
    }

    /// Read a sector of the filter that is asked, and verify it.
    ///
    /// # Errors
    /// Why there is none.
    pub fn read_sector(&mut self, index: SectorIndex) -> Result<(), Refused> {
        if self.mounted.is_none() {
            self.mount()?;
        }
        let slot = self.slot();
        let refuse = |failure| Refused { slot, failure };
        let id = self.last_id.ok_or(StorageError::PastEnd)?;
        self.storage
            .read_sector(index, &mut self.work.sector)
            .map_err(|error| refuse(ReadError::Source(error)))?;
        verify(id, index, &self.work.sector).map_err(|error| refuse(error.into()))?;
        Ok(())
    }

    /// The sector that was read last.
    pub const fn sector(&self) -> &Sector {
        &self.work.sector
    }

    /// Does the medium hold the mounted filter? One sector is read.
    fn is_still_there(&mut self) -> bool {
        let first = SectorIndex(0);
        self.storage
            .read_sector(first, &mut self.work.sector)
            .is_ok()
            && self
                .last_id
                .is_some_and(|id| verify(id, first, &self.work.sector).is_ok())
    }

    /// The findings, and how many sectors were read for them.
    fn look_up(&mut self, text: &[u8]) -> (Findings, u32) {
        let mut findings = Findings::new();
        let Ok(catalogue) = self.work.opening.finish() else {
            return (findings, 0);
        };
        let mut source = Counted {
            storage: &mut self.storage,
            num_reads: 0,
        };
        for dataset in catalogue.datasets() {
            let kind = dataset.profile.kind();
            if findings.iter().any(|(known, _)| *known == kind) {
                continue;
            }
            let identifier = Identifier::new(text).of_kind(kind).without_tables();
            let result = check(catalogue, identifier, &mut source, &mut self.work.sector);
            // Not how many sectors were read: that a ribbon's first page sends on is a part of
            // the hash.
            info!("verdict as {=str}: {=str}", kind.name(), label(&result));
            if findings.push((kind, result)).is_err() {
                // A sixth kind, which this code does not know: no verdict without it.
                findings.clear();
                break;
            }
        }
        (findings, source.num_reads)
    }
}

/// Did any kind's verdict turn out so?
pub(crate) fn any_exposed(findings: &Findings) -> bool {
    findings
        .iter()
        .any(|(_, result)| matches!(result, Ok(Verdict::Exposed(_))))
}

/// Did every kind answer, and none has the identifier? False when nothing was asked.
pub(crate) fn all_absent(findings: &Findings) -> bool {
    !findings.is_empty()
        && findings.iter().all(|(_, result)| {
            matches!(result, Ok(Verdict::NotExposed(answers))
                if answers.iter().all(|answer| answer.outcome == Outcome::Absent))
        })
}

/// A verdict's class, for the log.
const fn label(result: &Result<Verdict, Failure>) -> &'static str {
    match result {
        Ok(Verdict::Exposed(_)) => "exposed",
        Ok(Verdict::NotExposed(_)) => "not exposed",
        Ok(Verdict::NotCovered(_)) => "not covered",
        Ok(Verdict::Expired(_)) => "expired",
        Err(ReadError::Source(_)) => "storage error",
        Err(ReadError::Filter(Error::SectorDamaged { .. })) => "damaged sector",
        Err(ReadError::Filter(Error::NotAsSigned { .. })) => "forged sector",
        Err(ReadError::Filter(_)) => "filter error",
    }
}

/// A storage whose reads are counted.
struct Counted<'a, S> {
    storage: &'a mut S,
    num_reads: u32,
}

impl<S: Storage> SectorSource for Counted<'_, S> {
    type Error = StorageError;

    fn num_sectors(&mut self) -> Result<u32, StorageError> {
        self.storage.num_sectors()
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> Result<(), StorageError> {
        self.num_reads = self.num_reads.saturating_add(1);
        self.storage.read_sector(index, buffer)
    }
}
