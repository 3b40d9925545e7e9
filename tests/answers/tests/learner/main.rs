//! `cargo grade` as a learner uses it, in copies of the workspace that may be broken.
#![cfg(unix)]

mod bytes;
mod copy;
mod machine;

use assert_cmd::assert::OutputAssertExt;
use copy::{Copy, kept};
use harness::Scenario;
use predicates::prelude::*;
use predicates::str::contains;
use std::fs;
use std::time::Duration;

#[test]
fn a_learner_gets_from_the_starter_to_full_marks() {
    let copy = kept();
    let starter = copy.starter();

    // The starter: less than full marks, in both languages, without colours in a pipe.
    let plain = || contains("\u{1b}").not();
    copy.grade(&["02"])
        .code(1)
        .stdout(contains("Exercise 02").and(plain()));
    copy.grade(&["02", "--lang", "zh"])
        .code(1)
        .stdout(contains("练习 02").and(plain()))
        .stdout(contains("期望：").and(contains("Expected").not()));

    // What cannot be graded.
    copy.grade(&["42"])
        .code(2)
        .stderr(contains("there is no exercise 42"));
    copy.grade(&["no such command"]).code(2);
    copy.grade(&["02", "--program", "'"])
        .code(2)
        .stderr(contains("cannot use"));

    // Another program, in any language.
    let python = ["02", "--program", "python3 tests/answers/right/02/plain.py"];
    copy.grade(&python)
        .code(0)
        .stdout(contains("100 of 100 points."));
    copy.grade(&["02", "--program", "/no/such/program"])
        .code(1)
        .stdout(contains("0 of 100"));

    shows_packets(&copy);

    // It does not compile: the compiler's output is shown; the lessons' tests still build.
    fs::write(copy.file(), "fn main() { nonsense }").expect("the file can be written");
    let told = contains("cannot find value `nonsense`").and(contains("does not compile"));
    copy.grade(&["02"]).code(2).stderr(told);
    copy.cargo(&["test", "--quiet", "--no-run"]).success();

    // A hint, before and after it works.
    fs::write(copy.file(), &starter).expect("the file can be written");
    copy.grade(&["hint", "02"])
        .code(0)
        .stdout(contains("Exercise 02"));
    copy.grade(&["hint", "02", "--all"]).code(0);
    // The steps of the learner's file, in Chinese.
    copy.grade(&["hint", "02", "--all", "--lang", "zh"])
        .code(0)
        .stdout(contains("TODO: 第 4 步，接受一个客户端"));

    // Full marks, for people and for programs.
    fs::write(copy.file(), copy.answer()).expect("the file can be written");
    copy.grade(&["02"])
        .code(0)
        .stdout(contains("100 of 100 points."));
    let xml = copy.folder.join("target/report.xml");
    let junit = xml.to_string_lossy();
    let json = copy
        .grade(&["02", "--json", "--junit", &junit])
        .code(0)
        .get_output()
        .stdout
        .clone();
    let json: serde_json::Value = serde_json::from_slice(&json).expect("stdout is JSON");
    assert_eq!(json["score"], 100);
    let tests = json["tests"].as_array().expect("a list of tests");
    let points: u64 = tests
        .iter()
        .filter_map(|test| test["max_score"].as_u64())
        .sum();
    assert_eq!(points, 100);
    for key in [
        "name",
        "number",
        "score",
        "max_score",
        "status",
        "output",
        "tags",
    ] {
        assert!(
            tests.iter().all(|test| test.get(key).is_some()),
            "{key} is missing"
        );
    }
    let xml = fs::read_to_string(&xml).expect("the XML can be read");
    assert!(xml.contains("<testsuite name=\"exercise-02\""), "{xml}");

    can_be_reset(&copy, &starter);
    // The doctor looks at the machine.
    let machine = contains("Rust")
        .and(contains("python3"))
        .and(contains("open files"));
    copy.command(copy.grader())
        .arg("doctor")
        .assert()
        .stdout(machine);

    is_graded_at_every_save(&copy);
}

