//! The driver: says what tasks there are, compares what they tell, and joins what they made.

mod error;
mod exact;
mod filter;
mod lists;

use std::path::Path;
use std::time::Instant;

use leaksieve_core::hash::HashFunction;

pub use self::error::ClusterError;
use self::exact::{Exact, Gathered, Led};
use self::filter::Filter;
use self::lists::{List, Told};
use super::staging::{Staging, StagingError, Sum};
use super::task::{HashTask, Read, StageKind, StageTask, Task};
use super::{NUM_SEGMENTS, Row, Shuffle, Source, Step};
use crate::file::{Access, AtomicFile};
use crate::input::normalise::{Counts, Keys, Rules};
use crate::input::source::{Input, Layout, Values};
use crate::input::speller::Sample;
use crate::input::survey::column::{Column, Parts};
use crate::pipeline::build::{
    Written, ensure_goes_on, ensure_possible, keys_of, reason_of, seed_of,
};
use crate::pipeline::exact::begins as begins_of;
use crate::pipeline::partition::range_of;
use crate::pipeline::plan::NumberingPlan;
use crate::pipeline::{BuildOptions, Count, Counting, PlanError, Summary, ensure_read};
use crate::progress::{Cost, Observer, Stage};
use crate::sizing::Reason;

/// A build on a cluster: a state machine that holds no hash and no page. See [the module](super).
///
/// When it is dropped, or has failed, the staging folder and what is not finished of the file are gone.
pub struct Build {
    /// `None`: it failed or is finished.
    work: Option<Work>,
    summary: Option<Summary>,
    /// Why the staging folder is still there, though the build ended.
    left: Option<StagingError>,
}

/// What a build has as long as it goes on.
struct Work {
    shared: Shared,
    column: Column,
    /// How many rows of each task the first look was at.
    num_first: Vec<u64>,
    has_looked: bool,
    phase: Phase,
    clock: Clock,
}

/// What all phases use.
struct Shared {
    options: BuildOptions,
    numbering: NumberingPlan,
    seed: u64,
    /// The first bits that choose a segment.
    num_bits: u32,
    staging: Staging,
    file: AtomicFile,
    counts: Counts,
    sample: Sample,
}

enum Phase {
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
enum Next {
    Step(Step),
    Made(Box<Written>),
}

impl Build {
    /// A build of `options`, whose inputs, memory, threads and folder are not used. The layout is
    /// [`Layout::Line`], which insists on values that look like something else, or taken as
    /// [`Layout::LineOf`].
    ///
    /// `staging` is a folder that the driver and all tasks reach under this name: a private one is made in
    /// it, and removed in the end. `num_segments`: see [`NUM_SEGMENTS`]. `column` begins messages: "column
    /// `phone`".
    ///
    /// # Errors
    /// [`ClusterError`]: what is wrong with these, or the output is there already.
    pub fn new(
        options: &BuildOptions,
        output: &Path,
        staging: &Path,
        num_segments: u32,
        column: &str,
    ) -> Result<Self, ClusterError> {
        if !num_segments.is_power_of_two() || !NUM_SEGMENTS.contains(&num_segments) {
            return Err(ClusterError::Segments(num_segments));
        }
        ensure_possible(options)?;
        let layout = match options.layout {
            Layout::Line => Layout::Line,
            _ => Layout::LineOf(options.kind),
        };
        let numbering = NumberingPlan::of(&options.profile).map_err(PlanError::Numbering)?;
        let file = AtomicFile::create(output, options.replace, Access::AsUsual)?;
        let staging = Staging::new(staging, output)?;
        if staging.path().to_str().is_none() {
            return Err(ClusterError::StagingName(staging.path().to_path_buf()));
        }
        let seed = seed_of(options)?;
        // For messages.
        let named = Values::new(column, Vec::<Option<Vec<u8>>>::new());
        Ok(Self {
            work: Some(Work {
                column: Column::new(column, options.kind, options.profile.clone(), layout),
                shared: Shared {
                    options: BuildOptions {
                        inputs: vec![Input::Values(named)],
                        ..options.clone()
                    },
                    numbering,
                    seed,
                    num_bits: num_segments.ilog2(),
                    staging,
                    file,
                    counts: Counts::default(),
                    sample: Sample::new(seed),
                },
                num_first: Vec::new(),
                has_looked: false,
                phase: Phase::Begin,
                clock: Clock::default(),
            }),
            summary: None,
            left: None,
        })
    }

