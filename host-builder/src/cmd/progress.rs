//! A progress bar on standard error, when a person looks.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use leaksieve::progress::{Observer, Stage};

/// A bar for each stage.
pub(super) struct Bar(Mutex<ProgressBar>);

impl Bar {
    /// Shown when standard error is a terminal and nobody asked for quiet.
    pub(super) fn observer(quiet: bool) -> Box<dyn Observer> {
        if quiet || !std::io::stderr().is_terminal() {
            return Box::new(());
        }
        Box::new(Self(Mutex::new(ProgressBar::hidden())))
    }

    fn with(&self, each: impl FnOnce(&mut ProgressBar)) {
        if let Ok(mut bar) = self.0.lock() {
            each(&mut bar);
        }
    }
}

impl Observer for Bar {
    fn begin(&self, stage: Stage, total: Option<u64>) {
        let template = match (stage, total) {
            (Stage::Read, Some(_)) => {
                "{msg:9} {wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left"
            }
            (Stage::Read, None) => "{msg:9} {spinner} {bytes}, {bytes_per_sec}",
            (_, Some(_)) => "{msg:9} {wide_bar} {percent} %, {eta} left",
            (_, None) => "{msg:9} {spinner} {elapsed}",
        };
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(stage.name());
        bar.enable_steady_tick(Duration::from_millis(200));
        self.with(|current| *current = bar);
    }

    fn advance(&self, by: u64) {
        self.with(|bar| bar.inc(by));
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
