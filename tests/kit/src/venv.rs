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
        output(
            Command::new(setup::python()?)
                .args(["-m", "venv"])
                .arg(&folder),
        )
        .context("an environment cannot be made (Debian: apt-get install python3-venv)")?;
    }
    Ok(python)
}

/// Install a package, such as `phonenumbers==9.0.43`, if it is not there.
///
/// # Errors
/// When pip cannot get it.
pub fn install(python: &Path, package: &str) -> Result<()> {
    output(pip_install(python).arg(package)).map(drop)
}

/// As [`install`], without what the package depends on.
///
/// # Errors
/// As [`install`].
pub fn install_alone(python: &Path, package: &str) -> Result<()> {
    output(pip_install(python).args(["--no-deps", package])).map(drop)
}

fn pip_install(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        // Without a network it is to say so soon.
        "--retries=1",
    ]);
    command
}
