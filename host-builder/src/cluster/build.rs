//! The driver: says what tasks there are, compares what they tell, and joins what they made.

mod clock;
mod error;
mod exact;
mod filter;
mod lists;
mod work;

use std::path::Path;

use self::clock::Clock;
pub use self::error::ClusterError;
use self::work::{Next, Phase, Shared, Work};
use super::staging::{Staging, StagingError};
use super::{NUM_SEGMENTS, Row, Step};
use crate::file::{Access, AtomicFile};
use crate::input::normalise::Counts;
use crate::input::source::{Input, Layout, Values};
use crate::input::speller::Sample;
use crate::input::survey::column::Column;
use crate::pipeline::build::{ensure_goes_on, ensure_possible, seed_of};
use crate::pipeline::plan::NumberingPlan;
use crate::pipeline::{BuildOptions, PlanError, Summary};
use crate::progress::{Observer, Stage};

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
    /// [`StagingError::Remove`]: the staging folder is still there.
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
