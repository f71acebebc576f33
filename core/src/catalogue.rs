//! What can be asked of a file.

use crate::error::Error;
use crate::header::{Dataset, Header};
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

    /// The file's datasets, 1 to [`MAX_DATASETS`](crate::header::MAX_DATASETS).
    pub fn datasets(&self) -> &[Dataset] {
        &self.header.datasets
    }

    /// Who signed the file. `None`: nobody did.
    pub fn signer(&self) -> Option<PublicKey> {
        self.signed.as_ref().map(Signed::signer)
    }

    /// Sectors that are read at most for each dataset: for each reading of an identifier 1 for
    /// each layer and what the numbering plan takes, of the dataset that takes most, and in a
    /// signed file the tag sectors above each that are not kept in memory.
    pub fn sectors_per_dataset(&self) -> u32 {
        let path = self.signed.as_ref().map_or(0, Signed::sectors_per_path);
        let reads = self.datasets().iter().map(Dataset::max_reads);
        reads.max().unwrap_or(1).saturating_mul(1 + u32::from(path))
    }

    /// Is a sector of a page, or of the tags above one, as it was written, and in a signed file
    /// as it was signed? `path` is what the step before gave.
    pub(crate) fn prove(
        &self,
        index: SectorIndex,
        sector: &Sector,
        path: Option<Path>,
    ) -> Result<Step<Path>, Error> {
        let payload = verify(self.file_id, index, sector)?;
        match &self.signed {
            Some(signed) => signed.prove(self.file_id, index, payload, path),
            None => Ok(Step::Proven),
        }
    }
}
