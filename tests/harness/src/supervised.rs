//! A child process with a time limit, such as a compiler or a check. Its stderr is drained and
//! kept up to a cap, and every process that it has started ends with it.

use crate::interrupt::{asked_to_end, interrupted};
use crate::process_group::{ProcessGroup, has_ended};
use crate::waits::{HeldUp, held_up_in_tree};
use std::io::{self, Read};
use std::process::{Child, ChildStdin, Command, ExitStatus};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The pause between two polls of whether a child has ended. No portable call waits for a child
/// with a timeout.
const PAUSE: Duration = Duration::from_millis(2);

/// A running child process.
pub struct Supervised {
    group: ProcessGroup,
    child: Child,
    stderr: JoinHandle<Stderr>,
}

/// The output of a child on stderr, if that was piped.
#[derive(Debug, Default)]
pub struct Stderr {
    /// The first bytes, as text.
    pub text: String,
    /// How many bytes followed them and were not kept.
    pub left_out: u64,
}

/// How a child ended.
#[derive(Debug)]
pub struct Ended {
    /// Whether it ended by itself before the limit.
    pub in_time: bool,
    /// How the machine had delayed it and its descendants, if it was not over in time.
    pub held_up: HeldUp,
    /// Its exit status, or the signal that ended it.
    pub status: ExitStatus,
    /// Its output on stderr.
    pub stderr: Stderr,
}

impl Supervised {
    /// Starts a command as the leader of a new process group. If its stderr is piped, the first
    /// `keep` bytes of it are kept.
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

    /// Takes the child's stdin, if that is piped and has not been taken yet.
    pub fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Waits until the child has ended, but no longer than the limit. Then ends the child and
    /// every process that it has started.
    ///
    /// # Errors
    ///
    /// If the system does not report how the child ended, or if this program is [asked to
    /// end](crate::heed_signals) meanwhile; the child and its processes are ended then, too.
    pub fn wait(mut self, limit: Duration) -> io::Result<Ended> {
        let deadline = Instant::now() + limit;
        let in_time = loop {
            match has_ended(&mut self.child) {
                Ok(true) => break true,
                Ok(false) if asked_to_end().is_some() => {
                    self.group.end(&mut self.child)?;
                    return Err(interrupted());
                }
                Ok(false) if Instant::now() < deadline => thread::sleep(PAUSE),
                Ok(false) | Err(_) => break false,
            }
        };
        let held_up = if in_time {
            HeldUp::Waiting(Duration::ZERO)
        } else {
            held_up_in_tree(self.child.id())
        };
        let status = self.group.end(&mut self.child)?;
        Ok(Ended {
            in_time,
            held_up,
            status,
            stderr: self.stderr.join().unwrap_or_default(),
        })
    }
}

/// Reads a stream to its end, and keeps the beginning. The rest is read as well, so that no
/// writer blocks on a full pipe.
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
