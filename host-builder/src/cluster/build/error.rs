//! Why a build on a cluster made no file.

use std::path::PathBuf;

use super::super::NUM_SEGMENTS;
use super::super::staging::StagingError;
use super::super::task::TaskError;
use crate::file::{OutputError, WriteError};
use crate::input::source::SourceError;
use crate::pipeline::{BuildError, EncodeError, InputError, PlanError, RecheckError};

/// Why there is no filter.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// As on one machine.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Not so many segments.
    #[error(
        "{0} segments are not possible: give a power of two from {least} to {most}",
        least = NUM_SEGMENTS.start(), most = NUM_SEGMENTS.end()
    )]
    Segments(u32),
    /// Tasks cannot be told the staging folder.
    #[error("{}: the staging folder's name has to be UTF-8", .0.display())]
    StagingName(PathBuf),
    /// The staging folder.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// What tasks made.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// [`Build::next`](super::Build::next) before [`Build::look`](super::Build::look), or after an error.
    #[error("the build cannot go on: it failed before, or its first rows were not looked at")]
    NotInOrder,
    /// The rows of a step are not those of its tasks.
    #[error(
        "the rows that came back are not those of the tasks, so nothing was saved: run the build again. \
         If this is told again, please report it"
    )]
    OtherRows,
    /// What came is not what was sent.
    #[error(
        "{sent} hashes were sent through a shuffle, and {came} came, or others, so nothing was saved. Has the \
         column other rows when it is read again, or the same in another order? Write it into a table first"
    )]
    Shuffle {
        /// How many were sent.
        sent: u64,
        /// How many came.
        came: u64,
    },
    /// Pages or questions are not of all items.
    #[error(
        "{expected} items were staged, and {found} are in the pages or were asked for, or others, so nothing was saved: \
         check the shared disk, and build again"
    )]
    Items {
        /// How many there are.
        expected: u64,
        /// How many were found.
        found: u64,
    },
}

macro_rules! as_build_errors {
    ($($error:ty),*) => {$(
        impl From<$error> for ClusterError {
            fn from(error: $error) -> Self {
                Self::Build(error.into())
            }
        }
    )*};
}

as_build_errors!(
    EncodeError,
    InputError,
    OutputError,
    PlanError,
    RecheckError,
    WriteError
);

impl From<SourceError> for ClusterError {
    fn from(error: SourceError) -> Self {
        InputError::Source(error).into()
    }
}
