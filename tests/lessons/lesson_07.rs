//! Lesson 07 looks between a send and a receive, in three acts.
//!
//! Two tanks: what a send has handed over waits in the send buffer and in the receive buffer,
//! and when both are full the kernel takes no more. No message boundaries: three sends are one
//! receive. Half a character: a receive may end inside a character, so the decoder has to
//! remember the first half.
//!
//! The program holds both ends of its connections itself. The tests read what it prints.

mod conditions;
mod network;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use conditions::traced;
use harness::{Scenario, kernel, message};
use network::in_a_network;
use predicates::prelude::*;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

fn lesson() -> Scenario {
    Scenario::of(cargo_bin!("lesson-07"))
}

/// In a network with a small table of connections. The kernel goes through all of its table
/// whenever it is read, and by default that has hundreds of thousands of places.
const SMALL_TABLE: &str = "echo 256 > /proc/sys/net/ipv4/tcp_child_ehash_entries && \
    exec unshare --net sh -c 'ip link set lo up && exec \"$@\"' sh \"$@\"";

/// The same program alone in such a network, where that is possible: it reads the table again
/// and again.
fn alone(scenario: Scenario) -> Scenario {
    in_a_network(&scenario, SMALL_TABLE).unwrap_or(scenario)
}

/// What the program prints without arguments: it is run once for all tests.
fn printed_by_default() -> &'static str {
    static PRINTED: OnceLock<String> = OnceLock::new();
    PRINTED.get_or_init(|| printed(&[]))
}

/// What the program prints with these arguments. It must end by itself, with status 0.
fn printed(arguments: &[&str]) -> String {
    let scenario = alone(lesson());
    let (program, before) = scenario
        .command()
        .split_first()
        .expect("a command has a first word");
    let mut command = std::process::Command::new(program);
    harness::outside(&mut command).args(before).args(arguments);
    let assert = Command::from_std(command)
        .timeout(Duration::from_secs(60))
        .assert();
    let output = assert
        .success()
        .stderr(predicate::str::is_empty())
        .get_output()
        .clone();
    String::from_utf8(output.stdout).expect("its output is UTF-8")
}

/// A line about a step of act 1.
#[derive(Debug)]
struct Step {
    accepted: u64,
    read: u64,
    send_buffer: u64,
    receive_buffer: u64,
}

impl Step {
    /// Every byte that was accepted is in exactly one of three places.
    fn check_sum(&self, printed: &str) {
        let sum = self.read + self.send_buffer + self.receive_buffer;
        assert_eq!(self.accepted, sum, "{self:?} in:\n{printed}");
    }
}

/// The lines that have `accepted A = read R + send buffer S + receive buffer C`.
fn steps(printed: &str) -> Vec<Step> {
    let lines = printed
        .lines()
        .filter_map(|line| Some(line.split_once("accepted ")?.1));
    let steps = lines.map(|line| {
        // The numbers of the line, in their order.
        let words = line.split_whitespace().filter_map(|word| word.parse().ok());
        let numbers: Vec<u64> = words.collect();
        let &[accepted, read, send_buffer, receive_buffer] = &numbers[..] else {
            panic!("four numbers are expected in {line:?}");
        };
        Step {
            accepted,
            read,
            send_buffer,
            receive_buffer,
        }
    });
    steps.collect()
}

#[test]
fn in_every_line_what_was_accepted_is_what_was_read_and_what_is_in_the_two_buffers() {
    if !kernel::is_visible() {
        return;
    }
    let printed = printed_by_default();
    let steps = steps(printed);
    assert!(steps.len() > 5, "{printed}");
    for step in &steps {
        step.check_sum(printed);
    }
}

#[test]
fn both_tanks_fill_and_the_kernel_at_last_takes_no_more() {
    if !kernel::is_visible() {
        return;
    }
    let printed = printed_by_default();
    let steps = steps(printed);
    let full = steps.iter().take_while(|step| step.read == 0).last();
    let full = full.expect("there are steps before anything is read");
    assert!(
        full.send_buffer > 0 && full.receive_buffer > 0,
        "{full:?} in:\n{printed}"
    );
    // First the one tank, then the other.
    let first = steps
        .iter()
        .find(|step| step.send_buffer > 0)
        .expect("it fills");
    assert!(first.receive_buffer > 0, "{first:?} in:\n{printed}");
    assert!(printed.contains("the kernel takes no more"), "{printed}");
}

#[test]
fn the_receiver_drains_the_sender_goes_on_and_every_byte_arrives_in_order() {
    let printed = printed_by_default();
    assert!(
        printed.contains("every byte has arrived, in order"),
        "{printed}"
    );
    if !kernel::is_visible() {
        return;
    }
    let steps = steps(printed);
    let full = steps
        .iter()
        .take_while(|step| step.read == 0)
        .last()
        .expect("steps");
    let last = steps.last().expect("steps");
    // The sender went on after the tanks had been full, and nothing is left anywhere.
    assert!(last.accepted > full.accepted, "{printed}");
    assert_eq!(
        (last.read, last.send_buffer + last.receive_buffer),
        (last.accepted, 0)
    );
    assert!(steps.is_sorted_by_key(|step| step.accepted), "{printed}");
    assert!(steps.is_sorted_by_key(|step| step.read), "{printed}");
}

