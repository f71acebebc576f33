//! An open filter file.

use std::path::Path;
use std::sync::Arc;

use leaksieve_core::file::FileSectors;
use leaksieve_core::sector::SECTOR_BYTES;
use leaksieve_core::verdict::system_clock;
use leaksieve_core::{Catalogue, Identifier, check, open};

use crate::about::About;
#[cfg(unix)]
use crate::descriptor;
use crate::error::FilterError;
use crate::kind::Kind;
use crate::source::{Reader, Source};
use crate::trust::Trust;
use crate::verdict::Verdict;

/// An open filter file. Several threads may ask it at once.
#[derive(Debug, uniffi::Object)]
pub struct Filter {
    source: Source,
    catalogue: Catalogue,
    allow_expired: bool,
}

#[uniffi::export]
impl Filter {
    /// Open the file of a path, if it is one that is trusted. Reads its header; of a signed file
    /// also its signature, and the tags that are kept.
    ///
    /// # Errors
    /// `FilterError`.
    #[uniffi::constructor(default(trust))]
    pub fn open(path: String, trust: Trust) -> Result<Arc<Self>, FilterError> {
        Self::of_path(path.as_ref(), &trust)
    }

    /// As `open`, of a file that the app reads. Whatever it throws is a
    /// `FilterError`, `Unreadable`.
    ///
    /// # Errors
    /// `FilterError`.
    #[uniffi::constructor(default(trust))]
    pub fn from_reader(reader: Arc<dyn Reader>, trust: Trust) -> Result<Arc<Self>, FilterError> {
        Self::of_source(Source::of_reader(reader)?, &trust)
    }

    /// Look a text up, in the datasets of its kind, or in all where none is stated.
    ///
    /// # Errors
    /// `FilterError` when a sector cannot be read, is damaged, or is not the one that was
    /// signed.
    #[uniffi::method(default(kind = None))]
    pub fn check(&self, identifier: String, kind: Option<Kind>) -> Result<Verdict, FilterError> {
        self.ask(identifier.as_bytes(), kind)
    }

    /// As `check`, for what need not be UTF-8: a leaked password.
    ///
    /// # Errors
    /// As `check`.
    #[uniffi::method(default(kind = None))]
    pub fn check_bytes(
        &self,
        identifier: Vec<u8>,
        kind: Option<Kind>,
    ) -> Result<Verdict, FilterError> {
        self.ask(&identifier, kind)
    }

    /// What the file holds and covers.
    pub fn about(&self) -> About {
        About::new(
            &self.catalogue,
            self.source.size_bytes(),
            self.catalogue.header().has_expired(system_clock()),
        )
    }
}

#[cfg(unix)]
#[uniffi::export]
impl Filter {
    /// As `open`, of a part of the file of a descriptor that is open to be read: `num_bytes` bytes
    /// from `offset_bytes` on, or all up to its end. For what lies in an Android package, stored and not
    /// compressed, they are `parcelFileDescriptor.fd`, `startOffset` and `length` of the
    /// `AssetFileDescriptor`. The descriptor is duplicated, stays the caller's to close, and its
    /// place in the file is neither used nor moved.
    ///
    /// # Errors
    /// `FilterError`; `Unreadable` if the part is not all in the file, and of a pipe, which
    /// is to be copied to a file first.
    #[uniffi::constructor(default(offset_bytes = 0, num_bytes = None, trust))]
    pub fn from_descriptor(
        descriptor: i32,
        offset_bytes: i64,
        num_bytes: Option<i64>,
        trust: Trust,
    ) -> Result<Arc<Self>, FilterError> {
        let sectors = descriptor::sectors(descriptor, offset_bytes, num_bytes)?;
        Self::of_source(Source::File(sectors), &trust)
    }
}

impl Filter {
    pub(crate) fn of_path(path: &Path, trust: &Trust) -> Result<Arc<Self>, FilterError> {
        let sectors = FileSectors::open(path)?;
        Self::of_source(Source::File(sectors), trust)
    }

    fn of_source(source: Source, trust: &Trust) -> Result<Arc<Self>, FilterError> {
        let keys = trust.public_keys()?;
        let terms = leaksieve_core::Trust::in_keys(&keys).from_epoch(trust.min_epoch);
        let catalogue = open(&mut &source, &mut [0; SECTOR_BYTES], &terms)?;
        Ok(Arc::new(Self {
            source,
            catalogue,
            allow_expired: trust.allow_expired,
        }))
    }

    pub(crate) fn ask(&self, text: &[u8], kind: Option<Kind>) -> Result<Verdict, FilterError> {
        let mut identifier = Identifier::new(text);
        if let Some(kind) = kind {
            identifier = identifier.of_kind(kind.into());
        }
        let mut sector = [0; SECTOR_BYTES];
        let verdict = check(&self.catalogue, identifier, &mut &self.source, &mut sector)?;
        let now_unix_s = system_clock().filter(|_| !self.allow_expired);
        let verdict = verdict.at(self.catalogue.header(), now_unix_s);
        Ok(Verdict::new(&self.catalogue, &verdict))
    }
}
