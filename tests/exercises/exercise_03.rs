//! The rubric of exercise 03, a server that can start again at once, and that takes no
//! port from another.

use assert_cmd::cargo::cargo_bin;
use harness::check::{Checked, Passed};
use harness::message::Argument;
use harness::text::gbk;
use harness::{Scenario, kernel, message};

fn check(test: impl FnOnce(&Scenario) -> Checked) {
    harness::check(cargo_bin!("exercise-03"), test);
}

#[test]
fn serves_a_client() {
    check(|scenario| {
        let server = scenario.start_server();
        let mut client = server.connect();
        let peer = client.local();
        client.send(b"hello");
        client.expect(b"server: hello, client!");
        server.expect_line(&format!("client connected: {peer}"));
        server.expect_line(&format!("{peer} sent \"hello\""));
        Ok(Passed)
    });
}

#[test]
fn closes_and_exits_with_0() {
    check(|scenario| {
        let server = scenario.start_server();
        let mut client = server.connect();
        client.send(b"hello");
        // Whatever it replies, something it does; and an end is no reset.
        let reply = client.receive(1024);
        scenario.expect(message!("there was a reply"), !reply.is_empty(), &reply);
        client.expect_end();
        server.expect_exit(0);
        Ok(Passed)
    });
}

#[test]
fn prints_gbk_and_escapes_it() {
    check(|scenario| {
        let server = scenario.start_server();
        let mut client = server.connect();
        client.send(&gbk("你好\n\u{1b}[2J"));
        let peer = client.local();
        server.expect_line(&format!(r#"{peer} sent "你好\n\u{{1b}}[2J""#));
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
fn leaves_a_port_to_the_server_that_has_it() {
    check(|scenario| {
        let first = scenario.start_server();
        first.call(message!("the first server"));
        let second = scenario.start([first.address().to_string()]);
        second.call(message!("the second server"));
        scenario.wait_until(
            message!("it says something"),
            || (!second.stderr().is_empty() || !second.stdout().is_empty()).then_some(()),
            || message!("it says nothing").into(),
        );
        scenario.expect(
            message!("the second server does not listen"),
            second.stdout().is_empty(),
            Argument::quoted(&second.stdout()),
        );
        second.expect_stderr_contains("in use");
        second.expect_exit_failure();
        // The first one has not noticed.
        let mut client = first.connect();
        client.send(b"hello");
        let reply = client.receive(1024);
        scenario.expect(
            message!("the first server replies"),
            !reply.is_empty(),
            &reply,
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
        drop(server.connect());
        if kernel::is_visible() {
            // Only Linux has 127.0.0.2.
            let server = scenario.start_server();
            scenario.expect_refused(([127, 0, 0, 2], server.address().port()).into());
        }
        Ok(Passed)
    });
}
