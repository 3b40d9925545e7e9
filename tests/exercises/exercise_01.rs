//! The rubric of exercise 01, a client that hears its server out: the whole message goes,
//! the whole answer comes.

use assert_cmd::cargo::cargo_bin;
use harness::check::{Checked, Passed, needs_ipv6};
use harness::text::gbk;
use harness::{Connection, Program, Scenario, message};
use predicates::prelude::*;
use std::time::Duration;

fn check(test: impl FnOnce(&Scenario) -> Checked) {
    harness::check(cargo_bin!("exercise-01"), test);
}

/// Starts the program with a message for the test, which is its server.
fn meet(scenario: &Scenario, message: &str) -> (Program, Connection) {
    let server = scenario.listen();
    let program = scenario.start([server.address().to_string().as_str(), message]);
    let connection = server.accept();
    (program, connection)
}

/// Sends a reply in pieces, each of which the program has received before the next comes,
/// and ends it, but only when the program waits for more. A program that has closed its receiving
/// half, too, could still read what came before that; and one that takes a piece for the whole has
/// left by then.
fn reply(scenario: &Scenario, program: &Program, connection: &mut Connection, pieces: &[&[u8]]) {
    for (index, piece) in pieces.iter().enumerate() {
        program.let_it_wait();
        if index > 0 {
            scenario.step(message!(
                "the program has received that, and there is more to come"
            ));
        }
        connection.send(piece);
        connection.let_it_receive();
    }
    connection.half_close();
}

/// Waits for the text on stdout. Another check looks at whether a newline ends it.
#[track_caller]
fn expect_printed(program: &Program, text: &str) {
    let printed = predicate::eq(format!("{text}\n")).or(predicate::eq(text.to_string()));
    let what = message!("all of the reply, and nothing else, is on stdout");
    program.expect_stdout_to_fit(what, |stdout| printed.eval(stdout));
}

#[test]
fn sends_the_message_and_prints_the_reply() {
    check(|scenario| {
        let mut random = scenario.random();
        let [message, answer] = [(); 2].map(|()| {
            let length = random.number(4..=20);
            random.sentence(length) + &random.chinese(2)
        });
        let (program, mut connection) = meet(scenario, &message);
        connection.expect_text(&message);
        reply(scenario, &program, &mut connection, &[&gbk(&answer)]);
        program.expect_exit(0);
        program.expect_output(format!("{answer}\n").as_bytes());
        Ok(Passed)
    });
}

#[test]
fn ends_its_half_and_goes_on_receiving() {
    check(|scenario| {
        let mut random = scenario.random();
        let [message, answer] = random.different_words();
        let (program, mut connection) = meet(scenario, &message);
        connection.expect(message.as_bytes());
        scenario.step(message!(
            "the test answers when it knows that no more of the message will come"
        ));
        connection.expect_end();
        reply(scenario, &program, &mut connection, &[answer.as_bytes()]);
        expect_printed(&program, &answer);
        Ok(Passed)
    });
}

#[test]
fn an_answer_in_pieces_is_whole() {
    check(|scenario| {
        let mut random = scenario.random();
        let (program, mut connection) = meet(scenario, "hello");
        connection.expect(b"hello");
        let pieces: Vec<String> = (0..random.number(3..=5))
            .map(|_| random.some_word())
            .collect();
        let bytes: Vec<&[u8]> = pieces.iter().map(|piece| piece.as_bytes()).collect();
        reply(scenario, &program, &mut connection, &bytes);
        expect_printed(&program, &pieces.concat());
        Ok(Passed)
    });
}

#[test]
fn a_character_in_two_pieces_is_one_character() {
    check(|scenario| {
        let mut random = scenario.random();
        let (program, mut connection) = meet(scenario, "hello");
        connection.expect(b"hello");
        let answer = random.word(1) + &random.chinese(2);
        let bytes = gbk(&answer);
        reply(
            scenario,
            &program,
            &mut connection,
            &[&bytes[..2], &bytes[2..4], &bytes[4..]],
        );
        expect_printed(&program, &answer);
        Ok(Passed)
    });
}

#[test]
fn a_long_message_and_a_long_answer_are_whole() {
    check(|scenario| {
        let mut random = scenario.random();
        // 10,000 bytes, a thousand times. The newline at its end is the program's.
        let word = random.word(4);
        let lines = (0..1000).map(|line| format!("{word} {line:04}\n"));
        let block: String = lines.collect();
        let mut answer = block.repeat(random.number(1000..=1049));
        answer.pop();

        // Windows allows a command line of 32,767 characters.
        let times = if cfg!(windows) {
            4_500..=5_000
        } else {
            15_000..=16_000
        };
        let message = (random.word(5) + " ").repeat(random.number(times));
        let server = scenario.listen_with_small_buffers();
        let address = server.address().to_string();
        let program = scenario.start_copying([&address, &message], block.into());
        program.close_stdin();
        let mut connection = server.accept();
        // A single send may take less than all of it.
        program.interrupt_send(&connection);
        connection.expect(message.as_bytes());
        program.let_it_wait();
        connection.send(answer.as_bytes());
        connection.half_close();
        program.expect_copied(answer.len() as u64 + 1);
        Ok(Passed)
    });
}

#[test]
fn an_empty_message_and_an_empty_answer_are_fine() {
    check(|scenario| {
        let (program, mut connection) = meet(scenario, "");
        // The server notices nothing of an empty message but the end.
        connection.expect_end();
        connection.half_close();
        program.expect_exit(0);
        program.expect_output(b"\n");
        Ok(Passed)
    });
}

#[test]
fn says_where_nobody_listens() {
    check(|scenario| {
        // Where somebody listens, it must connect: a program that always fails must not pass.
        drop(meet(scenario, "hello"));
        let nobody = scenario.hold_refusing_port();
        let address = nobody.address().to_string();
        // 2 s, and as much again as a busy machine may take to start a program.
        scenario.set_limit(Duration::from_secs(4));
        let program = scenario.start([address.as_str(), "hello"]);
        program.expect_exit_failure();
        program.expect_stderr_contains(&address);
        Ok(Passed)
    });
}

#[test]
fn refuses_what_gbk_cannot_encode() {
    check(|scenario| {
        drop(meet(scenario, "hello"));
        let server = scenario.listen();
        let message = scenario.random().some_word() + " 😀";
        let program = scenario.start([server.address().to_string().as_str(), &message]);
        program.expect_exit_failure();
        program.expect_any_stderr();
        server.expect_nothing();
        Ok(Passed)
    });
}

#[test]
fn connects_to_ipv6() {
    check(|scenario| {
        needs_ipv6()?;
        let server = scenario.listen_on("[::1]:0");
        let program = scenario.start([server.address().to_string().as_str(), "hello"]);
        let mut connection = server.accept();
        let answer = scenario.random().some_word();
        reply(scenario, &program, &mut connection, &[answer.as_bytes()]);
        program.expect_stdout_contains(&answer);
        Ok(Passed)
    });
}
