//! What a grader asks of a check, and what the check answers.

use crate::transcript::Failure;
use crate::waits::HeldUp;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// The environment variable by which a grader says that a [`CheckRequest`] waits on stdin.
pub const REQUESTED: &str = "HARNESS_REQUESTED";

/// The environment variable that names a file for a list of the messages that a rubric can make:
/// a check writes it, and does nothing else.
pub const MESSAGES: &str = "HARNESS_MESSAGES";

/// The environment variable by which a grader says which sandbox the program under test runs in:
/// words, as a shell splits them, of a command of which bubblewrap is the first and to which
/// the program's own command is added.
pub const SANDBOX: &str = "HARNESS_SANDBOX";

/// The command of the sandbox; nothing where the grader has not asked for one.
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
    pub is_late: bool,
    /// If it has failed: how the machine had held up the program and the check until then.
    pub held_up: HeldUp,
}
