//! The rubric of exercise 04, a server for one client after the other, in which nobody
//! holds the queue.

use assert_cmd::cargo::cargo_bin;
use harness::check::{Checked, Passed};
use harness::{Connection, Program, Scenario, message};
use std::time::{Duration, Instant};

fn check(test: impl FnOnce(&Scenario) -> Checked) {
    harness::check(cargo_bin!("exercise-04"), test);
}

/// The shortest time that a client is given to speak: 500 ms, and a tolerance.
const SHORTEST: Duration = Duration::from_millis(450);

/// The longest time until a silent client hears of it.
const LONGEST: Duration = Duration::from_secs(3);

/// Waits for the reply to a client, and returns its number. Here it never has two digits.
#[track_caller]
fn number(scenario: &Scenario, client: &mut Connection) -> usize {
    client.expect(b"you are client ");
    let digit = client.receive(1);
    match String::from_utf8_lossy(&digit).parse() {
        Ok(number) => number,
        Err(_) => scenario.fail(
            message!("{client} receives a number", client = client.local()),
            &digit,
        ),
    }
}

/// Serves a client, and returns its number.
#[track_caller]
fn serve(scenario: &Scenario, server: &Program) -> usize {
    let mut client = server.connect();
    client.send(b"hello");
    number(scenario, &mut client)
}

#[test]
fn answers_a_client_and_closes() {
    check(|scenario| {
        let server = scenario.start_server();
        let mut client = server.connect();
        client.send(b"hello");
        client.expect(b"you are client 1");
        client.expect_end();
        Ok(Passed)
    });
}

#[test]
fn serves_client_after_client() {
    check(|scenario| {
        let server = scenario.start_server();
        let first = serve(scenario, &server);
        for more in 1..=3 {
            let number = serve(scenario, &server);
            scenario.expect(
                message!("the next client is number {next}", next = first + more),
                number == first + more,
                message!("number {number}", number),
            );
        }
        Ok(Passed)
    });
}

#[test]
fn a_client_that_leaves_without_a_word_gets_no_reply() {
    check(|scenario| {
        let server = scenario.start_server();
        let mut client = server.connect();
        client.half_close();
        client.expect_end();
        serve(scenario, &server);
        Ok(Passed)
    });
}

#[test]
fn a_silent_client_gets_a_timeout() {
    check(|scenario| {
        let server = scenario.start_server();
        let start = Instant::now();
        let mut client = server.connect();
        client.expect(b"timeout");
        let time = start.elapsed();
        scenario.expect(
            message!(
                "`timeout` comes after 500 ms ({shortest} to {longest})",
                shortest = SHORTEST,
                longest = LONGEST
            ),
            (SHORTEST..=LONGEST).contains(&time),
            message!("it came after {time}", time),
        );
        client.expect_end();
        Ok(Passed)
    });
}

#[test]
fn one_at_a_time_and_nobody_holds_the_queue() {
    check(|scenario| {
        let server = scenario.start_server();
        let start = Instant::now();
        // It says nothing, and does not leave.
        let silent = server.connect();
        let mut next = server.connect();
        next.send(b"hello");
        number(scenario, &mut next);
        let time = start.elapsed();
        let expected = message!("the second client is served when the first has had its 500 ms");
        scenario.expect(
            expected.clone(),
            time >= SHORTEST,
            message!("it was served after {time}, together with the first", time),
        );
        // On a busy machine so much time may go by of itself.
        scenario.expect(
            expected,
            silent.has_something(Duration::from_millis(1)),
            message!("the first has had neither a `timeout` nor an end yet"),
        );
        Ok(Passed)
    });
}

#[test]
fn a_client_that_resets_costs_nobody_else_anything() {
    check(|scenario| {
        let server = scenario.start_server();
        // While the server is busy with the first client, two others leave the queue by a
        // reset, one of them after its message.
        let mut first = server.connect();
        server.connect().reset();
        let mut second = server.connect();
        second.send(b"hello");
        second.reset();
        let mut last = server.connect();
        last.send(b"hello");
        first.send(b"hello");
        // And this one does not wait for its reply.
        first.close();
        number(scenario, &mut last);
        last.close();
        serve(scenario, &server);
        Ok(Passed)
    });
}

#[test]
fn everybody_who_came_is_counted() {
    check(|scenario| {
        let server = scenario.start_server();
        let first = serve(scenario, &server);
        let _silent = server.connect();
        server.connect().close();
        server.connect().reset();
        let number = serve(scenario, &server);
        scenario.expect(
            message!(
                "after client {first} came one that was silent, one that left, and one that \
                 reset, so the next is client {next}",
                first,
                next = first + 4
            ),
            number == first + 4,
            message!("client {number}", number),
        );
        Ok(Passed)
    });
}
