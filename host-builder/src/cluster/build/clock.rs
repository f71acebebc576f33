//! How long stages take.

use std::time::Instant;

use crate::progress::{Cost, Observer, Stage};

/// Notes how long each stage takes. What tasks do is not this process's CPU time.
#[derive(Default)]
pub(super) struct Clock {
    pub(super) costs: Vec<Cost>,
    running: Option<(Stage, Instant)>,
}

impl Clock {
    pub(super) fn begin(&mut self, stage: Stage, observer: &dyn Observer) {
        self.end(observer);
        observer.begin(stage, None);
        self.running = Some((stage, Instant::now()));
    }

    pub(super) fn end(&mut self, observer: &dyn Observer) {
        let Some((stage, began)) = self.running.take() else {
            return;
        };
        observer.end();
        let seconds = began.elapsed().as_secs_f64();
        match self.costs.last_mut() {
            Some(last) if last.stage == stage => last.seconds += seconds,
            _ => self.costs.push(Cost {
                stage,
                seconds,
                cpu_seconds: None,
            }),
        }
    }
}
