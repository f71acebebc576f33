//! Python, through what UniFFI makes.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use testkit::{host, setup};

use crate::cases::{self, Case};
use crate::compare::{Compared, compare};
use crate::questions::{Way, lines};
use crate::{answers, app, golden, here, large};

/// Run a script that is beside this file.
fn python(app: &Path, script: &str, input: &str) -> Result<String> {
    let mut command = Command::new(setup::python()?);
    command
        .arg(here(script))
        .env("PYTHONPATH", app)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    answers(&mut command, input)
}

fn ask(cases: &[Case], ways: &[Way]) -> Result<Compared> {
    let (cli, app) = (host::cli()?, app()?);
    let mut answers = Vec::new();
    for way in ways {
        answers.push((*way, python(app.path(), "check.py", &lines(cases, *way))?));
    }
    let compared = compare(&cli, cases, &answers)?;
    println!("{compared:?}");
    Ok(compared)
}

#[test]
#[ignore = "needs python3 and the host tool: cargo xtask test"]
fn python_agrees_on_good_files() -> Result<()> {
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
#[ignore = "needs python3 and the host tool: cargo xtask test"]
fn python_agrees_on_what_an_absence_means() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let cases = cases::with_caveats(&host::cli()?, folder.path())?;
    let compared = ask(&cases, &[Way::Path])?;
    ensure!(compared.refused == 0 && compared.errors == 0 && compared.not_covered > 100);
    Ok(())
}

#[test]
#[ignore = "needs python3 and the host tool: cargo xtask test"]
fn python_agrees_on_who_is_trusted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let compared = ask(&cases::trusted(folder.path())?, &Way::ALL)?;
    ensure!(
        compared.opened == 5 && compared.refused == 5,
        "{compared:?}"
    );
    Ok(())
}

#[test]
#[ignore = "needs python3 and the host tool: cargo xtask test"]
fn python_refuses_what_the_host_refuses() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let compared = ask(&cases::bad(folder.path())?, &Way::ALL)?;
    ensure!(
        compared.refused > 50 && compared.errors > 500,
        "{compared:?}"
    );
    Ok(())
}

#[test]
#[ignore = "needs python3: cargo xtask test"]
fn a_reader_in_python_may_fail_and_2_gib_are_not_read() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (path, members, strangers) = large(folder.path())?;
    let small = |name: &str, stranger: &str| {
        let member = crate::questions::members(name)?;
        let member = String::from_utf8(member.into_iter().next().context("empty list")?)?;
        anyhow::Ok(json!([golden(&format!("{name}.lsv")), member, stranger]))
    };
    let input = json!({
        "small": [small("phone", "13900139999")?, small("email", "stranger@example.com")?],
        "large": [path, members, strangers, golden("email.lsv")],
    });
    let said = python(app()?.path(), "readers.py", &input.to_string())?;
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
