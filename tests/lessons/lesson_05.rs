//! Lesson 05 adds a thread for each client, so that clients are served side by side, and a
//! conversation: each message is answered until the client is offline.
//!
//! It adds an end as well. Ctrl-C closes the listener, but the process stays until the last
//! thread has ended: threads hold the process, as they do in Python by default. A second
//! Ctrl-C ends it at once.

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
use harness::Signal;
use harness::kernel;
use predicates::prelude::*;
use servers::REPLY;

fn lesson() -> Scenario {
    Scenario::of(cargo_bin!("lesson-05"))
}

/// What it prints when it is asked to end, with that many clients.
fn shutting_down(clients: usize) -> String {
    format!("shutting down: waiting for {clients} client(s)")
}

#[test]
fn goes_on_serving_after_a_signal_and_exits_with_0_when_the_last_client_is_offline() {
    if !harness::has_signals() {
        return;
    }
    for signal in threads::SIGNALS {
        let server = lesson().start_server();
        let mut first = server.connect();
        let mut second = server.connect();
        let (one, two) = (first.local(), second.local());
        server.expect_line(&format!("client connected: {one}"));
        server.expect_line(&format!("client connected: {two}"));
        server.signal(signal);
        let down = server.expect_line(&shutting_down(2));
        for client in [&mut first, &mut second] {
            client.send_text("still there?");
            client.expect_text(REPLY);
        }
        let said = server.expect_line(&format!("{one} sent \"still there?\""));
        assert!(down < said);
        server.expect_line(&format!("{two} sent \"still there?\""));
        first.close();
        server.expect_line(&format!("client offline: {one}"));
        second.send_text("and now?");
        second.expect_text(REPLY);
        server.expect_line(&format!("{two} sent \"and now?\""));
        server.expect_running();
        // The last one leaves by a reset: that counts as well.
        second.reset();
        server.expect_line(&format!("client offline: {two}"));
        server.expect_exit(0);
        server.expect_no_more_lines();
        server.expect_no_errors();
    }
}

#[test]
fn closing_the_listener_leaves_clients_alone_and_resets_those_in_the_queue() {
    if !kernel::is_visible() {
        return;
    }
    let server = lesson().start_server();
    let mut connected = server.connect();
    server.expect_line(&format!("client connected: {}", connected.local()));
    // Without a descriptor it accepts nobody. (An `accept` that is under way may have one:
    // the first of these two may get in, the second does not.)
    server.limit_open_files(0);
    let _first = server.connect();
    let mut in_the_queue = server.connect();
    server.expect_stderr(&predicate::str::contains("accept"));
    server.signal(Signal::Int);
    server.expect_stdout(&predicate::str::contains("shutting down: "));
    in_the_queue.expect_reset();
    connected.send_text("still there?");
    connected.expect_text(REPLY);
    server.expect_running();
}

#[test]
fn a_second_signal_ends_it_at_once_with_130() {
    if !harness::has_signals() {
        return;
    }
    for (first, second) in [
        (Signal::Int, Signal::Int),
        (Signal::Term, Signal::Term),
        (Signal::Int, Signal::Term),
    ] {
        let server = lesson().start_server();
        let mut client = server.connect();
        server.expect_line(&format!("client connected: {}", client.local()));
        server.signal(first);
        server.expect_line(&shutting_down(1));
        server.signal(second);
        server.expect_exit(130);
        client.expect_gone();
    }
}

checks_of!(threads, signals);

// Inherited from lessons 02 to 04.
checks_of!(servers, port_in_use, many_clients);
