//! Compiles leaked identifier sets into filter files, and asks such files.
//!
//! | you want | begin with |
//! |---|---|
//! | to ask a file, as below | [`file::FilterFile`] |
//! | to ask it many questions at once | [`FilterFile::together`](file::FilterFile::together) |
//! | to ask one that is in memory, or behind an object that reads | [`FilterFile::open_source`](file::FilterFile::open_source) |
//! | to build one from a list | [`pipeline::build()`] |
//! | to build one on a cluster, of a column that lies there | [`cluster`] |
//! | to sign, join or verify files | [`file::sign`] with a [`file::key`], [`file::bundle`], [`file::verify`] |
//! | to put one onto a card, a board's flash or a device | [`deliver::install`], [`deliver::export`], [`deliver::device`] |
//! | to ask on a device, in an app, from bytes in memory | the crate [`leaksieve_core`], which is `no_std` |
//! | to write firmware | `firmware/app` in the repository, and [`leaksieve_link`] |
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use leaksieve::file::FilterFile;
//! use leaksieve_core::{Identifier, Verdict, verdict::system_clock};
//!
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/tests/golden/phone.lsv");
//! let file = FilterFile::open(path.as_ref())?;
//! let asked = Identifier::new("+86 138-0013-8000".as_bytes());
//! let verdict = file.check(asked, &mut [0; 512])?;
//! // An expired file does not say "not exposed".
//! match verdict.at(file.catalogue().header(), system_clock()) {
//!     Verdict::Exposed(_) => println!("it was leaked, or this is a false alarm"),
//!     Verdict::NotExposed(_) => println!("not in this file"),
//!     Verdict::NotCovered(_) | Verdict::Expired(_) => println!("this file cannot say"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Data flows down this list:
//!
//! | module | from -> to |
//! |---|---|
//! | [`input::source`] | files, streams, compression, tables, columns in memory -> raw identifiers with their lines |
//! | [`input::normalise`] | raw identifiers -> items -> hashes, by the core's rules |
//! | [`pipeline::partition`] | hashes -> partitions, in memory or in a `spool` -> sorted, distinct |
//! | [`sizing`] | how many, what rate -> encoding, pages, probes or columns, layers |
//! | `pipeline::encode` | partitions -> pages -> sealed sectors; what a layer bumps -> the next layer |
//! | [`sizing::measure`] | pages -> the rate as it is, sectors that a question reads |
//! | [`mod@file`] | written beside its place, asked again (`pipeline::recheck`), synced, renamed |
//!
//! [`pipeline::build()`] is the whole of it; [`cluster`] does the same with many machines. The bytes, the normalisation and the hash are
//! [`leaksieve_core`]'s: a device reads what is written here with the same functions.

pub mod cluster;
pub mod dates;
pub mod deliver;
pub mod file;
pub mod input;
pub mod parallel;
pub mod pipeline;
pub mod progress;
pub mod sizing;

pub use file::remove_unfinished;
