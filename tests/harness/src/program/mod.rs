//! A running program: its output, its signals, its end.
//!
//! [`start`] starts it and what watches it, [`expect`] waits for what it should do, and
//! [`control`] sends it signals and sets limits.

pub(crate) mod control;
mod expect;
pub(crate) mod start;

use crate::connection::Connection;
use crate::kernel;
use crate::lock::lock;
use crate::log::Log;
use crate::message;
use crate::message::Message;
use crate::process_group::ProcessGroup;
use crate::resources::Resources;
use crate::watched::Watched;
use std::net::SocketAddr;
use std::process::Child;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;

/// A running program. When it is dropped, also by a failing test, it ends with all that
/// it has started.
pub struct Program {
    log: Log,
    /// The process number of the program in its sandbox, if there is one and it was seen.
    sandboxed: Option<u32>,
    watched: Arc<Watched>,
    group: Option<ProcessGroup>,
    child: Arc<Mutex<Child>>,
    stdin: Mutex<Option<Sender<Vec<u8>>>>,
    /// Ends when it has closed the program's stdin.
    feeder: Option<JoinHandle<()>>,
    address: OnceLock<SocketAddr>,
    /// Which lines of stdout [`Program::expect_line`] has taken.
    taken: Mutex<Vec<bool>>,
}

impl Program {
    /// Calls the program by a name, where a test has more than one.
    pub fn call(&self, name: Message) {
        self.watched.set_name(name);
    }

    /// Its process number. In a sandbox that of the program, and not that of the sandbox.
    pub fn id(&self) -> u32 {
        self.sandboxed.unwrap_or_else(|| lock(&self.child).id())
    }

    /// Where it listens.
    ///
    /// # Panics
    ///
    /// If that has not been asked for with [`Program::expect_listening`].
    pub fn address(&self) -> SocketAddr {
        *self
            .address
            .get()
            .expect("expect_listening comes before address")
    }

    /// What it has printed on stdout so far.
    pub fn stdout(&self) -> String {
        lock(&self.watched.state).stdout.text()
    }

    /// What it has printed on stderr so far.
    pub fn stderr(&self) -> String {
        lock(&self.watched.state).stderr.text()
    }

    /// Whether the program has ended.
    pub fn has_ended(&self) -> bool {
        lock(&self.watched.state).exit.is_some() || self.is_gone()
    }

    /// Whether the program has been seen in a sandbox, and is gone. The sandbox may still be
    /// there.
    fn is_gone(&self) -> bool {
        #[cfg(target_os = "linux")]
        let is_gone = self
            .sandboxed
            .is_some_and(|pid| crate::orphans::is_gone(pid.cast_signed()));
        #[cfg(not(target_os = "linux"))]
        let is_gone = false;
        is_gone
    }

    /// Whether all threads of the program sleep: each waits for something. Only Linux shows
    /// it; elsewhere they always seem to.
    pub fn sleeps(&self) -> bool {
        Resources::sleeps(self.id())
    }

    /// The most memory that the program's processes have used so far, in bytes: each
    /// one's peak, added up (Linux only).
    pub fn peak_memory(&self) -> Option<u64> {
        #[cfg(target_os = "linux")]
        {
            let tree = crate::orphans::tree(self.id().cast_signed());
            let peaks = tree.into_iter().filter_map(|pid| {
                procfs::process::Process::new(pid)
                    .ok()?
                    .status()
                    .ok()?
                    .vmhwm
            });
            Some(peaks.sum::<u64>() * 1024)
        }
        #[cfg(not(target_os = "linux"))]
        None
    }

    /// What the program uses now (Linux only).
    #[track_caller]
    pub fn resources(&self) -> Resources {
        match Resources::of(self.id()) {
            Some(resources) => resources,
            None => self.log.fail(
                message!("the program's resources can be read"),
                message!("they cannot"),
            ),
        }
    }

    /// Connects to where it listens.
    #[track_caller]
    pub fn connect(&self) -> Connection {
        Connection::open(&self.log, self.address())
    }

    /// The rows of the kernel's table that have the program's port at this end.
    pub fn sockets(&self) -> Vec<kernel::Socket> {
        kernel::sockets_of_port(self.address().port())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(group) = self.group.take() {
            // How it has ended is known already, or of no interest any more.
            let end = || group.end(&mut lock(&self.child));
            let _ = match self.sandboxed {
                Some(_) => self.log.for_sandbox(|_| end()),
                None => end(),
            };
        }
    }
}
