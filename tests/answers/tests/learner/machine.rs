//! What the machine lacks is never a grade, and reports are never those of an earlier grading.

use crate::copy::{Copy, kept};
use assert_cmd::assert::{Assert, OutputAssertExt};
use harness::{Scenario, Signal, message, skip};
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Grades with other words in front, as `prlimit --nofile=64:64`.
fn grade_under(copy: &Copy, words: &[&str], arguments: &[&str]) -> Assert {
    let mut command = copy.command(words[0]);
    command.args(&words[1..]).arg(copy.grader());
    command.args(arguments).assert()
}

/// A copy with a right answer that has been graded.
fn with_answer() -> std::sync::MutexGuard<'static, Copy> {
    let copy = kept();
    fs::write(copy.file(), copy.answer()).expect("the file can be written");
    copy.grade(&["02"]).code(0);
    copy
}

#[test]
fn a_full_disk_is_no_grade() {
    let copy = with_answer();
    // A file system of 4 KB, in a namespace of mounts of its own.
    let script = "mount -t tmpfs -o size=4k none /mnt && export TMPDIR=/mnt && exec \"$@\"";
    let unshare = ["unshare", "--user", "--map-root-user", "--mount"];
    let permitted = Command::new(unshare[0])
        .args(&unshare[1..])
        .arg("true")
        .status();
    if !permitted.is_ok_and(|status| status.success()) {
        return skip("this machine permits no namespaces");
    }
    let words = [&unshare[..], &["sh", "-c", script, "sh"]].concat();
    let output = grade_under(&copy, &words, &["02", "--json"]);
    let told = contains("not gradable").and(contains("can be written in /mnt"));
    let output = output.code(2).stderr(told).get_output().stdout.clone();
    let json: Value = serde_json::from_slice(&output).expect("stdout is JSON");
    assert!(json.get("score").is_none(), "{json}");
}

#[test]
fn too_few_descriptors_are_no_grade_and_a_low_limit_is_raised() {
    let copy = with_answer();
    // All of it fits into a limit that may be raised.
    grade_under(&copy, &["prlimit", "--nofile=64:1024"], &["02"]).code(0);
    // Here, a right answer does not.
    let chat = "python3 tests/answers/right/05/plain.py";
    let arguments = ["05", "--program", chat];
    grade_under(&copy, &["prlimit", "--nofile=20:20"], &arguments)
        .code(2)
        .stdout(contains("of 100 points").not());
}

#[test]
fn variables_of_the_harness_do_not_reach_a_grade() {
    let copy = with_answer();
    for (name, value) in [
        ("HARNESS_LIMIT", ""),
        ("HARNESS_LIMIT", "abc"),
        ("HARNESS_LIMIT", "0.005"),
        ("HARNESS_SANDBOX", "/bin/false"),
        ("HARNESS_MESSAGES", "/no/such/folder/list"),
        ("HARNESS_REQUESTED", "0"),
        ("PROGRAM_FOLDER", "/no/such/folder"),
        ("PROGRAM", "/bin/false"),
    ] {
        let mut command = copy.command(copy.grader());
        let graded = command.arg("02").env(name, value).assert();
        graded.code(0).stdout(contains("100 of 100 points."));
    }
}

#[test]
fn what_does_not_compile_is_in_the_reports_and_an_old_report_never_stays() {
    let copy = with_answer();
    let path = copy.folder.join("target/report.xml");
    let junit = path.to_string_lossy().into_owned();
    let arguments = ["02", "--json", "--junit", &junit];
    copy.grade(&arguments).code(0);
    let report = || fs::read_to_string(&path).unwrap_or_default();
    assert!(report().contains("failures=\"0\""), "{}", report());

    fs::write(copy.file(), "fn main() { nonsense }").expect("the file can be written");
    let output = copy.grade(&arguments).code(2).get_output().stdout.clone();
    let json: Value = serde_json::from_slice(&output).expect("stdout is JSON");
    assert_eq!(json["score"], 0);
    let first = json["tests"][0]["output"].as_str().unwrap_or_default();
    assert!(first.contains("cannot find value `nonsense`"), "{json}");
    assert!(
        report().contains("cannot find value `nonsense`"),
        "{}",
        report()
    );

    // All exercises: what does not compile has its points in it, none of them earned.
    let output = copy.grade(&["--json"]).code(2).get_output().stdout.clone();
    let json: Value = serde_json::from_slice(&output).expect("stdout is JSON");
    let tests = json["tests"].as_array().expect("a list of tests");
    let points = tests.iter().filter_map(|test| test["max_score"].as_u64());
    assert_eq!(points.sum::<u64>() % 100, 0);
    let of_this = tests
        .iter()
        .filter(|test| test["number"].as_str().is_some_and(|n| n.starts_with("2.")));
    assert!(of_this.count() > 3, "{json}");

    // Cargo fails, and not because of the learner's file.
    let mut command = copy.command(copy.grader());
    let graded = command
        .args(arguments)
        .env("RUSTC_WRAPPER", "/bin/false")
        .assert();
    graded.code(2).stderr(
        contains("does not compile")
            .not()
            .and(contains("cargo could not")),
    );
    assert!(report().contains("not gradable"), "{}", report());
}