#[test]
fn it_asks_for_4096_bytes_and_says_what_the_kernel_made_of_it() {
    let printed = printed_by_default();
    assert!(printed.contains("asked for 4096 bytes"), "{printed}");
    if kernel::is_visible() {
        // Linux doubles what it is asked for, to have room for its own bookkeeping.
        assert!(printed.contains("send buffer 8192"), "{printed}");
        assert!(printed.contains("receive buffer 8192"), "{printed}");
    }
}

#[test]
fn the_sum_holds_for_other_buffers_too_the_smallest_and_the_largest() {
    thread::scope(|scope| {
        for buffer in ["1", "1000", "100000", "99999999999"] {
            scope.spawn(move || {
                let printed = printed(&[buffer]);
                assert!(
                    printed.contains("every byte has arrived, in order"),
                    "{printed}"
                );
                if kernel::is_visible() {
                    for step in steps(&printed) {
                        step.check_sum(&printed);
                    }
                }
            });
        }
    });
}

#[test]
fn three_sends_are_one_receive() {
    let printed = printed_by_default();
    let sends = printed
        .lines()
        .filter(|line| line.starts_with("send: ") && !line.contains("bytes"));
    assert_eq!(sends.count(), 3, "{printed}");
    assert!(printed.contains("receive: \"onetwothree\"\n"), "{printed}");
}

#[test]
fn half_a_character_breaks_piece_by_piece_and_not_as_a_stream() {
    let printed = printed_by_default();
    assert!(
        printed.contains("600 Chinese characters, 1201 bytes\n"),
        "{printed}"
    );
    assert!(
        printed.contains("receive: 1024 bytes\nreceive: 177 bytes\n"),
        "{printed}"
    );
    let line = |start: &str| {
        let line = printed.lines().find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("{start:?} is missing in:\n{printed}"))
    };
    let pieces = line("decoded piece by piece: broken");
    assert!(pieces.contains('\u{fffd}'), "{pieces}");
    let stream = line("decoded as a stream: whole");
    assert!(
        stream.contains("套接字") && !stream.contains('\u{fffd}'),
        "{stream}"
    );
}

#[test]
fn a_buffer_that_is_no_positive_integer_shows_the_usage_and_exits_with_1() {
    for buffer in ["0", "-1", "4k", "1.5", "", "99999999999999999999999"] {
        let program = lesson().start([buffer]);
        program.expect_exit(1);
        program.expect_stderr(&predicate::str::contains("usage"));
        program.expect_stdout(&predicate::str::is_empty());
    }
}

#[test]
fn a_buffer_that_the_system_refuses_is_said_and_exits_with_1() {
    // As macOS does where it is asked for too much.
    let fail = ["-o", "/dev/null", "-e", "inject=setsockopt:error=ENOBUFS"];
    let Some(traced) = traced(&lesson(), "setsockopt", &fail) else {
        return;
    };
    let program = traced.start(["123456"]);
    program.expect_exit(1);
    program.expect_stderr(&predicate::str::contains("buffer of 123456 bytes"));
    program.expect_stderr(&predicate::str::contains("No buffer space available"));
}

#[test]
fn a_sum_that_has_not_settled_is_no_equation() {
    // The first send is said to have taken 1 byte, and takes none. It is in no buffer.
    let fail = ["-o", "/dev/null", "-e", "inject=sendto:retval=1:when=1"];
    let Some(scenario) = traced(&lesson(), "sendto", &fail) else {
        return;
    };
    let scenario = alone(scenario);
    let program = scenario.start::<&str>([]);
    let line = scenario.wait_until(
        message!("it tells of its first step"),
        || {
            let printed = program.stdout();
            let mut lines = printed.split_inclusive('\n');
            let line = lines.find(|line| line.contains("accepted ") && line.ends_with('\n'));
            line.map(str::to_string)
        },
        || program.stdout().into(),
    );
    assert!(line.contains("not settled"), "{line}");
    assert!(!line.contains('='), "{line}");
}

#[test]
fn where_a_peek_never_grows_it_says_so_and_goes_on() {
    // Which receive is the first peek? From there on each returns 0, and takes nothing.
    let start = |more: &[&str]| {
        let program = alone(traced(&lesson(), "recvfrom", more)?).start::<&str>([]);
        let peeks = predicate::str::contains("MSG_PEEK");
        program.expect_stderr(&peeks.or(predicate::str::contains("INJECTED")));
        let told = program.stderr();
        let receives = told.lines().filter(|line| line.contains("recvfrom("));
        let before = receives.take_while(|line| !line.contains("MSG_PEEK"));
        Some((program, before.count()))
    };
    for _ in 0..10 {
        let Some((_, before)) = start(&[]) else {
            return;
        };
        let fail = format!("inject=recvfrom:retval=0:when={}+", before + 1);
        let again = start(&["-e", &fail]);
        let Some((program, _)) = again.filter(|(_, again)| *again == before) else {
            continue; // The kernel has handed over the bytes of act 1 in other pieces.
        };
        program.expect_exit(0);
        let printed = program.stdout();
        for told in ["all 11 bytes", "all 1201 bytes"] {
            assert!(printed.contains(told), "{printed}");
        }
        return;
    }
    panic!("the number of receives in act 1 is another one each time");
}
