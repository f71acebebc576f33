//! Kotlin, through what UniFFI makes, on the Java virtual machine. On a phone all but the machine is
//! the same.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use tempfile::TempDir;
use testkit::host;
use testkit::kotlin::Kotlin;

use crate::cases::{self, Case};
use crate::compare::{Compared, compare};
use crate::questions::{Way, lines};
use crate::{answers, app, golden, here};

/// An app, and the machine that runs it.
struct App {
    kotlin: Kotlin,
    classes: PathBuf,
    folder: TempDir,
}

impl App {
    fn new() -> Result<Self> {
        let (kotlin, folder) = (Kotlin::get()?, app()?);
        let made = folder.path().join("leaksieve/leaksieve.kt");
        let beside = ["Check.kt", "System.kt", "Misuse.kt"].map(here);
        let classes = kotlin.classes(&[&[made][..], &beside].concat())?;
        Ok(Self {
            kotlin,
            classes,
            folder,
        })
    }

    fn program(&self, class: &str) -> Result<Command> {
        self.kotlin
            .program(&self.classes, class, self.folder.path())
    }
}

fn ask(cases: &[Case], ways: &[Way]) -> Result<Compared> {
    let (cli, app) = (host::cli()?, App::new()?);
    let mut said = Vec::new();
    for way in ways {
        let lines = lines(cases, *way);
        said.push((*way, answers(&mut app.program("CheckKt")?, &lines)?));
    }
    let compared = compare(&cli, cases, &said)?;
    println!("{compared:?}");
    Ok(compared)
}

#[test]
#[ignore = "needs Java and the host tool: cargo xtask test"]
fn kotlin_agrees_on_good_files() -> Result<()> {
    let cases = cases::good()?;
    let compared = ask(&cases, &[Way::Path])?;
    ensure!(compared.refused == 0 && compared.errors == 0);
    ensure!(compared.exposed > 500 && compared.not_exposed > 500 && compared.not_covered > 500);
    let cases: Vec<Case> = cases.into_iter().map(Case::of_any_kind).collect();
    let compared = ask(&cases, &Way::ALL[1..])?;
    ensure!(compared.refused == 0 && compared.errors == 0 && compared.exposed > 100);
    Ok(())
}

#[test]
#[ignore = "needs Java and the host tool: cargo xtask test"]
fn kotlin_agrees_on_what_an_absence_means_and_who_is_trusted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut cases = cases::with_caveats(&host::cli()?, folder.path())?;
    cases.extend(cases::trusted(folder.path())?);
    let compared = ask(&cases, &[Way::Path])?;
    ensure!(compared.refused == 5 && compared.errors == 0 && compared.not_covered > 100);
    Ok(())
}

#[test]
#[ignore = "needs Java and the host tool: cargo xtask test"]
fn kotlin_refuses_what_the_host_refuses() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let compared = ask(&cases::bad(folder.path())?, &[Way::Path, Way::Region])?;
    ensure!(
        compared.refused > 50 && compared.errors > 500,
        "{compared:?}"
    );
    Ok(())
}

#[test]
#[ignore = "needs Java: cargo xtask test"]
fn readers_that_fail_pipes_and_closed_filters_in_kotlin() -> Result<()> {
    let app = App::new()?;
    let mut program = app.program("MisuseKt")?;
    program.arg(golden("phone.lsv"));
    program.args(["13800138000", "13900139999"]);
    ensure!(answers(&mut program, "")? == "done\n");
    Ok(())
}
