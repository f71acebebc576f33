//! Work on all cores, results in the order of the jobs.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Jobs for each thread that are begun and whose result was not yet taken. Memory is
/// bounded by it, and no thread waits for a slow neighbour soon.
const JOBS_PER_THREAD: usize = 4;

/// Do all `jobs` on `num_threads` threads, each with a worker of its own, and give the
/// results to `take`, in the order of the jobs.
///
/// The calling thread asks for the jobs, and may wait for them; meanwhile `take`, on
/// another thread, is given all results that there are.
///
/// # Errors
/// The first of `take`; no further job is begun then.
pub fn ordered_parallel<J, R, E, W>(
    num_threads: usize,
    jobs: impl IntoIterator<Item = J>,
    worker: impl Fn() -> W + Sync,
    mut take: impl FnMut(R) -> Result<(), E> + Send,
) -> Result<(), E>
where
    J: Send,
    R: Send,
    E: Send,
    W: FnMut(J) -> R,
{
    let num_threads = num_threads.max(1);
    let (send_job, receive_job) = crossbeam_channel::unbounded::<(u64, J)>();
    let (send_result, receive_result) = crossbeam_channel::unbounded();
    // A job needs a token, and a taken result gives it back.
    let (take_token, give_token) = crossbeam_channel::bounded(num_threads * JOBS_PER_THREAD);
    std::thread::scope(|scope| {
        for _ in 0..num_threads {
            let (receive_job, send_result) = (receive_job.clone(), send_result.clone());
            let worker = &worker;
            scope.spawn(move || {
                let mut work = worker();
                for (index, job) in receive_job {
                    // A panic goes to whoever waits for the result.
                    let result = catch_unwind(AssertUnwindSafe(|| work(job)));
                    let failed = result.is_err();
                    if send_result.send((index, result)).is_err() || failed {
                        return;
                    }
                }
            });
        }
        drop((receive_job, send_result));
        let taker = scope.spawn(move || {
            let mut early = BTreeMap::new();
            let mut next = 0;
            // Dropped at the end of this thread: then no token is left to wait for.
            let give_token = give_token;
            for (index, result) in receive_result {
                early.insert(index, result);
                while let Some(result) = early.remove(&next) {
                    take(result.unwrap_or_else(|panic| resume_unwind(panic)))?;
                    next += 1;
                    let _ = give_token.recv();
                }
            }
            Ok(())
        });
        for numbered in (0..).zip(jobs) {
            if take_token.send(()).is_err() || send_job.send(numbered).is_err() {
                break;
            }
        }
        drop(send_job);
        taker.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn in_the_jobs_order_and_never_too_many_at_once() {
        for num_threads in [1, 2, 5] {
            let begun = AtomicUsize::new(0);
            let taken = AtomicUsize::new(0);
            let mut results = Vec::new();
            let jobs = (0..1000usize).inspect(|_| {
                let ahead = begun.fetch_add(1, Ordering::SeqCst) - taken.load(Ordering::SeqCst);
                assert!(ahead <= num_threads * JOBS_PER_THREAD + 1);
            });
            ordered_parallel(
                num_threads,
                jobs,
                || {
                    |job: usize| {
                        if job.is_multiple_of(17) {
                            std::thread::sleep(std::time::Duration::from_micros(300));
                        }
                        job * 2
                    }
                },
                |result| {
                    taken.fetch_add(1, Ordering::SeqCst);
                    results.push(result);
                    Ok::<_, ()>(())
                },
            )
            .unwrap();
            assert!(results.into_iter().eq((0..1000).map(|job| job * 2)));
        }
    }

    #[test]
    fn an_error_ends_it() {
        let result = ordered_parallel(
            3,
            0..,
            || |job: u64| job,
            |result| if result < 50 { Ok(()) } else { Err(result) },
        );
        assert_eq!(result, Err(50));
    }

    #[test]
    fn a_panic_is_passed_on_and_nobody_waits_for_ever() {
        let panicked = std::panic::catch_unwind(|| {
            ordered_parallel(
                2,
                0..,
                || {
                    |job: u64| {
                        assert!(job < 20);
                        job
                    }
                },
                |_| Ok::<_, ()>(()),
            )
        });
        assert!(panicked.is_err());
    }
}
