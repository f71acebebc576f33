//! Why there is no filter.

use std::io;

use leaksieve_core::ReadError;

use super::MAX_RESTARTS;
use crate::file::output::OutputError;
use crate::input::normalise::Counts;
use crate::input::profile::PhoneProfileError;
use crate::input::reject::Reason;
use crate::input::source::{Input, SourceError};
use crate::input::survey::in_brackets;
use crate::pipeline::partition::MIN_MEMORY_BYTES;
use crate::pipeline::spool::SpoolError;
use crate::sizing::ShapeError;
use crate::sizing::fit::Misfit;

/// Why there is no filter.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// An input.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The output.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// What does not fit into memory.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// Too little memory.
    #[error("a build needs at least {0} MiB of memory: give --memory {0}MiB or more", MIN_MEMORY_BYTES >> 20)]
    TooLittleMemory,
    /// The size.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// There is no room for it where it is to be.
    #[error("the filter {0}")]
    DoesNotFit(Box<Misfit>),
    /// A text of the header is too long.
    #[error("the {what} is {found_bytes} bytes long, and the limit is {limit_bytes}: shorten it")]
    TextTooLong {
        /// Which.
        what: &'static str,
        /// How long it is.
        found_bytes: usize,
        /// How long it may be.
        limit_bytes: usize,
    },
    /// No item at all.
    #[error(
        "no identifier in the input{}: an empty filter would call everybody safe. \
         Is this the right file, and the right --kind, --column, --field or --region?",
        match .0.num_below_min_count {
            0 => String::new(),
            below => format!(" (below --min-count: {below})"),
        }
    )]
    NoItems(Box<Counts>),
    /// Too many records gave no item.
    #[error(
        "{} of {} records were rejected{} ({:.2} %), and --max-rejected allows {:.2} %: nothing was written. \
         Is this the right --kind, --column or --region? If these lines are not identifiers, allow more{}{}",
        counts.rejects.count(), counts.rejects.count() + counts.num_accepted,
        match counts.outside_plan.count() {
            0 => String::new(),
            outside => format!(", and {outside} are numbers that no telephone has"),
        },
        counts.rejected_share() * 100.0, limit * 100.0,
        if is_header_alone(counts) { ". Only line 1 was rejected: if it is a row of names, take it off, as in tail -n +2 FILE | leaksieve build -" } else { "" },
        in_brackets(&counts.survey.shapes)
    )]
    TooManyRejects {
        /// What was read.
        counts: Box<Counts>,
        /// The share that is allowed, 0 to 1.
        limit: f64,
    },
    /// The numbering plan.
    #[error(transparent)]
    Plan(#[from] PhoneProfileError),
    /// A numbering plan takes more sectors than a header can state.
    #[error("the numbering plan takes more than 65,535 sectors. This is a bug: please report it")]
    PlanTooLarge,
    /// No random seed.
    #[error("the system gave no random seed: {0}; give one with --seed")]
    NoSeed(getrandom::Error),
    /// The header.
    #[error("the header cannot be written; shorten names and notes, or make several files")]
    Header(#[from] leaksieve_core::Error),
    /// A page of a ribbon has no solution.
    #[error(
        "a page cannot be solved with any of {MAX_RESTARTS} sets of equations, so nothing was saved. \
         Give another --seed, or --encoding bloom, and please report this"
    )]
    Unsolvable,
    /// The finished bytes cannot be read back.
    #[error("the new file cannot be read back, so it was not saved. Check the disk")]
    ReadBack(#[from] ReadError<io::Error>),
    /// The finished bytes lack items.
    #[error(
        "the new file lacks {num_lost} of its items, so it was not saved. This is a bug: please report it"
    )]
    Lost {
        /// How many.
        num_lost: u64,
    },
    /// A record of the list is not found when it is spelled as people spell it.
    #[error(
        "{}line {line} is not found when it is spelled {spelling}, so the file was not saved. \
         Was the list read correctly? --dry-run shows how; if it was, please report this",
        input.as_ref().map_or_else(String::new, |input| format!("{input}: "))
    )]
    Misread {
        /// Where it stands.
        input: Option<Input>,
        /// Its line.
        line: u64,
        /// How it was asked.
        spelling: &'static str,
    },
    /// The finished bytes are others than were written.
    #[error("the new file does not hold what was written, so it was not saved. Check the disk")]
    OtherContent,
    /// The finished file gives other answers than its bits say.
    #[error(
        "the new file gave {found:.3e} false alarms per lookup, but its bits say {expected:.3e}, so it was \
         not saved. This is a bug: please report it"
    )]
    Rate {
        /// Measured by asking.
        found: f64,
        /// Computed from the bits.
        expected: f64,
    },
}

/// Was the first line rejected, and no other?
fn is_header_alone(counts: &Counts) -> bool {
    let mut groups = counts.rejects.groups();
    counts.rejects.count() == 1
        && groups.any(|(reason, group)| {
            matches!(reason, Reason::Normalise(_))
                && group.first.first().is_some_and(|place| place.line == 1)
        })
}
