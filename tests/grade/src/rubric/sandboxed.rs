//! Runs the checks on a student's program in a sandbox.

use super::Rubric;
use crate::outcome::{Outcome, Result};
use crate::sandbox::Sandbox;
use std::path::Path;

impl Rubric {
    /// Runs all checks on a student's program in parallel, and passes each result to `progress`
    /// as soon as it is available. `folder` has the student's files, and the program sees no
    /// others of theirs; `{dir}` in the words of `program` stands for it.
    ///
    /// Checks that may have failed for the load of the machine are run once more after `alone`, and
    /// while its value lives. It waits until no other program of the grader runs.
    ///
    /// # Errors
    ///
    /// If a check cannot be started at all. Anything that happens after that is a result.
    pub fn grade_in<T>(
        &self,
        sandbox: &Sandbox,
        folder: &Path,
        program: &[String],
        alone: impl FnOnce() -> T,
        progress: impl Fn(&Result) + Sync,
    ) -> anyhow::Result<Outcome> {
        let program = sandbox.place(folder, program)?;
        self.grade_with(&program, || sandbox.isolation(folder), alone, progress)
    }
}
