//! Lists -> identifiers -> hashes: what is read, what it looks like, how it is normalised.

mod draw;
pub mod normalise;
pub mod profile;
pub mod reject;
pub mod source;
#[allow(dead_code, unused_imports, reason = "the build asks these")]
pub mod speller;
pub mod survey;
