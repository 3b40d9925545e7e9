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

/// Whether this system has signals; if not, prints that the test is skipped.
pub fn has_signals() -> bool {
    if !cfg!(unix) {
        skip("this system has no signals");
    }
    cfg!(unix)
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
