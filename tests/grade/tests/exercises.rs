//! Exercises and rubrics belong together. Nothing is compiled here but this test: learners
//! may have an exercise that does not compile.

use grade::exercise::Exercise;
use std::fs;

fn exercises() -> Vec<Exercise> {
    // It verifies that the points add up to 100, and that no text is missing.
    Exercise::all(workspace::root()).unwrap_or_else(|error| panic!("{error:#}"))
}

/// The names of the test functions in a file, in order.
fn tests_in(source: &str) -> Vec<&str> {
    let after = source.split("\n#[test]\nfn ").skip(1);
    after
        .filter_map(|text| text.split_once('(').map(|(name, _)| name))
        .collect()
}

#[test]
fn there_are_seven_with_4_to_8_checks_each() {
    let exercises = exercises();
    let numbers: Vec<u32> = exercises.iter().map(|exercise| exercise.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7]);
    for exercise in &exercises {
        let checks = exercise.checks.len();
        assert!(
            (4..=8).contains(&checks),
            "{} has {checks} checks",
            exercise.package()
        );
    }
}

#[test]
fn each_check_has_a_test_function_and_each_test_function_a_check() {
    for exercise in exercises() {
        let path = format!(
            "{}/tests/exercises/{}.rs",
            workspace::root().display(),
            exercise.rubric()
        );
        let source = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let checks: Vec<&str> = exercise
            .checks
            .iter()
            .map(|check| check.name.as_str())
            .collect();
        assert_eq!(
            tests_in(&source),
            checks,
            "the functions in {path}, and the checks"
        );
    }
}

#[test]
fn every_text_is_written_in_its_language() {
    let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    for exercise in exercises() {
        let texts = exercise
            .checks
            .iter()
            .flat_map(|check| [&check.title, &check.hint]);
        for text in texts.chain([&exercise.title, &exercise.task]) {
            assert!(
                is_chinese(&text.zh),
                "{}: {:?}",
                exercise.package(),
                text.zh
            );
            assert!(text.en.is_ascii() || !is_chinese(&text.en[..1.min(text.en.len())]));
        }
    }
}
