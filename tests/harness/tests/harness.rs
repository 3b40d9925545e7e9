//! The harness itself, held to its word by programs that behave badly.
//!
//! Each of them ends in time, with the right transcript, and leaves nothing running.
#![cfg(unix)]

use harness::{Passed, Program, Scenario, Supervised};
use predicates::prelude::*;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A scenario with a shell script.
fn shell(script: &str) -> Scenario {
    Scenario::of_command(["/bin/sh", "-c", script])
}

/// A limit that is known to be reached. Only what is waited for in vain is short: whatever
/// must have happened before that has the usual limit.
const SHORT: Duration = Duration::from_millis(100);

/// The transcript of a failing test, as it is printed.
fn failure(test: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("the test should fail");
    *panic
        .downcast::<String>()
        .expect("a transcript is a String")
}

/// Expects that all these are in the text, in this order.
fn expect_in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => panic!("{part:?} is missing, or comes too early, in:\n{text}"),
        }
    }
}

/// The process numbers that a script has printed, one a line.
fn printed_pids(program: &Program, count: usize) -> Vec<u32> {
    program.expect_stdout(&predicate::function(|text: &str| {
        text.lines().count() >= count
    }));
    let text = program.stdout();
    text.lines()
        .map(|line| line.parse().expect("a process number"))
        .collect()
}

/// Waits until a process is gone. It may be a zombie of whoever has adopted it: dead.
fn expect_gone(pid: u32) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while is_alive(pid) {
        assert!(Instant::now() < deadline, "process {pid} is still alive");
        std::thread::yield_now();
    }
}

fn is_alive(pid: u32) -> bool {
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).expect("a process number");
    rustix::process::test_kill_process(pid).is_ok() && !is_zombie(pid.as_raw_nonzero().get())
}

#[cfg(target_os = "linux")]
fn is_zombie(pid: i32) -> bool {
    let stat = procfs::process::Process::new(pid).and_then(|process| process.stat());
    stat.map_or(true, |stat| stat.state == 'Z')
}

#[cfg(not(target_os = "linux"))]
fn is_zombie(_pid: i32) -> bool {
    false
}

#[test]
fn a_program_that_does_what_is_expected_passes() {
    let scenario = shell("echo one; echo two; echo oops >&2; exit 3");
    let program = scenario.start::<&str>([]);
    let one = program.expect_line("one");
    let two = program.expect_line("two");
    assert!(one < two);
    program.expect_stderr(&predicate::str::contains("oops"));
    program.expect_exit(3);
    program.expect_no_more_lines();
}

#[test]
fn a_program_that_never_listens_fails_at_the_limit() {
    let start = Instant::now();
    let transcript = failure(|| {
        let scenario = shell("echo starting >&2; exec sleep 1000");
        let program = scenario.start(["127.0.0.1:0"]);
        program.expect_stderr(&predicate::eq("starting\n"));
        scenario.set_limit(SHORT);
        program.expect_listening();
    });
    assert!(start.elapsed() < Duration::from_secs(15));
    expect_in_order(
        &transcript,
        &[
            "  1. start the program with 127.0.0.1:0\n",
            "  2. wait until stderr == \"starting\\n\"\n",
            "  3. wait for its first line, `listening on ADDR`\n",
            "The stdout of the program: nothing\n",
            "The stderr of the program, 9 bytes:\n    | starting\n",
            "Expected: the first line on stdout is `listening on ADDR`\n",
            "     Got: nothing more for 100ms\n",
        ],
    );
    assert!(!transcript.contains("Cause"), "{transcript}");
}

#[test]
fn a_program_that_exits_early_fails_at_once() {
    let start = Instant::now();
    let transcript = failure(|| {
        shell("echo no luck >&2; exit 7").start_server();
    });
    assert!(start.elapsed() < Duration::from_secs(15));
    expect_in_order(
        &transcript,
        &[
            "| no luck\n",
            "the program exited with status 7\n",
            "Got: the program exited with status 7\n",
        ],
    );
}

#[test]
fn a_program_that_dies_of_a_signal_is_told_so() {
    let transcript = failure(|| {
        shell("kill -SEGV $$").start::<&str>([]).expect_exit(0);
    });
    expect_in_order(
        &transcript,
        &[
            "Expected: the program exits with status 0\n",
            "Got: the program was ended by signal 11 (SIGSEGV)\n",
        ],
    );
}

