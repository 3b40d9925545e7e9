//! The downloads of learning platforms.

use crate::support::{Folder, assert_says, ids, is, open, sources, sources_by, student, zip};
use classroom::intake::class;
use classroom::record::Student;

#[test]
fn moodle() {
    let work = zip(&[("work/06.rs", b"six")]);
    let folder = Folder::with(&[
        (
            "Alice Lin_12345_assignsubmission_file_/exercise-05.rs",
            b"five",
        ),
        (
            "Alice Lin_12345_assignsubmission_onlinetext_/onlinetext.html",
            b"<p>hi",
        ),
        ("张三_777_assignsubmission_file/work.zip", work.as_slice()),
        // A folder that somebody has zipped.
        ("李四_999_assignsubmission_file_.zip", work.as_slice()),
        // Without a folder for each.
        ("O'Neil_Bob_888_assignsubmission_file_05.rs", b"bob's"),
        (
            "O'Neil_Bob_888_assignsubmission_file_main (1).zip",
            work.as_slice(),
        ),
    ]);
    let class = folder.class();
    let found = sources_by(&class, Student::clone);
    let expected = [
        (student("12345", "Alice Lin"), is(&[(5, "five")])),
        (student("777", "张三"), is(&[(6, "six")])),
        (
            student("888", "O'Neil_Bob"),
            is(&[(5, "bob's"), (6, "six")]),
        ),
        (student("999", "李四"), is(&[(6, "six")])),
    ];
    assert_eq!(found, expected);
    assert_eq!(class.not_understood, []);
}

#[test]
fn canvas() {
    let folder = Folder::with(&[
        ("linalice_12345_67890_exercise-05.rs", b"five"),
        ("linalice_12345_67891_6-1.rs", b"six"),
        ("leebob_LATE_222_333_exercise-07-2.rs", b"seven"),
        ("leebob_late_222_334_exercise-01.rs", b"one"),
    ]);
    let roster = [
        student("s1", "Alice Lin"),
        student("s2", "Lee, Bob"),
        student("s3", "Eve"),
    ];
    let class = folder.class_of(Some(&roster));
    let found = sources_by(&class, Student::clone);
    let expected = [
        (roster[0].clone(), is(&[(5, "five"), (6, "six")])),
        (roster[1].clone(), is(&[(1, "one"), (7, "seven")])),
    ];
    assert_eq!(found, expected);
    assert_eq!(class.missing, [roster[2].clone()]);
    assert_eq!(class.notices, []);
    assert_eq!(ids(&folder.class()), ["12345", "222"]);
}

#[test]
fn a_platforms_zip_of_all_is_the_class_only_if_it_is_named() {
    let inner = zip(&[("05.rs", b"bob's")]);
    let all = zip(&[
        ("Alice_1_assignsubmission_file_/05.rs", b"alice's"),
        ("Bob_2_assignsubmission_file_/work.zip", inner.as_slice()),
        ("Eve_3_assignsubmission_file_05.rs", b"eve's"),
    ]);
    let folder = Folder::with(&[("CS101-sockets-4711.zip", all.as_slice())]);
    let file = folder.path().join("CS101-sockets-4711.zip");
    let given = class(&file, None, None).expect("a class");
    let found = sources_by(&given, |student| student.name.as_str());
    let expected = [
        ("Alice", is(&[(5, "alice's")])),
        ("Bob", is(&[(5, "bob's")])),
        ("Eve", is(&[(5, "eve's")])),
    ];
    assert_eq!(found, expected);
    // In a folder it may be what one student has made.
    let alone = folder.class();
    assert_eq!(ids(&alone), Vec::<&str>::new());
    let reason = alone.not_understood[0].reason.to_string();
    assert!(reason.contains("name the zip itself"), "{reason}");
    // Somebody's own zip is not taken for that of all.
    let folder = Folder::with(&[("alice.zip", inner.as_slice())]);
    assert_eq!(folder.class().submissions[0].student.id, "alice");
    // Nor if it has been made to look like that.
    let forged = zip(&[("Bob_2_assignsubmission_file_/05.rs", b"alice's")]);
    let folder = Folder::with(&[("alice.zip", forged.as_slice())]);
    let roster = [student("alice", "Alice A"), student("2", "Bob")];
    let class = folder.class_of(Some(&roster));
    assert_eq!(class.submissions.len(), 1);
    assert_eq!(class.submissions[0].student.id, "alice");
}

