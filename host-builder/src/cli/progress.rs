//! A progress bar on standard error, when a person looks.

use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use leaksieve::progress::{Observer, Stage};

/// A bar for each stage.
pub(super) struct Bar {
    bar: Mutex<ProgressBar>,
    /// Of the stage that goes by bytes.
    num_identifiers: Arc<AtomicU64>,
}

impl Bar {
    /// Shown when standard error is a terminal and nobody asked for quiet.
    pub(super) fn observer(quiet: bool) -> Box<dyn Observer> {
        if quiet || !std::io::stderr().is_terminal() {
            return Box::new(());
        }
        Box::new(Self {
            bar: Mutex::new(ProgressBar::hidden()),
            num_identifiers: Arc::default(),
        })
    }

    fn with(&self, each: impl FnOnce(&mut ProgressBar)) {
        if let Ok(mut bar) = self.bar.lock() {
            each(&mut bar);
        }
    }
}

impl Observer for Bar {
    fn begin(&self, stage: Stage, total: Option<u64>) {
        let template = match (stage, total) {
            (Stage::Read, Some(_)) => {
                "{msg:9} {wide_bar} {bytes} of {total_bytes}, {identifiers} items/s, {eta} left"
            }
            (Stage::Read, None) => "{msg:9} {spinner} {bytes}, {identifiers} items/s",
            (Stage::Encode | Stage::Recheck, Some(_)) => {
                "{msg:9} {wide_bar} {human_pos} of {human_len}, {rate}/s, {eta} left"
            }
            (_, Some(_)) => "{msg:9} {wide_bar} {percent} %, {eta} left",
            (_, None) => "{msg:9} {spinner} {elapsed}",
        };
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        self.num_identifiers.store(0, Ordering::Relaxed);
        let num_identifiers = Arc::clone(&self.num_identifiers);
        let per_second = |number: f64, out: &mut dyn Write| {
            let _ = write!(out, "{}", HumanCount(number.max(0.0) as u64));
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(
                style
                    .with_key("rate", move |state: &ProgressState, out: &mut dyn Write| {
                        per_second(state.per_sec(), out);
                    })
                    .with_key(
                        "identifiers",
                        move |state: &ProgressState, out: &mut dyn Write| {
                            let seconds = state.elapsed().as_secs_f64();
                            let number = num_identifiers.load(Ordering::Relaxed) as f64;
                            per_second(number / seconds.max(1e-3), out);
                        },
                    ),
            );
        }
        bar.set_message(stage.name());
        bar.enable_steady_tick(Duration::from_millis(200));
        self.with(|current| *current = bar);
    }

    fn advance(&self, by: u64) {
        self.with(|bar| bar.inc(by));
    }

    fn identifiers(&self, by: u64) {
        self.num_identifiers.fetch_add(by, Ordering::Relaxed);
    }

    fn end(&self) {
        self.with(|bar| bar.finish_and_clear());
    }
}

/// An error ends a stage too, and must not stand behind half a bar.
impl Drop for Bar {
    fn drop(&mut self) {
        self.end();
    }
}
