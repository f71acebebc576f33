//! `leaksieve build`

mod report;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Instant, SystemTime};

use anyhow::{Context, bail};
use clap::ValueEnum;
use leaksieve::input::profile::phone_profile;
use leaksieve::input::source::{Input, Layout};
use leaksieve::pipeline::{BuildError, Options, build, dry_run, ensure_read, name_of};
use leaksieve::sizing::{Aim, ShapeError};
use leaksieve_core::header::Date;
use leaksieve_core::identifier::{
    CaseRule, IdScheme, PasswordDigest, PasswordOrigin, Separators as SeparatorRule,
};
use leaksieve_core::{IdentifierKind, Profile};
use leaksieve_link::Board;

use super::{DEFAULT_RATE, Format, Kind, board, encoding, list, of_output, progress, unsaid};

/// The headings of the help.
const IDENTIFIERS: &str = "Identifiers";
const BREACH: &str = "Breach";
const SIZE: &str = encoding::HEADING;
const PUBLICATION: &str = "Publication";
const WORK: &str = "Memory and threads";

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  leaksieve build taobao.csv -o taobao.lsv --kind phone --region CN --column phone --name 'Taobao 2021'
  leaksieve build users.jsonl.zst -o users.lsv --kind username --field user.name --name 'Example Shop'
  leaksieve build emails.txt.gz more.txt -o mail.lsv --kind email --name 'Example Forum' --date 2019-03
  leaksieve build ranges/ -o passwords.lsv --kind sha1 --name 'Pwned Passwords'")]
pub(crate) struct Args {
    /// Lists, or folders of them: plain lines; CSV, TSV or Parquet with --column; JSON lines with
    /// --field; HASH:COUNT lines; each as it is or in gzip, zstd or xz. - is standard input
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// The filter file to write
    #[arg(short, long, value_name = "FILE", required_unless_present = "dry_run")]
    output: Option<PathBuf>,
    /// Read the lists and say how they are understood: shapes, what comes off, what is rejected.
    /// Nothing is written
    #[arg(long)]
    dry_run: bool,
    /// What the identifiers are
    #[arg(help_heading = IDENTIFIERS, long, value_enum)]
    kind: Kind,
    /// Phone numbers: the region of those without a country code, two letters (ISO 3166-1) such as CN; or
    /// "world" if every number has its country code
    #[arg(help_heading = IDENTIFIERS, long, required_if_eq("kind", "phone"))]
    region: Option<String>,
    /// User names and ids: do capitals count? [default: fold]
    #[arg(help_heading = IDENTIFIERS, long, value_enum)]
    case: Option<Case>,
    /// Ids: the format that they have [default: plain]
    #[arg(help_heading = IDENTIFIERS, long, value_enum)]
    id_scheme: Option<Scheme>,
    /// Ids: do blanks and dashes count? [default: ignore]
    #[arg(help_heading = IDENTIFIERS, long, value_enum)]
    separators: Option<Separators>,
    /// Passwords: the digest that the filter holds [default: sha1]
    #[arg(help_heading = IDENTIFIERS, long, value_enum)]
    digest: Option<Digest>,
    #[command(flatten)]
    list: list::ListArgs,
    /// HASH:COUNT lists: leave out what was seen fewer times. The filter then says nothing of those
    /// hashes, and "not exposed" says so
    #[arg(help_heading = list::HEADING, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    min_count: Option<u32>,
    /// Name of the breach [default: the first file's name]
    #[arg(help_heading = BREACH, long)]
    name: Option<String>,
    /// When it happened: 2021-06-11, 2021-06 or 2021
    #[arg(help_heading = BREACH, long, value_parser = super::parse_date)]
    date: Option<Date>,
    /// Where the list came from
    #[arg(help_heading = BREACH, long, default_value = "", hide_default_value = true)]
    source_note: String,
    /// False-positive rate of one reading: 0.001, 1e-3, 0.1% or 1/1000. Most questions have one reading; with
    /// two a false alarm is twice as likely [default: 0.001, or the lowest that fits]
    #[arg(help_heading = SIZE, long, value_name = "RATE", value_parser = super::parse_rate, conflicts_with = "max_size")]
    fpr: Option<f64>,
    /// Take the lowest false-positive rate that fits into this size, such as 900KiB; fat32 is the largest
    /// file of a FAT32 card
    #[arg(help_heading = SIZE, long, value_name = "SIZE", value_parser = super::parse_max_size)]
    max_size: Option<u64>,
    /// Take the lowest false-positive rate that fits a board's flash. 3 to 5 % are left free, so that the
    /// filter still fits when it is signed. With --fpr: that rate, or stop if it does not fit
    #[arg(help_heading = SIZE, long, value_name = "BOARD", value_parser = board::parser(), ignore_case = true, conflicts_with = "max_size")]
    fits: Option<&'static Board>,
    #[command(flatten)]
    encoding: encoding::EncodingArgs,
    /// Seed of the hash. The same inputs, options, seed and time give the same bytes [default: random]
    #[arg(help_heading = PUBLICATION, long)]
    seed: Option<u64>,
    /// When the file was made: a day, or seconds since 1970 [default: SOURCE_DATE_EPOCH, or now]
    #[arg(help_heading = PUBLICATION, long, value_name = "TIME", value_parser = super::parse_time)]
    created: Option<u64>,
    /// From when on a newer file should be used: a day, or seconds since 1970 [default: never]
    #[arg(help_heading = PUBLICATION, long, value_name = "TIME", value_parser = super::parse_time)]
    expires: Option<u64>,
    /// Number of the publication: who has seen a higher one can refuse this file
    #[arg(help_heading = PUBLICATION, long, default_value_t = 0)]
    epoch: u32,
    /// Stop if more than this share of lines cannot be read. Such lines are not in the filter
    #[arg(help_heading = list::HEADING, long, value_name = "SHARE", value_parser = super::parse_share, default_value = "1%")]
    max_rejected: f64,
    /// Number of threads [default: one for each core]
    #[arg(help_heading = WORK, long)]
    threads: Option<usize>,
    /// Memory that the build may use. What does not fit goes into a file without a name
    #[arg(help_heading = WORK, long, value_name = "SIZE", value_parser = super::parse_size, default_value = "2GiB")]
    memory: u64,
    /// Where that file is made: 7 bytes for each line that does not fit [default: the folder of FILE]
    #[arg(help_heading = WORK, long, value_name = "FOLDER")]
    temp_dir: Option<PathBuf>,
    /// Replace FILE if it exists
    #[arg(short, long)]
    force: bool,
    /// How the summary is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// No progress, no summary
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Case {
    /// Alice and alice are one
    Fold,
    /// Alice and alice are two
    Exact,
}

#[derive(Clone, Copy, ValueEnum)]
enum Separators {
    /// 123-45-6789 and 123456789 are one
    Ignore,
    /// They are two
    Keep,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scheme {
    /// Any text
    Plain,
    /// Resident ids of China, with their check digit
    ChineseResident,
}

#[derive(Clone, Copy, ValueEnum)]
enum Digest {
    Sha1,
    Ntlm,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        self.build().map_err(|error| self.with_name(error))
    }

