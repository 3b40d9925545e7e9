//! How students stand in the exercises, with the points that a teacher has given.

use crate::record::{GradedExercise, Override, Status, StudentRecord};
use grade::exercise::Exercise;
use grade::language::Language;
use grade::outcome::Outcome;

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
    pub not_understood: &'a [(String, String)],
    /// The language of the teacher's page.
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
    pub message: String,
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
}

/// A status in words.
pub fn status_in_words(status: Status, language: Language) -> &'static str {
    match status {
        Status::Graded => language.pick("graded", "已评分"),
        Status::DoesNotCompile => language.pick("does not compile", "编译不通过"),
        Status::TimedOut => language.pick("timed out", "超时"),
        Status::Missing => language.pick("missing", "未提交"),
        Status::NotUnderstood => language.pick("not understood", "无法识别"),
        Status::NotGraded => language.pick("not graded", "未评分"),
        Status::NotGradable => language.pick("not gradable", "无法评分"),
    }
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
            message: String::new(),
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
        if result.outcome.is_none() {
            // Points of another version are other points.
            result.status = Status::NotUnderstood;
            result.message = out_of_date(graded.version, exercise.version, record.language);
        }
        result
    }
}

/// Why points of another version of the rubric do not count.
fn out_of_date(graded: u32, now: u32, language: Language) -> String {
    match language {
        Language::En => format!(
            "graded with version {graded} of the rubric, which is now at version {now}: it has to be graded again"
        ),
        Language::Zh => {
            format!("这是按第 {graded} 版评分标准评的，现在是第 {now} 版，需要重新评分")
        }
    }
}

/// What a teacher has changed, in a sentence.
pub(super) fn override_in_words(result: &ExerciseResult, language: Language) -> Option<String> {
    let Override { points, reason, .. } = result.by_hand?;
    let (number, earned) = (result.exercise.number, result.earned());
    Some(match language {
        Language::En => format!(
            "Exercise {number:02}: {points} points by the teacher's hand, instead of {earned}: {reason}"
        ),
        Language::Zh => {
            format!("练习 {number:02}：教师改为 {points} 分（原为 {earned} 分）：{reason}")
        }
    })
}
