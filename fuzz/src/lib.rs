//! What is fuzzed, one module a target; `cargo xtask fuzz` runs them all.
//!
//! | target | holds against |
//! |---|---|
//! | [`open_lookup`] | files of any bytes under right checksums, signed ones too: the format's text, computed plainly |
//! | [`build_check`] | short lists, built and asked: a set of their items |
//! | [`lines`] | streams that come in pieces: a plain split |
//! | [`lists`] | tables, JSON lines, hashes with counts: plain readers of the same |
//! | [`compression`] | streams: what was compressed, and that damage is an error |
//! | [`parquet`] | files: no panic of ours, rows in order |
//! | [`normalise`] | identifiers of every kind: what other spellings of them give |
//! | [`frames`] | a device's serial line: what is sent, and a checksum computed plainly |
//! | [`phone_rules`] | phone profiles of any bytes: the shortcuts against the long way |
//!
//! Each takes its input apart in the order that its module states, so that a seed can be
//! written by hand. What an input lacks is zero.

#![forbid(unsafe_code)]

pub mod build_check;
pub mod compression;
mod csv_oracle;
pub mod frames;
mod input;
mod json_oracle;
pub mod lines;
pub mod lists;
mod made;
pub mod normalise;
pub mod open_lookup;
mod oracle;
pub mod parquet;
pub mod phone_rules;
mod profiles;
mod scratch;