    /// What is read from standard input has no file that names the breach.
    fn with_name(&self, error: anyhow::Error) -> anyhow::Error {
        const PIPE: &str = "| leaksieve build -";
        let message = format!("{error:#}");
        if !message.contains(PIPE) {
            return error;
        }
        // Cells are written to a list of lines first.
        let but = match message.contains("one cell a line") {
            true => " but --column or --field",
            false => "",
        };
        let message = format!("{message}. Give your other options{but} to that command, too");
        let named = self.inputs.iter().map(|path| Input::from_argument(path));
        match name_of(&named.collect::<Vec<_>>()) {
            Some(name) if self.name.is_none() => {
                anyhow::anyhow!(
                    message.replace(PIPE, &format!("{PIPE} --name {}", super::quoted(&name)))
                )
            }
            _ => anyhow::anyhow!(message),
        }
    }

    fn build(&self) -> anyhow::Result<ExitCode> {
        let output = self.output.clone().unwrap_or_default();
        if output.as_os_str() == "-" {
            bail!(
                "a filter is asked for every item before it gets its name, so it cannot go to standard output: name a file with -o"
            );
        }
        let kind = IdentifierKind::from(self.kind);
        let inputs = self.list.inputs(&self.inputs, kind)?;
        let num_threads = match self.threads {
            Some(0) => bail!("--threads needs at least 1"),
            Some(threads) => threads,
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let options = Options {
            layout: self.layout(kind)?,
            kind,
            profile: self.profile()?,
            method: self.encoding.method()?,
            aim: super::aim(self.fpr, self.max_size, self.fits)
                .unwrap_or(Aim::FalsePositiveRate(DEFAULT_RATE)),
            fits: self.fits,
            name: match &self.name {
                Some(name) => name.clone(),
                None if self.dry_run => String::new(),
                None => {
                    // A folder names it, not the first file in it.
                    let named = self.inputs.iter().map(|path| Input::from_argument(path));
                    name_of(&named.collect::<Vec<_>>()).context("name the breach with --name")?
                }
            },
            date: self.date.unwrap_or_default(),
            source_note: self.source_note.clone(),
            seed: self.seed,
            created_unix_s: self.created()?,
            epoch: self.epoch,
            expires_unix_s: self.expires.unwrap_or(0),
            max_rejected_share: self.max_rejected,
            num_threads,
            memory_bytes: self.memory,
            temp_folder: self.temp_dir.clone(),
            replace: self.force,
            inputs,
        };
        let began = Instant::now();
        let observer = progress::Bar::observer(self.quiet);
        if self.dry_run {
            let result = dry_run(&options, observer.as_ref());
            drop(observer);
            let counts = result?;
            report::warn_of_reading(&counts, &options.inputs);
            if !self.quiet {
                report::report_reading(&options, &counts, self.format)?;
            }
            ensure_read(&options, &counts)?;
            return Ok(ExitCode::SUCCESS);
        }
        let result = build(&options, &output, observer.as_ref());
        drop(observer);
        match result {
            Ok(summary) => {
                report::warn_of_reading(&summary.counts, &options.inputs);
                if !self.quiet {
                    report::warn(&output, &options, &summary);
                    let seconds = began.elapsed().as_secs_f64();
                    report::report(&output, &options, &summary, seconds, self.format)
                        .with_context(|| unsaid(&output))?;
                }
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => {
                if let BuildError::TooManyRejects { counts, .. } | BuildError::NoItems(counts) =
                    &error
                {
                    report::warn_of_rejects(counts, &options.inputs);
                }
                // The message of a size alone does not say whose it is.
                let board = match (&error, self.fits) {
                    (BuildError::Shape(ShapeError::TooSmall { .. }), Some(board)) => Some(board),
                    _ => None,
                };
                let error = of_output(error, &output);
                Err(match board {
                    Some(board) => error.context(format!("--fits {}", board.name)),
                    None => error,
                })
            }
        }
    }

    fn profile(&self) -> anyhow::Result<Profile> {
        for (given, belongs_to, option) in [
            (self.region.is_some(), &[Kind::Phone][..], "--region"),
            (self.case.is_some(), &[Kind::Username, Kind::Id], "--case"),
            (self.id_scheme.is_some(), &[Kind::Id], "--id-scheme"),
            (self.separators.is_some(), &[Kind::Id], "--separators"),
            (self.digest.is_some(), &[Kind::Password], "--digest"),
        ] {
            if given && !belongs_to.contains(&self.kind) {
                let name = IdentifierKind::from(self.kind).name();
                bail!("{option} says nothing about --kind {name}: leave it out");
            }
        }
        let case = match self.case {
            Some(Case::Exact) => CaseRule::Exact,
            Some(Case::Fold) | None => CaseRule::Fold,
        };
        let separators = match self.separators {
            Some(Separators::Keep) => SeparatorRule::Keep,
            Some(Separators::Ignore) | None => SeparatorRule::Ignore,
        };
        Ok(match self.kind {
            Kind::Phone => {
                let region = self
                    .region
                    .as_deref()
                    .context("--kind phone needs --region")?;
                Profile::Phone(phone_profile(region)?)
            }
            Kind::Email => Profile::Email,
            Kind::Username => Profile::Username(case),
            Kind::Id if self.id_scheme == Some(Scheme::ChineseResident) => {
                if self.case.is_some() || self.separators.is_some() {
                    bail!("--case and --separators say nothing about resident ids: leave them out");
                }
                Profile::Id(IdScheme::ChineseResident)
            }
            Kind::Id => Profile::Id(IdScheme::Plain(case, separators)),
            Kind::Password => Profile::Password(
                match self.digest {
                    Some(Digest::Ntlm) => PasswordDigest::Ntlm,
                    Some(Digest::Sha1) | None => PasswordDigest::Sha1,
                },
                PasswordOrigin::Passwords,
            ),
            Kind::Sha1 => Profile::Password(PasswordDigest::Sha1, PasswordOrigin::Hashes),
            Kind::Ntlm => Profile::Password(PasswordDigest::Ntlm, PasswordOrigin::Hashes),
        })
    }

    fn layout(&self, kind: IdentifierKind) -> anyhow::Result<Layout> {
        let Some(min_count) = self.min_count else {
            return Ok(self.list.layout(kind, 0));
        };
        // A count of 1 leaves nothing out, but that each line has one is asked all the same.
        let layout = self.list.layout(kind, min_count);
        if !matches!(layout, Layout::BeforeColon { .. }) {
            bail!(
                "--min-count needs lists that count: HASH:COUNT lines, --kind sha1 or ntlm without --column"
            );
        }
        Ok(layout)
    }

    fn created(&self) -> anyhow::Result<u64> {
        if let Some(created) = self.created {
            return Ok(created);
        }
        // https://reproducible-builds.org/specs/source-date-epoch/
        if let Ok(epoch) = std::env::var("SOURCE_DATE_EPOCH") {
            return epoch
                .parse()
                .context("SOURCE_DATE_EPOCH is not a number of seconds");
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Ok(now
            .context("the clock is before 1970; give --created")?
            .as_secs())
    }
}
