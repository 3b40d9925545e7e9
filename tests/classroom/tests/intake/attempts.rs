//! Several attempts of one student for one exercise: the newest counts, and the others are told.

use crate::support::{Folder, assert_says, ids, is, open, sources, student, why, zip, zip_with};
use classroom::intake::SubmissionContents;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};
use zip::DateTime;
use zip::write::SimpleFileOptions;

/// What Alice has handed in.
fn alice(folder: &Folder) -> SubmissionContents {
    let roster = [student("alice", "Alice Abel")];
    let class = folder.class_of(Some(&roster));
    assert_eq!(ids(&class), ["alice"], "{:?}", class.not_understood);
    open(&class.submissions[0])
}

#[test]
fn the_newest_by_what_the_names_say() {
    // (The newest, the others).
    let cases: [(&str, &[&str]); 12] = [
        (
            "Exercise 05_alice_attempt_2026-01-02-10-00-00_main.rs",
            &["Exercise 05_alice_attempt_2026-01-01-10-00-00_main.rs"],
        ),
        (
            "HW_alice_attempt_2026-01-02-09-00-00_05.rs",
            &[
                "HW_alice_attempt_2026-01-01-10-00-00_05.rs",
                "HW_alice_attempt_2025-12-31-10-00-00_05.rs",
            ],
        ),
        (
            "Alice Abel/HW/Version 2/05.rs",
            &["Alice Abel/HW/Version 1/05.rs"],
        ),
        (
            "Alice Abel/HW/Version 10/05.rs",
            &["Alice Abel/HW/Version 9/05.rs"],
        ),
        ("alice/第2次提交/05.rs", &["alice/第1次提交/05.rs"]),
        ("alice/05_v2.rs", &["alice/05.rs", "alice/05_v1.rs"]),
        ("alice/05_v10.rs", &["alice/05_v9.rs"]),
        ("alice_exercise05_v2.rs", &["alice_exercise05_v1.rs"]),
        (
            "alice/2024-11-04_exercise-05.rs",
            &["alice/2024-11-03_exercise-05.rs"],
        ),
        ("alice/05_20241104.rs", &["alice/05_20241103.rs"]),
        ("alice/05 (2).rs", &["alice/05 (1).rs"]),
        ("abelalice_120_346_05-1.rs", &["abelalice_120_345_05.rs"]),
    ];
    for (newest, others) in cases {
        let folder = Folder::with(&[(newest, b"new")]);
        for other in others {
            folder.write(other, b"old");
        }
        let contents = alice(&folder);
        assert_eq!(sources(&contents), is(&[(5, "new")]), "{newest}");
        for other in others {
            let name = other.rsplit(['_', '/']).next().expect("a name");
            assert_says(
                &contents.notices,
                &["is the newest", "earlier attempts", name],
            );
        }
    }
}

#[test]
fn the_newest_by_the_times_of_the_files_if_these_say_so() {
    // (How much older the other one is, what counts.)
    for (seconds, expected) in [(3600, "new"), (5, "?")] {
        let folder = Folder::with(&[("alice/05.rs", b"old"), ("alice/exercise-05.rs", b"new")]);
        let now = SystemTime::now();
        let change = |name: &str, time| {
            let file = File::options().write(true).open(folder.path().join(name));
            file.and_then(|file| file.set_modified(time))
                .expect("a time can be set");
        };
        change("alice/exercise-05.rs", now);
        change("alice/05.rs", now - Duration::from_secs(seconds));
        let contents = alice(&folder);
        assert_eq!(sources(&contents), is(&[(5, expected)]), "{seconds}");
        if expected == "new" {
            assert_says(
                &contents.notices,
                &["exercise-05.rs is the newest", ": 05.rs"],
            );
        } else {
            assert!(why(&contents, 5).contains("they differ"));
        }
    }
    let at = |hour: u8| {
        let time = DateTime::from_date_and_time(2026, 1, 31, hour, 0, 0).expect("a time");
        SimpleFileOptions::default().last_modified_time(time)
    };
    let work = zip_with(|zip| {
        for (name, hour) in [("a/05.rs", 11), ("b/05.rs", 10)] {
            zip.start_file(name, at(hour)).expect("an entry");
            zip.write_all(name.as_bytes()).expect("its bytes");
        }
    });
    let folder = Folder::with(&[("alice.zip", work.as_slice())]);
    assert_eq!(sources(&alice(&folder)), is(&[(5, "a/05.rs")]));
}

#[test]
fn an_earlier_attempt_counts_for_what_a_later_one_has_not_and_none_is_joined_with_another() {
    let name = |hour: &str, file: &str| format!("HW_alice_attempt_2026-01-01-{hour}-00-00_{file}");
    let folder = Folder::new();
    for (hour, file) in [("10", "05.rs"), ("10", "06.rs"), ("11", "05.rs")] {
        folder.write(&name(hour, file), hour.as_bytes());
    }
    let contents = alice(&folder);
    assert_eq!(sources(&contents), is(&[(5, "11"), (6, "10")]));

    // A program finds the files of its own attempt beside it, and no others.
    let folder = Folder::new();
    for (hour, file) in [
        ("10", "05.py"),
        ("10", "helper.py"),
        ("11", "05.py"),
        ("11", "other.py"),
    ] {
        folder.write(&name(hour, file), hour.as_bytes());
    }
    let contents = alice(&folder);
    let path = contents
        .program("05.py", 5, false)
        .path
        .expect("there is one");
    assert_eq!(contents.files[path], b"11");
    let beside = |name: &str| contents.files.contains_key(&path.with_file_name(name));
    assert!(beside("other.py") && !beside("helper.py"), "{path:?}");
}

#[test]
fn the_newest_program_in_another_language() {
    // (The newest, the other.)
    let cases = [
        ("05_v2.py", "05.py"),
        ("Version 2/05.py", "Version 1/05.py"),
        ("2026-01-02_05.py", "2026-01-01_05.py"),
    ];
    for (newest, other) in cases {
        let (newest, other) = (format!("alice/{newest}"), format!("alice/{other}"));
        let folder = Folder::with(&[(&newest, b"new"), (&other, b"old")]);
        let contents = alice(&folder);
        let path = contents.program("05.py", 5, false).path;
        assert_eq!(
            path.map(|path| contents.files[path].as_slice()),
            Some(b"new".as_slice()),
            "{newest}"
        );
    }
    let folder = Folder::with(&[("alice/ex5.py", b"one"), ("alice/exercise-05.py", b"two")]);
    assert_eq!(
        alice(&folder).program("05.py", 5, false).path,
        None::<&Path>
    );
}

#[test]
fn a_starter_that_came_last_counts_for_nothing_beside_an_answer() {
    let starter = std::fs::read(workspace::root().join("tests/grade/starters/05.rs")).expect("it");
    let folder = Folder::with(&[
        ("alice/05_v2.rs", starter.as_slice()),
        ("alice/05_v1.rs", b"mine"),
    ]);
    assert_eq!(sources(&alice(&folder)), is(&[(5, "mine")]));
    let work = zip(&[("05.rs", b"same"), ("05_v2.rs", b"same")]);
    let folder = Folder::with(&[("alice.zip", work.as_slice())]);
    assert_eq!(sources(&alice(&folder)), is(&[(5, "same")]));
}
