//! Builds an exercise and its rubric, and runs the checks.
//!
//! Each check is a process of its own, `RUBRIC --exact CHECK`. It passes only if it leaves
//! a record with the secret that it was given: no output is read for that, and an exit
//! status alone means nothing (`--exact` with a name that does not exist exits with 0).
//! Whatever is in doubt has failed.

mod compile;
mod sandboxed;

pub use compile::DoesNotCompile;

use crate::exercise::{Check, Exercise};
use crate::outcome::{Outcome, Result};
use crate::sandbox::{Isolation, close_inherited};
use anyhow::{Context, bail, ensure};
use harness::check::{CheckRecord, CheckRequest, REQUESTED, SANDBOX};
use harness::{Failure, ProcessGroup};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a check may take before it is killed. It gives up by itself a little earlier,
/// and then it can tell its story.
const LIMIT: Duration = Duration::from_secs(5);

/// The same in a sandbox, which a busy machine may take a while to build, and to take down: a
/// check has 15 seconds more for that, and begins when its network is there.
const LIMIT_BEHIND_WALLS: Duration = Duration::from_secs(28);

/// A check that has waited for a processor for so long, and has failed, may have failed for that.
const STARVED: Duration = Duration::from_secs(1);

/// How much is kept of what a check itself prints: it is shown only if there is no record.
const LAST_WORDS: u64 = 16 << 10;

/// An exercise's rubric, ready to run.
pub struct Rubric {
    exercise: Exercise,
    tests: PathBuf,
    program: PathBuf,
}

impl Rubric {
    /// A rubric that is built already: the program of its checks, and that of the starter.
    ///
    /// # Errors
    ///
    /// If the rubric cannot be run, or lacks a check.
    pub fn built(exercise: &Exercise, tests: PathBuf, program: PathBuf) -> anyhow::Result<Self> {
        let rubric = Self {
            exercise: exercise.clone(),
            tests,
            program,
        };
        rubric.verify()?;
        Ok(rubric)
    }

