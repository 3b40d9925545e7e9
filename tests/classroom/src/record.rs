//! What is known about a student after grading: it is stored as it comes, and all reports are
//! made of it.

use crate::escape::escape_line;
use crate::file_name;
use crate::take::SetAside;
use grade::exercise::Exercise;
use grade::language::Language;
use grade::outcome::{Outcome, Result};
use grade::recording::Recording;
use harness::message::Message;
use harness::{Failure, Verdict, message};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// A student, as in the roster, or as the name of the submission says. Students are in the order
/// of their ids, where the numbers in an id count as numbers: S2 stands before S10.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Student {
    /// What tells students apart, and names their files.
    pub id: String,
    /// Their name, for people.
    pub name: String,
    /// The language of their feedback, if it is not that of the report: see
    /// [`language_in`](Self::language_in).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

impl Ord for Student {
    fn cmp(&self, other: &Self) -> Ordering {
        let all = |one: &Self| (one.id.clone(), one.name.clone(), one.language);
        let by_id = natural_order(&self.id).cmp(&natural_order(&other.id));
        by_id.then_with(|| all(self).cmp(&all(other)))
    }
}

impl PartialOrd for Student {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A part of an id.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Piece<'a> {
    /// A number without zeros in front, after its length: the longer one is the larger one.
    Number(usize, &'a str),
    Text(&'a str),
}

/// The numbers in an id, and what is between them.
fn natural_order(id: &str) -> Vec<Piece<'_>> {
    let is_same = |a: &u8, b: &u8| a.is_ascii_digit() == b.is_ascii_digit();
    let mut pieces = Vec::new();
    let mut rest = id;
    for piece in id.as_bytes().chunk_by(is_same) {
        let (piece, more) = rest.split_at(piece.len());
        rest = more;
        let digits = piece.trim_start_matches('0');
        pieces.push(if piece.starts_with(|c: char| c.is_ascii_digit()) {
            Piece::Number(digits.len(), digits)
        } else {
            Piece::Text(piece)
        });
    }
    pieces
}

impl Student {
    /// The name of the student's files, without an extension: the same on every system, and
    /// another one for every ID.
    pub fn file_stem(&self) -> String {
        file_name::stem(&self.id)
    }

    /// Their name and id, for a line.
    pub(crate) fn words(&self) -> Message {
        let (name, id) = (escape_line(&self.name), escape_line(&self.id));
        message!("{name} ({id})", name, id)
    }

    /// The language of their feedback, in a report of this language.
    pub fn language_in(&self, report: Language) -> Language {
        self.language.unwrap_or(report)
    }
}

/// A student, and what grading has found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudentRecord {
    /// The student.
    pub student: Student,
    /// All exercises of the course, in order, also those that were not handed in.
    pub exercises: Vec<GradedExercise>,
    /// What was left out of account, each with the reason: files that do not count, links,
    /// paths that lead outside.
    pub notices: Vec<Message>,
}

/// An exercise of a student.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GradedExercise {
    /// The number of the exercise.
    pub exercise: u32,
    /// The version of the rubric.
    pub version: u32,
    /// What the grade depends on, as a hash: the student's file, the rubric and the way of
    /// grading. With another one it is out of date.
    #[serde(rename = "made_of")]
    pub fingerprint: String,
    /// How far it came.
    pub status: Status,
    /// The checks, in the order of the exercise; none unless they were run.
    pub checks: Vec<CheckResult>,
    /// What the compiler said, or why the submission was not understood, if it is one of these.
    pub message: Option<Message>,
    /// Files that were set aside, and may be the answer: a teacher can take one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<SetAside>,
    /// The packets of the first check that has failed, if they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<Recording>,
}

/// How far an exercise of a student came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The checks have been run.
    Graded,
    /// The compiler refuses it.
    DoesNotCompile,
    /// The compiler took too long, or every check did.
    TimedOut,
    /// It was not handed in.
    Missing,
    /// Something was handed in, and nobody knows what.
    NotUnderstood,
    /// The teacher has not had it graded, or not by this version of the rubric.
    NotGraded,
    /// The machine could not run its checks properly: no points either way. It is graded again in
    /// the next run.
    NotGradable,
}

