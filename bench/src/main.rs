//! `cargo benchmark`: what leaksieve costs, beside other programs and libraries and beside
//! floors that nobody can be below, all measured in one run.
//!
//! Tools take turns (A B C, A B C), so that a busy machine slows all of them, and what is shown is
//! the median. Ratios say more than figures. Writes `docs/benchmarks.md` with its
//! pictures, a section for each part that was run; the other sections stay.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};
use testkit::run::{self, say};
use testkit::{host, workspace};

use crate::generate::{List, parse_count};

mod device;
mod encodings;
mod exact;
mod generate;
mod growth;
mod in_process;
mod instructions;
mod measure;
mod models;
mod peers;
mod picture;
mod programs;
mod python;
mod report;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Programs that build a filter of phone numbers
    Phones,
    /// Programs that build a filter of HASH:COUNT lines
    Hashes,
    /// Libraries, on one thread
    InProcess,
    /// Bloom and ribbon beside libraries and the limit, at four rates, and what fits 900 KiB
    Encodings,
    /// Exact sets of several models beside filters, other structures and the entropy
    Exact,
    /// Time and memory against the number of items
    Growth,
    /// Instructions of the hot functions, counted by callgrind
    Instructions,
    /// Questions from Python, beside its libraries
    Python,
    /// Flash, RAM, stack and instructions of the emulated board, with signatures and without
    Device,
}

/// What leaksieve costs, beside other programs and libraries; writes docs/benchmarks.md
#[derive(Parser)]
#[command(name = "cargo benchmark", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Print a long list of generated phone numbers or hashes, to measure with
    Generate(generate::Options),
    /// Print a long list of numbers in the shape of a leak
    Model(models::Options),
}

#[derive(Args, Debug)]
struct Options {
    /// Lines of the lists
    #[arg(long, value_parser = parse_count, default_value = "10_000_000")]
    items: u64,
    /// How often all is measured; the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Lines that are not in the list, and are asked for
    #[arg(long, value_parser = parse_count, default_value = "1_000_000")]
    probes: u64,
    /// Measure only these [default: all]
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Growth: the longest list; 1_000_000_000 needs 30 GB of disk and an hour
    #[arg(long, value_parser = parse_count, default_value = "10_000_000")]
    max_items: u64,
    /// Instructions: write nothing, and fail if one differs from docs/instructions.tsv by more than 3 %
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Some(Command::Generate(options)) => options.run(),
        Some(Command::Model(options)) => options.run(),
        None => bench(&cli.options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Causes in one line; a backtrace would say nothing to whoever reads this.
        Err(error) => {
            say(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Measure, print, and write `docs/benchmarks.md`.
///
/// # Errors
/// When our own tool fails, loses a member, or something cannot be written. A peer that cannot
/// be got is said and left out.
fn bench(options: &Options) -> Result<()> {
    let parts = match &options.only[..] {
        [] if options.check => &[Part::Instructions],
        [] => Part::value_variants(),
        only => only,
    };
    for part in Part::value_variants() {
        if !parts.contains(part) {
            continue;
        }
        let section = match part {
            Part::Phones => Some(programs::measure(options, programs::Leak::Phones)?),
            Part::Hashes => Some(programs::measure(options, programs::Leak::Hashes)?),
            Part::InProcess => Some(in_process::measure(options)?),
            Part::Encodings => Some(encodings::measure(options)?),
            Part::Exact => Some(exact::measure(options)?),
            Part::Growth => Some(growth::measure(options)?),
            Part::Instructions => instructions::measure(options.check)?,
            Part::Python => Some(python::measure(options)?),
            Part::Device => Some(device::measure()?),
        };
        if let Some(section) = section {
            println!("{section}");
            report::put(&part.name(), &section)?;
        }
    }
    Ok(())
}

impl Part {
    fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }
}

/// A folder for lists and filters, under `target/bench`; gone when the value is.
fn work_folder() -> Result<tempfile::TempDir> {
    Ok(tempfile::Builder::new()
        .prefix("work-")
        .tempdir_in(workspace::target_folder("bench")?)?)
}

/// A generated list in a folder.
fn list(
    folder: &Path,
    kind: generate::Kind,
    num_items: u64,
    strangers: bool,
    name: &str,
) -> Result<PathBuf> {
    let path = folder.join(name);
    List {
        kind,
        num_items,
        seed: 0,
        strangers,
    }
    .write_file(&path)?;
    Ok(path)
}

/// Our own program, as a user builds it.
fn leaksieve() -> Result<PathBuf> {
    say("compiling leaksieve, if it changed");
    host::build("release", &[])
}

/// The benchmarks of `bench/benches` that run in their own process.
fn in_process_program() -> Result<PathBuf> {
    say("compiling bench/benches, if they changed");
    let mut command = run::cargo();
    command
        .args(["bench", "--quiet", "--bench", "in_process", "--no-run"])
        .arg("--target-dir")
        .arg(workspace::target())
        .current_dir(workspace::root().join("bench"));
    host::executable(&mut command)
}

/// Bytes of a file.
fn file_bytes(path: &Path) -> Result<u64> {
    let metadata = std::fs::metadata(path);
    Ok(metadata
        .with_context(|| format!("cannot read {}", path.display()))?
        .len())
}
