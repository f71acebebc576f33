//! Compiles leaked identifier sets into filter files, and asks such files.
//!
//! Data flows down this list:
//!
//! | module | from -> to |
//! |---|---|
//! | [`input::source`] | files, streams, compression, tables -> raw identifiers with their lines |
//! | [`input::normalise`] | raw identifiers -> items -> hashes, by the core's rules |
//! | [`pipeline::partition`] | hashes -> partitions, in memory or in a `spool` -> sorted, distinct |
//! | [`sizing`] | how many, what rate -> encoding, pages, probes or columns, layers |
//! | `pipeline::encode` | partitions -> pages -> sealed sectors; what a layer bumps -> the next layer |
//! | [`sizing::measure`] | pages -> the rate as it is, sectors that a question reads |
//! | `file::output` | written beside, re-asked (`pipeline::recheck`), synced, renamed |
//!
//! [`pipeline::build`] is the whole of it. What becomes of finished files: [`file::verify`],
//! [`file::bundle`], [`file::sign`] with a [`file::key`], [`deliver::export`] for a board's flash;
//! [`deliver::install`] puts one onto a card, [`deliver::device`] into a device. The bytes, the
//! normalisation and the hash are [`leaksieve_core`]'s: a device reads what is written here with
//! the same functions.

pub mod deliver;
pub mod file;
pub mod in_order;
pub mod input;
pub mod pipeline;
pub mod progress;
pub mod sizing;

pub use file::output::{OutputError, remove_unfinished};
pub use pipeline::spool::SpoolError;
