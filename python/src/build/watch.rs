//! Looking after a build.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use leaksieve::progress::{Observer, Stage};
use pyo3::prelude::*;

/// Looks after a build: tells the stages, and whether Python wants an end.
pub(crate) struct Watch {
    progress: Option<Py<PyAny>>,
    state: Mutex<State>,
}

struct State {
    /// When Python was asked last.
    asked: Instant,
    /// What it said: an interrupt, or an exception of who is told.
    error: Option<PyErr>,
}

impl Watch {
    pub(crate) fn new(progress: Option<Py<PyAny>>) -> Self {
        Self {
            progress,
            state: Mutex::new(State {
                asked: Instant::now(),
                error: None,
            }),
        }
    }

    /// # Errors
    /// What ended the work.
    pub(crate) fn ended(self) -> PyResult<()> {
        let state = self.state.into_inner();
        let state = state.unwrap_or_else(std::sync::PoisonError::into_inner);
        state.error.map_or(Ok(()), Err)
    }

    fn with(&self, work: impl FnOnce(&mut State)) {
        let state = self.state.lock();
        work(&mut state.unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

/// How often Python is asked.
const ASK_EVERY: Duration = Duration::from_millis(100);

impl Observer for Watch {
    fn begin(&self, stage: Stage, _total: Option<u64>) {
        if let Some(progress) = &self.progress {
            let told = Python::attach(|py| progress.call1(py, (stage.name(),)));
            self.with(|state| {
                if let Err(error) = told {
                    state.error.get_or_insert(error);
                }
            });
        }
    }

    fn advance(&self, _by: u64) {}

    fn identifiers(&self, _by: u64) {}

    fn end(&self) {}

    fn is_stopped(&self) -> bool {
        let mut is_stopped = false;
        self.with(|state| {
            if state.error.is_none() && state.asked.elapsed() >= ASK_EVERY {
                state.asked = Instant::now();
                // Of a thread that is not the main one, nothing is said.
                state.error = Python::attach(|py| py.check_signals()).err();
            }
            is_stopped = state.error.is_some();
        });
        is_stopped
    }
}