/// The packets of a failed check are shown when they are asked for; a check that passes when it
/// is run once more is said to have passed.
fn shows_packets(copy: &Copy) {
    let lesson = "python3 lessons/02-server/main.py";
    let title = || contains("On the wire: ");
    let graded = ["02", "--program", lesson];
    copy.grade(&graded).code(1).stdout(title().not());
    let can_record = copy.command(copy.grader()).arg("doctor").output();
    let can_record = can_record.expect("the doctor can be run").stdout;
    if !String::from_utf8_lossy(&can_record).contains("unshare --net") {
        let cure = contains("packets can be recorded on Linux");
        copy.grade(&["02", "--wire", "--program", lesson])
            .code(1)
            .stdout(title().and(cure));
        return;
    }
    // Only the ladder tells the bytes of a packet in this order.
    let packets = contains(" bytes \"").and(contains("TIME-WAIT"));
    copy.grade(&["02", "--wire", "--program", lesson])
        .code(1)
        .stdout(title().and(packets).and(contains("has passed").not()));

    // It is wrong the first time that it is run, and right after that.
    let mark = copy.folder.join("target/has-run");
    let _ = fs::remove_dir(&mark);
    let script = copy.folder.join("target/flaky.sh");
    let answer = copy.folder.join("tests/answers/right/02/plain.py");
    let text = format!(
        "mkdir '{}' 2> /dev/null && exit 1\nexec python3 '{}' \"$@\"\n",
        mark.display(),
        answer.display()
    );
    fs::write(&script, text).expect("the script can be written");
    let flaky = format!("sh '{}'", script.display());
    copy.grade(&["02", "--wire", "--program", &flaky])
        .code(1)
        .stdout(title().and(contains("has passed")));
}

/// Puts the starter back, after a question, and keeps a copy of the answer.
fn can_be_reset(copy: &Copy, starter: &str) {
    copy.grade(&["reset", "02"])
        .code(1)
        .stdout(contains("Nothing was changed."));
    assert_eq!(
        fs::read_to_string(copy.file()).expect("the file"),
        copy.answer()
    );
    copy.grade(&["reset", "02", "--yes"])
        .code(0)
        .stdout(contains("main.before-reset-1.rs"));
    assert_eq!(fs::read_to_string(copy.file()).expect("the file"), starter);
    let kept = copy.file().with_file_name("main.before-reset-1.rs");
    assert_eq!(fs::read_to_string(kept).expect("the copy"), copy.answer());
    copy.grade(&["reset", "02", "--yes"])
        .code(0)
        .stdout(contains("already"));
    copy.grade(&["reset", "02", "--yes", "--lang", "zh"])
        .code(0);
    let chinese = fs::read_to_string(copy.file()).expect("the file");
    assert!(chinese.starts_with("//! 练习 02："), "{chinese}");
    copy.grade(&["reset", "02", "--yes"]).code(0);
}

/// A save is noticed, and full marks lead on to the next exercise.
fn is_graded_at_every_save(copy: &Copy) {
    // A target folder that the environment names would get the copy's programs as well, under the
    // names that ours have.
    let target = format!("CARGO_TARGET_DIR={}", copy.folder.join("target").display());
    let grade = copy.grader().to_string_lossy().into_owned();
    let folder = copy.folder.to_string_lossy().into_owned();
    let words = ["env", "--chdir", &folder, &target, &grade];
    let scenario = Scenario::of_command(words);
    // It compiles, twice.
    scenario.set_limit(Duration::from_secs(120));
    let watch = scenario.start(["watch", "02"]);
    watch.expect_stdout(&contains("of 100 points."));
    fs::write(copy.file(), copy.answer()).expect("the file can be written");
    watch.expect_stdout(&contains("100 of 100 points."));
    watch.expect_stdout(&contains("Exercise 03"));
}
