//! The request that a grader sends to a check, and the record that the check leaves.

use crate::lock::lock;
use crate::mark::FOLDER;
use crate::verdict::Verdict;
use crate::waits::HeldUp;
use serde::{Deserialize, Serialize};
use std::io::BufRead;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

/// The environment variable that sets how long an event may take before a test fails, in seconds.
pub(crate) const LIMIT: &str = "HARNESS_LIMIT";

/// The environment variable by which a grader announces a [`CheckRequest`] on stdin.
pub const REQUESTED: &str = "HARNESS_REQUESTED";

/// The environment variable that names a file for a list of the messages that a rubric can make.
/// If it is set, a check writes that list and does nothing else.
pub const MESSAGES: &str = "HARNESS_MESSAGES";

/// The environment variable by which a grader sets the sandbox of the program under test: a
/// command, split into words as in a shell, which starts with bubblewrap and to which the
/// command of the program is appended.
pub const SANDBOX: &str = "HARNESS_SANDBOX";

/// The environment variables that change how the harness runs a test. A grader sets those that it
/// needs, and removes the others.
pub const VARIABLES: [&str; 5] = [LIMIT, MESSAGES, REQUESTED, SANDBOX, FOLDER];

/// The command of the sandbox; empty if the grader has not asked for one.
pub(crate) fn sandbox_command() -> Vec<String> {
    let words = std::env::var(SANDBOX).ok();
    words
        .and_then(|words| shlex::split(&words))
        .unwrap_or_default()
}

/// A grader's request to a check. It comes on stdin, as a line of JSON, because a program under
/// test can read neither the check's stdin nor its memory.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckRequest {
    /// The file in which to leave the [`CheckRecord`].
    pub record: PathBuf,
    /// A secret: only a process that has read the request can leave a record that counts.
    pub nonce: String,
    /// How much longer than usual the check may take. This does not extend the time limits that
    /// the task sets for the program.
    pub more: Duration,
    /// The seed of what the check chooses at random. It comes in the request, because a program
    /// under test must not be able to set it.
    pub seed: u64,
}

/// The record that a check leaves for its grader, as a JSON file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckRecord {
    /// The name of the check.
    pub check: String,
    /// The secret of the request.
    pub nonce: String,
    /// What the check has found; `None` until it is over.
    pub verdict: Option<Verdict>,
    /// Whether a program of the check is running. A record without a verdict is left by a check
    /// that was killed, and such a program may have done that.
    pub is_program_running: bool,
    /// Whether it has failed because it ran out of time.
    pub is_late: bool,
    /// If it has failed: how the machine had delayed the program and the check until then.
    pub held_up: HeldUp,
}

/// The grader's request, if there is a grader. It is read once, since each check is a process.
pub(crate) fn read() -> Option<&'static CheckRequest> {
    static REQUEST: OnceLock<Option<CheckRequest>> = OnceLock::new();
    let request = REQUEST.get_or_init(|| {
        std::env::var_os(REQUESTED)?;
        hide_memory();
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).ok()?;
        serde_json::from_str(&line).ok()
    });
    request.as_ref()
}

/// Hides the memory, environment and open files of this process from other processes of the
/// same user, since all of them hold secrets.
pub fn hide_memory() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // It cannot fail with this argument, and a check works without it as well.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// A running program of a check. As long as there is one, the record says so: then the grader
/// knows whether the program was able to kill its check.
pub(crate) struct RunningProgram(());

/// How many programs are running.
static RUNNING: Mutex<usize> = Mutex::new(0);

impl RunningProgram {
    /// Records that one more program is running. In a sandbox, a program cannot kill its check,
    /// and nothing is recorded.
    pub(crate) fn start() -> Self {
        Self::count(|running| running + 1);
        Self(())
    }

    fn count(change: impl FnOnce(usize) -> usize) {
        if std::env::var_os(SANDBOX).is_some() {
            return;
        }
        // While one thread writes the record, no other does.
        let mut running = lock(&RUNNING);
        let before = *running;
        *running = change(before);
        let (was, is) = (before > 0, *running > 0);
        if let Some(request) = read()
            && was != is
        {
            let mut record = CheckRecord::of(request);
            record.is_program_running = is;
            record.leave(request);
        }
    }
}

impl Drop for RunningProgram {
    fn drop(&mut self) {
        Self::count(|running| running - 1);
    }
}

impl CheckRecord {
    /// The record of a check that is not over.
    pub(crate) fn of(request: &CheckRequest) -> Self {
        Self {
            // The test runner names each test's thread after the test.
            check: std::thread::current()
                .name()
                .unwrap_or_default()
                .to_string(),
            nonce: request.nonce.clone(),
            verdict: None,
            is_program_running: false,
            is_late: false,
            held_up: HeldUp::Waiting(Duration::ZERO),
        }
    }

    /// Leaves the record for the grader. If that fails, the grader finds no verdict.
    pub(crate) fn leave(&self, request: &CheckRequest) {
        let written = serde_json::to_vec(self)
            .map_err(std::io::Error::from)
            .and_then(|json| std::fs::write(&request.record, json));
        if let Err(error) = written {
            let path = request.record.display();
            eprintln!("{path}: {error}");
        }
    }
}
