//! Every call that a command makes of the system for its files is made to fail, in turn,
//! and the program is killed in front of each: what was in the output's place is there as
//! it was, or the new file is, whole; never a success without it; the message says where
//! and what to do, and no identifier; nothing is left behind, or the next run removes it.
#![cfg(target_os = "linux")]

mod faults;
mod install;
mod others;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use leaksieve::input::profile::phone_profile;
use leaksieve_core::encoding::exact;
use leaksieve_core::hash::HashFunction;
use leaksieve_core::{Identifier, IdentifierKind, Profile};
use tempfile::TempDir;
use testkit::{host, sample};

use faults::{Fault, SITES, by_site, faults_of, sample_of, site_of};
use trace::{Call, Outcome, Place, Tracer};

/// What a killed run left beside the output.
const LEFT_OVER: &str = ".leak.lsv.killed.lsv.tmp";
const NUM_LINES: u64 = 4_000;
/// What the writes of the output, of 1 MiB, are some of.
const SIZE: &str = "2500KiB";
/// Lines of so few partitions that they do not fit into the least memory that a build
/// takes: 2048 blocks of 4096 do, and more than 32 are written at once.
const NUM_SPOOLED_LINES: usize = (2048 + 1 + 2 * 32 + 5) * 4096;

/// A command, and what of it is tried. It reads files that are called `input.` and more,
/// and writes `out/leak.lsv`.
struct Case {
    folder: TempDir,
    logs: TempDir,
    /// The program and what follows it.
    command: Vec<String>,
    /// What `strace` makes fail in every run.
    always: &'static [&'static str],
    /// What is in the place of the output before.
    before: Option<Vec<u8>>,
    /// What no message may hold.
    identifiers: Vec<String>,
    /// When that which a killed run left is removed, as [`Call::order`] has it.
    removed: usize,
    /// Are the faults of this call tried?
    is_tried: fn(&Call) -> bool,
}

