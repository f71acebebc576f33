//! Compiles leaked identifier sets into filter files, and asks such files.
//!
//! Data flows down this list:
//!
//! | module | from -> to |
//! |---|---|
//! | [`source`] | files, streams, compression, tables -> raw identifiers with their lines |
//! | [`normalise`] | raw identifiers -> items -> hashes, by the core's rules |
//! | [`partition`] | hashes -> partitions, in memory or in a `spool` -> sorted, distinct |
//! | [`size`] | how many, what rate -> encoding, pages, probes or columns, layers |
//! | `encode` | partitions -> pages -> sealed sectors; what a layer bumps -> the next layer |
//! | [`measure`] | pages -> the rate as it is, sectors that a question reads |
//! | `output` | written beside, re-asked (`recheck`), synced, renamed |
//!
//! [`build::build`] is the whole of it. What becomes of finished files: [`verify`],
//! [`bundle`], [`sign`] with a [`key`], [`export`] for a board's flash; [`install`] puts one onto a
//! card, [`device`] into a device. The bytes, the normalisation and the hash are
//! [`leaksieve_core`]'s: a device reads what is written here with the same functions.

pub mod build;
pub mod bundle;
mod copy;
pub mod device;
mod encode;
pub mod export;
pub mod file;
pub mod fit;
pub mod in_order;
pub mod install;
pub mod key;
pub mod measure;
pub mod media;
pub mod normalise;
mod output;
pub mod partition;
pub mod profile;
pub mod progress;
mod recheck;
pub mod reject;
pub mod sign;
pub mod size;
mod sort;
pub mod source;
#[allow(dead_code, unused_imports, reason = "the build asks these")]
mod speller;
mod spool;
mod tags;
pub mod usage;
pub mod verify;

pub use output::{OutputError, remove_unfinished};
pub use spool::SpoolError;
