//! A check: a test of a rubric, whose outcome is worth points.

use crate::log::FailedTest;
use crate::message;
use crate::random::FIXED_SEED;
pub use crate::request::{CheckRecord, CheckRequest, MESSAGES, REQUESTED, SANDBOX};
use crate::scenario::Scenario;
use crate::transcript::Failure;
use crate::waits::HeldUp;
use std::any::Any;
use std::io::BufRead;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// How long a check may take, from the start of its first program to its verdict.
pub const CHECK_LIMIT: Duration = Duration::from_millis(4500);

/// Runs a check on the program in `PROGRAM`, or on the given binary if that is not set.
///
/// Everything that the check waits for must come within [`CHECK_LIMIT`]. The program runs in
/// a new empty folder. If a grader has requested the check, it gets a record.
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
    if let Some(path) = std::env::var_os(MESSAGES) {
        return list_messages(Path::new(&path));
    }
    let request = request();
    let limit = limit + request.map_or(Duration::ZERO, |request| request.more);
    let seed = request.map_or(FIXED_SEED, |request| request.seed);
    let mut failed = None;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let scenario = Scenario::of_check(binary.as_ref(), limit, seed);
        let outcome = catch_unwind(AssertUnwindSafe(|| test(&scenario)));
        if let Err(panic) = outcome {
            failed = scenario.failed();
            resume_unwind(panic);
        }
    }));
    if let Some(request) = request {
        let panic = outcome.as_ref().err();
        let record = record(request, panic.map(|panic| (panic.as_ref(), failed)));
        leave_record(&record, &request.record);
    }
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// Writes the templates of all messages that this rubric can make to a file, as JSON.
fn list_messages(path: &Path) {
    let written = serde_json::to_vec(&message::templates())
        .map_err(std::io::Error::from)
        .and_then(|json| std::fs::write(path, json));
    if let Err(error) = written {
        panic!("cannot write {}: {error}", path.display());
    }
}

/// The record of a check: that it has passed, or how it has panicked, with the facts that the
/// scenario has about that.
fn record(
    request: &CheckRequest,
    panic: Option<(&(dyn Any + Send), Option<FailedTest>)>,
) -> CheckRecord {
    let nothing = (None, false, HeldUp::Waiting(Duration::ZERO));
    let (failure, is_late, held_up) = match panic {
        None => nothing,
        Some((_, Some(failed))) => {
            let failure = Failure::Transcript(failed.transcript);
            (Some(failure), failed.is_late, failed.held_up)
        }
        Some((panic, None)) => (Some(no_transcript(panic)), nothing.1, nothing.2),
    };
    // The test runner names each test's thread after the test.
    let thread = std::thread::current();
    CheckRecord {
        check: thread.name().unwrap_or_default().to_string(),
        nonce: request.nonce.clone(),
        failure,
        is_late,
        held_up,
    }
}

/// The failure for a panic that was not caused by a failed expectation.
fn no_transcript(panic: &(dyn Any + Send)) -> Failure {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
    Failure::NoTranscript {
        what: message!("the check has panicked"),
        printed: words.unwrap_or_default().to_string(),
    }
}

/// The grader's request, if there is a grader. It is read once, since each check is a process.
fn request() -> Option<&'static CheckRequest> {
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

/// Leaves the record. If that fails, there is no record, and the grader counts the check as
/// failed.
fn leave_record(record: &CheckRecord, path: &Path) {
    let written = serde_json::to_vec(record)
        .map_err(std::io::Error::from)
        .and_then(|json| std::fs::write(path, json));
    if let Err(error) = written {
        eprintln!("cannot write the record {}: {error}", path.display());
    }
}
