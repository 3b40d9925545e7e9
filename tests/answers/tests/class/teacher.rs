//! The teacher has the last word.

use crate::{Class, class_of_all_kinds, sandbox, score, wrong};
use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

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

    // Bob's record is of a version that kept sentences, as does what it says of the class. Cat's results are of one that had no
    // records besides, and so are those of Dan, who has left.
    let bob = class.path("out/records/bob.json");
    let edit = |path: &Path, change: &dyn Fn(&mut Value)| {
        let text = fs::read_to_string(path).expect("a file of the report");
        let mut value = serde_json::from_str(&text).expect("it is JSON");
        change(&mut value);
        fs::write(path, value.to_string()).expect("a file can be written");
    };
    edit(&bob, &|record| {
        record["exercises"][4]["message"] = "a sentence".into();
    });
    let notices = json!(["a sentence"]);
    edit(&class.path("out/class.json"), &|class| {
        class["notices"] = notices.clone();
    });
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

#[test]
fn a_report_is_written_in_another_language_and_nothing_is_graded_again() {
    let class = Class::new();
    let (_, wrong, _) = wrong(1, ".rs").swap_remove(0);
    class.hand_in("ann/01.rs", &wrong);
    class.hand_in("ann/build.rs", "");
    class.hand_in("ben/05.rs", "not Rust");
    class.hand_in("cat/solution.rs", "fn main() {}");
    class.hand_in("notes.csv", "");
    let roster = class.path("roster.csv");
    fs::write(&roster, "id,name\nann,Ann\nben,Ben\ndan,Dan\n").expect("a file can be written");
    fs::create_dir(class.path("out")).expect("a folder can be made");
    let overrides = "student,exercise,points,reason\ndan,5,40,\"on paper\"\n";
    fs::write(class.path("out/overrides.csv"), overrides).expect("a file can be written");
    let roster = roster.to_str().expect("the path is text");
    let grade = |language: &str| {
        let mut command = class.grade_in(language, "out", &["--roster", roster]);
        let output = command.args(sandbox()).output().expect("the grader runs");
        assert!(output.status.success(), "{output:?}");
        let words = String::from_utf8(output.stdout).expect("it is text");
        (words, class.files("out"))
    };
    let (told, english) = grade("en");
    let (told_in_chinese, chinese) = grade("zh");
    let as_before = told_in_chinese.matches("与之前相同").count();
    assert_eq!(as_before, 3, "{told_in_chinese}");
    let (_, again) = grade("en");
    assert_eq!(again, english);

    let files = |files: &BTreeMap<PathBuf, String>| {
        let read = files.iter().filter(|(path, _)| !is_kept(path));
        read.map(|(_, text)| text.as_str()).collect::<String>()
    };
    // A notice, what is not understood of a student's and of the class, a transcript, and points
    // by hand.
    for (sentence, in_chinese) in [
        ("do not count, the teacher's are used", "用的是老师的"),
        ("nothing says which exercise", "看不出这些文件是哪个练习的"),
        ("is not in the roster", "名单里没有这名学生"),
        ("a name such as alice_05.rs", "alice_05.rs 这样"),
        ("Expected:", "期望："),
        ("40 instead of 0", "40 分（原为 0）"),
    ] {
        let (english, chinese) = (files(&english), files(&chinese));
        assert!(english.contains(sentence), "{sentence}");
        assert!(!chinese.contains(sentence), "{sentence}");
        assert!(chinese.contains(in_chinese), "{in_chinese}");
        assert!(!english.contains(in_chinese), "{in_chinese}");
    }
    assert!(told.contains("is not in the roster"), "{told}");
    assert!(!told_in_chinese.contains("roster"), "{told_in_chinese}");
    let kept = |files: &BTreeMap<PathBuf, String>| {
        let kept = files.clone().into_iter();
        kept.filter(|(path, _)| is_kept(path)).collect::<Vec<_>>()
    };
    assert_eq!(kept(&english), kept(&chinese));
}

/// Whether a file of a report is what is known, and not what others read.
fn is_kept(path: &Path) -> bool {
    path.starts_with("records") || path.ends_with("class.json")
}
