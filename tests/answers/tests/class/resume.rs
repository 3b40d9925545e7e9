//! A run that was stopped goes on where it was, and a part leaves the rest as it was.

use crate::{Class, class_of_all_kinds, count, grade, model, status_of};
use assert_cmd::assert::OutputAssertExt;
use classroom::record::Status;
use classroom::store;
use predicates::prelude::*;
use predicates::str::contains;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn stopped_at_any_moment_it_goes_on_where_it_was() {
    let class = class_of_all_kinds();
    let roster = class.path("roster.csv");
    let roster = roster.to_str().expect("the path is text");
    let arguments = ["--only", "1", "--roster", roster];
    let done = class.grade_all("whole", &arguments);
    done.stdout(contains("xaver").or(contains("Xaver")));
    let whole = class.files("whole");
    for name in [
        "grades.csv",
        "report.html",
        "junit.xml",
        "records/xaver.json",
        "results/xaver.json",
    ] {
        assert!(
            whole.contains_key(Path::new(name)),
            "{name} in {:?}",
            whole.keys()
        );
    }

    let is_chinese = |name: &str| whole[Path::new(name)].contains("练习");
    assert!(is_chinese("feedback/4711.txt") && is_chinese("feedback/4711.html"));
    assert!(!is_chinese("feedback/anna.txt") && !is_chinese("report.html"));

    // Killed when some students are done, again and again, until there is nothing to kill.
    let mut kills = 0;
    let arguments = ["--roster", roster];
    loop {
        let before = count(&class.path("parts/records"));
        let mut command = class.grade("parts", &arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut grader = command.spawn().expect("the grader can be started");
        let deadline = Instant::now() + Duration::from_secs(120);
        let ended = loop {
            if let Some(status) = grader.try_wait().expect("it can be waited for") {
                break Some(status);
            }
            if count(&class.path("parts/records")) > before {
                break None;
            }
            assert!(Instant::now() < deadline, "nothing happens");
            thread::sleep(Duration::from_millis(5));
        };
        if let Some(status) = ended {
            assert!(status.success());
            break;
        }
        grader.kill().expect("it can be killed");
        grader.wait().expect("it can be waited for");
        kills += 1;
    }
    assert!(kills >= 3, "it was killed {kills} times only");
    // A grader that is killed while it writes leaves a file which the next one takes away.
    let unfinished = ["parts/.new-abc", "parts/feedback/.new-def"].map(|name| class.path(name));
    for path in &unfinished {
        fs::write(path, "half a fi").expect("a file can be written");
    }
    class.grade_all("parts", &arguments);
    for path in &unfinished {
        assert!(!path.exists(), "{} is still there", path.display());
    }
    // What was graded before is as it was, and the rest as if nothing had happened.
    class.grade_all("again", &arguments);
    class.assert_same("parts", "again");
    // Nothing is left to do, and nothing changes.
    class
        .grade("parts", &arguments)
        .assert()
        .success()
        .stdout(contains("as before"));
    class.assert_same("parts", "again");
}

#[test]
fn a_part_that_is_graded_again_leaves_the_rest_as_it_was() {
    let class = Class::new();
    // A file that does not compile is graded at once.
    for name in ["ann_05.rs", "ann_06.rs", "bob_05.rs"] {
        class.hand_in(name, "not Rust");
    }
    class.grade("out", &["--only", "5"]).assert().success();

    // Next week, in a folder of its own; Bob has handed in nothing.
    fs::remove_file(class.path("in/ann_05.rs")).expect("it is there");
    fs::remove_file(class.path("in/bob_05.rs")).expect("it is there");
    let roster = class.path("roster.csv");
    fs::write(&roster, "id,name\nann,Ann Li\nbob,Bob\n").expect("a file");
    let roster = roster.to_str().expect("the path is text");
    let arguments = ["--only", "6", "--roster", roster];
    class.grade("out", &arguments).assert().success();
    let statuses = |id: &str| {
        let records = class.records("out");
        [5, 6].map(|exercise| status_of(&records[id], exercise))
    };
    assert_eq!(statuses("ann"), [Status::DoesNotCompile; 2]);
    assert_eq!(statuses("bob"), [Status::DoesNotCompile, Status::Missing]);
    // The name has come with the roster, also for what was graded before.
    assert_eq!(class.records("out")["ann"].student.name, "Ann Li");

    // Whom the folder does not know stays while a part is graded, and is told to be gone when
    // all of the class is.
    let arguments = ["--only", "6", "--student", "ann"];
    class.grade("out", &arguments).assert().success();
    assert_eq!(statuses("bob"), [Status::DoesNotCompile, Status::Missing]);
    class
        .grade("out", &[])
        .assert()
        .success()
        .stdout(contains("bob is not in the class any more"));
    assert!(!class.records("out").contains_key("bob"));
    assert!(!class.path("out/feedback/bob.txt").exists());
}

#[test]
fn a_part_that_was_stopped_goes_on_too_and_begins_anew_when_it_is_done() {
    let class = Class::new();
    for number in 0..12 {
        class.hand_in(&format!("s{number:02}_05.rs"), "not Rust");
    }
    let only = ["--only", "5"];
    class.grade("out", &only).assert().success();
    class
        .grade("out", &only)
        .assert()
        .success()
        .stdout(contains("as before").not());
    // Stopped when the first one is graded anew.
    let mut command = class.grade("out", &only);
    let mut grader = command
        .stdout(Stdio::piped())
        .spawn()
        .expect("the grader can be started");
    let lines = BufReader::new(grader.stdout.take().expect("it is piped")).lines();
    let mut lines = lines.map(|line| line.expect("it can be read"));
    assert!(lines.any(|line| line.starts_with("1/12")));
    grader.kill().expect("it can be killed");
    grader.wait().expect("it can be waited for");
    class
        .grade("out", &only)
        .assert()
        .success()
        .stdout(contains("1/12").and(contains("as before")));
}

#[test]
fn parts_make_the_whole() {
    let class = class_of_all_kinds();
    class.grade_all("whole", &["--only", "1"]);
    for part in 1..=3 {
        let partition = format!("{part}/3");
        let out = format!("part-{part}");
        let arguments = ["--only", "1", "--partition", &partition];
        class.grade_all(&out, &arguments);
    }
    let mut merge = grade(&["merge"]);
    merge.arg(class.path("merged"));
    for part in 1..=3 {
        merge.arg(class.path(&format!("part-{part}")));
    }
    merge.assert().success();
    class.assert_same("merged", "whole");
}

/// Runs a script, which gets a folder and a command, with mounts of its own. `None`, with a note
/// on stderr, if this machine permits none.
fn with_own_mounts(script: &str, folder: &Path, inner: &Command) -> Option<Output> {
    let mut command = Command::new("unshare");
    harness::outside(&mut command)
        .args(["--mount", "--map-root-user", "sh", "-c", script])
        .arg(folder)
        .arg(inner.get_program())
        .args(inner.get_args());
    let output = command.output().expect("unshare can be run");
    let words = String::from_utf8_lossy(&output.stderr);
    if words.contains("unshare:") || words.contains("mount:") {
        harness::skip(&format!("a small file system cannot be made: {words}"));
        return None;
    }
    Some(output)
}

#[test]
fn a_full_disk_is_told_and_leaves_what_is_done() {
    let class = class_of_all_kinds();
    let out = class.path("small");
    fs::create_dir(&out).expect("a folder can be made");
    // A sandbox cannot be set up inside another one.
    let inner = class.grade_somehow("small", &["--only", "1", "--no-sandbox"]);
    // A file system of its own that holds one student, or two.
    let mount = "mount -t tmpfs -o size=96k none \"$0\" && \"$@\"; status=$?; cp -r \"$0\" \"$0-copy\"; exit $status";
    let Some(output) = with_own_mounts(mount, &out, &inner) else {
        return;
    };
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.contains("No space left"), "{words}");
    assert!(words.contains("goes on from it"), "{words}");
    // Whatever is there is whole.
    let copy = class.path("small-copy");
    let records = store::records(&copy).expect("the results can be read");
    assert_eq!(records.len(), count(&copy.join("records")));
    assert!(records.len() < 9, "all have found room");
}

