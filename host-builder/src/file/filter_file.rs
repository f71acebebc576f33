//! A filter file on disk or elsewhere, read by sectors.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use leaksieve_core::file::{FileSectors, byte_of};
use leaksieve_core::identifier::phone::Shortcuts;
use leaksieve_core::identifier::phone::plan::Plan;
use leaksieve_core::sector::{PAYLOAD_BYTES, Payload, SECTOR_BYTES, Sector, SectorIndex};
use leaksieve_core::source::read_proven;
use leaksieve_core::trust::{Tag, Tree};
use leaksieve_core::{Catalogue, Dataset, Profile, ReadError, Trust, Verdict};

use super::sectors::{read_payloads, read_sectors};
use super::source::{ReadAt, Sectors};
use super::tags;

/// Why a filter file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}{}", path.display(), remedy(error))]
pub struct FileError {
    path: PathBuf,
    #[source]
    error: ReadError<io::Error>,
}

impl FileError {
    /// Does it say the same?
    pub(super) fn is_as(&self, other: &Self) -> bool {
        self.path == other.path
            && match (&self.error, &other.error) {
                (ReadError::Filter(error), ReadError::Filter(other)) => error == other,
                (ReadError::Source(error), ReadError::Source(other)) => {
                    error.to_string() == other.to_string()
                }
                _ => false,
            }
    }
}

/// What to do about it.
fn remedy(error: &ReadError<io::Error>) -> &'static str {
    use leaksieve_core::Error;
    match error {
        ReadError::Filter(Error::NotAFilter) => {
            "; give a file that `leaksieve build` made, or get it again"
        }
        ReadError::Filter(
            Error::SectorDamaged { .. }
            | Error::Truncated { .. }
            | Error::HeaderMalformed(_)
            | Error::NoSuchLayer { .. }
            | Error::PlanMalformed { .. }
            | Error::PageMalformed { .. },
        ) => "; do not use this file: get it again, or build it again",
        ReadError::Filter(Error::BadSignature | Error::NotAsSigned { .. }) => {
            "; do not use this file: get it again from its publisher"
        }
        ReadError::Filter(Error::Unsigned) => "; get a signed file",
        ReadError::Filter(Error::UnknownSigner { .. }) => {
            "; if the publisher has a new key, compare it with what they publish elsewhere before you trust it"
        }
        ReadError::Filter(Error::EpochTooLow { .. }) => "; get the newest one",
        _ => "",
    }
}

/// An open filter file. It is never read whole: a lookup reads a sector. Threads may ask it at once.
pub struct FilterFile {
    path: PathBuf,
    sectors: Sectors,
    catalogue: Catalogue,
}

