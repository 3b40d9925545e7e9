//! What a class, and each student in it, gets to read.
//!
//! The teacher's page has styles and scripts inside, and needs no network. The stories of
//! failed checks stand in files beside it, one for each student: those of 200 students would
//! be 20 MB in one page. What was expected, and what came, stands in the page for every
//! failure, once for all students who failed alike: so it tells enough alone.
//!
//! Equal records give equal files: there is no clock in here.

mod feedback;
mod page;

use crate::escape::escape_text;
use crate::record::{GradedExercise, Override, Status, StudentRecord};
use anyhow::Context;
use grade::exercise::Exercise;
use grade::language::Language;
use grade::outcome::Outcome;
use grade::report::{gradescope_tests, junit_cases};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Map, Value, json};

/// The folder that the teacher's page looks for the students' feedback in.
pub const FEEDBACK: &str = "feedback";

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
    }
}

impl<'a> Report<'a> {
    /// `report.html`: one page that needs no network, and of other files only those in
    /// [`FEEDBACK`].
    ///
    /// # Errors
    ///
    /// If the template cannot be filled.
    pub fn page(&self) -> anyhow::Result<String> {
        self.page_of("", "")
    }

    /// The same with the name of the course and a date, as they shall stand there.
    ///
    /// # Errors
    ///
    /// If the template cannot be filled.
    pub fn page_of(&self, course: &str, date: &str) -> anyhow::Result<String> {
        page::html(self, course, date)
    }

    /// `feedback/STEM.html`, in the student's language.
    ///
    /// # Errors
    ///
    /// If the template cannot be filled.
    pub fn feedback_html(&self, record: &StudentRecord) -> anyhow::Result<String> {
        feedback::html(self, record)
    }

    /// `feedback/STEM.txt`, in the student's language.
    ///
    /// # Errors
    ///
    /// If the text cannot be written.
    pub fn feedback_text(&self, record: &StudentRecord) -> anyhow::Result<String> {
        feedback::text(self, record)
    }

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

    /// `results/STEM.json`: Gradescope's `results.json`, in the student's language. The whole
    /// record stands in `extra_data.record`, from where it is read again.
    pub fn gradescope(&self, record: &StudentRecord) -> Value {
        let language = record.language;
        let exercise_results = self.exercise_results(record);
        let tests = exercise_results
            .iter()
            .flat_map(|result| match &result.outcome {
                Some(outcome) => gradescope_tests(outcome, language),
                None => unchecked_tests(result, language),
            });
        let versions = self.exercises.iter().map(|exercise| {
            let version = Value::from(exercise.version);
            (exercise.package(), version)
        });
        let mut results = json!({
            "score": self.points(record),
            "output": remarks(&exercise_results, record),
            "tests": tests.collect::<Vec<_>>(),
        });
        clean(&mut results);
        results["extra_data"] = json!({
            "rubric_versions": versions.collect::<Map<_, _>>(),
            "record": record,
        });
        results
    }

    /// All of the class as `JUnit` XML: a test suite for each exercise of each student, and one
    /// for what was not understood.
    ///
    /// # Errors
    ///
    /// If the XML cannot be made.
    pub fn junit(&self) -> anyhow::Result<String> {
        let mut report = quick_junit::Report::new("cargo grade class");
        for record in self.records {
            for result in self.exercise_results(record) {
                report.add_test_suite(self.suite(record, &result));
            }
        }
        if !self.not_understood.is_empty() {
            let mut suite = TestSuite::new(self.language.pick("not understood", "无法识别"));
            for (path, reason) in self.not_understood {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
                status.set_message(escape_text(reason));
                suite.add_test_case(TestCase::new(escape_text(path), status));
            }
            report.add_test_suite(suite);
        }
        report.to_string().context("cannot make JUnit XML")
    }

    /// An exercise of a student.
    fn suite(&self, record: &StudentRecord, result: &ExerciseResult) -> TestSuite {
        let package = result.exercise.package();
        let mut suite = TestSuite::new(format!("{}/{package}", escape_text(&record.student.id)));
        suite.add_property(("student", escape_text(&record.student.name).as_str()));
        suite.add_property(("points", result.points().to_string().as_str()));
        if let Some(by_hand) = result.by_hand {
            suite.add_property(("override", escape_text(&by_hand.reason).as_str()));
        }
        if let Some(outcome) = &result.outcome {
            suite.add_test_cases(junit_cases(outcome, self.language));
            return suite;
        }
        let mut status = match result.status {
            Status::Missing | Status::NotGraded => TestCaseStatus::skipped(),
            _ => TestCaseStatus::non_success(NonSuccessKind::Error),
        };
        status.set_message(status_in_words(result.status, self.language));
        status.set_description(escape_text(&result.message));
        let mut case = TestCase::new(package.as_str(), status);
        case.set_classname(package);
        suite.add_test_case(case);
        suite
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

/// The test cases of an exercise whose checks were not run: what there is instead of them, and
/// then all of them, so that every student's results have the same.
fn unchecked_tests(result: &ExerciseResult, language: Language) -> Vec<Value> {
    let exercise = result.exercise;
    let (number, title) = (exercise.number, exercise.title.get(language));
    let status = status_in_words(result.status, language);
    let output = format!("{status}\n\n{}", result.message);
    let mut tests = vec![json!({
        "name": format!("{} {number:02}: {title}", language.pick("Exercise", "练习")),
        "number": number.to_string(),
        "status": "failed",
        "output": output.trim_end(),
        "tags": [exercise.package()],
    })];
    let checks = exercise.checks.iter().enumerate();
    tests.extend(checks.map(|(index, check)| {
        json!({
            "name": check.title.get(language),
            "number": format!("{number}.{}", index + 1),
            "score": 0,
            "max_score": check.points,
            "status": "failed",
            "output": language.pick("the check was not run", "这项检查没有运行"),
            "tags": [exercise.package(), check.name],
        })
    }));
    tests
}

/// What there is to say besides the checks: points by hand, and what does not count.
fn remarks(exercise_results: &[ExerciseResult], record: &StudentRecord) -> String {
    let by_hand = exercise_results
        .iter()
        .filter_map(|result| by_hand_in_words(result, record.language));
    let notices = record.notices.iter().cloned();
    by_hand.chain(notices).collect::<Vec<_>>().join("\n")
}

/// What a teacher's hand has changed.
fn by_hand_in_words(result: &ExerciseResult, language: Language) -> Option<String> {
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

/// Makes all texts harmless.
fn clean(value: &mut Value) {
    match value {
        Value::String(text) => *text = escape_text(text),
        Value::Array(values) => values.iter_mut().for_each(clean),
        Value::Object(values) => values.values_mut().for_each(clean),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
