//! What a file says of an identifier.

use crate::error::Error;
use crate::header::{Header, MAX_DATASETS};
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
    /// No dataset has it, and the file expired: what was leaked since is not in it. Only
    /// [`at`](Self::at) gives this.
    Expired(Answers),
}

impl Verdict {
    /// What each dataset said.
    pub const fn answers(&self) -> &Answers {
        match self {
            Self::Exposed(answers)
            | Self::NotExposed(answers)
            | Self::NotCovered(answers)
            | Self::Expired(answers) => answers,
        }
    }

    /// The verdict at a given time: if the file has expired, "not exposed" and "not covered" become
    /// [`Expired`](Self::Expired). `header` is that of the file that was asked, `now_unix_s` as for
    /// [`has_expired`](Header::has_expired). `None` means that there is no clock, or that you accept
    /// an expired file.
    pub fn at(self, header: &Header, now_unix_s: Option<u64>) -> Self {
        match self {
            Self::NotExposed(answers) | Self::NotCovered(answers)
                if header.has_expired(now_unix_s) =>
            {
                Self::Expired(answers)
            }
            verdict => verdict,
        }
    }
}

/// The system's clock: seconds since 1970-01-01 UTC. `None` if it is set to an earlier time.
#[cfg(feature = "std")]
pub fn system_clock() -> Option<u64> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.ok().map(|now| now.as_secs())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_expired_file_lacks_it_cannot_say() {
        let none = || Answers::NONE;
        let cases = || {
            [
                Verdict::Exposed(none()),
                Verdict::NotExposed(none()),
                Verdict::NotCovered(none()),
            ]
        };
        let mut header = Header::EMPTY;
        for (expires_unix_s, now_unix_s, is_expired) in [
            (0, Some(u64::MAX), false),
            (100, Some(99), false),
            (100, None, false),
            (100, Some(100), true),
        ] {
            header.expires_unix_s = expires_unix_s;
            for verdict in cases() {
                let expected = match verdict {
                    Verdict::NotExposed(_) | Verdict::NotCovered(_) if is_expired => {
                        Verdict::Expired(none())
                    }
                    ref same => same.clone(),
                };
                assert_eq!(verdict.at(&header, now_unix_s), expected);
            }
        }
    }
}
