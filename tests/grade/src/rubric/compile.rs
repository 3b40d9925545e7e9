//! Builds an exercise and its rubric with cargo.

use super::Rubric;
use crate::exercise::Exercise;
use crate::failed::Because;
use harness::message;
use std::io::{IsTerminal, stderr};
use workspace::build::Built;

/// The error that an exercise cannot be graded because the compiler rejects it.
#[derive(Debug)]
pub struct DoesNotCompile {
    /// The output of cargo and the compiler, unchanged.
    pub messages: String,
}

impl std::fmt::Display for DoesNotCompile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "it does not compile")
    }
}

impl std::error::Error for DoesNotCompile {}

impl Rubric {
    /// Builds an exercise and its rubric.
    ///
    /// # Errors
    ///
    /// [`DoesNotCompile`] if the compiler rejects the exercise; another error if cargo cannot be
    /// run, or if the rubric lacks a check.
    pub fn build(exercise: &Exercise) -> anyhow::Result<Self> {
        let (package, tests) = (exercise.package(), exercise.rubric());
        let is_terminal = stderr().is_terminal();
        let color = if is_terminal { "always" } else { "never" };
        let words = ["test", "--no-run", "--quiet", "--color", color];
        // With this package, cargo chooses the features that it has chosen for it, and builds no
        // crate once more that both need.
        let targets = [
            "--package",
            &package,
            "--package",
            "grade",
            "--test",
            &tests,
        ];
        let built = Built::with(&[&words[..], &targets].concat())
            .because(|| message!("cannot run cargo"))?;
        let messages = &built.messages;
        if !built.is_complete {
            let messages = messages.clone();
            return Err(DoesNotCompile { messages }.into());
        }
        // Show the compiler's warnings to the learner, too.
        if !messages.is_empty() {
            anstream::eprint!("{messages}");
        }
        let find = |name: &str| {
            let found = built.executable(name);
            found.because(|| message!("cargo has built no {name}", name))
        };
        Self::built(exercise, find(&tests)?.into(), find(&package)?.into())
    }
}
