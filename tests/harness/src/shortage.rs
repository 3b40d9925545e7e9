//! What this machine is short of: where it lacks disk space, memory, processes or descriptors, a
//! failed check says nothing about the program.

use crate::message;
use crate::message::Message;
use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;

/// How much disk space a check may need, in bytes, above all for its record.
const SPACE: usize = 1 << 20;

/// How much memory a check and its program may need, in bytes of address space.
const MEMORY: usize = 256 << 20;

/// How many threads and processes a check and its program may need at the same time.
const THREADS: usize = 128;

/// How many open files a check and its program may need at the same time.
const FILES: usize = 160;

/// Watches, while a check runs, what the machine is short of.
pub struct Shortage {
    /// How many processes the kernel had ended for lack of memory.
    ended: u64,
}

impl Shortage {
    /// Begins to watch.
    pub fn watch() -> Self {
        Self {
            ended: ended_for_memory(),
        }
    }

    /// What the machine is short of now.
    pub fn now() -> Option<Message> {
        Self::watch().found()
    }

    /// What the machine is short of now, or has been since the watch began; `None` if nothing is
    /// known to be short.
    pub fn found(&self) -> Option<Message> {
        if ended_for_memory() > self.ended {
            return Some(message!(
                "the machine has too little memory: the kernel has ended a process for lack of it"
            ));
        }
        let folder = std::env::temp_dir();
        if let Err(error) = space() {
            let folder = folder.display().to_string();
            return Some(message!(
                "no file of {bytes} bytes can be written in {folder}: {error}",
                bytes = SPACE,
                folder,
                error
            ));
        }
        if let Err(error) = files() {
            return Some(message!(
                "{count} files cannot be open at the same time: {error}",
                count = FILES,
                error
            ));
        }
        if Vec::<u8>::new().try_reserve_exact(MEMORY).is_err() {
            let megabytes = MEMORY >> 20;
            return Some(message!(
                "{megabytes} MB of memory cannot be had",
                megabytes
            ));
        }
        let error = threads().err()?;
        Some(message!(
            "{count} threads cannot run at the same time: {error}",
            count = THREADS,
            error
        ))
    }
}

/// Tries to write a file.
fn space() -> io::Result<()> {
    tempfile::tempfile()?.write_all(&vec![0; SPACE])
}

/// Tries to open many files.
fn files() -> io::Result<()> {
    let path = std::env::current_exe()?;
    let files = (0..FILES).map(|_| File::open(&path));
    files.collect::<io::Result<Vec<_>>>().map(drop)
}

/// Tries to run many threads.
fn threads() -> io::Result<()> {
    let mut running = Vec::new();
    let mut outcome = Ok(());
    for _ in 0..THREADS {
        // Each thread waits until its sender is dropped.
        let (sender, receiver) = mpsc::channel::<()>();
        let wait = move || receiver.recv().unwrap_or(());
        match thread::Builder::new().stack_size(16 << 10).spawn(wait) {
            Ok(thread) => running.push((thread, sender)),
            Err(error) => {
                outcome = Err(error);
                break;
            }
        }
    }
    for (thread, sender) in running {
        drop(sender);
        // It does nothing that could panic.
        let _ = thread.join();
    }
    outcome
}

/// How many processes the kernel has ended so far for lack of memory (Linux 4.13).
fn ended_for_memory() -> u64 {
    #[cfg(target_os = "linux")]
    {
        let counters = std::fs::read_to_string("/proc/vmstat").unwrap_or_default();
        let mut lines = counters.lines();
        let count = lines.find_map(|line| line.strip_prefix("oom_kill "));
        count.and_then(|count| count.parse().ok()).unwrap_or(0)
    }
    #[cfg(not(target_os = "linux"))]
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_short_of_nothing() {
        assert_eq!(Shortage::now(), None);
    }
}
