//! `cargo xtask fuzz`: the targets of `fuzz/`, one after the other.
//!
//! Each starts from its inputs in `fuzz/corpus/`, which is only read; what it finds on the
//! way lies in `target/fuzz/` and is where the next run goes on.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use tempfile::TempDir;

use testkit::run::{self, output, run, say};
use testkit::setup::cargo_tool;
use testkit::workspace;

/// Of the Cargo registry.
const CARGO_FUZZ: (&str, &str) = ("cargo-fuzz", "0.13.2");
/// The compiler that can count branches.
const TOOLCHAIN: &str = "nightly";
/// Longest input that is tried; the longest of the corpus is shorter.
const MAX_BYTES: u32 = 8192;
/// A short memory for what was freed: batches of 1 MiB would fill a long one with each input.
const ASAN_OPTIONS: &str = "detect_odr_violation=0:quarantine_size_mb=4";
/// What takes longer is a finding.
const LIMIT_SECONDS: u32 = 60;
/// How long each target runs in `cargo xtask test`.
const SMOKE_SECONDS: u32 = 5;

/// `cargo xtask fuzz`
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The targets to run [default: all]
    targets: Vec<String>,
    /// Seconds for each target, once it is built
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Run one target on this input alone, as a finding says
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
}

/// Build the targets, run them, and print how many inputs each tried.
///
/// # Errors
/// When the compiler is missing, or a target found something; the error says how to run
/// that again.
pub(crate) fn fuzz(options: &Options) -> Result<()> {
    if let Some(missing) = missing() {
        bail!("{missing}");
    }
    let all = targets()?;
    if let Some(unknown) = options.targets.iter().find(|name| !all.contains(name)) {
        bail!(
            "there is no target {unknown:?}; there are {}",
            all.join(", ")
        );
    }
    let targets = if options.targets.is_empty() {
        all
    } else {
        options.targets.clone()
    };
    let fuzzer = Fuzzer::build(&targets)?;
    match (&options.input, targets.as_slice()) {
        (None, targets) => fuzzer.run_all(targets, options.seconds),
        (Some(input), [target]) => run(fuzzer.command(target)?.arg(input)),
        (Some(_), _) => bail!("name the target that --input is for"),
    }
}

/// A few seconds for each target, if what is needed is there.
///
/// # Errors
/// When a target does not compile or found something. What is missing is said, no more.
pub(crate) fn smoke() -> Result<()> {
    let missing = missing().or_else(|| {
        cargo_tool(CARGO_FUZZ)
            .err()
            .map(|error| format!("{error:#}"))
    });
    if let Some(missing) = missing {
        say(format!("the fuzz targets are left out: {missing}"));
        return Ok(());
    }
    let targets = targets()?;
    Fuzzer::build(&targets)?.run_all(&targets, SMOKE_SECONDS)
}

/// What is missing on this machine, and how to get it.
fn missing() -> Option<String> {
    if host_triple().is_err() {
        return Some(format!(
            "fuzzing needs the {TOOLCHAIN} compiler; type: rustup toolchain install {TOOLCHAIN} --profile minimal"
        ));
    }
    if std::env::var_os("CXX").is_none() && which::which("c++").is_err() {
        return Some(
            "fuzzing needs a C++ compiler; on Debian, type: sudo apt-get install g++".into(),
        );
    }
    None
}

/// The machine that the nightly compiler builds for.
fn host_triple() -> Result<String> {
    let version = output(run::command("rustup").args(["run", TOOLCHAIN, "rustc", "-vV"]))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc tells no host")?.to_owned())
}

/// The names of all targets.
fn targets() -> Result<Vec<String>> {
    let folder = workspace::fuzz().join("fuzz_targets");
    let entries = fs::read_dir(&folder);
    let entries = entries.with_context(|| format!("cannot list {}", folder.display()))?;
    let paths = entries.map(|entry| Ok(entry?.path()));
    let paths = paths.collect::<Result<BTreeSet<PathBuf>>>()?;
    let names = paths.iter().filter_map(|path| path.file_stem()?.to_str());
    Ok(names.map(str::to_owned).collect())
}

/// Targets that were built.
struct Fuzzer {
    /// Where their programs lie.
    programs: PathBuf,
    /// `target/fuzz`.
    folder: PathBuf,
    /// For the files that targets are given: in memory, where there is such a folder.
    scratch: TempDir,
}

impl Fuzzer {
    fn build(targets: &[String]) -> Result<Self> {
        let folder = workspace::target_folder("fuzz")?;
        let tool = cargo_tool(CARGO_FUZZ)?;
        say("building the fuzz targets; the first time takes minutes");
        // Without a name all are built.
        let names: &[String] = if let [one] = targets {
            std::slice::from_ref(one)
        } else {
            &[]
        };
        run(run::command("rustup")
            .args(["run", TOOLCHAIN])
            .arg(tool)
            .args(["fuzz", "build", "--fuzz-dir"])
            .arg(workspace::fuzz())
            .arg("--target-dir")
            .arg(&folder)
            .args(names)
            // The tool is to run the nightly cargo, not the one that runs us.
            .env_remove("CARGO")
            .current_dir(workspace::root()))?;
        let in_memory = Path::new("/dev/shm");
        Ok(Self {
            programs: folder.join(host_triple()?).join("release"),
            folder,
            scratch: if in_memory.is_dir() {
                tempfile::tempdir_in(in_memory)?
            } else {
                tempfile::tempdir()?
            },
        })
    }

