//! Findings -> the one line that a person reads, and a program may.
//!
//! The line begins with `EXPOSED`, `not exposed` or `cannot say`, and no other line of
//! the console does:
//!
//! - `EXPOSED` when at least one dataset has the identifier. Each such dataset comes with the
//!   odds that it is a false alarm; of the others nothing is said.
//! - `not exposed` only when every dataset of every kind covers the identifier and none
//!   has it.
//! - `cannot say` otherwise: not covered, or not readable. The reasons come first.

use core::fmt;

use leaksieve_core::sentence::{CANNOT_SAY, EXPOSED, NOT_EXPOSED, Phrase, Plain};
use leaksieve_core::{Catalogue, Error, Outcome, ReadError};

use crate::filter::{Failure, Findings, Refused, all_absent, any_exposed};
use crate::guard::CAN_VERIFY;
use crate::storage::Storage;

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
                write!(f, "{error}: {}", Plain(remedy))
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

impl<'a> RefusedText<'a> {
    /// With what to do about a file on this storage.
    pub(crate) const fn of<S: Storage>(refused: &'a Refused) -> Self {
        Self {
            refused,
            remedy: S::REMEDY,
        }
    }
}

impl fmt::Display for RefusedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refused { slot, failure } = self.refused;
        if matches!(failure, ReadError::Filter(_)) {
            write!(f, "{}: ", Plain(slot))?;
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
        let is_exposed = any_exposed(self.findings);
        let is_absent = all_absent(self.findings);
        f.write_str(if is_exposed {
            EXPOSED
        } else if is_absent {
            NOT_EXPOSED
        } else {
            CANNOT_SAY
        })?;
        let mut phrases = Phrases { f, any: false };
        if is_exposed {
            self.answers(&mut phrases, |outcome| outcome == Outcome::Exposed)?;
        } else {
            self.answers(&mut phrases, |outcome| {
                matches!(outcome, Outcome::NotCovered(_))
            })?;
        }
        for (_, result) in self.findings {
            if let Err(failure) = result {
                let failure = FailureText {
                    failure,
                    remedy: self.remedy,
                };
                phrases.add(format_args!("{failure}"))?;
            }
        }
        if !is_exposed {
            self.answers(&mut phrases, |outcome| outcome == Outcome::Absent)?;
        }
        if !phrases.any {
            // A verdict has at least one answer; were there none, this says no more.
            phrases.add(format_args!("the filter gave no answer"))?;
        }
        Ok(())
    }
}

impl VerdictLine<'_> {
    /// The phrases of the answers of some outcome.
    fn answers(
        &self,
        phrases: &mut Phrases<'_, '_>,
        is_wanted: fn(Outcome) -> bool,
    ) -> fmt::Result {
        for (_, result) in self.findings {
            let Ok(verdict) = result else { continue };
            for answer in verdict.answers().iter() {
                if is_wanted(answer.outcome)
                    && let Some(phrase) = Phrase::new(self.catalogue, answer)
                {
                    phrases.add(format_args!("{phrase}"))?;
                }
            }
        }
        Ok(())
    }
}
