//! Outcomes in the forms that other programs read: Gradescope's JSON, and `JUnit` XML.

use crate::catalogue;
use crate::exercise::Check;
use crate::failed::Because;
use crate::language::Language;
use crate::outcome::{Outcome, Result};
use harness::message;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};
use std::path::Path;

/// The report of a failed check: its transcript, and then the first line of its hint.
pub fn verdict(result: &Result, language: Language) -> String {
    let Some(failure) = &result.failure else {
        return String::new();
    };
    let story = catalogue::tell(failure, language);
    format!(
        "{}\n\n{}",
        story.trim_end(),
        look_at(&result.check, language)
    )
}

/// The first line of a check's hint: a question.
pub fn look_at(check: &Check, language: Language) -> String {
    let hint = check.hint.get(language).trim();
    let hint = hint.lines().next().unwrap_or_default();
    catalogue::say(&message!("Look at: {hint}", hint), language)
}

/// The outcomes in the form of Gradescope's `results.json`.
pub fn gradescope(outcomes: &[Outcome], language: Language) -> Value {
    let tests = outcomes
        .iter()
        .flat_map(|outcome| gradescope_tests(outcome, language));
    let versions = outcomes.iter().map(|outcome| {
        (
            outcome.exercise.package(),
            Value::from(outcome.exercise.version),
        )
    });
    json!({
        "score": outcomes.iter().map(Outcome::score).sum::<u32>(),
        "tests": tests.collect::<Vec<_>>(),
        "extra_data": { "rubric_versions": versions.collect::<serde_json::Map<_, _>>() },
    })
}

/// An outcome's checks as Gradescope's test cases.
pub fn gradescope_tests(outcome: &Outcome, language: Language) -> Vec<Value> {
    let results = outcome.results.iter().enumerate();
    results
        .map(|(index, result)| {
            json!({
                "name": result.check.title.get(language),
                "number": format!("{}.{}", outcome.exercise.number, index + 1),
                "score": result.score(),
                "max_score": result.check.points,
                "status": if result.passed() { "passed" } else { "failed" },
                "output": verdict(result, language),
                "tags": [outcome.exercise.package(), result.check.name],
            })
        })
        .collect()
}

/// Writes the outcomes as `JUnit` XML.
///
/// # Errors
///
/// If the file cannot be written.
pub fn junit(outcomes: &[Outcome], language: Language, path: &Path) -> anyhow::Result<()> {
    let mut report = Report::new("cargo grade");
    for outcome in outcomes {
        let mut suite = TestSuite::new(outcome.exercise.package());
        suite.add_test_cases(junit_cases(outcome, language));
        report.add_test_suite(suite);
    }
    let xml = report
        .to_string()
        .because(|| message!("cannot make JUnit XML"))?;
    std::fs::write(path, xml).because(|| message!("cannot write {path}", path))
}

/// An outcome's checks as `JUnit` test cases.
pub fn junit_cases(outcome: &Outcome, language: Language) -> Vec<TestCase> {
    let results = outcome.results.iter();
    results
        .map(|result| {
            let mut status = TestCaseStatus::success();
            if !result.passed() {
                status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message(result.check.title.get(language));
                status.set_description(verdict(result, language));
            }
            let mut case = TestCase::new(result.check.name.as_str(), status);
            case.set_classname(outcome.exercise.package())
                .set_time(result.took);
            case
        })
        .collect()
}
