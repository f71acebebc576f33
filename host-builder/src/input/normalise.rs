//! Raw identifiers -> items -> hashes, on all cores.

mod rules;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::input::reject::{Place, Rejects};
use crate::input::source::{Batch, Input, Layout, SourceError};
use crate::input::speller::Sample;
use crate::input::survey::{Findings, Manner, Survey, Wrapper};
use crate::progress::Observer;
pub use rules::{Key, Keys, OtherPlan, Rules};

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counts {
    /// Records that gave an item, duplicates included.
    pub num_accepted: u64,
    /// Records with nothing in them.
    pub num_blank: u64,
    /// Records of a lower count than was asked for; see [`Layout::BeforeColon`].
    pub num_below_min_count: u64,
    /// Entries of hash lists with a count of 0, which fill up a range.
    pub num_padding: u64,
    /// Records that gave none.
    pub rejects: Rejects,
    /// Items that were made of those records: one for each of their readings, duplicates included.
    pub num_stored: u64,
    /// Records that were stored in several readings.
    pub num_extra: u64,
    /// Telephone numbers that the numbering plan does not have. They are stored all the same.
    pub outside_plan: Rejects,
    /// Telephone numbers of other countries than the region's.
    pub num_other_country: u64,
    /// Passwords that are not UTF-8 text.
    pub num_not_utf8: u64,
    /// Where numbers are gathered: the records with an item that is none.
    pub no_numbers: Rejects,
    /// What was taken off records, and of how many.
    pub taken_off: BTreeMap<Wrapper, u64>,
    /// What the survey of all inputs found.
    pub survey: Findings,
}

impl Counts {
    /// Take over what was counted of another part of the list. The survey is of the whole list.
    pub fn merge(&mut self, other: &Self) {
        self.num_accepted += other.num_accepted;
        self.num_blank += other.num_blank;
        self.num_below_min_count += other.num_below_min_count;
        self.num_padding += other.num_padding;
        self.rejects.merge(&other.rejects);
        self.num_stored += other.num_stored;
        self.num_extra += other.num_extra;
        self.outside_plan.merge(&other.outside_plan);
        self.num_other_country += other.num_other_country;
        self.num_not_utf8 += other.num_not_utf8;
        self.no_numbers.merge(&other.no_numbers);
        for (wrapper, num) in &other.taken_off {
            *self.taken_off.entry(*wrapper).or_default() += num;
        }
    }

    /// Records of the lists.
    pub fn num_lines(&self) -> u64 {
        self.num_accepted
            + self.num_blank
            + self.num_below_min_count
            + self.num_padding
            + self.rejects.count()
    }

    /// Give each place another, in the same order.
    pub fn move_places(&mut self, to: &dyn Fn(Place) -> Place) {
        for rejects in [
            &mut self.rejects,
            &mut self.outside_plan,
            &mut self.no_numbers,
        ] {
            rejects.move_places(to);
        }
    }

    /// Share of the records with something in them that gave no item, or a number that no
    /// telephone has, 0 to 1.
    pub fn rejected_share(&self) -> f64 {
        let rejected = self.rejects.count();
        let doubtful = rejected + self.outside_plan.count();
        doubtful as f64 / (rejected + self.num_accepted).max(1) as f64
    }
}

/// A thread that panicked ends the build; until then its part is not missed.
fn lock(sample: &Mutex<Sample>) -> MutexGuard<'_, Sample> {
    sample.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes of all inputs, where they are known beforehand.
pub fn total_bytes(inputs: &[Input]) -> Option<u64> {
    inputs.iter().map(Input::num_bytes).sum()
}

/// Read all inputs and give the hash of each record to a consumer, one consumer a
/// thread, made by `consumer`. The calling thread reads; the others normalise. Some of the
/// records that gave an item are drawn into `sample`. When `is_vain` says that nobody wants the
/// rest, what was read so far is counted.
///
/// # Errors
/// The first input that cannot be read.
#[expect(
    clippy::too_many_arguments,
    reason = "what is read, how, by whom, and who is told"
)]
pub fn read_and_hash<C: FnMut(Key, Place)>(
    inputs: &[Input],
    layout: &Layout,
    rules: &Rules,
    num_threads: usize,
    observer: &dyn Observer,
    is_vain: &(dyn Fn() -> bool + Sync),
    sample: &Mutex<Sample>,
    consumer: impl Fn() -> C + Sync,
) -> Result<Counts, SourceError> {
    /// Ends the reading without an error.
    enum End {
        Vain,
        Error(SourceError),
    }
    impl From<SourceError> for End {
        fn from(error: SourceError) -> Self {
            Self::Error(error)
        }
    }

    // Two batches a thread: none waits, and memory is bounded.
    let (send, receive) = crossbeam_channel::bounded::<(Batch, Manner)>(num_threads * 2);
    let failed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..num_threads)
            .map(|_| {
                let receive = receive.clone();
                let (consumer, failed) = (&consumer, &failed);
                scope.spawn(move || {
                    let mut take = consumer();
                    let mut counts = Counts::default();
                    let mut part = lock(sample).part();
                    for (batch, manner) in receive {
                        if !failed.load(Ordering::Relaxed) {
                            let before = counts.num_accepted;
                            rules.hash_batch(&batch, manner, &mut counts, &mut part, &mut take);
                            observer.identifiers(counts.num_accepted - before);
                        }
                    }
                    lock(sample).merge(part);
                    counts
                })
            })
            .collect();
        drop(receive);
        let mut survey = Survey::new(rules.kind, &rules.profile);
        let read = inputs.iter().enumerate().try_for_each(|(index, input)| {
            survey.read(
                index,
                input,
                layout,
                &|num_bytes| observer.advance(num_bytes),
                &mut |batch, manner| {
                    // The workers live as long as the channel.
                    let _ = send.send((batch, manner));
                    if is_vain() { Err(End::Vain) } else { Ok(()) }
                },
            )
        });
        if read.is_err() {
            failed.store(true, Ordering::Relaxed);
        }
        drop(send);
        let mut counts = Counts {
            survey: survey.findings(),
            ..Counts::default()
        };
        for worker in workers {
            match worker.join() {
                Ok(part) => counts.merge(&part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        match read {
            Ok(()) | Err(End::Vain) => Ok(counts),
            Err(End::Error(error)) => Err(error),
        }
    })
}
