//! The two encodings beside libraries, a program and the limit, at several rates; and how many
//! items a small chip holds in each, by building that list.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::run::{output, say};

use crate::generate::Kind;
use crate::in_process::{nanoseconds, told};
use crate::measure::{Step, Usage};
use crate::peers;
use crate::programs::Contender;
use crate::report::thousands;
use crate::{Options, file_bytes, in_process_program, leaksieve, list, work_folder};

mod table;

/// What is aimed at.
const RATES: [f64; 4] = [1.0 / 128.0, 0.001, 1.0 / 1024.0, 1.0 / 16384.0];

/// The chip's room: of a flash of 1 MiB the firmware takes some.
const CHIP_SIZE: &str = "900KiB";
const CHIP_BYTES: u64 = 900 << 10;
const CHIP_RATE: f64 = 0.001;

/// What the measured rate may be above the one that was asked for: chance.
const RATE_TOLERANCE: f64 = 0.02;

/// Ours, as they are asked for, and how they stand in tables.
const ENCODINGS: [(&str, &[&str]); 2] = [
    ("leaksieve, bloom", &["--encoding", "bloom"]),
    ("leaksieve, ribbon", &["--encoding", "ribbon"]),
];

/// Who takes turns at a rate.
enum Filter {
    Ours(&'static [&'static str]),
    /// What the program of `bench/benches` calls it.
    Library(&'static str),
    Program(Contender),
}

/// One filter at one rate, and all that was measured.
struct Entry {
    name: String,
    filter: Filter,
    /// What is aimed at; what cannot choose has its own.
    rate: f64,
    builds: Vec<Usage>,
    /// What ours tell of themselves.
    summaries: Vec<Value>,
    /// What the libraries, and the finished files in memory, tell.
    asked: Vec<Value>,
    num_bytes: u64,
    num_false_positives: u64,
}

/// The files that are read and written.
struct Files {
    leaksieve: PathBuf,
    in_process: PathBuf,
    members: PathBuf,
    strangers: PathBuf,
    filter: PathBuf,
    printed: PathBuf,
}

/// What fits the chip.
struct Fitting {
    name: &'static str,
    num_items: u64,
    summary: Value,
    asked: Value,
}

/// Measure, write the picture, and give the section.
///
/// # Errors
/// When ours fails, loses a member or misses its rate, or a library fails.
pub(crate) fn measure(options: &Options) -> Result<String> {
    let folder = work_folder()?;
    let folder = folder.path();
    say(format!("generating {} lines", thousands(options.items)));
    let files = Files {
        leaksieve: leaksieve()?,
        in_process: in_process_program()?,
        members: list(folder, Kind::Phones, options.items, false, "members.txt")?,
        strangers: list(folder, Kind::Phones, options.probes, true, "strangers.txt")?,
        filter: folder.join("filter"),
        printed: folder.join("printed"),
    };
    let mut groups: Vec<Vec<Entry>> = RATES.iter().map(|rate| entries(*rate)).collect();
    for run in 1..=options.runs {
        for (rate, entries) in RATES.iter().zip(&mut groups) {
            say(format!("run {run}: {}", table::one_in(*rate)));
            for entry in entries {
                entry.measure(&files, options)?;
            }
        }
    }
    let fitting = ENCODINGS
        .iter()
        .map(|(name, arguments)| fit(name, arguments, folder, &files))
        .collect::<Result<Vec<_>>>()?;
    table::draw(&groups, options)?;
    Ok(table::section(&groups, &fitting, options))
}

fn entries(rate: f64) -> Vec<Entry> {
    let entry = |name: &str, filter, rate| Entry {
        name: name.into(),
        filter,
        rate,
        builds: Vec::new(),
        summaries: Vec::new(),
        asked: Vec::new(),
        num_bytes: 0,
        num_false_positives: 0,
    };
    let mut entries: Vec<Entry> = ENCODINGS
        .iter()
        .map(|(name, arguments)| entry(name, Filter::Ours(arguments), rate))
        .collect();
    // Fingerprints of 8 or 16 bits have one rate: beside the nearest.
    for (library, program, bits) in [
        ("xorf BinaryFuse8", "binary-fuse-8", 8.0),
        ("xorf BinaryFuse16", "binary-fuse-16", 16.0),
    ] {
        let distance = |rate: f64| ((1.0 / rate).log2() - bits).abs();
        if RATES.iter().all(|other| distance(rate) <= distance(*other)) {
            let own = 0.5_f64.powf(bits);
            let name = format!("{library}: {}", table::one_in(own));
            entries.push(entry(&name, Filter::Library(program), own));
        }
    }
    entries.push(entry(
        "fastbloom, XXH3",
        Filter::Library("fastbloom-xxh3"),
        rate,
    ));
    match peers::poppy() {
        Ok(program) => {
            let contender = Contender::Peer(program);
            let name = contender.name();
            entries.push(entry(&name, Filter::Program(contender), rate));
        }
        Err(error) => say(format!("without poppy: {error:#}")),
    }
    entries
}

impl Entry {
    const fn is_ours(&self) -> bool {
        matches!(self.filter, Filter::Ours(_))
    }

