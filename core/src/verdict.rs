//! What a file says of an identifier.

use crate::error::Error;
use crate::header::MAX_DATASETS;
use crate::identifier::{NormaliseError, Rule};

/// What a file says of an identifier. There is no `bool` of it: a question that
/// could not be answered is not a "no".
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum Verdict {
    /// At least one dataset has the identifier, or gives a false alarm, at its rate.
    Exposed(Answers),
    /// Every dataset that was asked covers the identifier, and none has it.
    NotExposed(Answers),
    /// No dataset has it, and at least one cannot say.
    NotCovered(Answers),
}

impl Verdict {
    /// What each dataset said.
    pub const fn answers(&self) -> &Answers {
        match self {
            Self::Exposed(answers) | Self::NotExposed(answers) | Self::NotCovered(answers) => {
                answers
            }
        }
    }
}

/// What each dataset that was asked said, in the file's order; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Answers(heapless::Vec<Answer, MAX_DATASETS>);

impl Answers {
    /// The answers, in the file's order.
    pub fn iter(&self) -> impl Iterator<Item = &Answer> {
        self.0.iter()
    }

    pub(crate) const NONE: Self = Self(heapless::Vec::new());

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, answer: Answer) -> Result<(), Error> {
        self.0.push(answer).map_err(|_| Error::Unfinished)
    }
}

/// What one dataset said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Answer {
    /// Index in [`Catalogue::datasets`](crate::Catalogue::datasets).
    pub dataset: u8,
    /// What it said.
    pub outcome: Outcome,
    /// Of what is exposed: how the reading that was found came from the identifier. `None`: it
    /// is the identifier as it was typed.
    pub rule: Option<Rule>,
    /// How many readings of the identifier the dataset is asked for. Each may be a false alarm:
    /// see [`Dataset::false_alarm`](crate::Dataset::false_alarm).
    pub num_readings: u8,
}

/// What a dataset says of an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Outcome {
    /// It has the identifier, or this is a false alarm.
    Exposed,
    /// It covers the identifier and does not have it.
    Absent,
    /// It says nothing about it.
    NotCovered(NormaliseError),
}
