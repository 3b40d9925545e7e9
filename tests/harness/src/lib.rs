//! The harness of all tests: it starts a program, talks to it over TCP, watches it,
//! and prints a transcript when something is not as expected.
//!
//! A test reads as a script of actions and expectations:
//!
//! ```no_run
//! use harness::Scenario;
//!
//! let scenario = Scenario::of("target/debug/lesson-05");
//! let server = scenario.start_server();
//! let mut client = server.connect();
//! client.send_text("你好");
//! client.expect_text("server: hello, client!");
//! server.expect_line(&format!("{} sent \"你好\"", client.local()));
//! ```
//!
//! Every action and expectation is a numbered step of the [`Scenario`]. An expectation
//! that is not met panics with the steps so far, the program's output, what was
//! expected, what came, and, where a well-known mistake fits, its likely cause.
//!
//! Nothing here sleeps for a time that something might take: every wait is for an
//! event, with a limit ([`Log::limit`]) that only a failing program reaches.
//!
//! Whatever a program leaves behind ends when its [`Program`] is dropped: its process
//! group and, on Linux, also what has left the group; on Windows all that are in its job.
//!
//! # Layers
//!
//! A module uses only modules of its own layer and of those below it, and no two modules use
//! each other, except that a [message](mod@message) and its arguments may hold each other. From
//! top to bottom:
//!
//! - [`check`](mod@check): a scenario whose outcome is worth points, with a deadline and a record.
//! - `scenario`: starts programs and listeners, and connects to programs.
//! - `program`, `listener`, `connection`: what a test talks to. `memory` and [`sandbox`] serve
//!   programs.
//! - `log`: the steps of a test, its time, and the programs that it watches (`watched`). A failed
//!   expectation makes a `transcript` of it, a check makes a `verdict` of that, and `request`
//!   carries it to a grader.
//! - `process_group`, `guard`, `job`, `orphans`, `waits`, `resources`, `processors`, [`kernel`]: the
//!   operating system.
//!   `likely_causes` recognises mistakes by what the kernel shows, `shortage` shows what the machine lacks,
//!   `interrupt` knows whether this program was asked to end, and `supervised` is a child process
//!   with a limit.
//! - [`message`](mod@message), [`text`], [`random`], [`words`], `output`, `mark`, `lock`, `skip`: no
//!   module of another layer is used here, except that on Windows `skip` asks `job`.

pub mod check;
mod connection;
#[cfg(unix)]
mod guard;
mod interrupt;
#[cfg(windows)]
mod job;
pub mod kernel;
mod likely_causes;
mod listener;
mod lock;
mod log;
mod mark;
mod memory;
pub mod message;
#[cfg(target_os = "linux")]
mod orphans;
mod output;
mod process_group;
mod processors;
mod program;
pub mod random;
mod request;
mod resources;
pub mod sandbox;
mod scenario;
mod shortage;
mod skip;
mod supervised;
pub mod text;
mod transcript;
mod verdict;
mod waits;
mod watched;
pub mod words;

pub use check::check;
pub use connection::{Connection, acknowledge_at_once, is_timeout};
pub use interrupt::{asked_to_end, heed_signals};
pub use listener::{Listener, small_buffer_socket};
pub use log::{Log, SANDBOX_LIMIT};
pub use mark::{OUTSIDE, outside};
pub use process_group::{ProcessGroup, has_ended};
#[cfg(unix)]
pub use processors::BusyPrograms;
pub use processors::Processors;
pub use program::Program;
pub use program::control::Signal;
pub use request::VARIABLES;
pub use resources::Resources;
pub use scenario::Scenario;
pub use shortage::Shortage;
pub use skip::{has_ipv6, has_signals, skip};
pub use supervised::{Ended, Stderr, Supervised};
pub use transcript::{Failure, Transcript};
pub use verdict::{Checked, NotChecked, Passed, Verdict};
pub use waits::HeldUp;
pub use watched::{Exit, name_of_signal};
