//! Python environments of our own, under `target/`, and what is installed into them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::run::output;
use crate::{setup, workspace};

/// The interpreter of an environment, which is made if it is not there.
///
/// # Errors
/// When there is no Python, or it cannot make one.
pub fn environment(name: &str) -> Result<PathBuf> {
    let folder = workspace::target().join(name).join("python");
    let python = folder.join("bin/python3");
    if !python.exists() {
        let mut make = Command::new(setup::python()?);
        output(make.args(["-m", "venv"]).arg(&folder))
            .context("an environment cannot be made (Debian: apt-get install python3-venv)")?;
    }
    Ok(python)
}

/// Install a package, such as `phonenumbers==9.0.43`, if it is not there.
///
/// # Errors
/// When pip cannot get it.
pub fn install(python: &Path, package: &[&str]) -> Result<()> {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet"])
        // Without a network it is to say so soon.
        .args(["--disable-pip-version-check", "--retries=1"])
        .args(package);
    output(&mut pip).map(drop)
}
