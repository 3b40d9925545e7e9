//! What the server of lesson 02 must do: serve one client.

mod servers;

use assert_cmd::cargo::cargo_bin;
use harness::Story;
use harness::kernel::State;
use harness::{Program, kernel};
use predicates::prelude::*;
use servers::REPLY;
use std::net::SocketAddr;

fn lesson() -> Story {
    Story::of(cargo_bin!("lesson-02"))
}

#[test]
fn tells_where_it_listens_and_serves_a_client() {
    servers::tells_where_it_listens_and_serves_a_client(&lesson());
}

#[test]
fn listens_on_127_0_0_1_9090_where_no_address_is_given() {
    servers::listens_on_127_0_0_1_9090_where_no_address_is_given(&lesson());
}

#[test]
fn understands_gbk() {
    servers::understands_gbk(&lesson());
}

#[test]
fn decodes_what_is_not_gbk_to_replacement_characters() {
    servers::decodes_what_is_not_gbk_to_replacement_characters(&lesson());
}

#[test]
fn prints_what_came_escaped() {
    servers::prints_what_came_escaped(&lesson());
}

#[test]
fn a_client_that_leaves_without_a_word_is_offline() {
    servers::a_client_that_leaves_without_a_word_is_offline(&lesson());
}

#[test]
fn a_client_that_resets_is_offline() {
    servers::a_client_that_resets_is_offline(&lesson());
}

#[test]
fn a_port_in_use_is_refused_and_its_owner_undisturbed() {
    servers::a_port_in_use_is_refused_and_its_owner_undisturbed(&lesson());
}

#[test]
fn an_address_that_does_not_parse_is_said_with_the_usage() {
    servers::an_address_that_does_not_parse_is_said_with_the_usage(&lesson());
}

#[test]
fn an_address_that_cannot_be_had_is_said() {
    servers::an_address_that_cannot_be_had_is_said(&lesson());
}

#[test]
fn talks_ipv6() {
    servers::talks_ipv6(&lesson());
}

#[test]
fn is_not_reached_at_another_address() {
    servers::is_not_reached_at_another_address(&lesson());
}

#[test]
fn closes_both_sockets_and_exits_with_0_when_its_client_is_served() {
    let story = lesson();
    let server = story.start_server();
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
    story.expect_refused(address);
}

#[test]
fn exits_with_0_when_its_client_leaves_without_a_word() {
    for reset in [false, true] {
        let server = lesson().start_server();
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

#[test]
fn receives_once_and_at_most_1024_bytes() {
    let server = lesson().start_server();
    let mut client = server.connect();
    client.send("x".repeat(5000).as_bytes());
    server.expect_exit(0);
    server.expect_stdout(&predicate::function(|stdout: &str| {
        (1..=1024).contains(&stdout.matches('x').count())
    }));
}

/// Serves one client to the end. The server closes first, as the client waits for that.
fn serve_one(server: &Program) -> SocketAddr {
    let mut client = server.connect();
    client.send_text("hello");
    client.expect_text(REPLY);
    client.expect_end();
    let peer = client.local();
    client.close();
    server.expect_exit(0);
    peer
}

#[test]
fn its_port_is_in_time_wait_because_it_has_closed_first() {
    if !kernel::is_visible() {
        return;
    }
    let story = lesson();
    let server = story.start_server();
    let peer = serve_one(&server);
    story.wait_until(
        "the server's end of the connection is in TIME_WAIT",
        || {
            server
                .sockets()
                .iter()
                .find(|s| s.remote == peer && s.state == State::TimeWait)
                .copied()
        },
        || format!("{:?}", server.sockets()),
    );
    // The client's end, which closed second, is gone.
    let client_end = kernel::sockets_of_port(peer.port());
    let client_end = client_end
        .iter()
        .find(|s| s.local == peer && s.remote == server.address());
    story.expect(
        "the client's end is gone",
        client_end.is_none(),
        &format!("{client_end:?}"),
    );
}

#[test]
fn started_again_at_once_on_the_same_port_it_is_refused() {
    let story = lesson();
    let server = story.start_server();
    serve_one(&server);
    let address = server.address().to_string();
    let again = story.start([&address]);
    again.expect_exit(1);
    again.expect_stderr(&predicate::str::contains("in use"));
    again.expect_stderr(&predicate::str::contains(&address));
    again.expect_stdout(&predicate::str::is_empty());
}
