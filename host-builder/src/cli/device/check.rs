//! `leaksieve device check`

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use anyhow::{Context, bail, ensure};
use leaksieve::deliver::device::{Device, DeviceError};
use leaksieve::file::FilterFile;
use leaksieve::file::words::Class;
use leaksieve_core::sector::SECTOR_BYTES;
use leaksieve_core::verdict::system_clock;
use leaksieve_core::{Answer, Catalogue, Identifier, Outcome, Verdict};
use leaksieve_link::Said;

use super::port::{Port, PortArgs};
use crate::cli::arguments::Format;
use crate::cli::check::{Outcomes, Source};
use crate::cli::sentence::Wording;
use crate::cli::text::count;
use crate::cli::trust;

#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 if any is exposed, 1 if none is, 2 on an error, if the device cannot say, or if it
differs from --against. The device looks each text up as every kind that its filter holds. It does
not ignore the case of letters outside ASCII.")]
pub(super) struct Args {
    /// Identifiers to look up [default: the lines of standard input]
    ///
    /// A hyphen (-) is standard input, too. Passwords cannot be given here, because other programs
    /// can see the command line.
    #[arg(value_name = "IDENTIFIER")]
    identifiers: Vec<String>,
    #[command(flatten)]
    port: PortArgs,
    /// Compare the answers with those of this filter file
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Let an expired filter say "not exposed"
    ///
    /// It then means: not exposed as of that day.
    #[arg(long)]
    allow_expired: bool,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Print nothing; the exit status has the answer
    #[arg(short, long)]
    quiet: bool,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let against = self.against.as_deref().map(FilterFile::open).transpose()?;
        let mut device = self.port.open()?;
        let catalogue = device.catalogue()?;
        // Another file is there, which may be the newer one.
        let trouble = device.describe()?.trouble;
        if !trouble.is_empty() {
            eprintln!("leaksieve: the device says: {trouble}");
        }
        let is_secret = catalogue
            .datasets()
            .iter()
            .any(|dataset| dataset.profile.kind().is_secret());
        let secret = is_secret.then_some("the device's filter");
        let source = Source::of(&self.identifiers, secret, "")?;
        if let Some(file) = &against {
            ensure!(
                file.catalogue().file_id() == catalogue.file_id(),
                "the device does not use {}: send it with `leaksieve install device`, or compare with \
                 the file that it has",
                file.path().display()
            );
        }
        if let Some(day) = trust::expired(catalogue.header()) {
            eprintln!(
                "leaksieve: the device's filter expired on {day}: send a newer one; newer leaks are not in this one"
            );
        }
        let choice = AutoStream::choice(&io::stdout());
        let mut answerer = Answerer {
            device,
            catalogue,
            against,
            now_unix_s: system_clock().filter(|_| !self.allow_expired),
            num_compared: 0,
            wording: Wording {
                format: self.format,
                is_styled: choice != ColorChoice::Never,
            },
            out: (!self.quiet).then(|| AutoStream::new(io::stdout(), choice)),
            line: 0,
            outcomes: Outcomes::default(),
            num_different: 0,
        };
        match source.texts()? {
            Some(texts) => {
                for text in texts.iter() {
                    answerer.ask(text.as_bytes())?;
                }
            }
            None => {
                for line in io::stdin().lock().split(b'\n') {
                    let line = line.context("cannot read standard input")?;
                    answerer.ask(line.strip_suffix(b"\r").unwrap_or(&line))?;
                }
            }
        }
        answerer.end()
    }
}

/// Who asks the device, and compares.
struct Answerer {
    device: Device<Port>,
    catalogue: Catalogue,
    against: Option<FilterFile>,
    /// By which its filter may have expired, if that matters.
    now_unix_s: Option<u64>,
    num_compared: u64,
    wording: Wording,
    out: Option<AutoStream<io::Stdout>>,
    line: u64,
    outcomes: Outcomes,
    num_different: u64,
}

impl Answerer {
    fn ask(&mut self, text: &[u8]) -> anyhow::Result<()> {
        self.line += 1;
        let said = self.device.check(text);
        let words = match &said {
            Ok(verdict) if verdict.file_id != self.catalogue.file_id().0 => {
                bail!("the device changed its filter meanwhile: begin again")
            }
            Ok(verdict) => {
                let said = verdict.answers.as_slice();
                self.compare(text, said)?;
                self.word(text, said)
            }
            // Of this line alone: the next one may be answered.
            Err(DeviceError::Refused(reason)) => {
                self.outcomes.add(Outcomes::unanswered());
                self.wording.of_reason(reason)
            }
            Err(_) => {
                said?;
                return Ok(());
            }
        };
        if let Some(out) = &mut self.out {
            let before = self.wording.before_line();
            write!(out, "{before}{}{words}", self.line)?;
            out.flush()?;
        }
        Ok(())
    }