#[test]
fn what_the_machine_cannot_grade_has_no_points_and_is_graded_in_the_next_run() {
    let class = Class::new();
    class.hand_in("ada/01.rs", &model(1));
    // The records of its checks do not fit into the file system of the temporary files.
    let inner = class.grade_somehow("report", &["--only", "1", "--no-sandbox"]);
    let mount = "mount -t tmpfs -o size=4k none \"$0\" && TMPDIR=\"$0\" exec \"$@\"";
    let Some(output) = with_own_mounts(mount, Path::new("/mnt"), &inner) else {
        return;
    };
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(
        words.contains("no grade because of this machine"),
        "{words}"
    );
    assert_eq!(
        status_of(&class.records("report")["ada"], 1),
        Status::NotGradable
    );
    let grades = || fs::read_to_string(class.path("report/grades.csv")).expect("a gradebook");
    assert!(grades().contains("ada,ada,,,not gradable,"), "{}", grades());
    let results = fs::read(class.path("report/results/ada.json")).expect("results");
    let results: serde_json::Value = serde_json::from_slice(&results).expect("JSON");
    assert!(results.get("score").is_none(), "{results}");

    class.grade("report", &["--only", "1"]).assert().success();
    assert!(grades().contains("ada,ada,100,100,graded,"), "{}", grades());
}

#[test]
fn a_class_has_one_seed() {
    let class = Class::new();
    // A file that does not compile is graded at once.
    class.hand_in("ann_05.rs", "not Rust");
    let seed = |seed: &'static str| class.grade("out", &["--only", "5", "--seed", seed]);
    seed("7").assert().success();
    seed("7").assert().success();
    seed("8")
        .assert()
        .failure()
        .stderr(contains("was graded with seed 7"));
    let notes = store::class_notes(&class.path("out")).expect("the notes can be read");
    assert_eq!(notes.seed, Some(7));
}
