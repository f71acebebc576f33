//! The mounted filter: opened, asked, and opened anew when its medium was changed.

use heapless::Vec;
use leaksieve_core::sector::{FileId, SECTOR_BYTES, verify};
use leaksieve_core::source::SectorSource;
use leaksieve_core::{
    Catalogue, Error, Identifier, IdentifierKind, Opening, Outcome, ReadError, Sector, SectorIndex,
    Trust, Verdict, check, open_in,
};

use crate::log::{info, warning};
use crate::storage::{Storage, StorageError};

/// Why there is no answer.
pub type Failure = ReadError<StorageError>;

/// What came of asking a file as one kind of identifier.
pub type Finding = (IdentifierKind, Result<Verdict, Failure>);

/// Kinds that a person can type: phone, e-mail, user name, id and password.
const MAX_KINDS: usize = 5;

/// One finding for each kind that the file holds, in the file's order; at least one.
pub type Findings = Vec<Finding, MAX_KINDS>;

/// What a filter said.
pub struct Reply {
    /// What it said, kind by kind.
    pub findings: Findings,
    /// Another filter was found on the medium than before, and is the one that was asked.
    pub filter_changed: bool,
}

/// The memory that reading a filter takes: about 7 KiB, all zero at first, so that a board
/// can have it as a plain static. Apart from [`Filter`] because a value of this size would
/// be built on the stack before it is moved to its place.
pub struct Workspace {
    sector: Sector,
    opening: Opening,
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
pub struct Filter<'w, S> {
    storage: S,
    work: &'w mut Workspace,
    /// Without this, the workspace's catalogue means nothing.
    is_mounted: bool,
    /// The filter that was mounted last, even if it is gone.
    last_id: Option<FileId>,
}

impl<'w, S: Storage> Filter<'w, S> {
    /// Nothing is read before [`mount`](Self::mount).
    pub const fn new(storage: S, work: &'w mut Workspace) -> Self {
        Self {
            storage,
            work,
            is_mounted: false,
            last_id: None,
        }
    }

    /// What is mounted.
    pub fn catalogue(&self) -> Option<&Catalogue> {
        self.work.opening.finish().ok().filter(|_| self.is_mounted)
    }

    /// Find the filter and verify its header, as if the power had just come on. What was
    /// mounted before is forgotten, whether or not this succeeds.
    ///
    /// # Errors
    /// Why there is no filter to ask.
    #[inline(never)]
    pub fn mount(&mut self) -> Result<&Catalogue, Failure> {
        self.is_mounted = false;
        if let Err(failure) = self.open() {
            warning!("not mounted: {}", failure);
            return Err(failure);
        }
        let catalogue = self.work.opening.finish()?;
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
        self.last_id = Some(catalogue.file_id());
        self.is_mounted = true;
        Ok(catalogue)
    }

    fn open(&mut self) -> Result<(), Failure> {
        self.storage.mount().map_err(ReadError::Source)?;
        let Workspace { sector, opening } = &mut *self.work;
        open_in(opening, &mut self.storage, sector, &Trust::ANY).map(drop)
    }

    /// Ask about a text, once as each kind that the file holds. One sector is read for
    /// each dataset that covers it.
    ///
    /// When a sector cannot be read or believed, the filter is mounted again and asked
    /// once more: the medium may have been taken out, put back, or exchanged. Where no
    /// dataset covers the text, and so no sector was read, the first sector is read to see
    /// that the mounted filter is still the one that is there.
    ///
    /// # Errors
    /// Why there is no filter to ask.
    pub fn ask(&mut self, text: &[u8]) -> Result<Reply, Failure> {
        let before = self.last_id;
        if !self.is_mounted {
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
        })
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
            let identifier = Identifier::new(text).of_kind(kind);
            let num_reads_before = source.num_reads;
            let result = check(catalogue, identifier, &mut source, &mut self.work.sector);
            info!(
                "verdict as {=str}: {=str}, {=u32} sectors read",
                kind.name(),
                label(&result),
                source.num_reads - num_reads_before
            );
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
        Err(ReadError::Source(_)) => "storage error",
        Err(ReadError::Filter(Error::SectorDamaged { .. })) => "damaged sector",
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
