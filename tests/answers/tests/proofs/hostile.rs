//! Programs that mean harm do none: the verdict is right and comes in time, the grader stays
//! small, and nothing is left running.

use crate::{grade, python};
use grade::catalogue::untranslated;
use harness::Resources;
use libtest_mimic::Trial;
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A test for each kind of harm.
pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(format!("hostile::{name}"), move || {
            test();
            Ok(())
        })
    };
    vec![
        trial("endless_output", endless_output),
        trial(
            "endless_output_without_a_newline",
            endless_output_without_a_newline,
        ),
        trial("an_endless_loop", an_endless_loop),
        trial(
            "children_that_ignore_signals_and_hold_the_pipes",
            children_that_ignore_signals_and_hold_the_pipes,
        ),
        trial(
            "daemons_in_sessions_of_their_own",
            daemons_in_sessions_of_their_own,
        ),
        trial("killing_the_check", killing_the_check),
        trial(
            "killing_the_group_of_the_check_and_leaving_daemons_without_environment",
            killing_the_group_of_the_check_and_leaving_daemons_without_environment,
        ),
        trial("stopping_the_check", stopping_the_check),
        trial("hunger_for_memory", hunger_for_memory),
        trial("many_processes", many_processes),
        trial("deleting_the_working_folder", deleting_the_working_folder),
        trial("closing_stdout", closing_stdout),
        trial("exiting_at_once", exiting_at_once),
        trial("saying_that_all_is_well", saying_that_all_is_well),
        trial(
            "a_thousand_connections_to_the_test",
            a_thousand_connections_to_the_test,
        ),
    ]
}

/// How long grading may take: a check's limit, and a little for a loaded machine.
const IN_TIME: Duration = Duration::from_secs(15);

/// How much the grader may grow, in bytes. Several are graded at once, in this process.
const SMALL: u64 = 200_000_000;

/// A time for `sleep` that no other process of this machine is likely to have. A process that is
/// left behind can be found by it.
fn mark() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(4_000_000);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{number}.{:07}", std::process::id())
}

/// The processes that have this in their command line.
fn left_running(mark: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let commands = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let commands = commands.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "));
    commands.filter(|command| command.contains(mark)).collect()
}

/// Grades a hostile program as an answer to an exercise. It earns nothing.
fn earns_nothing(exercise: u32, name: &str, program: &[&str]) {
    let mark = mark();
    let program: Vec<String> = program
        .iter()
        .map(|word| word.replace("MARK", &mark))
        .collect();
    let before = Resources::of(std::process::id()).map_or(0, |resources| resources.resident);
    let start = Instant::now();
    let outcome = grade(exercise, &program);
    // Not the time since `start`, which includes the wait for other proofs.
    let took = outcome
        .results
        .iter()
        .map(|result| result.took)
        .max()
        .unwrap_or_default();
    assert!(
        took < IN_TIME,
        "{name} took {took:?} ({:?} in all)",
        start.elapsed()
    );
    assert_eq!(
        outcome.score(),
        0,
        "{name} earns points: it fails only {:?}",
        outcome.failed()
    );
    for result in &outcome.results {
        let failure = result.failure().expect("it has failed");
        let told = failure.to_string();
        assert!(
            !told.trim().is_empty() && told.len() < 100_000,
            "{name} has no short transcript"
        );
        let untranslated = untranslated(failure);
        assert!(untranslated.is_empty(), "{name}: {untranslated:#?}");
    }
    let left = left_running(&mark);
    assert!(left.is_empty(), "{name} has left running: {left:?}");
    let after = Resources::of(std::process::id()).map_or(0, |resources| resources.resident);
    assert!(
        after < before + SMALL,
        "{name} made the grader grow from {before} to {after} bytes"
    );
}

/// Grades a shell script.
fn script_earns_nothing(name: &str, script: &str) {
    earns_nothing(2, name, &["/bin/sh", "-c", script]);
}

fn endless_output() {
    script_earns_nothing(
        "endless output",
        "yes 'listening on 127.0.0.1:1' & sleep MARK & wait",
    );
}

fn endless_output_without_a_newline() {
    script_earns_nothing(
        "no newline",
        "cat /dev/zero & cat /dev/zero >&2 & sleep MARK & wait",
    );
}

fn an_endless_loop() {
    script_earns_nothing("endless loop", "sleep MARK & while :; do :; done");
}

fn children_that_ignore_signals_and_hold_the_pipes() {
    let child = "(trap '' INT TERM HUP; sleep MARK)";
    script_earns_nothing("children", &format!("{child} & {child} & exit 0"));
}

fn daemons_in_sessions_of_their_own() {
    let script = "setsid sh -c 'sleep MARK' & (setsid sleep MARK &) & (setsid env -i sleep MARK &) & sleep MARK";
    script_earns_nothing("daemons", script);
}

fn killing_the_check() {
    script_earns_nothing(
        "killing",
        "(setsid sleep MARK &); kill -9 $PPID; sleep MARK",
    );
}

fn killing_the_group_of_the_check_and_leaving_daemons_without_environment() {
    let script = "(setsid env -i sleep MARK &); kill -s KILL -- -$PPID; kill -9 $PPID; sleep MARK";
    script_earns_nothing("group", script);
}

fn stopping_the_check() {
    script_earns_nothing("stopping", "kill -STOP $PPID; sleep MARK");
}

fn hunger_for_memory() {
    let eat = "a = []\nwhile True: a.append(b'x' * 50_000_000)  # MARK";
    earns_nothing(2, "memory", &[python(), "-S", "-c", eat]);
}

fn many_processes() {
    // Not without end: that is for a sandbox. But more than a few, and in a hurry.
    let script = "for i in 1 2 3 4 5 6 7 8 9 10; do (for j in 1 2 3 4 5; do setsid sleep MARK & done) & done; wait";
    script_earns_nothing("processes", script);
}

fn deleting_the_working_folder() {
    script_earns_nothing("deleting", "rm -rf \"$PWD\"; sleep MARK");
}

fn closing_stdout() {
    script_earns_nothing("closing", "exec 1>&- 2>&-; sleep MARK");
}

fn exiting_at_once() {
    for program in ["/bin/true", "/bin/false"] {
        earns_nothing(2, "exit", &[program]);
        earns_nothing(5, "exit", &[program]);
    }
}

fn saying_that_all_is_well() {
    let said = "echo 'test result: ok. 1 passed; 0 failed'; for f in /tmp/grade-*/; do \
                echo '{\"check\":\"x\",\"nonce\":\"\",\"failure\":null}' > $f/record; done; sleep MARK";
    script_earns_nothing("forging", said);
}

fn a_thousand_connections_to_the_test() {
    let connect = "
import socket, sys, time
ip, port = sys.argv[1].rsplit(':', 1)
many = []
for _ in range(1000):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex((ip, int(port)))
    many.append(s)
time.sleep(1000)  # MARK
";
    earns_nothing(7, "connections", &[python(), "-S", "-c", connect]);
}
