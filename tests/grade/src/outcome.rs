//! The outcome of grading.

use crate::exercise::{Check, Exercise};
use harness::{Failure, HeldUp};
use std::time::Duration;

/// The result of a check.
#[derive(Debug, Clone)]
pub struct Result {
    /// The check.
    pub check: Check,
    /// Why the check has failed; `None` if it has passed.
    pub failure: Option<Failure>,
    /// How long it took.
    pub took: Duration,
    /// Whether it has failed because it ran out of time.
    pub is_late: bool,
    /// If it has failed: how the machine had delayed the program and the check until then. On an
    /// idle machine there is almost no delay.
    pub held_up: HeldUp,
}

impl Result {
    /// Whether the check has passed.
    pub fn passed(&self) -> bool {
        self.failure.is_none()
    }

    /// The points that it has earned.
    pub fn score(&self) -> u32 {
        if self.passed() { self.check.points } else { 0 }
    }
}

/// The results of all checks of an exercise.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The exercise.
    pub exercise: Exercise,
    /// The result of each check, in the order of the exercise.
    pub results: Vec<Result>,
}

impl Outcome {
    /// The points earned, of 100.
    pub fn score(&self) -> u32 {
        self.results.iter().map(Result::score).sum()
    }

    /// Whether all checks have passed.
    pub fn is_full(&self) -> bool {
        self.results.iter().all(Result::passed)
    }

    /// The names of the checks that have failed.
    pub fn failed(&self) -> Vec<&str> {
        let failed = self.results.iter().filter(|result| !result.passed());
        failed.map(|result| result.check.name.as_str()).collect()
    }
}
