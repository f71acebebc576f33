//! What other languages are told is what the host says: Python, through what UniFFI makes, and C,
//! through the header and the static library.
//!
//! Both run a small program that reads questions, a line each, and writes answers; the same
//! questions are asked of the command line, and every field is compared.

mod c;
mod cases;
mod compare;
mod python;
mod questions;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A golden file, or a list of one.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../core/tests/golden")
        .join(name)
}

/// A file beside this one.
fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/bindings")
        .join(name)
}

/// A library of leaksieve-phone. These tests depend on it, so cargo has built it for them, and put it
/// beside them: those for other languages have no hash in their name.
fn library(name: &str) -> Result<PathBuf> {
    // Without this use nothing would be built.
    let _: fn(_, _) -> _ = leaksieve_phone::Filter::open;
    let tests = std::env::current_exe()?;
    let library = tests.with_file_name(name);
    anyhow::ensure!(library.exists(), "{} is missing", library.display());
    Ok(library)
}

/// A generated 2 GiB file: its members, and addresses that are not in it.
fn large(folder: &Path) -> Result<(PathBuf, Vec<String>, Vec<String>)> {
    const NUM_SECTORS: u32 = 1 << 22;
    let members = leaksieve_tests::addresses("member", 100);
    let strangers = leaksieve_tests::addresses("stranger", 100);
    let path = folder.join("large.lsv");
    leaksieve_tests::SparseFilter::new(
        leaksieve_tests::pages::BLOOM,
        NUM_SECTORS,
        [&members, &strangers, &[]],
    )?
    .write(&path)
    .context("2 GiB")?;
    Ok((path, members, strangers))
}
