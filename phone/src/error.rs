//! Why there is no answer. None of these is ever "not exposed".

use leaksieve_core::trust::NotAPublicKey;
use leaksieve_core::{Error, ReadError};

/// Why a file cannot be opened or asked. The message says what to do; none holds an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi(flat_error)]
#[non_exhaustive]
pub enum FilterError {
    /// The file cannot be opened or read, or the app's reader failed or gave too few bytes.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
    /// The file is something else.
    #[error("{0}; choose a leaksieve file, or fetch it again")]
    NotAFilter(Error),
    /// The file is cut short or was changed by accident.
    #[error("{0}; do not use this file: fetch it again")]
    Damaged(Error),
    /// The file was changed after it was signed.
    #[error("{0}; do not use this file: fetch it again from who signed it")]
    Forged(Error),
    /// None of the trusted keys signed the file.
    #[error("{0}; get the file from who is trusted")]
    NotTrusted(Error),
    /// The file is older than the oldest publication that is accepted.
    #[error("{0}; get the newest one")]
    Outdated(Error),
    /// The file is of a newer format than this program reads.
    #[error("{0}")]
    TooNew(Error),
    /// A key that is to be trusted is none.
    #[error("key {number}: {error}")]
    BadKey {
        /// Which of them, counted from 1.
        number: usize,
        /// What it is not.
        error: NotAPublicKey,
    },
}

impl From<Error> for FilterError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotAFilter => Self::NotAFilter(error),
            Error::BadSignature | Error::NotAsSigned { .. } => Self::Forged(error),
            Error::Unsigned | Error::UnknownSigner { .. } => Self::NotTrusted(error),
            Error::EpochTooLow { .. } => Self::Outdated(error),
            Error::UnsupportedVersion { .. } | Error::NormalisationVersion { .. } => {
                Self::TooNew(error)
            }
            _ => Self::Damaged(error),
        }
    }
}

impl<E: ToString> From<ReadError<E>> for FilterError {
    fn from(error: ReadError<E>) -> Self {
        match error {
            ReadError::Source(error) => Self::Unreadable(error.to_string()),
            ReadError::Filter(error) => error.into(),
        }
    }
}

impl From<std::io::Error> for FilterError {
    fn from(error: std::io::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}

/// Why a `Reader` gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ReaderError {
    /// It could not.
    #[error("{reason}")]
    Failed {
        /// Why; for the message of the [`FilterError`].
        reason: String,
    },
}

/// An exception of another type than this one: an error like any other.
impl From<uniffi::UnexpectedUniFFICallbackError> for ReaderError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed {
            reason: error.reason,
        }
    }
}
