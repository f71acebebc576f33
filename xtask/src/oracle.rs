//! `cargo xtask oracle`: libphonenumber judges what filters of telephone numbers say.
//!
//! `tests/data/phone_oracle.py` builds lists of random numbers and asks them in every spelling.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;

use testkit::run::{self, run, say};
use testkit::{host, venv, workspace};

/// What `cargo xtask test` asks about: regions with a plan that changed, with a calling code that
/// begins numbers of theirs, with a calling code that others share, with odd prefixes.
const SMOKE_REGIONS: &str = "AR,BJ,BR,CN,DE,GB,ID,IT,JP,MX,SG,US,VN,world";
const SMOKE_NUMBERS: u32 = 3;
/// Members of each region and type, else.
const NUMBERS: u32 = 200;

/// `cargo xtask oracle`
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Members of each region and type of number
    #[arg(long, value_name = "N", default_value_t = NUMBERS, value_parser = clap::value_parser!(u32).range(1..))]
    numbers: u32,
    /// Only these regions, with commas between, such as DE,BR,world [default: all]
    #[arg(long)]
    regions: Option<String>,
}

/// Ask about all regions.
///
/// # Errors
/// When Python's libphonenumber cannot be got, or an answer is wrong.
pub(crate) fn oracle(options: &Options) -> Result<()> {
    let python = python()?;
    ask(
        &python,
        &host::build("release", &[])?,
        options.numbers,
        options.regions.as_deref(),
    )
}

/// A few numbers of a few regions, or more of all. Where pip has no registry, this is left out,
/// and that is said.
///
/// # Errors
/// When an answer is wrong.
pub(crate) fn of_test(cli: &Path, all: bool) -> Result<()> {
    match python() {
        Ok(python) if all => ask(&python, cli, NUMBERS, None),
        Ok(python) => ask(&python, cli, SMOKE_NUMBERS, Some(SMOKE_REGIONS)),
        Err(error) => {
            say(format!("the oracle of numbers is left out: {error:#}"));
            Ok(())
        }
    }
}

fn ask(python: &Path, cli: &Path, numbers: u32, regions: Option<&str>) -> Result<()> {
    let mut command = Command::new(python);
    command
        .arg(workspace::root().join("tests/data/phone_oracle.py"))
        .arg(cli)
        .args(["--numbers", &numbers.to_string()]);
    if let Some(regions) = regions {
        command.args(["--regions", regions]);
    }
    say(run::line_of(&command));
    run(&mut command)
}

/// A Python that has libphonenumber, with the metadata that our plans were made of.
fn python() -> Result<PathBuf> {
    let plans = workspace::root().join("host-builder/src/input/profile/plans.tsv");
    let text = std::fs::read_to_string(&plans)?;
    let version = text
        .strip_prefix("# libphonenumber ")
        .and_then(|text| text.split_whitespace().next())
        .with_context(|| format!("{} does not begin with its version", plans.display()))?;
    let python = venv::environment("oracle")?;
    venv::install(&python, &[&format!("phonenumbers=={version}")])?;
    Ok(python)
}
