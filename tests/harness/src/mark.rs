//! The environment of the processes that a test starts, and the mark in it that tells whose a
//! process is.

use std::ffi::OsStr;
use std::process::Command;
use std::sync::Mutex;

/// The environment variable that tells whose child a process is: the mark of its program.
/// A program that is itself a harness (a check of `cargo grade`) marks what it starts with
/// its own mark, a slash and more.
pub(crate) const MARK: &str = "HARNESS_MARK";

/// The environment variable that names the folder which programs run in, and which relative
/// paths in `PROGRAM` start from. Where it is not set, that is the current folder.
pub(crate) const FOLDER: &str = "PROGRAM_FOLDER";

/// The processes that this one has started itself as leaders of groups. Whoever starts one
/// holds the lock until it is in here.
pub(crate) static STARTED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// The environment variable, and its value, that marks a process which a test runs by other
/// means than [`Scenario`](crate::Scenario).
pub const OUTSIDE: (&str, &str) = (MARK, "outside");

/// Marks a command that a test runs by other means than [`Scenario`](crate::Scenario), such as
/// `assert_cmd`, so that the harness never takes its process for something left behind.
pub fn outside(command: &mut Command) -> &mut Command {
    set_environment(command, OUTSIDE.1)
}

/// Decides a child's environment: whatever is set here in a terminal or by cargo, a
/// program under test runs the same everywhere.
pub(crate) fn set_environment(command: &mut Command, mark: impl AsRef<OsStr>) -> &mut Command {
    command
        .env_remove("RUST_BACKTRACE")
        .env_remove("RUST_LIB_BACKTRACE")
        .env_remove(FOLDER)
        .env("PYTHONUNBUFFERED", "1")
        .env("PYTHONUTF8", "1")
        .env(MARK, mark)
}
