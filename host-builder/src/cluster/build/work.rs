//! From the column on: the phases of a build.

use leaksieve_core::hash::HashFunction;

use super::super::staging::{Staging, Sum};
use super::super::task::{HashTask, Read, StageKind, StageTask, Task};
use super::super::{Row, Shuffle, Source, Step};
use super::clock::Clock;
use super::error::ClusterError;
use super::exact::{Exact, Gathered, Led};
use super::filter::Filter;
use super::lists::{List, Told};
use crate::file::AtomicFile;
use crate::input::normalise::{Counts, Keys, Rules};
use crate::input::speller::Sample;
use crate::input::survey::column::{Column, Parts};
use crate::pipeline::build::{Written, keys_of, reason_of};
use crate::pipeline::exact::begins as begins_of;
use crate::pipeline::partition::range_of;
use crate::pipeline::plan::NumberingPlan;
use crate::pipeline::{BuildOptions, Count, Counting, ensure_read};
use crate::progress::{Observer, Stage};
use crate::sizing::Reason;

/// What a build has as long as it goes on.
pub(super) struct Work {
    pub(super) shared: Shared,
    pub(super) column: Column,
    /// How many rows of each task the first look was at.
    pub(super) num_first: Vec<u64>,
    pub(super) has_looked: bool,
    pub(super) phase: Phase,
    pub(super) clock: Clock,
}

/// What all phases use.
pub(super) struct Shared {
    pub(super) options: BuildOptions,
    pub(super) numbering: NumberingPlan,
    pub(super) seed: u64,
    /// The first bits that choose a segment.
    pub(super) num_bits: u32,
    pub(super) staging: Staging,
    pub(super) file: AtomicFile,
    pub(super) counts: Counts,
    pub(super) sample: Sample,
}

pub(super) enum Phase {
    /// Nothing was read.
    Begin,
    /// The column is read.
    Reading,
    /// An exact set is made, or tried.
    Exact(Box<Exact>),
    /// A filter is made.
    Filter(Box<Filter>),
}

/// What a phase leads to.
pub(super) enum Next {
    Step(Step),
    Made(Box<Written>),
}

impl Shared {
    /// How many distinct ones there are, as one machine counts them; `sum` is that of all, duplicates
    /// included.
    pub(super) fn count(&self, list: &List, sum: u128) -> Count {
        let counting = Counting::new(self.counts.num_stored, self.options.max_counted_records);
        let end = range_of(counting.partitions().end - 1).end;
        let below = list.below(end);
        counting.count(below.count, below.sum, sum)
    }
}

impl Work {
    pub(super) fn next(
        &mut self,
        rows: &[Row],
        observer: &dyn Observer,
    ) -> Result<Next, ClusterError> {
        let told = Told::of(rows)?;
        match &mut self.phase {
            Phase::Begin if self.has_looked => {
                let step = self.read();
                self.phase = Phase::Reading;
                Ok(Next::Step(step))
            }
            Phase::Begin => Err(ClusterError::NotInOrder),
            Phase::Reading => self.plan(told),
            Phase::Exact(exact) => {
                match exact.next(&mut self.shared, told, &mut self.clock, observer)? {
                    Led::Next(next) => Ok(next),
                    Led::Filter(hashes, sum, reason) => self.filter(hashes, sum, reason),
                }
            }
            Phase::Filter(filter) => filter.next(&mut self.shared, told, &mut self.clock, observer),
        }
    }

    fn keys(&self) -> Keys {
        let seed = self.shared.seed;
        keys_of(&self.shared.options, HashFunction::Xxh3 { seed })
    }

