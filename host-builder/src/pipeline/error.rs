//! Why there is no filter: an error of one of the stages.

use crate::file::{OutputError, WriteError};
use crate::pipeline::encode::EncodeError;
use crate::pipeline::partition::MIN_MEMORY_BYTES;
use crate::pipeline::plan::PlanError;
use crate::pipeline::read::InputError;
use crate::pipeline::recheck::RecheckError;
use crate::pipeline::spool::SpoolError;

/// Why there is no filter.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Too little memory.
    #[error("a build needs at least {} MiB of memory", MIN_MEMORY_BYTES >> 20)]
    TooLittleMemory,
    /// An exact set was asked for, of what are no numbers.
    #[error("an exact set holds numbers: telephone numbers, or ids of digits")]
    NoNumbers,
    /// No random seed.
    #[error("the system gave no random seed: {0}")]
    NoSeed(String),
    /// The observer wanted an end.
    #[error("stopped: nothing was written")]
    Stopped,
    /// Reading the lists.
    #[error(transparent)]
    Input(#[from] InputError),
    /// What does not fit into memory.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// What the filter should be.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Making its pages.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The file.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// What the finished bytes answer.
    #[error(transparent)]
    Recheck(#[from] RecheckError),
}

impl From<OutputError> for BuildError {
    fn from(error: OutputError) -> Self {
        Self::Write(WriteError::Output(error))
    }
}