#[test]
fn a_platforms_number_is_no_id_of_somebody_with_another_name() {
    let folder = Folder::with(&[
        ("Bob Unknown_100_assignsubmission_file_/05.rs", b"bob's"),
        ("Alyce Abel_200_assignsubmission_file_/05.rs", b"alice's"),
    ]);
    let roster = [student("100", "Eve Adams"), student("200", "Alice Abel")];
    let class = folder.class_of(Some(&roster));
    let found = sources_by(&class, |student| student.name.as_str());
    // A name may be misspelt.
    assert_eq!(found, [("Alice Abel", is(&[(5, "alice's")]))]);
    assert_eq!(class.missing, [student("100", "Eve Adams")]);
    let refused = &class.not_understood[0];
    assert!(
        refused
            .path
            .ends_with("Bob Unknown_100_assignsubmission_file_")
    );
    assert!(
        refused.reason.to_string().contains("not in the roster"),
        "{refused:?}"
    );
}

#[test]
fn what_a_student_calls_a_file_gives_it_to_nobody_else() {
    let roster = [student("20210012", "Bob Chen"), student("7", "Ann Li")];
    let folder = Folder::with(&[(
        "liann_4711_9876_x_20210012_assignsubmission_file_05.rs",
        b"ann's",
    )]);
    let class = folder.class_of(Some(&roster));
    assert_eq!(class.submissions.len(), 1, "{class:?}");
    assert_eq!(class.submissions[0].student.id, "7");
}

#[test]
fn a_platforms_number_that_is_another_students_id_gives_nobody_the_work() {
    let roster = [student("100", "Alice"), student("200", "Bob")];
    let folder = Folder::with(&[("Bob_100_assignsubmission_file_/05.rs", b"x")]);
    let class = folder.class_of(Some(&roster));
    assert_eq!(class.submissions.len(), 0);
    assert_eq!(class.missing, roster);
    let reason = class.not_understood[0].reason.to_string();
    assert!(
        reason.contains("Alice (100)") && reason.contains("Bob (200)"),
        "{reason}"
    );
}

#[test]
fn participants_of_one_name_are_never_joined() {
    let roster = [student("12345", "Li Wei"), student("7", "Ann Li")];
    let moodle = |id: &str, file: &str| format!("Li Wei_{id}_assignsubmission_file_/{file}");
    // (Whose folders, each with the same exercise or with another one, whose they are).
    let cases: [([&str; 2], &[&str], &[&str]); 2] = [
        // The number of one is the id in the roster.
        (["12345", "22345"], &["12345", "22345"], &["7"]),
        // Neither is.
        (["333", "22345"], &["22345", "333"], &["7", "12345"]),
    ];
    for (numbers, expected, missing) in cases {
        for files in [["01.rs", "05.rs"], ["05.rs", "05.rs"]] {
            let folder = Folder::new();
            for (number, file) in numbers.iter().zip(files) {
                folder.write(&moodle(number, file), number.as_bytes());
            }
            let class = folder.class_of(Some(&roster));
            assert_eq!(ids(&class), expected);
            for one in &class.submissions {
                let found = sources(&open(one));
                let own: Vec<_> = found.values().collect();
                assert_eq!(own, [&one.student.id], "{files:?}");
            }
            let absent: Vec<_> = class.missing.iter().map(|one| one.id.as_str()).collect();
            assert_eq!(absent, missing);
            assert_says(
                &class.notices,
                &["22345", "several participants", "Li Wei (12345)"],
            );
        }
    }
}

#[test]
fn blackboards_usernames_and_not_the_names_that_students_choose() {
    let folder = Folder::with(&[
        ("HW 1_alice_attempt_2024-11-03-10-20-30_01.rs", b"alice's"),
        ("HW 1_alice_attempt_2024-11-03-10-20-30.txt", b"Name: Alice"),
        ("HW 1_mallory_attempt_2024-11-03-10-20-30_alice_01.rs", b"x"),
        (
            "HW 1_mallory_attempt_2024-11-03-10-20-30_05.rs",
            b"mallory's",
        ),
        ("HW 1_eve_attempt_2024-11-03-10-20-30_t_9_8_7_01.rs", b"x"),
        (
            "Ann Li_77_assignsubmission_file_x_alice_attempt_2024-11-03-10-20-30_05.rs",
            b"x",
        ),
    ]);
    let roster = [student("alice", "A. Liddell"), student("7", "Ann Li")];
    let class = folder.class_of(Some(&roster));
    assert_eq!(ids(&class), ["7", "alice", "eve", "mallory"]);
    assert_eq!(sources(&open(&class.submissions[1])), is(&[(1, "alice's")]));
    assert_says(&class.notices, &["mallory", "not in the roster"]);
}
