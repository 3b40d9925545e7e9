//! The log of a test in progress: its steps so far, the programs that it watches, and its
//! deadline.
//!
//! [`Scenario`](crate::Scenario), [`Program`](crate::Program), [`Connection`](crate::Connection)
//! and [`Listener`](crate::Listener) all write to it. A failed expectation turns it into a
//! [`Transcript`].

use crate::likely_causes;
use crate::lock::lock;
use crate::message;
use crate::message::{Argument, Message, Party};
use crate::output::Output;
use crate::request;
use crate::transcript::{Block, End, Step, Stream, Transcript};
use crate::waits::{self, HeldUp};
use crate::watched::{Exit, Watched};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// How long an event may take before a test fails, unless `HARNESS_LIMIT` says otherwise.
/// Generous: only a program that is wrong reaches it, however loaded the machine is.
const LIMIT: Duration = Duration::from_secs(20);

/// How long it may take in a check to set up the sandboxes of programs, and to take them down
/// after a program's end, all together. Mounts and namespaces wait for grace periods of RCU in
/// the kernel: with busy loops on all cores these took up to 5 s, and once more than 8 s. That is
/// not the program's time. But a program must not hold its check by looking like a sandbox that is
/// never ready.
pub const SANDBOX_LIMIT: Duration = Duration::from_secs(15);

/// How long an event may take, unless a check sets another limit.
///
/// # Panics
///
/// If the environment variable `HARNESS_LIMIT` is set and is not a number of seconds.
fn limit() -> Duration {
    let Ok(text) = std::env::var(request::LIMIT) else {
        return LIMIT;
    };
    match text.parse().ok().map(Duration::try_from_secs_f64) {
        Some(Ok(limit)) => limit,
        _ => panic!("HARNESS_LIMIT is set to {text:?}, which is no number of seconds"),
    }
}

/// The log of a test so far. Cloning it is cheap and gives another handle to the same log.
#[derive(Clone)]
pub struct Log {
    inner: Arc<Inner>,
}

struct Inner {
    /// The command that starts the program under test.
    command: String,
    limit: Mutex<Duration>,
    /// The time limits of a check; other tests have no deadline.
    time: Option<CheckTime>,
    steps: Mutex<Vec<Step>>,
    /// The test's clients that have a name, in the order of their names.
    clients: Mutex<Vec<SocketAddr>>,
    /// The programs, each with the number of the step that started it.
    programs: Mutex<Vec<(usize, Weak<Watched>)>>,
    held_up: Mutex<HeldUp>,
    failed: Mutex<Option<FailedTest>>,
}

/// The time that is left for a check.
struct CheckTime {
    deadline: Mutex<Instant>,
    /// The rest of [`SANDBOX_LIMIT`].
    for_sandboxes: Mutex<Duration>,
}

/// The facts about a test that has failed.
pub(crate) struct FailedTest {
    pub(crate) transcript: Transcript,
    /// Whether its time was over by then.
    pub(crate) is_late: bool,
    /// How the machine had held it up.
    pub(crate) held_up: HeldUp,
}

impl Log {
    /// The log of a test with this command. With a time limit, the test is a check of a rubric.
    pub(crate) fn new(command: &[String], check: Option<Duration>) -> Self {
        let time = check.map(|limit| CheckTime {
            deadline: Mutex::new(Instant::now() + limit),
            for_sandboxes: Mutex::new(SANDBOX_LIMIT),
        });
        Self {
            inner: Arc::new(Inner {
                command: command.join(" "),
                limit: Mutex::new(limit()),
                time,
                steps: Mutex::default(),
                clients: Mutex::default(),
                programs: Mutex::default(),
                held_up: Mutex::new(HeldUp::Waiting(Duration::ZERO)),
                failed: Mutex::default(),
            }),
        }
    }

    /// Sets another limit from here on, for waits that are known to reach it.
    pub fn set_limit(&self, limit: Duration) {
        *lock(&self.inner.limit) = limit;
    }

