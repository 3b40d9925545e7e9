//! The teacher's page.

use super::{ExerciseResult, FEEDBACK, Report, status_in_words};
use crate::escape::escape_text;
use crate::record::{Status, StudentRecord};
use anyhow::Context;
use askama::Template;
use grade::exercise::Check;
use grade::language::Language;
use grade::translate;
use harness::Failure;
use std::collections::{BTreeMap, BTreeSet};

/// How many checks stand in the table of those that most students fail.
const HARDEST: usize = 10;

/// How many ways of failing a check are told in the page; who failed in others is named only.
const WAYS: usize = 12;

/// How many characters of what was expected, and of what came, are told in the page.
const TOLD: usize = 240;

/// All that a status can be, as the columns of a table.
const STATUSES: [Status; 6] = [
    Status::Graded,
    Status::DoesNotCompile,
    Status::TimedOut,
    Status::Missing,
    Status::NotUnderstood,
    Status::NotGraded,
];

/// `page.html`.
#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    language: Language,
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
    statuses: [&'static str; STATUSES.len()],
    exercises: Vec<Exercise<'a>>,
    hardest: Vec<(String, &'a str, Failed)>,
    students: Vec<Student<'a>>,
    by_hand: Vec<ByHand<'a>>,
    has_notices: bool,
    not_understood: &'a [(String, String)],
}

/// The class in figures.
struct Summary {
    students: usize,
    handed_in: usize,
    full: usize,
    mean: String,
    median: String,
}

/// A bar of the histogram: the students whose totals are from one number to another. Its size is in
/// the histogram's own units.
struct Bar {
    from: usize,
    to: usize,
    students: usize,
    left: usize,
    top: usize,
    height: usize,
}

/// An exercise: a group of columns.
struct Exercise<'a> {
    /// As in `05`.
    number: String,
    title: &'a str,
    mean: String,
    full: usize,
    /// How many students have each of [`STATUSES`].
    counts: Vec<usize>,
    checks: Vec<Column<'a>>,
    stopped: Vec<Stopped>,
}

/// Who did not get as far as the checks, for the same reason.
struct Stopped {
    status: &'static str,
    /// Their indices, and the first line of what there is to say.
    students: Vec<(usize, String)>,
}

/// A check: a column.
struct Column<'a> {
    /// From 1.
    number: usize,
    title: &'a str,
    points: u32,
    failed: Failed,
    ways: Vec<Way>,
    /// Who has failed in other ways than those.
    others: Vec<usize>,
}

/// How many have failed a check, of those whom it was run for.
#[derive(Clone, Copy)]
struct Failed {
    failed: usize,
    of: usize,
}

/// A way of failing a check.
struct Way {
    expected: Option<String>,
    got: String,
    /// Indices of those who failed so.
    students: Vec<usize>,
}

/// A student: a row.
struct Student<'a> {
    name: &'a str,
    id: &'a str,
    stem: String,
    total: u32,
    scale: usize,
    exercises: Vec<Cells<'a>>,
    notices: &'a [String],
}

/// An exercise of a student: the points, and a cell for each check, or one for all of them.
struct Cells<'a> {
    number: String,
    points: u32,
    scale: usize,
    /// Why, if they are by a teacher's hand.
    reason: Option<&'a str>,
    /// Instead of checks.
    status: Option<&'static str>,
    is_missing: bool,
    /// Which checks have passed.
    passed: Vec<bool>,
    columns: usize,
}

/// Points by a teacher's hand.
struct ByHand<'a> {
    /// The name and the file, where there is such a student.
    student: Option<(&'a str, String)>,
    id: &'a str,
    exercise: String,
    points: u32,
    /// The points by the checks, where there is such an exercise of such a student.
    earned: Option<u32>,
    reason: &'a str,
}

/// The page of a class.
pub(super) fn html(report: &Report, course: &str, date: &str) -> anyhow::Result<String> {
    let Report {
        records, language, ..
    } = *report;
    let exercise_results: Vec<_> = records
        .iter()
        .map(|record| report.exercise_results(record))
        .collect();
    let possible = 100 * report.exercises.len();
    let totals: Vec<u32> = exercise_results
        .iter()
        .map(|exercise_results| exercise_results.iter().map(ExerciseResult::points).sum())
        .collect();
    let exercises = exercises(report, &exercise_results);
    let histogram = histogram(&totals, possible);
    let page = Page {
        language,
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
                Student::of(record, exercise_results, *total, language)
            })
            .collect(),
        by_hand: by_hand(report, &exercise_results),
        has_notices: records.iter().any(|record| !record.notices.is_empty()),
        not_understood: report.not_understood,
    };
    let html = page.render().context("cannot make the report")?;
    Ok(escape_text(&html))
}

impl Summary {
    fn of(exercise_results: &[Vec<ExerciseResult>], totals: &[u32], possible: usize) -> Self {
        let handed_in = exercise_results.iter().filter(|exercise_results| {
            let mut exercise_results = exercise_results.iter();
            exercise_results
                .any(|result| !matches!(result.status, Status::Missing | Status::NotGraded))
        });
        let full = totals.iter().filter(|total| **total as usize == possible);
        Self {
            students: totals.len(),
            handed_in: handed_in.count(),
            full: full.count(),
            mean: mean(totals),
            median: median(totals),
        }
    }
}

