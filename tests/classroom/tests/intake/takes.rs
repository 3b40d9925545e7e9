//! What a teacher gives to a student, whatever it is called.

use crate::support::{Folder, assert_says, exercises, is, open, sources, student, zip};
use classroom::intake::{Class, class_with, read_takes};
use classroom::record::Student;
use classroom::take::Take;
use std::path::Path;

/// What these words give, where all of it is there.
fn takes(folder: &Path, words: &[&str], remembered: &[Take]) -> anyhow::Result<Vec<Take>> {
    let words: Vec<_> = words.iter().map(|one| with_folder(folder, one)).collect();
    read_takes(&words, remembered, folder, exercises())
}

/// As a teacher types it: the path of the folder stands before that of the file.
fn with_folder(folder: &Path, words: &str) -> String {
    format!("{}/{words}", folder.display())
}

/// The class with what is given to students in it.
fn class_taking(folder: &Path, roster: &[Student], words: &[&str]) -> Class {
    let takes = takes(folder, words, &[]).unwrap_or_else(|error| panic!("{error:#}"));
    let class = class_with(folder, None, Some(roster), &takes);
    class.unwrap_or_else(|error| panic!("{error:#}"))
}

#[test]
fn a_file_that_was_set_aside_counts_for_the_student_and_the_exercise() {
    let work = zip(&[("sub/solution.rs", b"in a zip")]);
    let folder = Folder::with(&[
        ("alice/solution.rs", b"five"),
        ("alice/deep/x.rs", b"six"),
        ("bob.zip", work.as_slice()),
        ("x_main.rs", b"nobody's"),
        ("mallory_carol_01.rs", b"carol's"),
        ("carol_02.rs", b"two"),
    ]);
    let roster = ["alice", "bob", "carol", "dave"].map(|id| student(id, id));
    // (What is given, to whom, what they have handed in then.)
    let cases = [
        ("alice/solution.rs=alice:05", "alice", (5, "five")),
        ("alice/deep/x.rs=alice:6", "alice", (6, "six")),
        ("bob.zip/sub/solution.rs=bob:05", "bob", (5, "in a zip")),
        ("x_main.rs=dave:03", "dave", (3, "nobody's")),
        ("mallory_carol_01.rs=carol:01", "carol", (1, "carol's")),
        // What the name says already.
        ("mallory_carol_01.rs=carol", "carol", (1, "carol's")),
        // Two may have worked together.
        ("alice/solution.rs=dave:05", "dave", (5, "five")),
    ];
    for (words, id, (number, text)) in cases {
        let class = class_taking(folder.path(), &roster, &[words]);
        let mut submissions = class.submissions.iter();
        let one = submissions
            .find(|one| one.student.id == id)
            .expect("there is one");
        let contents = open(one);
        assert_eq!(
            sources(&contents).get(&number).map(String::as_str),
            Some(text),
            "{words}"
        );
        if words.contains(':') {
            assert_says(
                &contents.notices,
                &["counts for exercise", "the teacher says so"],
            );
        }
        let path = words.split('=').next().expect("a path");
        let refused = class.not_understood.iter();
        assert!(!{ refused }.any(|one| one.path.ends_with(path)), "{words}");
        assert!(
            !class.missing.iter().any(|student| student.id == id),
            "{words}"
        );
        let is_again = |id: &str| class.submissions.iter().any(|one| one.student.id == id);
        assert_eq!(
            is_again("mallory_carol"),
            !path.starts_with("mallory"),
            "{words}"
        );
    }
}

#[test]
fn what_is_given_takes_the_place_of_all_others() {
    let folder = Folder::with(&[
        ("alice/05.rs", b"old"),
        ("alice/x.rs", b"new"),
        ("bob/05.py", b"p"),
    ]);
    let roster = ["alice", "bob"].map(|id| student(id, id));
    let words = ["alice/x.rs=alice:05", "alice/x.rs=bob:05"];
    let class = class_taking(folder.path(), &roster, &words);
    let alice = open(&class.submissions[0]);
    assert_eq!(sources(&alice), is(&[(5, "new")]));
    assert_says(&alice.notices, &["do not count beside x.rs", "05.rs"]);
    assert_eq!(sources(&open(&class.submissions[1])), is(&[(5, "new")]));
    // The same for a program in another language.
    let class = class_taking(folder.path(), &roster, &["bob/05.py=alice:05"]);
    let alice = open(&class.submissions[0]);
    let path = alice.program("05.py", 5, false).path.expect("there is one");
    assert_eq!(alice.files[path], b"p");
}

#[test]
fn a_folder_or_a_zip_is_given_whole_and_namesakes_stay_apart() {
    let moodle = |number: &str| format!("Li Wei_{number}_assignsubmission_file_");
    let folder = Folder::new();
    for number in ["333", "22345"] {
        folder.write(&format!("{}/05.rs", moodle(number)), number.as_bytes());
    }
    let roster = [student("12345", "Li Wei")];
    let words = format!("{}=12345", moodle("333"));
    let class = class_taking(folder.path(), &roster, &[&words]);
    let all = class.submissions.iter();
    let all: Vec<_> = all
        .map(|one| (one.student.id.as_str(), sources(&open(one))))
        .collect();
    // The other one is not taken for the only one of this name.
    let expected = [("12345", is(&[(5, "333")])), ("22345", is(&[(5, "22345")]))];
    assert_eq!(all, expected);

    let inner = zip(&[("05.rs", b"five")]);
    let all = zip(&[("x/whose.zip", inner.as_slice()), ("x/bob/05.rs", b"b")]);
    let folder = Folder::with(&[("class.zip", all.as_slice())]);
    let zip = folder.path().join("class.zip");
    let roster = ["alice", "bob"].map(|id| student(id, id));
    let class = class_taking(&zip, &roster, &["x/whose.zip=alice"]);
    assert_eq!(sources(&open(&class.submissions[0])), is(&[(5, "five")]));
    let class = class_taking(&zip, &roster, &["x/bob/05.rs=alice:06"]);
    assert_eq!(sources(&open(&class.submissions[0])), is(&[(6, "b")]));
}