impl Case {
    /// An output in its place, what a killed run left beside it, and a list.
    fn new(identifiers: Vec<String>, command: &str) -> Result<Self> {
        let case = Self {
            folder: tempfile::tempdir()?,
            logs: tempfile::tempdir()?,
            command: std::iter::once(host::cli()?.display().to_string())
                .chain(command.split_whitespace().map(str::to_owned))
                .collect(),
            always: &[],
            before: Some(b"what was there before".to_vec()),
            identifiers,
            removed: 0,
            is_tried: |_| true,
        };
        fs::create_dir(case.path("out"))?;
        fs::create_dir(case.path("spool"))?;
        Ok(case)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command line of this folder, run as it is.
    fn run(&self, arguments: &[String]) -> Result<()> {
        let output = Command::new(&arguments[0])
            .args(&arguments[1..])
            .current_dir(self.folder.path())
            .output()?;
        ensure!(output.status.success(), "{output:?}");
        Ok(())
    }

    /// As it is before every run.
    fn restore(&self) -> Result<()> {
        for name in names(&self.path("out"))? {
            fs::remove_file(self.path("out").join(name))?;
        }
        if let Some(before) = &self.before {
            fs::write(self.path("out/leak.lsv"), before)?;
        }
        fs::write(self.path("out").join(LEFT_OVER), b"half of one")?;
        Ok(())
    }

    /// All faults, each in a run of its own, at so many sites; prints what was hit.
    fn try_all(&mut self, num_sites: usize) -> Result<()> {
        let began = Instant::now();
        let tracer = Tracer::new(self.folder.path(), self.logs.path())?;
        self.restore()?;
        let undisturbed = tracer.run(&self.command, &self.options(&[]))?;
        ensure!(undisturbed.status.success(), "{undisturbed:?}");
        let good = fs::read(self.path("out/leak.lsv"))?;
        ensure!(names(&self.path("out"))? == ["leak.lsv"]);
        ensure!(self.before.as_ref() != Some(&good));

        self.removed = undisturbed
            .calls
            .iter()
            .rfind(|call| call.place == Some(Place::LeftOver))
            .context("nothing was removed")?
            .order;

        let mut wrong = Vec::new();
        let mut hits = BTreeMap::<(usize, String), u32>::new();
        for (site, calls) in by_site(&undisturbed.calls)? {
            let tried: Vec<_> = calls
                .into_iter()
                .filter(|call| (self.is_tried)(call))
                .collect();
            for (call, fault) in faults_of(site, sample_of(&tried, &undisturbed.calls)) {
                self.restore()?;
                let options = self.options(&fault.options(call));
                let wrongly = match tracer.run(&self.command, &options) {
                    Ok(outcome) => self
                        .judge(&good, call, fault, &outcome)
                        .and_then(|()| was_hit(site, call, fault, &outcome))
                        .err()
                        .map(|error| format!("{error}; {}; {}", outcome.status, outcome.stderr)),
                    Err(error) => Some(error.to_string()),
                };
                wrong.extend(wrongly.map(|how| format!("{fault:?} at {}:\n  {how}", call.line)));
                *hits.entry((site, format!("{fault:?}"))).or_default() += 1;
            }
        }
        let mut report = format!("{}\n", self.command[1..].join(" "));
        for (index, site) in SITES.iter().enumerate() {
            let of_site: Vec<String> = hits
                .iter()
                .filter(|((hit, _), _)| *hit == index)
                .map(|((_, fault), count)| format!("{fault} {count}"))
                .collect();
            if !of_site.is_empty() {
                writeln!(report, "  {:<52} {}", site.name, of_site.join(", "))?;
            }
        }
        println!(
            "{report}  {} faults in {:.1} s",
            hits.values().sum::<u32>(),
            began.elapsed().as_secs_f64()
        );
        let hit: BTreeSet<usize> = hits.keys().map(|(site, _)| *site).collect();
        ensure!(hit.len() == num_sites, "{} sites", hit.len());
        ensure!(
            wrong.is_empty(),
            "{} of them came out wrong:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
        Ok(())
    }

    fn options(&self, options: &[String]) -> Vec<String> {
        let always = self.always.iter().map(|option| (*option).to_owned());
        always.chain(options.iter().cloned()).collect()
    }

    /// Is what a run left, and what it said, as it must be?
    fn judge(&self, good: &[u8], call: &Call, fault: Fault, outcome: &Outcome) -> Result<()> {
        let found = fs::read(self.path("out/leak.lsv")).ok();
        let is_new = found.as_deref() == Some(good);
        ensure!(is_new || found == self.before, "neither old nor new");
        ensure!(names(&self.path("spool"))?.is_empty());
        let said = &outcome.stderr;
        ensure!(!said.contains("panicked"));
        ensure!(
            !self
                .identifiers
                .iter()
                .any(|one| said.contains(one) || outcome.stdout.contains(one)),
            "an identifier is shown"
        );

        let left = names(&self.path("out"))?;
        let is_alone = left.iter().all(|name| name == "leak.lsv");
        if outcome.is_killed() {
            ensure!(fault == Fault::Kill, "killed");
            if !is_alone {
                let mut again = self.command.clone();
                if self.before.is_none() {
                    again.push("--force".into());
                }
                self.run(&again)?;
                ensure!(names(&self.path("out"))? == ["leak.lsv"], "left over");
                ensure!(fs::read(self.path("out/leak.lsv"))? == good);
            }
            return Ok(());
        }
        // What was not looked for yet, or cannot be, or not be removed, stays.
        let is_left_alone = call.order <= self.removed
            || site_of(call).is_some_and(|site| SITES[site].name.contains("unlink"));
        ensure!(is_alone || is_left_alone, "{left:?}");

        // A message is a write too, and may be the one of that number in its thread: where
        // it fails, the status alone tells.
        let is_mute = outcome
            .calls
            .iter()
            .any(|call| call.line.starts_with("write(2<") && call.is_hit());
        let says_new = said.contains("the new file was saved");
        match outcome.status.code() {
            Some(0) => ensure!(is_new && (!says_new || fault == Fault::Terminate)),
            Some(130) => {
                ensure!(fault == Fault::Terminate && is_new == says_new);
                ensure!(is_new || said.contains("nothing was saved"));
            }
            Some(2) if is_mute => {}
            Some(2) => {
                ensure!(fault != Fault::Once("EINTR"), "the call was not made again");
                ensure!(is_new == says_new);
                for help in Self::help(call, fault) {
                    let is_said = help.split('|').any(|one| said.contains(one));
                    ensure!(is_said, "none of {help:?} is said");
                }
            }
            _ => ensure!(false, "its status"),
        }
        Ok(())
    }

    /// The file that an error has to name, and what to do; one of each must be said.
    fn help(call: &Call, fault: Fault) -> [&'static str; 2] {
        if matches!(fault, Fault::FromNowOn(_)) {
            // Another call may have been the first that mattered.
            return ["out|input.|spool", ""];
        }
        let is_full = fault == Fault::Once("ENOSPC");
        match call.place {
            Some(Place::Stdout) => ["out/leak.lsv", "--quiet"],
            Some(Place::Input) => ["input.", ""],
            Some(Place::Spool) if call.name.contains("read") => ["spool", "heck the disk"],
            Some(Place::Spool) => ["spool", "--temp-dir"],
            _ if is_full => ["out/leak.lsv", "make room|power cut"],
            Some(Place::Folder | Place::Target) => ["out", "heck the disk|create it first|--force"],
            _ => ["out/leak.lsv", "heck the disk"],
        }
    }
}

/// Did the fault come where it was meant to?
fn was_hit(site: usize, call: &Call, fault: Fault, outcome: &Outcome) -> Result<()> {
    let is_hit = outcome
        .calls
        .iter()
        .any(|hit| hit.is_hit() && hit.name == call.name && site_of(hit) == Some(site));
    ensure!(
        is_hit || fault == Fault::Terminate && outcome.is_terminated,
        "the fault never came there"
    );
    Ok(())
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let names = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>>>()?;
    Ok(names)
}

const BUILD: &str = "build --kind=phone --region=CN --name=Test --seed=1 --created=0 --threads=1";

/// A build of a small list.
fn small(options: &str) -> Result<Case> {
    of_size(SIZE, options)
}

fn of_size(size: &str, options: &str) -> Result<Case> {
    let list: Vec<String> = (0..NUM_LINES).map(sample::phone).collect();
    let text = list.join("\n");
    let case = Case::new(
        list,
        &format!("{BUILD} --output out/leak.lsv input.txt --max-size {size} {options}"),
    )?;
    fs::write(case.path("input.txt"), text)?;
    Ok(case)
}

#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn build() -> Result<()> {
    small("--force --encoding=bloom")?.try_all(22)
}

#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn build_of_a_ribbon() -> Result<()> {
    small("--force --encoding=ribbon")?.try_all(22)
}

