//! The story of a test: what it did, step by step, and how it ended.

use crate::listener::{Listener, Refusing};
use crate::output::Output;
use crate::processes::lock;
use crate::program::{Program, Shared};
use crate::text;
use crate::transcript::{End, Step, Stream, Transcript};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The environment variable that names the folder which programs run in, and which relative
/// paths in `PROGRAM` start from. Where it is not set, that is the current folder.
pub(crate) const FOLDER: &str = "PROGRAM_FOLDER";

/// How long an event may take before a test fails, unless `HARNESS_LIMIT` says otherwise.
/// Generous: only a program that is wrong reaches it, however loaded the machine is.
const LIMIT: Duration = Duration::from_secs(20);

/// A test in progress: the program that it is about, and the steps so far.
///
/// Cloning it is cheap and gives another handle to the same story.
#[derive(Clone)]
pub struct Scenario {
    inner: Arc<Inner>,
}

struct Inner {
    /// The words of the command that starts the program under test.
    command: Vec<String>,
    /// The folder that programs run in, unless the story is a check.
    folder: PathBuf,
    limit: Mutex<Duration>,
    check: OnceLock<Check>,
    steps: Mutex<Vec<Step>>,
    programs: Mutex<Vec<Weak<Shared>>>,
    /// What was told, if the test has failed.
    told: Mutex<Option<Transcript>>,
    /// Whether its time was over by then, and how long it had waited for a processor.
    late: Mutex<bool>,
    starved: Mutex<Duration>,
}

/// What a story has besides, if it is a check of a rubric.
struct Check {
    deadline: Mutex<Instant>,
    /// What is left of [`SANDBOX`].
    sandbox_command: Mutex<Duration>,
    folder: TempDir,
}

/// How long it may take in a check to build the walls around programs, and to take them down
/// after a program's end, all together. The kernel does much of that, and where it is busy it
/// takes seconds: that is not the program's time. But a program must not hold its check by
/// looking like walls that are never ready.
const SANDBOX: Duration = Duration::from_secs(15);

impl Check {
    fn deadline(&self) -> Instant {
        *lock(&self.deadline)
    }
}

impl Scenario {
    /// A story about a program: the command in the environment variable `PROGRAM`, split
    /// as a shell splits words, or, where that is not set, the given binary.
    ///
    /// # Panics
    ///
    /// If `PROGRAM` is set and is no command.
    pub fn of(binary: impl AsRef<Path>) -> Self {
        let command = match std::env::var("PROGRAM") {
            Ok(program) => match shlex::split(&program) {
                Some(words) if !words.is_empty() => words
                    .into_iter()
                    .map(|word| find_file(&folder(), &word).unwrap_or(word))
                    .collect(),
                _ => panic!("PROGRAM is set to {program:?}, which is no command"),
            },
            Err(std::env::VarError::NotPresent) => {
                vec![binary.as_ref().to_string_lossy().into_owned()]
            }
            Err(error) => panic!("cannot read the environment variable PROGRAM: {error}"),
        };
        Self::of_command(command)
    }

    /// A story about this very command, whatever `PROGRAM` says.
    ///
    /// # Panics
    ///
    /// If the environment variable `HARNESS_LIMIT` is set and is no number of seconds.
    pub fn of_command<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Self {
        let limit = match std::env::var("HARNESS_LIMIT") {
            Ok(text) => match text.parse().ok().map(Duration::try_from_secs_f64) {
                Some(Ok(limit)) => limit,
                _ => panic!("HARNESS_LIMIT is set to {text:?}, which is no number of seconds"),
            },
            Err(_) => LIMIT,
        };
        Self {
            inner: Arc::new(Inner {
                command: command.into_iter().map(Into::into).collect(),
                folder: folder(),
                limit: Mutex::new(limit),
                check: OnceLock::new(),
                steps: Mutex::default(),
                programs: Mutex::default(),
                told: Mutex::default(),
                late: Mutex::default(),
                starved: Mutex::default(),
            }),
        }
    }

