//! The teacher has the last word.

use crate::{Class, class_of_all_kinds, grade, sandbox, score, status_of, wrong};
use assert_cmd::assert::OutputAssertExt;
use classroom::record::Status;
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
    // Of Cat nothing is known, before and now.
    for line in ["Ann：与之前相同", "Ben：与之前相同", "cat：无法识别"] {
        assert!(told_in_chinese.contains(line), "{told_in_chinese}");
    }
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
    assert!(
        !told_in_chinese.contains("is not in the roster"),
        "{told_in_chinese}"
    );
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

/// The commands that a report names for what was set aside are run as they stand there.
#[test]
fn a_command_of_the_report_takes_what_was_set_aside_and_the_report_remembers_it() {
    let class = Class::new();
    // What does not compile is judged at once.
    class.hand_in("ann/it's mine.rs", "not Rust");
    class.hand_in("bob/05.rs", "not Rust");
    class.hand_in("05.rs", "not Rust");
    class.hand_in("mallory_ann_06.rs", "not Rust");
    class.hand_in("ann/07.rs", "not Rust");
    fs::write(
        class.path("roster.csv"),
        "id,name\nann,Ann\nbob,Bob\ncat,Cat\n",
    )
    .expect("a file");
    let roster = class.path("roster.csv");
    let roster = roster.to_str().expect("the path is text");
    let arguments = ["--only", "5", "--only", "6", "--roster", roster];
    let output = class.grade("out", &arguments).assert().success();
    let told = String::from_utf8(output.get_output().stdout.clone()).expect("it is text");

    let statuses = |id: &str| {
        let records = class.records("out");
        [5, 6].map(|exercise| status_of(&records[id], exercise))
    };
    assert_eq!(statuses("ann"), [Status::NotUnderstood; 2]);
    assert_eq!(statuses("cat"), [Status::Missing; 2]);
    // Of each kind one, in the gradebook, on the page, and on the terminal.
    let options = [
        "it's mine.rs=ann:05",
        "mallory_ann_06.rs=ann:06",
        "in/05.rs=ID:05",
    ];
    let files = class.files("out");
    let commands = |text: &str| -> Vec<Vec<String>> {
        let lines = text.lines().filter_map(|line| {
            let command = line.trim().split_once("cargo grade ")?.1;
            shlex::split(command.trim_end_matches(','))
        });
        lines.collect()
    };
    let is_told = |text: &str, option: &str| {
        let mut all = commands(text).into_iter();
        all.any(|words| words.last().is_some_and(|last| last.ends_with(option)))
    };
    let gradebook = csv::Reader::from_path(class.path("out/grades.csv"));
    let rows = gradebook.expect("the gradebook").into_records();
    let cells: Vec<String> = rows
        .filter_map(|row| Some(row.ok()?.iter().next_back()?.to_string()))
        .collect();
    let cells = cells.join("\n");
    for option in &options[..2] {
        assert!(is_told(&cells, option), "{option} is not in {cells}");
    }
    for option in &options {
        assert!(is_told(&told, option), "{option} is not in {told}");
    }
    let page = &files[Path::new("report.html")];
    assert!(
        page.contains("--take") && page.contains("in/05.rs=ID:05"),
        "{page}"
    );
    // Students read the reason alone.
    let feedback = &files[Path::new("feedback/ann.txt")];
    assert!(
        feedback.contains("it's mine.rs") && !feedback.contains("--take"),
        "{feedback}"
    );

    // As a teacher copies it; what stands for an id and a number is for a teacher to know.
    for (text, option) in [
        (&cells, options[0]),
        (&cells, options[1]),
        (&told, options[2]),
    ] {
        let all = commands(text).into_iter();
        let words = { all }.find(|words| words.last().is_some_and(|last| last.ends_with(option)));
        let words = words.unwrap_or_else(|| panic!("{option} is not in {text}"));
        let known = |word: String| word.replace("=ID:", "=cat:").replace("ID", "cat");
        let words: Vec<String> = words.into_iter().map(known).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        grade(&words)
            .env("TMPDIR", class.path(""))
            .assert()
            .success();
    }
    let taken = |class: &Class| {
        assert_eq!(statuses("ann"), [Status::DoesNotCompile; 2]);
        assert_eq!(statuses("cat"), [Status::DoesNotCompile, Status::Missing]);
        assert_eq!(statuses("bob"), [Status::DoesNotCompile, Status::Missing]);
        assert!(!class.records("out").contains_key("mallory_ann"));
    };
    taken(&class);
    // A later run says nothing of it, and grades the same.
    class.grade("out", &arguments).assert().success();
    taken(&class);
    let forget = class.path("in/05.rs");
    let forget = format!("{}=", forget.display());
    let arguments = [&arguments[..], &["--take", &forget]].concat();
    class.grade("out", &arguments).assert().success();
    assert_eq!(statuses("cat"), [Status::Missing; 2]);
}

#[test]
fn what_cannot_be_taken_says_what_was_tried_and_leaves_no_report() {
    let class = Class::new();
    class.hand_in("ann/x.rs", "not Rust");
    let file = |name: &str| class.path("in").join(name).display().to_string();
    for (option, told) in [
        (format!("{}=ann:05", file("ann/y.rs")), "no file or folder"),
        (
            format!("{}=anna:05", file("ann/x.rs")),
            "no student with this id; there are ann",
        ),
        (
            format!("{}=ann:55", file("ann/x.rs")),
            "exercise 55 of ann: there are the exercises 01",
        ),
    ] {
        let command = class.grade("out", &["--take", &option]);
        { command }.assert().code(2).stderr(contains(told));
        assert!(!class.path("out").exists(), "{option}");
    }
}

#[test]
fn a_long_name_is_cut_wherever_people_read_it_and_s2_stands_before_s10() {
    let class = Class::new();
    for id in ["s10", "s2"] {
        // What does not compile is judged at once.
        class.hand_in(&format!("{id}/05.rs"), "not Rust");
    }
    class.hand_in(&format!("s2/{}.rs", "y".repeat(200)), "not Rust");
    let long = "x".repeat(300);
    let roster = class.path("roster.csv");
    fs::write(&roster, format!("id,name\ns10,Ann\ns2,{long}\n")).expect("a file");
    let roster = roster.to_str().expect("the path is text");
    let arguments = ["--only", "5", "--roster", roster];
    let output = class.grade("out", &arguments).assert().success();
    let told = String::from_utf8(output.get_output().stdout.clone()).expect("it is text");
    let page = &class.files("out")[Path::new("report.html")];
    for text in [&told, page] {
        assert!(text.contains("xx…xx") && text.contains("yy…yy"), "{text}");
        assert!(
            !text.contains(&long[..200]) && !text.contains(&"y".repeat(200)),
            "{text}"
        );
    }
    // The whole name is for the gradebook.
    let gradebook = &class.files("out")[Path::new("grades.csv")];
    let at = |text: &str| gradebook.find(text).expect(text);
    assert!(at(&format!("s2,{long}")) < at("s10,Ann"), "{gradebook}");
    let at = |id: &str| page.find(&format!("<bdi>{id}</bdi>")).expect(id);
    assert!(at("s2") < at("s10"), "{page}");
}
