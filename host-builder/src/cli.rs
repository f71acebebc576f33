//! One file a subcommand, and what they share: how arguments are read and figures written.

mod board;
mod build;
mod bundle;
mod check;
mod device;
mod encoding;
mod estimate;
mod explain;
mod inspect;
mod install;
mod keygen;
mod list;
mod man;
mod password;
mod progress;
mod sentence;
mod sign;
mod sizes;
mod trust;
mod verify;

use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Subcommand, ValueEnum};
use leaksieve::file::WriteError;
use leaksieve::pipeline::{BuildError, EncodeError, RecheckError};
use leaksieve::sizing::Aim;
use leaksieve::sizing::media::board_room;
use leaksieve_core::IdentifierKind;
use leaksieve_core::header::{Date, Rate};
use leaksieve_link::Board;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Turn a leaked list into a filter file
    Build(Box<build::Args>),
    /// Look identifiers up in a filter file
    Check(check::Args),
    /// Show what a filter file holds and covers
    Inspect(inspect::Args),
    /// Check every sector of a filter file, or every entry of its list
    Verify(verify::Args),
    /// Compare sizes, and show what boards and cards hold
    Estimate(estimate::Args),
    /// Join filter files into one
    Bundle(bundle::Args),
    /// Make a key to sign filter files with
    Keygen(keygen::Args),
    /// Sign a filter file
    Sign(sign::Args),
    /// Put a filter file onto a card or device, or into an image to flash
    Install(install::Args),
    /// Show what a device is, or look identifiers up on it
    Device(device::Args),
    /// Print completions for a shell
    #[command(hide = true)]
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (troff)
    #[command(hide = true)]
    Man,
}

impl Command {
    /// Is there a file that must not be left half done?
    pub(crate) const fn writes_files(&self) -> bool {
        match self {
            Self::Build(_) | Self::Bundle(_) | Self::Keygen(_) | Self::Sign(_) => true,
            Self::Install(args) => args.writes_files(),
            _ => false,
        }
    }

    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Build(args) => args.run(),
            Self::Check(args) => args.run(),
            Self::Inspect(args) => args.run(),
            Self::Verify(args) => args.run(),
            Self::Estimate(args) => args.run(),
            Self::Bundle(args) => args.run(),
            Self::Keygen(args) => args.run(),
            Self::Sign(args) => args.run(),
            Self::Install(args) => args.run(),
            Self::Device(args) => args.run(),
            Self::Completions { shell } => man::completions(shell, crate::Cli::command()),
            Self::Man => man::page(crate::Cli::command()),
        }
    }
}

/// What is written beside its place first cannot go to standard output.
fn refuse_stdout(output: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        output.as_os_str() != "-",
        "the output cannot go to standard output: name a file with -o"
    );
    Ok(())
}

/// The rate that `build` aims at when none is asked for.
const DEFAULT_RATE: f64 = 1e-3;

/// What a filter should be like; `None` when nothing was said.
fn aim(fpr: Option<f64>, max_size: Option<u64>, board: Option<&Board>) -> Option<Aim> {
    let room = || max_size.or_else(|| board.map(board_room));
    fpr.map(Aim::FalsePositiveRate)
        .or_else(|| room().map(Aim::MaxBytes))
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people
    Text,
    /// JSON for programs: one object, or one per line
    Json,
}

/// What an identifier is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Phone numbers
    Phone,
    /// E-mail addresses
    Email,
    /// User names
    Username,
    /// Ids: of people, accounts or customers
    Id,
    /// Passwords as they are typed
    Password,
    /// SHA-1 hashes of passwords, also as HASH:COUNT lines
    Sha1,
    /// NTLM hashes of passwords, also as HASH:COUNT lines
    Ntlm,
}

impl From<Kind> for IdentifierKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Phone => Self::Phone,
            Kind::Email => Self::Email,
            Kind::Username => Self::Username,
            Kind::Id => Self::Id,
            Kind::Password => Self::Password,
            Kind::Sha1 => Self::Sha1,
            Kind::Ntlm => Self::Ntlm,
        }
    }
}

/// An error, with the file that it is about where it does not say so itself.
fn of_output(error: impl Into<BuildError>, output: &Path) -> anyhow::Error {
    let error = error.into();
    match error {
        BuildError::Write(WriteError::ReadBack(_) | WriteError::OtherContent)
        | BuildError::Encode(EncodeError::Unsolvable)
        | BuildError::Recheck(
            RecheckError::Lost { .. }
            | RecheckError::Rate { .. }
            | RecheckError::Write(WriteError::ReadBack(_) | WriteError::OtherContent),
        ) => anyhow::Error::new(error).context(output.display().to_string()),
        _ => error.into(),
    }
}