    /// Sets another limit from here on, for what is known to reach it.
    pub fn set_limit(&self, limit: Duration) {
        *lock(&self.inner.limit) = limit;
    }

    /// How long an event may take before it counts as missing. In a check of a rubric
    /// never longer than what is left of its time.
    pub fn limit(&self) -> Duration {
        let limit = *lock(&self.inner.limit);
        match self.inner.check.get() {
            // No wait is nothing at all: a socket takes a timeout of 0 for none.
            Some(check) => limit.min(left_until(check.deadline())),
            None => limit,
        }
    }

    /// Does what the program does not answer for, with a deadline: until then it may go on.
    /// However long it takes, the check has as much time after it as before.
    pub(crate) fn for_sandbox<T>(&self, work: impl FnOnce(Instant) -> T) -> T {
        let start = Instant::now();
        let Some(check) = self.inner.check.get() else {
            return work(start + self.limit());
        };
        let most = *lock(&check.sandbox_command);
        let done = work(start + most);
        let took = start.elapsed().min(most);
        *lock(&check.sandbox_command) -= took;
        *lock(&check.deadline) += took;
        done
    }

    /// How long a wait in vain has been, in words.
    pub(crate) fn patience(&self) -> String {
        // A wait may end a little before it has to.
        let soon = Instant::now() + Duration::from_millis(5);
        match self.inner.check.get() {
            Some(check) if check.deadline() < soon => {
                "until the time of the check was over".to_string()
            }
            // Not what is left of a check's time: that was shorter than this wait.
            _ => format!("for {:?}", *lock(&self.inner.limit)),
        }
    }

    /// Makes the story a check of a rubric: from now on there is a deadline, and programs
    /// run in an empty folder of their own.
    ///
    /// # Panics
    ///
    /// If there can be no such folder.
    pub(crate) fn be_a_check(&self, limit: Duration) {
        let folder = TempDir::with_prefix("check-").expect("a temporary folder");
        let check = Check {
            deadline: Mutex::new(Instant::now() + limit),
            sandbox_command: Mutex::new(SANDBOX),
            folder,
        };
        // A story becomes a check once, before anything else happens in it.
        let _ = self.inner.check.set(check);
    }

    /// Whether the story is a check of a rubric.
    pub(crate) fn is_check(&self) -> bool {
        self.inner.check.get().is_some()
    }

    /// The folder that programs run in.
    pub(crate) fn folder(&self) -> &Path {
        self.inner
            .check
            .get()
            .map_or(&self.inner.folder, |check| check.folder.path())
    }

    /// The words of the command that starts the program under test.
    pub fn command(&self) -> &[String] {
        &self.inner.command
    }

    /// Starts the program with these arguments.
    #[track_caller]
    pub fn start<S: AsRef<str>>(&self, arguments: impl IntoIterator<Item = S>) -> Program {
        let arguments: Vec<String> = arguments
            .into_iter()
            .map(|argument| argument.as_ref().to_string())
            .collect();
        Program::start(self, &arguments, None)
    }

    /// Starts the program with these arguments, and with a stdin that can be written to.
    #[track_caller]
    pub fn start_with_stdin<S: AsRef<str>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Program {
        self.start_copying(arguments, Vec::new())
    }

