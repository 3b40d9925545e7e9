//! What a report has already.

use super::options::ClassOptions;
use super::writer::ReportWriter;
use crate::intake::Class;
use crate::record::{Student, StudentRecord};
use crate::store::{self, Store};
use grade::exercise::Exercise;
use harness::message;
use std::collections::BTreeMap;

/// What a report has already.
pub(super) struct Previous {
    /// By the students' ids: of all who are in the class, and, where only some are to be graded,
    /// of all others, too.
    pub(super) records: BTreeMap<String, StudentRecord>,
    /// Students whose files are to be removed: those who are not in the class any more, and
    /// those whose files have another name now.
    stale: Vec<Student>,
    /// Students who are not in the class any more.
    pub(super) gone: Vec<Student>,
    /// How many results another version of this program has written: they count as missing.
    pub(super) outdated: usize,
}

impl Previous {
    /// Reads it. With `again`, the grades that the options name count as out of date.
    pub(super) fn read(
        store: &Store,
        options: &ClassOptions,
        class: &Class,
        students: &[Student],
        exercises: &[Exercise],
        again: bool,
    ) -> anyhow::Result<Self> {
        if options.is_regrade() {
            let what_to_do = message!("grade the whole class once, without --only and --student");
            store::ensure_readable(&options.report, &what_to_do)?;
        }
        let (mut records, mut stale, mut gone) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (id, record) in store.records()? {
            let before = record.student.clone();
            let mut record = record.complete(exercises);
            match students.iter().find(|student| student.id == id) {
                Some(student) => record.student = student.clone(),
                None if options.is_regrade() && !class.retired.contains(&id) => {}
                None => {
                    stale.push(before.clone());
                    gone.push(before);
                    continue;
                }
            }
            if before.file_stem() != record.student.file_stem() {
                stale.push(before);
            }
            for graded in &mut record.exercises {
                if again && options.wants_student(&id) && options.wants_exercise(graded.exercise) {
                    graded.fingerprint.clear();
                }
            }
            records.insert(id, record);
        }
        Ok(Self {
            records,
            stale,
            gone,
            outdated: store::outdated(&options.report)?.len(),
        })
    }

    /// Writes the files of the students, which may be in another language now, and removes
    /// those that are stale.
    pub(super) fn write(&self, writer: &ReportWriter) -> anyhow::Result<()> {
        for record in self.records.values() {
            writer.write_student(record)?;
        }
        for student in &self.stale {
            writer.store.remove_student(student)?;
        }
        Ok(())
    }
}
