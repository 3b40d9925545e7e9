//! What every server of lessons 04 to 06 must do for one client after the other.

use crate::servers::REPLY;
use harness::text::gbk;
use harness::{Scenario, kernel, message};
use predicates::prelude::*;
use std::time::{Duration, Instant};

/// The next client is served as if nothing had happened.
fn expect_served(server: &harness::Program) {
    let mut client = server.connect();
    client.send_text("hello");
    client.expect_text(REPLY);
    server.expect_line(&format!("{} sent \"hello\"", client.local()));
}

/// There is no last client.
pub(crate) fn serves_client_after_client(scenario: &Scenario) {
    let server = scenario.start_server();
    for _ in 0..10 {
        expect_served(&server);
    }
    server.expect_running();
}

/// A bad client, of whatever kind, harms at most itself.
pub(crate) fn survives_clients_that_reset_leave_early_or_send_garbage(scenario: &Scenario) {
    let server = scenario.start_server();
    let reset_at_once = server.connect();
    reset_at_once.reset();
    let left_at_once = server.connect();
    left_at_once.close();
    let mut reset_after_sending = server.connect();
    reset_after_sending.send_text("hello");
    reset_after_sending.reset();
    let mut left_before_the_reply = server.connect();
    left_before_the_reply.send_text("hello");
    left_before_the_reply.close();
    let mut garbage = server.connect();
    garbage.send(b"\xff\x00\x80\xfe\xff");
    garbage.close();
    expect_served(&server);
    server.expect_running();
    // None of these is an error for the server to report.
    server.expect_no_errors();
}

/// A client that sends and never receives holds up nobody for long.
pub(crate) fn survives_a_client_that_never_reads(scenario: &Scenario) {
    let server = scenario.start_server();
    let mut client = server.connect();
    client.send(&gbk(&"x".repeat(200_000)));
    let peer = client.local();
    server.expect_line(&format!("client connected: {peer}"));
    expect_served(&server);
    drop(client);
    expect_served(&server);
}

/// Without a file descriptor `accept` fails, and fails again at once. The server reports it, waits,
/// and accepts again when there are descriptors.
pub(crate) fn survives_running_out_of_file_descriptors_without_spinning(scenario: &Scenario) {
    if !kernel::is_visible() {
        return;
    }
    let server = scenario.start_server();
    server.limit_open_files(0);
    // An `accept` that is under way may have its descriptor already; the next has none.
    let mut first = server.connect();
    first.send_text("hello");
    let mut waiting = server.connect();
    waiting.send_text("hello");
    server.expect_stderr(&predicate::str::contains("accept"));

    // A server that waits uses next to no processor time.
    let (start, before) = (Instant::now(), server.resources().cpu_time);
    let enough = Duration::from_millis(300);
    scenario.wait_until(
        message!("0.3 s have gone by"),
        || (start.elapsed() > enough).then_some(()),
        || "".into(),
    );
    let busy = server.resources().cpu_time.saturating_sub(before);
    scenario.expect(
        message!("it waits, and does not try again and again without a pause"),
        busy < start.elapsed() / 4,
        format!("{busy:?} of computing in {:?}", start.elapsed()),
    );

    server.limit_open_files(10);
    first.expect_text(REPLY);
    first.close();
    waiting.expect_text(REPLY);
    expect_served(&server);
}

/// Whatever is left of its connections.
pub(crate) fn starts_again_at_once_on_the_same_port(scenario: &Scenario) {
    let mut address = "127.0.0.1:0".to_string();
    for _ in 0..3 {
        let server = scenario.start_server_on(&address);
        address = server.address().to_string();
        let mut client = server.connect();
        client.send_text("hello");
        client.expect_text(REPLY);
        // Now the server goes first: it is killed.
        drop(server);
        client.expect_gone();
    }
}
