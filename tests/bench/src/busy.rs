//! Keeps the machine busy with something else.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

/// Does some work while this many threads keep the processors busy.
pub(crate) fn with_busy_threads<T>(threads: usize, work: impl FnOnce() -> T) -> T {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !is_over.load(SeqCst) {
                    // Some computing between two looks.
                    (0..100_000).for_each(|_| spin_loop());
                }
            });
        }
        let done = work();
        is_over.store(true, SeqCst);
        done
    })
}
