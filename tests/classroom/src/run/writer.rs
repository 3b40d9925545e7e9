//! Writes the files of a report: those of each student, and those of the class.

use crate::gradebook;
use crate::overrides;
use crate::record::{GradedExercise, Override, Status, Student, StudentRecord};
use crate::report::{ExerciseResult, Report};
use crate::store::Store;
use crate::take::TakeCommand;
use grade::exercise::Exercise;
use grade::language::Language;
use harness::message;
use harness::message::Message;
use std::fs;
use std::path::Path;

/// What came of grading a class.
#[derive(Debug)]
pub struct Summary {
    /// How many students are in the report.
    pub students: usize,
    /// How many of them have handed in nothing.
    pub missing: usize,
    /// What could not be understood: where it is, or whose and for which exercises; and the reason,
    /// with a command below it for each file that a teacher could take.
    pub not_understood: Vec<(String, Message)>,
    /// Which exercises have no grade because of the machine: the student, the number of the
    /// exercise, and the reason.
    pub not_gradable: Vec<(Student, u32, Message)>,
    /// What was left out of account: the student, and the reason.
    pub notices: Vec<(Student, Message)>,
    /// What else there is to know about the class.
    pub remarks: Vec<Message>,
}

/// Writes the files of a report.
pub(super) struct ReportWriter<'a> {
    pub(super) store: &'a Store,
    /// The exercises that are in the report.
    pub(super) exercises: &'a [Exercise],
    pub(super) overrides: &'a [Override],
    /// What names how to take what was set aside.
    pub(super) take_command: TakeCommand,
    pub(super) language: Language,
}