    /// The device's answers in the words of `leaksieve check`.
    fn word(&mut self, text: &[u8], said: &[leaksieve_link::Answer]) -> String {
        // One that said nothing may have it.
        let is_whole = (0..self.catalogue.datasets().len()).all(|number| {
            said.iter()
                .any(|answer| usize::from(answer.dataset) == number)
        });
        let has = |wanted: &[Said]| said.iter().any(|answer| wanted.contains(&answer.said));
        let class = if has(&[Said::Exposed]) {
            Class::Exposed
        } else if has(&[Said::NotCovered, Said::Unreadable]) || !is_whole {
            Class::NotCovered
        } else {
            Class::NotExposed
        };
        // As `Verdict::at` has it, and a device gives no verdict.
        let has_expired = self.catalogue.header().has_expired(self.now_unix_s);
        let at = match class {
            Class::NotExposed | Class::NotCovered if has_expired => Class::Expired,
            class => class,
        };
        self.outcomes.add(Outcomes::of(at));
        if class == Class::NotCovered && (has(&[Said::Unreadable]) || !is_whole) {
            return self.wording.of_reason(
                "the device could not read its filter: ask again; if that fails too, send or copy the filter again",
            );
        }
        let answers: Vec<Answer> = said
            .iter()
            .filter_map(|answer| {
                let outcome = match answer.said {
                    Said::Exposed => Outcome::Exposed,
                    Said::NotExposed => Outcome::Absent,
                    // Why, the device does not say; its rules are the same.
                    Said::NotCovered => Outcome::NotCovered(self.reason(answer.dataset, text)?),
                    Said::Unreadable => return None,
                };
                Some(Answer {
                    dataset: answer.dataset,
                    outcome,
                    // The device does not say it.
                    rule: None,
                    num_readings: answer.num_readings,
                })
            })
            .collect();
        self.wording.of_answers(&self.catalogue, at, &answers)
    }

    fn reason(&self, dataset: u8, text: &[u8]) -> Option<leaksieve_core::NormaliseError> {
        use leaksieve_core::identifier::Coverage;
        let dataset = self.catalogue.datasets().get(usize::from(dataset))?;
        match dataset
            .profile
            .normalise(&Identifier::new(text).without_tables())
        {
            Err(reason) => Some(reason),
            Ok(item) => match item.coverage() {
                Coverage::Incidental(reason) => Some(reason),
                // The device found out, by its numbering plan.
                Coverage::Complete => Some(leaksieve_core::NormaliseError::OutsideNumberingPlan),
            },
        }
    }

    fn compare(&mut self, text: &[u8], said: &[leaksieve_link::Answer]) -> anyhow::Result<()> {
        let Some(file) = &self.against else {
            return Ok(());
        };
        // It said nothing that could be compared, and "cannot say" is written.
        if said.iter().any(|answer| answer.said == Said::Unreadable) {
            return Ok(());
        }
        let verdict: Verdict = file.check(
            Identifier::new(text).without_tables(),
            &mut [0; SECTOR_BYTES],
        )?;
        self.num_compared += 1;
        let expected = verdict
            .answers()
            .iter()
            .map(|answer| (answer.dataset, answer.outcome.into()));
        let mut expected: Vec<(u8, Said)> = expected.collect();
        let said = said.iter().map(|answer| (answer.dataset, answer.said));
        let mut said: Vec<(u8, Said)> = said.collect();
        // The device goes by kinds, the host by datasets.
        expected.sort_by_key(|(dataset, _)| *dataset);
        said.sort_by_key(|(dataset, _)| *dataset);
        if expected != said {
            self.num_different += 1;
            eprintln!(
                "leaksieve: line {}: the device and {} give different answers",
                self.line,
                file.path().display()
            );
        }
        Ok(())
    }

    fn end(self) -> anyhow::Result<ExitCode> {
        if self.num_different > 0 {
            bail!(
                "the device gives different answers for {} of {} lines: do not rely on it",
                count(self.num_different),
                count(self.num_compared)
            );
        }
        if let (Some(file), Some(_)) = (&self.against, &self.out) {
            eprintln!(
                "leaksieve: {} of {} lines compared: the device and {} give the same answers",
                count(self.num_compared),
                count(self.line),
                file.path().display()
            );
        }
        self.outcomes.exit_code()
    }
}
