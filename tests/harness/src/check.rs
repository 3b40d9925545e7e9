//! A check: a test of a rubric, whose outcome is worth points.

use crate::message;
use crate::random::FIXED_SEED;
use crate::request;
pub use crate::request::{CheckRecord, CheckRequest, MESSAGES, REQUESTED, SANDBOX, hide_memory};
use crate::scenario::Scenario;
use crate::shortage::Shortage;
use crate::skip::skip;
use crate::transcript::Failure;
pub use crate::verdict::{
    Checked, NotChecked, Passed, Verdict, needs, needs_ipv6, needs_memory_figures, needs_signals,
};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::time::Duration;

/// How long a check may take, without the time in which sandboxes are set up. A grader may give it
/// more.
pub const CHECK_LIMIT: Duration = Duration::from_millis(4500);

/// Runs a check on the program in `PROGRAM`, or on the given binary if that is not set.
///
/// Everything that the check waits for must come within [`CHECK_LIMIT`]. The program runs in
/// a new empty folder. If a grader has requested the check, it gets a record. Without a grader, a
/// check that cannot be made on this machine is skipped, with a line on stderr.
///
/// # Panics
///
/// If the check fails.
pub fn check(binary: impl AsRef<Path>, test: impl FnOnce(&Scenario) -> Checked) {
    check_within(CHECK_LIMIT, binary, test);
}

/// Runs a check with another limit than [`CHECK_LIMIT`].
///
/// # Panics
///
/// If the check fails.
pub fn check_within(
    limit: Duration,
    binary: impl AsRef<Path>,
    test: impl FnOnce(&Scenario) -> Checked,
) {
    if let Some(path) = std::env::var_os(MESSAGES) {
        return list_messages(Path::new(&path));
    }
    let request = request::read();
    let limit = limit + request.map_or(Duration::ZERO, |request| request.more);
    let watch = Shortage::watch();
    let seed = request.map_or(FIXED_SEED, |request| request.seed);
    let mut failed = None;
    // The outer one also catches what happens before there is a scenario.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let scenario = Scenario::of_check(binary.as_ref(), limit, seed);
        let outcome = catch_unwind(AssertUnwindSafe(|| test(&scenario)));
        outcome.unwrap_or_else(|panic| {
            failed = scenario.failed();
            resume_unwind(panic)
        })
    }));
    if let Some(request) = request {
        let mut record = CheckRecord::of(request);
        if let Some(failed) = &failed {
            (record.is_late, record.held_up) = (failed.is_late, failed.held_up);
        }
        let failure = failed.map(|failed| Failure::Transcript(failed.transcript));
        record.verdict = Some(verdict(&outcome, failure, &watch));
        record.leave(request);
    }
    match outcome {
        Ok(Ok(Passed)) => {}
        Ok(Err(NotChecked(why))) => skip(&why.to_string()),
        Err(panic) => resume_unwind(panic),
    }
}

/// What a check has found, by how its test function ended. A failure counts only if the machine
/// could run the check.
fn verdict(
    outcome: &std::thread::Result<Checked>,
    failure: Option<Failure>,
    watch: &Shortage,
) -> Verdict {
    match outcome {
        Ok(Ok(Passed)) => Verdict::Passed,
        Ok(Err(NotChecked(why))) => Verdict::NotChecked(why.clone()),
        Err(panic) => match watch.found() {
            Some(shortage) => Verdict::NotGradable(shortage),
            None => Verdict::Failed(failure.unwrap_or_else(|| no_transcript(panic.as_ref()))),
        },
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

/// The failure for a panic that was not caused by a failed expectation.
fn no_transcript(panic: &(dyn Any + Send)) -> Failure {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
    Failure::NoTranscript {
        what: message!("the check has panicked"),
        printed: words.unwrap_or_default().to_string(),
    }
}
