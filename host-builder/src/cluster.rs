//! Builds a filter file where the data is: on a cluster whose machines share a folder.
//!
//! Whoever has a cluster (Spark, say) moves rows, and nothing else: [`Build`], the driver, says step by
//! step what tasks there are, and a [`Worker`] does one of them. The driver holds no hash and no page
//! (of an exact set the first value of each page, and the index).
//! The file has the bytes that [`pipeline::build()`](crate::pipeline::build()) gives with the same list, seed and date: both call
//! the same functions.
//!
//! | step | tasks, and what goes through the shuffle to the second kind |
//! |---|---|
//! | read | column -> blobs of hashes, a part each -> sorted into files of the staging folder, one a part |
//! | encode | a part's file -> the pages that begin in it, in a file; what they bump -> files again; for each layer |
//! | check | a part's file, asked of the pages; what they say is in the next layer -> files again; for each layer |
//!
//! Numbers are scattered and read so, too. If they may become an exact set:
//!
//! | step | tasks, and what goes through the shuffle to the second kind |
//! |---|---|
//! | order | a part's file -> blobs of numbers, by where they lie among all -> in order, files again |
//! | encode | a part's file -> its pages, in a file |
//! | check | a part's file, compared with its pages |
//! | hash | if there should be a filter after all: a part's file -> blobs of hashes -> files again, as read |
//!
//! Then the driver joins the files of pages behind a header, asks the new file as people do, and gives
//! it its name.
//!
//! What can go wrong between two tasks is compared: the number and the sum of all hashes, modulo 2^128,
//! on both sides of each shuffle, of each file, and of all pages. Tasks may run twice, at once, or be
//! killed: see `staging`.

mod blob;
mod build;
mod sender;
mod staging;
mod task;
mod worker;

use std::ops::RangeInclusive;

pub use crate::input::survey::column::LOOK_ROWS;
use crate::progress::Stage;
pub use build::{Build, ClusterError};
pub use staging::StagingError;
pub use task::TaskError;
pub use worker::Worker;

/// How many segments there may be, a power of two: parts that hashes are divided into by their first
/// bits. Each is a task, and takes 16 bytes of memory an item in it at most.
pub const NUM_SEGMENTS: RangeInclusive<u32> = 64..=1024;
/// The part of rows that are for the driver.
pub const FOR_DRIVER: i32 = -1;

/// What tasks give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it goes in a shuffle, or [`FOR_DRIVER`].
    pub part: i32,
    /// What it says.
    pub blob: Vec<u8>,
}

/// What is to be done next. The rows that its last tasks give are for [`Build::next`], in any order; of a
/// task that was tried several times, those of one attempt that came to its end.
#[derive(Clone, Debug)]
pub struct Step {
    /// For those who wait.
    pub stage: Stage,
    /// What the first tasks take.
    pub source: Source,
    /// For [`Worker::new`] of each of them.
    pub task: Vec<u8>,
    /// Where their rows go; `None`: they are for the driver.
    pub then: Option<Shuffle>,
}

/// What tasks take.
#[derive(Clone, Debug)]
pub enum Source {
    /// The column, divided among tasks in any way: [`Worker::values`].
    Column,
    /// These, each given to [`Worker::row`] of some task with its index.
    Tasks(Vec<Vec<u8>>),
}

/// All rows of a part go to one task of a second kind. One task may have several parts; those for the
/// driver go to one task, too, which joins them.
#[derive(Clone, Debug)]
pub struct Shuffle {
    /// Parts are `0..num_parts`.
    pub num_parts: u32,
    /// For [`Worker::new`] of each of the second tasks.
    pub task: Vec<u8>,
}
