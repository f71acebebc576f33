//! What the driver sends to tasks, and what they tell it. All of it is postcard.

mod exact;

use leaksieve_core::ReadError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use std::ops::Range;
use std::path::PathBuf;

pub(crate) use exact::{
    CheckExactPart, CheckExactTask, EncodeExactPart, EncodeExactTask, EncodedExact, ExactFile,
    ExactRange, NumbersPart, NumbersTask, NumbersTo,
};

use super::blob::Damaged;
use super::staging::{Folder, Staged, StagingError, Sum};
use super::{FOR_DRIVER, Row};
use crate::input::normalise::{Counts, Rules};
use crate::input::speller::Sample;
use crate::input::survey::{Manner, Rest};
use crate::pipeline::exact::BlockTrial;
use crate::pipeline::pages::{LayerPages, Pages};
use crate::pipeline::recheck::Findings;
use crate::sizing::measure::Trial;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why a task failed. It may be tried again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// It was made by another release, or is none.
    #[error(
        "the task was not made by leaksieve {VERSION}: install the same version on the driver and on all workers"
    )]
    OtherVersion,
    /// It was given rows that it has no use for.
    #[error("the task was given rows of another step. This is a bug: please report it")]
    OtherRows,
    /// A blob.
    #[error("a blob of hashes is damaged: build again, and check the disks of the shuffle")]
    DamagedBlob,
    /// A file that the machines share.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// Pages that were made.
    #[error("{}: pages cannot be read back: {error}; check the disk, and build again", path.display())]
    ReadBack {
        /// Their file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        error: ReadError<io::Error>,
    },
}

impl From<Damaged> for TaskError {
    fn from(Damaged: Damaged) -> Self {
        Self::DamagedBlob
    }
}

/// One kind of task. All tasks of a kind are given the same.
#[derive(Serialize, Deserialize)]
pub(crate) enum Task {
    Hash(Box<HashTask>),
    Stage(StageTask),
    Encode(EncodeTask),
    Check(CheckTask),
    Numbers(NumbersTask),
    EncodeExact(EncodeExactTask),
    CheckExact(CheckExactTask),
}

/// A share of the column -> blobs of hashes.
#[derive(Serialize, Deserialize)]
pub(crate) struct HashTask {
    pub(crate) rules: Rules,
    pub(crate) manner: Manner,
    /// How many rows of each task the first look was at.
    pub(crate) num_first: Vec<u64>,
    /// The first bits that choose a part.
    pub(crate) num_bits: u32,
    /// Numbers go to as many parts behind those of the hashes.
    pub(crate) has_numbers: bool,
    /// Of the sample for the speller.
    pub(crate) seed: u64,
}

/// Blobs -> a file for each part, sorted.
#[derive(Serialize, Deserialize)]
pub(crate) struct StageTask {
    pub(crate) folder: Folder,
    /// The files' names begin so.
    pub(crate) label: String,
    /// There are so many parts of a kind, as an exponent of 2.
    pub(crate) num_bits: u32,
    pub(crate) kind: StageKind,
}

/// What comes.
#[derive(Serialize, Deserialize)]
pub(crate) enum StageKind {
    /// Hashes, by their first bits.
    Hashes,
    /// And numbers, in parts behind theirs: where their ranges begin is to be said.
    HashesAndNumbers,
    /// Numbers, by their ranges, which begin here.
    Ordered(Vec<u64>),
    /// Hashes; these are here already.
    Besides(Vec<Staged>),
}

/// What tasks that make or ask pages are told of them.
#[derive(Serialize, Deserialize)]
pub(crate) struct PagesTask {
    pub(crate) folder: Folder,
    pub(crate) label: String,
    pub(crate) pages: Pages,
    pub(crate) layer: u8,
    /// The first bits of the hashes that choose a part of this layer.
    pub(crate) num_bits: u32,
    /// The same of the next layer; `None`: this is the last.
    pub(crate) next_bits: Option<u32>,
}

impl PagesTask {
    pub(crate) fn layer(&self) -> Result<LayerPages, TaskError> {
        let layer = self.pages.layers().nth(self.layer.into());
        layer.ok_or(TaskError::OtherRows)
    }
}

/// Staged hashes -> the pages that begin in a part, and what they bump.
#[derive(Serialize, Deserialize)]
pub(crate) struct EncodeTask(pub(crate) PagesTask);

/// A part of it.
#[derive(Serialize, Deserialize)]
pub(crate) struct EncodePart {
    pub(crate) part: u32,
    /// Its hashes; `None`: there are none.
    pub(crate) staged: Option<Staged>,
    /// Those of the parts behind it, where its last page goes on.
    pub(crate) behind: Vec<Staged>,
}