    /// Starts the program with these arguments, and with a stdin that can be written to.
    /// Its stdout is expected to be this block of bytes, again and again: see
    /// [`Program::expect_copied`].
    #[track_caller]
    pub fn start_copying<S: AsRef<str>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        block: Vec<u8>,
    ) -> Program {
        let arguments: Vec<String> = arguments
            .into_iter()
            .map(|argument| argument.as_ref().to_string())
            .collect();
        Program::start(self, &arguments, Some(block))
    }

    /// Starts the program on a free port of 127.0.0.1, and waits until it listens.
    #[track_caller]
    pub fn start_server(&self) -> Program {
        self.start_server_on("127.0.0.1:0")
    }

    /// Starts the program on this address, and waits until it listens.
    #[track_caller]
    pub fn start_server_on(&self, address: &str) -> Program {
        let program = self.start([address]);
        program.expect_listening();
        program
    }

    /// Listens on a free port of 127.0.0.1, for a program that is a client.
    #[track_caller]
    pub fn listen(&self) -> Listener {
        self.listen_on("127.0.0.1:0")
    }

    /// Listens on a free port of 127.0.0.1, for connections that take some 30 KB of what is
    /// sent, and no more until the test receives.
    #[track_caller]
    pub fn listen_narrow(&self) -> Listener {
        Listener::narrow(self)
    }

    /// Listens on this address, for a program that is a client.
    #[track_caller]
    pub fn listen_on(&self, address: &str) -> Listener {
        Listener::new(self, address)
    }

    /// Listens on this address, unless somebody has it.
    #[track_caller]
    pub fn listen_if_free(&self, address: &str) -> Option<Listener> {
        Listener::if_free(self, address)
    }

    /// An address at which nobody listens, and nobody can as long as it is held.
    #[track_caller]
    pub fn hold_refusing_port(&self) -> Refusing {
        Refusing::new(self)
    }

    /// Connects to an address.
    #[track_caller]
    pub fn connect(&self, address: SocketAddr) -> crate::Connection {
        crate::Connection::open(self, address)
    }

    /// Expects that a connection to this address is refused.
    #[track_caller]
    pub fn expect_refused(&self, address: SocketAddr) {
        self.step(format!("a connection to {address} should be refused"));
        match std::net::TcpStream::connect_timeout(&address, self.limit()) {
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
            Err(error) => self.fail(
                &format!("{address} refuses connections"),
                &error.to_string(),
            ),
            Ok(_) => self.fail(&format!("{address} refuses connections"), "it accepted one"),
        }
    }

    /// Adds a numbered step.
    pub fn step(&self, step: impl Into<String>) {
        let what = step.into();
        lock(&self.inner.steps).push(Step { what, result: None });
    }

    /// Adds to the last step what came of it.
    pub(crate) fn result(&self, result: &str) {
        if let Some(step) = lock(&self.inner.steps).last_mut() {
            step.result = Some(result.to_string());
        }
    }

    pub(crate) fn add_program(&self, program: &Arc<Shared>) {
        lock(&self.inner.programs).push(Arc::downgrade(program));
    }

    /// Whether there were programs, and all have ended: nothing more will come of them.
    pub(crate) fn is_over(&self) -> bool {
        let programs = lock(&self.inner.programs);
        !programs.is_empty()
            && programs
                .iter()
                .filter_map(Weak::upgrade)
                .all(|program| program.is_final())
    }

    /// Expects that something is so, and tells the story if it is not.
    #[track_caller]
    pub fn expect(&self, what: &str, is_so: bool, got: &str) {
        self.step(format!("expect: {what}"));
        if !is_so {
            self.fail(what, got);
        }
    }

    /// Polls for a state of the system that no event announces, such as a row of the
    /// kernel's table, and fails if it does not come.
    #[track_caller]
    pub fn wait_until<T>(
        &self,
        what: &str,
        mut poll: impl FnMut() -> Option<T>,
        got: impl FnOnce() -> String,
    ) -> T {
        self.step(format!("wait until {what}"));
        let deadline = Instant::now() + self.limit();
        loop {
            if let Some(value) = poll() {
                return value;
            }
            if Instant::now() > deadline {
                self.fail(what, &format!("{} ({})", got(), self.patience()));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Has a grader know of a failure that comes next: whatever the program has done, it was
    /// held up by the machine.
    pub(crate) fn blame_machine(&self) {
        *lock(&self.inner.starved) = Duration::MAX;
    }

    /// Ends the test: tells the story, what was expected and what came.
    #[track_caller]
    pub fn fail(&self, expected: &str, got: &str) -> ! {
        self.fail_with_hint(expected, got, None)
    }

    /// Ends the test, with a hint where a well-known mistake fits.
    #[track_caller]
    pub fn fail_with_hint(&self, expected: &str, got: &str, hint: Option<String>) -> ! {
        // While the program is still there.
        let check = self.inner.check.get();
        *lock(&self.inner.late) = check.is_some_and(|check| Instant::now() >= check.deadline());
        let waited = crate::processes::held_up();
        let mut starved = lock(&self.inner.starved);
        *starved = starved.max(waited);
        drop(starved);
        let transcript = self.tell(expected, got, hint);
        let words = transcript.to_string();
        *lock(&self.inner.told) = Some(transcript);
        panic!("{words}")
    }

    /// What was told, if the test has failed.
    pub(crate) fn told(&self) -> Option<Transcript> {
        lock(&self.inner.told).take()
    }

    /// Whether its time was over when it failed.
    pub(crate) fn is_late(&self) -> bool {
        *lock(&self.inner.late)
    }

    /// How long this test and its programs had waited for a processor when it failed.
    pub(crate) fn starved(&self) -> Duration {
        *lock(&self.inner.starved)
    }

    /// Gives the program that was started last a moment to end, if it is about to: how it
    /// ends belongs to the story. On a busy machine that may take a while: then it does not
    /// sleep. One that goes on costs the moment, and nothing fails.
    pub(crate) fn let_it_end(&self) {
        let Some(last) = lock(&self.inner.programs).last().and_then(Weak::upgrade) else {
            return;
        };
        let start = Instant::now();
        let (moment, longest) = (Duration::from_millis(200), Duration::from_secs(2));
        let waits = |time| time < moment || (time < longest && !last.sleeps());
        while !last.is_final() && waits(start.elapsed()) {
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn tell(&self, expected: &str, got: &str, hint: Option<String>) -> Transcript {
        let programs: Vec<_> = lock(&self.inner.programs)
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        let name = |program: &Shared| match programs.len() {
            1 => "the program".to_string(),
            _ => program.name().to_string(),
        };
        Transcript {
            command: self.inner.command.join(" "),
            steps: lock(&self.inner.steps).clone(),
            programs: programs.iter().map(|p| p.tell(name(p))).collect(),
            expected: text::cut(expected),
            got: text::cut(got),
            hint: hint.map(|hint| text::cut(&hint)),
        }
    }
}

/// What is left of the time until a deadline, and never nothing: a socket would take that
/// for no limit.
fn left_until(deadline: Instant) -> Duration {
    deadline
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1))
}

/// The folder that [`FOLDER`] names, or else the current one.
fn folder() -> PathBuf {
    let named = std::env::var_os(FOLDER).map(PathBuf::from);
    // The system knows what `.` is, also where it does not tell its name.
    named
        .or_else(|| std::env::current_dir().ok())
        .unwrap_or_else(|| PathBuf::from("."))
}

/// The whole path of a file that a word of `PROGRAM` names, seen from this folder: the program
/// itself may run in another one.
fn find_file(folder: &Path, word: &str) -> Option<String> {
    let path = folder.join(word);
    let is_relative = Path::new(word).is_relative() && !word.is_empty();
    (is_relative && path.is_file()).then(|| path.to_string_lossy().into_owned())
}

impl Shared {
    /// Both output streams, and how the program ended.
    fn tell(&self, name: String) -> End {
        let state = lock(&self.state);
        let stream = |name: &str, output: &Output| Stream {
            name: name.to_string(),
            total: output.total,
            block: text::block(&output.kept, output.total),
        };
        let exit = state.exit.map(|exit| exit.to_string());
        End {
            name,
            streams: vec![
                stream("stdout", &state.stdout),
                stream("stderr", &state.stderr),
            ],
            exit: exit.into_iter().chain(state.note.clone()).collect(),
        }
    }
}
