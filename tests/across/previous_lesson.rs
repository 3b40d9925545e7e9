//! The tests of a lesson, run on the program of the lesson before it, fail at the behaviour that
//! the lesson adds, and nowhere else.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;

/// How long, in seconds, a test that is known to fail waits for what does not come.
const LIMIT_OF_NEW_TESTS: &str = "3";

fn run(tests: &Path, program: &str, arguments: &[&str], limit: Option<&str>) -> Output {
    let mut command = Command::new(tests);
    harness::outside(&mut command)
        .args(arguments)
        .env("PROGRAM", program);
    if let Some(limit) = limit {
        command.env("HARNESS_LIMIT", limit);
    }
    command.output().expect("the tests can be started")
}

/// Runs the tests of a lesson on the program of the lesson before it. `new` has the tests of what
/// the lesson adds, each with words that its transcript must contain when it fails.
fn tests_of_lesson_fail_on_the_lesson_before(number: u32, new: &[(&str, &str)]) {
    if !harness::kernel::is_visible() {
        return; // Tests that are skipped there fail on no lesson.
    }
    let tests = &workspace::lesson(number).tests();
    let before = workspace::lesson(number - 1).program();
    let before = shlex::try_quote(&before).expect("a path");

    let list = run(tests, &before, &["--list", "--format", "terse"], None);
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    let all: BTreeSet<&str> = list
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .collect();
    let new_names: BTreeSet<&str> = new.iter().map(|(name, _)| *name).collect();
    assert!(
        new_names.is_subset(&all),
        "{new_names:?} are to be among the tests {all:?}"
    );
    let old: Vec<&str> = all.difference(&new_names).copied().collect();

    thread::scope(|scope| {
        for (name, words) in new {
            let before = &before;
            scope.spawn(move || {
                let output = run(tests, before, &["--exact", name], Some(LIMIT_OF_NEW_TESTS));
                let told = String::from_utf8_lossy(&output.stdout);
                assert!(
                    !output.status.success(),
                    "{name} passes on the lesson before:\n{told}"
                );
                assert!(
                    told.contains(words),
                    "{name} should tell of {words:?}:\n{told}"
                );
            });
        }
        let arguments: Vec<&str> = ["--exact"].into_iter().chain(old).collect();
        let output = run(tests, &before, &arguments, None);
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "more than what is new fails on the lesson before:\n{told}"
        );
    });
}

#[test]
fn tests_of_lesson_03_fail_on_lesson_02_at_the_restart() {
    tests_of_lesson_fail_on_the_lesson_before(
        3,
        &[
            (
                "started_again_at_once_on_the_same_port_it_listens",
                "SO_REUSEADDR, set before bind, gives it to a new listener",
            ),
            (
                "a_port_in_use_is_told_with_both_causes_and_both_remedies",
                "Expected: stderr.contains(another server)",
            ),
            (
                "after_lesson_02_the_port_is_refused_with_both_causes_and_both_remedies",
                "Expected: stderr.contains(another server)",
            ),
        ],
    );
}

#[test]
fn tests_of_lesson_04_fail_on_lesson_03_at_the_second_client() {
    let reply = "receives \"server: hello, client!\" (22 bytes)\n     Got: a reset (RST)";
    // The second client is refused, or reset if the program has not closed its listener yet.
    let second_client = "\n   7. ";
    tests_of_lesson_fail_on_the_lesson_before(
        4,
        &[
            ("serves_client_after_client", second_client),
            ("serves_each_client_once_and_closes", "Expected: "),
            (
                "serves_one_client_at_a_time_in_the_order_of_their_coming",
                reply,
            ),
            ("a_silent_client_holds_the_queue", reply),
            ("survives_a_client_that_never_reads", "Expected: "),
            (
                "survives_clients_that_reset_leave_early_or_send_garbage",
                "Expected: ",
            ),
            (
                "survives_running_out_of_file_descriptors_without_spinning",
                "Expected: ",
            ),
        ],
    );
}

#[test]
fn tests_of_lesson_05_fail_on_lesson_04_at_the_second_client_and_the_signal() {
    let accept = "waits in the accept queue: the program has not accepted it";
    // Ended by the signal, or, where whoever started the tests ignores SIGINT, not at all.
    let signal = "Expected: the line `shutting down: waiting for ";
    tests_of_lesson_fail_on_the_lesson_before(
        5,
        &[
            ("serves_50_clients_side_by_side_in_any_order", accept),
            (
                "answers_every_message_until_the_client_is_offline",
                "sends \"two\"",
            ),
            ("a_client_that_resets_after_messages_is_offline", accept),
            (
                "a_client_that_leaves_with_unread_replies_is_offline",
                "the line `client offline: ",
            ),
            (
                "keeps_nothing_for_clients_that_have_gone",
                "the line `client offline: ",
            ),
            (
                "serves_connected_clients_while_accept_fails",
                "Expected: stderr.contains(accept)",
            ),
            ("counts_only_who_is_connected", accept),
            ("takes_no_new_clients_after_a_signal", signal),
            ("a_signal_without_clients_ends_it", signal),
            (
                "goes_on_serving_after_a_signal_and_exits_with_0_when_the_last_client_is_offline",
                accept,
            ),
            (
                "closing_the_listener_leaves_clients_alone_and_resets_those_in_the_queue",
                "Expected: stderr.contains(accept)",
            ),
            ("a_second_signal_ends_it_at_once_with_130", signal),
            (
                "a_signal_ends_it_where_it_listens_on_all_addresses",
                "Expected: the program exits with status 0",
            ),
            (
                "a_second_signal_ends_it_where_no_local_port_is_free",
                "Expected: the program exits with status ",
            ),
            (
                "a_second_signal_ends_it_where_stdout_and_the_accept_queue_are_full",
                "Expected: the program exits with status 130",
            ),
        ],
    );
}

#[test]
fn tests_of_lesson_06_fail_on_lesson_05_at_the_end() {
    tests_of_lesson_fail_on_the_lesson_before(
        6,
        &[
            (
                "a_signal_without_clients_ends_it",
                "Got: `shutting down: waiting for 0 client(s)`",
            ),
            (
                "counts_only_who_is_connected",
                "Got: `shutting down: waiting for 2 client(s)`",
            ),
            (
                "takes_no_new_clients_after_a_signal",
                "Got: `shutting down: waiting for 1 client(s)`",
            ),
            (
                "exits_with_0_at_once_after_a_signal_and_leaves_its_clients",
                "Expected: the line `shutting down: leaving 3 client(s)` on stdout",
            ),
        ],
    );
}
