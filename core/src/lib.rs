//! The one place that knows leaksieve's bytes: how an identifier becomes an item, an
//! item a hash, a hash a page and its bits, and how a file of such pages is read.
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
//! match check(&catalogue, asked, &mut file, &mut sector)? {
//!     Verdict::Exposed(answers) => {
//!         for answer in answers.iter().filter(|a| a.outcome == Outcome::Exposed) {
//!             let dataset = &catalogue.datasets()[usize::from(answer.dataset)];
//!             println!("{}: false alarm 1 in {}", dataset.name, dataset.measured.one_in());
//!         }
//!     }
//!     Verdict::NotExposed(_) => println!("not in this file"),
//!     Verdict::NotCovered(_) => println!("this file cannot say"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The file format is specified in [`format`].

#![no_std]

#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod arithmetic;
mod catalogue;
mod dataset;
pub mod encoding;
mod error;
mod fields;
#[cfg(feature = "std")]
pub mod file;
#[cfg(feature = "std")]
pub mod fold;
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
mod verdict;

#[doc = include_str!("../FORMAT.md")]
pub mod format {}

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
