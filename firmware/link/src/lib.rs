//! What a device and its host must agree on: where a board keeps what ([`boards`]).

#![no_std]
#![forbid(unsafe_code)]

pub mod boards;

pub use boards::{BOARDS, Board};
