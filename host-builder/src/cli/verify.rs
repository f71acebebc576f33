//! `leaksieve verify`

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use leaksieve::file::verify::{holds, verify};
use leaksieve::file::{FileError, FilterFile};
use leaksieve::input::normalise::{Keys, Rules, read_and_hash, total_bytes};
use leaksieve::input::speller::{Lost, Sample, Speller};
use leaksieve::progress::Stage;
use leaksieve_core::encoding::Encoding;
use leaksieve_core::sector::SECTOR_BYTES;
use leaksieve_core::{Catalogue, IdentifierKind};

use super::advice::OPTIONS;
use super::arguments::Kind;
use super::text::{count, several, size};
use super::{list, progress, trust};

/// Places of lost items that are named.
const NUM_NAMED: usize = 5;

#[derive(clap::Args)]
#[command(
    after_help = "\
Exit status: 0 if all is well, 2 if not.

Example: leaksieve verify taobao.lsv --source taobao.csv --column phone",
    after_long_help = "\
Exit status: 0 if all is well, 2 if the file is damaged, differs from what was signed, or lacks an
entry of the list; with --key, also if none of these keys signed it.

Examples:
  leaksieve verify signed.lsv --key leaks.key.pub
  leaksieve verify taobao.lsv --source taobao.csv --column phone"
)]
pub(crate) struct Args {
    /// Filter file
    file: PathBuf,
    /// Print only what is wrong
    #[arg(short, long)]
    quiet: bool,
    /// Also look up every line of these lists
    ///
    /// The lists that the file was made from, or folders of them; - is standard input.
    #[arg(help_heading = list::HEADING, long, value_name = "INPUT", num_args = 1..)]
    source: Vec<PathBuf>,
    #[arg(help_heading = list::HEADING, long, value_enum, requires = "source", hide_possible_values = true,
        help = Kind::NAMES,
        long_help = Kind::help("Kind of identifiers in the lists [default: the file's]"))]
    kind: Option<Kind>,
    #[command(flatten)]
    list: list::ListArgs,
    #[command(flatten)]
    trust: trust::TrustArgs,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let file = self.trust.open(&self.file)?;
        trust::warn_if_expired(&file);
        let observer = progress::Bar::observer(self.quiet);
        let findings = verify(&file, observer.as_ref())?;
        drop(observer);
        let mut out = io::stdout().lock();
        if !self.quiet {
            writeln!(
                out,
                "{}: {} sectors, {}, all undamaged",
                self.file.display(),
                count(findings.num_sectors.into()),
                size(file.num_bytes())
            )?;
            self.tell_signer(&file, &mut out)?;
        }
        if !self.source.is_empty() {
            self.ask_all(&file, &mut out)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// What the signature says, and what it does not.
    fn tell_signer(&self, file: &FilterFile, out: &mut impl Write) -> io::Result<()> {
        let path = self.file.display();
        let epoch = file.catalogue().header().epoch;
        match file.catalogue().signer() {
            Some(signer) if self.trust.has_keys() => writeln!(
                out,
                "{path}: signed by {signer}, which you trust; every sector matches the signature; epoch {epoch}"
            ),
            Some(signer) => writeln!(
                out,
                "{path}: signed by {signer}; every sector matches the signature; epoch {epoch}. \
                 Give --key to compare this key with one that you trust"
            ),
            None => writeln!(out, "{path}: not signed: anyone could have made it"),
        }
    }

    fn ask_all(&self, file: &FilterFile, out: &mut impl Write) -> anyhow::Result<()> {
        let (index, kind) = self.dataset(file.catalogue())?;
        let inputs = self.list.inputs(&self.source, kind)?;
        let dataset = file
            .catalogue()
            .datasets()
            .get(index)
            .context("no such dataset")?;
        let plan = file.plan_of(dataset)?;
        let keys = match dataset.encoding {
            Encoding::Exact => Keys::Numbers(dataset.hash),
            _ => Keys::Hashes(dataset.hash),
        };
        let rules = Rules::new(kind, dataset.profile.clone(), keys, &plan);
        let lost = Mutex::new(Vec::new());
        let failed: Mutex<Option<FileError>> = Mutex::new(None);
        let sample = Mutex::new(Sample::new(0));
        let observer = progress::Bar::observer(self.quiet);
        observer.begin(Stage::Read, total_bytes(&inputs));
        let counts = read_and_hash(
            &inputs,
            &self.list.layout(kind, dataset.min_count),
            &rules,
            std::thread::available_parallelism().map_or(1, usize::from),
            observer.as_ref(),
            &|| failed.lock().map_or(true, |failed| failed.is_some()),
            &sample,
            || {
                |key, place| match holds(file, index, key) {
                    Ok(true) => {}
                    Ok(false) => {
                        if let Ok(mut lost) = lost.lock() {
                            lost.push(place);
                        }
                    }
                    Err(error) => {
                        if let Ok(mut failed) = failed.lock() {
                            failed.get_or_insert(error);
                        }
                    }
                }
            },
        )?;
        drop(observer);
        if let Some(error) = failed.into_inner().ok().flatten() {
            return Err(error.into());
        }
        for line in OPTIONS.rejects(&counts.rejects, &inputs) {
            eprintln!("leaksieve: not looked up: {line}");
        }
        let mut lost = lost.into_inner().unwrap_or_default();
        if !lost.is_empty() {
            lost.sort_unstable();
            // Each reading of a line is asked.
            lost.dedup();
            let mut places: Vec<String> = lost
                .iter()
                .take(NUM_NAMED)
                .filter_map(|place| {
                    Some(format!("{} line {}", inputs.get(place.input)?, place.line))
                })
                .collect();
            if lost.len() > NUM_NAMED {
                places.push("...".into());
            }
            bail!(
                "{} lacks {} of {} lines ({}): it was made from another list, or with another --region or --case",
                self.file.display(),
                count(lost.len() as u64),
                count(counts.num_accepted),
                places.join(", ")
            );
        }
        let speller = Speller::new(kind, &dataset.profile);
        let sample = sample.into_inner().unwrap_or_else(PoisonError::into_inner);
        let lost = speller.first_lost(&sample, |identifier| {
            let verdict = file.check(identifier, &mut [0; SECTOR_BYTES])?;
            let mut answers = verdict.answers().iter();
            let answer = answers.find(|answer| usize::from(answer.dataset) == index);
            anyhow::Ok(answer.context("no such dataset")?.outcome)
        })?;
        if let Some(Lost { place, spelling }) = lost {
            bail!(
                "{} lacks {}line {} when it is spelled {spelling}: it was made from another list, or the list was read differently",
                self.file.display(),
                inputs
                    .get(place.input)
                    .map_or_else(String::new, |input| format!("{input} ")),
                place.line
            );
        }
        if counts.num_accepted == 0 {
            bail!(
                "no line of the lists is an identifier of this file's kind, so nothing was looked up"
            );
        }
        if !self.quiet {
            writeln!(
                out,
                "{}: every line of the lists is in it ({})",
                self.file.display(),
                several(counts.num_accepted, "line")
            )?;
        }
        Ok(())
    }

    /// The dataset that the lists are asked of, and what their lines are.
    fn dataset(&self, catalogue: &Catalogue) -> anyhow::Result<(usize, IdentifierKind)> {
        let kind = self.kind.map(IdentifierKind::from);
        let mut fitting = catalogue
            .datasets()
            .iter()
            .enumerate()
            .filter(|(_, dataset)| kind.is_none_or(|kind| dataset.profile.answers(kind)));
        match (fitting.next(), fitting.next()) {
            (Some((_, dataset)), None) if kind.is_none() && dataset.profile.kind().is_secret() => {
                bail!(
                    "the file can hold passwords or hashes: say what the lists have, with --kind password, sha1 or ntlm"
                )
            }
            (Some((index, dataset)), None) => Ok((index, kind.unwrap_or(dataset.profile.kind()))),
            (None, _) => bail!("{} holds no leak of this kind", self.file.display()),
            (Some(_), Some(_)) => bail!(
                "{} holds several leaks: choose one with --kind, or verify the files that were bundled",
                self.file.display()
            ),
        }
    }
}