    /// The program of a target, with what holds for every run of it.
    fn command(&self, target: &str) -> Result<Command> {
        let artifacts = self.made(&["artifacts", target])?;
        let mut command = Command::new(self.programs.join(target));
        command
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .arg(format!("-timeout={LIMIT_SECONDS}"))
            // What is made once and kept would be taken for lost.
            .arg("-detect_leaks=0")
            .env("ASAN_OPTIONS", ASAN_OPTIONS)
            .env("LEAKSIEVE_FUZZ_FOLDER", self.scratch.path());
        Ok(command)
    }

    fn made(&self, names: &[&str]) -> Result<PathBuf> {
        let folder = names
            .iter()
            .fold(self.folder.clone(), |folder, name| folder.join(name));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }

    fn run_all(&self, targets: &[String], seconds: u32) -> Result<()> {
        let mut total = 0;
        for target in targets {
            let [num_inputs, num_branches, slowest_s] = self.run(target, seconds)?;
            println!(
                "{target:<14} {num_inputs:>12} inputs {num_branches:>8} branches, slowest {slowest_s} s"
            );
            total += num_inputs;
        }
        println!("{:<14} {total:>12} inputs, no finding", "in total");
        Ok(())
    }

    /// How many inputs were tried, how many branches taken, and the slowest input's seconds.
    fn run(&self, target: &str, seconds: u32) -> Result<[u64; 3]> {
        let mut command = self.command(target)?;
        command
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={MAX_BYTES}"))
            .arg("-print_final_stats=1");
        let dictionary = workspace::fuzz().join(format!("dictionaries/{target}.dict"));
        if dictionary.exists() {
            command.arg(format!("-dict={}", dictionary.display()));
        }
        // The first folder takes what is found.
        command
            .arg(self.made(&["corpus", target])?)
            .arg(workspace::fuzz().join("corpus").join(target));
        let log = self.made(&["logs"])?.join(format!("{target}.log"));
        let file = File::create(&log)?;
        let status = command
            .stdout(file.try_clone()?)
            .stderr(file)
            .status()
            .with_context(|| format!("cannot start `{}`", run::line_of(&command)))?;
        let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        ensure!(status.success(), finding(target, &text, &log));
        let outcome = outcome(&text);
        outcome.with_context(|| format!("{target} tried no input: see {}", log.display()))
    }
}

/// Inputs, branches and the slowest input's seconds, as libFuzzer prints them at the end of a run.
fn outcome(log: &str) -> Option<[u64; 3]> {
    let behind = |word: &str| {
        let (_, rest) = log.rsplit_once(word)?;
        rest.split_whitespace().next()?.parse().ok()
    };
    let num_inputs = behind("stat::number_of_executed_units:")?;
    let slowest_s = behind("stat::slowest_unit_time_sec:")?;
    (num_inputs > 0).then_some([num_inputs, behind(" cov: ")?, slowest_s])
}

/// What was found, and how to see it again.
fn finding(target: &str, log: &str, path: &Path) -> String {
    let what = log
        .lines()
        .find(|line| line.contains("panicked at") || line.contains("ERROR: "))
        .unwrap_or("it ended");
    let input = log
        .rsplit_once("Test unit written to ")
        .and_then(|(_, rest)| rest.lines().next());
    match input {
        Some(input) => format!(
            "{target} found something: {}; see {}, and run it again with: cargo xtask fuzz {target} --input {}",
            what.trim(),
            workspace::shown(path),
            workspace::shown(Path::new(input))
        ),
        None => format!(
            "{target} did not run: {}; see {}",
            what.trim(),
            workspace::shown(path)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libfuzzer_prints() {
        let log = "#2\tINITED cov: 12 ft: 13\n#9\tDONE   cov: 1234 ft: 5 corp: 1/1b\n\
                   stat::number_of_executed_units: 567\nstat::slowest_unit_time_sec:     2\n";
        assert_eq!(outcome(log), Some([567, 1234, 2]));
        assert_eq!(outcome("#2\tINITED cov: 12"), None);
        assert_eq!(outcome(&log.replace("567", "0")), None);
    }

    #[test]
    fn a_finding_says_how_to_see_it_again() {
        let input = workspace::target().join("fuzz/artifacts/lines/crash-1");
        let log = format!(
            "\nthread '<unnamed>' (1) panicked at src/lines.rs:1:2:\nTest unit written to {}\nBase64: AA==\n",
            input.display()
        );
        let text = finding("lines", &log, Path::new("x.log"));
        assert!(text.contains("src/lines.rs:1:2"));
        assert!(
            text.ends_with("cargo xtask fuzz lines --input target/fuzz/artifacts/lines/crash-1")
        );
        assert!(finding("lines", "", Path::new("x.log")).contains("did not run"));
    }
}
