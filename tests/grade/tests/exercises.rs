//! Exercises and rubrics belong together. Nothing is compiled here but this test: learners
//! may have an exercise that does not compile.

use grade::exercise::{Exercise, starter_in};
use grade::language::Language;
use std::collections::BTreeSet;
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
fn each_lesson_has_one_with_4_to_9_checks_and_a_starter() {
    let exercises = exercises();
    let numbers: Vec<u32> = exercises.iter().map(|exercise| exercise.number).collect();
    let lessons = workspace::lessons(workspace::root()).expect("the lessons");
    let lessons: Vec<u32> = lessons.iter().map(|lesson| lesson.number).collect();
    assert_eq!(numbers, lessons);
    for (language, folder) in [(Language::En, "starters"), (Language::Zh, "starters/zh")] {
        let starters = numbers
            .iter()
            .map(|number| workspace::root().join(starter_in(language, *number)));
        let starters: BTreeSet<_> = starters.collect();
        let folder = workspace::root().join("tests/grade").join(folder);
        let files = fs::read_dir(&folder).expect("the starters");
        let files = files.map(|entry| entry.expect("a starter").path());
        let files = files.filter(|path| path.is_file());
        assert_eq!(files.collect::<BTreeSet<_>>(), starters);
    }
    for exercise in &exercises {
        let checks = exercise.checks.len();
        assert!(
            (4..=9).contains(&checks),
            "{} has {checks} checks",
            exercise.package()
        );
    }
}

/// A program without its comments, and the comments.
fn code_and_comments(starter: &str) -> (String, String) {
    let parts = starter.lines().map(|line| match line.find("//") {
        // An address in a text has no slashes.
        Some(at) => line.split_at(at),
        None => (line, ""),
    });
    let is_some = |part: &&str| !part.trim().is_empty();
    let (code, comments): (Vec<_>, Vec<_>) = parts.unzip();
    let code: Vec<_> = code
        .into_iter()
        .map(str::trim_end)
        .filter(is_some)
        .collect();
    let comments: Vec<_> = comments.into_iter().filter(is_some).collect();
    (code.join("\n"), comments.join("\n"))
}

#[test]
fn a_starter_is_the_same_program_in_both_languages() {
    for exercise in exercises() {
        let [english, chinese] = [Language::En, Language::Zh].map(|language| {
            let path = workspace::root().join(starter_in(language, exercise.number));
            code_and_comments(&fs::read_to_string(path).expect("a starter"))
        });
        assert_eq!(english.0, chinese.0);
        let todos = |comments: &str| comments.matches("// TODO").count();
        assert_eq!(
            todos(&english.1),
            todos(&chinese.1),
            "{}",
            exercise.package()
        );
        // The first line tells the grader of a class which exercise it is.
        let title = exercise.title.get(Language::Zh);
        let first = format!("//! 练习 {:02}：{title}", exercise.number);
        assert!(
            chinese.1.starts_with(&first),
            "{}: {first}",
            exercise.package()
        );
    }
}

#[test]
fn they_are_found_where_a_folder_of_a_lesson_has_one() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = |name: &str| temporary.path().join("lessons").join(name);
    fs::create_dir_all(folder("01-alone/src")).expect("a lesson without an exercise");
    for name in ["08-project", "02-both"] {
        let exercise = folder(name).join("exercise");
        fs::create_dir_all(&exercise).expect("an exercise");
        let to = exercise.join("exercise.toml");
        fs::copy(exercises()[0].folder.join("exercise.toml"), to).expect("a file");
    }
    let found = Exercise::all(temporary.path()).expect("exercises");
    let found: Vec<_> = found.iter().map(|exercise| exercise.number).collect();
    assert_eq!(found, [2, 8]);
    // One that is half there is no lesson without an exercise.
    fs::create_dir(folder("01-alone/exercise")).expect("a folder");
    let error = Exercise::all(temporary.path()).expect_err("it has no exercise.toml");
    assert!(format!("{error:#}").contains("exercise.toml"), "{error:#}");
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