/// An error and its causes, from the outermost on. A cause is left out where the message says it
/// already.
pub(crate) fn message(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if message.is_empty() {
            message = cause;
        } else if !message.contains(&cause) {
            message = format!("{message}: {cause}");
        }
    }
    message
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '/' | '+');
    if !word.is_empty() && word.chars().all(|c| is_plain(c) || c == '-') && !word.starts_with('-') {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// What an error means that comes when all is done but to tell of it.
fn unsaid(output: &Path) -> String {
    format!(
        "{}: the new file was saved, but the summary cannot be written to standard output (--quiet writes none)",
        output.display()
    )
}

/// `0.001`, `1e-3`, `0.1%` or `1/1000`.
fn parse_ratio(text: &str) -> Option<f64> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    if let Some(percent) = text.strip_suffix('%') {
        number(percent).map(|percent| percent / 100.0)
    } else if let Some((one, in_n)) = text.split_once('/') {
        number(one).zip(number(in_n)).map(|(one, in_n)| one / in_n)
    } else {
        number(text)
    }
}

/// A part of the whole.
pub(crate) fn parse_share(text: &str) -> Result<f64, String> {
    parse_ratio(text)
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "give a share from 0 to 1, such as 0.001, 1e-3, 0.1% or 1/1000".into())
}

/// A false-positive rate that can be built.
pub(crate) fn parse_rate(text: &str) -> Result<f64, String> {
    // What is no number is no rate either, and the message says what is one.
    let rate = parse_ratio(text).unwrap_or(f64::NAN);
    leaksieve::sizing::check_rate(rate).map_err(|error| error.to_string())
}

/// The size of a filter: as [`parse_size`], or `fat32`.
pub(crate) fn parse_max_size(text: &str) -> Result<u64, String> {
    if text.eq_ignore_ascii_case("fat32") {
        return Ok(leaksieve::sizing::media::FAT32_MAX_FILTER_BYTES);
    }
    parse_size(text)
        .map_err(|error| format!("{error}; or fat32, the largest file that a FAT32 card takes"))
}

/// `900KiB`, `2MB` or a number of bytes.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    text.parse::<bytesize::ByteSize>()
        .map(|size| size.as_u64())
        .map_err(|_| "give a size such as 900KiB, 2MB or 1GiB".into())
}

/// `2021-06-11`, `2021-06` or `2021`.
pub(crate) fn parse_date(text: &str) -> Result<Date, String> {
    let error = || "give a date such as 2021-06-11, 2021-06 or 2021".to_owned();
    let mut parts = text.split('-').map(|part| part.parse::<u16>().ok());
    let date = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Some(year)), None, None, None) => (year, 0, 0),
        (Some(Some(year)), Some(Some(month @ 1..=12)), None, None) => (year, month, 0),
        (Some(Some(year)), Some(Some(month)), Some(Some(day)), None) => {
            // The calendar knows which days there are.
            jiff::civil::Date::new(year as i16, month as i8, day as i8).map_err(|_| error())?;
            (year, month, day)
        }
        _ => return Err(error()),
    };
    match date {
        (year @ 1..=9999, month, day) => Ok(Date {
            year,
            month: month as u8,
            day: day as u8,
        }),
        _ => Err(error()),
    }
}

/// `2027-01-31`, or seconds since 1970-01-01 UTC.
pub(crate) fn parse_time(text: &str) -> Result<u64, String> {
    match text.parse() {
        // A year, and no time of 1970.
        Ok(1..=9999_u64) => return Err(format!("give the day too, such as {text}-01-31")),
        Ok(seconds) => return Ok(seconds),
        Err(_) => {}
    }
    text.parse::<jiff::civil::Date>()
        .ok()
        .and_then(|date| jiff::tz::Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok())
        .and_then(|time| u64::try_from(time.as_second()).ok())
        .ok_or_else(|| "give a date such as 2027-01-31, or seconds since 1970-01-01 UTC".into())
}

/// A time as a day; `never` for 0.
pub(crate) fn day_of(unix_s: u64) -> String {
    i64::try_from(unix_s)
        .ok()
        .and_then(|second| jiff::Timestamp::from_second(second).ok())
        .map_or_else(
            || "a day that no calendar has".into(),
            |time| time.strftime("%Y-%m-%d").to_string(),
        )
}

/// A count with its thousands apart.
pub(crate) fn count(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

/// `1 line`, `2 lines`.
pub(crate) fn several(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// Bytes in KiB, MiB or GiB.
pub(crate) fn size(num_bytes: u64) -> String {
    bytesize::ByteSize(num_bytes).display().iec().to_string()
}

/// `1 in 1,000`.
pub(crate) fn one_in(rate: Rate) -> String {
    format!("1 in {}", count(rate.one_in()))
}

/// A rate of the header as a number.
pub(crate) fn as_f64(rate: Rate) -> f64 {
    rate.units() as f64 / Rate::ONE as f64
}

/// A number as `1 in N`.
pub(crate) fn one_in_f64(rate: f64) -> String {
    if rate > 0.0 {
        format!("1 in {}", count((1.0 / rate).round() as u64))
    } else {
        "never".into()
    }
}
