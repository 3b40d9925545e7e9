//! A check: a test of a rubric, whose outcome is worth points.

use crate::story::Story;
use crate::tale::Failure;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::io::BufRead;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// How long a check may take, from the start of its first program to its verdict.
pub const CHECK_LIMIT: Duration = Duration::from_millis(4500);

/// The environment variable by which a grader says that an [`Order`] waits on stdin.
pub const ORDERED: &str = "HARNESS_ORDERED";

/// The environment variable by which a grader says what the program under test runs behind:
/// words, as a shell splits them, of a command of which bubblewrap is the first and to which
/// the program's own command is added.
pub const WALLS: &str = "HARNESS_WALLS";

/// What the program under test runs behind; nothing where the grader has not said it.
pub(crate) fn walls() -> Vec<String> {
    let words = std::env::var(WALLS).ok();
    words
        .and_then(|words| shlex::split(&words))
        .unwrap_or_default()
}

/// What a grader wants from a check. It comes on stdin, as a line of JSON: a program under
/// test can read neither that nor the memory that it is in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    /// Where to leave the [`Record`].
    pub record: PathBuf,
    /// A secret: only who has read the order can leave a record that counts.
    pub nonce: String,
    /// How much longer than usual the check may take. What the program has to do within a time
    /// of its own, as the task says, is not meant.
    pub more: Duration,
}

/// What a check leaves behind for its grader: a file of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// The name of the check.
    pub check: String,
    /// The secret of the order.
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
pub fn check(binary: impl AsRef<Path>, test: impl FnOnce(&Story)) {
    check_within(CHECK_LIMIT, binary, test);
}

/// Runs a check with another limit than [`CHECK_LIMIT`].
///
/// # Panics
///
/// If the check fails.
pub fn check_within(limit: Duration, binary: impl AsRef<Path>, test: impl FnOnce(&Story)) {
    let order = order();
    let (mut told, mut late, mut starved) = (None, false, Duration::ZERO);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let story = Story::of(binary);
        story.be_a_check(limit + order.map_or(Duration::ZERO, |order| order.more));
        let outcome = catch_unwind(AssertUnwindSafe(|| test(&story)));
        if let Err(panic) = outcome {
            (told, late, starved) = (story.told(), story.is_late(), story.starved());
            resume_unwind(panic);
        }
    }));
    if let Some(order) = order {
        let failure = |panic: &Box<dyn Any + Send>| match told {
            Some(tale) => Failure::Tale(tale),
            None => no_tale(panic.as_ref()),
        };
        // The test runner names a test's thread by the test.
        let thread = std::thread::current();
        let record = Record {
            check: thread.name().unwrap_or_default().to_string(),
            nonce: order.nonce.clone(),
            failure: outcome.as_ref().err().map(failure),
            late,
            starved,
        };
        leave_record(&record, &order.record);
    }
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// What there is to tell of a panic that is not a story.
fn no_tale(panic: &(dyn Any + Send)) -> Failure {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
    Failure::NoTale {
        what: "the check has panicked".to_string(),
        printed: words.unwrap_or_default().to_string(),
    }
}

/// The order of the grader, if there is a grader. It is read once: a check is a process.
fn order() -> Option<&'static Order> {
    static ORDER: OnceLock<Option<Order>> = OnceLock::new();
    let order = ORDER.get_or_init(|| {
        std::env::var_os(ORDERED)?;
        hide_memory();
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).ok()?;
        serde_json::from_str(&line).ok()
    });
    order.as_ref()
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
fn leave_record(record: &Record, path: &Path) {
    let written = serde_json::to_vec(record)
        .map_err(std::io::Error::from)
        .and_then(|json| std::fs::write(path, json));
    if let Err(error) = written {
        eprintln!("cannot write the record {}: {error}", path.display());
    }
}
