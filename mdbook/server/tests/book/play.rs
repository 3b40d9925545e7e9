//! `cargo book play` runs a session for a reader.

#![cfg(target_os = "linux")]

use std::process::{Command, Output, Stdio};

fn play(name: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_book"));
    // Without a terminal it goes on by itself.
    command.args(["play", name]).stdin(Stdio::null());
    command.output().expect("it can be started")
}

#[test]
fn a_session_is_played_with_what_comes_now() {
    let played = play("wire-run");
    let printed = String::from_utf8_lossy(&played.stdout);
    assert!(played.status.success(), "{played:?}");
    let order = [
        "1 $ cargo run -p lesson-04  [Enter]\n1   listening on 127.0.0.1:9090\n",
        "2 $ python3 ",
        " -- SYN ---",
        "TIME-WAIT\n",
        "1   client connected: 127.0.0.1:",
    ];
    let mut rest = &*printed;
    for wanted in order {
        let (_, after) = rest
            .split_once(wanted)
            .unwrap_or_else(|| panic!("{wanted:?} does not come in its place:\n{printed}"));
        rest = after;
    }
}

#[test]
fn a_name_that_no_session_has_shows_those_that_there_are() {
    let played = play("wire-walk");
    let errors = String::from_utf8_lossy(&played.stderr);
    assert!(!played.status.success());
    assert!(
        errors.contains("no session \"wire-walk\"") && errors.contains(" wire-run"),
        "{errors}"
    );
}
