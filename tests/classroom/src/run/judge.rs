//! Runs the checks of an exercise of a student.

use crate::addresses::stable_addresses;
use crate::record::{CheckResult, GradedExercise, Status};
use grade::exercise::{Check, Exercise};
use grade::failed::in_words;
use grade::recording::Recording;
use grade::rubric::Rubric;
use grade::sandbox::Sandbox;
use harness::message::Message;
use harness::{Verdict, message};
use std::path::Path;

/// A program that is judged.
pub(super) struct Judge<'a> {
    pub(super) rubric: &'a Rubric,
    pub(super) sandbox: &'a Sandbox,
    /// The folder that `{dir}` stands for.
    pub(super) folder: &'a Path,
    /// The command, as words.
    pub(super) program: &'a [String],
}

impl Judge<'_> {
    /// Runs all checks; those that are in doubt once more after `alone`.
    pub(super) fn run_checks<T>(
        &self,
        graded: &mut GradedExercise,
        alone: impl FnOnce() -> T,
    ) -> anyhow::Result<()> {
        let outcome =
            self.rubric
                .grade_in(self.sandbox, self.folder, self.program, alone, |_| ())?;
        let not_gradable = outcome
            .not_gradable()
            .map(|(check, reason)| not_gradable(check, reason));
        if outcome.results.iter().all(|result| result.is_late) {
            graded.status = Status::TimedOut;
        }
        let checks = outcome.results.into_iter().map(|result| CheckResult {
            name: result.check.name,
            verdict: match result.verdict {
                Verdict::Failed(failure) => Verdict::Failed(stable_addresses(failure)),
                verdict => verdict,
            },
        });
        graded.checks = checks.collect();
        if let Some(why) = not_gradable {
            graded.blame_machine(why);
        }
        Ok(())
    }

    /// Records the packets of the first check that has failed, if there is one. The points stay
    /// as they are, whatever comes of it.
    pub(super) fn record(&self, exercise: &Exercise, graded: &mut GradedExercise) {
        let failed = |check: &&Check| {
            let mut checks = graded.checks.iter();
            let checked = checks.find(|checked| checked.name == check.name);
            checked.is_some_and(|checked| checked.verdict.failure().is_some())
        };
        if let Some(check) = exercise.checks.iter().find(failed) {
            let recording = self
                .rubric
                .record_in(self.sandbox, self.folder, self.program, check);
            let recording =
                recording.unwrap_or_else(|error| Recording::none(check, in_words(&error)));
            graded.recording = Some(recording);
        }
    }
}

/// Why an exercise has no grade: the first check that the machine could not run, and the reason.
fn not_gradable(check: &Check, reason: &Message) -> Message {
    message!(
        "this machine could not run the check {name}: {reason}",
        name = &check.name,
        reason
    )
}
