//! The mounted filter: opened, asked, and opened anew when its medium was changed.

use heapless::Vec;
use leaksieve_core::header::MAX_DATASETS;
use leaksieve_core::sector::{FileId, verify};
use leaksieve_core::source::SectorSource;
use leaksieve_core::{
    Catalogue, Error, Identifier, IdentifierKind, Outcome, ReadError, Sector, SectorIndex, Verdict,
    check, open,
};

use crate::log::{info, warning};
use crate::storage::{Storage, StorageError};

/// Why there is no answer.
pub type Failure = ReadError<StorageError>;

/// What came of asking a file as one kind of identifier.
pub type Finding = (IdentifierKind, Result<Verdict, Failure>);

/// One finding for each kind that the file holds, in the file's order; at least one.
pub type Findings = Vec<Finding, MAX_DATASETS>;

/// What an identifier met.
pub enum Reply {
    /// The filter was asked.
    Asked {
        /// What it said.
        findings: Findings,
        /// Another filter was found on the medium than before, and is the one asked.
        filter_changed: bool,
    },
    /// There is no filter to ask.
    NotMounted(Failure),
}

/// A storage, and the catalogue of the filter on it.
pub struct Filter<S> {
    storage: S,
    sector: Sector,
    catalogue: Option<Catalogue>,
    /// The filter that was mounted last, even if it is gone.
    last_id: Option<FileId>,
}

impl<S: Storage> Filter<S> {
    /// Nothing is read before [`mount`](Self::mount).
    pub const fn new(storage: S) -> Self {
        Self {
            storage,
            sector: [0; leaksieve_core::sector::SECTOR_BYTES],
            catalogue: None,
            last_id: None,
        }
    }

    /// What is mounted.
    pub const fn catalogue(&self) -> Option<&Catalogue> {
        self.catalogue.as_ref()
    }

    /// Find the filter and verify its header, as if the power had just come on. What was
    /// mounted before is forgotten, whether or not this succeeds.
    ///
    /// # Errors
    /// Why there is no filter to ask.
    pub fn mount(&mut self) -> Result<&Catalogue, Failure> {
        self.catalogue = None;
        let opened = self
            .storage
            .mount()
            .map_err(ReadError::Source)
            .and_then(|()| open(&mut self.storage, &mut self.sector));
        match opened {
            Ok(catalogue) => {
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
                Ok(self.catalogue.insert(catalogue))
            }
            Err(failure) => {
                warning!("not mounted: {}", failure);
                Err(failure)
            }
        }
    }

    /// Ask about a text, once as each kind that the file holds. One sector is read for
    /// each dataset that covers it.
    ///
    /// When a sector cannot be read or believed, the filter is mounted again and asked
    /// once more: the medium may have been taken out, put back, or exchanged. Where no
    /// dataset covers the text, and so no sector was read, the first sector is read to see
    /// that the mounted filter is still the one that is there.
    pub fn ask(&mut self, text: &[u8]) -> Reply {
        let before = self.last_id;
        if self.catalogue.is_none()
            && let Err(failure) = self.mount()
        {
            return Reply::NotMounted(failure);
        }
        let (mut findings, num_reads) = self.look_up(text);
        let failed = findings.iter().any(|(_, result)| result.is_err());
        if failed || (num_reads == 0 && !self.is_still_there()) {
            warning!("the filter cannot be read as mounted: mounting again");
            match self.mount() {
                Ok(_) => (findings, _) = self.look_up(text),
                Err(failure) => return Reply::NotMounted(failure),
            }
        }
        Reply::Asked {
            findings,
            filter_changed: before != self.last_id,
        }
    }

    /// Does the medium hold the mounted filter? One sector is read.
    fn is_still_there(&mut self) -> bool {
        let first = SectorIndex(0);
        self.storage.read_sector(first, &mut self.sector).is_ok()
            && self
                .last_id
                .is_some_and(|id| verify(id, first, &self.sector).is_ok())
    }

    /// The findings, and how many sectors were read for them.
    fn look_up(&mut self, text: &[u8]) -> (Findings, u32) {
        let mut findings = Findings::new();
        let Some(catalogue) = &self.catalogue else {
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
            let result = check(catalogue, identifier, &mut source, &mut self.sector);
            info!(
                "verdict as {=str}: {=str}, {=u32} sectors read",
                kind.name(),
                label(&result),
                source.num_reads - num_reads_before
            );
            // There are never more kinds than datasets, so there is room.
            let _ = findings.push((kind, result));
        }
        (findings, source.num_reads)
    }
}

/// Did any kind's verdict turn out so?
pub fn any_exposed(findings: &Findings) -> bool {
    findings
        .iter()
        .any(|(_, result)| matches!(result, Ok(Verdict::Exposed(_))))
}

/// Did every kind answer, and none has the identifier? False when nothing was asked.
pub fn all_absent(findings: &Findings) -> bool {
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
