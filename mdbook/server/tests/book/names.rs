//! Every test that the book names exists, and the reference names every one that holds a
//! program to the contract.
//!
//! A test of a lesson is named `lesson_04::a_second_client_waits`, in code; a check of an
//! exercise `exercise_04::silent_clients_time_out`: the test program and the test.
//! `lesson_0[2-6]::understands_gbk` names the test of that name in each of these lessons.

use crate::chapters::{Chapter, all, chapters, files, pattern, read};
use crate::problems::Problems;
use book::site::Language;
use std::collections::BTreeSet;
use std::process::Command;
use workspace::Lesson;

/// How many things there are to remember, each of which a test proves.
const EIGHT: usize = 8;

/// The chapter that names every test, and the one that names a test for each of its claims.
const REFERENCE: &str = "reference.md";
const REMEMBER: &str = "eight.md";

/// The names of all tests of lessons, as their test programs list them: `lesson_04::…`.
fn tests() -> BTreeSet<String> {
    let lessons = workspace::lessons(workspace::root()).expect("the lessons can be read");
    // The project after the lessons has an exercise and no program.
    let lessons = lessons
        .iter()
        .filter(|lesson| lesson.folder.join("src").is_dir());
    lessons.flat_map(tests_of).collect()
}

/// The names of one lesson's tests.
fn tests_of(lesson: &Lesson) -> BTreeSet<String> {
    let output = Command::new(lesson.tests())
        .args(["--list", "--format", "terse"])
        .output()
        .expect("the tests can be started");
    let list = String::from_utf8(output.stdout).expect("names are UTF-8");
    let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
    let names: BTreeSet<String> = names
        .map(|name| format!("lesson_{:02}::{name}", lesson.number))
        .collect();
    assert!(
        !names.is_empty(),
        "lesson {:02} lists no tests",
        lesson.number
    );
    names
}

/// The checks of exercises, as their rubrics list them: `exercise_04::…`. That each of them is a
/// test the grader's own tests prove.
fn checks() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in files("lessons", "") {
        let number = &folder[..2];
        let rubric = read(&format!("lessons/{folder}/exercise/exercise.toml"));
        let rubric: toml::Table = rubric.parse().expect("it is TOML");
        for check in rubric["check"].as_array().expect("a rubric has checks") {
            let name = check["name"].as_str().expect("a name is a text");
            names.insert(format!("exercise_{number}::{name}"));
        }
    }
    names
}

/// The tests that a chapter names, and where. `lesson_0[2-6]::…` names five.
fn named(chapter: &Chapter) -> Vec<(usize, String)> {
    let name = pattern(r"\b(lesson|exercise)_0(?:(\d)|\[(\d)-(\d)\])::(\w+(?:::\w+)*)");
    let mut names = Vec::new();
    for (text, line) in chapter.text.lines().zip(1..) {
        for found in name.captures_iter(text) {
            let digit = |group| {
                found
                    .get(group)
                    .and_then(|digit| digit.as_str().parse::<u8>().ok())
            };
            let first = digit(2).or(digit(3)).expect("the pattern finds a digit");
            let last = digit(4).unwrap_or(first);
            let numbered = |number| format!("{}_0{number}::{}", &found[1], &found[5]);
            names.extend((first..=last).map(|number| (line, numbered(number))));
        }
    }
    names
}

#[test]
fn every_test_that_the_book_names_exists() {
    let (tests, checks) = (tests(), checks());
    let mut problems = Problems::default();
    for chapter in all() {
        for (line, name) in named(&chapter) {
            if !tests.contains(&name) && !checks.contains(&name) {
                problems.add(chapter.place(line), format!("there is no test `{name}`"));
            }
        }
    }
    problems.assert_none(
        "`FILE::FUNCTION` names a test of tests/lessons/lesson_NN.rs or a check of exercise.toml",
    );
}

#[test]
fn the_reference_names_every_test() {
    let wanted: Vec<String> = tests().into_iter().chain(checks()).collect();
    let mut problems = Problems::default();
    for language in Language::ALL {
        let chapter = Chapter::read(language, REFERENCE.to_string());
        let named: BTreeSet<String> = named(&chapter).into_iter().map(|(_, name)| name).collect();
        for name in wanted.iter().filter(|name| !named.contains(*name)) {
            problems.add(&chapter.path, format!("it does not name `{name}`"));
        }
    }
    problems.assert_none("say what the program must do, and name the test that holds it to that");
}

#[test]
fn each_thing_to_remember_names_its_test() {
    let mut problems = Problems::default();
    for language in Language::ALL {
        let chapter = Chapter::read(language, REMEMBER.to_string());
        let named = named(&chapter);
        let headings = chapter.headings(2);
        if headings.len() < EIGHT {
            problems.add(
                &chapter.path,
                format!("it has {} headings of level 2", headings.len()),
            );
        }
        for (index, (line, text)) in headings.iter().enumerate().take(EIGHT) {
            let end = headings
                .get(index + 1)
                .map_or(usize::MAX, |(line, _)| *line);
            if !named.iter().any(|(at, _)| (*line..end).contains(at)) {
                problems.add(chapter.place(*line), format!("{text:?} names no test"));
            }
        }
    }
    problems.assert_none("below each of the eight headings, name the test that proves it");
}

#[test]
fn both_languages_name_the_same_tests() {
    let mut problems = Problems::default();
    let [english, chinese] = Language::ALL.map(chapters);
    for (english, chinese) in english.iter().zip(&chinese) {
        let names = |chapter| {
            named(chapter)
                .into_iter()
                .map(|(_, name)| name)
                .collect::<BTreeSet<_>>()
        };
        let (left, right) = (names(english), names(chinese));
        for name in left.difference(&right) {
            problems.add(
                &chinese.path,
                format!("it does not name `{name}`, as the English one does"),
            );
        }
        for name in right.difference(&left) {
            problems.add(
                &english.path,
                format!("it does not name `{name}`, as the Chinese one does"),
            );
        }
    }
    problems.assert_none("name the test in both languages, or in none");
}
