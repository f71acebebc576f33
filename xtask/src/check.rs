//! `cargo xtask check`: format, lints and documentation of all workspaces.

use std::panic::resume_unwind;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use testkit::cross::{CORTEX_M3, Cross, WASM, targets};
use testkit::firmware::{self, Variant};
use testkit::run::{cargo, run, say};
use testkit::{setup, workspace};

use crate::boards;

/// What says whether licences and sources of our dependencies are those of `deny.toml`.
const CARGO_DENY: (&str, &str) = ("cargo-deny", "0.20.2");

/// What clippy says is an error.
const WARNINGS: &str = "-- -D warnings";

/// All of it; stops at the first that fails. `all`: the lints of the benchmarks, the fuzz targets and of all boards too,
/// for which libraries are compiled that nothing else needs, the packages for crates.io, and the licences and sources of
/// all dependencies.
///
/// # Errors
/// When something is not as it should be.
pub(crate) fn check(all: bool) -> Result<()> {
    let cross = setup::cross(&targets(all))?;
    let root = workspace::root();
    let target = workspace::target();
    let (bench, fuzz) = (root.join("bench"), workspace::fuzz());
    let boards_and_app = workspace::firmware();
    let host = |folder: &Path, line: &str| {
        let mut command = cargo();
        command
            .args(line.split_whitespace())
            .env("RUSTDOCFLAGS", "-D warnings")
            .current_dir(folder);
        if !line.starts_with("fmt") {
            // What workspaces have in common is checked once.
            let shared = match folder == boards_and_app {
                true => target.join(firmware::FOLDER),
                false => target.clone(),
            };
            command.env("CARGO_TARGET_DIR", shared);
        }
        say(format!("{}: cargo {line}", workspace::shown(folder)));
        run(&mut command)
    };
    for folder in [root, &boards_and_app, &fuzz, &bench] {
        host(folder, "fmt --all --check")?;
    }
    // Each workspace compiles into a folder of its own, and seldom for all cores at once: so they
    // are looked at beside each other.
    std::thread::scope(|scope| {
        let boards = scope.spawn(|| lint_boards(&cross, all, &host));
        let hosts = lint_hosts(all, &host);
        let boards = boards.join().unwrap_or_else(|panic| resume_unwind(panic));
        hosts.and(boards)
    })?;
    if all {
        // As they would be uploaded, compiled from nothing else.
        let packages = ["leaksieve-core", "leaksieve-link", "leaksieve"]
            .map(|name| format!("--package {name}"));
        host(
            root,
            &format!("package --quiet --allow-dirty {}", packages.join(" ")),
        )?;
        let deny = setup::cargo_tool(CARGO_DENY)?;
        for folder in [root, &boards_and_app, &fuzz, &bench] {
            say(format!("{}: cargo deny", workspace::shown(folder)));
            run(Command::new(&deny)
                .args(["deny", "--log-level=error", "--config"])
                .arg(root.join("deny.toml"))
                .arg("--manifest-path")
                .arg(folder.join("Cargo.toml"))
                .args([
                    "check",
                    "--hide-inclusion-graph",
                    "licenses",
                    "bans",
                    "sources",
                ])
                .current_dir(folder))?;
        }
    }
    say("format, lints and documentation are as they should be");
    Ok(())
}

/// What a host runs: lints, then documentation.
fn lint_hosts(all: bool, host: &dyn Fn(&Path, &str) -> Result<()>) -> Result<()> {
    let root = workspace::root();
    host(
        root,
        &format!("clippy --quiet --workspace --all-targets {WARNINGS}"),
    )?;
    if all {
        // Its library is all that it has; the rest needs the nightly compiler.
        host(
            &workspace::fuzz(),
            &format!("clippy --quiet --lib {WARNINGS}"),
        )?;
        host(
            &root.join("bench"),
            &format!("clippy --quiet --all-targets {WARNINGS}"),
        )?;
    }
    host(root, "doc --quiet --workspace --no-deps")?;
    // As docs.rs has it.
    host(
        root,
        "doc --quiet --package leaksieve-core --all-features --no-deps",
    )
}

/// What a device or a browser runs.
fn lint_boards(cross: &Cross, all: bool, host: &dyn Fn(&Path, &str) -> Result<()>) -> Result<()> {
    let target = workspace::target();
    let app = workspace::firmware();
    for features in ["", "--features signatures"] {
        let line = format!("clippy --quiet --package leaksieve-app {features} --all-targets");
        host(&app, &format!("{line} {WARNINGS}"))?;
    }
    let counting = format!("{},count", Variant::TrustedKey.features());
    let features = Variant::ALL.map(Variant::features);
    for features in features.iter().chain([&&*counting]) {
        let mut command = cross.clippy(
            CORTEX_M3,
            &["--quiet", "--no-default-features", "--features", features],
        );
        command
            .current_dir(firmware::board())
            .env("CARGO_TARGET_DIR", target.join(firmware::FOLDER));
        say(format!("clippy for the board, {features}"));
        run(&mut command)?;
    }
    boards::lint(cross, all)?;
    let mut command = cross.clippy(WASM, &["--quiet", "--package", "leaksieve-web"]);
    command
        .current_dir(workspace::root())
        .env("CARGO_TARGET_DIR", target.join("wasm"));
    say("clippy for the web page's module");
    run(&mut command)?;
    host(&app, "doc --quiet --package leaksieve-app --no-deps")
}