/// To one decimal place.
fn mean(points: &[u32]) -> String {
    let count = u32::try_from(points.len()).unwrap_or(u32::MAX);
    match count {
        0 => "–".to_string(),
        _ => format!(
            "{:.1}",
            f64::from(points.iter().sum::<u32>()) / f64::from(count)
        ),
    }
}

fn median(points: &[u32]) -> String {
    let mut sorted = points.to_vec();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => "–".to_string(),
        odd if odd % 2 == 1 => sorted[middle].to_string(),
        _ => {
            let middle = mean(&sorted[middle - 1..=middle]);
            middle.trim_end_matches(".0").to_string()
        }
    }
}

/// How many bars there are: for tenths of the points.
const BARS: usize = 10;

/// The width of a bar with the gap after it, and the height of the highest one.
const BAR: (usize, usize) = (36, 120);

fn histogram(totals: &[u32], possible: usize) -> Vec<Bar> {
    let mut counts = [0; BARS];
    for total in totals {
        let place = *total as usize * BARS / possible.max(1);
        counts[place.min(BARS - 1)] += 1;
    }
    let highest = counts.into_iter().max().unwrap_or_default().max(1);
    let bars = counts.into_iter().enumerate();
    bars.map(|(index, students)| {
        let last = usize::from(index + 1 < BARS);
        let height = (BAR.1 * students).div_ceil(highest);
        Bar {
            from: index * possible / BARS,
            to: ((index + 1) * possible / BARS).saturating_sub(last),
            students,
            left: index * BAR.0,
            top: BAR.1 - height,
            height,
        }
    })
    .collect()
}

/// A histogram in words.
fn spread(histogram: &[Bar], language: Language) -> String {
    let bars = histogram.iter().map(|bar| {
        let Bar {
            from, to, students, ..
        } = bar;
        match language {
            Language::En => format!("{from} to {to} points: {students}"),
            Language::Zh => format!("{from} 至 {to} 分：{students} 人"),
        }
    });
    let bars: Vec<_> = bars.collect();
    bars.join(language.pick("; ", "；"))
}

/// The step of the colour scale: 0 to 4 for fifths, and 5 for all of the points.
fn scale(points: u32, possible: usize) -> usize {
    (points as usize * 5 / possible.max(1)).min(5)
}

fn exercises<'a>(
    report: &Report<'a>,
    exercise_results: &[Vec<ExerciseResult>],
) -> Vec<Exercise<'a>> {
    let exercises = report.exercises.iter().enumerate();
    exercises
        .map(|(place, exercise)| {
            let all: Vec<&ExerciseResult> =
                exercise_results.iter().map(|row| &row[place]).collect();
            let points: Vec<u32> = all.iter().map(|result| result.points()).collect();
            let counts = STATUSES.iter().map(|status| {
                let of_this = all.iter().filter(|result| result.status == *status);
                of_this.count()
            });
            let checks = exercise.checks.iter().enumerate();
            let checks = checks.map(|(index, check)| {
                let failures = all.iter().map(|result| {
                    checked(result).map(|outcome| outcome.results[index].failure.as_ref())
                });
                Column::of(index + 1, check, failures, report.language)
            });
            Exercise {
                number: format!("{:02}", exercise.number),
                title: exercise.title.get(report.language),
                mean: mean(&points),
                full: points.iter().filter(|points| **points == 100).count(),
                counts: counts.collect(),
                checks: checks.collect(),
                stopped: stopped(&all, report.language),
            }
        })
        .collect()
}

/// Who did not get as far as the checks, by reason.
fn stopped(all: &[&ExerciseResult], language: Language) -> Vec<Stopped> {
    let reasons = [
        Status::DoesNotCompile,
        Status::TimedOut,
        Status::NotUnderstood,
    ];
    let groups = reasons.map(|status| {
        let students = all.iter().enumerate();
        let students = students.filter(|(_, result)| result.status == status);
        Stopped {
            status: status_in_words(status, language),
            students: students
                .map(|(index, result)| (index, first_line(&result.message)))
                .collect(),
        }
    });
    let groups = groups.into_iter();
    groups.filter(|group| !group.students.is_empty()).collect()
}

/// The first line of the compiler's that is an error, or the first line of all.
fn first_line(message: &str) -> String {
    let error = message.lines().find(|line| line.starts_with("error"));
    let line = error.or_else(|| message.trim_start().lines().next());
    shorten(line.unwrap_or_default())
}

/// The outcome of an exercise, if its checks tell about them, and not about their time.
fn checked<'a>(result: &'a ExerciseResult) -> Option<&'a grade::outcome::Outcome> {
    match result.status {
        Status::Graded => result.outcome.as_ref(),
        _ => None,
    }
}

