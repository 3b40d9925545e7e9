//! How many programs are judged at a time.

use super::sync::lock;
use std::fs;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many programs are judged at a time at most: each has eight or nine checks, with open files and
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
    /// How many programs wait to be judged alone, or are.
    to_be_alone: usize,
    /// Whether one is.
    is_alone: bool,
}

/// A program that is being judged.
pub(super) struct Permit<'a>(&'a Limiter);

/// A program that is being judged while no other one is.
pub(super) struct Alone<'a>(&'a Limiter);

impl Limiter {
    pub(super) fn new(processors: usize) -> Self {
        let state = State {
            running: 0,
            last: Instant::now(),
            to_be_alone: 0,
            is_alone: false,
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
            let is_full = state.running >= 2 * self.processors;
            state.to_be_alone > 0 || is_full && (has_begun || !self.is_idle())
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

impl<'a> Permit<'a> {
    /// Waits until no other program is being judged, and keeps it so. Those that wait for this
    /// take turns, and no other program begins before all of them are done.
    pub(super) fn alone(&self) -> Alone<'a> {
        let limiter = self.0;
        let mut state = lock(&limiter.state);
        // While it waits it runs nothing that could disturb another one.
        state.running -= 1;
        state.to_be_alone += 1;
        limiter.left.notify_all();
        while state.running > 0 || state.is_alone {
            let waited = limiter.left.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.is_alone = true;
        Alone(limiter)
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.is_alone = false;
        state.to_be_alone -= 1;
        state.running += 1;
        self.0.left.notify_all();
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).running -= 1;
        self.0.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::thread;

    #[test]
    fn who_is_alone_has_nobody_beside_and_lets_the_others_go_on() {
        let limiter = &Limiter::new(2);
        thread::scope(|scope| {
            let (all_judged, judged) = channel();
            let others: Vec<_> = (0..2).map(|_| limiter.acquire()).collect();
            let mut permits = Vec::new();
            for _ in 0..2 {
                let all_judged = all_judged.clone();
                // Nobody gets a permit while somebody waits to be alone.
                let permit = limiter.acquire();
                permits.push((permit, all_judged));
            }
            for (permit, all_judged) in permits {
                scope.spawn(move || {
                    let alone = permit.alone();
                    let running = lock(&limiter.state).running;
                    drop(alone);
                    let _ = all_judged.send(running);
                });
            }
            // Both wait now, for these two and for each other.
            while lock(&limiter.state).to_be_alone < 2 {
                thread::yield_now();
            }
            assert!(judged.try_recv().is_err());
            drop(others);
            let beside: Vec<usize> = judged.iter().take(2).collect();
            assert_eq!(beside, [0, 0]);
        });
        drop(limiter.acquire());
    }
}
