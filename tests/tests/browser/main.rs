//! The web page in a real browser: what it says is what the host says, nothing leaves it,
//! and it needs no network.

mod agrees;
mod driver;
mod keys;
mod languages;
mod large;
mod offline;
mod page;
mod people;
mod pictures;
mod private;
mod refuses;
mod shared;
mod versions;

use std::path::Path;

use anyhow::{Context, Result};
use leaksieve::file::key::SecretKey;
use leaksieve::file::sign;
use testkit::ask::vectors::golden;

/// Sign a file with the key of that seed.
fn sign(file: &Path, seed: u8, expires_unix_s: Option<u64>, signed: &Path) -> Result<SecretKey> {
    sign_of_epoch(file, seed, (1, expires_unix_s), signed)
}

/// The same, of an epoch and with an expiry.
fn sign_of_epoch(
    file: &Path,
    seed: u8,
    (epoch, expires_unix_s): (u32, Option<u64>),
    signed: &Path,
) -> Result<SecretKey> {
    let key = SecretKey::from_seed(&[seed; 32]).context("no key of this seed")?;
    let options = sign::Options {
        epoch: Some(epoch),
        expires_unix_s,
        ..sign::Options::default()
    };
    sign::sign(file, &key, options, signed, &())?;
    Ok(key)
}