    /// Column -> files of hashes, and of numbers.
    fn read(&self) -> Step {
        let Shared {
            options,
            numbering,
            seed,
            num_bits,
            staging,
            ..
        } = &self.shared;
        let keys = self.keys();
        let has_numbers = matches!(keys, Keys::Numbers(_));
        let profile = options.profile.clone();
        let task = HashTask {
            rules: Rules::new(options.kind, profile, keys, numbering.payloads),
            manner: self.column.manner(),
            num_first: self.num_first.clone(),
            num_bits: *num_bits,
            has_numbers,
            seed: *seed,
        };
        Step {
            stage: Stage::Read,
            source: Source::Column,
            task: Task::Hash(Box::new(task)).to_bytes(),
            then: Some(Shuffle {
                num_parts: 1 << (num_bits + u32::from(has_numbers)),
                task: Task::Stage(StageTask {
                    folder: staging.folder(),
                    label: "read".into(),
                    num_bits: *num_bits,
                    kind: if has_numbers {
                        StageKind::HashesAndNumbers
                    } else {
                        StageKind::Hashes
                    },
                })
                .to_bytes(),
            }),
        }
    }

    /// The column was read: what is to be made of it?
    fn plan(&mut self, mut told: Told) -> Result<Next, ClusterError> {
        told.ensure_shuffled()?;
        let shared = &mut self.shared;
        let (mut hashes_sum, mut numbers_sum) = (Sum::default(), Sum::default());
        if let Some(read) = told.read.take() {
            let Read {
                counts,
                mut sample,
                rest,
                num_rows,
                hashes,
                numbers,
                ..
            } = *read;
            (hashes_sum, numbers_sum) = (hashes, numbers);
            let parts = parts_of(num_rows)?;
            shared.counts = counts;
            shared.counts.move_places(&|place| parts.place(place));
            shared.counts.survey = self.column.judge(&rest)?;
            sample.move_places(&|place| parts.place(place));
            shared.sample = sample;
        }
        ensure_read(&shared.options, &shared.counts)?;
        let hashes = List::of(shared.num_bits, 0, &mut told.staged)?;
        let numbers = List::of(shared.num_bits, 1 << shared.num_bits, &mut told.staged)?;
        // What is neither among the hashes nor among the numbers, or is a hash where all are numbers, would be in no file.
        let all = hashes_sum.count.wrapping_add(numbers_sum.count);
        let has_others = hashes.distinct.count > 0 && shared.counts.no_numbers.count() == 0;
        if !told.staged.is_empty()
            || all != shared.counts.num_stored
            || (has_others && numbers.distinct.count > 0)
        {
            return Err(ClusterError::OtherRows);
        }
        if numbers.distinct.count == 0 {
            let reason = reason_of(&shared.options);
            return self.filter(hashes, hashes_sum.sum, reason);
        }
        // Without a number in the share that says it, nobody does.
        let begins = match (told.begins.take(), &numbers.parts[0]) {
            (Some(begins), Some(_)) => begins,
            (None, None) => begins_of(&[]),
            _ => return Err(ClusterError::OtherRows),
        };
        let gathered = Gathered {
            numbers,
            numbers_sum: numbers_sum.sum,
            begins,
            others: hashes,
            others_sum: hashes_sum.sum,
        };
        let exact = Exact::new(shared, gathered);
        let step = exact.begin(shared);
        self.phase = Phase::Exact(Box::new(exact));
        Ok(Next::Step(step))
    }

    /// A filter of these hashes; `sum` is that of all, duplicates included.
    fn filter(&mut self, hashes: List, sum: u128, reason: Reason) -> Result<Next, ClusterError> {
        let filter = Filter::new(&self.shared, hashes, sum, reason)?;
        let step = filter.encode(&self.shared);
        self.phase = Phase::Filter(Box::new(filter));
        Ok(Next::Step(step))
    }
}

/// Where the shares of the column begin in it. One that is there twice, or not, is none of a column.
fn parts_of(mut num_rows: Vec<(u32, u64)>) -> Result<Parts, ClusterError> {
    num_rows.sort_unstable();
    let are_all = (0..)
        .zip(&num_rows)
        .all(|(task, (found, _))| task == *found);
    match are_all {
        true => Ok(Parts::new(num_rows.into_iter().map(|(_, rows)| rows))),
        false => Err(ClusterError::OtherRows),
    }
}
