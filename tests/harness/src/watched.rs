//! The state that the threads watching a program share: its output so far, and how it ended.

use crate::lock::lock;
use crate::message;
use crate::message::Message;
use crate::output::Output;
use crate::resources::Resources;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It exited with this status.
    Status(i32),
    /// A signal ended it.
    Signal(i32),
}

impl Exit {
    /// How the program ended, as words that follow its name.
    pub(crate) fn describe(self) -> Message {
        let (signal, name) = match self {
            Self::Status(status) => return message!("exited with status {status}", status),
            Self::Signal(signal) => (signal, name_of_signal(signal)),
        };
        match name {
            Some(name) => message!("was ended by signal {signal} ({name})", signal, name),
            None => message!("was ended by signal {signal}", signal),
        }
    }
}

/// The name of a signal that ends programs, by its number on Linux and macOS.
pub fn name_of_signal(signal: i32) -> Option<&'static str> {
    let name = match signal {
        2 => "SIGINT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return None,
    };
    Some(name)
}

/// The state that the threads watching a program share.
pub(crate) struct Watched {
    name: OnceLock<Message>,
    /// Its process ID; in a sandbox that of the program, once it runs.
    process: OnceLock<u32>,
    pub(crate) state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
    pub(crate) exit: Option<Exit>,
    /// A further remark about how it ended.
    pub(crate) note: Option<Message>,
    exited_at: Option<Instant>,
}

/// How long a stream may stay open after the program has exited. It stays open only if a
/// grandchild holds the pipe.
const GRACE: Duration = Duration::from_secs(1);

impl State {
    /// Whether nothing can change any more.
    pub(crate) fn is_final(&self) -> bool {
        let drained = self.stdout.ended && self.stderr.ended;
        self.exited_at
            .is_some_and(|at| drained || at.elapsed() > GRACE)
    }
}

impl Watched {
    /// The state of a program that has just been started. Its stdout is expected to repeat this
    /// block if the block is not empty.
    pub(crate) fn new(block: Vec<u8>) -> Arc<Self> {
        let stdout = Output {
            block,
            ..Output::default()
        };
        Arc::new(Self {
            name: OnceLock::new(),
            process: OnceLock::new(),
            state: Mutex::new(State {
                stdout,
                ..State::default()
            }),
            changed: Condvar::new(),
        })
    }

    /// The name that a test has given it.
    pub(crate) fn name(&self) -> Option<Message> {
        self.name.get().cloned()
    }

    /// Gives the program a name. The first name stays, since a second one would only confuse.
    pub(crate) fn set_name(&self, name: Message) {
        let _ = self.name.set(name);
    }

    /// Records its process ID, once it is known.
    pub(crate) fn set_process(&self, process: u32) {
        // It is set when the program is started, and nowhere else.
        let _ = self.process.set(process);
    }

    /// Runs a thread that watches the program. It ends with the program's pipes.
    pub(crate) fn watch(self: &Arc<Self>, work: impl FnOnce(&Self) + Send + 'static) {
        let watched = Arc::clone(self);
        thread::spawn(move || work(&watched));
    }

    /// Changes the state, and wakes the threads that wait if the change matters to them.
    pub(crate) fn update(&self, change: impl FnOnce(&mut State) -> bool) {
        if change(&mut lock(&self.state)) {
            self.changed.notify_all();
        }
    }

    /// Records how the program ended.
    pub(crate) fn set_exit(&self, exit: Exit) {
        self.update(|state| {
            state.exit = Some(exit);
            state.exited_at = Some(Instant::now());
            true
        });
    }

    /// Whether all its threads sleep, which means that it is not about to end.
    pub(crate) fn sleeps(&self) -> bool {
        self.process.get().is_some_and(|&id| Resources::sleeps(id))
    }

    /// Whether the program has ended and all its output has been read.
    pub(crate) fn is_final(&self) -> bool {
        lock(&self.state).is_final()
    }

    /// Waits until the program has exited, but no longer than `time`. Returns whether it has.
    pub(crate) fn wait_for_exit(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut state = lock(&self.state);
        while state.exit.is_none() {
            // The exit wakes us at once. So does output, after which we keep waiting.
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Waits until the state yields an answer. Returns `None` if the deadline passes or the
    /// program ends first.
    pub(crate) fn wait_until<T>(
        &self,
        deadline: Instant,
        mut answer: impl FnMut(&State) -> Option<T>,
    ) -> Option<T> {
        let mut state = lock(&self.state);
        loop {
            // Check this before asking: an answer from a state that was final is the last one.
            let is_final = state.is_final();
            if let Some(answer) = answer(&state) {
                return Some(answer);
            }
            let now = Instant::now();
            if is_final || now >= deadline {
                return None;
            }
            // After the exit, a stream that a grandchild holds gets a grace period, and
            // no event announces its end.
            let nap = if state.exit.is_some() {
                GRACE / 20
            } else {
                deadline - now
            };
            let waited = self.changed.wait_timeout(state, nap);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
