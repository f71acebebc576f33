//! What a long work tells of itself.

pub mod usage;

use std::time::Instant;

use crate::progress::usage::Usage;

/// The stages of a build, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Reading, normalising and hashing; goes by bytes of input.
    Read,
    /// Sorting, and counting what is distinct; goes by partitions.
    Count,
    /// Putting numbers in order; goes by records.
    Order,
    /// Making hashes of numbers; goes by items.
    Hash,
    /// Building and writing pages; goes by items.
    Encode,
    /// Reading back and asking for every record; goes by records. Of a bundle, by sectors.
    Recheck,
    /// Putting the pages that other machines made behind each other.
    Join,
    /// Sending a filter to a device; goes by bytes.
    Send,
    /// Waiting until the disk has it all.
    Sync,
}

impl Stage {
    /// What a person reads.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "reading",
            Self::Count => "counting",
            Self::Order => "sorting",
            Self::Hash => "hashing",
            Self::Encode => "building",
            Self::Recheck => "checking",
            Self::Join => "joining",
            Self::Send => "sending",
            Self::Sync => "syncing",
        }
    }
}

/// Is told how far a work is. Called from several threads.
pub trait Observer: Sync {
    /// A stage begins; `total` is how far it goes, where that is known.
    fn begin(&self, stage: Stage, total: Option<u64>);
    /// The stage went so much further.
    fn advance(&self, by: u64);
    /// So many identifiers went through a stage that does not go by them.
    fn identifiers(&self, by: u64);
    /// The stage is over.
    fn end(&self);
    /// Should the work end without a result? The thread that began it asks, now and then while it
    /// reads, and between stages.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// Nobody looks.
impl Observer for () {
    fn begin(&self, _stage: Stage, _total: Option<u64>) {}
    fn advance(&self, _by: u64) {}
    fn identifiers(&self, _by: u64) {}
    fn end(&self) {}
}

/// What a stage took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Which.
    pub stage: Stage,
    /// Time that went by; seconds.
    pub seconds: f64,
    /// CPU time of all threads, where the system tells; seconds.
    pub cpu_seconds: Option<f64>,
}

/// Notes what each stage takes, and tells the observer.
pub(crate) struct Costs<'a> {
    pub(crate) observer: &'a dyn Observer,
    costs: Vec<Cost>,
}

impl<'a> Costs<'a> {
    pub(crate) const fn new(observer: &'a dyn Observer) -> Self {
        Self {
            observer,
            costs: Vec::new(),
        }
    }

    /// Do a stage.
    pub(crate) fn stage<T>(
        &mut self,
        stage: Stage,
        total: Option<u64>,
        work: impl FnOnce(&dyn Observer) -> T,
    ) -> T {
        let (began, before) = (Instant::now(), Usage::now());
        self.observer.begin(stage, total);
        let result = work(self.observer);
        self.observer.end();
        self.costs.push(Cost {
            stage,
            seconds: began.elapsed().as_secs_f64(),
            cpu_seconds: Usage::now()
                .cpu_seconds
                .zip(before.cpu_seconds)
                .map(|(after, before)| after - before),
        });
        result
    }

    pub(crate) fn into_costs(self) -> Vec<Cost> {
        self.costs
    }
}
