//! The teacher has the last word.

use crate::{Class, class_of_all_kinds, score};
use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use predicates::str::contains;
use std::fs;
use std::path::Path;

#[test]
fn a_teacher_has_the_last_word() {
    let class = class_of_all_kinds();
    class.grade("out", &["--only", "1"]).assert().success();
    assert_eq!(score(&class, "dora"), 0);
    let overrides = class.path("out/overrides.csv");
    fs::write(
        &overrides,
        "student,exercise,points,reason\ndora,1,40,\"she showed it, at the board\"\n",
    )
    .expect("a file can be written");
    // Graded again, it stays.
    for arguments in [&["--only", "1"][..], &["--only", "1", "--student", "dora"]] {
        class.grade("out", arguments).assert().success();
        assert_eq!(score(&class, "dora"), 40);
    }
    for name in ["grades.csv", "feedback/dora.html", "feedback/dora.txt"] {
        let text = &class.files("out")[Path::new(name)];
        assert!(
            text.contains("she showed it, at the board"),
            "{name}: {text}"
        );
    }
    // A mistake in it is reported, and nothing is graded.
    fs::write(
        &overrides,
        "student,exercise,points,reason\nnobody,1,40,why\n",
    )
    .expect("a file");
    class
        .grade("out", &["--only", "1"])
        .assert()
        .code(2)
        .stderr(contains("nobody"));
}

#[test]
fn results_of_another_version_are_graded_again_and_the_teacher_is_told() {
    let class = Class::new();
    for id in ["ann", "bob", "cat"] {
        // A file that does not compile is graded at once.
        class.hand_in(&format!("{id}_05.rs"), "not Rust");
    }
    class.grade("out", &[]).assert().success();
    let records = class.records("out");

    // Bob's record is of a version that knew no status. Cat's results are of one that had no
    // records besides, and so are those of Dan, who has left.
    let bob = class.path("out/records/bob.json");
    let text = fs::read_to_string(&bob).expect("a record");
    fs::write(&bob, text.replace("\"status\"", "\"state\"")).expect("a file can be written");
    fs::remove_file(class.path("out/records/cat.json")).expect("it is there");
    let dan = class.path("out/results/dan.json");
    fs::copy(class.path("out/results/cat.json"), &dan).expect("a file can be copied");

    // A part of the class cannot be graded: the grades of the others would be gone.
    let part = class.grade("out", &["--only", "5", "--student", "ann"]);
    let told = contains("has 3 result(s) of another version").and(contains("the whole class"));
    { part }.assert().code(2).stderr(told);

    let graded_again = |count: usize| {
        let output = class.grade("out", &[]).output().expect("the grader runs");
        assert!(output.status.success(), "{output:?}");
        let words = String::from_utf8(output.stdout).expect("it is text");
        let before = words.lines().filter(|line| line.contains("as before"));
        assert_eq!(before.count(), 3 - count, "{words}");
        let notice = "result(s) of another version of cargo grade: graded again";
        let notices = words.lines().filter(|line| line.contains(notice));
        notices.map(str::to_string).collect::<Vec<_>>()
    };
    let notices = graded_again(2);
    assert!(
        notices.len() == 1 && notices[0].contains("3 result(s)"),
        "{notices:?}"
    );
    assert_eq!(class.records("out"), records);
    assert!(!dan.exists());
    // From then on they are like all others.
    assert!(graded_again(0).is_empty());
}
