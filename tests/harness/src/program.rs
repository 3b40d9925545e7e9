//! A running program: its output, its signals, its end.

use crate::connection::Connection;
use crate::output::{Output, drain};
use crate::processes::{ProcessGroup, lock};
use crate::resources::Resources;
use crate::scenario::Scenario;
use crate::{hints, kernel, text};
use predicates::prelude::{Predicate, predicate};
use std::fmt;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It exited with this status.
    Status(i32),
    /// A signal ended it.
    Signal(i32),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "exited with status {status}"),
            Self::Signal(signal) => {
                let name = match signal {
                    2 => "SIGINT",
                    4 => "SIGILL",
                    6 => "SIGABRT",
                    8 => "SIGFPE",
                    9 => "SIGKILL",
                    11 => "SIGSEGV",
                    13 => "SIGPIPE",
                    15 => "SIGTERM",
                    _ => return write!(f, "was ended by signal {signal}"),
                };
                write!(f, "was ended by signal {signal} ({name})")
            }
        }
    }
}

/// A signal that asks a program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, what Ctrl-C sends.
    Int,
    /// SIGTERM, what `kill` and service managers send.
    Term,
}

/// What the threads that watch a program know of it.
pub(crate) struct Shared {
    name: OnceLock<String>,
    /// Its process number; behind walls that of the program, once it runs.
    process: OnceLock<u32>,
    pub(crate) state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    pub(crate) fn name(&self) -> &str {
        self.name.get().map_or("the program", String::as_str)
    }

    /// Changes the state, and wakes who waits for that, if there is something to see.
    fn update(&self, change: impl FnOnce(&mut State) -> bool) {
        if change(&mut lock(&self.state)) {
            self.changed.notify_all();
        }
    }

    /// Whether all its threads sleep: so it is not about to end.
    pub(crate) fn sleeps(&self) -> bool {
        self.process.get().is_some_and(|&id| Resources::sleeps(id))
    }

    /// Whether the program has ended and all its output has come.
    pub(crate) fn is_final(&self) -> bool {
        lock(&self.state).is_final()
    }
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
    pub(crate) exit: Option<Exit>,
    /// What else there is to say about the end.
    pub(crate) note: Option<String>,
    exited_at: Option<Instant>,
}

/// How long a stream may stay open after the program has exited. Only a grandchild that
/// holds the pipe keeps it open at all.
const GRACE: Duration = Duration::from_secs(1);

impl State {
    /// Whether nothing can change any more.
    fn is_final(&self) -> bool {
        let drained = self.stdout.ended && self.stderr.ended;
        self.exited_at
            .is_some_and(|at| drained || at.elapsed() > GRACE)
    }
}

