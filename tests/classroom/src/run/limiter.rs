//! How many programs are judged at a time.

use super::sync::lock;
use std::fs;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many programs are judged at a time at most: each has eight checks, with open files and
/// users of their own.
pub(super) const MOST: usize = 24;

/// A program that has just begun is not yet seen to be busy.
const PAUSE: Duration = Duration::from_millis(50);

/// Lets programs be judged: two for each processor, and further ones while a processor is idle.
/// With 2 processors, 199 answers took 92 s by threes, 73 s so, and 66 s by eights; but by eights a
/// program that ends 0.3 s after a signal took more than 2.5 s now and then.
pub(super) struct Limiter {
    processors: usize,
    state: Mutex<State>,
    left: Condvar,
}

struct State {
    running: usize,
    last: Instant,
}

/// A program that is being judged.
pub(super) struct Permit<'a>(&'a Limiter);

impl Limiter {
    pub(super) fn new(processors: usize) -> Self {
        let state = State {
            running: 0,
            last: Instant::now(),
        };
        Self {
            processors,
            state: Mutex::new(state),
            left: Condvar::new(),
        }
    }

    /// Waits until one more program can be judged.
    pub(super) fn acquire(&self) -> Permit<'_> {
        let mut state = lock(&self.state);
        let must_wait = |state: &State| {
            let has_begun = state.last.elapsed() < PAUSE;
            state.running >= 2 * self.processors && (has_begun || !self.is_idle())
        };
        while must_wait(&state) {
            let waited = self.left.wait_timeout(state, PAUSE);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.running += 1;
        state.last = Instant::now();
        Permit(self)
    }

    /// Whether a processor has nothing to do. Only Linux shows it.
    fn is_idle(&self) -> bool {
        // The fourth field is `RUNNABLE/ALL` (proc_loadavg(5)). We are one of the runnable.
        let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let runnable = text.split([' ', '/']).nth(3);
        let runnable = runnable.and_then(|number| number.parse::<usize>().ok());
        runnable.is_some_and(|runnable| runnable <= self.processors)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).running -= 1;
        self.0.left.notify_one();
    }
}
