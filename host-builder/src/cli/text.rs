//! How figures, days and errors are written.

use std::path::Path;

use leaksieve::file::WriteError;
use leaksieve::pipeline::{BuildError, EncodeError, RecheckError};
use leaksieve::sizing::odds;
use leaksieve_core::header::Rate;

/// An error, with the file that it is about where it does not say so itself.
pub(super) fn of_output(error: impl Into<BuildError>, output: &Path) -> anyhow::Error {
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

/// An error and its causes, from the outermost on, and the options that help. A cause is left out
/// where the message says it already.
pub(crate) fn message(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if message.is_empty() {
            message = cause;
        } else if !message.contains(&cause) {
            message = format!("{message}: {cause}");
        }
    }
    match super::advice::of(error) {
        Some(advice) => format!("{message}\nhint: {advice}"),
        None => message,
    }
}

/// A word as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '/' | '+');
    if !word.is_empty() && word.chars().all(|c| is_plain(c) || c == '-') && !word.starts_with('-') {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// What an error means that comes when all is done but to tell of it.
pub(super) fn unsaid(output: &Path) -> String {
    format!(
        "{}: the new file was saved, but the summary cannot be written to standard output (--quiet writes none)",
        output.display()
    )
}

/// A count with its thousands apart.
pub(super) fn count(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

/// `1 line`, `2 lines`.
pub(super) fn several(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// Bytes in KiB, MiB or GiB.
pub(super) fn size(num_bytes: u64) -> String {
    bytesize::ByteSize(num_bytes).display().iec().to_string()
}

/// `1 in 1,000`; of an exact set `none`.
pub(super) fn one_in(rate: Rate) -> String {
    match odds(rate) {
        Some(one_in) => format!("1 in {}", count(one_in)),
        None => "none".into(),
    }
}

/// A number as `1 in N`.
pub(super) fn one_in_f64(rate: f64) -> String {
    if rate > 0.0 {
        format!("1 in {}", count((1.0 / rate).round() as u64))
    } else {
        "never".into()
    }
}