impl FilterFile {
    /// Open a file and verify its header, and of a signed file its signature.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::open_trusted(path, &Trust::ANY)
    }

    /// As [`open`](Self::open), if the file is one that is trusted.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open_trusted(path: &Path, trust: &Trust<'_>) -> Result<Self, FileError> {
        Self::of(path, || Ok(Box::new(FileSectors::open(path)?)), trust)
    }

    /// As [`open_trusted`](Self::open_trusted), of bytes that are not in a file of this system's:
    /// in [memory](super::source::InMemory), or of an object that reads. Messages call it `name`.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open_source(
        source: Box<dyn ReadAt>,
        name: &str,
        trust: &Trust<'_>,
    ) -> Result<Self, FileError> {
        Self::of(name.as_ref(), || Ok(source), trust)
    }

    /// As [`open_trusted`](Self::open_trusted), of a file that is opened in another way than
    /// by its path, which messages name.
    pub(crate) fn of(
        path: &Path,
        open: impl FnOnce() -> io::Result<Box<dyn ReadAt>>,
        trust: &Trust<'_>,
    ) -> Result<Self, FileError> {
        let open = || {
            let sectors = open().and_then(Sectors::new).map_err(ReadError::Source)?;
            let catalogue = leaksieve_core::open(&mut &sectors, &mut [0; SECTOR_BYTES], trust)?;
            Ok((sectors, catalogue))
        };
        match open() {
            Ok((sectors, catalogue)) => Ok(Self {
                path: path.to_path_buf(),
                sectors,
                catalogue,
            }),
            Err(error) => Err(FileError {
                path: path.to_path_buf(),
                error,
            }),
        }
    }

    /// What the file holds.
    pub const fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Where it is; of a [source](Self::open_source) its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Length of the file; bytes.
    pub const fn num_bytes(&self) -> u64 {
        self.sectors.num_bytes()
    }

    /// Bytes behind the last sector that the header speaks of. On a raw card or in flash
    /// there are always some; a file should have none.
    pub fn num_trailing_bytes(&self) -> u64 {
        let num_sectors = self.catalogue.header().num_sectors;
        self.num_bytes()
            .saturating_sub(byte_of(SectorIndex(num_sectors)))
    }

    /// Look an identifier up. The buffer is for the sectors that are read; what it holds
    /// is of no use before or after.
    ///
    /// # Errors
    /// [`FileError`] when a sector cannot be read or is damaged.
    pub fn check(
        &self,
        identifier: leaksieve_core::Identifier<'_>,
        buffer: &mut Sector,
    ) -> Result<Verdict, FileError> {
        self.answer(self.catalogue.lookup(identifier), buffer)
    }

    /// The same, for who asks thousands: with [`shortcuts`](Self::shortcuts).
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn check_by_shortcuts(
        &self,
        identifier: leaksieve_core::Identifier<'_>,
        shortcuts: &[Option<Shortcuts>],
        buffer: &mut Sector,
    ) -> Result<Verdict, FileError> {
        let lookup = self.catalogue.lookup_by_shortcuts(identifier, shortcuts);
        self.answer(lookup, buffer)
    }

    /// The shortcuts of the datasets that hold phone numbers: 60 KB each.
    ///
    /// # Errors
    /// [`FileError`] when a sector of a numbering plan cannot be read or is damaged.
    pub fn shortcuts(&self) -> Result<Vec<Option<Shortcuts>>, FileError> {
        let datasets = self.catalogue.datasets().iter();
        datasets
            .map(|dataset| match &dataset.profile {
                Profile::Phone(profile) => {
                    let plan = self.plan_of(dataset)?;
                    Ok(Some(Shortcuts::new(profile, Plan(&plan))))
                }
                _ => Ok(None),
            })
            .collect()
    }

    /// The numbering plan of a dataset, in a signed file as it was signed; of what is no
    /// telephone number nothing.
    ///
    /// # Errors
    /// [`FileError`] when a sector cannot be read or is damaged, or is not the one that was
    /// signed.
    pub fn plan_of(&self, dataset: &Dataset) -> Result<Vec<Payload>, FileError> {
        let mut payloads = Vec::new();
        let mut buffer = [0; SECTOR_BYTES];
        for index in dataset.sectors().0.0..dataset.first_sector.0 {
            let source = &mut &self.sectors;
            let take = |sector: &Sector| payloads.extend(sector.first_chunk::<PAYLOAD_BYTES>());
            read_proven(
                &self.catalogue,
                source,
                SectorIndex(index),
                &mut buffer,
                take,
            )
            .map_err(|error| self.error(error))?;
        }
        Ok(payloads)
    }

    fn answer(
        &self,
        lookup: leaksieve_core::Lookup<'_>,
        buffer: &mut Sector,
    ) -> Result<Verdict, FileError> {
        leaksieve_core::answer(lookup, &mut &self.sectors, buffer)
            .map_err(|error| self.error(error))
    }

    /// Read neighbouring sectors and verify each; gives their payloads in order.
    ///
    /// # Errors
    /// [`FileError`] of the first that cannot be read or is damaged.
    pub fn read_payloads(&self, sectors: Range<u32>) -> Result<Vec<Payload>, FileError> {
        read_payloads(self.sectors.source(), self.catalogue.file_id(), sectors)
            .map_err(|error| self.error(error))
    }

    /// Read neighbouring sectors as they are, each verified.
    ///
    /// # Errors
    /// As [`read_payloads`](Self::read_payloads).
    pub fn read_sectors(&self, sectors: Range<u32>) -> Result<Vec<u8>, FileError> {
        read_sectors(self.sectors.source(), self.catalogue.file_id(), sectors)
            .map_err(|error| self.error(error))
    }

    /// The tag of a signed file's highest tag sector, as it is.
    pub(crate) fn root_of(&self, tree: Tree) -> Result<Tag, FileError> {
        tags::root(self.sectors.source(), self.catalogue.file_id(), tree)
            .map_err(|error| self.error(error))
    }

    pub(super) const fn sectors(&self) -> &Sectors {
        &self.sectors
    }

    pub(crate) fn error(&self, error: ReadError<io::Error>) -> FileError {
        FileError {
            path: self.path.clone(),
            error,
        }
    }
}

impl fmt::Debug for FilterFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterFile")
            .field("path", &self.path)
            .field("num_bytes", &self.num_bytes())
            .field("catalogue", &self.catalogue)
            .finish_non_exhaustive()
    }
}