    /// Whether the rubric has a test for each check, and a check for each test.
    fn verify(&self) -> anyhow::Result<()> {
        let output = Command::new(&self.tests)
            .args(["--list", "--format", "terse"])
            .output()
            .with_context(|| format!("cannot run {}", self.tests.display()))?;
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
            "exercise.toml has the checks {checks:?}, and the rubric has {tests:?}"
        );
        Ok(())
    }

    /// The program that the exercise has become.
    pub fn program(&self) -> Vec<String> {
        vec![self.program.to_string_lossy().into_owned()]
    }

    /// Runs all checks on a program, side by side, and hands each result to `progress` when
    /// it is there.
    ///
    /// # Errors
    ///
    /// If a check cannot be started at all. What happens after that is a result.
    pub fn grade(
        &self,
        program: &[String],
        progress: impl Fn(&Result) + Sync,
    ) -> anyhow::Result<Outcome> {
        self.grade_with(program, Isolation::default, progress)
    }

    /// Runs all checks as [`Rubric::grade`] does, each in isolation of its own.
    fn grade_with(
        &self,
        program: &[String],
        isolation: impl Fn() -> Isolation + Sync,
        progress: impl Fn(&Result) + Sync,
    ) -> anyhow::Result<Outcome> {
        harness::check::hide_memory();
        let checks = self.exercise.checks.iter();
        let checks: Vec<_> = checks.map(|check| (check, Duration::ZERO)).collect();
        Ok(Outcome {
            exercise: self.exercise.clone(),
            results: self.run_all(&checks, program, &isolation, &progress)?,
        })
    }

    /// Runs checks side by side, each with so much more time than usual.
    fn run_all(
        &self,
        checks: &[(&Check, Duration)],
        program: &[String],
        isolation: &(impl Fn() -> Isolation + Sync),
        progress: &(impl Fn(&Result) + Sync),
    ) -> anyhow::Result<Vec<Result>> {
        let program = shlex::try_join(program.iter().map(String::as_str))
            .context("the command of the program cannot be used")?;
        thread::scope(|scope| {
            let checks = checks.iter().map(|&(check, more)| {
                let program = &program;
                scope.spawn(move || {
                    let result = self.run(check, program, &isolation(), more)?;
                    progress(&result);
                    anyhow::Ok(result)
                })
            });
            // All are started before the first one is waited for.
            let checks: Vec<_> = checks.collect();
            checks
                .into_iter()
                .map(|check| match check.join() {
                    Ok(result) => result,
                    Err(_) => bail!("a check has panicked in the grader"),
                })
                .collect()
        })
    }

    /// Runs one check.
    fn run(
        &self,
        check: &Check,
        program: &str,
        isolation: &Isolation,
        more: Duration,
    ) -> anyhow::Result<Result> {
        let start = Instant::now();
        let folder = tempfile::TempDir::with_prefix("grade-").context("cannot make a folder")?;
        let request = CheckRequest {
            record: folder.path().join("record"),
            nonce: secret()?,
            more,
        };
        let mut words = isolation.network.iter();
        let mut command = match words.next() {
            Some(first) => Command::new(first),
            None => Command::new(&self.tests),
        };
        if !isolation.network.is_empty() {
            command.args(words).arg(&self.tests);
        }
        if !isolation.command.is_empty() {
            close_inherited(&mut command).context("cannot close what we have open")?;
            let sandbox_command = shlex::try_join(isolation.command.iter().map(String::as_str));
            command.env(
                SANDBOX,
                sandbox_command.context("the command of the sandbox cannot be used")?,
            );
        }
        command
            .args(["--exact", &check.name, "--nocapture"])
            // What a check that is killed leaves behind goes with the folder.
            .env("TMPDIR", folder.path())
            .env("PROGRAM", program)
            .env(REQUESTED, "1")
            // With more than one the test runner names a test's thread by the test.
            .env("RUST_TEST_THREADS", "2")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let (group, mut child) = ProcessGroup::start(&mut command)
            .with_context(|| format!("cannot run {}", self.tests.display()))?;
        let words = last_words(&mut child);
        if let Some(mut stdin) = child.stdin.take() {
            let mut line = serde_json::to_vec(&request)?;
            line.push(b'\n');
            // A check that has died already will not be missed: it leaves no record.
            let _ = stdin.write_all(&line);
        }

        let limit = if isolation.command.is_empty() {
            LIMIT
        } else {
            LIMIT_BEHIND_WALLS
        };
        let in_time = wait(&mut child, limit + more);
        // Whatever it has started goes with it, also if it was killed.
        let status = group.end(&mut child).context("cannot wait for a check")?;
        let words = words.join().unwrap_or_default();
        let record = read_record(&request, check);
        let (late, starved) = match &record {
            Some(record) => (record.late, record.starved),
            // It gives up by itself long before, unless it gets no processor.
            None if !in_time => (true, start.elapsed()),
            None => (false, Duration::ZERO),
        };
        let failure = match record {
            Some(record) if record.failure.is_none() && in_time && status.success() => None,
            Some(CheckRecord {
                failure: Some(failure),
                ..
            }) => Some(failure),
            _ => Some(Failure::NoTranscript {
                what: if in_time {
                    format!("the check ended without a verdict: {status}")
                } else {
                    format!("the check was not over after {:?}", limit + more)
                },
                printed: words,
            }),
        };
        Ok(Result {
            check: check.clone(),
            failure,
            took: start.elapsed(),
            late,
            starved,
        })
    }
}

/// A secret that nobody can guess.
fn secret() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    Ok(format!("{bytes:02x?}"))
}

/// The record that a check has left, if it is one, and its own.
fn read_record(request: &CheckRequest, check: &Check) -> Option<CheckRecord> {
    let record = fs::File::open(&request.record).ok()?;
    // A story is short. What is longer has not been written by a check.
    let record: CheckRecord = serde_json::from_reader(record.take(1 << 20)).ok()?;
    (record.nonce == request.nonce && record.check == check.name).then_some(record)
}

/// Waits for a child, until the limit. Returns whether it has ended by itself.
fn wait(child: &mut Child, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        match harness::has_ended(child) {
            Ok(true) => return true,
            Ok(false) if Instant::now() < deadline => thread::sleep(Duration::from_millis(2)),
            Ok(false) | Err(_) => return false,
        }
    }
}

/// Reads what a check prints on stderr to its end, and keeps some of it.
fn last_words(child: &mut Child) -> thread::JoinHandle<String> {
    let stderr = child.stderr.take();
    thread::spawn(move || {
        let mut kept = Vec::new();
        if let Some(mut stderr) = stderr {
            // What is not kept is drained: nobody waits on a full pipe.
            let read = stderr.by_ref().take(LAST_WORDS).read_to_end(&mut kept);
            let _ = read.and_then(|_| std::io::copy(&mut stderr, &mut std::io::sink()));
        }
        String::from_utf8_lossy(&kept).into_owned()
    })
}
