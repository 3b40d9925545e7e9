//! Starts a program, and the threads that watch it.

use super::Program;
use crate::lock::lock;
use crate::log::Log;
use crate::message::Argument;
use crate::output::drain;
use crate::process_group::ProcessGroup;
use crate::request::{REQUESTED, RunningProgram};
use crate::watched::{Exit, Watched};
use crate::{memory, message, sandbox, words};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, JoinHandle};

/// How the program under test is started.
pub(crate) struct Launch {
    /// The words of its command.
    pub(crate) command: Vec<String>,
    /// The folder that it runs in.
    pub(crate) folder: PathBuf,
    /// The command of the sandbox that it runs in; empty if there is no sandbox.
    pub(crate) sandbox: Vec<String>,
    /// Whether it is killed when it uses too much memory.
    pub(crate) has_memory_limit: bool,
}

impl Launch {
    /// The command with these arguments.
    fn command(&self, arguments: &[String]) -> Command {
        let mut words = self.sandbox.iter().chain(&self.command);
        let mut command = Command::new(words.next().map_or("", String::as_str));
        if !self.sandbox.is_empty() {
            // Bubblewrap is process 1 of the sandbox, where its environment can be read.
            let path = std::env::var_os("PATH");
            command.env_clear().envs(path.map(|path| ("PATH", path)));
        }
        command
            .args(words)
            .args(arguments)
            .current_dir(&self.folder)
            .env_remove(REQUESTED);
        command
    }
}

impl Program {
    /// Starts the program under test. Its stdin is empty, unless a block is given: then stdin
    /// can be written to, and stdout is expected to repeat the block (empty: anything goes).
    #[track_caller]
    pub(crate) fn start(
        log: &Log,
        launch: &Launch,
        arguments: &[String],
        block: Option<Vec<u8>>,
    ) -> Self {
        if arguments.is_empty() {
            log.step(message!("start the program"));
        } else {
            let arguments = shorten(&join(arguments));
            log.step(message!("start the program with {arguments}", arguments));
        }
        let running = RunningProgram::start();
        let (group, mut child) = spawn(log, launch, arguments, block.is_some());
        let watched = Watched::new(block.unwrap_or_default());
        log.add_program(&watched);
        drain_outputs(&watched, &mut child);
        let (stdin, feeder) = child.stdin.take().map(feed).unzip();
        let leader = child.id();
        if launch.has_memory_limit {
            watched.watch(move |watched| memory::watch(watched, leader));
        }
        let child = Arc::new(Mutex::new(child));
        let is_sandboxed = !launch.sandbox.is_empty();
        watch_for_exit(&watched, &child, is_sandboxed);
        let sandboxed = if is_sandboxed {
            find_in_sandbox(log, &watched, leader)
        } else {
            None
        };
        watched.set_process(sandboxed.unwrap_or(leader));
        Self {
            log: log.clone(),
            sandboxed,
            watched,
            group: Some(group),
            child,
            stdin: Mutex::new(stdin),
            feeder,
            address: OnceLock::new(),
            taken: Mutex::default(),
            _running: running,
        }
    }
}

/// Starts the process.
#[track_caller]
fn spawn(
    log: &Log,
    launch: &Launch,
    arguments: &[String],
    has_stdin: bool,
) -> (ProcessGroup, Child) {
    let mut command = launch.command(arguments);
    command
        .stdin(if has_stdin {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let started = if launch.sandbox.is_empty() {
        ProcessGroup::start(&mut command)
    } else {
        ProcessGroup::start_in_sandbox(&mut command)
    };
    started.unwrap_or_else(|error| {
        let program = command.get_program().to_string_lossy().into_owned();
        log.fail(message!("`{program}` starts", program), error)
    })
}

/// Reads both output streams to their ends.
fn drain_outputs(watched: &Arc<Watched>, child: &mut Child) {
    if let Some(stdout) = child.stdout.take() {
        watched.watch(|watched| {
            drain(stdout, |change| {
                watched.update(|state| change(&mut state.stdout));
            });
        });
    }
    if let Some(stderr) = child.stderr.take() {
        watched.watch(|watched| {
            drain(stderr, |change| {
                watched.update(|state| change(&mut state.stderr));
            });
        });
    }
}

/// The process ID of the program in its sandbox. If the sandbox cannot be set up, that is the
/// machine's fault.
#[track_caller]
fn find_in_sandbox(log: &Log, watched: &Watched, leader: u32) -> Option<u32> {
    let found = log.for_sandbox(|deadline| sandbox::find_program(watched, leader, deadline));
    found.unwrap_or_else(|(expected, got)| {
        log.blame_machine();
        log.fail(expected, got)
    })
}

/// Writes everything it is sent to a program's stdin, and closes stdin when the channel is
/// closed. It uses a thread, since a program that does not read must not block the test.
fn feed(mut stdin: ChildStdin) -> (Sender<Vec<u8>>, JoinHandle<()>) {
    let (sender, receiver) = channel::<Vec<u8>>();
    let feeder = thread::spawn(move || {
        for bytes in receiver {
            // A write fails only if the program has closed its stdin or has ended.
            if stdin
                .write_all(&bytes)
                .and_then(|()| stdin.flush())
                .is_err()
            {
                return;
            }
        }
    });
    (sender, feeder)
}

/// The arguments of a program; the middle is left out if they are long.
fn shorten(arguments: &str) -> Argument {
    const SHOWN: usize = 100;
    let length = arguments.chars().count();
    if length <= 2 * SHOWN {
        return arguments.into();
    }
    let head: String = arguments.chars().take(SHOWN).collect();
    let tail: String = arguments.chars().skip(length - SHOWN).collect();
    message!(
        "{head} ... {tail} ({length} characters)",
        head,
        tail,
        length
    )
    .into()
}

fn join(words: &[String]) -> String {
    // It fails only for a NUL, which no argument can hold.
    words::join(words).unwrap_or_default()
}

/// Records the program's exit. The process is not reaped, so that its ID, which is also that
/// of its group, is not reused until the [`Program`] is dropped.
#[cfg(unix)]
fn watch_for_exit(watched: &Arc<Watched>, child: &Arc<Mutex<Child>>, is_sandboxed: bool) {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

    let Some(pid) = Pid::from_raw(lock(child).id().cast_signed()) else {
        return;
    };
    watched.watch(move |watched| {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let exit = loop {
            match waitid(WaitId::Pid(pid), options) {
                Ok(Some(status)) => {
                    let signal = status.terminating_signal();
                    break match (status.exit_status(), signal) {
                        // Like a shell, bubblewrap reports a signal as 128 plus its number.
                        (Some(status), _) if is_sandboxed && (129..160).contains(&status) => {
                            Exit::Signal(status - 128)
                        }
                        (Some(status), _) => Exit::Status(status),
                        (None, signal) => Exit::Signal(signal.unwrap_or(0)),
                    };
                }
                Ok(None) | Err(rustix::io::Errno::INTR) => {}
                // The drop of its `Program` has reaped it, so the exit is of no more interest.
                Err(_) => return,
            }
        };
        watched.set_exit(exit);
    });
}

/// Records the program's exit.
#[cfg(not(unix))]
fn watch_for_exit(watched: &Arc<Watched>, child: &Arc<Mutex<Child>>, _is_sandboxed: bool) {
    let child = Arc::clone(child);
    watched.watch(move |watched| {
        let status = loop {
            match lock(&child).try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => {}
                Err(_) => return,
            }
            thread::sleep(std::time::Duration::from_millis(5));
        };
        watched.set_exit(Exit::Status(status.code().unwrap_or(-1)));
    });
}
