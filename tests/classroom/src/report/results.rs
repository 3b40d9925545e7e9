//! How students stand in the exercises, with the points that a teacher has given.

use crate::record::{GradedExercise, Override, Status, StudentRecord};
use grade::catalogue::say;
use grade::exercise::{Exercise, digits};
use grade::language::Language;
use grade::outcome::Outcome;
use grade::recording::Recording;
use harness::message;
use harness::message::Message;

/// What grading a class has found.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The exercises of the course.
    pub exercises: &'a [Exercise],
    /// One for each student, in order of ID.
    pub records: &'a [StudentRecord],
    /// Points by a teacher's hand. Of several for an exercise of a student, the last counts.
    pub overrides: &'a [Override],
    /// What could not be understood as a submission: path and reason.
    pub not_understood: &'a [(String, Message)],
    /// The language of what the teacher reads, and of the feedback of students who have not chosen
    /// one.
    pub language: Language,
}

/// How a student stands in an exercise.
#[derive(Debug, Clone)]
pub struct ExerciseResult<'a> {
    /// The exercise.
    pub exercise: &'a Exercise,
    /// How far it came.
    pub status: Status,
    /// What the checks have found; `None` where none was run.
    pub outcome: Option<Outcome>,
    /// What the compiler said, or why there is nothing to check.
    pub message: Option<Message>,
    /// The packets of the first check that has failed, if they were recorded.
    pub recording: Option<Recording>,
    /// Points by a teacher's hand.
    pub by_hand: Option<&'a Override>,
}

impl ExerciseResult<'_> {
    /// The points that the checks have given, of 100.
    pub fn earned(&self) -> u32 {
        self.outcome.as_ref().map_or(0, Outcome::score)
    }

    /// Whether there is no grade because of the machine, and none by a teacher's hand.
    pub fn is_without_grade(&self) -> bool {
        self.status == Status::NotGradable && self.by_hand.is_none()
    }

    /// The points that count, of 100.
    pub fn points(&self) -> u32 {
        self.by_hand.map_or(self.earned(), |by_hand| by_hand.points)
    }

    /// What the compiler said, or why there is nothing to check; empty if there is no such thing.
    pub(super) fn words(&self, language: Language) -> String {
        let message = self.message.as_ref();
        let words = message.map(|message| say(message, language));
        words.unwrap_or_default().trim_end().to_string()
    }
}

/// A status in words.
pub fn status_in_words(status: Status, language: Language) -> String {
    let words = match status {
        Status::Graded => message!("graded"),
        Status::DoesNotCompile => message!("does not compile"),
        Status::TimedOut => message!("timed out"),
        Status::Missing => message!("missing"),
        Status::NotUnderstood => message!("not understood"),
        Status::NotGraded => message!("not graded"),
        Status::NotGradable => message!("not gradable"),
    };
    say(&words, language)
}

/// The heading of an exercise; `number` is as in `05`.
pub(super) fn heading(number: &str, title: &str) -> Message {
    message!("Exercise {number}: {title}", number, title)
}

impl<'a> Report<'a> {
    /// How a student stands in each exercise.
    pub fn exercise_results(&self, record: &StudentRecord) -> Vec<ExerciseResult<'a>> {
        let exercises = self.exercises.iter();
        exercises
            .map(|exercise| self.result(record, exercise))
            .collect()
    }

    /// The points of a student that count, in all exercises.
    pub fn points(&self, record: &StudentRecord) -> u32 {
        let results = self.exercise_results(record);
        results.iter().map(ExerciseResult::points).sum()
    }

    fn result(&self, record: &StudentRecord, exercise: &'a Exercise) -> ExerciseResult<'a> {
        let is_this = |by_hand: &&Override| {
            (by_hand.student.as_str(), by_hand.exercise)
                == (record.student.id.as_str(), exercise.number)
        };
        let mut result = ExerciseResult {
            exercise,
            status: Status::Missing,
            outcome: None,
            message: None,
            recording: None,
            by_hand: self.overrides.iter().rev().find(is_this),
        };
        let is_of = |graded: &&GradedExercise| graded.exercise == exercise.number;
        let Some(graded) = record.exercises.iter().find(is_of) else {
            return result;
        };
        result.status = graded.status;
        result.message.clone_from(&graded.message);
        if graded.checks.is_empty() {
            return result;
        }
        result.outcome = graded.outcome(exercise);
        result.recording.clone_from(&graded.recording);
        if result.outcome.is_none() {
            // Points of another version are other points.
            result.status = Status::NotUnderstood;
            result.message = Some(out_of_date(graded.version, exercise.version));
        }
        result
    }
}

/// Why points of another version of the rubric do not count.
fn out_of_date(graded: u32, now: u32) -> Message {
    message!(
        "graded with version {graded} of the rubric, which is now at version {now}: it has to be graded again",
        graded,
        now
    )
}

/// What a teacher has changed, in a sentence.
pub(super) fn override_in_words(result: &ExerciseResult, language: Language) -> Option<String> {
    let Override { points, reason, .. } = result.by_hand?;
    let (number, earned) = (result.exercise.number, result.earned());
    Some(say(
        &message!(
            "Exercise {number}: {points} points by the teacher's hand, instead of {earned}: {reason}",
            number = digits(number),
            points = *points,
            earned,
            reason
        ),
        language,
    ))
}
