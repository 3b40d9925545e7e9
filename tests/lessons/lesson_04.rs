//! Lesson 04 adds a loop: the server accepts one client after the other, for ever.
//!
//! Others connect meanwhile (the kernel does that), wait in the accept queue, and are served
//! in their order. A client that says nothing holds them all. And a server that is meant to
//! run for ever must survive each of its clients, and a lack of file descriptors.

#[macro_use]
mod checks;
mod conditions;
mod many_clients;
mod port_in_use;
mod servers;

use assert_cmd::cargo::cargo_bin;
use harness::Scenario;
use servers::REPLY;

fn lesson() -> Scenario {
    Scenario::of(cargo_bin!("lesson-04"))
}

#[test]
fn serves_each_client_once_and_closes() {
    let server = lesson().start_server();
    for _ in 0..2 {
        let mut client = server.connect();
        client.send_text("hello");
        client.expect_text(REPLY);
        client.expect_end();
    }
    server.expect_running();
}

#[test]
fn serves_one_client_at_a_time_in_the_order_of_their_coming() {
    let server = lesson().start_server();
    let mut clients = [server.connect(), server.connect(), server.connect()];
    let peers = clients.each_ref().map(harness::Connection::local);
    server.expect_line(&format!("client connected: {}", peers[0]));
    // The later ones are connected and have sent, but are not served yet.
    clients[2].send_text("third");
    clients[1].send_text("second");
    clients[0].send_text("first");
    for client in &mut clients {
        client.expect_text(REPLY);
        client.expect_end();
    }
    let said = ["first", "second", "third"].map(|text| format!("{text:?}"));
    let mut lines = vec![format!("listening on {}", server.address())];
    for (peer, text) in peers.iter().zip(said) {
        lines.push(format!("client connected: {peer}"));
        lines.push(format!("{peer} sent {text}"));
    }
    // Each is accepted when the one before it is done: the lines do not mix.
    server.expect_stdout(&predicates::ord::eq(lines.join("\n") + "\n"));
}

#[test]
fn a_silent_client_holds_the_queue() {
    let server = lesson().start_server();
    let silent = server.connect();
    server.expect_line(&format!("client connected: {}", silent.local()));
    let mut next = server.connect();
    next.send_text("hello");
    let (peer, after) = (silent.local(), next.local());
    silent.close();
    next.expect_text(REPLY);
    let offline = server.expect_line(&format!("client offline: {peer}"));
    let connected = server.expect_line(&format!("client connected: {after}"));
    assert!(
        offline < connected,
        "the next client was accepted before the silent one had left"
    );
}

checks_of!(many_clients);

// Inherited from lessons 02 and 03.
checks_of!(servers, port_in_use);
