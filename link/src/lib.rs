//! What a device and its host must agree on: where a board keeps what ([`boards`]), and how
//! they talk over its serial console ([`message`], [`frame`]).
//!
//! [`uf2`] is how images go onto a boot loader's drive. The console stays a person's: [`frame`] says how both are told apart.

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::expect_used))]

#[cfg(test)]
extern crate std;

pub mod boards;
pub mod frame;
pub mod message;
pub mod uf2;

pub use boards::{BOARDS, Board};
pub use frame::{MAX_FRAME_BYTES, Receiver, Taken};
pub use message::{
    Answer, Info, LINK_VERSION, Mounted, PIECE_BYTES, Request, Response, Said, Verdict,
};