#[test]
fn a_program_that_hangs_and_ignores_signals_is_ended() {
    let mut pid = 0;
    let transcript = failure(|| {
        let scenario = shell("trap '' INT TERM; echo $$; while :; do sleep 1000; done");
        let program = scenario.start::<&str>([]);
        pid = printed_pids(&program, 1)[0];
        program.signal(harness::Signal::Term);
        scenario.set_limit(SHORT);
        program.expect_exit(0);
    });
    expect_in_order(
        &transcript,
        &[
            "send it SIGTERM\n",
            "Got: it still runs, waited for 100ms\n",
        ],
    );
    expect_gone(pid);
}

#[test]
fn a_program_that_cannot_be_started_is_told_so() {
    let transcript = failure(|| {
        Scenario::of_command(["/no/such/program"]).start::<&str>([]);
    });
    expect_in_order(
        &transcript,
        &["Expected: `/no/such/program` starts\n", "Got: No such file"],
    );
}

#[test]
fn a_flood_on_stdout_is_drained_and_not_kept() {
    let before = resident_bytes();
    let transcript = failure(|| {
        // Twice as much as the limit below, and then the line that nobody will find in it.
        let scenario = shell("head -c 400000000 /dev/zero; echo; echo done; echo done >&2");
        let program = scenario.start::<&str>([]);
        program.expect_stderr(&predicate::eq("done\n"));
        program.expect_exit(0);
        program.expect_line("done");
    });
    expect_in_order(
        &transcript,
        &[
            "The stdout of the program, 400000006 bytes:\n    | \\u{0}\\u{0}",
            "more bytes, not kept) ...\n",
            "Expected: the line `done` on stdout\n",
        ],
    );
    assert!(
        transcript.len() < 30_000,
        "the transcript has {} bytes",
        transcript.len()
    );
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 200_000_000, "grew by {grown} bytes");
}

/// The resident memory of this process, in bytes; 0 where only Linux would tell.
fn resident_bytes() -> u64 {
    harness::Resources::of(std::process::id()).map_or(0, |resources| resources.resident)
}

#[test]
fn a_grandchild_that_holds_the_pipe_keeps_nobody_waiting() {
    let start = Instant::now();
    let program = shell("sleep 1000 & echo $!; exit 0").start::<&str>([]);
    program.expect_exit(0);
    let pid = printed_pids(&program, 1)[0];
    drop(program);
    assert!(start.elapsed() < Duration::from_secs(15));
    expect_gone(pid);
}