    /// Build it once more, and ask it.
    fn measure(&mut self, files: &Files, options: &Options) -> Result<()> {
        match &self.filter {
            Filter::Ours(arguments) => {
                let rate = self.rate.to_string();
                let (used, summary) = build(files, &files.members, arguments, &["--fpr", &rate])?;
                let asked = ask_loaded(files, &files.members)?;
                ensure!(
                    asked["num_lost"] == 0,
                    "{} lost {} members: this is a defect",
                    self.name,
                    asked["num_lost"]
                );
                self.builds.push(used);
                self.num_bytes = file_bytes(&files.filter)?;
                self.summaries.push(summary);
                self.take(asked);
                fs::remove_file(&files.filter)?;
            }
            Filter::Library(contender) => {
                let step = Step::new(&files.in_process)
                    .args([Path::new(contender), &files.members, &files.strangers])
                    .args([format!("--rate={}", self.rate)]);
                let (_, asked) = told(step, contender, &files.printed)?;
                self.num_bytes = asked["num_bytes"].as_u64().unwrap_or_default();
                self.take(asked);
            }
            Filter::Program(contender) => {
                let Contender::Peer(program) = contender else {
                    return Ok(());
                };
                let mut used = Usage::default();
                for step in program.build(&files.members, options.items, self.rate, &files.filter) {
                    used = used.then(step.run(&files.printed)?);
                }
                self.builds.push(used);
                self.num_bytes = file_bytes(&files.filter)?;
                let check = program.check(&files.filter, &files.strangers);
                check.run(&files.printed)?;
                self.num_false_positives = contender.count(&files.printed)?;
                fs::remove_file(&files.filter)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, asked: Value) {
        self.num_false_positives = asked["num_false_positives"].as_u64().unwrap_or_default();
        self.asked.push(asked);
    }

    /// Nanoseconds of a question.
    fn question(&self, seconds: &str, count: &str) -> f64 {
        nanoseconds(self.asked.iter(), seconds, count)
    }
}

/// Build with our program, and give what it used and tells.
fn build(files: &Files, list: &Path, encoding: &[&str], size: &[&str]) -> Result<(Usage, Value)> {
    Step::new(&files.leaksieve)
        .args([Path::new("build"), list, Path::new("-o"), &files.filter])
        .args(["--kind", "phone", "--region", "CN", "--format", "json"])
        .args(encoding)
        .args(size)
        .run(&files.printed)
        .and_then(|used| {
            let summary = fs::read_to_string(&files.printed)?;
            Ok((used, serde_json::from_str(&summary)?))
        })
}

/// What the pages of the finished file answer from memory.
fn ask_loaded(files: &Files, members: &Path) -> Result<Value> {
    let contender = "leaksieve-loaded";
    let step = Step::new(&files.in_process)
        .args([Path::new(contender), members, &files.strangers])
        .args([&files.filter]);
    Ok(told(step, contender, &files.printed)?.1)
}

/// Build the longest list that fits the chip by our own estimate, and ask whether it keeps its
/// size and rate.
fn fit(name: &'static str, arguments: &[&str], folder: &Path, files: &Files) -> Result<Fitting> {
    let (mut num_items, mut too_many) = (1, CHIP_BYTES * 8);
    while too_many - num_items > 1 {
        let middle = num_items.midpoint(too_many);
        if estimated_rate(files, arguments, middle)?.is_some_and(|rate| rate <= CHIP_RATE) {
            num_items = middle;
        } else {
            too_many = middle;
        }
    }
    say(format!(
        "{CHIP_SIZE}: {} items, {name}",
        thousands(num_items)
    ));
    let members = list(folder, Kind::Phones, num_items, false, "fitting.txt")?;
    let (_, summary) = build(files, &members, arguments, &["--max-size", CHIP_SIZE])?;
    let asked = ask_loaded(files, &members)?;
    let num_bytes = file_bytes(&files.filter)?;
    let rate = summary["false_positive_rate"]["measured"].as_f64();
    let rate = rate.context("a build tells its rate")?;
    ensure!(
        num_bytes <= CHIP_BYTES && rate <= CHIP_RATE * (1.0 + RATE_TOLERANCE),
        "{name}: {num_items} items should fit {CHIP_SIZE} at {CHIP_RATE}, and take {num_bytes} bytes at {rate}"
    );
    ensure!(
        asked["num_lost"] == 0,
        "{name} lost members: this is a defect"
    );
    for file in [&members, &files.filter] {
        fs::remove_file(file)?;
    }
    Ok(Fitting {
        name,
        num_items,
        summary,
        asked,
    })
}

/// The rate that so many items would have on the chip; `None`: they do not fit.
fn estimated_rate(files: &Files, arguments: &[&str], num_items: u64) -> Result<Option<f64>> {
    let [_, encoding] = arguments else {
        return Ok(None);
    };
    let mut command = std::process::Command::new(&files.leaksieve);
    command
        .args(["estimate", "--max-size", CHIP_SIZE, "--format", "json"])
        .args(["--items", &num_items.to_string()]);
    // Too many are an error.
    let Ok(told) = output(&mut command) else {
        return Ok(None);
    };
    for line in told.lines() {
        let row: Value = serde_json::from_str(line)?;
        if row["encoding"] == **encoding {
            return Ok(row["false_positive_rate"].as_f64());
        }
    }
    Ok(None)
}
