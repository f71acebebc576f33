//! `cargo xtask bindings`: the library for apps, and what each language needs of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::Value;

use crate::phones;
use testkit::run::{self, cargo, say};
use testkit::workspace;

pub(crate) const PACKAGE: [&str; 2] = ["--package", "leaksieve-phone"];

/// `cargo xtask bindings`
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Where all is put [default: target/bindings]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Also the libraries for phones, Android and iOS of 64 bits, and what their apps need beside them
    #[arg(long)]
    phones: bool,
}

/// Write the C header, build the library, and write Kotlin and Swift.
///
/// # Errors
/// When something does not compile, or cannot be written.
pub(crate) fn bindings(options: &Options) -> Result<()> {
    let out = match &options.out {
        Some(out) => out.clone(),
        None => workspace::target().join("bindings"),
    };
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let out = fs::canonicalize(out)?;
    write(&out)?;
    if options.phones {
        let kotlin = fs::read_to_string(out.join("leaksieve/leaksieve.kt"))?;
        phones::android(&out.join("android"), &kotlin)?;
        phones::ios(&out.join("ios"))?;
    }
    say(format!("all is in {}", workspace::shown(&out)));
    Ok(())
}

/// What each language needs, with the libraries for phones, made anew and thrown away.
///
/// # Errors
/// As [`bindings`].
pub(crate) fn phones_smoke() -> Result<()> {
    let folder = tempfile::tempdir()?;
    bindings(&Options {
        out: Some(folder.path().to_owned()),
        phones: true,
    })
}

/// Renew the header, and put it into a folder with this machine's libraries and what each language
/// needs of them.
///
/// # Errors
/// As [`bindings`].
pub(crate) fn write(out: &Path) -> Result<()> {
    let header = workspace::root().join("phone/include/leaksieve.h");
    bindgen(&["header".as_ref(), header.as_os_str()])?;
    copy(&header, out)?;

    let mut build = cargo();
    build
        .args(["rustc", "--release", "--lib"])
        .args(PACKAGE)
        // Without Rust's own, which would keep the linker from leaving out what is not used.
        .args(["--crate-type", "cdylib,staticlib", "--target-dir"])
        .arg(workspace::target())
        .current_dir(workspace::root());
    let libraries = libraries(&mut build)?;
    for library in &libraries {
        copy(library, out)?;
    }
    let shared = libraries.iter().find(|path| !is_static(path));
    let shared = shared.context("no shared library was built")?;
    bindgen(&["languages".as_ref(), shared.as_os_str(), out.as_os_str()])
}

fn is_static(library: &Path) -> bool {
    library
        .extension()
        .is_some_and(|extension| extension == "a" || extension == "lib")
}

/// Run what writes bindings.
fn bindgen(arguments: &[&std::ffi::OsStr]) -> Result<()> {
    let mut command = cargo();
    command
        .args([
            "run",
            "--quiet",
            "--package",
            "leaksieve-bindgen",
            "--target-dir",
        ])
        .arg(workspace::target())
        .arg("--")
        .args(arguments)
        .current_dir(workspace::root());
    run::output(&mut command).map(drop)
}

/// Run a build of the package, and give the libraries that it made.
pub(crate) fn libraries(build: &mut std::process::Command) -> Result<Vec<PathBuf>> {
    build
        .arg("--message-format=json-render-diagnostics")
        .stderr(std::process::Stdio::inherit());
    let line = run::line_of(build);
    let out = build
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    ensure!(out.status.success(), "`{line}` failed ({})", out.status);
    let messages = String::from_utf8_lossy(&out.stdout);
    let libraries = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "leaksieve_phone")
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|path| path.as_str().map(PathBuf::from))
        .collect();
    Ok(libraries)
}

pub(crate) fn copy(file: &Path, folder: &Path) -> Result<()> {
    let name = file.file_name().context("a file without a name")?;
    let place = folder.join(name);
    let bytes =
        fs::copy(file, &place).with_context(|| format!("cannot write {}", place.display()))?;
    say(format!("{}: {} KiB", workspace::shown(&place), bytes >> 10));
    Ok(())
}
