//! What failed, check by check.

use super::statistics::{mean, scale};
use crate::record::Status;
use crate::report::results::{ExerciseResult, Report, status_in_words};
use grade::catalogue;
use grade::exercise::Check;
use grade::language::Language;
use grade::outcome::Outcome;
use harness::Failure;
use harness::message;
use harness::message::Message;
use std::collections::{BTreeMap, BTreeSet};

/// How many checks stand in the table of those that most students fail.
const HARDEST_SHOWN: usize = 10;

/// How many ways of failing a check are told in the page; who failed in others is named only.
const GROUPS_SHOWN: usize = 12;

/// How many characters of what was expected, and of what came, are told in the page.
const CHARACTERS_SHOWN: usize = 240;

/// All that a status can be, as the columns of a table.
pub(super) const STATUSES: [Status; 7] = [
    Status::Graded,
    Status::DoesNotCompile,
    Status::TimedOut,
    Status::Missing,
    Status::NotUnderstood,
    Status::NotGraded,
    Status::NotGradable,
];

/// An exercise: a group of columns.
pub(super) struct ExerciseColumns<'a> {
    /// As in `05`.
    pub(super) number: String,
    pub(super) title: &'a str,
    pub(super) mean: String,
    pub(super) full: usize,
    /// How many students have each of [`STATUSES`].
    pub(super) counts: Vec<usize>,
    pub(super) checks: Vec<CheckColumn<'a>>,
    pub(super) not_checked: Vec<NotChecked>,
}

/// Who did not get as far as the checks, for the same reason.
pub(super) struct NotChecked {
    pub(super) status: String,
    /// Their indices, and the first line of what there is to say.
    pub(super) students: Vec<(usize, String)>,
}

/// A check: a column.
pub(super) struct CheckColumn<'a> {
    /// From 1.
    pub(super) number: usize,
    pub(super) title: &'a str,
    pub(super) points: u32,
    pub(super) failed: FailureCount,
    pub(super) groups: Vec<FailureGroup>,
    /// Who has failed in other ways than those.
    pub(super) others: Vec<usize>,
}

/// How many have failed a check, of those whom it was run for.
#[derive(Clone, Copy)]
pub(super) struct FailureCount {
    pub(super) failed: usize,
    pub(super) of: usize,
}

/// A way of failing a check.
pub(super) struct FailureGroup {
    pub(super) expected: Option<String>,
    pub(super) got: String,
    /// Indices of those who failed so.
    pub(super) students: Vec<usize>,
}

/// The outcome of an exercise, if its checks tell about them, and not about their time.
pub(super) fn checked<'a>(result: &'a ExerciseResult) -> Option<&'a Outcome> {
    match result.status {
        Status::Graded => result.outcome.as_ref(),
        _ => None,
    }
}

pub(super) fn exercises<'a>(
    report: &Report<'a>,
    exercise_results: &[Vec<ExerciseResult>],
) -> Vec<ExerciseColumns<'a>> {
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
                let failures = all
                    .iter()
                    .map(|result| checked(result).map(|outcome| outcome.results[index].failure()));
                CheckColumn::of(index + 1, check, failures, report.language)
            });
            ExerciseColumns {
                number: format!("{:02}", exercise.number),
                title: exercise.title.get(report.language),
                mean: mean(&points),
                full: points.iter().filter(|points| **points == 100).count(),
                counts: counts.collect(),
                checks: checks.collect(),
                not_checked: not_checked(&all, report.language),
            }
        })
        .collect()
}

/// Who did not get as far as the checks, by reason.
fn not_checked(all: &[&ExerciseResult], language: Language) -> Vec<NotChecked> {
    let reasons = [
        Status::DoesNotCompile,
        Status::TimedOut,
        Status::NotUnderstood,
        Status::NotGradable,
    ];
    let groups = reasons.map(|status| {
        let students = all.iter().enumerate();
        let students = students.filter(|(_, result)| result.status == status);
        NotChecked {
            status: status_in_words(status, language),
            students: students
                .map(|(index, result)| (index, first_line(&result.words(language))))
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

impl<'a> CheckColumn<'a> {
    /// A check, of the failures of all students: `None` for those whom it was not run for.
    fn of<'b>(
        number: usize,
        check: &'a Check,
        failures: impl Iterator<Item = Option<Option<&'b Failure>>>,
        language: Language,
    ) -> Self {
        let mut groups: BTreeMap<String, (&Failure, Vec<usize>)> = BTreeMap::new();
        let mut failed = FailureCount { failed: 0, of: 0 };
        for (student, failure) in failures.enumerate() {
            failed.of += usize::from(failure.is_some());
            if let Some(failure) = failure.flatten() {
                failed.failed += 1;
                let group = groups.entry(group_key(failure));
                group.or_insert((failure, vec![])).1.push(student);
            }
        }
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort_by_key(|(_, students)| (usize::MAX - students.len(), students[0]));
        let rest = groups.split_off(groups.len().min(GROUPS_SHOWN));
        let others: BTreeSet<_> = rest
            .into_iter()
            .flat_map(|(_, students)| students)
            .collect();
        Self {
            number,
            title: check.title.get(language),
            points: check.points,
            failed,
            groups: groups
                .into_iter()
                .map(|(failure, students)| FailureGroup::of(failure, students, language))
                .collect(),
            others: others.into_iter().collect(),
        }
    }
}

/// What is the same for failures that are told once: what was expected and what came, but for
/// the numbers, such as ports.
fn group_key(failure: &Failure) -> String {
    let (expected, got) = catalogue::in_short(failure, Language::En);
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

impl FailureGroup {
    fn of(failure: &Failure, students: Vec<usize>, language: Language) -> Self {
        let (expected, got) = catalogue::in_short(failure, language);
        Self {
            expected: expected.map(|text| shorten(&text)),
            got: shorten(&got),
            students,
        }
    }
}

fn shorten(text: &str) -> String {
    let mut chars = text.chars();
    let mut shown: String = chars.by_ref().take(CHARACTERS_SHOWN).collect();
    if chars.next().is_some() {
        shown.push_str(" …");
    }
    shown
}

impl FailureCount {
    /// How many of 100 have failed.
    pub(super) fn percent(self) -> usize {
        (100 * self.failed + self.of / 2) / self.of.max(1)
    }

    /// How many of 100 have passed; nothing where it was run for nobody.
    pub(super) fn passed(self) -> String {
        match self.of {
            0 => "–".to_string(),
            _ => (100 - self.percent()).to_string(),
        }
    }

    /// The step of the colour scale for how many have passed.
    pub(super) fn scale(self) -> usize {
        scale(
            u32::try_from(self.of - self.failed).unwrap_or(u32::MAX),
            self.of,
        )
    }

    pub(super) fn in_words(self) -> Message {
        let Self { failed, of } = self;
        message!("{failed} of {of} failed", failed, of)
    }
}

/// The checks that most fail, each with its number as in `05-3`.
pub(super) fn hardest<'a>(
    exercises: &[ExerciseColumns<'a>],
) -> Vec<(String, &'a str, FailureCount)> {
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
    all.truncate(HARDEST_SHOWN);
    all
}
