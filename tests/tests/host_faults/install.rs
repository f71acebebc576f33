//! The same for `install`, which writes no file of its own but one of a card's two: whatever
//! fails, the file that the device takes stays as it is, and in the other place is the new
//! one, whole, or none that anybody takes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use leaksieve::file::FilterFile;
use tempfile::TempDir;
use testkit::{host, sample};

use crate::faults::{Fault, SITES, by_site, faults_of, sample_of, site_of};
use crate::trace::{Call, Outcome, Place, Tracer};
use crate::{BUILD, SIZE};

/// The place that is written, and the other.
const WRITTEN: &str = "card/LEAKS2.LSV";
const TAKEN: &str = "card/LEAKS.LSV";

struct Card {
    folder: TempDir,
    command: Vec<String>,
    /// What is in the places before.
    taken: Vec<u8>,
    before: Option<Vec<u8>>,
    new: Vec<u8>,
}

impl Card {
    /// A card with a file, and perhaps an older one in the other place.
    fn new(has_older: bool) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let cli = host::cli()?.display().to_string();
        let run = |arguments: &str| {
            let mut command = std::process::Command::new(&cli);
            command.args(arguments.split_whitespace());
            let output = command.current_dir(folder.path()).output()?;
            ensure!(output.status.success(), "{output:?}");
            Ok(())
        };
        let list: Vec<String> = (0..4_000).map(sample::phone).collect();
        fs::write(folder.path().join("list.txt"), list.join("\n"))?;
        run("keygen --no-password --output key")?;
        for (epoch, size) in [(1, "3000KiB"), (2, "8KiB"), (3, SIZE)] {
            run(&format!(
                "{BUILD} list.txt --output {epoch}.lsv --max-size {size}"
            ))?;
            run(&format!(
                "sign {epoch}.lsv --key key --epoch {epoch} --output input.{epoch}.lsv"
            ))?;
        }
        fs::create_dir(folder.path().join("card"))?;
        let read = |epoch: u32| fs::read(folder.path().join(format!("input.{epoch}.lsv")));
        Ok(Self {
            taken: read(2)?,
            before: has_older.then(|| read(1)).transpose()?,
            new: read(3)?,
            command: [&cli, "install", "card", "input.3.lsv", "card"]
                .map(str::to_owned)
                .to_vec(),
            folder,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn restore(&self) -> Result<()> {
        fs::write(self.path(TAKEN), &self.taken)?;
        match &self.before {
            Some(before) => fs::write(self.path(WRITTEN), before)?,
            None => drop(fs::remove_file(self.path(WRITTEN))),
        }
        Ok(())
    }

    fn try_all(&self, num_sites: usize) -> Result<()> {
        let logs = tempfile::tempdir()?;
        let tracer = Tracer::new(self.folder.path(), logs.path())?;
        self.restore()?;
        let undisturbed = tracer.run(&self.command, &[])?;
        ensure!(undisturbed.status.success(), "{undisturbed:?}");
        ensure!(self.is_new()?, "not installed");
        let (mut wrong, mut num_faults) = (Vec::new(), 0);
        let mut hit = std::collections::BTreeSet::new();
        for (site, calls) in by_site(&undisturbed.calls)? {
            let calls: Vec<_> = calls
                .into_iter()
                .filter(|call| call.place == Some(Place::Card))
                .collect();
            for (call, fault) in faults_of(site, sample_of(&calls, &undisturbed.calls)) {
                self.restore()?;
                let outcome = tracer.run(&self.command, &fault.options(call))?;
                if let Err(error) = self.judge(call, fault, &outcome) {
                    wrong.push(format!(
                        "{fault:?} at {}:\n  {error}; {}; {}",
                        call.line, outcome.status, outcome.stderr
                    ));
                }
                hit.insert(site);
                num_faults += 1;
            }
        }
        let names: Vec<_> = hit.iter().map(|site| SITES[*site].name).collect();
        println!("install: {num_faults} faults at {}", names.join("; "));
        ensure!(hit.len() == num_sites, "{} sites", hit.len());
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    }

    fn judge(&self, call: &Call, fault: Fault, outcome: &Outcome) -> Result<()> {
        let site = site_of(call);
        ensure!(
            outcome
                .calls
                .iter()
                .any(|hit| hit.is_hit() && hit.name == call.name && site_of(hit) == site)
                || outcome.is_terminated,
            "the fault never came there"
        );
        ensure!(fs::read(self.path(TAKEN))? == self.taken, "the other file");
        let is_new = self.is_new()?;
        let is_before = fs::read(self.path(WRITTEN)).ok() == self.before;
        let is_none = FilterFile::open(&self.path(WRITTEN)).is_err();
        ensure!(is_new || is_before || is_none, "half of one is taken");
        let said = &outcome.stderr;
        // Where a message cannot be written either, the status alone tells.
        let is_mute = outcome
            .calls
            .iter()
            .any(|call| call.line.starts_with("write(2<") && call.is_hit());
        ensure!(!said.contains("panicked"));
        match outcome.status.code() {
            Some(0) => ensure!(is_new, "not there"),
            Some(2) => {
                ensure!(fault != Fault::Once("EINTR"), "the call was not made again");
                ensure!(is_mute || said.contains("card"), "not said where");
            }
            // Ended by a signal.
            Some(130 | 143) | None => ensure!(matches!(fault, Fault::Kill | Fault::Terminate)),
            _ => ensure!(false, "its status"),
        }
        if !is_new {
            let again = std::process::Command::new(&self.command[0])
                .args(&self.command[1..])
                .current_dir(self.folder.path())
                .output()?;
            ensure!(again.status.success(), "and not again: {again:?}");
            ensure!(self.is_new().context("installed again")?);
        }
        Ok(())
    }

    /// Is the new file there, whole? What a longer one has left behind it is no part of it.
    fn is_new(&self) -> Result<bool> {
        let path: &Path = &self.path(WRITTEN);
        Ok(path.exists() && fs::read(path)?.starts_with(&self.new))
    }
}

#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn install_beside_a_file() -> Result<()> {
    Card::new(false)?.try_all(11)
}

#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn install_over_an_older_file() -> Result<()> {
    Card::new(true)?.try_all(10)
}
