//! Everybody gets the marks that they earn, in Rust and in Python.

use crate::{Class, failed, model, status_of, wrong};
use answers::right_files;
use classroom::record::{Status, StudentRecord};
use grade::exercise::Exercise;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The numbers of the exercises.
fn exercises() -> impl Iterator<Item = u32> {
    let all = Exercise::all(workspace::root()).expect("the exercises can be read");
    all.into_iter().map(|exercise| exercise.number)
}

/// Everybody has failed the checks that they should, of this exercise, and no others.
fn assert_failed(
    records: &BTreeMap<String, StudentRecord>,
    expected: &BTreeMap<String, (u32, BTreeSet<String>)>,
) {
    assert!(!expected.is_empty());
    let mut complaints = Vec::new();
    for (id, (exercise, fails)) in expected {
        let record = &records[id];
        let failed = failed(record, *exercise);
        assert_eq!(status_of(record, *exercise), Status::Graded, "{id}");
        if failed != *fails {
            let checks = record.exercises.iter().flat_map(|graded| &graded.checks);
            let transcripts: String = checks
                .filter(|check| !fails.contains(&check.name))
                .filter_map(|check| Some(format!("\n{}: {}", check.name, check.verdict.failure()?)))
                .collect();
            complaints.push(format!(
                "{id} fails {failed:?} instead of {fails:?}{transcripts}"
            ));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Every answer that proves the rubrics is handed in by a student: in the sandbox it fails the same
/// checks as outside, and no others.
#[test]
fn everybody_gets_the_marks_they_earn() {
    let class = Class::new();
    let mut expected = BTreeMap::new();
    for exercise in exercises() {
        class.hand_in(
            &format!("right/exercise-{exercise:02}.rs"),
            &model(exercise),
        );
        for (name, source, fails) in wrong(exercise, ".rs") {
            let id = format!("{exercise:02}-{name}");
            class.hand_in(&format!("{id}/{exercise:02}.rs"), &source);
            expected.insert(id, (exercise, fails));
        }
    }
    class.grade_all("out", &[]);
    let records = class.records("out");
    for exercise in exercises() {
        let fails = failed(&records["right"], exercise);
        assert!(fails.is_empty(), "exercise {exercise:02}: {fails:?}");
        assert_eq!(status_of(&records["right"], exercise), Status::Graded);
    }
    assert_failed(&records, &expected);
    for (id, (exercise, _)) in expected {
        for other in exercises().filter(|other| *other != exercise) {
            assert_eq!(status_of(&records[&id], other), Status::Missing, "{id}");
        }
    }
}

#[test]
fn python_is_graded_by_a_template() {
    let class = Class::new();
    let mut expected = BTreeMap::new();
    for exercise in exercises() {
        for (name, source, fails) in wrong(exercise, ".py") {
            let id = format!("{exercise:02}-{name}");
            class.hand_in(&format!("{id}/{exercise:02}.py"), &source);
            expected.insert(id, (exercise, fails));
        }
        for path in right_files(exercise).expect("there are right answers") {
            if path.extension().is_some_and(|end| end == "py") {
                let stem = path.file_stem().expect("it has a name").to_string_lossy();
                let id = format!("{exercise:02}-right-{stem}");
                let source = fs::read_to_string(&path).expect("it can be read");
                class.hand_in(&format!("{id}/{exercise:02}.py"), &source);
                expected.insert(id, (exercise, BTreeSet::new()));
            }
        }
    }
    class.hand_in("nothing/readme.txt", "I did not do it.");
    let program = "/usr/bin/python3 -S {dir}/{nn}.py";
    class.grade_all("out", &["--program", program]);
    let records = class.records("out");
    for exercise in exercises() {
        assert_eq!(status_of(&records["nothing"], exercise), Status::Missing);
    }
    assert_failed(&records, &expected);
}
