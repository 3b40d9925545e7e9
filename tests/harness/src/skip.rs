//! Features that a test needs and that this machine may lack.

use std::io::Write;
use std::net::{Ipv6Addr, TcpListener};

/// Prints that a test, or a part of one, is skipped on this machine.
///
/// The test runner captures what a passing test prints with `println!`, but not this.
pub fn skip(reason: &str) {
    let test = std::thread::current()
        .name()
        .unwrap_or("a test")
        .to_string();
    let line = format!("skipped: {test}: {reason}\n");
    // Use a single write, so that the lines of tests that run in parallel do not mix. Nothing
    // can be done if stderr is closed.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Whether a program can be asked to end: by a signal, on Windows by Ctrl-Break. If not, prints that
/// the test is skipped.
pub fn has_signals() -> bool {
    #[cfg(windows)]
    // A program of somebody else need not listen to Ctrl-Break.
    let has_signals = std::env::var_os("PROGRAM").is_none() && crate::job::has_ctrl_break();
    #[cfg(not(windows))]
    let has_signals = cfg!(unix);
    if !has_signals {
        skip("this system has no signals");
    }
    has_signals
}

/// Whether this machine has `::1`; if not, prints that the test is skipped.
pub fn has_ipv6() -> bool {
    let answer = ipv6();
    if !answer {
        skip("this machine has no ::1");
    }
    answer
}

/// Whether this machine has `::1`.
pub(crate) fn ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}
