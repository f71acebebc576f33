//! All tests of the workspace, several test binaries at a time. `cargo test` runs one after the other,
//! and many of them wait: for a browser, an emulator, or a program that is to be killed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use std::vec::IntoIter;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use testkit::run::{cargo, line_of, run, say, seconds};
use testkit::workspace;

/// Those that take longest. They are run first, so that no core idles while the last one runs.
const LONGEST: [&str; 5] = [
    "bindings",
    "browser",
    "lists",
    "host_faults",
    "build_interrupted",
];

/// A compiled test binary.
struct Binary {
    name: String,
    program: PathBuf,
    /// Tests run in their package's folder.
    folder: PathBuf,
}

/// Compile and run the tests of all packages of the workspace in the root, and then the examples of
/// its documentation. `prepare` sets the environment of each.
///
/// # Errors
/// When one does not compile, or fails. If one fails, the others are run all the same.
pub(crate) fn test_workspace(prepare: impl Fn(&mut Command) + Sync) -> Result<()> {
    let mut binaries = compile()?;
    binaries.sort_by_key(|binary| {
        let place = LONGEST.iter().position(|name| *name == binary.name);
        place.unwrap_or(LONGEST.len())
    });
    let number = thread::available_parallelism().map_or(1, usize::from);
    say(format!(
        "{} test binaries, {number} at a time",
        binaries.len()
    ));
    let (left, failed) = (Mutex::new(binaries.into_iter()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..number {
            scope.spawn(|| {
                while let Some(binary) = take(&left) {
                    say(format!("running {}", binary.name));
                    let start = Instant::now();
                    let mut command = Command::new(&binary.program);
                    command
                        .arg("--include-ignored")
                        .current_dir(&binary.folder)
                        .stdin(Stdio::null());
                    prepare(&mut command);
                    let output = command.output();
                    if !show(&binary, start.elapsed(), output) {
                        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                        failed.push(binary.name);
                    }
                }
            });
        }
    });
    say("cargo test --workspace --doc");
    let mut command = command("--doc");
    prepare(&mut command);
    let examples = run(&mut command);
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !failed.is_empty() {
        bail!("these tests failed: {}", failed.join(", "));
    }
    examples
}

fn take(binaries: &Mutex<IntoIter<Binary>>) -> Option<Binary> {
    let mut binaries = binaries.lock().unwrap_or_else(PoisonError::into_inner);
    binaries.next()
}

fn command(argument: &str) -> Command {
    let mut command = cargo();
    command
        .args(["test", "--workspace", argument, "--target-dir"])
        .arg(workspace::target())
        .current_dir(workspace::root());
    command
}

/// The test binaries, by cargo's messages
/// (<https://doc.rust-lang.org/cargo/reference/external-tools.html>).
fn compile() -> Result<Vec<Binary>> {
    let mut command = command("--no-run");
    command.arg("--message-format=json-render-diagnostics");
    say(line_of(&command));
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("the tests do not compile");
    }
    let mut binaries = Vec::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: Value = serde_json::from_str(line)?;
        if message["profile"]["test"] != true {
            continue;
        }
        if let Some(program) = message["executable"].as_str() {
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let manifest = text(&message["manifest_path"]).context("without a manifest")?;
            let folder = Path::new(&manifest).parent().context("no folder")?;
            binaries.push(Binary {
                name: text(&message["target"]["name"]).context("without a name")?,
                program: program.into(),
                folder: folder.to_owned(),
            });
        }
    }
    Ok(binaries)
}

/// Show the output of a binary that has ended, so that the lines of two are not mixed. Did its tests
/// pass?
fn show(binary: &Binary, time: Duration, output: std::io::Result<Output>) -> bool {
    // No other binary's output comes between.
    let _printing = std::io::stdout().lock();
    match output {
        Ok(output) => {
            for text in [&output.stderr, &output.stdout] {
                print!("{}", String::from_utf8_lossy(text));
            }
            println!("{}: {} ({})\n", binary.name, output.status, seconds(time));
            output.status.success()
        }
        Err(error) => {
            println!("{} does not start: {error}\n", binary.program.display());
            false
        }
    }
}