#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn build_of_an_exact_set() -> Result<()> {
    small("--force --encoding=exact")?.try_all(22)
}

/// Of these numbers an exact set is made first, and given up for a filter.
#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn build_that_chooses() -> Result<()> {
    // In more room the set would be kept.
    of_size("8KiB", "--force --encoding=auto")?.try_all(23)
}

/// Without `--force` the rename may replace nothing, which is another call.
#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn build_of_a_file_that_was_not_there() -> Result<()> {
    let mut case = small("")?;
    case.before = None;
    case.is_tried = |call| call.name.starts_with("rename");
    case.try_all(1)?;
    // Of two, where the file system has no such call.
    case.always = &["-e", "inject=renameat2:error=EINVAL"];
    case.is_tried = |call| call.name.contains("link") && call.place == Some(Place::Unfinished);
    case.try_all(2)
}

/// Numbers that have the last partition in common, so that few fill the memory. Of the last
/// the finished file is asked after 1023 others: the reads for that are known by their number.
/// `is_exact`: they are gathered as `pipeline/exact.rs` scatters them, else by their hash.
fn of_one_partition(num: usize, is_exact: bool) -> Result<Vec<String>> {
    let profile = Profile::Phone(phone_profile("CN")?);
    let hash = HashFunction::Xxh3 { seed: 1 };
    let mut found = Vec::new();
    for number in (0..).map(sample::phone) {
        let identifier = Identifier::new(number.as_bytes()).of_kind(IdentifierKind::Phone);
        let item = profile
            .normalise(&identifier)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        let key = match exact::number(&profile, item.as_bytes()) {
            Some(number) if is_exact => {
                const SCATTER: u64 = 0x9E37_79B9_7F4A_7C15;
                let product = number.wrapping_mul(SCATTER);
                (product ^ product >> 32).wrapping_mul(SCATTER)
            }
            _ => hash.hash(&item),
        };
        if key >> 54 == 1023 {
            found.push(number);
        }
        if found.len() == num {
            break;
        }
    }
    Ok(found)
}

