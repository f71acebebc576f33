//! What every leaksieve device does, whatever its board: it mounts a filter, reads a
//! line from a person, and says one verdict.
//!
//! A board brings a console ([`Input`] and [`embedded_io::Write`]), a [`Storage`] that the filter lies on, a [`Guard`] (whose filters are accepted, and an
//! [`EpochStore`] for the lowest epoch), and a [`StackMeter`]. [`Session::run`] does the
//! rest, or [`Session::run_async`] where keys are awaited.
//!
//! # Invariants
//! - "not exposed" is written only for [`leaksieve_core::Verdict::NotExposed`].
//! - Nothing that a card holds or a person types makes this code panic or hang.
//! - No filter sector is kept: each question reads its sectors from the card that is
//!   there now, and each sector names its file in its checksum.
//! - Logs hold no identifier, no hash, and no sector number of a lookup, which is a
//!   part of the hash.
//!
//! - With keys, only filters that one of them signed are asked, and none older than one
//!   that was asked before.
//!
//! Reading order: [`console`], [`filter`], [`verdict`]; [`guard`] and [`epoch`]; then
//! [`storage`], [`card`] and [`flash`]; what a host asks is in `link` and `update`.

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::expect_used))]

#[cfg(test)]
extern crate std;

pub mod about;
#[cfg(feature = "card")]
mod blocks;
#[cfg(feature = "card")]
pub mod card;
pub mod console;
pub mod epoch;
#[cfg(feature = "card")]
mod fat;
pub mod filter;
pub mod flash;
pub mod guard;
pub mod input;
pub mod line;
mod link;
mod log;
#[cfg(feature = "card")]
mod partition;
pub mod stack;
pub mod storage;
mod update;
pub mod verdict;

#[cfg(feature = "card")]
pub use blocks::Card;
#[cfg(feature = "card")]
pub use card::CardFile;
pub use console::Session;
pub use epoch::EpochStore;
pub use filter::Workspace;
pub use flash::{FlashRecords, FlashSlots, SharedFlash};
pub use guard::Guard;
pub use input::{Heard, Input};
pub use leaksieve_core::PublicKey;
pub use line::Garbled;
pub use stack::{StackMeter, StackUse};
pub use storage::{Memory, Storage, StorageError};
