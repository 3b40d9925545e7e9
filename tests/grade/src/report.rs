//! Outcomes in the forms that other programs read: Gradescope's JSON, and `JUnit` XML.

use crate::catalogue;
use crate::exercise::Check;
use crate::failed::Because;
use crate::language::Language;
use crate::outcome::{Outcome, Result};
use harness::{Verdict, message};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};
use std::path::Path;

/// The report of a check, empty if it has passed: the transcript of a failed check, and the first
/// line of its hint; or why there is no verdict.
pub fn verdict(result: &Result, language: Language) -> String {
    match &result.verdict {
        Verdict::Passed => String::new(),
        Verdict::Failed(failure) => {
            let transcript = catalogue::tell(failure, language);
            format!(
                "{}\n\n{}",
                transcript.trim_end(),
                look_at(&result.check, language)
            )
        }
        Verdict::NotChecked(why) => catalogue::say(
            &message!("not checked here: {reason}", reason = why),
            language,
        ),
        Verdict::NotGradable(why) => {
            catalogue::say(&message!("not gradable: {reason}", reason = why), language)
        }
    }
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
    let mut report = json!({
        "tests": tests.collect::<Vec<_>>(),
        "extra_data": { "rubric_versions": versions.collect::<serde_json::Map<_, _>>() },
    });
    // Without a score, a platform shows a run that has failed, and not a grade of 0.
    if outcomes
        .iter()
        .all(|outcome| outcome.not_gradable().is_none())
    {
        report["score"] = outcomes.iter().map(Outcome::score).sum::<u32>().into();
    }
    report
}

/// An outcome's checks as Gradescope's test cases. A check that says nothing about the program has
/// neither score nor status; its output says why.
pub fn gradescope_tests(outcome: &Outcome, language: Language) -> Vec<Value> {
    let results = outcome.results.iter().enumerate();
    results
        .map(|(index, result)| {
            let mut test = json!({
                "name": result.check.title.get(language),
                "number": format!("{}.{}", outcome.exercise.number, index + 1),
                "output": verdict(result, language),
                "tags": [outcome.exercise.package(), result.check.name],
            });
            if let Some(score) = result.score() {
                test["score"] = score.into();
                test["max_score"] = result.check.points.into();
                let status = if result.passed() { "passed" } else { "failed" };
                test["status"] = status.into();
            }
            test
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
            let mut status = match &result.verdict {
                Verdict::Passed => TestCaseStatus::success(),
                Verdict::Failed(_) => TestCaseStatus::non_success(NonSuccessKind::Failure),
                Verdict::NotChecked(_) => TestCaseStatus::skipped(),
                Verdict::NotGradable(_) => TestCaseStatus::non_success(NonSuccessKind::Error),
            };
            if !result.passed() {
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
