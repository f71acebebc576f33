//! What other languages are told is what the host says: Python and Kotlin, through what UniFFI makes,
//! and C, through the header and the static library.
//!
//! Each runs a small program that reads questions, a line each, and writes answers; every field is
//! compared. What is made for phones is looked at.

mod c;
mod kotlin;
mod phones;
mod program;
mod python;
mod spark;
mod wheel;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use leaksieve_tests::is_exhaustive;
use tempfile::TempDir;
use testkit::ask::cases::{self, Case};
use testkit::ask::{compare, vectors};
use testkit::run;

use program::{Program, Way};

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

/// The table, and beside the core good and bad files, those whose absences say less, and those that
/// are trusted or not; opened in each of these ways, bad ones in some of them.
fn agrees(mut program: Program, ways: &[Way], of_bad: &[Way]) -> Result<()> {
    vectors::judge(&mut program, 1)?;
    let folder = tempfile::tempdir()?;
    let good = cases::good()?;
    let compared = compare(&mut program, &good, 1)?;
    ensure!(compared.refused == 0 && compared.errors == 0 && compared.left_out == 0);
    ensure!(compared.exposed > 500 && compared.not_exposed > 500 && compared.not_covered > 500);
    let compared = compare(&mut program, &cases::with_caveats(folder.path())?, 1)?;
    ensure!(compared.refused == 0 && compared.errors == 0 && compared.not_covered > 100);
    let good: Vec<Case> = good
        .into_iter()
        .map(|case| case.of_kinds(&[None]))
        .collect();
    let (trusted, bad) = (cases::trusted(folder.path())?, cases::bad(folder.path())?);
    for way in ways {
        program.way = *way;
        if *way != Way::Path {
            let compared = compare(&mut program, &good, 1)?;
            ensure!(compared.refused == 0 && compared.errors == 0 && compared.exposed > 100);
        }
        let compared = compare(&mut program, &trusted, 1)?;
        ensure!(compared.opened == 5 && compared.refused == 5);
        if of_bad.contains(way) || is_exhaustive() {
            let compared = compare(&mut program, &bad, 1)?;
            ensure!(compared.refused > 50 && compared.errors > 500);
        }
    }
    program.end()
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
