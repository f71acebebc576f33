//! What a file says of a text.

use leaksieve_core::identifier::Rule;
use leaksieve_core::{Catalogue, Dataset, Outcome};

use crate::about::{date, min_count, one_in};
use crate::reason::Reason;

/// What a file says of a text. A question that could not be answered is not a "no".
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Verdict {
    /// At least one leak has it, or gives a false alarm, at its rate, if it has one.
    Exposed {
        /// Those; at least one.
        leaks: Vec<Leak>,
    },
    /// Every leak that was asked covers it, and none has it.
    NotExposed {
        /// Those that were asked; at least one.
        absences: Vec<Absence>,
    },
    /// No leak has it, and at least one cannot say.
    NotCovered {
        /// Those that cannot say; at least one.
        gaps: Vec<Gap>,
        /// Those that lack it.
        absences: Vec<Absence>,
    },
}

/// A leak that has the text, or gives a false alarm.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Leak {
    /// Index in the datasets of `About`.
    pub dataset: u8,
    /// Name of the breach.
    pub name: String,
    /// When it happened: `2021-06-11`, `2021-06` or `2021`. None: unknown.
    pub date: Option<String>,
    /// Of so many people who are not in it and ask such a text, one is told this too. None: nobody
    /// is, it is certain; but see what `found` says.
    pub false_alarm_one_in: Option<u64>,
    /// How the text was found, in English words that stand behind "found": `without its +tag`; or
    /// `as this number, or one that is written alike`, where the list has a line that can mean
    /// both. None: as it was typed.
    pub found: Option<String>,
}

/// A leak that covers the text and lacks it, and what of its list the file does not know.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Absence {
    /// Index in the datasets of `About`.
    pub dataset: u8,
    /// Name of the breach.
    pub name: String,
    /// When it happened: `2021-06-11`, `2021-06` or `2021`. None: unknown.
    pub date: Option<String>,
    /// Lines of the list that could not be read: the text may be one of them.
    pub num_rejected: u64,
    /// What the list counts fewer times was left out. None: nothing was.
    pub min_count: Option<u32>,
}

/// A leak that cannot say.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Gap {
    /// Index in the datasets of `About`.
    pub dataset: u8,
    /// Name of the breach.
    pub name: String,
    /// When it happened: `2021-06-11`, `2021-06` or `2021`. None: unknown.
    pub date: Option<String>,
    /// Why.
    pub reason: Reason,
    /// The same in English words.
    pub message: String,
}

const EXPIRED: &str = "the file expired, and lacks what was leaked since: get a newer one";

impl Verdict {
    /// In the app's words.
    pub(crate) fn new(catalogue: &Catalogue, verdict: &leaksieve_core::Verdict) -> Self {
        let is_expired = matches!(verdict, leaksieve_core::Verdict::Expired(_));
        let (mut leaks, mut absences, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
        for answer in verdict.answers().iter() {
            let index = answer.dataset;
            let Some(dataset) = catalogue.datasets().get(usize::from(index)) else {
                continue;
            };
            match answer.outcome {
                Outcome::Exposed => leaks.push(Leak {
                    dataset: index,
                    name: dataset.name.to_string(),
                    date: date(dataset),
                    false_alarm_one_in: one_in(dataset.false_alarm(answer.num_readings)),
                    found: answer.rule.map(Rule::text).map(str::to_owned),
                }),
                Outcome::Absent if is_expired => {
                    gaps.push(Gap::new(index, dataset, Reason::Expired, EXPIRED.into()));
                }
                Outcome::Absent => absences.push(Absence {
                    dataset: index,
                    name: dataset.name.to_string(),
                    date: date(dataset),
                    num_rejected: dataset.num_rejected,
                    min_count: min_count(dataset),
                }),
                Outcome::NotCovered(reason) => {
                    gaps.push(Gap::new(index, dataset, reason.into(), reason.to_string()));
                }
            }
        }
        match verdict {
            leaksieve_core::Verdict::Exposed(_) => Self::Exposed { leaks },
            leaksieve_core::Verdict::NotExposed(_) => Self::NotExposed { absences },
            leaksieve_core::Verdict::NotCovered(_) | leaksieve_core::Verdict::Expired(_) => {
                Self::NotCovered { gaps, absences }
            }
        }
    }
}

impl Gap {
    fn new(index: u8, dataset: &Dataset, reason: Reason, message: String) -> Self {
        Self {
            dataset: index,
            name: dataset.name.to_string(),
            date: date(dataset),
            reason,
            message,
        }
    }
}
