//! A check: a test of a rubric, whose outcome is worth points.

use crate::scenario::Scenario;
use crate::transcript::Failure;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::io::BufRead;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// How long a check may take, from the start of its first program to its verdict.
pub const CHECK_LIMIT: Duration = Duration::from_millis(4500);

/// The environment variable by which a grader says that an [`CheckRequest`] waits on stdin.
pub const REQUESTED: &str = "HARNESS_REQUESTED";

/// The environment variable by which a grader says what the program under test runs behind:
/// words, as a shell splits them, of a command of which bubblewrap is the first and to which
/// the program's own command is added.
pub const SANDBOX: &str = "HARNESS_SANDBOX";

/// What the program under test runs behind; nothing where the grader has not said it.
pub(crate) fn sandbox_command() -> Vec<String> {
    let words = std::env::var(SANDBOX).ok();
    words
        .and_then(|words| shlex::split(&words))
        .unwrap_or_default()
}

/// What a grader wants from a check. It comes on stdin, as a line of JSON: a program under
/// test can read neither that nor the memory that it is in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckRequest {
    /// Where to leave the [`CheckRecord`].
    pub record: PathBuf,
    /// A secret: only who has read the request can leave a record that counts.
    pub nonce: String,
    /// How much longer than usual the check may take. What the program has to do within a time
    /// of its own, as the task says, is not meant.
    pub more: Duration,
}

/// What a check leaves behind for its grader: a file of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckRecord {
    /// The name of the check.
    pub check: String,
    /// The secret of the request.
    pub nonce: String,
    /// Why the check has failed; `None` if it has passed.
    pub failure: Option<Failure>,
    /// Whether it has failed because its time was over.
    pub late: bool,
    /// If it has failed: how long the program and the check had waited for a processor until
    /// then, all their threads together; [`Duration::MAX`] where the machine held them up by
    /// other means.
    pub starved: Duration,
}

/// Runs a check on the program in `PROGRAM`, or else on the given binary.
///
/// All that the check waits for must come within [`CHECK_LIMIT`]. The program runs in an
/// empty folder of its own. Where a grader has ordered the check, it gets a record.
///
/// # Panics
///
/// If the check fails.
pub fn check(binary: impl AsRef<Path>, test: impl FnOnce(&Scenario)) {
    check_within(CHECK_LIMIT, binary, test);
}

/// Runs a check with another limit than [`CHECK_LIMIT`].
///
/// # Panics
///
/// If the check fails.
pub fn check_within(limit: Duration, binary: impl AsRef<Path>, test: impl FnOnce(&Scenario)) {
    let request = request();
    let (mut told, mut late, mut starved) = (None, false, Duration::ZERO);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let scenario = Scenario::of(binary);
        scenario.be_a_check(limit + request.map_or(Duration::ZERO, |request| request.more));
        let outcome = catch_unwind(AssertUnwindSafe(|| test(&scenario)));
        if let Err(panic) = outcome {
            (told, late, starved) = (scenario.told(), scenario.is_late(), scenario.starved());
            resume_unwind(panic);
        }
    }));
    if let Some(request) = request {
        let failure = |panic: &Box<dyn Any + Send>| match told {
            Some(transcript) => Failure::Transcript(transcript),
            None => no_transcript(panic.as_ref()),
        };
        // The test runner names a test's thread by the test.
        let thread = std::thread::current();
        let record = CheckRecord {
            check: thread.name().unwrap_or_default().to_string(),
            nonce: request.nonce.clone(),
            failure: outcome.as_ref().err().map(failure),
            late,
            starved,
        };
        leave_record(&record, &request.record);
    }
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// What there is to tell of a panic that is not a story.
fn no_transcript(panic: &(dyn Any + Send)) -> Failure {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
    Failure::NoTranscript {
        what: "the check has panicked".to_string(),
        printed: words.unwrap_or_default().to_string(),
    }
}

/// The request of the grader, if there is a grader. It is read once: a check is a process.
fn request() -> Option<&'static CheckRequest> {
    static ORDER: OnceLock<Option<CheckRequest>> = OnceLock::new();
    let request = ORDER.get_or_init(|| {
        std::env::var_os(REQUESTED)?;
        hide_memory();
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).ok()?;
        serde_json::from_str(&line).ok()
    });
    request.as_ref()
}

/// Closes this process to others of the same user: its memory, its environment and its
/// open files, all of which hold secrets.
pub fn hide_memory() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // It cannot fail with this argument; and a check is a check without it as well.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Leaves the record. Where that fails there is none, and the grader counts the check as
/// failed.
fn leave_record(record: &CheckRecord, path: &Path) {
    let written = serde_json::to_vec(record)
        .map_err(std::io::Error::from)
        .and_then(|json| std::fs::write(path, json));
    if let Err(error) = written {
        eprintln!("cannot write the record {}: {error}", path.display());
    }
}
