//! What a program costs: wall time, CPU time of all its threads, peak memory.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use testkit::run::line_of;
use wait4::Wait4;

/// What was used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) wall_s: f64,
    /// User and system, all threads.
    pub(crate) cpu_s: f64,
    /// User alone.
    pub(crate) user_s: f64,
    /// Largest resident set; bytes. At least this program's own: Linux counts from before the
    /// new one was loaded (`setmax_mm_hiwater_rss` in its `exec_mmap`).
    pub(crate) peak_bytes: u64,
}

impl Usage {
    /// One after the other.
    pub(crate) fn then(self, next: Self) -> Self {
        Self {
            wall_s: self.wall_s + next.wall_s,
            cpu_s: self.cpu_s + next.cpu_s,
            user_s: self.user_s + next.user_s,
            peak_bytes: self.peak_bytes.max(next.peak_bytes),
        }
    }

    /// The median of each figure by itself.
    pub(crate) fn median(runs: &[Self]) -> Self {
        Self {
            wall_s: median(runs.iter().map(|run| run.wall_s)),
            cpu_s: median(runs.iter().map(|run| run.cpu_s)),
            user_s: median(runs.iter().map(|run| run.user_s)),
            peak_bytes: median(runs.iter().map(|run| run.peak_bytes as f64)) as u64,
        }
    }
}

/// The median; of an even count the mean of the middle two, of none 0.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        len => (values[(len - 1) / 2] + values[len / 2]) / 2.0,
    }
}

/// A command, what it reads, and where what it prints goes.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) command: Command,
    pub(crate) stdin: Option<PathBuf>,
}

impl Step {
    pub(crate) fn new(program: &Path) -> Self {
        Self {
            command: Command::new(program),
            stdin: None,
        }
    }

    pub(crate) fn args<S: AsRef<std::ffi::OsStr>>(
        mut self,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn reads(mut self, file: &Path) -> Self {
        self.stdin = Some(file.to_owned());
        self
    }

    /// Run it with its stdout in a file.
    ///
    /// # Errors
    /// When it cannot be started or fails; 1 is the status of tools like grep that found
    /// nothing, and no failure.
    pub(crate) fn run(mut self, stdout: &Path) -> Result<Usage> {
        let stdin = match &self.stdin {
            Some(path) => File::open(path)
                .with_context(|| format!("cannot open {}", path.display()))?
                .into(),
            None => Stdio::null(),
        };
        let errors = stdout.with_extension("stderr");
        let line = line_of(&self.command);
        self.command
            .stdin(stdin)
            .stdout(File::create(stdout)?)
            .stderr(File::create(&errors)?);
        let start = Instant::now();
        let mut child = self
            .command
            .spawn()
            .with_context(|| format!("cannot start `{line}`"))?;
        let used = child.wait4()?;
        let wall_s = start.elapsed().as_secs_f64();
        if !matches!(used.status.code(), Some(0 | 1)) {
            let said = std::fs::read_to_string(&errors).unwrap_or_default();
            bail!("`{line}` failed ({}): {}", used.status, said.trim());
        }
        Ok(Usage {
            wall_s,
            cpu_s: (used.rusage.utime + used.rusage.stime).as_secs_f64(),
            user_s: used.rusage.utime.as_secs_f64(),
            peak_bytes: used.rusage.maxrss,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert_eq!(median(std::iter::empty()), 0.0);
    }

    #[test]
    fn a_program_is_measured_and_its_failure_told() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let out = folder.path().join("out");
        let list = folder.path().join("list");
        std::fs::write(&list, "a\nb\n")?;
        let used = Step::new(Path::new("sh"))
            .args([
                "-c",
                "wc -l; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done",
            ])
            .reads(&list)
            .run(&out)?;
        assert_eq!(std::fs::read_to_string(&out)?.trim(), "2");
        assert!(used.cpu_s > 0.0 && used.wall_s > 0.0 && used.peak_bytes > 100_000);
        let failed = Step::new(Path::new("sh"))
            .args(["-c", "echo no room >&2; exit 3"])
            .run(&out);
        assert!(failed.is_err_and(|error| error.to_string().ends_with("no room")));
        Ok(())
    }
}
