//! The rubric of exercise 02, a server that hears its client out, and counts what it heard.

use assert_cmd::cargo::cargo_bin;
use harness::check::{Checked, Passed, needs_ipv6};
use harness::text::gbk;
use harness::{Connection, Program, Scenario, message};

fn check(test: impl FnOnce(&Scenario) -> Checked) {
    harness::check(cargo_bin!("exercise-02"), test);
}

/// Serves a client that sends these pieces, each of which the program has received before
/// the next comes, and ends its half.
fn ask(scenario: &Scenario, pieces: &[&[u8]]) -> (Program, Connection) {
    let server = scenario.start_server();
    let mut client = server.connect();
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            scenario.step(message!(
                "the program has received that, and there is more to come"
            ));
        }
        client.send(piece);
        client.let_it_receive();
    }
    client.half_close();
    (server, client)
}

#[test]
fn listens_and_says_who_has_come() {
    check(|scenario| {
        let server = scenario.start_server();
        let mut client = server.connect();
        client.half_close();
        server.expect_line(&format!("client connected: {}", client.local()));
        Ok(Passed)
    });
}

#[test]
fn counts_what_it_received() {
    check(|scenario| {
        let (_server, mut client) = ask(scenario, &[b"hello, server"]);
        client.expect(b"13 characters in 13 bytes");
        Ok(Passed)
    });
}

#[test]
fn closes_and_exits_with_0() {
    check(|scenario| {
        let (server, mut client) = ask(scenario, &[b"hello"]);
        let reply = client.expect_gone();
        scenario.expect(
            message!("the reply ends with `bytes`, and nothing comes after it"),
            reply.ends_with(b" bytes"),
            &reply,
        );
        server.expect_exit(0);
        Ok(Passed)
    });
}

#[test]
fn nothing_at_all_is_0_characters() {
    check(|scenario| {
        let (_server, mut client) = ask(scenario, &[]);
        client.expect(b"0 characters in 0 bytes");
        Ok(Passed)
    });
}

#[test]
fn waits_for_the_end_of_the_question() {
    check(|scenario| {
        let (_server, mut client) = ask(scenario, &[b"one, ", b"two, ", b"three"]);
        client.expect(b"15 characters in 15 bytes");
        let question = vec![b'x'; 1 << 20];
        let (_server, mut client) = ask(scenario, &[&question]);
        client.expect(b"1048576 characters in 1048576 bytes");
        Ok(Passed)
    });
}

#[test]
fn counts_characters_and_not_bytes() {
    check(|scenario| {
        let (_server, mut client) = ask(scenario, &[&gbk("你好，server")]);
        client.expect(b"9 characters in 12 bytes");
        // Each U+FFFD counts: for a byte that begins no character, and for half a one.
        let (_server, mut client) = ask(scenario, &[b"\xffhello\xc4"]);
        client.expect(b"7 characters in 7 bytes");
        Ok(Passed)
    });
}

#[test]
fn a_character_in_two_pieces_is_one_character() {
    check(|scenario| {
        let bytes = gbk("a你好");
        let (_server, mut client) = ask(scenario, &[&bytes[..2], &bytes[2..4], &bytes[4..]]);
        client.expect(b"3 characters in 5 bytes");
        Ok(Passed)
    });
}

#[test]
fn listens_on_ipv6() {
    check(|scenario| {
        needs_ipv6()?;
        let server = scenario.start_server_on("[::1]:0");
        let mut client = server.connect();
        client.send(b"hello");
        client.half_close();
        let reply = client.receive(1024);
        scenario.expect(message!("there was a reply"), !reply.is_empty(), &reply);
        Ok(Passed)
    });
}
