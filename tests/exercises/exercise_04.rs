//! The rubric of exercise 04, a server for one client after the other, in which nobody
//! holds the queue.

use assert_cmd::cargo::cargo_bin;
use harness::check::{Checked, Passed, needs_ipv6, needs_signals};
use harness::random::Random;
use harness::{Connection, Program, Scenario, kernel, message};
use std::thread;
use std::time::{Duration, Instant};

fn check(test: impl FnOnce(&Scenario) -> Checked) {
    harness::check(cargo_bin!("exercise-04"), test);
}

/// The shortest time that a client is given to speak: 500 ms, and a tolerance.
const SHORTEST: Duration = Duration::from_millis(450);

/// The longest time until a silent client gets its answer.
const LONGEST: Duration = Duration::from_secs(3);

/// Waits for the reply to a client, and returns its number. Here it never has two digits.
#[track_caller]
fn number(scenario: &Scenario, client: &mut Connection) -> usize {
    client.expect(b"you are client ");
    let digit = client.receive(1);
    match String::from_utf8_lossy(&digit).parse() {
        Ok(number) => number,
        Err(_) => scenario.fail(
            message!("{client} receives a number", client = client.name()),
            &digit,
        ),
    }
}

/// Some message that a client may send, of any bytes.
fn some_message(random: &mut Random) -> Vec<u8> {
    let length = random.number(1..=1024);
    random.bytes(length)
}

/// Serves a client, and returns its number.
#[track_caller]
fn serve(scenario: &Scenario, server: &Program, random: &mut Random) -> usize {
    let mut client = server.connect();
    client.send(&some_message(random));
    number(scenario, &mut client)
}

#[test]
fn answers_a_client_and_closes() {
    check(|scenario| {
        let mut random = scenario.random();
        let server = scenario.start_server();
        let mut client = server.connect();
        client.send(&some_message(&mut random));
        client.expect(b"you are client 1");
        client.expect_end();
        Ok(Passed)
    });
}

#[test]
fn serves_client_after_client() {
    check(|scenario| {
        let mut random = scenario.random();
        let server = scenario.start_server();
        let first = serve(scenario, &server, &mut random);
        for more in 1..=random.number(3..=7) {
            let number = serve(scenario, &server, &mut random);
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
fn serves_a_client_over_ipv6() {
    check(|scenario| {
        needs_ipv6()?;
        let mut random = scenario.random();
        let server = scenario.start_server_on("[::1]:0");
        serve(scenario, &server, &mut random);
        Ok(Passed)
    });
}

#[test]
fn a_client_that_leaves_without_a_word_gets_no_reply() {
    check(|scenario| {
        let mut random = scenario.random();
        let server = scenario.start_server();
        let mut client = server.connect();
        client.half_close();
        client.expect_end();
        serve(scenario, &server, &mut random);
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
        let mut random = scenario.random();
        let server = scenario.start_server();
        let first = serve(scenario, &server, &mut random);
        let start = Instant::now();
        // It says nothing, and does not leave.
        let silent = server.connect();
        let mut next = server.connect();
        next.send(&some_message(&mut random));
        let number = number(scenario, &mut next);
        let time = start.elapsed();
        let expected = message!("the second client is served when the first has had its 500 ms");
        scenario.expect(
            expected.clone(),
            time >= SHORTEST,
            message!("it was served after {time}, together with the first", time),
        );
        // On a busy machine this much time may pass anyway.
        scenario.expect(
            expected,
            silent.has_something(Duration::from_millis(1)),
            message!("the first has had neither a `timeout` nor an end yet"),
        );
        scenario.expect(
            message!(
                "after client {first} came one that was silent, so the next is client {next}",
                first,
                next = first + 2
            ),
            number == first + 2,
            message!("client {number}", number),
        );
        Ok(Passed)
    });
}

#[test]
fn a_client_that_resets_costs_nobody_else_anything() {
    check(|scenario| {
        let mut random = scenario.random();
        let server = scenario.start_server();
        // While the server is busy with the first client, two others leave the queue by a
        // reset, one of them after its message.
        let mut first = server.connect();
        server.connect().reset();
        let mut second = server.connect();
        second.send(&some_message(&mut random));
        second.reset();
        let mut last = server.connect();
        last.send(&some_message(&mut random));
        first.send(&some_message(&mut random));
        // And this one does not wait for its reply.
        first.close();
        number(scenario, &mut last);
        last.close();
        serve(scenario, &server, &mut random);
        Ok(Passed)
    });
}

#[test]
fn everybody_who_came_is_counted() {
    check(|scenario| {
        let mut random = scenario.random();
        let server = scenario.start_server();
        let first = serve(scenario, &server, &mut random);
        let (left, reset) = (random.number(1..=3), random.number(1..=3));
        let mut ways = [vec![true; left], vec![false; reset]].concat();
        random.shuffle(&mut ways);
        // They have left before the server accepts them, however fast the machine is.
        server.while_stopped(|| {
            for leaves in ways {
                let client = server.connect();
                if leaves {
                    client.close();
                } else {
                    client.reset();
                }
            }
        });
        let number = serve(scenario, &server, &mut random);
        let next = first + left + reset + 1;
        scenario.expect(
            message!(
                "after client {first} {left} left and {reset} reset without a word, so the next \
                 is client {next}",
                first,
                left,
                reset,
                next
            ),
            number == next,
            message!("client {number}", number),
        );
        Ok(Passed)
    });
}

/// How long a wrong program is given to end. A right one is not affected.
const MOMENT: Duration = Duration::from_millis(200);

#[test]
fn a_call_that_fails_for_a_while_is_tried_again() {
    check(|scenario| {
        needs_signals()?;
        let mut random = scenario.random();
        let server = scenario.start_server();
        if kernel::is_visible() {
            accepts_again_after_a_lack_of_files(scenario, &server, &mut random);
        }
        // Many times, as the server may not be in its receive yet when it is stopped.
        for _ in 0..random.number(10..=15) {
            receives_although_it_is_stopped(scenario, &server, &mut random);
        }
        Ok(Passed)
    });
}

/// A receive with a time limit returns early when the program is stopped and continued.
fn receives_although_it_is_stopped(scenario: &Scenario, server: &Program, random: &mut Random) {
    let start = Instant::now();
    let mut client = server.connect();
    server.let_it_wait();
    server.while_stopped(|| ());
    server.let_it_wait();
    client.send(&some_message(random));
    // On a slow machine its time may have been over by then.
    if start.elapsed() < SHORTEST {
        number(scenario, &mut client);
    }
}

/// Without a free file descriptor `accept` fails until there is one again. Such a failure does not
/// count as a client.
fn accepts_again_after_a_lack_of_files(scenario: &Scenario, server: &Program, random: &mut Random) {
    let before = serve(scenario, server, random);
    // It closes that client first, or the next one could have its descriptor.
    server.let_it_wait();
    server.limit_open_files(0);
    // An `accept` that is under way may have its descriptor already, but the next one has none.
    let mut client = server.connect();
    client.send(&some_message(random));
    let deadline = Instant::now() + MOMENT;
    while !server.has_ended() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(2));
    }
    server.expect_running();
    server.limit_open_files(100);
    for expected in [before + 1, before + 2] {
        let number = number(scenario, &mut client);
        scenario.expect(
            message!("the next client is number {next}", next = expected),
            number == expected,
            message!("number {number}", number),
        );
        client = server.connect();
        client.send(&some_message(random));
    }
}
