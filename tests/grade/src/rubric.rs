//! Builds an exercise and its rubric, and runs the checks.
//!
//! Each check runs as a separate process, `RUBRIC --exact CHECK`. It passes only if it leaves
//! a record with the secret that it was given. Its output does not count, and an exit status
//! alone means nothing (`--exact` with a name that does not exist exits with 0).
//! In case of doubt a check has failed.

mod compile;
mod record;
mod repeat;
mod run;
mod sandboxed;
mod source;

pub use compile::DoesNotCompile;

use crate::exercise::{Check, Exercise};
use crate::failed::{Because, Failed};
use crate::outcome::{Outcome, Result};
use crate::sandbox::Isolation;
use anyhow::{bail, ensure};
use harness::random::FIXED_SEED;
use harness::{Processors, message};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// An exercise's rubric, ready to run.
#[derive(Clone)]
pub struct Rubric {
    exercise: Exercise,
    tests: PathBuf,
    program: PathBuf,
    /// The program's file when it had just been built.
    identity: Option<source::Identity>,
    seed: u64,
}

impl Rubric {
    /// A rubric that has already been built: the program of its checks, and that of the starter.
    ///
    /// # Errors
    ///
    /// If the rubric cannot be run, or lacks a check.
    pub fn built(exercise: &Exercise, tests: PathBuf, program: PathBuf) -> anyhow::Result<Self> {
        let rubric = Self {
            exercise: exercise.clone(),
            tests,
            identity: source::Identity::of(&program).ok(),
            program,
            seed: FIXED_SEED,
        };
        rubric.verify()?;
        Ok(rubric)
    }

    /// The same rubric with another seed for what its checks choose at random.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Verifies that the rubric has a test for each check, and a check for each test.
    fn verify(&self) -> anyhow::Result<()> {
        let output = Command::new(&self.tests)
            .args(["--list", "--format", "terse"])
            .output()
            .because(|| message!("cannot run {path}", path = &self.tests))?;
        let list = String::from_utf8_lossy(&output.stdout);
        let tests: BTreeSet<_> = list
            .lines()
            .filter_map(|l| l.strip_suffix(": test"))
            .collect();
        let checks = self
            .exercise
            .checks
            .iter()
            .map(|check| check.name.as_str())
            .collect();
        ensure!(
            tests == checks,
            Failed::new(message!(
                "exercise.toml has the checks {checks}, and the rubric has {tests}",
                checks = format!("{checks:?}"),
                tests = format!("{tests:?}")
            ))
        );
        Ok(())
    }

    /// The command of the program that was built from the exercise.
    pub fn program(&self) -> Vec<String> {
        vec![self.program.to_string_lossy().into_owned()]
    }

    /// Runs all checks on a program in parallel, and passes each result to `progress` as soon as
    /// it is available.
    ///
    /// # Errors
    ///
    /// If a check cannot be started at all. Anything that happens after that is a result.
    pub fn grade(
        &self,
        program: &[String],
        progress: impl Fn(&Result) + Sync,
    ) -> anyhow::Result<Outcome> {
        self.grade_with(program, Isolation::default, || (), progress)
    }

    /// Runs all checks as [`Rubric::grade`] does, each in a separate isolation. Runs those once
    /// more that may have failed because of the machine.
    fn grade_with<T>(
        &self,
        program: &[String],
        isolation: impl Fn() -> Isolation + Sync,
        alone: impl FnOnce() -> T,
        progress: impl Fn(&Result) + Sync,
    ) -> anyhow::Result<Outcome> {
        harness::check::hide_memory();
        raise_file_limit();
        let processors = Processors::measure();
        let checks = self.exercise.checks.iter();
        let checks: Vec<_> = checks.map(|check| (check, Duration::ZERO)).collect();
        let mut outcome = Outcome {
            exercise: self.exercise.clone(),
            results: self.run_all(&checks, program, &isolation, &progress)?,
            taken_by_others: processors.taken_by_others(),
        };
        self.repeat_doubtful(&mut outcome, program, &isolation, alone)?;
        Ok(outcome)
    }

    /// Runs checks in parallel, each with this much more time than usual.
    fn run_all(
        &self,
        checks: &[(&Check, Duration)],
        program: &[String],
        isolation: &(impl Fn() -> Isolation + Sync),
        progress: &(impl Fn(&Result) + Sync),
    ) -> anyhow::Result<Vec<Result>> {
        let program = harness::words::join(program)
            .because(|| message!("the command of the program cannot be used"))?;
        thread::scope(|scope| {
            let checks = checks.iter().map(|&(check, more)| {
                let program = &program;
                scope.spawn(move || {
                    let result = self.run(check, program, &isolation(), more)?;
                    progress(&result);
                    anyhow::Ok(result)
                })
            });
            // Collect first, so that all are started before the first one is waited for.
            let checks: Vec<_> = checks.collect();
            checks
                .into_iter()
                .map(|check| match check.join() {
                    Ok(result) => result,
                    Err(_) => bail!(Failed::new(message!("a check has panicked in the grader"))),
                })
                .collect()
        })
    }
}

/// Raises this process's limit on open files as far as the machine permits: the checks run in
/// parallel, and some of them have a hundred clients.
#[cfg(unix)]
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const WANTED: u64 = 1024;
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(WANTED, |most| most.min(WANTED));
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit {
            current: Some(wanted),
            maximum: limit.maximum,
        };
        // If it fails, the checks notice that they lack something.
        let _ = setrlimit(Resource::Nofile, raised);
    }
}

/// Other systems have no such limit.
#[cfg(not(unix))]
fn raise_file_limit() {}
