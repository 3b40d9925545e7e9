//! The environment of the processes that a test starts, and the mark in it that tells which
//! program a process belongs to.

use std::ffi::OsStr;
use std::process::Command;
use std::sync::Mutex;

/// The environment variable that holds the mark of the program to which a process belongs.
/// A program that is itself a harness (a check of `cargo grade`) marks the processes that it
/// starts with its mark, followed by a slash and more.
pub(crate) const MARK: &str = "HARNESS_MARK";

/// The environment variable that names the folder in which programs run and from which relative
/// paths in `PROGRAM` start. If it is not set, that is the current folder.
pub(crate) const FOLDER: &str = "PROGRAM_FOLDER";

/// The processes that this process has started as group leaders. A thread that starts one
/// holds the lock until the process is in the list.
pub(crate) static STARTED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// What the marks of all processes begin with that this process has started, or those have.
pub(crate) fn own_marks() -> String {
    let own = std::env::var(MARK).map(|mark| mark + "/");
    format!("{}{}-", own.unwrap_or_default(), std::process::id())
}

/// The environment variable, and its value, that marks a process which a test runs by other
/// means than [`Scenario`](crate::Scenario).
pub const OUTSIDE: (&str, &str) = (MARK, "outside");

/// Marks a command that a test runs by other means than [`Scenario`](crate::Scenario), such as
/// `assert_cmd`, so that the harness never takes its process for something left behind.
pub fn outside(command: &mut Command) -> &mut Command {
    set_environment(command, OUTSIDE.1)
}

/// Sets a child's environment, so that a program under test runs the same everywhere,
/// regardless of the variables that a terminal or cargo has set for this process.
pub(crate) fn set_environment(command: &mut Command, mark: impl AsRef<OsStr>) -> &mut Command {
    command
        .env_remove("RUST_BACKTRACE")
        .env_remove("RUST_LIB_BACKTRACE")
        .env_remove(FOLDER)
        .env("PYTHONUNBUFFERED", "1")
        .env("PYTHONUTF8", "1")
        .env(MARK, mark)
}
