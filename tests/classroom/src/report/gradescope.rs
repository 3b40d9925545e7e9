//! `results/STEM.json`: what Gradescope shows.

use super::on_wire::OnWire;
use super::results::{ExerciseResult, Report, heading, override_in_words, status_in_words};
use crate::escape::escape_text;
use crate::record::StudentRecord;
use grade::catalogue::say;
use grade::language::Language;
use grade::outcome::Outcome;
use grade::report::gradescope_tests;
use harness::message;
use serde_json::{Map, Value, json};

impl Report<'_> {
    /// `results/STEM.json`: Gradescope's `results.json`, in the student's language.
    pub fn gradescope(&self, record: &StudentRecord) -> Value {
        let language = record.student.language_in(self.language);
        let exercise_results = self.exercise_results(record);
        let tests = exercise_results
            .iter()
            .flat_map(|result| match &result.outcome {
                Some(outcome) => checked_tests(result, outcome, language),
                None => unchecked_tests(result, language),
            });
        let versions = self.exercises.iter().map(|exercise| {
            let version = Value::from(exercise.version);
            (exercise.package(), version)
        });
        let mut results = json!({
            "output": remarks(&exercise_results, record, language),
            "tests": tests.collect::<Vec<_>>(),
            "extra_data": { "rubric_versions": versions.collect::<Map<_, _>>() },
        });
        // Without a score, the platform shows a run that has failed, and not a grade of 0.
        if !exercise_results
            .iter()
            .any(ExerciseResult::is_without_grade)
        {
            results["score"] = self.points(record).into();
        }
        escape_all(&mut results);
        results
    }
}

/// The test cases of an exercise, with the packets of the first check that has failed.
fn checked_tests(result: &ExerciseResult, outcome: &Outcome, language: Language) -> Vec<Value> {
    let mut tests = gradescope_tests(outcome, language);
    for (test, checked) in tests.iter_mut().zip(&outcome.results) {
        if let Some(on_wire) = OnWire::of(result, &checked.check.name, language)
            && let Value::String(output) = &mut test["output"]
        {
            *output = format!("{output}\n\n{}", on_wire.text());
        }
    }
    tests
}

/// The test cases of an exercise whose checks were not run: what there is instead of them, and
/// then all of them, so that every student's results have the same.
fn unchecked_tests(result: &ExerciseResult, language: Language) -> Vec<Value> {
    let exercise = result.exercise;
    let (number, title) = (exercise.number, exercise.title.get(language));
    let status = status_in_words(result.status, language);
    let output = format!("{status}\n\n{}", result.words(language));
    let mut tests = vec![json!({
        "name": say(&heading(&exercise.digits(), title), language),
        "number": number.to_string(),
        "status": "failed",
        "output": output.trim_end(),
        "tags": [exercise.package()],
    })];
    if result.is_without_grade() {
        return tests;
    }
    let checks = exercise.checks.iter().enumerate();
    tests.extend(checks.map(|(index, check)| {
        json!({
            "name": check.title.get(language),
            "number": format!("{number}.{}", index + 1),
            "score": 0,
            "max_score": check.points,
            "status": "failed",
            "output": say(&message!("the check was not run"), language),
            "tags": [exercise.package(), check.name],
        })
    }));
    tests
}

/// What there is to say besides the checks: points by hand, and what does not count.
fn remarks(
    exercise_results: &[ExerciseResult],
    record: &StudentRecord,
    language: Language,
) -> String {
    let by_hand = exercise_results
        .iter()
        .filter_map(|result| override_in_words(result, language));
    let notices = record.notices.iter().map(|notice| say(notice, language));
    by_hand.chain(notices).collect::<Vec<_>>().join("\n")
}

/// Escapes all texts.
fn escape_all(value: &mut Value) {
    match value {
        Value::String(text) => *text = escape_text(text),
        Value::Array(values) => values.iter_mut().for_each(escape_all),
        Value::Object(values) => values.values_mut().for_each(escape_all),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
