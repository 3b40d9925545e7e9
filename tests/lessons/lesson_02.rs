//! Lesson 02 is the first server: it creates a socket, binds, listens, accepts one client,
//! receives, sends, closes and ends.
//!
//! As it closes first, its port stays in `TIME_WAIT` for a while, and a second start at once
//! fails. That looks like a fault, and lesson 03 explains it.

#[macro_use]
mod checks;
mod conditions;
mod one_client;
mod servers;

use assert_cmd::cargo::cargo_bin;
use harness::Scenario;
use predicates::prelude::*;

fn lesson() -> Scenario {
    Scenario::of(cargo_bin!("lesson-02"))
}

#[test]
fn started_again_at_once_on_the_same_port_it_is_refused() {
    if cfg!(windows) {
        return harness::skip("Windows lets a new listener have a port in TIME_WAIT");
    }
    let scenario = lesson();
    let server = scenario.start_server();
    one_client::serve_one(&server);
    let address = server.address().to_string();
    let again = scenario.start([&address]);
    again.expect_exit(1);
    again.expect_stderr(&predicate::str::contains("in use"));
    again.expect_stderr(&predicate::str::contains(&address));
    again.expect_stdout(&predicate::str::is_empty());
}

// Nothing is inherited yet. Lesson 03 shares all of this, and lessons 04 to 06 what every
// server does.
checks_of!(servers, one_client);
