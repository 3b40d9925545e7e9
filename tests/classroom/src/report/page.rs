//! `report.html`: the teacher's page.

mod checks;
mod statistics;

use super::results::{ExerciseResult, Report, status_in_words};
use super::tag;
use crate::escape::escape_text;
use crate::intake::shorten;
use crate::record::{Status, StudentRecord};
use askama::Template;
use checks::{ExerciseColumns, FailureCount, STATUSES, checked, exercises, hardest};
use grade::catalogue;
use grade::failed::Because;
use grade::language::Language;
use harness::message;
use harness::message::Message;
use statistics::{Bar, Summary, histogram, scale, spread};

/// The folder that the teacher's page looks for the students' feedback in.
pub const FEEDBACK: &str = "feedback";

/// `page.html`.
#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    language: Language,
    /// For `lang` of HTML.
    lang: &'static str,
    colours: &'static str,
    style: &'static str,
    script: &'static str,
    course: &'a str,
    date: &'a str,
    folder: &'static str,
    possible: usize,
    summary: Summary,
    histogram: Vec<Bar>,
    /// The histogram in words.
    spread: String,
    statuses: [String; STATUSES.len()],
    exercises: Vec<ExerciseColumns<'a>>,
    hardest: Vec<(String, &'a str, FailureCount)>,
    students: Vec<StudentRow<'a>>,
    by_hand: Vec<OverrideRow<'a>>,
    has_notices: bool,
    not_understood: &'a [(String, Message)],
}

/// A student: a row.
struct StudentRow<'a> {
    name: String,
    id: String,
    stem: String,
    total: u32,
    scale: usize,
    exercises: Vec<ExerciseCells<'a>>,
    notices: &'a [Message],
}

/// An exercise of a student: the points, and a cell for each check, or one for all of them.
struct ExerciseCells<'a> {
    number: String,
    points: u32,
    scale: usize,
    /// Why, if they are by a teacher's hand.
    reason: Option<&'a str>,
    /// Instead of checks.
    status: Option<String>,
    is_missing: bool,
    /// Which checks have passed.
    passed: Vec<bool>,
    columns: usize,
}

/// Points by a teacher's hand.
struct OverrideRow<'a> {
    /// The name and the file, where there is such a student.
    student: Option<(String, String)>,
    id: String,
    exercise: String,
    points: u32,
    /// The points by the checks, where there is such an exercise of such a student.
    earned: Option<u32>,
    reason: &'a str,
}

impl Page<'_> {
    fn say(&self, message: &Message) -> String {
        catalogue::say(message, self.language)
    }
}

impl Report<'_> {
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
        let Report {
            records, language, ..
        } = *self;
        let exercise_results: Vec<_> = records
            .iter()
            .map(|record| self.exercise_results(record))
            .collect();
        let possible = 100 * self.exercises.len();
        let totals: Vec<u32> = exercise_results
            .iter()
            .map(|exercise_results| exercise_results.iter().map(ExerciseResult::points).sum())
            .collect();
        let exercises = exercises(self, &exercise_results);
        let histogram = histogram(&totals, possible);
        let page = Page {
            language,
            lang: tag(language),
            colours: include_str!("colours.css"),
            style: include_str!("page.css"),
            script: include_str!("page.js"),
            course,
            date,
            folder: FEEDBACK,
            possible,
            summary: Summary::of(&exercise_results, &totals, possible),
            spread: spread(&histogram, language),
            histogram,
            statuses: STATUSES.map(|status| status_in_words(status, language)),
            hardest: hardest(&exercises),
            exercises,
            students: records
                .iter()
                .zip(&exercise_results)
                .zip(&totals)
                .map(|((record, exercise_results), total)| {
                    StudentRow::of(record, exercise_results, *total, language)
                })
                .collect(),
            by_hand: by_hand(self, &exercise_results),
            has_notices: records.iter().any(|record| !record.notices.is_empty()),
            not_understood: self.not_understood,
        };
        let html = page
            .render()
            .because(|| message!("cannot make the report"))?;
        Ok(escape_text(&html))
    }
}

impl<'a> StudentRow<'a> {
    fn of(
        record: &'a StudentRecord,
        exercise_results: &[ExerciseResult<'a>],
        total: u32,
        language: Language,
    ) -> Self {
        let cells = exercise_results
            .iter()
            .map(|result| ExerciseCells::of(result, language));
        Self {
            name: shorten(&record.student.name),
            id: shorten(&record.student.id),
            stem: record.student.file_stem(),
            total,
            scale: scale(total, 100 * exercise_results.len()),
            exercises: cells.collect(),
            notices: &record.notices,
        }
    }
}

impl<'a> ExerciseCells<'a> {
    fn of(result: &ExerciseResult<'a>, language: Language) -> Self {
        let outcome = checked(result);
        let results = outcome.iter().flat_map(|outcome| &outcome.results);
        let status = status_in_words(result.status, language);
        Self {
            number: format!("{:02}", result.exercise.number),
            points: result.points(),
            scale: scale(result.points(), 100),
            reason: result.by_hand.map(|by_hand| by_hand.reason.as_str()),
            status: outcome.is_none().then_some(status),
            is_missing: result.status == Status::Missing,
            passed: results.map(grade::outcome::Result::passed).collect(),
            columns: result.exercise.checks.len(),
        }
    }
}

/// All points by a teacher's hand, also those that are nobody's: who has mistyped an ID sees it.
fn by_hand<'a>(
    report: &Report<'a>,
    exercise_results: &[Vec<ExerciseResult>],
) -> Vec<OverrideRow<'a>> {
    let overrides = report.overrides.iter();
    overrides
        .map(|by_hand| {
            let is_this = |record: &StudentRecord| record.student.id == by_hand.student;
            let row = report.records.iter().position(is_this);
            let exercise_results = row.map(|row| &exercise_results[row]);
            let mut exercise_results = exercise_results.into_iter().flatten();
            let student = row.map(|row| &report.records[row].student);
            OverrideRow {
                student: student.map(|student| (shorten(&student.name), student.file_stem())),
                id: shorten(&by_hand.student),
                exercise: format!("{:02}", by_hand.exercise),
                points: by_hand.points,
                earned: exercise_results
                    .find(|result| result.exercise.number == by_hand.exercise)
                    .map(ExerciseResult::earned),
                reason: &by_hand.reason,
            }
        })
        .collect()
}
