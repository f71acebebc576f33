//! The survey of a column that is read in parts, by other processes: what is decided by its first
//! rows, and how the rest is judged when all parts were read.
//!
//! ```text
//! first rows -> Column::look -> Manner, for all parts
//! each part  -> Rest::keep of each batch
//! all parts  -> Rest::merge -> Column::judge -> Findings
//! ```

use leaksieve_core::{IdentifierKind, Profile};

use super::sample::{Rest, Sample};
use super::subject::Manner;
use super::{Findings, First, List, Survey};
use crate::input::reject::Place;
use crate::input::source::{Gather, Input, Layout, SourceError, Values};

/// How many of the first rows are looked at, at most: as many as of a file. Fewer are enough
/// where they have a MiB of text.
pub const LOOK_ROWS: usize = crate::input::source::LOOK_VALUES;

/// Where the parts of a column begin in it. The [`Place`] of a row of a part has the part's number as
/// its input, and its row in the part, counted from 1, as its line.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// Rows that stand before each part.
    before: Vec<u64>,
}

impl Parts {
    /// Of parts of so many rows, in order.
    pub fn new(num_rows: impl IntoIterator<Item = u64>) -> Self {
        let before = num_rows.into_iter().scan(0, |next, num_rows| {
            let before = *next;
            *next += num_rows;
            Some(before)
        });
        Self {
            before: before.collect(),
        }
    }

    /// A row's place in the whole column.
    pub fn place(&self, Place { input, line }: Place) -> Place {
        let before = self.before.get(input).copied().unwrap_or(0);
        Place {
            input: 0,
            line: before + line,
        }
    }
}

/// A column that is surveyed.
pub struct Column {
    input: Input,
    kind: IdentifierKind,
    profile: Profile,
    layout: Layout,
    first: First,
    num_first: u64,
}

impl Column {
    /// `name` begins each message: "column `phone`". [`Layout::Line`] insists on values that do not look
    /// like such identifiers, [`Layout::LineOf`] does not.
    pub fn new(name: &str, kind: IdentifierKind, profile: Profile, layout: Layout) -> Self {
        Self {
            input: Input::Values(Values::new(name, Vec::<Option<Vec<u8>>>::new())),
            kind,
            profile,
            layout,
            first: First {
                sample: Sample::default(),
                manner: Manner::default(),
            },
            num_first: 0,
        }
    }

    fn list(&self) -> List<'_> {
        List::new(0, &self.input, &self.layout, self.kind, &self.profile)
    }

    /// Look at the first rows, in order, [`LOOK_ROWS`] of them if there are so many. `None`: they are all
    /// blank, so those behind them should be looked at in the same way, if there are any.
    ///
    /// # Errors
    /// What the values look like, as of a file.
    pub fn look<'v>(
        &mut self,
        rows: impl IntoIterator<Item = Option<&'v [u8]>>,
    ) -> Result<Option<Manner>, SourceError> {
        let mut gather = Gather::new(0);
        for row in rows {
            gather.push(row);
            if gather.is_full() {
                break;
            }
        }
        self.num_first += gather.num_rows();
        let Some(batch) = gather.take() else {
            return Ok(None);
        };
        let first = self.list().first(&batch)?;
        Ok(first.map(|first| {
            self.first = first;
            self.first.manner
        }))
    }

    /// How many rows were looked at: they are no part of the rest.
    pub const fn num_first(&self) -> u64 {
        self.num_first
    }

    /// What is done with the values; what [`look`](Self::look) gave.
    pub const fn manner(&self) -> Manner {
        self.first.manner
    }

    /// Judge the rest: what was kept of all parts.
    ///
    /// # Errors
    /// What the rest looks like, or how it differs from the first rows.
    pub fn judge(&self, rest: &Rest) -> Result<Findings, SourceError> {
        let rest = rest.sample();
        let mut survey = Survey::new(self.kind, &self.profile);
        if !self.first.sample.is_empty() || !rest.is_empty() {
            survey.end(&self.list(), &self.first, &rest)?;
        }
        Ok(survey.findings())
    }
}
