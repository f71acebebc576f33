//! What the page in `page/` runs of the core: a module that a browser loads. It reads
//! nothing itself. The script asks which sector is wanted, reads that slice of the file,
//! writes it into the module's buffer and supplies it; what came of it is a JSON object.
//! Normalisation, hashing, trust and verdict are the core's, and no logic is added.
//!
//! One instance of the module reads one file. `exports` is all that the script sees; it
//! is only there for a browser. [`Reader`] is what it drives, and [`report`] its JSON.
//!
//! Plain exports, no `wasm-bindgen`: there are ten functions of integers, and a generator
//! of bindings would be one more tool, of one more version, than the script's forty lines.
//!
//! # Invariants
//! - "not exposed" is written only for [`leaksieve_core::Verdict::NotExposed`] of a file that did not expire.
//! - After an error there is no verdict until another question is asked, and none at all
//!   of a file whose opening failed.
//! - An instance that trapped answers no more.

// On a host it is built for its tests only, and a library without std could not be linked.
#![cfg_attr(target_arch = "wasm32", no_std)]

#[cfg(target_arch = "wasm32")]
mod exports;
pub mod reader;
pub mod report;

pub use reader::Reader;
