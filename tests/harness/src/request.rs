//! The request that a grader sends to a check, and the record that the check leaves.

use crate::transcript::Failure;
use crate::waits::HeldUp;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// The environment variable by which a grader announces a [`CheckRequest`] on stdin.
pub const REQUESTED: &str = "HARNESS_REQUESTED";

/// The environment variable that names a file for a list of the messages that a rubric can make.
/// If it is set, a check writes that list and does nothing else.
pub const MESSAGES: &str = "HARNESS_MESSAGES";

/// The environment variable by which a grader sets the sandbox of the program under test: a
/// command, split into words as in a shell, which starts with bubblewrap and to which the
/// command of the program is appended.
pub const SANDBOX: &str = "HARNESS_SANDBOX";

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
    /// Why the check has failed; `None` if it has passed.
    pub failure: Option<Failure>,
    /// Whether it has failed because it ran out of time.
    pub is_late: bool,
    /// If it has failed: how the machine had delayed the program and the check until then.
    pub held_up: HeldUp,
}
