//! `leaksieve build`

mod report;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::Instant;

use anyhow::{Context, anyhow, bail};
use clap::ValueEnum;
use leaksieve::dates::{DateError, created_now};
use leaksieve::input::profile::{Description, DescriptionError};
use leaksieve::input::source::{Input, Layout};
use leaksieve::pipeline::{
    BuildError, BuildOptions, DEFAULT_MEMORY_BYTES, DEFAULT_RATE, DEFAULT_REJECTED_SHARE,
    PlanError, build, dry_run, ensure_read, name_of,
};
use leaksieve::sizing::ShapeError;
use leaksieve_core::header::Date;
use leaksieve_core::identifier::{CaseRule, PasswordDigest, Separators as SeparatorRule};
use leaksieve_core::{IdentifierKind, Profile};
use leaksieve_link::Board;

use super::advice::OPTIONS;
use super::arguments::{Format, Kind};
use super::text::{of_output, unsaid};
use super::{board, encoding, list, progress};

/// The headings of the help.
const INPUT: &str = list::HEADING;
const IDENTIFIERS: &str = "Identifiers";
const SIZE: &str = "Size";
const HEADER: &str = "Header";
const RESOURCES: &str = "Memory and threads";
/// What `--board` does besides.
const BOARD: &str = "3 to 5 % are left free, so that the filter still fits when you sign it. \
    With --fpr: use that rate, and stop if it does not fit.";

/// The library's defaults, as they are given here.
static MEMORY: LazyLock<String> = LazyLock::new(|| format!("{}GiB", DEFAULT_MEMORY_BYTES >> 30));
static REJECTED_SHARE: LazyLock<String> =
    LazyLock::new(|| format!("{}%", DEFAULT_REJECTED_SHARE * 100.0));
/// More of `--fpr`.
const FPR: &str = "0.001, 1e-3, 0.1% and 1/1000 are the same. With --board the default is the lowest rate \
    that fits. The rate is for one reading of a text: a text that can be read in two ways has twice as many false alarms.";

#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  leaksieve build taobao.csv -o taobao.lsv --kind phone --region CN --column phone --name 'Taobao 2021'
  leaksieve build users.jsonl.zst -o users.lsv --kind username --field user.name --name 'Example Shop'
  leaksieve build emails.txt.gz more.txt -o mail.lsv --kind email --name 'Example Forum' --date 2019-03
  leaksieve build ranges/ -o passwords.lsv --kind sha1 --name 'Pwned Passwords'")]