    /// Judge the first rows of the column, in order: [`LOOK_ROWS`](super::LOOK_ROWS), if there are so many. `tasks`: the
    /// number that the task will have that reads each of them (see [`Worker::new`](super::Worker::new)), or empty where that is not known. `false`:
    /// they are all blank, so those behind them should be looked at, if there are any.
    ///
    /// # Errors
    /// [`SourceError`](crate::input::source::SourceError), as of a file.
    pub fn look(&mut self, rows: &[Option<&[u8]>], tasks: &[u32]) -> Result<bool, ClusterError> {
        self.go_on(|work| {
            let before = work.column.num_first();
            let manner = work.column.look(rows.iter().copied())?;
            work.has_looked = true;
            let num_looked = (work.column.num_first() - before) as usize;
            for task in tasks.iter().take(num_looked).map(|task| *task as usize) {
                if work.num_first.len() <= task {
                    work.num_first.resize(task + 1, 0);
                }
                work.num_first[task] += 1;
            }
            Ok(manner.is_some())
        })
    }

    /// The next step, when these rows came of the one before; none before the first. `None`: the file has
    /// its name.
    ///
    /// # Errors
    /// [`ClusterError`]. No file was saved then, but for
    /// [`OutputError::NotSynced`](crate::file::OutputError::NotSynced).
    pub fn next(
        &mut self,
        rows: &[Row],
        observer: &dyn Observer,
    ) -> Result<Option<Step>, ClusterError> {
        let next = self.go_on(|work| {
            work.clock.end(observer);
            let next = work.next(rows, observer)?;
            let stage = match &next {
                Next::Step(step) => step.stage,
                Next::Made(_) => Stage::Sync,
            };
            work.clock.begin(stage, observer);
            ensure_goes_on(observer)?;
            Ok(next)
        })?;
        match (next, self.work.take()) {
            (Next::Step(step), work) => {
                self.work = work;
                Ok(Some(step))
            }
            (Next::Made(written), Some(work)) => {
                let Work {
                    shared, mut clock, ..
                } = work;
                let committed = shared.file.commit();
                clock.end(observer);
                self.left = shared.staging.close().err();
                committed?;
                self.summary = Some(written.summary(shared.counts, clock.costs));
                Ok(None)
            }
            (Next::Made(_), None) => Err(ClusterError::NotInOrder),
        }
    }

    /// What was built, when it is.
    pub const fn summary(&self) -> Option<&Summary> {
        self.summary.as_ref()
    }

    /// End the build, whether it is finished, failed, or neither: then there is no file.
    ///
    /// # Errors
    /// [`StagingError::Remove`]: the staging folder is still there. Whether a file was saved,
    /// [`summary`](Self::summary) says.
    pub fn close(&mut self) -> Result<(), StagingError> {
        self.fail();
        self.left.take().map_or(Ok(()), Err)
    }

    fn fail(&mut self) {
        if let Some(work) = self.work.take() {
            self.left = work.shared.staging.close().err();
        }
    }

    /// After an error nothing is left.
    fn go_on<T>(
        &mut self,
        with: impl FnOnce(&mut Work) -> Result<T, ClusterError>,
    ) -> Result<T, ClusterError> {
        let work = self.work.as_mut().ok_or(ClusterError::NotInOrder)?;
        let result = with(work);
        if result.is_err() {
            self.fail();
        }
        result
    }
}

impl Shared {
    /// How many distinct ones there are, as one machine counts them; `sum` is that of all, duplicates
    /// included.
    fn count(&self, list: &List, sum: u128) -> Count {
        let counting = Counting::new(self.counts.num_stored, self.options.max_counted_records);
        let end = range_of(counting.partitions().end - 1).end;
        let below = list.below(end);
        counting.count(below.count, below.sum, sum)
    }
}

impl Work {
    fn next(&mut self, rows: &[Row], observer: &dyn Observer) -> Result<Next, ClusterError> {
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

/// Notes how long each stage takes. What tasks do is not this process's CPU time.
#[derive(Default)]
struct Clock {
    costs: Vec<Cost>,
    running: Option<(Stage, Instant)>,
}

impl Clock {
    fn begin(&mut self, stage: Stage, observer: &dyn Observer) {
        self.end(observer);
        observer.begin(stage, None);
        self.running = Some((stage, Instant::now()));
    }

    fn end(&mut self, observer: &dyn Observer) {
        let Some((stage, began)) = self.running.take() else {
            return;
        };
        observer.end();
        let seconds = began.elapsed().as_secs_f64();
        match self.costs.last_mut() {
            Some(last) if last.stage == stage => last.seconds += seconds,
            _ => self.costs.push(Cost {
                stage,
                seconds,
                cpu_seconds: None,
            }),
        }
    }
}
