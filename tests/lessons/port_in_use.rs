//! What the servers of lessons 03 to 06 must print if their port is in use.

use harness::{Program, Scenario};
use predicates::prelude::*;

/// A port in use has two possible causes and two remedies, and the message names them all.
pub(crate) fn a_port_in_use_is_told_with_both_causes_and_both_remedies(scenario: &Scenario) {
    let owner = scenario.listen();
    let server = scenario.start([&owner.address().to_string()]);
    server.expect_exit(1);
    expect_causes_and_remedies(&server);
}

/// What the message of a port in use must name.
pub(crate) fn expect_causes_and_remedies(server: &Program) {
    for word in [
        "in use",
        "another server",
        "SO_REUSEADDR",
        "TIME_WAIT",
        "60 s",
        "another port",
        "wait",
    ] {
        server.expect_stderr(&predicate::str::contains(word));
    }
}