impl Program {
    /// Starts the program under test. Its stdin is empty, or, with a block that its stdout
    /// is expected to repeat (nothing for anything), can be written to.
    #[track_caller]
    pub(crate) fn start(scenario: &Scenario, arguments: &[String], block: Option<Vec<u8>>) -> Self {
        if arguments.is_empty() {
            scenario.step("start the program");
        } else {
            let arguments = text::shorten(&shlex_join(arguments));
            scenario.step(format!("start the program with {arguments}"));
        }
        let sandbox_command = if scenario.is_check() {
            crate::check::sandbox_command()
        } else {
            Vec::new()
        };
        let mut words = sandbox_command.iter().chain(scenario.command());
        let program = words.next().map_or("", String::as_str);
        let mut command = Command::new(program);
        if !sandbox_command.is_empty() {
            // It stays readable inside, as that of process 1.
            let path = std::env::var_os("PATH");
            command.env_clear().envs(path.map(|path| ("PATH", path)));
        }
        command
            .args(words)
            .args(arguments)
            .current_dir(scenario.folder())
            .stdin(if block.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.env_remove(crate::check::REQUESTED);
        let started = if sandbox_command.is_empty() {
            ProcessGroup::start(&mut command)
        } else {
            ProcessGroup::start_in_sandbox(&mut command)
        };
        let (group, mut child) = match started {
            Ok(started) => started,
            Err(error) => scenario.fail(&format!("`{program}` starts"), &error.to_string()),
        };

        let shared = Arc::new(Shared {
            name: OnceLock::new(),
            process: OnceLock::new(),
            state: Mutex::new(State {
                stdout: Output {
                    block: block.unwrap_or_default(),
                    ..Output::default()
                },
                ..State::default()
            }),
            changed: Condvar::new(),
        });
        scenario.add_program(&shared);
        if let Some(stdout) = child.stdout.take() {
            watch(&shared, |shared| {
                drain(stdout, |change| {
                    shared.update(|state| change(&mut state.stdout));
                });
            });
        }
        if let Some(stderr) = child.stderr.take() {
            watch(&shared, |shared| {
                drain(stderr, |change| {
                    shared.update(|state| change(&mut state.stderr));
                });
            });
        }
        let (stdin, feeder) = child.stdin.take().map(feed).unzip();
        let leader = child.id();
        if scenario.is_check() {
            watch(&shared, move |shared| watch_memory(shared, leader));
        }
        let child = Arc::new(Mutex::new(child));
        watch_for_exit(&shared, &child, !sandbox_command.is_empty());
        let inner = if sandbox_command.is_empty() {
            None
        } else {
            match scenario.for_sandbox(|deadline| find_inner(&shared, leader, deadline)) {
                Ok(inner) => inner,
                Err((expected, got)) => {
                    scenario.blame_machine();
                    scenario.fail(expected, &got)
                }
            }
        };
        // It is set here, and nowhere else.
        let _ = shared.process.set(inner.unwrap_or(leader));
        Self {
            scenario: scenario.clone(),
            inner,
            shared,
            group: Some(group),
            child,
            stdin: Mutex::new(stdin),
            feeder,
            address: OnceLock::new(),
            taken: Mutex::default(),
        }
    }
}

/// How much memory the processes of a program may use in a check.
const MEMORY_LIMIT: u64 = 512 << 20;

/// Kills a program that uses too much memory, before the machine suffers.
fn watch_memory(shared: &Shared, leader: u32) {
    const PAUSE: Duration = Duration::from_millis(50);
    loop {
        let next = Instant::now() + PAUSE;
        let mut state = lock(&shared.state);
        while state.exit.is_none() {
            // The exit wakes us at once. So does output, which is no reason to look.
            let left = next.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
        if state.exit.is_some() {
            return;
        }
        drop(state);
        if resident_of_tree(leader) > MEMORY_LIMIT {
            let note = format!("used more than {} MB of memory", MEMORY_LIMIT >> 20);
            lock(&shared.state).note = Some(note);
            kill_tree(leader);
            return;
        }
    }
}

#[cfg(target_os = "linux")]
fn resident_of_tree(leader: u32) -> u64 {
    let tree = crate::processes::tree(leader.cast_signed()).into_iter();
    let pids = tree.filter_map(|pid| u32::try_from(pid).ok());
    pids.filter_map(Resources::resident).sum()
}

#[cfg(target_os = "linux")]
fn kill_tree(leader: u32) {
    use rustix::process::{Pid, Signal, kill_process};
    for pid in crate::processes::tree(leader.cast_signed()) {
        // It may have ended by itself.
        let _ = Pid::from_raw(pid).map(|pid| kill_process(pid, Signal::KILL));
    }
}

/// Only Linux shows it.
#[cfg(not(target_os = "linux"))]
fn resident_of_tree(_leader: u32) -> u64 {
    0
}

#[cfg(not(target_os = "linux"))]
fn kill_tree(_leader: u32) {}

/// What was expected of walls, and what came.
type NoSandbox = (&'static str, String);

/// Waits until the program behind walls runs, and returns its process number; `None` if it
/// has ended before it was seen. A sandbox that does not start is not the program's fault.
#[cfg(target_os = "linux")]
fn find_inner(shared: &Shared, leader: u32, deadline: Instant) -> Result<Option<u32>, NoSandbox> {
    loop {
        let found = crate::processes::in_sandbox(leader.cast_signed());
        if let Some(pid) = found.and_then(|pid| u32::try_from(pid).ok()) {
            return Ok(Some(pid));
        }
        let state = lock(&shared.state);
        if state.exit.is_some() && state.is_final() {
            let stderr = state.stderr.text();
            let is_ours = ["bwrap: ", "prlimit: ", "setpriv: ", "sh: "]
                .iter()
                .any(|name| stderr.starts_with(name));
            if is_ours {
                let why = stderr.trim_end().to_string();
                return Err(("the sandbox can be started", why));
            }
            return Ok(None);
        }
        drop(state);
        if Instant::now() > deadline {
            let why = "the time for it was over before it was".to_string();
            return Err(("the sandbox is ready in time", why));
        }
        thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(not(target_os = "linux"))]
fn find_inner(
    _shared: &Shared,
    _leader: u32,
    _deadline: Instant,
) -> Result<Option<u32>, NoSandbox> {
    Ok(None)
}

/// Writes to a program's stdin whatever it is handed, and closes it when nothing more can
/// come. A thread does it: a program that does not read must not hold the test.
fn feed(mut stdin: ChildStdin) -> (Sender<Vec<u8>>, JoinHandle<()>) {
    let (sender, receiver) = channel::<Vec<u8>>();
    let feeder = thread::spawn(move || {
        for bytes in receiver {
            // A program that has closed its stdin, or has ended, does not want it.
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

fn shlex_join(words: &[String]) -> String {
    // It fails only for a NUL, which no argument can hold.
    let words = shlex::try_join(words.iter().map(String::as_str));
    words.unwrap_or_default()
}

/// Runs a thread that watches the program. It ends with the program's pipes.
fn watch(shared: &Arc<Shared>, work: impl FnOnce(&Shared) + Send + 'static) {
    let shared = Arc::clone(shared);
    thread::spawn(move || work(&shared));
}

/// Notes the program's exit. The process is not reaped: until the [`Program`] is dropped
/// its number, which is that of its group too, belongs to nobody else.
#[cfg(unix)]
fn watch_for_exit(shared: &Arc<Shared>, child: &Arc<Mutex<Child>>, is_sandboxed: bool) {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

    let Some(pid) = Pid::from_raw(lock(child).id().cast_signed()) else {
        return;
    };
    watch(shared, move |shared| {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let exit = loop {
            match waitid(WaitId::Pid(pid), options) {
                Ok(Some(status)) => {
                    let signal = status.terminating_signal();
                    break match (status.exit_status(), signal) {
                        // As a shell does it, bubblewrap tells a signal as 128 and more.
                        (Some(status), _) if is_sandboxed && (129..160).contains(&status) => {
                            Exit::Signal(status - 128)
                        }
                        (Some(status), _) => Exit::Status(status),
                        (None, signal) => Exit::Signal(signal.unwrap_or(0)),
                    };
                }
                Ok(None) | Err(rustix::io::Errno::INTR) => {}
                // Reaped by the drop of its `Program`: nobody asks any more.
                Err(_) => return,
            }
        };
        shared.update(|state| {
            state.exit = Some(exit);
            state.exited_at = Some(Instant::now());
            true
        });
    });
}

/// Notes the program's exit.
#[cfg(not(unix))]
fn watch_for_exit(shared: &Arc<Shared>, child: &Arc<Mutex<Child>>, _has_walls: bool) {
    let child = Arc::clone(child);
    watch(shared, move |shared| {
        let status = loop {
            match lock(&child).try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => {}
                Err(_) => return,
            }
            thread::sleep(Duration::from_millis(5));
        };
        shared.update(|state| {
            state.exit = Some(Exit::Status(status.code().unwrap_or(-1)));
            state.exited_at = Some(Instant::now());
            true
        });
    });
}

/// A running program. When it is dropped, also by a failing test, it ends with all that
/// it has started.
pub struct Program {
    scenario: Scenario,
    /// The program behind walls.
    inner: Option<u32>,
    shared: Arc<Shared>,
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
    /// Calls the program by a name, where a story has more than one.
    pub fn call(&self, name: &str) {
        // A second name would only confuse: the first one stays.
        let _ = self.shared.name.set(name.to_string());
    }

    /// Its process number. Behind walls that of the program, and not that of the walls.
    pub fn id(&self) -> u32 {
        self.inner.unwrap_or_else(|| lock(&self.child).id())
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
        lock(&self.shared.state).stdout.text()
    }

    /// What it has printed on stderr so far.
    pub fn stderr(&self) -> String {
        lock(&self.shared.state).stderr.text()
    }

    /// Waits for an answer from the state, and returns `None` if there will be none:
    /// at the limit, or when the program has ended.
    fn wait<T>(&self, answer: impl FnMut(&State) -> Option<T>) -> Option<T> {
        self.wait_until(Instant::now() + self.scenario.limit(), answer)
    }

    /// As [`wait`](Self::wait), at most until then.
    fn wait_until<T>(
        &self,
        deadline: Instant,
        mut answer: impl FnMut(&State) -> Option<T>,
    ) -> Option<T> {
        let mut state = lock(&self.shared.state);
        loop {
            // In this request: what is final has had its last word.
            let is_final = state.is_final();
            if let Some(answer) = answer(&state) {
                return Some(answer);
            }
            let now = Instant::now();
            if is_final || now >= deadline {
                return None;
            }
            // After the exit a stream that a grandchild holds gets a grace, and nobody
            // tells us when it is over.
            let nap = if state.exit.is_some() {
                GRACE / 20
            } else {
                deadline - now
            };
            let waited = self.shared.changed.wait_timeout(state, nap);
            state = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }

    /// Why a wait was in vain.
    fn why_not(&self) -> String {
        match lock(&self.shared.state).exit {
            Some(exit) => format!("the program {exit}"),
            None => format!("nothing more {}", self.scenario.patience()),
        }
    }

    /// Waits for the first line on stdout, `listening on ADDR`, and returns the address.
    #[track_caller]
    pub fn expect_listening(&self) -> SocketAddr {
        self.scenario
            .step("wait for its first line, `listening on ADDR`");
        let expected = "the first line on stdout is `listening on ADDR`";
        let first = self.wait(|state| state.stdout.lines().into_iter().next());
        let Some(line) = first else {
            let hint = hints::not_listening(self.id(), &self.stdout(), &self.stderr());
            self.scenario
                .fail_with_hint(expected, &self.why_not(), hint);
        };
        let shown = text::lines(std::slice::from_ref(&line));
        self.scenario.result(&shown);
        let address = line
            .strip_prefix("listening on ")
            .and_then(|text| text.parse().ok());
        let Some(address) = address else {
            self.scenario.fail(expected, &shown);
        };
        self.take_line(0);
        *self.address.get_or_init(|| address)
    }

    fn take_line(&self, index: usize) {
        let mut taken = lock(&self.taken);
        if taken.len() <= index {
            taken.resize(index + 1, false);
        }
        taken[index] = true;
    }

    /// The lines on stdout that no expectation has taken, with their numbers.
    fn lines_left(&self, state: &State) -> Vec<(usize, String)> {
        let taken = lock(&self.taken);
        let lines = state.stdout.lines().into_iter().enumerate();
        lines
            .filter(|(index, _)| !taken.get(*index).copied().unwrap_or(false))
            .collect()
    }

    /// Waits for exactly this line on stdout, and takes it: each line counts once.
    /// Returns its number, from 0, to tell which of two lines came first.
    #[track_caller]
    pub fn expect_line(&self, line: &str) -> usize {
        self.scenario
            .step(format!("wait for the line `{line}` on stdout"));
        let found = self.wait(|state| {
            let left = self.lines_left(state);
            left.iter()
                .find(|(_, left)| left == line)
                .map(|(index, _)| *index)
        });
        let Some(index) = found else {
            let left = self.lines_left(&lock(&self.shared.state));
            let left: Vec<String> = left.into_iter().map(|(_, line)| line).collect();
            let hint = hints::line(line, &left, self.address.get().copied());
            let got = if left.is_empty() {
                format!("no line that was not expected before; {}", self.why_not())
            } else {
                format!("{}; {}", text::lines(&left), self.why_not())
            };
            self.scenario
                .fail_with_hint(&format!("the line `{line}` on stdout"), &got, hint);
        };
        self.take_line(index);
        index
    }

    /// Waits for the end of stdout, and expects that every line on it has been taken.
    #[track_caller]
    pub fn expect_no_more_lines(&self) {
        self.scenario.step("expect no more lines on stdout");
        self.wait_for_exit("no more lines on stdout, and the end of the program");
        let left = self.lines_left(&lock(&self.shared.state));
        if !left.is_empty() {
            let left: Vec<String> = left.into_iter().map(|(_, line)| line).collect();
            self.scenario
                .fail("no more lines on stdout", &text::lines(&left));
        }
    }

    /// Waits until what the program has printed on stdout fits.
    #[track_caller]
    pub fn expect_stdout(&self, predicate: &impl Predicate<str>) {
        self.expect_stream("stdout", predicate, |state| &state.stdout);
    }

    /// Waits until what the program has printed on stderr fits.
    #[track_caller]
    pub fn expect_stderr(&self, predicate: &impl Predicate<str>) {
        self.expect_stream("stderr", predicate, |state| &state.stderr);
    }

    /// Waits until the program has printed anything on stderr.
    #[track_caller]
    pub fn expect_any_stderr(&self) {
        let any = predicate::function(|text: &str| !text.is_empty());
        self.expect_stderr(&any.fn_name("something is on"));
    }

    /// Expects that the program has reported no error so far.
    #[track_caller]
    pub fn expect_no_errors(&self) {
        self.scenario.step("expect nothing on stderr");
        let text = self.stderr();
        if !text.is_empty() {
            self.scenario.fail("nothing on stderr", &text::quote(&text));
        }
    }

    #[track_caller]
    fn expect_stream(
        &self,
        name: &str,
        predicate: &impl Predicate<str>,
        stream: fn(&State) -> &Output,
    ) {
        // A predicate calls what it judges `var`. One that has a name says `NAME(var)`.
        let what = predicate.to_string();
        let what = match what.strip_suffix("(var)") {
            Some(named) => format!("{named} {name}"),
            None => what.replacen("var", name, 1),
        };
        self.scenario.step(format!("wait until {what}"));
        let fits = self.wait(|state| predicate.eval(&stream(state).text()).then_some(()));
        if fits.is_none() {
            let text = stream(&lock(&self.shared.state)).text();
            let got = format!("{}; {}", text::quote(&text), self.why_not());
            let hint = hints::printed(&text);
            self.scenario.fail_with_hint(&what, &got, hint);
        }
    }

    /// Hands bytes to the program's stdin, in the background: a program that does not read
    /// them holds nobody.
    pub fn write_stdin(&self, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        self.scenario
            .step(format!("its stdin gets {}", text::show(&bytes)));
        if let Some(stdin) = &*lock(&self.stdin) {
            // It fails only where the program does not want it: what follows will tell.
            let _ = stdin.send(bytes);
        }
    }

    /// Ends the program's stdin, after all that was written to it.
    pub fn close_stdin(&self) {
        self.scenario.step("its stdin ends");
        lock(&self.stdin).take();
    }

    /// Waits until exactly these bytes have come on stdout, from its beginning.
    #[track_caller]
    pub fn expect_output(&self, expected: &[u8]) {
        self.scenario
            .step(format!("wait for {} on stdout", text::show(expected)));
        let came = self.wait(|state| {
            let got = &state.stdout.kept;
            let wrong = !expected.starts_with(&got[..got.len().min(expected.len())]);
            (wrong || got.len() >= expected.len()).then_some(())
        });
        let state = lock(&self.shared.state);
        if came.is_none() || state.stdout.kept != expected {
            let got = text::show(&state.stdout.kept);
            drop(state);
            let got = format!("{got}; {}", self.why_not());
            self.scenario
                .fail(&format!("stdout is {}", text::show(expected)), &got);
        }
    }

    /// Waits until so many bytes have come on stdout, and expects that they are the block
    /// that the program was started with, again and again.
    #[track_caller]
    pub fn expect_copied(&self, total: u64) {
        self.scenario.step(format!(
            "wait for {total} bytes on stdout, all of them right"
        ));
        let came = self.wait(|state| {
            (state.stdout.differs_at.is_some() || state.stdout.total >= total).then_some(())
        });
        let state = lock(&self.shared.state);
        let (differs_at, got) = (state.stdout.differs_at, state.stdout.total);
        drop(state);
        let expected = format!("{total} bytes on stdout, the same as were sent");
        match differs_at {
            Some(at) => self
                .scenario
                .fail(&expected, &format!("another byte at position {at}")),
            None if came.is_none() || got != total => {
                self.scenario
                    .fail(&expected, &format!("{got} bytes; {}", self.why_not()));
            }
            None => {}
        }
    }

    /// The most memory that the program's processes have used so far, in bytes: each
    /// one's peak, added up (Linux only).
    pub fn peak_memory(&self) -> Option<u64> {
        #[cfg(target_os = "linux")]
        {
            let tree = crate::processes::tree(self.id().cast_signed());
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

    /// Waits for the end, and expects an exit status that is not 0.
    #[track_caller]
    pub fn expect_exit_failure(&self) {
        self.scenario
            .step("wait for the exit, with a status that is not 0");
        let expected = "the program exits with a status that is not 0";
        match self.wait_for_exit(expected) {
            Exit::Status(status) if status != 0 => {}
            exit => self.scenario.fail(expected, &format!("the program {exit}")),
        }
    }

    /// Waits for the end, and expects this exit status.
    #[track_caller]
    pub fn expect_exit(&self, status: i32) {
        self.scenario
            .step(format!("wait for the exit, with status {status}"));
        let exit = self.wait_for_exit(&format!("the program exits with status {status}"));
        if exit != Exit::Status(status) {
            self.scenario.fail(
                &format!("the program exits with status {status}"),
                &format!("the program {exit}"),
            );
        }
    }

    #[track_caller]
    fn wait_for_exit(&self, expected: &str) -> Exit {
        let exit = |state: &State| state.exit.filter(|_| state.is_final());
        let found = self.wait(exit).or_else(|| {
            if !self.is_gone() {
                return None;
            }
            // The program has ended in time, and the walls are not down yet: it is they who
            // tell how it has ended.
            let down = self
                .scenario
                .for_sandbox(|deadline| self.wait_until(deadline, exit));
            if down.is_none() {
                self.scenario.blame_machine();
            }
            down
        });
        match found {
            Some(exit) => exit,
            None => self.scenario.fail(
                expected,
                &format!("it still runs, waited {}", self.scenario.patience()),
            ),
        }
    }

    /// Sends a signal to the program: not on this system.
    #[cfg(not(unix))]
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        self.scenario.fail(
            &format!("the program is sent {signal:?}"),
            "this system has no signals",
        );
    }

    /// Whether the program has ended.
    pub fn has_ended(&self) -> bool {
        lock(&self.shared.state).exit.is_some() || self.is_gone()
    }

    /// Whether the program has been seen behind walls, and is there no more. The walls may
    /// still stand.
    fn is_gone(&self) -> bool {
        #[cfg(target_os = "linux")]
        let is_gone = self
            .inner
            .is_some_and(|pid| crate::processes::is_gone(pid.cast_signed()));
        #[cfg(not(target_os = "linux"))]
        let is_gone = false;
        is_gone
    }

    /// Whether all threads of the program sleep: each waits for something. Only Linux shows
    /// it; elsewhere they always seem to.
    pub fn sleeps(&self) -> bool {
        Resources::sleeps(self.id())
    }

    /// Waits until the program waits for something itself, or has ended: what it does next
    /// comes after that. Where its stdin was [closed](Self::close_stdin), it waits for something
    /// else. Only Linux shows that; and a program may have its reasons never to sleep: so this
    /// gives up after half a second, and fails nothing.
    pub fn let_it_wait(&self) {
        let deadline = Instant::now() + Duration::from_millis(500);
        let ready = || {
            let is_fed = self.feeder.as_ref().is_none_or(JoinHandle::is_finished);
            (is_fed || lock(&self.stdin).is_some()) && self.sleeps()
        };
        while !ready() && !self.has_ended() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Expects that the program has not ended.
    #[track_caller]
    pub fn expect_running(&self) {
        self.scenario.step("expect that it still runs");
        if self.has_ended() {
            let exit = lock(&self.shared.state).exit;
            let got = exit.map_or_else(
                || "the program has ended".to_string(),
                |exit| format!("the program {exit}"),
            );
            self.scenario.fail("the program still runs", &got);
        }
    }

    /// Sends a signal to the program.
    #[cfg(unix)]
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        let (name, signal) = match signal {
            Signal::Int => ("SIGINT (Ctrl-C)", rustix::process::Signal::INT),
            Signal::Term => ("SIGTERM", rustix::process::Signal::TERM),
        };
        self.scenario.step(format!("send it {name}"));
        self.kill(signal);
    }

    /// Sends a signal to the program. Whether it has ended, what follows will tell.
    #[cfg(unix)]
    #[track_caller]
    fn kill(&self, signal: rustix::process::Signal) {
        use rustix::process::{Pid, kill_process};

        let pid = Pid::from_raw(self.id().cast_signed());
        match pid.map(|pid| kill_process(pid, signal)) {
            Some(Err(error)) if error != rustix::io::Errno::SRCH => self
                .scenario
                .fail("the program can be sent a signal", &error.to_string()),
            _ => {}
        }
    }

    /// Whether the program is stopped.
    #[cfg(unix)]
    fn is_stopped(&self) -> bool {
        // Behind walls it is no child of ours, and Linux shows it all the same.
        #[cfg(target_os = "linux")]
        let is_stopped = Resources::is_stopped(self.id());
        #[cfg(not(target_os = "linux"))]
        let is_stopped = {
            use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
            let options = WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
            let pid = Pid::from_raw(self.id().cast_signed());
            let status = pid.map(|pid| waitid(WaitId::Pid(pid), options));
            matches!(status, Some(Ok(Some(_))))
        };
        is_stopped
    }

    /// Waits until the program is held in a send, because this connection takes no more, and
    /// stops and continues it then, as Ctrl-Z and `fg` do. A send that has sent a part
    /// returns at that, with the number of bytes that it has sent (see signal(7)): whoever
    /// takes it for all loses the rest.
    ///
    /// Only Linux shows when that is; elsewhere this does nothing. A program that is not held
    /// within half a second goes on undisturbed.
    #[track_caller]
    pub fn interrupt_send(&self, connection: &Connection) {
        let is_held = || {
            let (_, there) = kernel::ends(connection.local(), connection.remote());
            there.is_some_and(|there| there.send_queue > 0)
        };
        let deadline = Instant::now() + Duration::from_millis(500);
        // Twice: it could be on its way from one send to the next.
        let mut times = 0;
        while times < 2 {
            if !kernel::is_visible() || Instant::now() > deadline {
                return;
            }
            times = if self.sleeps() && is_held() {
                times + 1
            } else {
                0
            };
            thread::sleep(Duration::from_millis(1));
        }
        self.scenario.step("it waits for room to send");
        self.while_stopped(|| ());
    }

    /// Stops the program (Ctrl-Z), does something meanwhile, and continues it (`fg`): what
    /// happens to its connections then it finds out afterwards. Where there are no signals
    /// it is not stopped.
    #[cfg(unix)]
    #[track_caller]
    pub fn while_stopped<T>(&self, work: impl FnOnce() -> T) -> T {
        use rustix::process::Signal;

        self.scenario.step("stop it (Ctrl-Z)");
        self.kill(Signal::STOP);
        self.scenario.wait_until(
            "the program has stopped",
            || (self.is_stopped() || self.has_ended()).then_some(()),
            || "it has not".to_string(),
        );
        let result = work();
        self.scenario.step("continue it (fg)");
        self.kill(Signal::CONT);
        result
    }

    /// Does something; the program cannot be stopped meanwhile on this system.
    #[cfg(not(unix))]
    pub fn while_stopped<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }

    /// Lets the program open only so many more files than it has open now (Linux only).
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub fn limit_open_files(&self, more: u64) {
        use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

        self.scenario
            .step(format!("let it open at most {more} more file(s)"));
        let files = match std::fs::read_dir(format!("/proc/{}/fd", self.id())) {
            Ok(files) => files,
            Err(error) => self
                .scenario
                .fail("the program has open files", &error.to_string()),
        };
        let open: Vec<u64> = files
            .flatten()
            .filter_map(|file| file.file_name().to_str()?.parse().ok())
            .collect();
        // The limit is on the number of a descriptor, and the kernel gives the lowest one.
        let mut free = 0;
        while open.contains(&free) {
            free += 1;
        }
        // The hard limit stays what the program has inherited from us.
        let maximum = getrlimit(Resource::Nofile).maximum;
        let limit = Rlimit {
            current: Some(free + more),
            maximum,
        };
        let pid = Pid::from_raw(self.id().cast_signed());
        if let Err(error) = prlimit(pid, Resource::Nofile, limit) {
            self.scenario
                .fail("the program's limit can be set", &error.to_string());
        }
    }

    /// Lets the program open only so many more files: not on this system.
    #[cfg(not(target_os = "linux"))]
    #[track_caller]
    pub fn limit_open_files(&self, _more: u64) {
        self.scenario.fail(
            "the limit of a running program is set",
            "only Linux can do that",
        );
    }

    /// What the program uses now (Linux only).
    #[track_caller]
    pub fn resources(&self) -> Resources {
        match Resources::of(self.id()) {
            Some(resources) => resources,
            None => self
                .scenario
                .fail("the program's resources can be read", "they cannot"),
        }
    }

    /// Connects to where it listens.
    #[track_caller]
    pub fn connect(&self) -> Connection {
        Connection::open(&self.scenario, self.address())
    }

    /// The rows of the kernel's table that have the program's port at this end.
    pub fn sockets(&self) -> Vec<kernel::Socket> {
        kernel::sockets_of_port(self.address().port())
    }

    /// Waits until the program is at rest: as many connections as this wait to be
    /// accepted (Linux only).
    #[track_caller]
    pub fn expect_accept_queue(&self, length: u32) {
        let queue = || {
            let sockets = self.sockets();
            let mut listeners = sockets.iter().filter(|s| s.state == kernel::State::Listen);
            listeners.next().map(|socket| socket.receive_queue)
        };
        self.scenario.wait_until(
            &format!("{length} connection(s) wait in the accept queue"),
            || (queue() == Some(length)).then_some(()),
            || format!("the length of the accept queue is {:?}", queue()),
        );
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(group) = self.group.take() {
            // How it has ended is known already, or of no interest any more.
            let end = || group.end(&mut lock(&self.child));
            let _ = match self.inner {
                Some(_) => self.scenario.for_sandbox(|_| end()),
                None => end(),
            };
        }
    }
}
