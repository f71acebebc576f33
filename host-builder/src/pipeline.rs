//! Leaked lists -> a filter file, in stages. Each has a type for what it gives, and an error.
//!
//! | stage | from -> to |
//! |---|---|
//! | `read` | lists -> hashes and counts |
//! | [`partition`] | hashes -> partitions, in memory or in a `spool` -> sorted, distinct |
//! | `plan` | counts -> shape, header, file id: all that is fixed before the first page |
//! | `encode` | partitions -> pages -> sealed sectors; what a layer bumps -> the next layer |
//! | `exact` | numbers -> in order -> pages of gaps, an index |
//! | `recheck` | the finished bytes, asked for every item before the file gets its name |

pub mod advice;
mod build;
pub(crate) mod encode;
mod error;
mod exact;
mod options;
mod pages;
pub mod partition;
mod plan;
mod ranges;
mod read;
mod recheck;
pub mod report;
mod sort;
mod spool;

pub use build::{Summary, build, dry_run};
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