#[test]
fn grandchildren_end_with_a_test_that_panics() {
    let mut pids = Vec::new();
    failure(|| {
        let scenario = shell("sleep 1000 & echo $!; sleep 1000 & echo $!; wait");
        let program = scenario.start::<&str>([]);
        pids = printed_pids(&program, 2);
        scenario.set_limit(SHORT);
        program.expect_line("never printed");
    });
    for pid in pids {
        expect_gone(pid);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_has_left_the_process_group_ends_too() {
    let daemon = "setsid sh -c 'trap \"\" TERM HUP; echo $$; exec sleep 1000' &";
    // The first daemon's parent lives on; the second one's is gone; the third one has
    // wiped its environment.
    let script = format!("{daemon} (  {daemon} ) & env -i {daemon} sleep 1000");
    let program = shell(&script).start::<&str>([]);
    let pids = printed_pids(&program, 3);
    assert!(pids.iter().all(|&pid| is_alive(pid)), "{pids:?}");
    drop(program);
    for pid in pids {
        expect_gone(pid);
    }
}

#[test]
fn a_test_that_is_killed_leaves_nothing_running() {
    // This test runs itself in another process, and kills that.
    if std::env::var_os("LEAVE_A_PROGRAM").is_some() {
        let program = shell("echo $$; exec sleep 1000").start::<&str>([]);
        let pid = printed_pids(&program, 1)[0];
        println!("{pid}");
        std::thread::park();
    }
    expect_gone_with_its_test("a_test_that_is_killed_leaves_nothing_running");
}

/// Runs a test of these in a process of its own, which leaves a program and prints the number of its
/// process. Kills the test, and expects that the program is gone.
fn expect_gone_with_its_test(test: &str) {
    let mut command = Command::new(std::env::current_exe().expect("our own path"));
    let mut test = harness::outside(&mut command)
        .args(["--exact", test, "--nocapture"])
        .env("LEAVE_A_PROGRAM", "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test can start itself");
    let stdout = std::io::BufReader::new(test.stdout.take().expect("a pipe"));
    let pid = std::io::BufRead::lines(stdout)
        .find_map(|line| line.ok()?.trim().parse().ok())
        .expect("the number of the program's process");
    assert!(is_alive(pid));
    test.kill().expect("the test can be killed");
    test.wait().expect("the test has ended");
    expect_gone(pid);
}

/// It ends with nothing but the guard: its group is another one, and nobody is told of it.
#[test]
#[cfg(target_os = "linux")]
fn a_test_that_is_killed_leaves_nothing_running_that_has_left_its_group() {
    if std::env::var_os("LEAVE_A_PROGRAM").is_some() {
        let script = "setsid sh -c 'echo $$; exec sleep 1000' & wait";
        let program = shell(script).start::<&str>([]);
        println!("{}", printed_pids(&program, 1)[0]);
        std::thread::park();
    }
    expect_gone_with_its_test(
        "a_test_that_is_killed_leaves_nothing_running_that_has_left_its_group",
    );
}

#[test]
fn the_environment_of_a_program_is_the_same_everywhere() {
    let program = shell(
        "echo ${RUST_BACKTRACE-unset} ${RUST_LIB_BACKTRACE-unset} $PYTHONUNBUFFERED $PYTHONUTF8",
    )
    .start::<&str>([]);
    program.expect_line("unset unset 1 1");
}

#[test]
#[cfg(target_os = "linux")]
fn a_limit_of_open_files_is_the_programs() {
    // It opens a file whenever it is sent SIGTERM.
    let script = "trap ': < /dev/null && echo opened' TERM; echo ready; while :; do wait; done";
    let program = shell(script).start::<&str>([]);
    program.expect_line("ready");
    program.signal(harness::Signal::Term);
    program.expect_line("opened");
    program.limit_open_files(0);
    program.signal(harness::Signal::Term);
    program.expect_stderr(&predicate::str::is_empty().not());
}

/// A Python program that does not flush its first line.
#[cfg(target_os = "linux")]
const UNFLUSHED: &str = "
import socket, sys, time
listener = socket.create_server(('127.0.0.1', 0))
sys.stdout = open(1, 'w', buffering=4096)
print('listening on %s:%d' % listener.getsockname())
print('ready', file=sys.stderr)
time.sleep(1000)
";

#[test]
#[cfg(target_os = "linux")]
fn a_line_that_was_not_flushed_is_recognised() {
    let transcript = failure(|| {
        let scenario = Scenario::of_command(["python3", "-c", UNFLUSHED]);
        let program = scenario.start::<&str>([]);
        program.expect_stderr(&predicate::eq("ready\n"));
        scenario.set_limit(SHORT);
        program.expect_listening();
    });
    expect_in_order(
        &transcript,
        &[
            "Cause: The program does listen, on 127.0.0.1:",
            "flush stdout",
        ],
    );
}

/// A Python server of two clients, one after the other.
const ONE_BY_ONE: &str = "
import socket
listener = socket.create_server(('127.0.0.1', 0))
print('listening on %s:%d' % listener.getsockname())
for _ in range(2):
    connection, peer = listener.accept()
    print('accepted', flush=True)
    connection.sendall(connection.recv(1024).decode('gbk').encode('utf-8'))
    connection.recv(1)
    connection.close()
";

fn one_by_one() -> Scenario {
    Scenario::of_command(["python3", "-c", ONE_BY_ONE])
}

#[test]
#[cfg(target_os = "linux")]
fn a_client_that_nobody_accepts_is_recognised() {
    let transcript = failure(|| {
        let scenario = one_by_one();
        let server = scenario.start_server();
        let _first = server.connect();
        server.expect_line("accepted");
        scenario.set_limit(SHORT);
        let mut second = server.connect();
        second.send_text("hello");
        second.expect_text("hello");
    });
    expect_in_order(
        &transcript,
        &[
            "Got: nothing for 100ms\n",
            "Cause: The connection of client B waits ",
            "in the accept queue",
        ],
    );
}

#[test]
fn utf_8_on_the_wire_is_recognised() {
    let transcript = failure(|| {
        let server = one_by_one().start_server();
        let mut client = server.connect();
        client.send_text("你好");
        client.expect_text("你好");
    });
    expect_in_order(
        &transcript,
        &[
            "sends \"你好\" (4 bytes: c4 e3 ba c3)\n",
            "Expected: ",
            "Cause: These are the bytes of UTF-8. The text on the wire is GBK.\n",
        ],
    );
}

#[test]
fn a_reset_is_told_apart_from_an_end() {
    let scenario = Scenario::of_command(["/bin/true"]);
    let listener = scenario.listen();
    let mut client = scenario.connect(listener.address());
    listener.accept().reset();
    client.expect_reset();

    let mut client = scenario.connect(listener.address());
    let server = listener.accept();
    server.close();
    client.expect_end();

    let transcript = failure(|| {
        let mut client = scenario.connect(listener.address());
        listener.accept().reset();
        client.expect_end();
    });
    expect_in_order(
        &transcript,
        &[
            "Expected: client C receives ",
            "the end of the stream",
            "Got: a reset",
        ],
    );
}

#[test]
fn a_port_that_is_held_refuses_connections() {
    let scenario = Scenario::of_command(["/bin/true"]);
    let held = scenario.hold_refusing_port();
    scenario.expect_refused(held.address());
    let listener = scenario.listen();
    let transcript = failure(|| scenario.expect_refused(listener.address()));
    expect_in_order(
        &transcript,
        &["refuses connections", "Got: it accepted one"],
    );
}

#[test]
fn half_a_reply_and_a_wrong_line_are_told() {
    let transcript = failure(|| {
        let scenario = Scenario::of_command(["/bin/true"]);
        let listener = scenario.listen();
        let mut client = scenario.connect(listener.address());
        let mut server = listener.accept();
        server.send(b"server: hel");
        server.close();
        client.expect_text("server: hello, client!");
    });
    expect_in_order(
        &transcript,
        &["Got: \"server: hel\" (11 bytes), then the end of the stream\n"],
    );

    let transcript = failure(|| {
        let program = shell(r#"echo '1.2.3.4:5 sent "���"'"#).start::<&str>([]);
        program.expect_line("1.2.3.4:5 sent \"你好\"");
    });
    expect_in_order(&transcript, &["Cause: GBK bytes were decoded as UTF-8."]);
}

#[test]
fn a_reply_that_goes_on_is_told_so() {
    let transcript = failure(|| {
        let scenario = Scenario::of_command(["/bin/true"]);
        let listener = scenario.listen();
        let mut client = scenario.connect(listener.address());
        let mut server = listener.accept();
        server.send(b"15 characters in 12 bytes");
        client.expect(b"15 characters in 9 bytes");
    });
    expect_in_order(&transcript, &["Got: ", "(the first 24 bytes; more came)\n"]);
}

#[test]
fn a_raw_escape_character_is_told_apart_from_its_escape() {
    let transcript = failure(|| {
        let program = shell(r#"printf '1.2.3.4:5 sent "\033[2J"\n'"#).start::<&str>([]);
        program.expect_line(r#"1.2.3.4:5 sent "\u{1b}[2J""#);
    });
    expect_in_order(&transcript, &["Cause: The program printed the raw byte 1b"]);
}

/// A Python client that receives 1 KB in a millisecond at most.
const SLOW: &str = "
import socket, sys, time
ip, port = sys.argv[1].split(':')
connection = socket.create_connection((ip, int(port)))
while connection.recv(1024):
    time.sleep(0.001)
";

#[test]
fn a_program_that_receives_too_slowly_is_told_so() {
    let transcript = failure(|| {
        let scenario = Scenario::of_command(["python3", "-c", SLOW]);
        let listener = scenario.listen_with_small_buffers();
        let _program = scenario.start([listener.address().to_string()]);
        let mut server = listener.accept();
        scenario.set_limit(Duration::from_millis(500));
        server.send(&vec![b'x'; 100 << 20]);
    });
    expect_in_order(
        &transcript,
        &[
            "Expected: the program receives all",
            "of 104857600 bytes for 500ms\n",
            "Cause: The program was still receiving, but too slowly.",
        ],
    );
}

#[test]
fn the_command_may_come_from_the_environment() {
    // The variable is of the whole process: this test runs itself in another one.
    if std::env::var_os("PROGRAM").is_some() {
        let program = Scenario::of("/no/such/program").start(["three four"]);
        program.expect_line("one two:three four");
        return;
    }
    let mut command = Command::new(std::env::current_exe().expect("our own path"));
    let status = harness::outside(&mut command)
        .args(["--exact", "the_command_may_come_from_the_environment"])
        .env("PROGRAM", "/bin/sh -c 'echo \"$0:$1\"' 'one two'")
        .stdout(Stdio::null())
        .status()
        .expect("this test can start itself");
    assert!(status.success());
}

#[test]
fn a_folder_in_the_command_is_found_from_anywhere() {
    if std::env::var_os("PROGRAM").is_some() {
        let folder = Scenario::of("/no/such/program").command()[1].clone();
        assert!(Path::new(&folder).is_absolute(), "{folder}");
        return;
    }
    let mut command = Command::new(std::env::current_exe().expect("our own path"));
    let status = harness::outside(&mut command)
        .args(["--exact", "a_folder_in_the_command_is_found_from_anywhere"])
        .env("PROGRAM", "ls src")
        .stdout(Stdio::null())
        .status()
        .expect("this test can start itself");
    assert!(status.success());
}

#[test]
#[cfg(target_os = "linux")]
fn a_signal_reaches_the_server_that_a_script_has_started() {
    let source = "\
import signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
listener = socket.create_server(('127.0.0.1', 0))
print('listening on %s:%d' % listener.getsockname(), flush=True)
listener.accept()
";
    // A second command keeps the shell from becoming the server itself.
    let script = "python3 -c \"$1\"; exit $?";
    let server = Scenario::of_command(["/bin/sh", "-c", script, "sh", source]).start_server();
    server.signal(harness::Signal::Term);
    server.expect_exit(7);
}

#[test]
fn programs_are_told_apart_by_the_steps_that_have_started_them() {
    let transcript = failure(|| {
        let scenario = shell("echo $0");
        let one = scenario.start(["one"]);
        one.expect_exit(0);
        scenario.start([&"x".repeat(1000)]).expect_exit(1);
    });
    expect_in_order(
        &transcript,
        &[
            "3. start the program with xxx",
            "xxx (1000 characters)",
            "The stdout of the program of step 1, 4 bytes",
            "The stdout of the program of step 3, 1001 bytes",
        ],
    );
}

#[test]
fn a_check_says_that_its_folder_is_empty_to_who_looks_for_a_file_there() {
    let transcript = failure(|| {
        harness::check("/bin/sh", |scenario| {
            scenario.start(["-c", "cat data.txt"]).expect_exit(0);
            Ok(Passed)
        });
    });
    expect_in_order(
        &transcript,
        &["Cause: The program runs in an empty folder."],
    );
}

#[test]
fn stdin_is_written_in_the_background_and_ended() {
    let program = shell("cat; echo over").start_with_stdin::<&str>([]);
    program.write_stdin("one\n");
    program.expect_output(b"one\n");
    program.write_stdin("two\n");
    program.close_stdin();
    program.expect_exit(0);
    program.expect_output(b"one\ntwo\nover\n");

    // Who does not read holds nobody.
    let program = shell("exec sleep 1000").start_with_stdin::<&str>([]);
    program.write_stdin(vec![0; 10_000_000]);
    program.expect_running();
}

#[test]
fn a_long_output_is_compared_with_a_block() {
    let block: Vec<u8> = (0..=250).collect();
    let all = block.repeat(10_000);
    let program = shell("cat").start_copying::<&str>([], block.clone());
    program.write_stdin(all.clone());
    program.close_stdin();
    program.expect_exit(0);
    program.expect_copied(2_510_000);

    for (position, changed) in [(0, 1), (2_000_000, 1), (2_509_999, 1)] {
        let transcript = failure(|| {
            let mut wrong = all.clone();
            wrong[position] ^= changed;
            let program = shell("cat").start_copying::<&str>([], block.clone());
            program.write_stdin(wrong);
            program.close_stdin();
            program.expect_copied(2_510_000);
        });
        expect_in_order(
            &transcript,
            &[&format!("Got: another byte at position {position}\n")],
        );
    }
}

#[test]
fn what_is_done_again_and_again_is_told_once() {
    let mut times = 0;
    let text = failure(|| {
        let scenario = shell("exit $0");
        scenario.again_and_again(Duration::from_secs(60), || {
            times += 1;
            let status = if times < 3 { "0" } else { "7" };
            scenario.start([status]).expect_exit(0);
        });
    });
    assert_eq!(times, 3);
    let start = "again and again for 60s; this is time 3";
    expect_in_order(
        &text,
        &["1. do what follows", start, "2. start", "status 7"],
    );
    assert_eq!(text.matches("start the program").count(), 1, "{text}");
}

#[test]
fn a_check_has_a_deadline_and_a_folder_of_its_own() {
    let start = Instant::now();
    let transcript = failure(|| {
        harness::check::check_within(Duration::from_secs(1), "/bin/sh", |scenario| {
            let program = scenario.start(["-c", "pwd; ls -A; exec sleep 1000"]);
            program.expect_stdout(&predicate::str::contains("/check-"));
            assert_eq!(program.stdout().lines().count(), 1, "the folder is empty");
            scenario.set_limit(Duration::from_secs(1000));
            program.expect_exit(0);
            Ok(Passed)
        });
    });
    assert!(start.elapsed() < Duration::from_secs(15));
    expect_in_order(
        &transcript,
        &["Got: it still runs, waited until the time of the check was over"],
    );
}

/// Expects that a check ends this Python program because of the memory that it uses.
#[cfg(target_os = "linux")]
fn expect_too_much_memory(source: &str) {
    let python = "python3";
    let mut version = Command::new(python);
    if harness::outside(&mut version).arg("-V").output().is_err() {
        return harness::skip("there is no python3");
    }
    let transcript = failure(|| {
        harness::check(python, |scenario| {
            scenario.start(["-S", "-c", source]).expect_exit(0);
            Ok(Passed)
        });
    });
    expect_in_order(&transcript, &["used more than 512 MB of memory"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_check_has_a_limit_of_memory() {
    expect_too_much_memory("a = [b'x' * 100_000_000 for _ in range(100)]");
}

#[test]
#[cfg(target_os = "linux")]
fn a_limit_of_memory_holds_without_the_first_thread() {
    // When the first thread has ended, the kernel shows no memory of the process any more.
    expect_too_much_memory(
        "
import ctypes, os, threading, time
def eat():
    first = f'/proc/self/task/{os.getpid()}/stat'
    while ') Z ' not in open(first).read():
        time.sleep(0.001)
    a = [b'x' * 100_000_000 for _ in range(100)]
    time.sleep(1000)
threading.Thread(target=eat).start()
ctypes.CDLL(None).pthread_exit(None)
",
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_supervised_child_is_ended_at_its_limit_with_all_that_it_has_started() {
    // A child in a session of its own holds the pipe of stderr, and more is printed than fits
    // into the pipe.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ready = folder.path().join("ready");
    let script = "setsid sleep 1000 & echo $! >&2; yes | head -c 100000 >&2; : > \"$0\"; wait";
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", script])
        .arg(&ready)
        .stderr(Stdio::piped());
    let running = Supervised::start(&mut command, 1000).expect("it can be started");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !ready.exists() {
        assert!(Instant::now() < deadline, "its stderr is not drained");
        std::thread::yield_now();
    }
    let ended = running.wait(SHORT).expect("it ends");
    assert!(!ended.in_time);
    assert!(!ended.status.success());
    let (pid, printed) = ended.stderr.text.split_once('\n').expect("two lines");
    assert!(printed.starts_with("y\ny\n"), "{printed}");
    let first = pid.len() + 1;
    assert_eq!(first + printed.len(), 1000);
    assert_eq!(ended.stderr.left_out, 100_000 + first as u64 - 1000);
    assert!(!is_alive(pid.parse().expect("a process number")));
}

#[test]
fn a_supervised_child_that_ends_in_time_is_told_so() {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "cat >&2; exit 3"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = Supervised::start(&mut command, 10).expect("it can be started");
    let mut stdin = running.stdin().expect("a pipe");
    stdin.write_all(b"hello").expect("it reads");
    drop(stdin);
    let ended = running.wait(Duration::from_secs(20)).expect("it ends");
    assert!(ended.in_time);
    assert_eq!(ended.status.code(), Some(3));
    assert_eq!(ended.stderr.text, "hello");
    assert_eq!(ended.stderr.left_out, 0);
}

/// How the machine has delayed a child that runs this script for a second.
#[cfg(target_os = "linux")]
fn delay(script: &str) -> harness::HeldUp {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    let running = Supervised::start(&mut command, 0).expect("it can be started");
    let ended = running.wait(Duration::from_secs(1)).expect("it ends");
    assert!(!ended.in_time);
    ended.held_up
}

#[test]
#[cfg(target_os = "linux")]
fn a_supervised_child_that_waits_for_processors_is_told_from_one_that_sleeps() {
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    let busy = "while :; do :; done & ".repeat(4 * processors);
    assert!(delay(&format!("{busy}wait")) > harness::HeldUp::Waiting(Duration::from_secs(1)));
    assert!(delay("exec sleep 1000") < harness::HeldUp::Waiting(Duration::from_millis(500)));
}
