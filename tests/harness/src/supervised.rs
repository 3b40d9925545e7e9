//! A child process with a time limit, for whoever runs a compiler or a check: its stderr is
//! drained and kept up to a cap, and all that it has started ends with it.

use crate::process_group::{ProcessGroup, has_ended};
use std::io::{self, Read};
use std::process::{Child, ChildStdin, Command, ExitStatus};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often a child is asked whether it has ended: no portable call waits for so long and no
/// longer.
const PAUSE: Duration = Duration::from_millis(2);

/// A child that runs.
pub struct Supervised {
    group: ProcessGroup,
    child: Child,
    stderr: JoinHandle<Stderr>,
}

/// What a child has printed on stderr, if that was piped.
#[derive(Debug, Default)]
pub struct Stderr {
    /// The first bytes, as text.
    pub text: String,
    /// How many bytes came after them, and were not kept.
    pub left_out: u64,
}

/// How a child has ended.
#[derive(Debug)]
pub struct Ended {
    /// Whether it has ended by itself before the limit.
    pub in_time: bool,
    /// Its exit status, or the signal that ended it.
    pub status: ExitStatus,
    /// What it has printed on stderr.
    pub stderr: Stderr,
}

impl Supervised {
    /// Starts a command as the leader of a process group of its own. If its stderr is piped, so
    /// many bytes of it are kept.
    ///
    /// # Errors
    ///
    /// If the command cannot be started.
    pub fn start(command: &mut Command, keep: u64) -> io::Result<Self> {
        let (group, mut child) = ProcessGroup::start(command)?;
        let stderr = child.stderr.take();
        let drained = move || stderr.map(|stderr| drain(stderr, keep)).unwrap_or_default();
        let stderr = thread::spawn(drained);
        Ok(Self {
            group,
            child,
            stderr,
        })
    }

    /// Its stdin, the first time, if that is piped.
    pub fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Waits until the child has ended, and not longer than the limit. Then all that it has
    /// started is ended, too.
    ///
    /// # Errors
    ///
    /// If the system does not tell how it has ended.
    pub fn wait(mut self, limit: Duration) -> io::Result<Ended> {
        let deadline = Instant::now() + limit;
        let in_time = loop {
            match has_ended(&mut self.child) {
                Ok(true) => break true,
                Ok(false) if Instant::now() < deadline => thread::sleep(PAUSE),
                Ok(false) | Err(_) => break false,
            }
        };
        let status = self.group.end(&mut self.child)?;
        Ok(Ended {
            in_time,
            status,
            stderr: self.stderr.join().unwrap_or_default(),
        })
    }
}

/// Reads a stream to its end, and keeps the beginning. What is not kept is read as well: nobody
/// waits on a full pipe.
fn drain(mut stream: impl Read, keep: u64) -> Stderr {
    let mut kept = Vec::new();
    let read = stream.by_ref().take(keep).read_to_end(&mut kept);
    let left_out = read
        .and_then(|_| io::copy(&mut stream, &mut io::sink()))
        .unwrap_or_default();
    Stderr {
        text: String::from_utf8_lossy(&kept).into_owned(),
        left_out,
    }
}
