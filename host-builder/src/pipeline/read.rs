//! The first stage: survey and reading.

use std::sync::{Mutex, PoisonError};

use crate::input::normalise::{Counts, Key, Keys, Rules, read_and_hash, total_bytes};
use crate::input::reject::Place;
use crate::input::source::SourceError;
use crate::input::speller::Sample;
use crate::input::survey::in_brackets;
use crate::pipeline::options::BuildOptions;
use crate::pipeline::plan::NumberingPlan;
use crate::progress::{Costs, Stage};
use crate::sizing::Choice;
use leaksieve_core::encoding::exact::number::MAX_DIGITS;

/// Why the lists are not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// An input.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// No item at all.
    #[error(
        "no identifier in the input{}: an empty filter would call everybody safe",
        match .0.num_below_min_count {
            0 => String::new(),
            below => format!(" ({below} with a count that is too low)"),
        }
    )]
    NoItems(Box<Counts>),
    /// An exact set was asked for, and some items are no numbers.
    #[error(
        "{} of the identifiers are no numbers of at most {MAX_DIGITS} digits, which an exact set cannot hold: nothing was written",
        .0.no_numbers.count()
    )]
    NoNumbers(Box<Counts>),
    /// Too many records gave no item.
    #[error(
        "{} of {} records were rejected{} ({:.2} %), and {:.2} % are allowed: nothing was written{}",
        counts.rejects.count(), counts.rejects.count() + counts.num_accepted,
        match counts.outside_plan.count() {
            0 => String::new(),
            outside => format!(", and {outside} are numbers that no phone has"),
        },
        counts.rejected_share() * 100.0, limit * 100.0,
        in_brackets(&counts.survey.shapes)
    )]
    TooManyRejects {
        /// What was read.
        counts: Box<Counts>,
        /// The share that is allowed, 0 to 1.
        limit: f64,
    },
}

/// What reading gave.
pub(crate) struct Read {
    pub(crate) counts: Counts,
    /// Some of the records.
    pub(crate) sample: Sample,
}

/// Read the lists, and give each key to a consumer of the thread, until `is_vain`.
pub(crate) fn read<C: FnMut(Key, Place)>(
    options: &BuildOptions,
    numbering: NumberingPlan,
    seed: u64,
    keys: Keys,
    costs: &mut Costs<'_>,
    is_vain: &(dyn Fn() -> bool + Sync),
    consumer: impl Fn() -> C + Sync,
) -> Result<Read, SourceError> {
    let rules = Rules::new(
        options.kind,
        options.profile.clone(),
        keys,
        numbering.payloads,
    );
    let sample = Mutex::new(Sample::new(seed));
    let counts = costs.stage(Stage::Read, total_bytes(&options.inputs), |observer| {
        read_and_hash(
            &options.inputs,
            &options.layout,
            &rules,
            options.num_threads,
            observer,
            is_vain,
            &sample,
            consumer,
        )
    })?;
    Ok(Read {
        counts,
        sample: sample.into_inner().unwrap_or_else(PoisonError::into_inner),
    })
}

/// Is there an identifier, and are few enough lines none?
///
/// # Errors
/// [`InputError::NoItems`], [`InputError::TooManyRejects`].
pub fn ensure_read(options: &BuildOptions, counts: &Counts) -> Result<(), InputError> {
    if counts.num_accepted == 0 {
        return Err(InputError::NoItems(Box::new(counts.clone())));
    }
    if options.encoding == Choice::Exact && counts.no_numbers.count() > 0 {
        return Err(InputError::NoNumbers(Box::new(counts.clone())));
    }
    if counts.rejected_share() > options.max_rejected_share {
        return Err(InputError::TooManyRejects {
            counts: Box::new(counts.clone()),
            limit: options.max_rejected_share,
        });
    }
    Ok(())
}
