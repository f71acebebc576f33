//! What a task does: in a Python worker of Spark, say, one [`Worker`] each.

mod check;
mod encode;
mod exact;
mod hash;
mod stage;

use super::Row;
use super::task::{Task, TaskError};
use check::Check;
use encode::Encode;
use hash::Hash;
use stage::Stage;

/// Does one task: takes values or rows, and gives rows.
pub struct Worker(Kind);

enum Kind {
    Hash(Box<Hash>),
    Rows(Box<dyn Work + Send>),
}

/// What tasks do that take rows.
trait Work {
    /// An element of [`Source::Tasks`](super::Source::Tasks), or a row of a shuffle.
    fn row(&mut self, part: i32, blob: &[u8]) -> Result<(), TaskError>;

    /// The rows that are ready.
    fn take(&mut self) -> Vec<Row> {
        Vec::new()
    }

    /// No row follows; gives all rows that are left.
    fn finish(&mut self) -> Result<Vec<Row>, TaskError>;
}

impl Worker {
    /// For the task of a [`Step`](super::Step), or of its [`Shuffle`](super::Shuffle). `number` is the task's place
    /// among those of its kind. Tasks that read a column are numbered from 0 on, in the order of their rows in
    /// it; each reports, also without a row.
    ///
    /// # Errors
    /// [`TaskError::OtherVersion`].
    pub fn new(task: &[u8], number: u32) -> Result<Self, TaskError> {
        Ok(Self(match Task::from_bytes(task)? {
            Task::Hash(task) => Kind::Hash(Box::new(Hash::new(*task, number))),
            Task::Stage(task) => Kind::Rows(Box::new(Stage::new(task))),
            Task::Encode(task) => Kind::Rows(Box::new(Encode::new(task)?)),
            Task::Check(task) => Kind::Rows(Box::new(Check::new(task)?)),
            Task::Numbers(task) => Kind::Rows(Box::new(exact::Numbers::new(task))),
            Task::EncodeExact(task) => Kind::Rows(Box::new(exact::Encode::new(task)?)),
            Task::CheckExact(task) => Kind::Rows(Box::new(exact::Check::new(task)?)),
        }))
    }

    /// The next values of the column, in order; `None` where one is missing.
    ///
    /// # Errors
    /// [`TaskError::OtherRows`].
    pub fn values<'v>(
        &mut self,
        values: impl IntoIterator<Item = Option<&'v [u8]>>,
    ) -> Result<(), TaskError> {
        match &mut self.0 {
            Kind::Hash(hash) => {
                values.into_iter().for_each(|value| hash.value(value));
                Ok(())
            }
            Kind::Rows(_) => Err(TaskError::OtherRows),
        }
    }

    /// An element of [`Source::Tasks`](super::Source::Tasks) with its index, or a row of a shuffle. Several may come, in
    /// any order.
    ///
    /// # Errors
    /// [`TaskError`].
    pub fn row(&mut self, part: i32, blob: &[u8]) -> Result<(), TaskError> {
        match &mut self.0 {
            Kind::Hash(_) => Err(TaskError::OtherRows),
            Kind::Rows(rows) => rows.row(part, blob),
        }
    }

    /// The rows that are ready: to be called now and then, so that they do not fill the memory.
    pub fn take(&mut self) -> Vec<Row> {
        match &mut self.0 {
            Kind::Hash(hash) => hash.take(),
            Kind::Rows(rows) => rows.take(),
        }
    }

    /// Nothing follows; gives all rows that are left.
    ///
    /// # Errors
    /// [`TaskError`].
    pub fn finish(mut self) -> Result<Vec<Row>, TaskError> {
        match &mut self.0 {
            Kind::Hash(hash) => Ok(hash.finish()),
            Kind::Rows(rows) => rows.finish(),
        }
    }
}
