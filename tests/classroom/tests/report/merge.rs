//! The parts of a class, put together.

use crate::support::{exercises, record};
use classroom::record::Status;
use classroom::run::merge;
use classroom::store::{ClassNotes, Store};
use grade::language::Language;
use harness::message;
use harness::message::Message;
use std::path::Path;

fn which_file() -> Message {
    message!("which file?")
}

/// Writes the report of a part with one student, of whom exercise 5 is not understood.
fn write_part(folder: &Path, id: &str, part: (usize, usize)) {
    let exercises = exercises();
    let mut record = record(&exercises, id, &[(1, &[])]);
    record.exercises[4].status = Status::NotUnderstood;
    record.exercises[4].message = Some(which_file());
    let store = Store::open(folder).expect("a report");
    let json = serde_json::to_vec(&record).expect("JSON");
    let name = format!("records/{}.json", record.student.file_stem());
    store.write(&name, &json).expect("a record");
    let notes = ClassNotes {
        part: Some(part),
        ..ClassNotes::default()
    };
    store.set_class_notes(&notes).expect("notes");
}

#[test]
fn parts_that_are_not_there_are_named_and_what_is_not_understood_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let parts = [("a", "S10", (1, 3)), ("b", "S2", (3, 3))].map(|(name, id, part)| {
        let path = folder.path().join(name);
        write_part(&path, id, part);
        path
    });
    let out = folder.path().join("out");
    let summary = merge(workspace::root(), &parts, &out, None, Language::En);
    let summary = summary.unwrap_or_else(|error| panic!("{error:#}"));
    let remarks: Vec<_> = summary.remarks.iter().map(Message::to_string).collect();
    assert_eq!(remarks, ["part 2 of 3 is not among the reports"]);
    let reason = |what: &str| (what.to_string(), which_file());
    let expected = [reason("S2: exercise-05"), reason("S10: exercise-05")];
    assert_eq!(summary.not_understood, expected);
}
