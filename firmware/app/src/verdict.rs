//! Findings -> the one line that a person reads, and a program may.
//!
//! The line begins with `EXPOSED`, `not exposed` or `cannot say`, and no other line of
//! the console does:
//!
//! - `EXPOSED` when at least one dataset has the identifier, whatever the others say.
//!   Each such dataset comes with the odds that it is a false alarm.
//! - `not exposed` only when every dataset of every kind covers the identifier and none
//!   has it.
//! - `cannot say` otherwise: not covered, or not readable.
//!
//! A file of several kinds is asked as each of them, and every phrase names its kind.

use core::fmt;

use leaksieve_core::header::Date;
use leaksieve_core::{
    Answer, Catalogue, Dataset, Error, IdentifierKind, Outcome, ReadError, Verdict,
};

use crate::about::{Grouped, KindOf};
use crate::filter::{Failure, Findings, Refused, all_absent, any_exposed};
use crate::guard::CAN_VERIFY;

/// The verdict line, without its end.
pub struct VerdictLine<'a> {
    /// The filter that was asked.
    pub catalogue: &'a Catalogue,
    /// What it said.
    pub findings: &'a Findings,
    /// What to do about a damaged filter: [`crate::Storage::REMEDY`].
    pub remedy: &'static str,
}

/// A failure, and what to do next.
pub struct FailureText<'a> {
    /// Why there is no answer.
    pub failure: &'a Failure,
    /// What to do about a damaged filter: [`crate::Storage::REMEDY`].
    pub remedy: &'static str,
}

impl fmt::Display for FailureText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.failure {
            ReadError::Source(error) => error.fmt(f),
            ReadError::Filter(error) => {
                let remedy = match error {
                    // It says so itself.
                    Error::CannotVerify => return error.fmt(f),
                    _ if !CAN_VERIFY => self.remedy,
                    Error::Unsigned | Error::UnknownSigner { .. } => {
                        "take the filter from a publisher whose key this device has"
                    }
                    Error::BadSignature | Error::NotAsSigned { .. } => {
                        "do not use it; take the filter from its publisher again"
                    }
                    Error::EpochTooLow { .. } => "copy the newest filter onto the card",
                    Error::EpochTooHigh { .. } => {
                        "do not use it; ask its publisher which epoch is the newest"
                    }
                    _ => self.remedy,
                };
                write!(f, "{error}: {remedy}")
            }
        }
    }
}

/// Why a file was not taken, with its name, and what to do next.
pub struct RefusedText<'a> {
    /// The file.
    pub refused: &'a Refused,
    /// What to do about a damaged filter: [`crate::Storage::REMEDY`].
    pub remedy: &'static str,
}

impl fmt::Display for RefusedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refused { slot, failure } = self.refused;
        if matches!(failure, ReadError::Filter(_)) {
            write!(f, "{slot}: ")?;
        }
        let remedy = self.remedy;
        FailureText { failure, remedy }.fmt(f)
    }
}

/// Phrases with `; ` between them.
struct Phrases<'f, 'g> {
    f: &'f mut fmt::Formatter<'g>,
    any: bool,
}

impl Phrases<'_, '_> {
    fn add(&mut self, phrase: fmt::Arguments<'_>) -> fmt::Result {
        if core::mem::replace(&mut self.any, true) {
            self.f.write_str("; ")?;
        }
        self.f.write_fmt(phrase)
    }
}

impl fmt::Display for VerdictLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let several_kinds = self.findings.len() > 1;
        let exposed = any_exposed(self.findings);
        f.write_str(if exposed {
            "EXPOSED "
        } else if all_absent(self.findings) {
            "not exposed: "
        } else if several_kinds {
            "cannot say for every kind: "
        } else {
            "cannot say: "
        })?;
        let mut phrases = Phrases { f, any: false };
        for exposed in [true, false] {
            for (kind, result) in self.findings {
                let kind = several_kinds.then_some(*kind);
                match result {
                    Ok(verdict) => self.answers(&mut phrases, kind, verdict, exposed)?,
                    Err(failure) if !exposed => {
                        let failure = FailureText {
                            failure,
                            remedy: self.remedy,
                        };
                        match kind {
                            None => phrases.add(format_args!("{failure}"))?,
                            Some(kind) => {
                                let kind = kind.name();
                                phrases.add(format_args!("as {kind}: cannot say: {failure}"))?;
                            }
                        }
                    }
                    Err(_) => {}
                }
            }
        }
        if !phrases.any {
            // A verdict has at least one answer; were there none, this says no more.
            phrases.add(format_args!("the filter gave no answer"))?;
        }
        Ok(())
    }
}

impl VerdictLine<'_> {
    /// The phrases of one verdict, of the datasets that have the identifier, or of the others.
    fn answers(
        &self,
        phrases: &mut Phrases<'_, '_>,
        kind: Option<IdentifierKind>,
        verdict: &Verdict,
        exposed: bool,
    ) -> fmt::Result {
        for answer in verdict.answers().iter() {
            if (answer.outcome == Outcome::Exposed) == exposed
                && let Some(dataset) = self.catalogue.datasets().get(usize::from(answer.dataset))
            {
                phrases.add(format_args!(
                    "{}",
                    Phrase {
                        kind,
                        dataset,
                        answer
                    }
                ))?;
            }
        }
        Ok(())
    }
}

/// What one dataset said.
struct Phrase<'a> {
    /// Named only where a file has several.
    kind: Option<IdentifierKind>,
    dataset: &'a Dataset,
    answer: &'a Answer,
}

impl fmt::Display for Phrase<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, dataset, .. } = self;
        let breach = Breach(dataset);
        match (self.answer.outcome, kind.map(IdentifierKind::name)) {
            (Outcome::Exposed, kind) => {
                if let Some(kind) = kind {
                    write!(f, "as {kind} ")?;
                }
                write!(f, "in {breach}")?;
                if let Some(rule) = self.answer.rule {
                    write!(f, ", found {}", rule.text())?;
                }
                let rate = dataset.false_alarm(self.answer.num_readings);
                write!(f, ": false alarm 1 in {}", Grouped(rate.one_in()))
            }
            (Outcome::Absent, kind) => {
                if let Some(kind) = kind {
                    write!(f, "as {kind}: ")?;
                }
                match (dataset.min_count, kind) {
                    (0, None) => write!(f, "not in {breach}"),
                    (0, Some(_)) => write!(f, "not exposed in {breach}"),
                    // What is rarer may be in the leak: the filter does not have it.
                    (times, _) => write!(
                        f,
                        "not among those of {breach} that were seen {} times or more",
                        Grouped(times.into())
                    ),
                }
            }
            (Outcome::NotCovered(reason), None) => {
                write!(
                    f,
                    "{} ({}): {reason}",
                    dataset.name,
                    KindOf(&dataset.profile)
                )
            }
            (Outcome::NotCovered(reason), Some(kind)) => {
                write!(f, "as {kind}: cannot say: {}: {reason}", dataset.name)
            }
        }
    }
}

/// `Taobao 2021 (2021-06)`; the date only when it is known.
pub(crate) struct Breach<'a>(pub(crate) &'a Dataset);

impl fmt::Display for Breach<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Dataset { name, date, .. } = self.0;
        match date {
            Date { year: 0, .. } => f.write_str(name),
            date => write!(f, "{name} ({date})"),
        }
    }
}
