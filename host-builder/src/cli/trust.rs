//! Which files are accepted, and how old they may be; shared by `check`, `inspect` and
//! `verify`.

use std::path::Path;

use leaksieve::dates::day_of;
use leaksieve::file::key::{KeyError, public_key};
use leaksieve::file::{FileError, FilterFile};
use leaksieve_core::verdict::system_clock;
use leaksieve_core::{Header, PublicKey, Trust};

/// The heading of these options in a help.
pub(super) const HEADING: &str = "Trust";

#[derive(clap::Args)]
#[command(next_help_heading = HEADING)]
pub(super) struct TrustArgs {
    /// Accept only files signed with this key (.pub file or hex)
    ///
    /// Hex is the key's 64 digits. You can give several keys. Without one, unsigned files are accepted, and files that anyone
    /// signed.
    #[arg(long, value_name = "PUB")]
    key: Vec<String>,
    /// Refuse files of a lower epoch than this
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        hide_short_help = true
    )]
    min_epoch: u32,
}

impl TrustArgs {
    /// Open a file if it is accepted.
    pub(super) fn open(&self, path: &Path) -> anyhow::Result<FilterFile> {
        let keys = self.keys()?;
        let open = || -> Result<FilterFile, FileError> {
            let trust = Trust::in_keys(&keys).from_epoch(self.min_epoch);
            FilterFile::open_trusted(path, &trust)
        };
        Ok(open()?)
    }

    /// The keys that were given.
    pub(super) fn keys(&self) -> Result<Vec<PublicKey>, KeyError> {
        self.key.iter().map(|key| public_key(key)).collect()
    }

    /// Was the signer compared with keys that are trusted?
    pub(super) fn has_keys(&self) -> bool {
        !self.key.is_empty()
    }
}

/// The day on which a file expired, if that is past.
pub(super) fn expired(header: &Header) -> Option<String> {
    header
        .has_expired(system_clock())
        .then(|| day_of(header.expires_unix_s))
}

/// Say on standard error that a file is past its expiry.
pub(super) fn warn_if_expired(file: &FilterFile) {
    if let Some(day) = expired(file.catalogue().header()) {
        eprintln!(
            "leaksieve: {}: expired on {day}: get a newer file; newer leaks are not in this one",
            file.path().display()
        );
    }
}
