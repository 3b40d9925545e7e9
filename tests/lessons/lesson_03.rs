//! Lesson 03 adds `SO_REUSEADDR` to the server of lesson 02: it can start again at once.
//!
//! The option helps against old connections in `TIME_WAIT`, and against nothing else: a port
//! on which a server listens stays taken, and so does one whose old server lacked the option.
//! So the message names both causes.

#[macro_use]
mod checks;
mod conditions;
mod one_client;
mod port_in_use;
mod servers;

use assert_cmd::cargo::cargo_bin;
use harness::kernel;
use harness::{Scenario, message};
use one_client::serve_one;
use predicates::prelude::*;

fn lesson() -> Scenario {
    Scenario::of(cargo_bin!("lesson-03"))
}

#[test]
fn started_again_at_once_on_the_same_port_it_listens() {
    let scenario = lesson();
    let server = scenario.start_server();
    serve_one(&server);
    // Nobody else gets a port in TIME_WAIT: neither `bind` to port 0 nor `connect` is given one.
    let address = server.address().to_string();
    for _ in 0..3 {
        let again = scenario.start_server_on(&address);
        assert_eq!(again.address(), server.address());
        serve_one(&again);
    }
}

#[test]
fn another_server_that_listens_on_the_port_keeps_it() {
    let scenario = lesson();
    let first = scenario.start_server();
    first.set_name(message!("the first server"));
    let address = first.address().to_string();
    let second = scenario.start([&address]);
    second.set_name(message!("the second server"));
    second.expect_exit(1);
    second.expect_stderr(&predicate::str::contains("in use"));
    // The client goes to the first server, which has noticed nothing.
    serve_one(&first);
}

#[test]
fn after_lesson_02_the_port_is_refused_with_both_causes_and_both_remedies() {
    if !kernel::is_visible() {
        return; // Elsewhere the option of the new server alone is enough.
    }
    // Whichever program is tested here, the server before it is that of lesson 02.
    let before = Scenario::of_command([workspace::lesson(2).program()]);
    let server = before.start_server();
    serve_one(&server);
    let address = server.address().to_string();
    let server = lesson().start([&address]);
    server.expect_exit(1);
    server.expect_stderr(&predicate::str::contains(&address));
    port_in_use::expect_causes_and_remedies(&server);
}

checks_of!(port_in_use);

// Inherited from lesson 02.
checks_of!(servers, one_client);
