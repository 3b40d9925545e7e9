//! How the servers of lessons 05 and 06 end if the connection that wakes them cannot be made.

#[cfg(target_os = "linux")]
use crate::conditions::started_by;
use crate::conditions::traced;
use crate::network::in_a_network;
use harness::{Program, Scenario, Signal, kernel, message};

/// Waits until a signal that was just sent has been taken: all threads sleep again, or the
/// program has ended.
fn wait_until_taken(scenario: &Scenario, server: &Program) {
    scenario.wait_until(
        message!("it has taken the signal"),
        || (server.has_ended() || server.sleeps()).then_some(()),
        || message!("it still works").into(),
    );
}

/// If no local port is free, no connection can wake `accept`. The second signal still ends the
/// server.
pub(crate) fn a_second_signal_ends_it_where_no_local_port_is_free(scenario: &Scenario) {
    // The one port that connections may use is the one on which it listens.
    let ports = "echo 9090 9090 > /proc/sys/net/ipv4/ip_local_port_range";
    let Some(alone) = in_a_network(scenario, ports) else {
        return harness::skip("there can be no network without free ports");
    };
    let server = alone.start_server_on("127.0.0.1:9090");
    server.signal(Signal::Int);
    wait_until_taken(&alone, &server);
    if server.has_ended() {
        return server.expect_exit(0); // It needs no connection to wake itself.
    }
    server.signal(Signal::Int);
    server.expect_exit(130);
}

/// If it cannot print, as nobody reads its stdout, and cannot connect to itself, as its accept
/// queue is full, the second signal still ends it.
#[cfg(target_os = "linux")]
pub(crate) fn a_second_signal_ends_it_where_stdout_and_the_accept_queue_are_full(
    scenario: &Scenario,
) {
    let stdout = crate::fifo::Fifo::new();
    let to_it = ["sh", "-c", "exec \"$@\" > \"$0\"", stdout.path()];
    let server = started_by(scenario, &to_it).start(["127.0.0.1:0"]);
    let line = scenario.wait_until(
        message!("it listens"),
        || stdout.line(),
        || server.stderr().into(),
    );
    let address = line
        .strip_prefix("listening on ")
        .and_then(|text| text.parse().ok());
    let address = address.unwrap_or_else(|| scenario.fail(message!("`listening on ADDR`"), &line));
    stdout.fill();

    // The first one is accepted, and held by the line that cannot be printed. The others fill
    // the queue: it holds one more than the 128 that were asked for.
    let clients: Vec<_> = (0..130).map(|_| scenario.connect(address)).collect();
    let waiting = || {
        let sockets = kernel::sockets_of_port(address.port());
        let listener = sockets.iter().find(|s| s.state == kernel::State::Listen);
        listener.map(|listener| listener.receive_queue)
    };
    scenario.wait_until(
        message!("129 connections wait in the accept queue"),
        || (waiting() == Some(129)).then_some(()),
        || format!("{:?}", waiting()).into(),
    );
    server.signal(Signal::Int);
    wait_until_taken(scenario, &server);
    server.signal(Signal::Int);
    server.expect_exit(130);
    drop(clients);
}

/// Only Linux shows when an accept queue is full.
#[cfg(not(target_os = "linux"))]
pub(crate) fn a_second_signal_ends_it_where_stdout_and_the_accept_queue_are_full(_: &Scenario) {
    kernel::is_visible();
}

/// What listens on all addresses is woken on loopback: not every system connects to 0.0.0.0.
pub(crate) fn a_signal_ends_it_where_it_listens_on_all_addresses(scenario: &Scenario) {
    for address in ["0.0.0.0:0", "[::]:0"] {
        if address.starts_with('[') && !harness::has_ipv6() {
            continue;
        }
        let Some(traced) = traced(scenario, "connect", &[]) else {
            return;
        };
        let Some(alone) = in_a_network(&traced, "true") else {
            return harness::skip("there can be no network namespace");
        };
        let server = alone.start_server_on(address);
        server.signal(Signal::Int);
        server.expect_exit(0);
        let told = server.stderr();
        let everywhere = told.contains("\"0.0.0.0\"") || told.contains("\"::\"");
        scenario.expect(
            message!("it connects to loopback"),
            !everywhere,
            told.as_str(),
        );
    }
}
