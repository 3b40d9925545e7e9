//! The outcome of grading.

use crate::exercise::{Check, Exercise};
use harness::message::Message;
use harness::{Failure, HeldUp, Verdict};
use std::time::Duration;

/// The result of a check.
#[derive(Debug, Clone)]
pub struct Result {
    /// The check.
    pub check: Check,
    /// What it has found.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
    /// Whether it has failed because it ran out of time.
    pub is_late: bool,
    /// If it has failed: how the machine had delayed the program and the check until then. On an
    /// idle machine there is almost no delay.
    pub held_up: HeldUp,
}

impl Result {
    /// The result of a check that was not run.
    pub fn without_run(check: &Check, verdict: Verdict) -> Self {
        Self {
            check: check.clone(),
            verdict,
            took: Duration::ZERO,
            is_late: false,
            held_up: HeldUp::Waiting(Duration::ZERO),
        }
    }

    /// Whether the check has passed.
    pub fn passed(&self) -> bool {
        self.verdict == Verdict::Passed
    }

    /// Why the check has failed; `None` if it has not.
    pub fn failure(&self) -> Option<&Failure> {
        self.verdict.failure()
    }

    /// The points that it has earned; `None` if it says nothing about the program.
    pub fn score(&self) -> Option<u32> {
        match &self.verdict {
            Verdict::Passed => Some(self.check.points),
            Verdict::Failed(_) => Some(0),
            Verdict::NotChecked(_) | Verdict::NotGradable(_) => None,
        }
    }
}

/// The results of all checks of an exercise.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The exercise.
    pub exercise: Exercise,
    /// The result of each check, in the order of the exercise.
    pub results: Vec<Result>,
    /// How much of the processors' time other programs took meanwhile, in per cent; 0 where the
    /// system does not show it.
    pub taken_by_others: u32,
}

impl Outcome {
    /// The outcome of an exercise of which no check was run, with a verdict for each check by its
    /// place.
    pub fn without_run(exercise: &Exercise, verdict: impl Fn(usize) -> Verdict) -> Self {
        let checks = exercise.checks.iter().enumerate();
        let results = checks.map(|(index, check)| Result::without_run(check, verdict(index)));
        Self {
            exercise: exercise.clone(),
            results: results.collect(),
            taken_by_others: 0,
        }
    }

    /// The points earned.
    pub fn score(&self) -> u32 {
        self.results.iter().filter_map(Result::score).sum()
    }

    /// The points of all checks that this machine can make: 100, or less.
    pub fn possible(&self) -> u32 {
        let checked = |result: &&Result| !matches!(result.verdict, Verdict::NotChecked(_));
        let checked = self.results.iter().filter(checked);
        checked.map(|result| result.check.points).sum()
    }

    /// Whether every check that this machine can make has passed.
    pub fn has_full_marks(&self) -> bool {
        self.score() == self.possible()
    }

    /// The first check that says nothing because of the machine, and why; then the exercise has
    /// no grade.
    pub fn not_gradable(&self) -> Option<(&Check, &Message)> {
        self.results
            .iter()
            .find_map(|result| match &result.verdict {
                Verdict::NotGradable(why) => Some((&result.check, why)),
                _ => None,
            })
    }

    /// The results of the checks that have failed.
    pub fn failures(&self) -> impl Iterator<Item = &Result> {
        let results = self.results.iter();
        results.filter(|result| result.failure().is_some())
    }

    /// The names of the checks that have failed.
    pub fn failed(&self) -> Vec<&str> {
        let failures = self.failures();
        failures.map(|result| result.check.name.as_str()).collect()
    }
}