/// A check of a student's exercise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The name of the test function.
    pub name: String,
    /// What it has found.
    pub verdict: Verdict,
}

impl StudentRecord {
    /// The record with all these exercises, and by these versions of the rubrics: what it does
    /// not have is not graded.
    #[must_use]
    pub fn complete(mut self, exercises: &[Exercise]) -> Self {
        let mut old = std::mem::take(&mut self.exercises);
        for exercise in exercises {
            let found = old.iter().position(|graded| {
                (graded.exercise, graded.version) == (exercise.number, exercise.version)
            });
            self.exercises.push(match found {
                Some(index) => old.swap_remove(index),
                None => GradedExercise::new(exercise, Status::NotGraded),
            });
        }
        self
    }

    /// Whether another record has the same grades. (Packets are others in each run.)
    pub fn has_same_grades(&self, other: &Self) -> bool {
        let without_recordings = |record: &Self| {
            let mut record = record.clone();
            for graded in &mut record.exercises {
                graded.recording = None;
            }
            record
        };
        without_recordings(self) == without_recordings(other)
    }

    /// An exercise, if it is graded.
    pub fn graded(&self, exercise: u32) -> Option<&GradedExercise> {
        let mut exercises = self.exercises.iter();
        let found = exercises.find(|graded| graded.exercise == exercise);
        found.filter(|graded| graded.status != Status::NotGraded)
    }
}

impl GradedExercise {
    /// Says that the machine could not grade the exercise, and why. Without a fingerprint it is out
    /// of date, so that the next run grades it again.
    pub fn blame_machine(&mut self, why: Message) {
        self.status = Status::NotGradable;
        self.fingerprint.clear();
        self.checks.clear();
        self.recording = None;
        self.message = Some(why);
    }

    /// Says that something was handed in and nobody knows what: why, and what a teacher could take.
    pub fn not_understood(&mut self, why: Message, set_aside: Vec<SetAside>) {
        self.status = Status::NotUnderstood;
        self.message = Some(why);
        self.set_aside = set_aside;
    }

    /// An exercise of which nothing is known but how far it came.
    pub fn new(exercise: &Exercise, status: Status) -> Self {
        Self {
            exercise: exercise.number,
            version: exercise.version,
            fingerprint: String::new(),
            status,
            checks: Vec::new(),
            message: None,
            set_aside: Vec::new(),
            recording: None,
        }
    }

    /// Whether a check has failed of which no packets were recorded.
    pub fn lacks_recording(&self) -> bool {
        let mut checks = self.checks.iter();
        self.recording.is_none() && checks.any(|check| check.verdict.failure().is_some())
    }

    /// This exercise as an outcome, with the points and texts of its rubric: no check has
    /// passed where none was run. `None` if the record is of another exercise, or of another
    /// version of the rubric.
    pub fn outcome(&self, exercise: &Exercise) -> Option<Outcome> {
        if (self.exercise, self.version) != (exercise.number, exercise.version) {
            return None;
        }
        let results = exercise.checks.iter().map(|check| {
            let checked = self
                .checks
                .iter()
                .find(|checked| checked.name == check.name);
            let verdict = match checked {
                Some(checked) => checked.verdict.clone(),
                None => Verdict::Failed(Failure::NoTranscript {
                    what: message!("the check was not run"),
                    printed: String::new(),
                }),
            };
            Result::without_run(check, verdict)
        });
        Some(Outcome {
            exercise: exercise.clone(),
            results: results.collect(),
            taken_by_others: 0,
        })
    }
}

/// Other points than the checks have given, by the hand of a teacher.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Override {
    /// The student.
    pub student: String,
    /// The number of the exercise.
    pub exercise: u32,
    /// The points that count, of 100.
    pub points: u32,
    /// Why; students read it, too.
    pub reason: String,
}
