//! Was a phone number, an e-mail address or a password in a leak? A leaksieve filter file holds the
//! leak in a few bits an entry, and this crate answers from the file: on a microcontroller, a phone,
//! in a browser or on a server, offline.
//!
//! It is the one place that knows the file's bytes: how an identifier becomes an item, an
//! item a hash, a hash a page and its bits, and how a file of such pages is read.
//!
//! | you have | begin with |
//! |---|---|
//! | the file's bytes in memory or flash | the example below: [`open`] and [`check`] read a `&[u8]` |
//! | a file on a disk (feature `std`) | the same, with [`&FileSectors`](file::FileSectors) in place of the bytes |
//! | a card, a flash chip or a network | [`SectorSource`] or [`source_async::AsyncSectorSource`] for it: one function reads a sector of 512 bytes |
//! | firmware of your own, little RAM | [`open_in`] with an [`Opening`] in a static; [`Lookup`] if you bring the sectors yourself |
//! | files that only you may sign | [`Trust::in_keys`] (feature `signatures`) |
//! | a file that expires, and a clock | [`Verdict::at`] |
//! | a list, and no file yet | the crate [`leaksieve`](https://docs.rs/leaksieve): `leaksieve build`, or its library |
//! | a program of your own that reads or writes the format | [`format`]: the bytes; [`header::Header::encode`], [`identifier`], [`encoding`] |
//!
//! - No I/O: [`Catalogue::lookup`] says which sector it wants, the caller brings it.
//! - No allocation, no `unsafe`, no panic whatever a file holds or a person types.
//! - A verdict is never a `bool`. "Not exposed" is said only after the header, the
//!   coverage and every sector read were verified; see [`lookup`].
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use leaksieve_core::{Identifier, Outcome, Trust, Verdict, check, open};
//!
//! let mut file: &[u8] = include_bytes!("../tests/golden/phone.lsv");
//! let mut sector = [0; 512];
//! let catalogue = open(&mut file, &mut sector, &Trust::ANY)?;
//! let asked = Identifier::new("+86 138-0013-8000".as_bytes());
//! // Seconds since 1970, or `None` where there is no clock.
//! let now = Some(1_800_000_000);
//! match check(&catalogue, asked, &mut file, &mut sector)?.at(catalogue.header(), now) {
//!     Verdict::Exposed(answers) => {
//!         for answer in answers.iter().filter(|a| a.outcome == Outcome::Exposed) {
//!             let dataset = &catalogue.datasets()[usize::from(answer.dataset)];
//!             println!("{}: false alarm 1 in {}", dataset.name, dataset.measured.one_in());
//!         }
//!     }
//!     Verdict::NotExposed(_) => println!("not in this file"),
//!     Verdict::NotCovered(_) | Verdict::Expired(_) => println!("this file cannot say"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! None is on by default, and none changes an answer for another that was right.
//!
//! - `std`: [`mod@file`], [`verified`] sectors and [`lookup::Waiting`] to ask many questions at once, Unicode's tables to fold what has
//!   several spellings, `eight-datasets`.
//! - `signatures`: read signed files. Without it they are refused.
//! - `eight-datasets`: read files of up to 8 datasets. Without it up to 2, others are refused.
//! - `small`, `fast-crc`: less code, or faster checksums; the answers are the same.
//! - `defmt`: `defmt::Format` for what a device logs.

#![no_std]

#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod arithmetic;
mod bounded;
mod catalogue;
mod dataset;
pub mod encoding;
mod error;
mod fields;
#[cfg(feature = "std")]
pub mod file;
pub mod hash;
pub mod header;
pub mod identifier;
pub mod lookup;
pub mod opening;
pub mod sector;
pub mod sentence;
pub mod source;
pub mod source_async;
pub mod trust;
pub(crate) mod units;
pub mod verdict;
#[cfg(feature = "std")]
pub mod verified;

#[doc = include_str!("../FORMAT.md")]
pub mod format {}

pub use bounded::{List, Text, TooLong};
pub use catalogue::Catalogue;
pub use error::{Error, HeaderDefect};
pub use header::{Dataset, Header};
pub use identifier::{Identifier, IdentifierKind, NormaliseError, Profile};
pub use lookup::Lookup;
pub use opening::Opening;
pub use sector::{Sector, SectorIndex};
pub use source::{ReadError, SectorSource, answer, check, open, open_in};
pub use trust::{PublicKey, Trust};
pub use verdict::{Answer, Answers, Outcome, Verdict};
