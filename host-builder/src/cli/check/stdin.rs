//! Standard input, answered on all cores.

use std::io;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, anyhow};
use crossbeam_channel::Receiver;
use leaksieve::input::source::{Input, LineBatches, content, split_lines};
use leaksieve::parallel::ordered_parallel;

use super::{Answerer, Answers};

/// Bytes of a job's lines from which on it has enough, on all cores: a core has up to four jobs.
const JOB_BYTES: usize = 6 << 20;
/// Reads of standard input, of up to 64 KiB each, that wait to become a job.
const READS_AHEAD: usize = 64;
/// Who fills a pipe has more to write, and is waited for so long.
const WAIT_FOR_MORE: Duration = Duration::from_millis(1);
/// Bytes of a read after which there may be more at once.
const FULL_READ_BYTES: usize = 1 << 15;

/// Answer every line of standard input, on all cores.
pub(super) fn answer_stdin(answerer: &Answerer, answers: &mut Answers) -> anyhow::Result<()> {
    let arriving = Arriving::begin();
    let most_bytes = (JOB_BYTES / answerer.num_threads).max(1 << 16);
    ordered_parallel(
        answerer.num_threads,
        std::iter::from_fn(|| arriving.next_job(most_bytes)),
        || {
            let mut together = answerer.file.together(&answerer.shortcuts);
            move |(first_line, reads): (u64, Vec<Vec<u8>>)| {
                let lines = reads.iter().flat_map(|read| split_lines(read));
                answerer.answer(&mut together, first_line, lines)
            }
        },
        |answered| answers.take(&answered),
    )?;
    arriving.end()
}

/// The lines of standard input as they come. What is there is a job: one line of a person's, or
/// megabytes of a file that is read faster than it is answered.
struct Arriving {
    /// Whole lines, and the number of the first.
    reads: Receiver<(u64, Vec<u8>)>,
    reader: JoinHandle<anyhow::Result<()>>,
}

impl Arriving {
    fn begin() -> Self {
        let (send, reads) = crossbeam_channel::bounded(READS_AHEAD);
        let reader = std::thread::spawn(move || {
            // As text: what `build` does about a charset is not done here.
            let content =
                content(&Input::Stdin, io::stdin().lock()).map_err(|error| anyhow!("{error}"))?;
            let mut lines = LineBatches::new(content).prompt();
            loop {
                let first_line = lines.next_line();
                let read = lines.next_batch().context("cannot read standard input")?;
                match read.map(|read| send.send((first_line, read))) {
                    Some(Ok(())) => {}
                    // The end, or nobody wants more.
                    None | Some(Err(_)) => return Ok(()),
                }
            }
        });
        Self { reads, reader }
    }

    /// Wait for lines; gives all that there are, or about so many bytes of them, each read by
    /// itself, and the number of the first.
    fn next_job(&self, most_bytes: usize) -> Option<(u64, Vec<Vec<u8>>)> {
        let (first_line, read) = self.reads.recv().ok()?;
        let (mut num_bytes, mut num_last) = (read.len(), read.len());
        let mut reads = vec![read];
        while num_bytes < most_bytes {
            let wait = match num_last {
                FULL_READ_BYTES.. => WAIT_FOR_MORE,
                _ => Duration::ZERO,
            };
            let Ok((_, read)) = self.reads.recv_timeout(wait) else {
                break;
            };
            num_last = read.len();
            num_bytes += num_last;
            reads.push(read);
        }
        Some((first_line, reads))
    }

    /// All was read, or it could not be.
    fn end(self) -> anyhow::Result<()> {
        let read = self.reader.join();
        read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
