//! Bounds of the points: the core of an exercise is worth many, and what the lesson does already,
//! or a program that only ends, few.
//!
//! The file of an exercise's wrong answers names its core.

use crate::{exercise, grade, python};
use std::collections::BTreeSet;

/// What the checks of the core are worth together, at least. A program that lacks the core fails
/// these, so it has 60 points at most.
const CORE: u32 = 40;

/// How many points the lesson's own program may get at most.
const LESSON: u32 = 50;

/// How many points a program that only ends may get at most.
const END: u32 = 20;

/// The core of an exercise, where it is named.
pub(crate) fn core(number: u32) -> Option<BTreeSet<String>> {
    answers::core(number).unwrap_or_else(|error| panic!("{error:#}"))
}

/// Each wrong answer is proved elsewhere to fail what it states, and nothing else.
pub(crate) fn without_its_core_it_gets_at_most_60(number: u32) {
    let core = core(number).expect("the core is named");
    assert!(
        core.len() <= 2,
        "the core has {} checks, and may have two",
        core.len()
    );
    let checks = exercise(number).checks.iter();
    let points: u32 = checks
        .filter(|check| core.contains(&check.name))
        .map(|check| check.points)
        .sum();
    assert!(
        points >= CORE,
        "the core is worth {points} points, and must be worth {CORE}: {core:?}"
    );
    let wrong = answers::wrong_answers(number).unwrap_or_else(|error| panic!("{error:#}"));
    for (language, is_rust) in [("Rust", true), ("Python", false)] {
        assert!(
            wrong
                .iter()
                .any(|wrong| wrong.is_rust() == is_rust && wrong.fails == core),
            "no wrong answer in {language} fails just the core: {core:?}"
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
