//! What a file says of a text.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use leaksieve::file::words::{Class, Told};
use leaksieve_core::Answer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::filter::Opened;

/// What one does in Python to take an expired file as of its day.
pub(crate) const ACCEPT: &str = "open it with allow_expired=True";

/// What a file says of a text. `str()` of it is a sentence, which does not repeat the text.
///
/// It has no truth value (`bool()` raises TypeError): a question that could not be answered is no
/// "no".
#[pyclass(frozen, module = "leaksieve")]
pub(crate) struct Verdict {
    opened: Arc<Opened>,
    verdict: leaksieve_core::Verdict,
}

impl Verdict {
    /// A verdict of an open file, with its expiry considered.
    pub(crate) const fn new(opened: Arc<Opened>, verdict: leaksieve_core::Verdict) -> Self {
        Self { opened, verdict }
    }

    fn class(&self) -> Class {
        Class::from(&self.verdict)
    }

    fn tell<T>(&self, tell: impl FnOnce(&Told<'_>) -> T) -> T {
        told(&self.opened, &self.verdict, tell)
    }
}

/// Tell a verdict of an open file.
pub(crate) fn told<T>(
    opened: &Opened,
    verdict: &leaksieve_core::Verdict,
    tell: impl FnOnce(&Told<'_>) -> T,
) -> T {
    let answers: Vec<Answer> = verdict.answers().iter().copied().collect();
    tell(&Told {
        catalogue: opened.file.catalogue(),
        class: verdict.into(),
        answers: &answers,
        accept: ACCEPT,
    })
}

#[pymethods]
impl Verdict {
    /// What it is; see `leaksieve.Outcome`.
    #[getter]
    fn outcome(&self) -> &'static str {
        self.class().name()
    }

    /// Has at least one leak the text? It may be a false alarm, at the odds that `leaks` tell.
    #[getter]
    fn is_exposed(&self) -> bool {
        self.class() == Class::Exposed
    }

    /// Does every leak that was asked cover the text, and none has it? False does not mean that
    /// it is exposed: perhaps the file cannot say.
    #[getter]
    fn is_not_exposed(&self) -> bool {
        self.class() == Class::NotExposed
    }

    /// The leaks that have the text; empty if it is not exposed.
    #[getter]
    fn leaks(&self) -> Vec<Leak> {
        self.tell(|told| {
            let findings = told.findings().into_iter();
            findings
                .map(|finding| Leak {
                    name: finding.name.to_owned(),
                    date: finding.date,
                    false_alarm_one_in: finding.false_alarm_one_in,
                    found: finding.found,
                })
                .collect()
        })
    }

    /// The leaks that lack the text and do not know all of their list.
    #[getter]
    fn caveats(&self) -> Vec<Caveat> {
        self.tell(|told| {
            let caveats = told.caveats().into_iter();
            caveats
                .map(|caveat| Caveat {
                    name: caveat.name.to_owned(),
                    date: caveat.date,
                    num_rejected: caveat.num_rejected.unwrap_or(0),
                    min_count: caveat.min_count,
                })
                .collect()
        })
    }

    /// The sentence without its first words: which leaks have it, at what odds; which lack it;
    /// or why they cannot say.
    #[getter]
    fn reason(&self) -> String {
        self.tell(|told| told.words())
    }

    fn __str__(&self) -> String {
        self.tell(|told| told.sentence())
    }

    fn __repr__(&self) -> String {
        format!("<Verdict {:?}>", self.__str__())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| {
            let other = other.get();
            let file_id = |verdict: &Self| verdict.opened.file.catalogue().file_id();
            self.verdict == other.verdict && file_id(self) == file_id(other)
        })
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.__str__().hash(&mut hasher);
        hasher.finish()
    }

    fn __bool__(&self) -> PyResult<bool> {
        Err(PyTypeError::new_err(
            "a verdict is not true or false: it may be that the file cannot say. Look at its \
             outcome, is_exposed or is_not_exposed",
        ))
    }
}

/// A leak that has a text, or gives a false alarm.
#[pyclass(frozen, get_all, eq, hash, module = "leaksieve")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Leak {
    /// Name of the breach.
    name: String,
    /// When it happened: "2021-06-11", "2021-06" or "2021". None: unknown.
    date: Option<String>,
    /// Of so many people who are not in it and ask such a text, one is told this too. None:
    /// nobody is.
    false_alarm_one_in: Option<u64>,
    /// How the text was found, behind "found": "without its +tag". None: as it was typed.
    found: Option<&'static str>,
}

#[pymethods]
impl Leak {
    fn __repr__(&self) -> String {
        format!("<Leak {:?}>", self.name)
    }
}

/// A leak that lacks a text and does not know all of its list.
#[pyclass(frozen, get_all, eq, hash, module = "leaksieve")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Caveat {
    /// Name of the breach.
    name: String,
    /// When it happened: "2021-06-11", "2021-06" or "2021". None: unknown.
    date: Option<String>,
    /// Lines of the list that could not be read: the text may be one of them.
    num_rejected: u64,
    /// What the list counts fewer times was left out. None: nothing was.
    min_count: Option<u32>,
}

#[pymethods]
impl Caveat {
    fn __repr__(&self) -> String {
        format!("<Caveat {:?}>", self.name)
    }
}