pub(crate) struct Args {
    /// Lists, or folders of lists; - is standard input
    ///
    /// Plain lines; CSV, TSV or Parquet with --column; JSON lines with --field; HASH:COUNT lines.
    /// Each as it is, or compressed with gzip, zstd or xz.
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// Filter file to write
    #[arg(short, long, value_name = "FILE", required_unless_present = "dry_run")]
    output: Option<PathBuf>,
    /// Name of the leak [default: the name of the first file]
    #[arg(long)]
    name: Option<String>,
    /// Show how the lists are read, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Replace FILE if it exists
    #[arg(short, long, hide_short_help = true)]
    force: bool,
    /// Format of the summary
    #[arg(long, value_enum, default_value = "text", hide_short_help = true)]
    format: Format,
    /// Show no progress and no summary
    #[arg(short, long, hide_short_help = true)]
    quiet: bool,
    #[command(flatten)]
    list: list::ListArgs,
    /// HASH:COUNT lists: leave out hashes that were seen fewer times
    ///
    /// "Not exposed" then means "not seen so often", and says so.
    #[arg(help_heading = INPUT, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), hide_short_help = true)]
    min_count: Option<u32>,
    /// Stop if more than this share of lines cannot be parsed
    ///
    /// Such lines are not in the filter.
    #[arg(help_heading = INPUT, long, value_name = "SHARE", value_parser = super::arguments::parse_share, default_value = REJECTED_SHARE.as_str(), hide_short_help = true)]
    max_rejected: f64,
    #[arg(help_heading = IDENTIFIERS, long, value_enum, hide_possible_values = true,
        help = format!("Kind: {}", Kind::NAMES), long_help = Kind::help("Kind of identifiers"))]
    kind: Kind,
    /// Phone numbers: country, such as CN, or world
    ///
    /// The country of numbers without a country code, as two letters (ISO 3166-1). "world" if every
    /// number has its country code.
    #[arg(help_heading = IDENTIFIERS, long, required_if_eq("kind", "phone"))]
    region: Option<String>,
    /// User names and ids: whether case matters [default: fold]
    #[arg(help_heading = IDENTIFIERS, long, value_enum, hide_short_help = true)]
    case: Option<Case>,
    /// Ids: their format [default: plain]
    #[arg(help_heading = IDENTIFIERS, long, value_enum, hide_short_help = true)]
    id_scheme: Option<Scheme>,
    /// Ids: whether blanks and dashes matter [default: ignore]
    #[arg(help_heading = IDENTIFIERS, long, value_enum, hide_short_help = true)]
    separators: Option<Separators>,
    /// Passwords: the hash that the filter holds [default: sha1]
    #[arg(help_heading = IDENTIFIERS, long, value_enum, hide_short_help = true)]
    digest: Option<Digest>,
    #[arg(help = format!("False-positive rate, such as 1/1000 [default: {DEFAULT_RATE}]"),
        long_help = format!("False-positive rate, such as 1/1000 [default: {DEFAULT_RATE}]\n\n{FPR}"),
        help_heading = SIZE, long, value_name = "RATE", value_parser = super::arguments::parse_rate, conflicts_with = "max_size")]
    fpr: Option<f64>,
    /// Take the lowest rate that fits into this size, such as 900KiB
    ///
    /// fat32 is the largest file that a FAT32 card takes.
    #[arg(help_heading = SIZE, long, value_name = "SIZE", value_parser = super::arguments::parse_max_size, hide_short_help = true)]
    max_size: Option<u64>,
    /// Take the lowest rate that fits this board's flash
    #[arg(help_heading = SIZE, long, value_name = "NAME", value_parser = board::parser(), hide_possible_values = true,
        long_help = board::help("Take the lowest rate that fits this board's flash", BOARD),
        ignore_case = true, conflicts_with = "max_size")]
    board: Option<&'static Board>,
    /// Encoding of the entries
    #[arg(help_heading = SIZE, long, value_name = "NAME", value_enum, default_value = "auto", hide_short_help = true)]
    encoding: encoding::Name,
    /// Date of the leak: 2021-06-11, 2021-06 or 2021
    #[arg(help_heading = HEADER, long, value_parser = leaksieve::dates::parse_date, hide_short_help = true)]
    date: Option<Date>,
    /// Where the list came from
    #[arg(help_heading = HEADER, long, default_value = "", hide_default_value = true, hide_short_help = true)]
    source_note: String,
    /// Date to get a newer file by [default: never]
    ///
    /// A day such as 2027-01-31, or seconds since 1970. After it, "not exposed" becomes "cannot say".
    #[arg(help_heading = HEADER, long, value_name = "TIME", value_parser = leaksieve::dates::parse_time, hide_short_help = true)]
    expires: Option<u64>,
    /// Number of this publication; people who saw a higher one can refuse the file
    #[arg(help_heading = HEADER, long, value_name = "N", default_value_t = 0, hide_short_help = true)]
    epoch: u32,
    /// Creation time: a day, or seconds since 1970 [default: SOURCE_DATE_EPOCH, or now]
    #[arg(help_heading = HEADER, long, value_name = "TIME", value_parser = leaksieve::dates::parse_time, hide_short_help = true)]
    created: Option<u64>,
    /// Seed of the hash function [default: random]
    ///
    /// The same inputs, options, seed and creation time give the same bytes.
    #[arg(help_heading = HEADER, long, hide_short_help = true)]
    seed: Option<u64>,
    /// Number of threads [default: one per core]
    #[arg(help_heading = RESOURCES, long, hide_short_help = true)]
    threads: Option<usize>,
    /// Memory to use; what does not fit goes into a temporary file
    #[arg(help_heading = RESOURCES, long, value_name = "SIZE", value_parser = super::arguments::parse_size, default_value = MEMORY.as_str(), hide_short_help = true)]
    memory: u64,
    /// Folder of the temporary file [default: the folder of FILE]
    ///
    /// It takes 7 bytes for each line that does not fit into memory; of phone numbers and ids up to three
    /// times as much, and the numbers themselves are in it.
    #[arg(help_heading = RESOURCES, long, value_name = "FOLDER", hide_short_help = true)]
    temp_dir: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Case {
    /// Alice and alice are the same
    Fold,
    /// Alice and alice are different
    Exact,
}

