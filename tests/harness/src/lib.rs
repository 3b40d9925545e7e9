//! The harness of all tests: it starts a program, talks to it over TCP, watches it,
//! and tells the story when something is not as expected.
//!
//! A test reads as a script of actions and expectations:
//!
//! ```no_run
//! use harness::Scenario;
//!
//! let story = Scenario::of("target/debug/lesson-05");
//! let server = story.start_server();
//! let mut client = server.connect();
//! client.send_text("你好");
//! client.expect_text("server: hello, client!");
//! server.expect_line(&format!("{} sent \"你好\"", client.local()));
//! ```
//!
//! Every action and expectation is a numbered step of the [`Scenario`]. An expectation
//! that is not met panics with the steps so far, the program's output, what was
//! expected, what came, and, where a well-known mistake fits, a hint.
//!
//! Nothing here sleeps for a time that something might take: every wait is for an
//! event, with a limit ([`Scenario::limit`]) that only a failing program reaches.
//!
//! Whatever a program leaves behind ends when its [`Program`] is dropped: its process
//! group and, on Linux, also what has left the group.

pub mod check;
mod connection;
mod hints;
pub mod kernel;
mod listener;
pub mod message;
mod output;
mod processes;
mod program;
mod resources;
mod scenario;
pub mod text;
mod transcript;

pub use check::check;
pub use connection::{Connection, acknowledge_at_once, is_timeout};
pub use listener::{Listener, loopback_without_past};
pub use processes::{OUTSIDE, ProcessGroup, has_ended, outside};
pub use program::{Exit, Program, Signal};
pub use resources::Resources;
pub use scenario::Scenario;
pub use transcript::{Failure, Part, Say, Transcript};

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
