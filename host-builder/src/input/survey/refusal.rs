//! Why a list is not read, and what reads it.

use super::shape::{self, Shape};
use crate::input::source::{Input, SourceError};

/// What a list looks like, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The lines look like this.
    pub(super) found: String,
    /// What to do.
    pub(super) remedy: String,
}

impl Refusal {
    pub(super) fn new(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            found: found.into(),
            remedy: remedy.into(),
        }
    }

    /// Of cells or fields: a command that mends whole lines does not reach into them.
    pub(super) fn of_cells(mut self) -> Self {
        const FIRST: &str = "write the column to a file, one cell a line";
        if self.remedy.contains("| leaksieve build -") && !self.remedy.contains(FIRST) {
            self.remedy = format!("{FIRST}; with that as FILE, {}", self.remedy);
        }
        self
    }

    /// Of an input; `is_lines` if `--as-lines` would insist.
    pub(super) fn of(self, input: &Input, shapes: &[Shape], is_lines: bool) -> SourceError {
        SourceError::LooksLike {
            input: input.clone(),
            found: self.found,
            remedy: self.remedy,
            may_insist: is_lines,
            shapes: in_brackets(shapes),
        }
    }
}

/// A command that mends the list, before leaksieve reads it.
pub(super) fn pipe(command: &str) -> String {
    format!("{command} FILE | leaksieve build -")
}

/// A command that reads the list from its standard input.
pub(super) fn pipe_in(command: &str) -> String {
    format!("{command} < FILE | leaksieve build -")
}

/// ` (shapes: ...)`, or nothing.
pub(crate) fn in_brackets(shapes: &[Shape]) -> String {
    match shape::describe(shapes) {
        none if none.is_empty() => none,
        shapes => format!(" (shapes: {shapes})"),
    }
}
