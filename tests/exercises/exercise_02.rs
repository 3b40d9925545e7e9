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

/// The reply to a text.
fn counted(characters: usize, bytes: usize) -> Vec<u8> {
    format!("{characters} characters in {bytes} bytes").into_bytes()
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
        let text = scenario.random().some_word();
        let (_server, mut client) = ask(scenario, &[text.as_bytes()]);
        client.expect(&counted(text.len(), text.len()));
        Ok(Passed)
    });
}

#[test]
fn closes_and_exits_with_0() {
    check(|scenario| {
        let text = scenario.random().some_word();
        let (server, mut client) = ask(scenario, &[text.as_bytes()]);
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
        let mut random = scenario.random();
        let pieces: Vec<String> = (0..random.number(3..=5))
            .map(|_| random.some_word())
            .collect();
        let bytes: Vec<&[u8]> = pieces.iter().map(|piece| piece.as_bytes()).collect();
        let total = pieces.concat().len();
        let (_server, mut client) = ask(scenario, &bytes);
        client.expect(&counted(total, total));
        let question = vec![b'x'; (1 << 20) + random.number(0..=9999)];
        let (_server, mut client) = ask(scenario, &[&question]);
        client.expect(&counted(question.len(), question.len()));
        Ok(Passed)
    });
}

#[test]
fn counts_characters_and_not_bytes() {
    check(|scenario| {
        let mut random = scenario.random();
        let length = random.number(4..=20);
        // At least one character of each kind.
        let text = random.word(1) + &random.sentence(length) + &random.chinese(1);
        let bytes = gbk(&text);
        let (_server, mut client) = ask(scenario, &[&bytes]);
        client.expect(&counted(text.chars().count(), bytes.len()));
        // Each U+FFFD counts: the one for a byte that begins no character, and the one for half a
        // character.
        let bytes = [b"\xff", random.some_word().as_bytes(), b"\xc4"].concat();
        let (_server, mut client) = ask(scenario, &[&bytes]);
        client.expect(&counted(bytes.len(), bytes.len()));
        Ok(Passed)
    });
}

#[test]
fn a_character_in_two_pieces_is_one_character() {
    check(|scenario| {
        let mut random = scenario.random();
        let word = random.some_word();
        let bytes = [word.as_bytes(), &gbk(&random.chinese(2))].concat();
        let (begin, rest) = bytes.split_at(word.len() + 1);
        let (_server, mut client) = ask(scenario, &[begin, &rest[..2], &rest[2..]]);
        client.expect(&counted(word.len() + 2, bytes.len()));
        Ok(Passed)
    });
}

#[test]
fn listens_on_ipv6() {
    check(|scenario| {
        needs_ipv6()?;
        let server = scenario.start_server_on("[::1]:0");
        let mut client = server.connect();
        client.send(scenario.random().some_word().as_bytes());
        client.half_close();
        let reply = client.receive(1024);
        scenario.expect(message!("there was a reply"), !reply.is_empty(), &reply);
        Ok(Passed)
    });
}
