//! Python, through what UniFFI makes.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use testkit::ask::vectors::golden;
use testkit::setup;

use crate::program::{Program, Way};
use crate::{agrees, answers, app, here, large};

/// A script that is beside this file.
fn python(app: &Path, script: &str) -> Result<Command> {
    let mut command = Command::new(setup::python()?);
    command
        .arg(here(script))
        .env("PYTHONPATH", app)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

#[test]
#[ignore = "needs python3 and the host tool: cargo xtask test"]
fn python_agrees() -> Result<()> {
    let app = app()?;
    agrees(
        Program::start(&mut python(app.path(), "check.py")?)?,
        &Way::ALL,
        &Way::ALL,
    )
}

#[test]
#[ignore = "needs python3: cargo xtask test"]
fn a_reader_in_python_may_fail_and_2_gib_are_not_read() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (path, members, strangers) = large(folder.path())?;
    let input = json!({
        "small": [
            [golden("phone.lsv"), "13800138000", "13900139999"],
            [golden("email.lsv"), "member0@example.com", "stranger@example.com"],
        ],
        "large": [path, members, strangers, golden("email.lsv")],
    });
    let app = app()?;
    let said = answers(&mut python(app.path(), "readers.py")?, &input.to_string())?;
    let said: Value = serde_json::from_str(&said)?;
    ensure!(said["file_bytes"] == 1_u64 << 31);
    ensure!(said["open_reads"] == json!([[0, 512]]));
    ensure!(said["lookup_reads"] == 1 && said["lookup_bytes"] == 512);
    ensure!(said["by_path_open_bytes"] == 512 && said["by_path_lookup_bytes"] == 512);
    let growth = said["peak_growth_bytes"].as_u64().context("no growth")?;
    println!(
        "2 GiB in Python: 512 bytes read to open it, 512 for a question; {} KiB of memory more than \
         with a small file, {} MiB at most",
        growth >> 10,
        said["peak_bytes"].as_u64().context("no peak")? >> 20,
    );
    ensure!(growth < 4 << 20, "{growth} bytes more for 2 GiB");
    Ok(())
}
