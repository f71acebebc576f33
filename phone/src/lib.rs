//! leaksieve for apps: the core's answers, without a line of logic of their own.
//!
//! One Rust interface, [`Filter`], is given to Kotlin and Swift by UniFFI, and to C by [`c`]. What it owns:
//!
//! - A filter file is opened by path, by descriptor (a part of a file too), or through a [`Reader`] of the app's, and is
//!   never read whole: opening reads its header, a question [a few sectors for each dataset that
//!   covers it](leaksieve_core::Catalogue::sectors_per_dataset).
//! - Several threads may ask one [`Filter`] at once.
//! - Texts are folded as the host tool folds them, so the verdicts are the same.
//!
//! # Invariant
//! [`Verdict::NotExposed`] is the core's "not exposed" of a file that has not expired, or whose
//! expiry the app allowed. All else is another verdict or a [`FilterError`].

mod about;
pub mod c;
#[cfg(unix)]
mod descriptor;
mod error;
mod filter;
mod kind;
mod reason;
mod source;
mod trust;
mod verdict;

pub use about::{About, Covers, DatasetInfo, Digest};
pub use error::{FilterError, ReaderError};
pub use filter::Filter;
pub use kind::Kind;
pub use reason::Reason;
pub use source::Reader;
pub use trust::Trust;
pub use verdict::{Absence, Gap, Leak, Verdict};

// Its functions are found by their names.
#[cfg(feature = "unwinder")]
use unwinding as _;

uniffi::setup_scaffolding!("leaksieve");
