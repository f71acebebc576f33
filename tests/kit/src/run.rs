//! Running other programs: said in one line, failing with the command line.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Say on stderr, in one plain line, what happens.
pub fn say(line: impl AsRef<str>) {
    eprintln!("xtask: {}", line.as_ref());
}

/// The command as a person would type it: the program by its name.
pub fn line_of(command: &Command) -> String {
    let program = Path::new(command.get_program());
    std::iter::once(program.file_name().unwrap_or(program.as_os_str()))
        .chain(command.get_args())
        .map(|word| {
            let word = word.to_string_lossy();
            if word.is_empty() || word.contains(char::is_whitespace) {
                format!("'{word}'")
            } else {
                word.into_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Run to the end, with its output shown.
///
/// # Errors
/// When it cannot be started, or fails.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start `{}`", line_of(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", line_of(command));
    }
    Ok(())
}

/// Run to the end and give its stdout; what it prints is in the error if it fails.
///
/// # Errors
/// When it cannot be started, fails, or prints what is not text.
pub fn output(command: &mut Command) -> Result<String> {
    let out = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{}`", line_of(command)))?;
    if !out.status.success() {
        let said = [out.stdout, out.stderr].concat();
        bail!(
            "`{}` failed ({}): {}",
            line_of(command),
            out.status,
            String::from_utf8_lossy(&said).trim()
        );
    }
    String::from_utf8(out.stdout)
        .with_context(|| format!("`{}` printed what is not text", line_of(command)))
}

/// Run with its output in a file, and end it when it takes too long.
///
/// # Errors
/// When it cannot be started, fails, or passes the limit; the last line that it
/// printed is in the error.
pub fn within(command: &mut Command, limit: Duration, log: &Path) -> Result<()> {
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()
        .with_context(|| format!("cannot start `{}`", line_of(command)))?;
    let start = Instant::now();
    let ended = loop {
        if let Some(status) = child.try_wait()? {
            if status.success() {
                return Ok(());
            }
            break status.to_string();
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            break format!("ended after {} s", limit.as_secs());
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let printed = std::fs::read(log).unwrap_or_default();
    let printed = String::from_utf8_lossy(&printed);
    let last = printed.lines().rev().find(|line| !line.trim().is_empty());
    bail!(
        "`{}`: {ended}: {}",
        line_of(command),
        last.unwrap_or("it printed nothing").trim()
    )
}

/// The cargo that runs us, rid of what it has told us about ourselves: `CARGO_PKG_*`
/// and their like would make a build script that watches them run again.
pub fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Any program that runs cargo in its turn, rid of the same.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if is_about_ourselves(&name) {
            command.env_remove(name);
        }
    }
    command
}

fn is_about_ourselves(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_EXE_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || matches!(
            &*name,
            "CARGO_BIN_NAME"
                | "CARGO_CRATE_NAME"
                | "CARGO_PRIMARY_PACKAGE"
                | "CARGO_TARGET_TMPDIR"
                | "OUT_DIR"
        )
}

/// A duration as a person says it.
pub fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_ended_and_its_last_words_are_told() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new("sh");
        command.args(["-c", "echo retrying; sleep 60"]);
        let start = Instant::now();
        let error = within(
            &mut command,
            Duration::from_millis(300),
            &folder.path().join("log"),
        );
        assert!(start.elapsed() < Duration::from_secs(30));
        assert!(error.is_err_and(|error| error.to_string().ends_with("retrying")));
        Ok(())
    }
}
