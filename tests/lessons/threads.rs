//! What the servers of lessons 05 and 06 must do, which give every client a thread.

use crate::servers::REPLY;
use crate::shutting_down;
use harness::{Connection, Program, Scenario, Signal, kernel, message};
use predicates::prelude::*;

/// A message and its answer.
fn talk(server: &Program, client: &mut Connection, text: &str) {
    client.send_text(text);
    client.expect_text(REPLY);
    server.expect_line(&format!("{} sent {text:?}", client.local()));
}

/// Connects, and waits until the server has counted the client.
fn connect(server: &Program) -> Connection {
    let client = server.connect();
    server.expect_line(&format!("client connected: {}", client.local()));
    client
}

/// 50 clients, who speak in the reverse order of their coming. A server that serves one
/// after the other would still wait for the first. (Connecting alone would prove nothing:
/// the kernel connects clients that no server has accepted yet.)
pub(crate) fn serves_50_clients_side_by_side_in_any_order(scenario: &Scenario) {
    let server = scenario.start_server();
    let mut clients: Vec<Connection> = (0..50).map(|_| server.connect()).collect();
    for client in clients.iter_mut().rev() {
        talk(&server, client, "你好");
    }
    // And they are all still there.
    for client in &mut clients {
        talk(&server, client, "再见");
    }
}

/// Each message has its answer, until the client says that it is done.
pub(crate) fn answers_every_message_until_the_client_is_offline(scenario: &Scenario) {
    let server = scenario.start_server();
    let mut client = connect(&server);
    for text in ["one", "two", "three"] {
        talk(&server, &mut client, text);
    }
    let peer = client.local();
    client.half_close();
    client.expect_end();
    server.expect_line(&format!("client offline: {peer}"));
    server.expect_no_errors();
}

/// A reset in the middle of a conversation is offline, like an end.
pub(crate) fn a_client_that_resets_after_messages_is_offline(scenario: &Scenario) {
    let server = scenario.start_server();
    let mut other = connect(&server);
    let mut client = connect(&server);
    talk(&server, &mut client, "hello");
    let peer = client.local();
    client.reset();
    server.expect_line(&format!("client offline: {peer}"));
    talk(&server, &mut other, "hello");
    server.expect_no_errors();
}

/// Leaving without reading the replies makes the server's next receive or send fail.
pub(crate) fn a_client_that_leaves_with_unread_replies_is_offline(scenario: &Scenario) {
    let server = scenario.start_server();
    let mut client = connect(&server);
    client.send_text("hello");
    let peer = client.local();
    server.expect_line(&format!("{peer} sent \"hello\""));
    client.close();
    server.expect_line(&format!("client offline: {peer}"));
    server.expect_no_errors();
}

/// While there is no descriptor for a new client, the old ones are served.
pub(crate) fn serves_connected_clients_while_accept_fails(scenario: &Scenario) {
    if !kernel::is_visible() {
        return;
    }
    let server = scenario.start_server();
    let mut client = connect(&server);
    server.limit_open_files(0);
    // Whatever of these is accepted is not closed again: then accept has to fail.
    let _more = [server.connect(), server.connect()];
    server.expect_stderr(&predicate::str::contains("accept"));
    talk(&server, &mut client, "hello");
    // A signal is handled as well.
    server.signal(Signal::Int);
    server.expect_stdout(&predicate::str::contains("shutting down: "));
}

/// 100 clients come and go: no thread, no descriptor, no memory is kept for them.
pub(crate) fn keeps_nothing_for_clients_that_have_gone(scenario: &Scenario) {
    if !kernel::is_visible() {
        return;
    }
    let server = scenario.start_server();
    let serve = |clients: usize| {
        for _ in 0..clients {
            let mut client = server.connect();
            talk(&server, &mut client, "hello");
            let peer = client.local();
            client.close();
            server.expect_line(&format!("client offline: {peer}"));
        }
    };
    serve(10);
    let before = server.resources();
    serve(100);
    // A thread may still be ending when its client is already offline.
    scenario.wait_until(
        message!("it holds as many threads, files and memory as after 10 clients"),
        || {
            let now = server.resources();
            // 100 stacks would be 200 mappings; an allocator may take a few for itself.
            (now.threads <= before.threads
                && now.files <= before.files
                && now.mappings < before.mappings + 60)
                .then_some(())
        },
        || format!("{:?}, and after 10 clients {before:?}", server.resources()).into(),
    );
}

/// The signals that ask for an end.
pub(crate) const SIGNALS: [Signal; 2] = [Signal::Int, Signal::Term];

/// After the signal no other client is accepted.
pub(crate) fn takes_no_new_clients_after_a_signal(scenario: &Scenario) {
    if !harness::has_signals() {
        return;
    }
    let server = scenario.start_server();
    let address = server.address();
    let _client = connect(&server);
    server.signal(Signal::Int);
    server.expect_line(&shutting_down(1));
    scenario.expect_refused(address);
}

/// Without clients the server ends at once. The connection that wakes it is not a client: it is
/// neither printed nor counted.
pub(crate) fn a_signal_without_clients_ends_it(scenario: &Scenario) {
    if !harness::has_signals() {
        return;
    }
    for signal in SIGNALS {
        let server = scenario.start_server();
        server.signal(signal);
        server.expect_line(&shutting_down(0));
        server.expect_exit(0);
        server.expect_no_more_lines();
        server.expect_no_errors();
    }
}

/// A client that has left is not counted any more.
pub(crate) fn counts_only_who_is_connected(scenario: &Scenario) {
    if !harness::has_signals() {
        return;
    }
    let server = scenario.start_server();
    let gone = connect(&server);
    let _second = connect(&server);
    let reset = connect(&server);
    let _fourth = connect(&server);
    let (first, third) = (gone.local(), reset.local());
    gone.close();
    server.expect_line(&format!("client offline: {first}"));
    reset.reset();
    server.expect_line(&format!("client offline: {third}"));
    server.signal(Signal::Term);
    server.expect_line(&shutting_down(2));
}