impl<'a> Column<'a> {
    /// A check, of the failures of all students: `None` for those whom it was not run for.
    fn of<'b>(
        number: usize,
        check: &'a Check,
        failures: impl Iterator<Item = Option<Option<&'b Failure>>>,
        language: Language,
    ) -> Self {
        let mut ways: BTreeMap<String, (&Failure, Vec<usize>)> = BTreeMap::new();
        let mut failed = Failed { failed: 0, of: 0 };
        for (student, failure) in failures.enumerate() {
            failed.of += usize::from(failure.is_some());
            if let Some(failure) = failure.flatten() {
                failed.failed += 1;
                let way = ways.entry(likeness(failure));
                way.or_insert((failure, vec![])).1.push(student);
            }
        }
        let mut ways: Vec<_> = ways.into_values().collect();
        ways.sort_by_key(|(_, students)| (usize::MAX - students.len(), students[0]));
        let rest = ways.split_off(ways.len().min(WAYS));
        let others: BTreeSet<_> = rest
            .into_iter()
            .flat_map(|(_, students)| students)
            .collect();
        Self {
            number,
            title: check.title.get(language),
            points: check.points,
            failed,
            ways: ways
                .into_iter()
                .map(|(failure, students)| Way::of(failure, students, language))
                .collect(),
            others: others.into_iter().collect(),
        }
    }
}

/// What is the same for failures that are told once: what was expected and what came, but for
/// the numbers, such as ports.
fn likeness(failure: &Failure) -> String {
    let (expected, got) = translate::in_short(failure, Language::En);
    let mut alike = String::new();
    for c in expected
        .iter()
        .flat_map(|text| text.chars())
        .chain(got.chars())
    {
        match c {
            '0'..='9' if alike.ends_with('0') => {}
            '0'..='9' => alike.push('0'),
            c => alike.push(c),
        }
    }
    alike
}

impl Way {
    fn of(failure: &Failure, students: Vec<usize>, language: Language) -> Self {
        let (expected, got) = translate::in_short(failure, language);
        Self {
            expected: expected.map(|text| shorten(&text)),
            got: shorten(&got),
            students,
        }
    }
}

fn shorten(text: &str) -> String {
    let mut chars = text.chars();
    let mut shown: String = chars.by_ref().take(TOLD).collect();
    if chars.next().is_some() {
        shown.push_str(" …");
    }
    shown
}

impl Failed {
    /// How many of 100 have failed.
    fn percent(self) -> usize {
        (100 * self.failed + self.of / 2) / self.of.max(1)
    }

    /// How many of 100 have passed; nothing where it was run for nobody.
    fn passed(self) -> String {
        match self.of {
            0 => "–".to_string(),
            _ => (100 - self.percent()).to_string(),
        }
    }

    /// The step of the colour scale for how many have passed.
    fn scale(self) -> usize {
        scale(
            u32::try_from(self.of - self.failed).unwrap_or(u32::MAX),
            self.of,
        )
    }

    fn in_words(self, language: Language) -> String {
        let Self { failed, of } = self;
        match language {
            Language::En => format!("{failed} of {of} failed"),
            Language::Zh => format!("{of} 人中 {failed} 人失败"),
        }
    }
}

/// The checks that most fail, each with its number as in `05-3`.
fn hardest<'a>(exercises: &[Exercise<'a>]) -> Vec<(String, &'a str, Failed)> {
    let mut all = Vec::new();
    for exercise in exercises {
        for check in exercise
            .checks
            .iter()
            .filter(|check| check.failed.failed > 0)
        {
            let number = format!("{}-{}", exercise.number, check.number);
            all.push((number, check.title, check.failed));
        }
    }
    // Parts are compared as fractions: in percent, 100 of 201 and 1 of 2 would be the same.
    all.sort_by(|(_, _, a), (_, _, b)| (b.failed * a.of).cmp(&(a.failed * b.of)));
    all.truncate(HARDEST);
    all
}

impl<'a> Student<'a> {
    fn of(
        record: &'a StudentRecord,
        exercise_results: &[ExerciseResult<'a>],
        total: u32,
        language: Language,
    ) -> Self {
        let cells = exercise_results
            .iter()
            .map(|result| Cells::of(result, language));
        Self {
            name: &record.student.name,
            id: &record.student.id,
            stem: record.student.file_stem(),
            total,
            scale: scale(total, 100 * exercise_results.len()),
            exercises: cells.collect(),
            notices: &record.notices,
        }
    }
}

impl<'a> Cells<'a> {
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
fn by_hand<'a>(report: &Report<'a>, exercise_results: &[Vec<ExerciseResult>]) -> Vec<ByHand<'a>> {
    let overrides = report.overrides.iter();
    overrides
        .map(|by_hand| {
            let is_this = |record: &StudentRecord| record.student.id == by_hand.student;
            let row = report.records.iter().position(is_this);
            let exercise_results = row.map(|row| &exercise_results[row]);
            let mut exercise_results = exercise_results.into_iter().flatten();
            let student = row.map(|row| &report.records[row].student);
            ByHand {
                student: student.map(|student| (student.name.as_str(), student.file_stem())),
                id: &by_hand.student,
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
