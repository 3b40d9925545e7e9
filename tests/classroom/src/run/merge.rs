//! Puts the reports of the parts of a class together.

use super::writer::{ReportWriter, Summary, exercises_in_report, read_overrides};
use crate::record::{Student, StudentRecord};
use crate::store::{self, ClassNotes, Store};
use crate::take::TakeCommand;
use anyhow::{bail, ensure};
use grade::exercise::Exercise;
use grade::failed::Failed;
use grade::language::Language;
use harness::message;
use harness::message::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Puts the reports of the parts of a class together.
///
/// # Errors
///
/// If one cannot be read, two have a student in common and do not agree, or the result cannot
/// be written.
pub fn merge(
    workspace: &Path,
    parts: &[PathBuf],
    report: &Path,
    overrides: Option<&Path>,
    language: Language,
) -> anyhow::Result<Summary> {
    let exercises = Exercise::all(workspace)?;
    let (records, notes) = read_parts(parts)?;
    let store = Store::open(report)?;
    for (id, record) in store.records()? {
        let is_same = |new: &StudentRecord| new.student == record.student;
        if !records.get(&id).is_some_and(is_same) {
            store.remove_student(&record.student)?;
        }
    }
    store.set_class_notes(&notes)?;
    let students: Vec<Student> = records.values().map(|one| one.student.clone()).collect();
    let overrides = read_overrides(overrides, report, &students, &exercises)?;
    let in_report = exercises_in_report(&exercises, &[], records.values());
    let writer = ReportWriter {
        store: &store,
        exercises: &in_report,
        overrides: &overrides,
        take_command: TakeCommand::default(),
        language,
    };
    for record in records.into_values() {
        writer.write_student(&record.complete(&exercises))?;
    }
    writer.write_class()
}

/// What the parts have found: the records by the students' ids, and the notes of all classes.
fn read_parts(parts: &[PathBuf]) -> anyhow::Result<(BTreeMap<String, StudentRecord>, ClassNotes)> {
    let mut records: BTreeMap<String, (StudentRecord, &PathBuf)> = BTreeMap::new();
    let mut notes = ClassNotes::default();
    let mut there = BTreeSet::new();
    for (index, part) in parts.iter().enumerate() {
        store::ensure_readable(part, &message!("grade that part again"))?;
        for (id, record) in store::records(part)? {
            match records.get(&id) {
                Some((other, from)) if !other.has_same_grades(&record) => {
                    bail!(Failed::new(message!(
                        "{one} and {other} have different grades of {id}: grade one of them again, or leave one out",
                        one = from.display(),
                        other = part.display(),
                        id
                    )))
                }
                _ => records.insert(id, (record, part)),
            };
        }
        let more = store::class_notes(part)?;
        there.extend(more.part);
        notes.not_understood.extend(more.not_understood);
        notes.notices.extend(more.notices);
        notes.set_aside.extend(more.set_aside);
        let new = more.takes.into_iter();
        let new: Vec<_> = new.filter(|take| !notes.takes.contains(take)).collect();
        notes.takes.extend(new);
        // Parts that were graded by different seeds have none in common.
        notes.seed = match notes.seed {
            None if index == 0 => more.seed,
            seed => seed.filter(|_| seed == more.seed),
        };
    }
    ensure!(
        !records.is_empty(),
        Failed::new(message!(
            "there are no results in {parts}",
            parts = parts
                .iter()
                .filter_map(|part| part.to_str())
                .collect::<Vec<_>>()
                .join(", ")
        ))
    );
    let by_path = |(path, why): &(String, Message)| (path.clone(), why.to_string());
    notes.not_understood.sort_by_cached_key(by_path);
    notes.not_understood.dedup();
    notes.notices.sort_by_cached_key(Message::to_string);
    notes.notices.dedup();
    notes.notices.extend(absent(&there));
    let records = records.into_iter().map(|(id, (record, _))| (id, record));
    Ok((records.collect(), notes))
}

/// The parts that are not there, of those that the others are parts of.
fn absent(there: &BTreeSet<(usize, usize)>) -> Vec<Message> {
    let counts: BTreeSet<usize> = there.iter().map(|(_, of)| *of).collect();
    let all = counts
        .iter()
        .flat_map(|of| (1..=*of).map(|part| (part, *of)));
    let absent = all.filter(|part| !there.contains(part));
    absent
        .map(|(part, of)| message!("part {part} of {of} is not among the reports", part, of))
        .collect()
}
