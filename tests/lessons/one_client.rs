//! What the servers of lessons 02 and 03 must do, which serve one client and end.

use crate::servers::REPLY;
use harness::kernel::State;
use harness::{Program, Scenario, kernel, message};
use predicates::prelude::*;
use std::net::SocketAddr;

/// One client, and then the server ends.
pub(crate) fn closes_both_sockets_and_exits_with_0_when_its_client_is_served(scenario: &Scenario) {
    let server = scenario.start_server();
    let address = server.address();
    let mut client = server.connect();
    client.send_text("hello");
    client.expect_text(REPLY);
    client.expect_end();
    let peer = client.local();
    server.expect_exit(0);
    server.expect_line(&format!("client connected: {peer}"));
    server.expect_line(&format!("{peer} sent \"hello\""));
    server.expect_no_more_lines();
    scenario.expect_refused(address);
}

/// Nothing was said, and that is no error.
pub(crate) fn exits_with_0_when_its_client_leaves_without_a_word(scenario: &Scenario) {
    for reset in [false, true] {
        let server = scenario.start_server();
        let client = server.connect();
        let peer = client.local();
        if reset {
            client.reset();
        } else {
            client.close();
        }
        server.expect_exit(0);
        server.expect_line(&format!("client connected: {peer}"));
        server.expect_line(&format!("client offline: {peer}"));
        server.expect_no_more_lines();
        server.expect_no_errors();
    }
}

/// One receive: the server does not wait for the rest of a long message.
pub(crate) fn receives_once_and_at_most_1024_bytes(scenario: &Scenario) {
    let server = scenario.start_server();
    let mut client = server.connect();
    client.send("x".repeat(5000).as_bytes());
    server.expect_exit(0);
    server.expect_stdout(&predicate::function(|stdout: &str| {
        (1..=1024).contains(&stdout.matches('x').count())
    }));
}

/// Serves one client to the end. The server closes first, as the client waits for that.
pub(crate) fn serve_one(server: &Program) -> SocketAddr {
    let mut client = server.connect();
    client.send_text("hello");
    client.expect_text(REPLY);
    client.expect_end();
    let peer = client.local();
    client.close();
    server.expect_exit(0);
    peer
}

/// The side that closes first has `TIME_WAIT`: that is the server, as its client waits for the end.
pub(crate) fn its_port_is_in_time_wait_because_it_has_closed_first(scenario: &Scenario) {
    if !kernel::is_visible() {
        return;
    }
    let server = scenario.start_server();
    let peer = serve_one(&server);
    scenario.wait_until(
        message!("the server's end of the connection is in TIME_WAIT"),
        || {
            server
                .sockets()
                .iter()
                .find(|s| s.remote == peer && s.state == State::TimeWait)
                .copied()
        },
        || format!("{:?}", server.sockets()).into(),
    );
    // The client's end, which closed second, is gone.
    let client_end = kernel::sockets_of_port(peer.port());
    let client_end = client_end
        .iter()
        .find(|s| s.local == peer && s.remote == server.address());
    scenario.expect(
        message!("the client's end is gone"),
        client_end.is_none(),
        format!("{client_end:?}"),
    );
}
