//! The host tool, `leaksieve`, as the other commands use it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{run, workspace};

/// The environment variable that names a `leaksieve` built before.
pub const CLI: &str = "LEAKSIEVE_CLI";

/// The path of `leaksieve`, as tests take it: built without link-time optimisation if it is not up
/// to date.
///
/// # Errors
/// When it does not compile.
pub fn cli() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(CLI) {
        return Ok(path.into());
    }
    build("dev", &[])
}

/// The path of `leaksieve`, built with a profile and more arguments of `cargo build`.
///
/// # Errors
/// When it does not compile.
pub fn build(profile: &str, arguments: &[&str]) -> Result<PathBuf> {
    let mut command = run::cargo();
    command
        .args(["build", "--profile", profile])
        .args(["--package", "leaksieve", "--bin", "leaksieve"])
        .args(arguments)
        .arg("--target-dir")
        .arg(workspace::target())
        .current_dir(workspace::root());
    let folder = match profile {
        "dev" => "debug",
        profile => profile,
    };
    if workspace::target().join(folder).join("leaksieve").exists() {
        command.arg("--quiet");
    }
    executable(&mut command)
}

/// The image of a card with a filter file, by `leaksieve install`.
///
/// # Errors
/// When it refuses the file, or the image cannot be written.
pub fn card_image(cli: &Path, filter: &Path, image: &Path) -> Result<()> {
    run::run(
        Command::new(cli)
            .args(["install", "image", "--format=card", "--force", "--quiet"])
            .arg(filter)
            .arg("--output")
            .arg(image),
    )
}

/// Run a `cargo build` and give the program that it made, or found up to date.
///
/// # Errors
/// When it fails, or makes no program.
pub fn executable(build: &mut Command) -> Result<PathBuf> {
    build
        .arg("--message-format=json-render-diagnostics")
        .stderr(std::process::Stdio::inherit());
    let out = build
        .output()
        .with_context(|| format!("cannot start `{}`", run::line_of(build)))?;
    ensure!(
        out.status.success(),
        "`{}` failed ({})",
        run::line_of(build),
        out.status
    );
    String::from_utf8_lossy(&out.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["executable"].is_string())
        // Of a benchmark, cargo names the package's own program too, before it or behind.
        .max_by_key(|message| message["target"]["kind"][0] == "bench")
        .and_then(|message| message["executable"].as_str().map(PathBuf::from))
        .with_context(|| format!("`{}` made no program", run::line_of(build)))
}

/// Whether `made` is there and newer than all that it was made of.
pub fn is_fresh(made: &Path, from: &[&Path]) -> bool {
    let time = |path: &Path| {
        std::fs::metadata(path)
            .and_then(|data| data.modified())
            .ok()
    };
    let Some(made) = time(made) else { return false };
    from.iter()
        .all(|path| time(path).is_some_and(|source| source <= made))
}
