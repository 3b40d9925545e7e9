//! A running program: its output, its signals, its end.
//!
//! [`start`] starts it and the threads that watch it, [`expect`] waits for what it should do,
//! and [`control`] sends it signals and sets limits.

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
use crate::request::RunningProgram;
use crate::resources::Resources;
use crate::watched::Watched;
use std::net::SocketAddr;
use std::process::Child;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;

/// A running program. When it is dropped, even by a failing test, the program is killed
/// together with every process that it has started.
pub struct Program {
    log: Log,
    /// The process ID of the program in its sandbox, if there is a sandbox and it was seen.
    sandboxed: Option<u32>,
    watched: Arc<Watched>,
    group: Option<ProcessGroup>,
    child: Arc<Mutex<Child>>,
    stdin: Mutex<Option<Sender<Vec<u8>>>>,
    /// The thread that writes to the program's stdin; it ends when it has closed that.
    feeder: Option<JoinHandle<()>>,
    address: OnceLock<SocketAddr>,
    /// The process ID of the server, if the program is a script that has started it.
    wrapped: OnceLock<u32>,
    /// Which lines of stdout [`Program::expect_line`] has taken.
    taken: Mutex<Vec<bool>>,
    /// Records until the program has ended that it is running.
    _running: RunningProgram,
}

impl Program {
    /// Gives the program a name for the transcript, where a test has more than one program.
    pub fn set_name(&self, name: Message) {
        self.watched.set_name(name);
    }

    /// Its process ID. In a sandbox this is the ID of the program, not of the sandbox; and of a
    /// script that has started a server it is the ID of that server, once it listens.
    pub fn id(&self) -> u32 {
        let wrapped = self.wrapped.get().copied();
        wrapped.unwrap_or_else(|| self.first_id())
    }

    /// The process ID of what was started.
    fn first_id(&self) -> u32 {
        self.sandboxed.unwrap_or_else(|| lock(&self.child).id())
    }

    /// The address on which it listens.
    ///
    /// # Panics
    ///
    /// If [`Program::expect_listening`] has not been called before.
    pub fn address(&self) -> SocketAddr {
        *self
            .address
            .get()
            .expect("expect_listening comes before address")
    }

    /// Its output on stdout so far.
    pub fn stdout(&self) -> String {
        lock(&self.watched.state).stdout.text()
    }

    /// Its output on stderr so far.
    pub fn stderr(&self) -> String {
        lock(&self.watched.state).stderr.text()
    }

    /// Whether the program has ended.
    pub fn has_ended(&self) -> bool {
        lock(&self.watched.state).exit.is_some() || self.is_gone()
    }

    /// Whether the program was seen in a sandbox and is gone by now. The sandbox itself may
    /// still exist.
    fn is_gone(&self) -> bool {
        #[cfg(target_os = "linux")]
        let is_gone = self
            .sandboxed
            .is_some_and(|pid| crate::orphans::is_gone(pid.cast_signed()));
        #[cfg(not(target_os = "linux"))]
        let is_gone = false;
        is_gone
    }

    /// Whether all threads of the program sleep, that is, wait for something. Only Linux shows
    /// it; elsewhere this is always true.
    pub fn sleeps(&self) -> bool {
        Resources::sleeps(self.id())
    }

    /// The peak memory of the program's processes so far, in bytes: the sum of each process's
    /// peak (Linux only).
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

    /// The resources that the program uses now (Linux only).
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

    /// Connects to the address on which it listens.
    #[track_caller]
    pub fn connect(&self) -> Connection {
        Connection::open(&self.log, self.address())
    }

    /// The rows of the kernel's table whose local port is the program's port.
    pub fn sockets(&self) -> Vec<kernel::Socket> {
        kernel::sockets_of_port(self.address().port())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(group) = self.group.take() {
            // How it ended is known already, or of no interest any more.
            let end = || group.end(&mut lock(&self.child));
            let _ = match self.sandboxed {
                Some(_) => self.log.for_sandbox(|_| end()),
                None => end(),
            };
        }
    }
}
