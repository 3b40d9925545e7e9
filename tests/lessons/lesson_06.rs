//! Lesson 06 changes the end of lesson 05: its threads end with the process, as daemon
//! threads do in Python and all threads but the first do in Rust.
//!
//! So Ctrl-C ends the server at once, whoever is connected, and its clients see the end of
//! their connections.

#[macro_use]
mod checks;
mod conditions;
#[cfg(target_os = "linux")]
mod fifo;
mod many_clients;
mod network;
mod port_in_use;
mod servers;
mod signals;
mod threads;

use assert_cmd::cargo::cargo_bin;
use harness::Scenario;
use servers::REPLY;

fn lesson() -> Scenario {
    Scenario::of(cargo_bin!("lesson-06"))
}

/// What it prints when it is asked to end, with that many clients.
fn shutting_down(clients: usize) -> String {
    format!("shutting down: leaving {clients} client(s)")
}

#[test]
fn exits_with_0_at_once_after_a_signal_and_leaves_its_clients() {
    if !harness::has_signals() {
        return;
    }
    for signal in threads::SIGNALS {
        let server = lesson().start_server();
        let mut talking = server.connect();
        talking.send_text("hello");
        talking.expect_text(REPLY);
        let mut silent = server.connect();
        let mut deaf = server.connect();
        for client in [&talking, &silent, &deaf] {
            server.expect_line(&format!("client connected: {}", client.local()));
        }
        deaf.send("x".repeat(100_000).as_bytes());
        server.signal(signal);
        server.expect_line(&shutting_down(3));
        // Nobody has left before this: the clients see the end, and did not bring it about.
        server.expect_exit(0);
        talking.expect_gone();
        silent.expect_gone();
        deaf.expect_gone();
        server.expect_no_errors();
    }
}

// Inherited from lessons 02 to 05.
checks_of!(servers, port_in_use, many_clients, threads, signals);
