//! Kotlin, through what UniFFI makes, on the Java virtual machine. On a phone all but the machine is
//! the same.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use tempfile::TempDir;
use testkit::ask::vectors::golden;
use testkit::kotlin::Kotlin;

use crate::program::{Program, Way};
use crate::{agrees, answers, app, here};

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

#[test]
#[ignore = "needs Java and the host tool: cargo xtask test"]
fn kotlin_agrees() -> Result<()> {
    let app = App::new()?;
    agrees(
        Program::start(&mut app.program("CheckKt")?)?,
        &Way::ALL,
        &[Way::Path, Way::Region],
    )
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