#[test]
fn what_cannot_be_given_says_what_was_tried() {
    let folder = Folder::with(&[("alice/x.rs", b"five"), ("a=b.rs", b"six")]);
    let error = |words: &str| {
        let error = takes(folder.path(), &[words], &[]).expect_err(words);
        format!("{error:#}")
    };
    let cases: [(&str, &[&str]); 6] = [
        (
            "alice/y.rs=alice:05",
            &["alice/y.rs for alice", "no file or folder"],
        ),
        (
            "alice/x.rs=alice:09",
            &["alice/x.rs for exercise 09 of alice", "01, 02"],
        ),
        (
            "alice=alice:05",
            &["alice for exercise 05 of alice", "not one file"],
        ),
        ("alice/x.rs", &["FILE=ID:05", "alice/x.rs"]),
        ("alice/x.rs=", &["alice/x.rs was not taken"]),
        ("a=b.rs=", &["a=b.rs was not taken"]),
    ];
    for (words, parts) in cases {
        let error = error(words);
        for part in parts {
            assert!(error.contains(part), "{part:?} is not in {error:?}");
        }
    }
    // Seen from where the command is run; it may lie beside the class.
    let here = read_takes(
        &["Cargo.toml=alice:05".to_string()],
        &[],
        folder.path(),
        exercises(),
    );
    let here = here.unwrap_or_else(|error| panic!("{error:#}"));
    let expected = std::env::current_dir()
        .expect("there is one")
        .join("Cargo.toml");
    assert_eq!(Path::new(&here[0].path), expected);
    // Whose id nobody has.
    let all = takes(folder.path(), &["a=b.rs=alicia:05"], &[]).expect("it is there");
    let class = class_with(folder.path(), None, None, &all).expect("a class");
    assert_eq!(class.not_taken, all);
    assert_eq!(
        (all[0].path.as_str(), all[0].student.as_str()),
        ("a=b.rs", "alicia")
    );
}

#[test]
fn what_was_given_is_remembered_replaced_and_forgotten() {
    let folder = Folder::with(&[("x.rs", b"x"), ("y.rs", b"y"), ("alice/01.rs", b"1")]);
    let read = |words: &[&str], remembered: &[Take]| {
        takes(folder.path(), words, remembered).unwrap_or_else(|error| panic!("{error:#}"))
    };
    let first = read(&["x.rs=alice:05"], &[]);
    assert_eq!(read(&[], &first), first);
    let both = read(&["y.rs=alice:06"], &first);
    assert_eq!(both.len(), 2);
    // Another file for the exercise, or another exercise for the file.
    assert_eq!(
        read(&["y.rs=alice:05"], &first),
        read(&["y.rs=alice:05"], &[])
    );
    assert_eq!(
        read(&["x.rs=alice:07"], &first),
        read(&["x.rs=alice:07"], &[])
    );
    assert_eq!(read(&["x.rs="], &both), both[1..]);
    // What is not there any more is told, and ends no run.
    std::fs::remove_file(folder.path().join("x.rs")).expect("it is there");
    let class = class_with(folder.path(), None, None, &first).expect("a class");
    assert_says(&class.notices, &["x.rs", "alice", "not there any more"]);
    assert_eq!(sources(&open(&class.submissions[0])), is(&[(1, "1")]));
}

#[test]
fn what_is_left_out_for_its_name_or_for_being_alone_can_be_given() {
    let folder = Folder::with(&[
        ("vendor/05.rs", b"of somebody called so"),
        ("bob/05.rs", b"b"),
    ]);
    let roster = ["alice", "bob"].map(|id| student(id, id));
    let refused = &folder.class_of(Some(&roster)).not_understood[0];
    let what = refused.what.as_ref().expect("it can be taken");
    assert_eq!((what.path.as_str(), what.is_whole), ("vendor", true));
    let class = class_taking(folder.path(), &roster, &["vendor=alice"]);
    let found = sources(&open(&class.submissions[0]));
    assert_eq!(found, is(&[(5, "of somebody called so")]));
    assert_eq!(class.not_understood, []);

    let all = zip(&[(
        "Alice_1_assignsubmission_file_/05.rs",
        b"alice's".as_slice(),
    )]);
    let folder = Folder::with(&[("download.zip", all.as_slice())]);
    assert_eq!(folder.class_of(Some(&roster)).submissions.len(), 0);
    let class = class_taking(folder.path(), &roster, &["download.zip=alice"]);
    let found = sources(&open(&class.submissions[0]));
    assert_eq!(found, is(&[(5, "alice's")]));
    // A link is nobody's.
    #[cfg(unix)]
    {
        let link = folder.path().join("05.rs");
        std::os::unix::fs::symlink("/etc/hostname", link).expect("a link");
        let class = folder.class_of(Some(&roster));
        let refused = class
            .not_understood
            .iter()
            .find(|one| one.path.ends_with("05.rs"));
        assert_eq!(refused.expect("it is refused").what, None);
        let error = takes(folder.path(), &["05.rs=alice:05"], &[]).expect_err("a link");
        assert!(
            format!("{error:#}").contains("no file or folder"),
            "{error:#}"
        );
    }
}
