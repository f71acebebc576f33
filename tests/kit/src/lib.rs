//! What the tests of several parts share, and benchmarks and `cargo xtask` with them.
//!
//! - The machine: [`setup`] finds or gets compilers, the emulator, the browser; [`run`] runs
//!   programs; [`workspace`] knows the folders.
//! - What is tested: [`host`] builds the command line, [`firmware`] and [`boards`] the firmware,
//!   [`web`] the page; [`wheel`] builds the wheel for Python; [`emulator`] runs a board.
//! - Who is asked: [`ask`] has one harness for all that answer.
//! - What is asked: [`sample`] makes lists, [`sign`] signs and forges files.
//!
//! Everything made here lies under the workspace's `target/` folder. What may change outside of it
//! is named when it happens: a rustup target or a Debian package that was missing.

pub mod ask;
pub mod boards;
pub mod cross;
pub mod debian;
pub mod emulator;
pub mod firmware;
pub mod host;
pub mod kotlin;
pub mod run;
pub mod sample;
pub mod setup;
pub mod sign;
pub mod spark;
pub mod venv;
pub mod web;
pub mod wheel;
pub mod workspace;
