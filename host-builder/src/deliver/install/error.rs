//! Why a card has no new file.

use std::io;

use leaksieve_core::Error;
use leaksieve_core::sector::SectorIndex;
use leaksieve_core::trust::MAX_EPOCH_STEP;

use crate::file::FileError;

/// Why a card has no new file. What was valid on it before is as it was, unless it is said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The card already has something as new.
    #[error(
        "{name} on the card has epoch {installed}, and this file has epoch {offered} and was not created later: a \
         device uses the newer one. Sign or build this file with epoch {}", u64::from(*installed) + 1
    )]
    NotNewer {
        /// The file that the device takes now.
        name: &'static str,
        /// Its epoch.
        installed: u32,
        /// Epoch of the file to be installed.
        offered: u32,
    },
    /// A device that has seen the one refuses the other.
    #[error(
        "{name} on the card has epoch {}, and the newer file has epoch {}: a device accepts a step of at most \
         {MAX_EPOCH_STEP}, and refuses it. If the newer file is on the card, delete it; if not, sign it with a lower epoch",
        epochs.0, epochs.1
    )]
    EpochStep {
        /// The file of the lower epoch.
        name: &'static str,
        /// Its epoch, and that of the other.
        epochs: (u32, u32),
    },
    /// The very file is there.
    #[error("the card already has this file, as {0}")]
    Installed(&'static str),
    /// The very file is there, but not as it should be.
    #[error("{0} on the card is this file, but damaged: delete it there, then install again")]
    Damaged(&'static str),
    /// What is there may be valid for a device that is newer than this program.
    #[error(
        "{name} on the card: {error}; a device may be able to read it: use a newer leaksieve, or delete {name} first"
    )]
    NewerFormat {
        /// Its name.
        name: &'static str,
        /// What this program does not read.
        #[source]
        error: Error,
    },
    /// It cannot be told which file the device takes.
    #[error(
        "{0} on the card and this file are not signed with the same key: name the device's public keys; \
         for a device without keys, delete {0} first"
    )]
    OtherSigner(&'static str),
    /// The new file cannot be read.
    #[error(transparent)]
    Source(#[from] FileError),
    /// The card cannot be read or written.
    #[error("{name} on the card: {error}; the file that the device used is still there")]
    Card {
        /// Name of the file on the card.
        name: &'static str,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// The card gives back something else than was written.
    #[error(
        "sector {sector} of {name} on the card does not hold what was written: the file system is damaged, or the \
         card is worn out or smaller than it claims. Check it, or use another card. The file that the device used is still there"
    )]
    OtherContent {
        /// Name of the file on the card.
        name: &'static str,
        /// Where.
        sector: SectorIndex,
    },
}
