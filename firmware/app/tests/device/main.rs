//! The app on a host: typed at, its card pulled, its card's tables falsified.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;
mod conversation;
mod faults;
mod flash;
mod programs;
#[cfg(feature = "signatures")]
mod signed;
mod update;
mod volumes;
