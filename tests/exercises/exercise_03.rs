//! The rubric of exercise 03, a server that can start again at once, and that waits for its
//! port where another server still has it.

use assert_cmd::cargo::cargo_bin;
use harness::check::{Checked, Passed, needs_ipv6};
use harness::message::Argument;
use harness::text::gbk;
use harness::{Program, Scenario, kernel, message};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What servers reply.
const REPLY: &str = "server: hello, client!";

/// A program that has just been started tries for 1 s. If the test took longer than this to free
/// the port, the program may have given up already, and the round counts for nothing.
const IN_TIME: Duration = Duration::from_millis(500);

fn check(test: impl FnOnce(&Scenario) -> Checked) {
    harness::check(cargo_bin!("exercise-03"), test);
}

/// Has the program serve a client. Another check looks at its reply.
fn expect_served(scenario: &Scenario, server: &Program) {
    let mut client = server.connect();
    client.send(b"hello");
    let reply = client.receive(1024);
    scenario.expect(message!("there was a reply"), !reply.is_empty(), &reply);
}

/// What the program prints while another server has its port.
fn waiting(address: SocketAddr) -> String {
    format!("waiting for {address}")
}

#[test]
fn serves_a_client_and_exits_with_0() {
    check(|scenario| {
        let message = scenario.random().some_word();
        let server = scenario.start_server();
        let mut client = server.connect();
        client.send(message.as_bytes());
        client.expect(REPLY.as_bytes());
        // An end is no reset, and nothing follows the reply.
        client.expect_end();
        let peer = client.local();
        server.expect_line(&format!("client connected: {peer}"));
        server.expect_line(&format!("{peer} sent \"{message}\""));
        server.expect_exit(0);
        Ok(Passed)
    });
}

#[test]
fn prints_gbk_and_escapes_it() {
    check(|scenario| {
        let mut random = scenario.random();
        let length = random.number(2..=10);
        let [begin, end] = [random.chinese(length), random.some_word()];
        let server = scenario.start_server();
        let mut client = server.connect();
        client.send(&gbk(&format!("{begin}\n\u{1b}[2J{end}")));
        let peer = client.local();
        server.expect_line(&format!(r#"{peer} sent "{begin}\n\u{{1b}}[2J{end}""#));
        Ok(Passed)
    });
}

#[test]
fn a_client_that_says_nothing_is_offline() {
    check(|scenario| {
        let server = scenario.start_server();
        let mut client = server.connect();
        client.half_close();
        client.expect_end();
        server.expect_line(&format!("client offline: {}", client.local()));

        let server = scenario.start_server();
        let client = server.connect();
        let peer = client.local();
        client.reset();
        server.expect_line(&format!("client offline: {peer}"));
        Ok(Passed)
    });
}

#[test]
fn started_again_at_once_it_listens() {
    check(|scenario| {
        let mut address = "127.0.0.1:0".to_string();
        for _ in 0..3 {
            let server = scenario.start_server_on(&address);
            let real = server.address().to_string();
            if address != "127.0.0.1:0" {
                let listens_on = |address: &str| message!("it listens on {address}", address);
                scenario.expect(listens_on(&address), real == address, listens_on(&real));
            }
            address = real;
            let mut client = server.connect();
            client.send(b"hello");
            // The server closes first: its port is in TIME_WAIT.
            client.expect_gone();
            client.close();
        }
        Ok(Passed)
    });
}

#[test]
fn waits_for_the_port_and_gets_it() {
    check(|scenario| {
        let start = || {
            let other = scenario.listen();
            let address = other.address();
            let started = Instant::now();
            let program = scenario.start([address.to_string()]);
            program.expect_stderr_contains(&waiting(address));
            // It closes first, so that the port is in TIME_WAIT when the listener is gone.
            other.serve_own_client();
            drop(other);
            scenario.step(message!(
                "the other server has closed its listener on {address}",
                address
            ));
            (program, started.elapsed())
        };
        let (mut program, mut took) = start();
        let limit = scenario.limit();
        for _ in 0..2 {
            scenario.set_limit(Duration::from_secs(2));
            scenario.wait_until(
                message!("it listens there, or ends"),
                || (!program.stdout().is_empty() || program.has_ended()).then_some(()),
                || message!("it does neither").into(),
            );
            scenario.set_limit(limit);
            if !program.stdout().is_empty() || took < IN_TIME {
                break;
            }
            scenario.step(message!(
                "the test was too slow: the program may have given up before; once more"
            ));
            (program, took) = start();
        }
        program.expect_listening();
        expect_served(scenario, &program);
        Ok(Passed)
    });
}

#[test]
fn gives_up_after_a_second() {
    check(|scenario| {
        let first = scenario.start_server();
        first.set_name(message!("the first server"));
        let started = Instant::now();
        let second = scenario.start([first.address().to_string()]);
        second.set_name(message!("the second server"));
        let waiting = waiting(first.address());
        second.expect_stderr_contains(&waiting);
        let limit = scenario.limit();
        scenario.set_limit(Duration::from_secs(3));
        second.expect_exit_failure();
        let took = started.elapsed();
        scenario.set_limit(limit);
        scenario.expect(
            message!("the second server tries for a second before it gives up"),
            took >= Duration::from_millis(900),
            message!("it has ended {duration} after its start", duration = took),
        );
        // The text of Windows depends on its language; the number of the error is always in it.
        second.expect_stderr_contains(if cfg!(windows) { "10048" } else { "in use" });
        let stderr = second.stderr();
        scenario.expect(
            message!("`{text}` is on stderr once", text = waiting.as_str()),
            stderr.matches(&waiting).count() == 1,
            Argument::quoted(&stderr),
        );
        scenario.expect(
            message!("the second server does not listen"),
            second.stdout().is_empty(),
            Argument::quoted(&second.stdout()),
        );
        // The first one has not noticed.
        expect_served(scenario, &first);
        Ok(Passed)
    });
}

#[test]
fn another_error_is_final() {
    check(|scenario| {
        // Here it must wait: a program that never waits must not pass.
        let other = scenario.listen();
        let program = scenario.start([other.address().to_string()]);
        program.expect_stderr_contains(&waiting(other.address()));
        drop(program);

        scenario.step(message!(
            "192.0.2.1 is kept for examples: no machine has this address"
        ));
        let program = scenario.start(["192.0.2.1:9090"]);
        program.expect_any_stderr();
        program.expect_exit_failure();
        let stderr = program.stderr();
        scenario.expect(
            message!("it does not wait for a port that is not in use"),
            !stderr.contains("waiting for"),
            Argument::quoted(&stderr),
        );
        Ok(Passed)
    });
}

#[test]
fn listens_on_its_address_alone() {
    check(|scenario| {
        let server = scenario.start_server();
        let address = server.address();
        let expected = message!("it listens on 127.0.0.1");
        let is_so = address.ip().to_string() == "127.0.0.1";
        scenario.expect(
            expected,
            is_so,
            message!("it listens on {address}", address),
        );
        if kernel::is_visible() {
            // Only Linux has 127.0.0.2.
            scenario.expect_refused(([127, 0, 0, 2], address.port()).into());
        }
        expect_served(scenario, &server);
        Ok(Passed)
    });
}

#[test]
fn listens_on_ipv6() {
    check(|scenario| {
        needs_ipv6()?;
        let server = scenario.start_server_on("[::1]:0");
        expect_served(scenario, &server);
        Ok(Passed)
    });
}
