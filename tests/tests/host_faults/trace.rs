//! A program under `strace`: the calls that it makes of the system for files of ours, and
//! runs in which one of these calls fails, or ends the program.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// Longer than any run; what takes longer never ends.
const LIMIT: Duration = Duration::from_secs(60);

/// What a call is about, as far as it is a file of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// What a killed run left beside the output.
    LeftOver,
    /// The new file, before it has its name.
    Unfinished,
    /// The place of the output.
    Target,
    /// The output's folder.
    Folder,
    /// What does not fit into memory.
    Spool,
    /// A card's folder, and the files in it.
    Card,
    /// What is read.
    Input,
    /// The summary.
    Stdout,
}

/// A call, as `strace` wrote it down.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The thread that the program began with made it.
    pub(crate) is_main: bool,
    /// Its name, such as `fsync`.
    pub(crate) name: String,
    /// Which of the thread's calls of this name it is, counted from 1.
    pub(crate) nth: u32,
    /// Calls that were written down before it; those of the first thread come first.
    pub(crate) order: usize,
    /// The line.
    pub(crate) line: String,
    /// What it is about; `None` for the loader's files, `/proc` and the like.
    pub(crate) place: Option<Place>,
}

impl Call {
    /// Made to fail, or the last before the program was killed.
    pub(crate) fn is_hit(&self) -> bool {
        self.line.contains("(INJECTED)") || self.line.ends_with("= ?")
    }
}

/// Calls that cannot fail in a way that matters, or are no file work.
const NOT_TRIED: [&str; 8] = [
    "close", "execve", "exit", "getcwd", "ioctl", "mmap", "munmap", "poll",
];

fn place(name: &str, line: &str) -> Option<Place> {
    let arguments = &line[name.len()..];
    let is_about = |text| arguments.contains(text);
    if name == "write" && !is_about(".lsv.tmp>") && !is_about("/card/") {
        return arguments.starts_with("(1<").then_some(Place::Stdout);
    }
    Some(match () {
        () if NOT_TRIED.contains(&name) => return None,
        () if is_about(super::LEFT_OVER) => Place::LeftOver,
        () if is_about(".lsv.tmp") => Place::Unfinished,
        () if is_about("out/leak.lsv") => Place::Target,
        () if is_about("\"out\"") || is_about("/out>") => Place::Folder,
        () if is_about("\"spool\"") || is_about("/spool/") => Place::Spool,
        () if is_about("\"card") || is_about("/card/") || is_about("/card>") => Place::Card,
        () if is_about("input.") => Place::Input,
        () => return None,
    })
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Status or signal.
    pub(crate) status: ExitStatus,
    /// What was printed.
    pub(crate) stdout: String,
    /// What was said.
    pub(crate) stderr: String,
    /// The calls for files.
    pub(crate) calls: Vec<Call>,
    /// Was it asked to end?
    pub(crate) is_terminated: bool,
}

impl Outcome {
    /// Was it killed?
    pub(crate) fn is_killed(&self) -> bool {
        self.status.signal() == Some(9)
    }
}

/// A way to run programs in a folder.
pub(crate) struct Tracer {
    strace: PathBuf,
    /// Where the programs run.
    folder: PathBuf,
    /// Where their calls are written down.
    logs: PathBuf,
}

impl Tracer {
    /// Finds `strace`, or says how to get it.
    pub(crate) fn new(folder: &Path, logs: &Path) -> Result<Self> {
        Ok(Self {
            strace: testkit::setup::strace()?,
            folder: folder.to_path_buf(),
            logs: logs.to_path_buf(),
        })
    }

    /// Run, with `strace`'s options for what is to fail. A signal is only given to a
    /// program that is stopped at every call, which takes longer.
    pub(crate) fn run(&self, command: &[String], options: &[String]) -> Result<Outcome> {
        for log in fs::read_dir(&self.logs)? {
            fs::remove_file(log?.path())?;
        }
        let printed = |name| self.logs.join(name);
        let has_signal = options.iter().any(|option| option.contains("signal="));
        let mut child = Command::new(&self.strace)
            // One log a thread, and the files' names beside their numbers.
            .args(["-ff", "-y", "-q", "-e", "trace=%file,%desc"])
            .args((!has_signal).then_some("--seccomp-bpf"))
            .arg("-o")
            .arg(self.logs.join("thread"))
            .args(options)
            .args(command)
            // With more than one arena, glibc opens files of its own when threads happen to ask for
            // memory at once or to give it back, and faults at a call of some number come beside
            // their place.
            .env("MALLOC_ARENA_MAX", "1")
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(File::create(printed("stdout"))?)
            .stderr(File::create(printed("stderr"))?)
            .spawn()
            .context("cannot start `strace`")?;
        let began = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if began.elapsed() > LIMIT {
                self.kill()?;
                child.wait()?;
                bail!("it does not end");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        Ok(Outcome {
            status,
            stdout: fs::read_to_string(printed("stdout"))?,
            stderr: fs::read_to_string(printed("stderr"))?,
            calls: self.calls()?,
            is_terminated: self.is_terminated()?,
        })
    }

    fn thread_logs(&self) -> Result<BTreeMap<u32, PathBuf>> {
        let mut logs = BTreeMap::new();
        for log in fs::read_dir(&self.logs)? {
            let path = log?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if let Some(id) = name.strip_prefix("thread.") {
                logs.insert(id.parse()?, path);
            }
        }
        Ok(logs)
    }

    /// End the program, which then ends `strace`: the other way round it would run on.
    fn kill(&self) -> Result<()> {
        for id in self.thread_logs()?.keys() {
            Command::new("kill")
                .args(["-s", "KILL", &id.to_string()])
                .stderr(Stdio::null())
                .status()?;
        }
        Ok(())
    }

    fn is_terminated(&self) -> Result<bool> {
        for log in self.thread_logs()?.values() {
            if String::from_utf8_lossy(&fs::read(log)?).contains("\n--- SIGTERM ") {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn calls(&self) -> Result<Vec<Call>> {
        let mut calls = Vec::new();
        let mut num_main = 0;
        for log in self.thread_logs()?.values() {
            let text = String::from_utf8_lossy(&fs::read(log)?).into_owned();
            let is_main = text.starts_with("execve(");
            num_main += u32::from(is_main);
            let mut counts = BTreeMap::<&str, u32>::new();
            for line in text.lines() {
                // Signals and ends begin with a punctuation mark.
                let Some((name, _)) = line.split_once('(') else {
                    continue;
                };
                if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
                    continue;
                }
                let nth = counts.entry(name).or_default();
                *nth += 1;
                calls.push(Call {
                    is_main,
                    name: name.to_owned(),
                    nth: *nth,
                    order: calls.len(),
                    place: place(name, line),
                    line: line.to_owned(),
                });
            }
        }
        // With a filter by path the start is not written down.
        ensure!(num_main <= 1, "{num_main} programs");
        Ok(calls)
    }
}