    /// How long an event may take before it counts as missing. In a check of a rubric this is
    /// never longer than the time that the check has left.
    pub fn limit(&self) -> Duration {
        let limit = *lock(&self.inner.limit);
        match &self.inner.time {
            // The limit must not be 0, which a socket takes to mean no timeout.
            Some(time) => limit.min(left_until(*lock(&time.deadline))),
            None => limit,
        }
    }

    /// Runs work that must not count against the program's time, and hands it a deadline. However
    /// long it takes, the check has as much time after it as before.
    pub(crate) fn for_sandbox<T>(&self, work: impl FnOnce(Instant) -> T) -> T {
        let start = Instant::now();
        let Some(time) = &self.inner.time else {
            return work(start + self.limit());
        };
        let most = *lock(&time.for_sandboxes);
        let done = work(start + most);
        let took = start.elapsed().min(most);
        *lock(&time.for_sandboxes) -= took;
        *lock(&time.deadline) += took;
        done
    }

    /// How long a wait without success has been, in words.
    pub(crate) fn patience(&self) -> Message {
        // A wait may end a little before it has to.
        let soon = Instant::now() + Duration::from_millis(5);
        match &self.inner.time {
            Some(time) if *lock(&time.deadline) < soon => {
                message!("until the time of the check was over")
            }
            // Do not use the time that a check has left: it is shorter than this wait was.
            _ => message!("for {duration}", duration = *lock(&self.inner.limit)),
        }
    }

    /// Adds a numbered step.
    pub fn step(&self, what: Message) {
        lock(&self.inner.steps).push(Step { what, result: None });
    }

    /// What the transcript calls the test's client at this address: A, B, C and so on, in the order
    /// in which this was asked for.
    pub fn client(&self, address: SocketAddr) -> Party {
        let mut clients = lock(&self.inner.clients);
        let number = clients.iter().position(|client| *client == address);
        let number = number.unwrap_or_else(|| {
            clients.push(address);
            clients.len() - 1
        });
        Party::client(number, address)
    }

    /// Does the same again and again for this long, and at least once. The transcript has only the
    /// last time.
    pub fn again_and_again(&self, time: Duration, mut once: impl FnMut()) {
        let begin = Instant::now();
        let (steps, clients) = (
            lock(&self.inner.steps).len(),
            lock(&self.inner.clients).len(),
        );
        for number in 1_usize.. {
            lock(&self.inner.steps).truncate(steps);
            lock(&self.inner.clients).truncate(clients);
            self.step(message!(
                "do what follows again and again for {time}; this is time {number}",
                time,
                number
            ));
            once();
            if begin.elapsed() >= time {
                return;
            }
        }
    }

    /// Adds a result to the last step.
    pub(crate) fn result(&self, result: impl Into<Argument>) {
        if let Some(step) = lock(&self.inner.steps).last_mut() {
            step.result = Some(result.into());
        }
    }

    pub(crate) fn add_program(&self, program: &Arc<Watched>) {
        let step = lock(&self.inner.steps).len();
        lock(&self.inner.programs).push((step, Arc::downgrade(program)));
    }

    /// Whether programs were started and all have ended, so that nothing more can happen.
    pub(crate) fn is_over(&self) -> bool {
        let programs = lock(&self.inner.programs);
        !programs.is_empty()
            && programs
                .iter()
                .filter_map(|(_, program)| program.upgrade())
                .all(|program| program.is_final())
    }

    /// Expects that a condition holds, and fails the test if it does not.
    #[track_caller]
    pub fn expect(&self, what: Message, is_so: bool, got: impl Into<Argument>) {
        self.step(message!("expect: {expectation}", expectation = &what));
        if !is_so {
            self.fail(what, got);
        }
    }

