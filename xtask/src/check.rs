//! `cargo xtask check`: format, lints and documentation of all workspaces.

use std::path::Path;

use anyhow::Result;

use testkit::cross::{CORE_TARGETS, CORTEX_M3, WASM};
use testkit::firmware::{self, Variant};
use testkit::run::{self, cargo, run, say};
use testkit::{setup, workspace};

use crate::boards;

/// All of it; stops at the first that fails.
///
/// # Errors
/// When something is not as it should be.
pub(crate) fn check() -> Result<()> {
    let cross = setup::cross(&[&[CORTEX_M3, WASM][..], &CORE_TARGETS].concat())?;
    let root = workspace::root();
    let target = workspace::target();
    let fuzz = workspace::fuzz();
    let host = |folder: &Path, arguments: &[&str]| {
        let mut command = cargo();
        command.args(arguments).current_dir(folder);
        command.env("RUSTDOCFLAGS", "-D warnings");
        let (place, target) = if folder == root {
            ("host", target.clone())
        } else if folder == fuzz {
            // What both need is checked once.
            ("fuzz", target.clone())
        } else {
            ("firmware", target.join("firmware"))
        };
        if arguments[0] != "fmt" {
            command.env("CARGO_TARGET_DIR", target);
        }
        say(format!("{place}: {}", run::line_of(&command)));
        run(&mut command)
    };

    let firmware = workspace::firmware();
    host(root, &["fmt", "--all", "--check"])?;
    host(&firmware, &["fmt", "--all", "--check"])?;
    host(&fuzz, &["fmt", "--all", "--check"])?;
    host(
        root,
        &[
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    // Its library is all that it has; the rest needs the nightly compiler.
    host(
        &fuzz,
        &["clippy", "--quiet", "--lib", "--", "-D", "warnings"],
    )?;
    let app = ["--quiet", "--package", "leaksieve-app"];
    for features in ["", "signatures"] {
        let rest = [
            "--features",
            features,
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ];
        host(&firmware, &[&["clippy"], &app[..], &rest].concat())?;
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
            .env("CARGO_TARGET_DIR", target.join("firmware"));
        say(format!("clippy for the board, {features}"));
        run(&mut command)?;
    }
    boards::lint(&cross)?;
    let mut command = cross.clippy(WASM, &["--quiet", "--package", "leaksieve-web"]);
    command
        .current_dir(root)
        .env("CARGO_TARGET_DIR", target.join("wasm"));
    say("clippy for the web page's module");
    run(&mut command)?;
    host(root, &["doc", "--quiet", "--workspace", "--no-deps"])?;
    host(&firmware, &[&["doc"], &app[..], &["--no-deps"]].concat())?;
    say("format, lints and documentation are as they should be");
    Ok(())
}
