//! What a test needs and this machine may not have.

use std::io::Write;
use std::net::{Ipv6Addr, TcpListener};

/// Says aloud that a test, or a part of one, is skipped on this machine.
///
/// The test runner swallows what a passing test prints with `println!`; this gets through.
pub fn skip(reason: &str) {
    let test = std::thread::current()
        .name()
        .unwrap_or("a test")
        .to_string();
    let line = format!("skipped: {test}: {reason}\n");
    // One write, so that the lines of tests that run side by side do not mix. Nothing
    // can be done where stderr is closed.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Whether this system has signals; says aloud where it has not.
pub fn has_signals() -> bool {
    if !cfg!(unix) {
        skip("this system has no signals");
    }
    cfg!(unix)
}

/// Whether this machine has `::1`; says aloud where it has not.
pub fn has_ipv6() -> bool {
    let answer = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    if !answer {
        skip("this machine has no ::1");
    }
    answer
}