/// What does not fit into memory is put aside, and read back three times.
#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn build_of_a_list_that_does_not_fit_into_memory() -> Result<()> {
    ["bloom", "ribbon", "exact"]
        .iter()
        .try_for_each(|encoding| spooled(encoding))
}

fn spooled(encoding: &str) -> Result<()> {
    let list = of_one_partition(16, encoding == "exact")?;
    let block = list.join("\n") + "\n";
    let mut case = Case::new(
        list,
        &format!(
            "{BUILD} --output out/leak.lsv input.txt --memory 256MiB --temp-dir spool --force --encoding={encoding}"
        ),
    )?;
    case.is_tried = |call| call.place == Some(Place::Spool);
    let mut file = fs::File::create(case.path("input.txt"))?;
    for _ in 0..NUM_SPOOLED_LINES / (16 * 64) {
        file.write_all(block.repeat(64).as_bytes())?;
    }
    case.try_all(3)
}

#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn bundle() -> Result<()> {
    let mut case = Case::new(
        (0..NUM_LINES).map(sample::phone).collect(),
        "bundle input.1.lsv input.2.lsv --output out/leak.lsv --force",
    )?;
    fs::write(case.path("list.txt"), case.identifiers.join("\n"))?;
    for (name, size) in [("input.1.lsv", "8KiB"), ("input.2.lsv", SIZE)] {
        let build = format!("{BUILD} list.txt --output {name} --max-size {size}");
        let arguments: Vec<String> = std::iter::once(case.command[0].clone())
            .chain(build.split_whitespace().map(str::to_owned))
            .collect();
        case.run(&arguments)?;
    }
    case.try_all(23)
}

#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn sign() -> Result<()> {
    let mut case = Case::new(
        (0..NUM_LINES).map(sample::phone).collect(),
        "sign input.lsv --key input.key --epoch 1 --output out/leak.lsv --force",
    )?;
    fs::write(case.path("list.txt"), case.identifiers.join("\n"))?;
    for command in [
        format!("{BUILD} list.txt --output input.lsv --max-size {SIZE}"),
        "keygen --no-password --output input.key".to_owned(),
    ] {
        let arguments: Vec<String> = std::iter::once(case.command[0].clone())
            .chain(command.split_whitespace().map(str::to_owned))
            .collect();
        case.run(&arguments)?;
    }
    // Worker threads read in turns, and which of them reads what is not the same in each run.
    case.is_tried = |call| call.name != "pread64";
    case.try_all(22)
}

/// The image is written as the filter is read, and both are read again.
#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn image() -> Result<()> {
    ["bin", "ihex", "uf2 --family pico"]
        .iter()
        .try_for_each(|format| exported(format))
}

fn exported(format: &str) -> Result<()> {
    let mut case = Case::new(
        (0..NUM_LINES).map(sample::phone).collect(),
        &format!(
            "install image input.lsv --format {format} --address 0 --output out/leak.lsv --force"
        ),
    )?;
    fs::write(case.path("list.txt"), case.identifiers.join("\n"))?;
    let build = format!("{BUILD} list.txt --output input.lsv --max-size {SIZE}");
    let arguments: Vec<String> = std::iter::once(case.command[0].clone())
        .chain(build.split_whitespace().map(str::to_owned))
        .collect();
    case.run(&arguments)?;
    case.try_all(21)
}
