//! Conditions that a program seldom meets, made on purpose: a signal that is ignored, a system
//! call that fails, a network without a free port.
//!
//! Each starts the program by another one that sets the condition and becomes the program
//! itself, so that its process ID, its signals and its exit status are the program's own.

use harness::Scenario;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The same program, started by these words.
pub(crate) fn started_by(scenario: &Scenario, words: &[&str]) -> Scenario {
    let program = scenario.command().iter().map(String::as_str);
    Scenario::of_command(words.iter().copied().chain(program))
}

/// Whether this machine can start a program by these words.
pub(crate) fn can_start_by(words: &[&str]) -> bool {
    let mut command = Command::new(words[0]);
    let command = harness::outside(&mut command).args(&words[1..]).arg("true");
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Starts a program under strace. `-D`: the program stays the process that was started, and
/// strace is a process beside it. `--seccomp-bpf`: the program stops only at the calls that are
/// traced, and not at each.
const STRACE: [&str; 6] = [
    "strace",
    "-D",
    "-f",
    "--seccomp-bpf",
    "-qq",
    "--signal=none",
];

/// The same program under strace, which traces this system call on the program's stderr, and
/// tampers with it if it is asked to. `None`, with a note, if there is no strace that may trace.
pub(crate) fn traced(scenario: &Scenario, call: &str, more: &[&str]) -> Option<Scenario> {
    static CAN: OnceLock<bool> = OnceLock::new();
    let trace = format!("trace={call}");
    let words = [&STRACE[..], &["-e", &trace], more].concat();
    let can = *CAN.get_or_init(|| {
        let words = [&STRACE[..], &["-e", "trace=accept4"]].concat();
        can_start_by(&words)
    });
    if !can {
        harness::skip("there is no strace that may trace");
    }
    can.then(|| started_by(scenario, &words))
}