impl ReportWriter<'_> {
    /// Writes the files of a student, and returns the points that count.
    pub(super) fn write_student(&self, record: &StudentRecord) -> anyhow::Result<u32> {
        let report = self.report(std::slice::from_ref(record), &[]);
        let stem = record.student.file_stem();
        let files = [
            // First: the others are made of it, and made again if a run is stopped before they are
            // there.
            (
                format!("records/{stem}.json"),
                serde_json::to_vec_pretty(record)?,
            ),
            (
                format!("results/{stem}.json"),
                serde_json::to_vec_pretty(&report.gradescope(record))?,
            ),
            (
                format!("feedback/{stem}.html"),
                report.feedback_html(record)?.into_bytes(),
            ),
            (
                format!("feedback/{stem}.txt"),
                report.feedback_text(record)?.into_bytes(),
            ),
        ];
        for (name, contents) in files {
            // What is there already stays as it is.
            if fs::read(self.store.path(&name)).is_ok_and(|old| old == contents) {
                continue;
            }
            self.store.write(&name, &contents)?;
        }
        Ok(report.points(record))
    }

    /// Writes the files of all students anew, as the overrides may have changed, and those
    /// of the class.
    pub(super) fn write_class(&self) -> anyhow::Result<Summary> {
        self.store.remove_outdated()?;
        let mut records: Vec<StudentRecord> = self.store.records()?.into_values().collect();
        records.sort_by(|a, b| a.student.cmp(&b.student));
        for record in &records {
            self.write_student(record)?;
        }
        let notes = self.store.class_notes()?;
        let mut not_understood = Vec::new();
        for (path, why) in notes.not_understood {
            let what = notes.set_aside.get(&path);
            let takes = what.map(|what| self.take_command.taking(what, None, None));
            not_understood.push((path, with_commands(why, takes)));
        }
        for record in &records {
            not_understood.extend(self.not_understood(record));
        }
        let report = self.report(&records, &not_understood);
        self.store.write("report.html", report.page()?.as_bytes())?;
        self.store.write("junit.xml", report.junit()?.as_bytes())?;
        let grades = self.store.path("grades.csv");
        gradebook::write(
            self.exercises,
            &records,
            self.overrides,
            self.language,
            &self.take_command,
            &grades,
        )?;
        let notices = records.iter().flat_map(|record| {
            let notices = record.notices.iter();
            notices.map(|notice| (record.student.clone(), notice.clone()))
        });
        let not_gradable = records.iter().flat_map(|record| {
            let results = report.exercise_results(record).into_iter();
            let results = results.filter(ExerciseResult::is_without_grade);
            let student = &record.student;
            results.map(move |result| {
                let reason = result.message.unwrap_or_else(|| message!("not gradable"));
                (student.clone(), result.exercise.number, reason)
            })
        });
        let not_gradable: Vec<_> = not_gradable.collect();
        Ok(Summary {
            students: records.len(),
            not_gradable,
            missing: records.iter().filter(|one| self.is_missing(one)).count(),
            notices: notices.collect(),
            not_understood,
            remarks: notes.notices,
        })
    }

    fn report<'r>(
        &'r self,
        records: &'r [StudentRecord],
        not_understood: &'r [(String, Message)],
    ) -> Report<'r> {
        Report {
            exercises: self.exercises,
            records,
            overrides: self.overrides,
            not_understood,
            language: self.language,
        }
    }

    /// What of a student's is not understood: whose it is and for which exercises, and each reason
    /// once.
    fn not_understood(&self, record: &StudentRecord) -> Vec<(String, Message)> {
        let mut reasons: Vec<(String, &GradedExercise, Option<u32>)> = Vec::new();
        let exercises = self.exercises.iter();
        let graded = exercises.filter_map(|one| Some((one, record.graded(one.number)?)));
        for (exercise, graded) in graded.filter(|(_, one)| one.status == Status::NotUnderstood) {
            let package = exercise.package();
            let is_same = |other: &GradedExercise| {
                (&other.message, &other.set_aside) == (&graded.message, &graded.set_aside)
            };
            match reasons.iter_mut().find(|(_, other, _)| is_same(other)) {
                Some((what, _, number)) => {
                    *what = format!("{what}, {package}");
                    *number = None;
                }
                None => {
                    let what = format!("{}: {package}", record.student.id);
                    reasons.push((what, graded, Some(exercise.number)));
                }
            }
        }
        let id = Some(record.student.id.as_str());
        let told = reasons.into_iter().filter_map(|(what, graded, number)| {
            let takes = graded.set_aside.iter();
            let takes = takes.map(|what| self.take_command.taking(what, id, number));
            Some((what, with_commands(graded.message.clone()?, takes)))
        });
        told.collect()
    }

    /// Whether a student has handed in nothing.
    fn is_missing(&self, record: &StudentRecord) -> bool {
        let exercises = self.exercises.iter();
        let mut graded = exercises.filter_map(|exercise| record.graded(exercise.number));
        graded.all(|graded| graded.status == Status::Missing)
    }
}

/// A reason, and commands that mend it, each in a line.
fn with_commands(why: Message, commands: impl IntoIterator<Item = String>) -> Message {
    commands.into_iter().fold(why, |before, line| {
        message!("{before}\n{line}", before, line)
    })
}

/// The exercises that are in a report: those that are to be graded now, and those that were.
pub(super) fn exercises_in_report<'a>(
    exercises: &[Exercise],
    wanted: &[Exercise],
    records: impl Iterator<Item = &'a StudentRecord>,
) -> Vec<Exercise> {
    let records: Vec<&StudentRecord> = records.collect();
    let is_in_report = |exercise: &&Exercise| {
        let number = exercise.number;
        wanted.iter().any(|one| one.number == number)
            || records.iter().any(|one| one.graded(number).is_some())
    };
    exercises.iter().filter(is_in_report).cloned().collect()
}

/// The overrides in the file that was named, or else in `overrides.csv` of the report, if it
/// is there.
pub(super) fn read_overrides(
    named: Option<&Path>,
    report: &Path,
    students: &[Student],
    exercises: &[Exercise],
) -> anyhow::Result<Vec<Override>> {
    let usual = report.join("overrides.csv");
    match named {
        Some(path) => overrides::read(path, students, exercises),
        None if usual.exists() => overrides::read(&usual, students, exercises),
        None => Ok(Vec::new()),
    }
}
