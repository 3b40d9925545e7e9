//! What grading has found.

use crate::exercise::{Check, Exercise};
use harness::{Failure, HeldUp};
use std::time::Duration;

/// What a check has found.
#[derive(Debug, Clone)]
pub struct Result {
    /// The check.
    pub check: Check,
    /// Why the check has failed; `None` if it has passed.
    pub failure: Option<Failure>,
    /// How long it took.
    pub took: Duration,
    /// Whether it has failed because its time was over.
    pub is_late: bool,
    /// If it has failed: how the machine had held up the program and the check until then. On a
    /// machine that has nothing else to do that is next to nothing.
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

/// What all checks of an exercise have found.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The exercise.
    pub exercise: Exercise,
    /// What each check has found, in the order of the exercise.
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