/// Staged hashes -> are they all in the pages?
#[derive(Serialize, Deserialize)]
pub(crate) struct CheckTask {
    pub(crate) pages: PagesTask,
    /// Chooses the hashes that are no items.
    pub(crate) seed: u64,
}

/// A part of it.
#[derive(Serialize, Deserialize)]
pub(crate) struct CheckPart {
    pub(crate) part: u32,
    pub(crate) staged: Option<Staged>,
    /// The pages that may have them.
    pub(crate) files: Vec<PartFile>,
    /// Behind the first layer: hashes that are no items, sorted.
    pub(crate) others: Vec<u64>,
}

/// Pages of a layer in a file, as they will be in the filter file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PartFile {
    pub(crate) name: String,
    /// Of the layer.
    pub(crate) pages: Range<u32>,
}

/// What a row for the driver says.
#[derive(Serialize, Deserialize)]
pub(crate) enum Report {
    Read(Box<Read>),
    /// What a task has sent through the shuffle. That of those who read says it itself.
    Sent(Sum),
    Staged {
        staged: Staged,
        /// What came through the shuffle.
        came: Sum,
        /// Of numbers in order.
        trial: Option<BlockTrial>,
    },
    Encoded(Encoded),
    Unsolvable,
    Checked(Checked),
    /// Where ranges of numbers begin.
    Begins(Vec<u64>),
    /// Hashes of numbers, before they were sent.
    Hashed(Sum),
    EncodedExact(EncodedExact),
}

/// Shares of the column.
#[derive(Serialize, Deserialize)]
pub(crate) struct Read {
    pub(crate) counts: Counts,
    pub(crate) sample: Sample,
    pub(crate) rest: Rest,
    /// The rows of each share, by the task's number.
    pub(crate) num_rows: Vec<(u32, u64)>,
    /// Of all hashes, duplicates included; numbers apart.
    pub(crate) hashes: Sum,
    pub(crate) numbers: Sum,
    /// What was sent of both.
    pub(crate) sent: Sum,
}

impl Read {
    pub(crate) fn merge(&mut self, other: Self) {
        self.counts.merge(&other.counts);
        self.sample.merge(other.sample);
        self.rest.merge(other.rest);
        self.num_rows.extend(other.num_rows);
        self.hashes.merge(other.hashes);
        self.numbers.merge(other.numbers);
        self.sent.merge(other.sent);
    }
}

/// The pages that begin in a part.
#[derive(Serialize, Deserialize)]
pub(crate) struct Encoded {
    pub(crate) part: u32,
    pub(crate) file: PartFile,
    /// As [`Fill::counts`](crate::sizing::measure::Fill::counts) gives them.
    pub(crate) fill: Vec<(u32, u64)>,
    /// The items of these pages.
    pub(crate) items: Sum,
    pub(crate) num_bumped: u64,
}

/// The answers to all questions of a part.
#[derive(Serialize, Deserialize)]
pub(crate) struct Checked {
    pub(crate) part: u32,
    /// The items that were asked for.
    pub(crate) items: Sum,
    pub(crate) num_lost: u64,
    pub(crate) num_probes: u64,
    pub(crate) num_false_alarms: u64,
    /// What is no item and was bumped, as the next layer hashes it.
    pub(crate) others: Vec<u64>,
}

impl From<Checked> for Findings {
    fn from(checked: Checked) -> Self {
        Self {
            num_lost: checked.num_lost,
            trial: Trial {
                num_probes: checked.num_probes,
                num_false_alarms: checked.num_false_alarms,
            },
            others: checked.others,
        }
    }
}

/// A message as bytes.
pub(crate) fn to_bytes(message: &impl Serialize) -> Vec<u8> {
    // A vector takes all that these types are made of; a path that is no UTF-8 was refused before.
    postcard::to_stdvec(message).unwrap_or_default()
}

/// The message of these bytes, all of them.
pub(crate) fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Some(message),
        _ => None,
    }
}

impl Task {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        to_bytes(&(VERSION, self))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, TaskError> {
        let taken = postcard::take_from_bytes::<&str>(bytes);
        let task = taken.ok().filter(|(version, _)| *version == VERSION);
        task.and_then(|(_, task)| from_bytes(task))
            .ok_or(TaskError::OtherVersion)
    }
}

impl Report {
    pub(crate) fn row(&self) -> Row {
        Row {
            part: FOR_DRIVER,
            blob: to_bytes(self),
        }
    }

    pub(crate) fn of(row: &Row) -> Option<Self> {
        (row.part == FOR_DRIVER).then(|| from_bytes(&row.blob))?
    }
}
