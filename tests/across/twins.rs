//! The Python twins: each passes the tests of its lesson.

use std::process::Command;

/// Runs all tests of a lesson on its twin.
fn twin_passes_the_tests_of_lesson(number: u32) {
    let Some(twin) = workspace::lesson(number).twin() else {
        return;
    };
    let mut command = Command::new(workspace::lesson(number).tests());
    let twin = shlex::try_join(twin.iter().map(String::as_str)).expect("a command of words");
    let output = harness::outside(&mut command)
        .env("PROGRAM", &twin)
        .output();
    let output = output.expect("the tests can be started");
    assert!(
        output.status.success(),
        "`{twin}` does not pass the tests of lesson {number:02}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

#[test]
fn of_lesson_01_passes() {
    twin_passes_the_tests_of_lesson(1);
}

#[test]
fn of_lesson_02_passes() {
    twin_passes_the_tests_of_lesson(2);
}

#[test]
fn of_lesson_03_passes() {
    twin_passes_the_tests_of_lesson(3);
}

#[test]
fn of_lesson_04_passes() {
    twin_passes_the_tests_of_lesson(4);
}

#[test]
fn of_lesson_05_passes() {
    twin_passes_the_tests_of_lesson(5);
}

#[test]
fn of_lesson_06_passes() {
    twin_passes_the_tests_of_lesson(6);
}

#[test]
fn of_lesson_07_passes() {
    twin_passes_the_tests_of_lesson(7);
}
