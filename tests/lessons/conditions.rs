//! Conditions that a program seldom meets, made on purpose: a signal that is ignored, a system
//! call that fails, a network without a free port.
//!
//! Each starts the program by another one that sets the condition and becomes the program
//! itself, so that its process number, its signals and its exit status are the program's own.

use harness::Scenario;
use std::process::{Command, Stdio};

/// The same program, started by these words.
pub(crate) fn started_by(scenario: &Scenario, words: &[&str]) -> Scenario {
    let program = scenario.command().iter().map(String::as_str);
    Scenario::of_command(words.iter().copied().chain(program))
}

/// Whether this machine can start a program by these words; says where it cannot.
pub(crate) fn can_start_by(words: &[&str], what: &str) -> bool {
    let mut command = Command::new(words[0]);
    let command = harness::outside(&mut command).args(&words[1..]).arg("true");
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let can = status.is_ok_and(|status| status.success());
    if !can {
        harness::skip(what);
    }
    can
}

/// Starts a program under strace, which does this to its system calls and tells of them on
/// the program's stderr. (`-D`: the program stays the process that was started, and strace
/// watches it from aside.)
pub(crate) const STRACE: [&str; 5] = ["strace", "-D", "-f", "-qq", "--signal=none"];

/// Whether this machine can start a program under strace; says where it cannot.
pub(crate) fn has_strace() -> bool {
    can_start_by(&STRACE, "there is no strace that may trace")
}