#[test]
fn a_check_that_is_killed_once_is_made_again() {
    let copy = with_answer();
    // The program kills the check once: the process that has started it.
    let once = copy.folder.join("target/once");
    let _ = fs::remove_file(&once);
    let script = copy.folder.join("target/kills.sh");
    let text = format!(
        "#!/bin/sh\nif (set -C; : > {}) 2> /dev/null; then kill -KILL $PPID; fi\nexec {} \"$@\"\n",
        once.display(),
        copy.folder.join("target/debug/exercise-02").display()
    );
    fs::write(&script, text).expect("a script can be written");
    let program = format!("sh {}", script.display());
    copy.grade(&["02", "--program", &program]).code(0);
    assert!(once.exists(), "nothing was killed");
}

#[test]
fn a_file_in_another_encoding_is_named() {
    let copy = kept();
    // "你好" in GBK.
    let text = [
        b"// ".as_slice(),
        b"\xc4\xe3\xba\xc3\n",
        copy.answer().as_bytes(),
    ]
    .concat();
    fs::write(copy.file(), text).expect("the file can be written");
    let told = contains("is not saved as UTF-8").and(contains("does not compile"));
    copy.grade(&["02"]).code(2).stderr(told);
}

#[test]
fn exercises_are_named_as_their_packages_and_a_hint_is_about_the_next_one() {
    let copy = kept();
    for name in ["2", "02", "exercise-02", "exercise_02"] {
        copy.grade(&[name]).code(1).stdout(contains("Exercise 02"));
    }
    let told = contains("an exercise is named by its number, such as 05");
    copy.grade(&["exercise-two"]).code(2).stderr(told);
    copy.grade(&["hint"])
        .code(0)
        .stdout(contains("Exercise 01"));
}

#[test]
fn the_doctor_sees_an_old_python() {
    let copy = kept();
    let folder = copy.folder.join("target/old");
    fs::create_dir_all(&folder).expect("a folder");
    let old = folder.join("python3");
    fs::write(&old, "#!/bin/sh\necho Python 3.6.8\n").expect("a script can be written");
    let run = Command::new("chmod").arg("+x").arg(&old).status();
    assert!(run.expect("chmod can be run").success());
    let path = std::env::var("PATH").expect("there is a PATH");
    let mut command = copy.command(copy.grader());
    command.arg("doctor");
    command.env("PATH", format!("{}:{path}", folder.display()));
    command.assert().stdout(contains("this one is too old"));
}

#[test]
fn nothing_is_left_after_ctrl_c() {
    let copy = with_answer();
    let folder = copy.folder.join("target/interrupted");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    // A program that never listens, and whose child leaves its process group.
    let (script, pids) = (copy.folder.join("target/stays.sh"), folder.join("pids"));
    let text = format!(
        "#!/bin/sh\nsetsid sh -c 'echo $$ >> {}; exec sleep 1000' &\nexec sleep 1000\n",
        pids.display()
    );
    fs::write(&script, text).expect("a script can be written");
    let words = [
        // Whoever runs this test in the background ignores SIGINT.
        "env".to_string(),
        "--default-signal=INT".to_string(),
        format!("--chdir={}", copy.folder.display()),
        format!("TMPDIR={}", folder.display()),
        format!("CARGO_TARGET_DIR={}", copy.folder.join("target").display()),
        copy.grader().display().to_string(),
    ];
    let scenario = Scenario::of_command(words);
    let program = format!("sh {}", script.display());
    let grade = scenario.start(["02", "--program", &program]);
    let running = || fs::read_to_string(&pids).unwrap_or_default();
    scenario.wait_until(
        message!("a child of the program has left its group"),
        || running().contains('\n').then_some(()),
        || running().as_str().into(),
    );
    grade.signal(Signal::Int);
    grade.expect_exit(130);
    for pid in running().lines() {
        let path = format!("/proc/{pid}/stat");
        assert!(!Path::new(&path).exists(), "{:?}", fs::read_to_string(path));
    }
    let left = fs::read_dir(&folder).expect("the folder can be read");
    let left = left.flatten().map(|entry| entry.file_name());
    let left: Vec<_> = left.filter(|name| name != "pids").collect();
    assert!(left.is_empty(), "{left:?}");
}