    /// Polls for a state of the system that no event announces, such as a row of the
    /// kernel's table, and fails if the state is not reached in time.
    #[track_caller]
    pub fn wait_until<T>(
        &self,
        what: Message,
        mut poll: impl FnMut() -> Option<T>,
        got: impl FnOnce() -> Argument,
    ) -> T {
        self.step(message!("wait until {expectation}", expectation = &what));
        let deadline = Instant::now() + self.limit();
        loop {
            if let Some(value) = poll() {
                return value;
            }
            if Instant::now() > deadline {
                let (state, patience) = (got(), self.patience());
                self.fail(what, message!("{state} ({patience})", state, patience));
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Records for the grader that the next failure is caused by the machine, not by the
    /// program.
    pub(crate) fn blame_machine(&self) {
        *lock(&self.inner.held_up) = HeldUp::ByTheMachine;
    }

    /// Fails the test, and reports its steps, what was expected and what came.
    #[track_caller]
    pub fn fail(&self, expected: Message, got: impl Into<Argument>) -> ! {
        self.fail_with_cause(expected, got, None)
    }

    /// Fails the test, and names the likely cause where a well-known mistake fits.
    #[track_caller]
    pub fn fail_with_cause(
        &self,
        expected: Message,
        got: impl Into<Argument>,
        cause: Option<Message>,
    ) -> ! {
        // Do this while the program still exists.
        let time = self.inner.time.as_ref();
        let is_late = time.is_some_and(|time| Instant::now() >= *lock(&time.deadline));
        let held_up = waits::held_up().max(*lock(&self.inner.held_up));
        let cause = cause.or_else(|| self.empty_folder());
        let transcript = self.transcript(expected, got.into(), cause);
        let words = transcript.to_string();
        *lock(&self.inner.failed) = Some(FailedTest {
            transcript,
            is_late,
            held_up,
        });
        panic!("{words}")
    }

    /// Why a program may have looked in vain for something in the folder of its check.
    fn empty_folder(&self) -> Option<Message> {
        self.inner.time.as_ref()?;
        let programs = lock(&self.inner.programs).clone();
        let programs = programs.iter().filter_map(|(_, program)| program.upgrade());
        let mut stderrs = programs.map(|program| lock(&program.state).stderr.text());
        stderrs.find_map(|stderr| likely_causes::in_an_empty_folder(&stderr))
    }

    /// The facts about the test, if an expectation of this log has failed.
    pub(crate) fn failed(&self) -> Option<FailedTest> {
        lock(&self.inner.failed).take()
    }

    /// Gives the program that was started last a moment to end if it is about to, so that the
    /// transcript shows how it ended. On a busy machine ending may take a while, but then the
    /// program does not sleep. If the program goes on, only the moment is lost.
    pub(crate) fn let_it_end(&self) {
        let last = lock(&self.inner.programs).last().cloned();
        let Some(last) = last.and_then(|(_, program)| program.upgrade()) else {
            return;
        };
        let start = Instant::now();
        let (moment, longest) = (Duration::from_millis(200), Duration::from_secs(2));
        let waits = |time| time < moment || (time < longest && !last.sleeps());
        while !last.is_final() && waits(start.elapsed()) {
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn transcript(&self, expected: Message, got: Argument, cause: Option<Message>) -> Transcript {
        let programs: Vec<_> = lock(&self.inner.programs)
            .iter()
            .filter_map(|(step, program)| Some((*step, program.upgrade()?)))
            .collect();
        let name = |step: usize, program: &Watched| match programs.len() {
            1 => message!("the program"),
            _ => program
                .name()
                .unwrap_or_else(|| message!("the program of step {step}", step)),
        };
        Transcript {
            command: self.inner.command.clone(),
            steps: lock(&self.inner.steps).clone(),
            programs: programs
                .iter()
                .map(|(step, program)| end_of(program, name(*step, program)))
                .collect(),
            expected,
            got,
            likely_cause: cause,
        }
    }
}

/// The time left until a deadline. It is never 0, which a socket would take to mean no
/// timeout.
fn left_until(deadline: Instant) -> Duration {
    deadline
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1))
}

/// Both output streams of a program, and how it ended.
fn end_of(program: &Watched, name: Message) -> End {
    let state = lock(&program.state);
    let stream = |name: &str, output: &Output| Stream {
        name: name.to_string(),
        total: output.total,
        block: Block::of(&output.kept, output.total),
    };
    let exit = state.exit.map(Exit::describe);
    End {
        name,
        streams: vec![
            stream("stdout", &state.stdout),
            stream("stderr", &state.stderr),
        ],
        exit: exit.into_iter().chain(state.note.clone()).collect(),
    }
}
