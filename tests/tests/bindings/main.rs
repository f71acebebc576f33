//! What other languages are told is what the host says: Python and Kotlin, through what UniFFI makes,
//! and C, through the header and the static library.
//!
//! Each runs a small program that reads questions, a line each, and writes answers; the same
//! questions are asked of the command line, and every field is compared. What is made for phones is looked at.

mod c;
mod cases;
mod compare;
mod kotlin;
mod phones;
mod python;
mod questions;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use testkit::run;

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
    ensure!(library.exists(), "{} is missing", library.display());
    Ok(library)
}

/// A folder with what an app in a language of UniFFI's would have.
fn app() -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    let name = "libleaksieve_phone.so";
    let library = library(name)?;
    leaksieve_bindgen::languages(&library, folder.path())?;
    fs::hard_link(&library, folder.path().join(name))
        .or_else(|_| fs::copy(&library, folder.path().join(name)).map(drop))?;
    Ok(folder)
}

/// Run a program of a few lines to its end: what it says of its input.
fn answers(program: &mut Command, input: &str) -> Result<String> {
    let line = run::line_of(program);
    let mut child = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("no stdin")?;
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    let written = writer.join();
    ensure!(output.status.success(), "{line}: {}", output.status);
    ensure!(matches!(written, Ok(Ok(()))), "{line} did not read on");
    Ok(String::from_utf8(output.stdout)?)
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
