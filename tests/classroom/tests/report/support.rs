//! Classes, records, and what is read in a page.

use crate::made_up;
use classroom::record::{CheckResult, GradedExercise, Status, Student, StudentRecord};
use classroom::report::Report;
use grade::exercise::Exercise;
use grade::language::Language;
use harness::{Failure, Verdict};
use scraper::{ElementRef, Html, Selector};

/// A course of seven exercises: the figures in these tests are those of such a course.
pub(crate) fn exercises() -> Vec<Exercise> {
    let mut all = Exercise::all(workspace::root()).unwrap_or_else(|error| panic!("{error:#}"));
    all.truncate(7);
    all
}

/// A class of this many, and what is said of it.
pub(crate) fn with_class<T>(
    students: u64,
    language: Language,
    test: impl FnOnce(&Report) -> T,
) -> T {
    let exercises = exercises();
    let class = made_up::class(&exercises, students);
    test(&Report {
        exercises: &exercises,
        records: &class.records,
        overrides: &class.overrides,
        not_understood: &class.not_understood,
        language,
    })
}

pub(crate) fn student(id: &str) -> Student {
    Student {
        id: id.to_string(),
        name: format!("Name of {id}"),
        language: None,
    }
}

/// A student who has handed in some exercises: the number of each, and the checks that fail.
pub(crate) fn record(exercises: &[Exercise], id: &str, graded: &[(u32, &[&str])]) -> StudentRecord {
    let exercises = exercises.iter().map(|exercise| {
        let handed_in = graded.iter().find(|(number, _)| *number == exercise.number);
        let checks = handed_in.into_iter().flat_map(|(_, failed)| {
            exercise.checks.iter().map(|check| CheckResult {
                name: check.name.clone(),
                verdict: if failed.contains(&check.name.as_str()) {
                    Verdict::Failed(panicked())
                } else {
                    Verdict::Passed
                },
            })
        });
        GradedExercise {
            fingerprint: String::new(),
            exercise: exercise.number,
            version: exercise.version,
            status: handed_in.map_or(Status::Missing, |_| Status::Graded),
            checks: checks.collect(),
            message: None,
            set_aside: Vec::new(),
            recording: None,
        }
    });
    StudentRecord {
        exercises: exercises.collect(),
        student: student(id),
        notices: vec![],
    }
}

pub(crate) fn panicked() -> Failure {
    Failure::NoTranscript {
        what: harness::message!("the check has panicked"),
        printed: "at <port> 4711".to_string(),
    }
}

pub(crate) fn report<'a>(exercises: &'a [Exercise], records: &'a [StudentRecord]) -> Report<'a> {
    Report {
        exercises,
        records,
        overrides: &[],
        not_understood: &[],
        language: Language::En,
    }
}

pub(crate) fn page(report: &Report) -> Html {
    Html::parse_document(&report.page().expect("there is a page"))
}

pub(crate) fn feedback(report: &Report, record: &StudentRecord) -> Html {
    Html::parse_document(&report.feedback_html(record).expect("there is feedback"))
}

pub(crate) fn all<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    let selector = Selector::parse(selector).expect("it is a selector");
    html.select(&selector).collect()
}

/// The text of an element, with one space where there is white space.
pub(crate) fn text(element: ElementRef) -> String {
    let text: Vec<&str> = element.text().collect();
    let text = text.join(" ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn texts(html: &Html, selector: &str) -> Vec<String> {
    all(html, selector).into_iter().map(text).collect()
}
