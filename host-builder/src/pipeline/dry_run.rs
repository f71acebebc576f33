//! The first part of a build alone: survey and reading. Nothing is written.

use std::sync::Mutex;

use leaksieve_core::hash::HashFunction;

use super::{BuildError, Options, numbering_plan};
use crate::input::normalise::{Counts, Rules, hash_all, total_bytes};
use crate::input::speller::Sample;
use crate::progress::{Costs, Observer, Stage};

/// Read the lists as [`build`](super::build) does. What it would say of the counts,
/// [`ensure_read`] says.
///
/// # Errors
/// [`BuildError::Source`].
pub fn dry_run(options: &Options, observer: &dyn Observer) -> Result<Counts, BuildError> {
    let rules = Rules::new(
        options.kind,
        options.profile.clone(),
        HashFunction::Xxh3 { seed: 0 },
        numbering_plan(&options.profile)?.payloads,
    );
    let mut costs = Costs::new(observer);
    let counts = costs.stage(Stage::Read, total_bytes(&options.inputs), |observer| {
        hash_all(
            &options.inputs,
            &options.layout,
            &rules,
            options.num_threads,
            observer,
            &|| false,
            &Mutex::new(Sample::new(0)),
            || |_, _| (),
        )
    })?;
    Ok(counts)
}

/// Is there an identifier, and are few enough lines none?
///
/// # Errors
/// [`BuildError::NoItems`], [`BuildError::TooManyRejects`].
pub fn ensure_read(options: &Options, counts: &Counts) -> Result<(), BuildError> {
    if counts.num_accepted == 0 {
        return Err(BuildError::NoItems(Box::new(counts.clone())));
    }
    if counts.rejected_share() > options.max_rejected_share {
        return Err(BuildError::TooManyRejects {
            counts: Box::new(counts.clone()),
            limit: options.max_rejected_share,
        });
    }
    Ok(())
}
