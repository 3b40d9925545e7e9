//! What points are worth: most of them stand for the very point of the exercise, and none for
//! what the lesson has already, or for an end alone.
//!
//! The very point is named in the file of an exercise's wrong answers.

use crate::{exercise, grade, python};
use std::collections::BTreeSet;

/// What the checks of the very point are worth together, at least. A program without it fails
/// just these, so it has 60 points at most.
const VERY_POINT: u32 = 40;

/// The most that the lesson's own program may have.
const LESSON: u32 = 50;

/// The most that a program may have that only ends.
const END: u32 = 20;

/// The very point of an exercise, where it is named.
pub(crate) fn very_point(number: u32) -> Option<BTreeSet<String>> {
    answers::very_point(number).unwrap_or_else(|error| panic!("{error:#}"))
}

/// That a wrong answer fails what it states, and nothing else, is proved of each.
pub(crate) fn without_its_very_point_it_gets_at_most_60(number: u32) {
    let point = very_point(number).expect("the very point is named");
    assert!(
        point.len() <= 2,
        "{} checks are the very point",
        point.len()
    );
    let checks = exercise(number).checks.iter();
    let points: u32 = checks
        .filter(|check| point.contains(&check.name))
        .map(|check| check.points)
        .sum();
    assert!(points >= VERY_POINT, "the very point is worth {points}");
    let wrong = answers::wrong_answers(number).unwrap_or_else(|error| panic!("{error:#}"));
    for (language, is_rust) in [("Rust", true), ("Python", false)] {
        assert!(
            wrong
                .iter()
                .any(|wrong| wrong.is_rust() == is_rust && wrong.fails == point),
            "no wrong answer in {language} lacks the very point alone, {point:?}"
        );
    }
}

pub(crate) fn the_lessons_own_program_gets_at_most_50(number: u32) {
    let lesson = workspace::lesson(number);
    let twin = lesson.twin().expect("the twin needs python3");
    for program in [vec![lesson.program()], twin] {
        expect_at_most(LESSON, number, &program);
    }
}

pub(crate) fn a_program_that_only_ends_gets_at_most_20(number: u32) {
    let programs = answers::only_end(python()).unwrap_or_else(|error| panic!("{error:#}"));
    for program in programs {
        expect_at_most(END, number, &program);
    }
}

fn expect_at_most(most: u32, number: u32, program: &[String]) {
    let outcome = grade(number, program);
    let score = outcome.score();
    assert!(
        score <= most,
        "{program:?} gets {score} points: it fails only {:?}",
        outcome.failed()
    );
}