#[derive(Clone, Copy, ValueEnum)]
enum Separators {
    /// 123-45-6789 and 123456789 are the same
    Ignore,
    /// They are different
    Keep,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scheme {
    /// Any text
    Plain,
    /// Resident ids of China; the check digit must be right
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
        let message = super::text::message(&error);
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
                anyhow!(message.replace(
                    PIPE,
                    &format!("{PIPE} --name {}", super::text::quoted(&name))
                ))
            }
            _ => anyhow!(message),
        }
    }

    fn build(&self) -> anyhow::Result<ExitCode> {
        let output = self.output.clone().unwrap_or_default();
        super::arguments::refuse_stdout(&output)?;
        let kind = IdentifierKind::from(self.kind);
        let inputs = self.list.inputs(&self.inputs, kind)?;
        let options = self.options(inputs, kind)?;
        let began = Instant::now();
        let observer = progress::Bar::observer(self.quiet);
        if self.dry_run {
            let result = dry_run(&options, observer.as_ref());
            drop(observer);
            let counts = result?;
            report::warn_of(OPTIONS.notes(&counts, &options.inputs));
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
                report::warn_of(OPTIONS.notes(&summary.counts, &options.inputs));
                if !self.quiet {
                    report::warn_of(OPTIONS.notes_of_file(&output, &options, &summary));
                    let seconds = began.elapsed().as_secs_f64();
                    report::report(&output, &options, &summary, seconds, self.format)
                        .with_context(|| unsaid(&output))?;
                }
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => {
                report::warn_of(OPTIONS.notes_of(&error, &options.inputs));
                // The message of a size alone does not say whose it is.
                let board = match (&error, self.board) {
                    (
                        BuildError::Plan(PlanError::Shape(ShapeError::TooSmall { .. })),
                        Some(board),
                    ) => Some(board),
                    _ => None,
                };
                let error = of_output(error, &output);
                Err(match board {
                    Some(board) => error.context(format!("--board {}", board.name)),
                    None => error,
                })
            }
        }
    }

    fn options(&self, inputs: Vec<Input>, kind: IdentifierKind) -> anyhow::Result<BuildOptions> {
        let mut options = BuildOptions::new(inputs, kind, self.profile(kind)?);
        options.layout = self.layout(kind)?;
        options.encoding = self.encoding.into();
        if let Some(aim) = super::arguments::aim(self.fpr, self.max_size, self.board) {
            options.aim = aim;
        }
        options.board = self.board;
        options.name = match &self.name {
            Some(name) => name.clone(),
            None if self.dry_run => String::new(),
            None => {
                // A folder names it, not the first file in it.
                let named = self.inputs.iter().map(|path| Input::from_argument(path));
                name_of(&named.collect::<Vec<_>>()).context("name the leak with --name")?
            }
        };
        options.date = self.date.unwrap_or_default();
        options.source_note = self.source_note.clone();
        options.seed = self.seed;
        options.created_unix_s = self.created()?;
        options.epoch = self.epoch;
        options.expires_unix_s = self.expires.unwrap_or(0);
        options.max_rejected_share = self.max_rejected;
        match self.threads {
            Some(0) => bail!("--threads needs at least 1"),
            Some(threads) => options.num_threads = threads,
            None => {}
        }
        options.memory_bytes = self.memory;
        options.temp_folder = self.temp_dir.clone();
        options.replace = self.force;
        Ok(options)
    }

    fn profile(&self, kind: IdentifierKind) -> anyhow::Result<Profile> {
        let description = Description {
            region: self.region.as_deref(),
            case: self.case.map(|case| match case {
                Case::Fold => CaseRule::Fold,
                Case::Exact => CaseRule::Exact,
            }),
            is_chinese_resident: self
                .id_scheme
                .map(|scheme| scheme == Scheme::ChineseResident),
            separators: self.separators.map(|separators| match separators {
                Separators::Ignore => SeparatorRule::Ignore,
                Separators::Keep => SeparatorRule::Keep,
            }),
            digest: self.digest.map(|digest| match digest {
                Digest::Sha1 => PasswordDigest::Sha1,
                Digest::Ntlm => PasswordDigest::Ntlm,
            }),
        };
        description.profile(kind).map_err(|error| match error {
            DescriptionError::NoEffect { setting, kind } => {
                let name = kind.name();
                anyhow!("--{setting} has no effect with --kind {name}: leave it out")
            }
            DescriptionError::ResidentIds => {
                anyhow!("--case and --separators have no effect on resident ids: leave them out")
            }
            DescriptionError::NoRegion => anyhow!("--kind phone needs --region"),
            error => error.into(),
        })
    }

    fn layout(&self, kind: IdentifierKind) -> anyhow::Result<Layout> {
        let Some(min_count) = self.min_count else {
            return Ok(self.list.layout(kind, 0));
        };
        // A count of 1 leaves nothing out, but that each line has one is asked all the same.
        let layout = self.list.layout(kind, min_count);
        if !layout.has_counts() {
            bail!(
                "--min-count needs HASH:COUNT lines: use it with --kind sha1 or ntlm, without --column"
            );
        }
        Ok(layout)
    }

    fn created(&self) -> anyhow::Result<u64> {
        if let Some(created) = self.created {
            return Ok(created);
        }
        created_now().map_err(|error| match error {
            DateError::Clock => anyhow!("the clock is before 1970; give --created"),
            error => error.into(),
        })
    }
}
