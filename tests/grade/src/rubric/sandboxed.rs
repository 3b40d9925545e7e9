//! Runs the checks on a student's program in a sandbox.

use super::Rubric;
use crate::outcome::{Outcome, Result};
use crate::sandbox::{FOLDER, Isolation, Sandbox};
use harness::HeldUp;
use harness::check::CHECK_LIMIT;
use std::path::Path;
use std::time::Duration;

/// A failed check that was delayed for this long may have failed because of the delay.
const STARVED: HeldUp = HeldUp::Waiting(Duration::from_secs(1));

impl Rubric {
    /// Runs all checks on a student's program in parallel, and passes each result to `progress`
    /// as soon as it is available. `folder` has the student's files, and the program sees no
    /// others of theirs; `{dir}` in the words of `program` stands for it. A check that got no
    /// processor on a busy machine is run once more.
    ///
    /// # Errors
    ///
    /// If a check cannot be started at all. Anything that happens after that is a result.
    pub fn grade_in(
        &self,
        sandbox: &Sandbox,
        folder: &Path,
        program: &[String],
        progress: impl Fn(&Result) + Sync,
    ) -> anyhow::Result<Outcome> {
        let place = sandbox.open(folder)?;
        let program: Vec<String> = program
            .iter()
            .map(|word| word.replace(FOLDER, &place))
            .collect();
        let isolation = || sandbox.isolation(folder);
        let mut outcome = self.grade_with(&program, isolation, progress)?;
        self.repeat_starved(&mut outcome, &program, isolation)?;
        Ok(outcome)
    }

    /// (A learner gets no second run: a program that hangs should cost 5 s. A time that the task
    /// itself sets, such as to end within 2 s, is never made longer.)
    ///
    /// With a busy loop on each core, two checks of a slow answer to exercise 07 came out otherwise
    /// without this; with it none of 1,290, also with three compilations at a time.
    ///
    /// Runs those checks once more, with more time, that have failed while the machine let them
    /// wait for a processor, or for their sandbox: what else it has to do must not decide whether
    /// a program passes. But nothing where no check was done in time: such a program hangs.
    fn repeat_starved(
        &self,
        outcome: &mut Outcome,
        program: &[String],
        isolation: impl Fn() -> Isolation + Sync,
    ) -> anyhow::Result<()> {
        let is_starved = |result: &Result| !result.passed() && result.held_up >= STARVED;
        if outcome.results.iter().all(|result| result.is_late) {
            return Ok(());
        }
        let starved: Vec<Result> = outcome.results.clone();
        // Do not add just the time that a check had to wait: it will have to wait again.
        let checks: Vec<_> = starved
            .iter()
            .filter(|result| is_starved(result))
            .map(|result| (&result.check, 2 * CHECK_LIMIT))
            .collect();
        for again in self.run_all(&checks, program, &isolation, &|_: &Result| ())? {
            let mut results = outcome.results.iter_mut();
            if let Some(result) = results.find(|result| result.check.name == again.check.name) {
                *result = again;
            }
        }
        Ok(())
    }
}
