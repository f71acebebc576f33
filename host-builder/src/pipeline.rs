//! Leaked lists -> a filter file, in stages. Each has a type for what it gives, and an error.
//!
//! | stage | from -> to |
//! |---|---|
//! | `read` | lists -> hashes and counts |
//! | [`partition`] | hashes -> partitions, in memory or in a `spool` -> sorted, distinct; `count` says what is counted |
//! | `plan` | counts -> shape, header, file id: all that is fixed before the first page |
//! | `encode` | partitions -> pages -> sealed sectors; what a layer bumps -> the next layer |
//! | `exact` | numbers -> in order -> pages of gaps, an index |
//! | `recheck` | the finished bytes, asked for every item before the file gets its name |

pub mod advice;
pub(crate) mod build;
mod count;
pub(crate) mod encode;
mod error;
pub(crate) mod exact;
mod options;
pub(crate) mod pages;
pub mod partition;
pub(crate) mod plan;
pub(crate) mod ranges;
mod read;
pub(crate) mod recheck;
pub mod report;
pub(crate) mod sort;
mod spool;

pub use build::{Summary, build, dry_run};
pub use count::{Count, Counting, MAX_COUNTED_RECORDS};
pub use encode::EncodeError;
pub use error::BuildError;
pub use options::{
    BuildOptions, DEFAULT_MEMORY_BYTES, DEFAULT_RATE, DEFAULT_REJECTED_SHARE, name_of,
};
pub use partition::MIN_MEMORY_BYTES;
pub use plan::PlanError;
pub use read::{InputError, ensure_read};
pub use recheck::RecheckError;
pub use spool::SpoolError;
