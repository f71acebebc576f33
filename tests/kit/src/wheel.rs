//! The wheel for Python, and an environment that has it, with the libraries that it works with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{run, venv, workspace};

/// What builds it.
const MATURIN: &str = "maturin==1.16.0";

/// What tests use it with: whoever gives columns and takes results, and what checks types.
const PACKAGES: [&str; 7] = [
    "duckdb==2.0.1",
    "mypy==2.4.1",
    "numpy==2.4.6",
    "pandas==3.1.1",
    "pandas-stubs==3.1.0.261029",
    "polars==2.1.0",
    "pyarrow==26.0.1",
];

/// Build the wheel with a profile of cargo's. The folder is made anew, and has nothing else.
///
/// # Errors
/// When the builder cannot be got, or it does not compile.
pub fn build(profile: &str, folder: &Path) -> Result<PathBuf> {
    let python = venv::environment("maturin")?;
    venv::install(&python, &[MATURIN])?;
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let mut command = Command::new(python);
    command
        .args(["-m", "maturin", "build", "--locked", "--profile", profile])
        .arg("--manifest-path")
        .arg(workspace::root().join("python/Cargo.toml"))
        .arg("--target-dir")
        .arg(workspace::target())
        .arg("--out")
        .arg(folder)
        .current_dir(workspace::root());
    run::output(&mut command)?;
    let made = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let wheel = made.first().map(fs::DirEntry::path);
    ensure!(made.len() == 1, "{} files were made", made.len());
    wheel.context("no wheel was built")
}

/// Put a wheel into an environment, in place of the one that it has.
///
/// # Errors
/// When pip does not take it.
pub fn install(python: &Path, wheel: &Path) -> Result<()> {
    let wheel = wheel.to_str().context("a path that is not UTF-8")?;
    venv::install(python, &["--no-deps", "--force-reinstall", wheel])
}

/// An environment with the wheel and the packages that its tests use.
///
/// # Errors
/// When something cannot be got.
pub fn environment(wheel: &Path) -> Result<PathBuf> {
    let python = venv::environment("wheel")?;
    venv::install(&python, &PACKAGES)?;
    install(&python, wheel)?;
    Ok(python)
}
