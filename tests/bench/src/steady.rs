//! Runs the suite and all right answers again and again, two runs at once, while every core is busy
//! with something else. Nothing may fail.
//!
//! Failures are counted by the name of the test or check, and their transcripts kept in files.

use crate::busy::with_busy_threads;
use crate::command::{self, Executable, cargo, say};
use crate::machine::Machine;
use crate::statistics::seconds;
use anyhow::{Context, ensure};
use grade::exercise::Exercise;
use grade::rubric::Rubric;
use harness::Supervised;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

/// How many runs go on at the same time.
const AT_ONCE: usize = 2;

/// The time limit for the tests of one target. After it they are ended, and count as failed.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// The options of a measurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The number of runs.
    pub runs: usize,
    /// After this many minutes no further run begins.
    pub minutes: u64,
    /// How many threads keep the processors busy; `None` means one for each core.
    pub hogs: Option<usize>,
}

/// The figures of the runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The options.
    pub settings: Settings,
    /// How many runs there were.
    pub runs: usize,
    /// How many of them went on at the same time.
    pub at_once: usize,
    /// How many threads kept the processors busy.
    pub hogs: usize,
    /// How many tests one run has.
    pub tests: usize,
    /// How many right answers one run has.
    pub answers: usize,
    /// How many checks were run on the right answers of one run.
    pub checks: usize,
    /// The seconds of all runs together.
    pub took: f64,
    /// The tests and checks that failed, each with how often it did.
    pub failures: BTreeMap<String, usize>,
    /// The date and the commit of these runs.
    #[serde(default)]
    pub sittings: Vec<Sitting>,
}

/// Runs that were made in one go: a machine is seldom free long enough for a thousand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sitting {
    /// The day, as 2026-01-31, in UTC.
    pub date: String,
    /// The commit that was run.
    pub commit: String,
    /// How many runs there were.
    pub runs: usize,
    /// How many tests and checks failed in them.
    pub failures: usize,
}

impl Figures {
    /// These figures and those of earlier runs together. The numbers of tests, answers and checks
    /// are those of the later runs.
    ///
    /// # Errors
    ///
    /// If the machine was not equally busy in the earlier runs.
    pub fn added_to(mut self, earlier: Self) -> anyhow::Result<Self> {
        ensure!(
            (self.hogs, self.at_once) == (earlier.hogs, earlier.at_once),
            "the runs that are kept had {} threads beside them, and {} of them went on at once: \
             these had {} and {}",
            earlier.hogs,
            earlier.at_once,
            self.hogs,
            self.at_once
        );
        self.runs += earlier.runs;
        self.took += earlier.took;
        for (name, count) in earlier.failures {
            *self.failures.entry(name).or_default() += count;
        }
        self.sittings.splice(0..0, earlier.sittings);
        Ok(self)
    }
}

/// What a run consists of.
struct Work {
    /// The tests of the suite, by the names of their targets.
    suite: Vec<(String, Executable)>,
    /// The right answers: the rubric, the name, the command.
    answers: Vec<(usize, String, Vec<String>)>,
    rubrics: Vec<(Exercise, Rubric)>,
    /// Where transcripts are kept.
    folder: PathBuf,
}

/// What all runs have found so far.
#[derive(Default)]
struct Found {
    tests: BTreeSet<String>,
    failures: BTreeMap<String, usize>,
    checks: usize,
}

/// The folder in which transcripts are kept.
pub fn folder() -> PathBuf {
    workspace::root().join("target/bench/steady")
}

/// Makes the runs that the options ask for. Failures are not errors, but part of the figures.
///
/// # Errors
///
/// If something does not compile, or cannot be started at all.
pub fn measure(settings: &Settings) -> anyhow::Result<Figures> {
    say("building the suite and the right answers");
    let work = Work::build()?;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let hogs = settings.hogs.unwrap_or(cores);
    let begun = AtomicUsize::new(0);
    let found = Mutex::new(Found::default());
    let start = Instant::now();
    let last = start + Duration::from_secs(60 * settings.minutes);
    let run = || runner(&work, settings, &begun, last, &found);
    let runs = with_busy_threads(hogs, || side_by_side(run))?;
    let found = found.into_inner().context("a run has panicked")?;
    ensure!(runs > 0, "no run was begun");
    let machine = Machine::here();
    let sitting = Sitting {
        date: machine.date,
        commit: machine.commit,
        runs,
        failures: found.failures.values().sum(),
    };
    Ok(Figures {
        settings: settings.clone(),
        runs,
        at_once: AT_ONCE,
        hogs,
        tests: found.tests.len(),
        answers: work.answers.len(),
        checks: found.checks / runs,
        took: seconds(start.elapsed()),
        failures: found.failures,
        sittings: vec![sitting],
    })
}

/// Calls `run` in [`AT_ONCE`] threads. Returns how many runs there were in all. Waits for all
/// threads, even if one could not go on.
fn side_by_side(run: impl Fn() -> anyhow::Result<usize> + Sync) -> anyhow::Result<usize> {
    thread::scope(|scope| {
        let runners = [(); AT_ONCE].map(|()| scope.spawn(&run));
        let outcomes = runners.map(thread::ScopedJoinHandle::join);
        let mut runs = 0;
        for outcome in outcomes {
            runs += outcome.map_err(|_| anyhow::anyhow!("a run has panicked"))??;
        }
        Ok(runs)
    })
}

/// Makes run after run, beside other threads that do the same. Returns how many.
fn runner(
    work: &Work,
    settings: &Settings,
    begun: &AtomicUsize,
    last: Instant,
    found: &Mutex<Found>,
) -> anyhow::Result<usize> {
    let mut runs = 0;
    loop {
        let run = begun.fetch_add(1, SeqCst) + 1;
        // One run there is in any case.
        if run > settings.runs || (run > 1 && Instant::now() > last) {
            return Ok(runs);
        }
        say(&format!("steady: run {run} of {}", settings.runs));
        for (name, tests) in &work.suite {
            work.tests(name, tests, run, found)?;
        }
        for (rubric, name, program) in &work.answers {
            work.answer(*rubric, name, program, run, found)?;
        }
        runs += 1;
    }
}

impl Work {
    fn build() -> anyhow::Result<Self> {
        let folder = folder();
        if folder.exists() {
            fs::remove_dir_all(&folder).context("cannot empty the folder of stories")?;
        }
        fs::create_dir_all(&folder).context("cannot make the folder of stories")?;
        let mut tests = command::build(&["test", "--no-run"])?;
        for package in ["grade", "classroom"] {
            tests.extend(command::build(&["test", "--no-run", "--package", package])?);
        }
        let is_test = |path: &Path| path.parent().is_some_and(|folder| folder.ends_with("deps"));
        let mut suite: Vec<_> = tests
            .into_iter()
            .filter(|(_, test)| is_test(&test.path))
            .collect();
        suite.sort_by(|left, right| left.0.cmp(&right.0));
        ensure!(!suite.is_empty(), "cargo has built no tests");

        let programs = command::build(&["build", "-p", "answers", "--bins"])?;
        let python = workspace::python();
        let (mut rubrics, mut answers) = (Vec::new(), Vec::new());
        for exercise in Exercise::all(workspace::root())? {
            for path in answers::right_files(exercise.number)? {
                let file = path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                let program = if let Some(stem) = file.strip_suffix(".rs") {
                    let name = answers::right_program(exercise.number, stem);
                    let built = programs.get(&name);
                    let built = built.with_context(|| format!("cargo has built no {name}"))?;
                    vec![built.path.to_string_lossy().into_owned()]
                } else if let Some(python) = python {
                    let file = path.to_string_lossy().into_owned();
                    vec![python.clone(), "-S".to_string(), file]
                } else {
                    harness::skip(&format!("{file}: there is no python3"));
                    continue;
                };
                answers.push((rubrics.len(), file, program));
            }
            let rubric = Rubric::build(&exercise).with_context(|| exercise.package())?;
            rubrics.push((exercise, rubric));
        }
        Ok(Self {
            suite,
            answers,
            rubrics,
            folder,
        })
    }

    /// Runs the tests of one target, and notes which have failed.
    fn tests(
        &self,
        name: &str,
        tests: &Executable,
        run: usize,
        found: &Mutex<Found>,
    ) -> anyhow::Result<()> {
        let log = self.folder.join(format!("run-{run}-{name}.txt"));
        let has_passed = run_tests(tests, &log)?;
        let told = fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
        let told = String::from_utf8_lossy(&told);
        let (all, mut failed) = outcomes(&told);
        if failed.is_empty() && !has_passed {
            // It died, or was ended, and could not say in which test.
            failed.push("(the whole)".to_string());
        }
        if failed.is_empty() {
            fs::remove_file(&log).with_context(|| cannot_write(&log))?;
        }
        let mut found = found
            .lock()
            .map_err(|_| anyhow::anyhow!("a run has panicked"))?;
        found
            .tests
            .extend(all.into_iter().map(|test| format!("{name}::{test}")));
        for test in failed {
            say(&format!(
                "steady: run {run}: {name}::{test} has failed: see {}",
                log.display()
            ));
            *found.failures.entry(format!("{name}::{test}")).or_default() += 1;
        }
        Ok(())
    }

    /// Grades a right answer, which must have full marks.
    fn answer(
        &self,
        rubric: usize,
        name: &str,
        program: &[String],
        run: usize,
        found: &Mutex<Found>,
    ) -> anyhow::Result<()> {
        let (exercise, rubric) = &self.rubrics[rubric];
        let outcome = rubric.grade(program, |_| ())?;
        let mut found = found
            .lock()
            .map_err(|_| anyhow::anyhow!("a run has panicked"))?;
        found.checks += outcome.results.len();
        for result in &outcome.results {
            let Some(failure) = result.failure() else {
                continue;
            };
            let what = format!("{}::{} ({name})", exercise.rubric(), result.check.name);
            let file = format!(
                "run-{run}-{}-{name}-{}.txt",
                exercise.rubric(),
                result.check.name
            );
            let path = self.folder.join(file);
            fs::write(&path, failure.to_string()).with_context(|| cannot_write(&path))?;
            say(&format!(
                "steady: run {run}: {what} has failed: see {}",
                path.display()
            ));
            *found.failures.entry(what).or_default() += 1;
        }
        Ok(())
    }
}

/// Runs the tests of one target as cargo does, with their output in a file. Returns whether all
/// of them have passed in time.
fn run_tests(tests: &Executable, log: &Path) -> anyhow::Result<bool> {
    let output = File::create(log).with_context(|| cannot_write(log))?;
    let errors = output.try_clone().with_context(|| cannot_write(log))?;
    let mut command = Command::new(&tests.path);
    command
        .current_dir(&tests.folder)
        .env("CARGO_MANIFEST_DIR", &tests.folder)
        .env("CARGO", cargo(&tests.folder).get_program())
        .env("RUST_TEST_THREADS", "8")
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors);
    let running = Supervised::start(&mut command, 0)
        .with_context(|| format!("cannot run {}", tests.path.display()))?;
    let ended = running.wait(LIMIT).context("cannot watch a test")?;
    Ok(ended.in_time && ended.status.success())
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

/// The names of all tests in the output of a test runner, and of those that failed.
pub fn outcomes(output: &str) -> (Vec<String>, Vec<String>) {
    let (mut all, mut failed) = (Vec::new(), Vec::new());
    for line in output.lines() {
        // What a test itself prints may stand before it, on the same line.
        let Some((_, line)) = line.split_once("test ") else {
            continue;
        };
        let Some((name, outcome)) = line.split_once(" ... ") else {
            continue;
        };
        if name.contains(' ') && !name.contains(" - should panic") {
            continue;
        }
        all.push(name.to_string());
        if outcome.trim_end().ends_with("FAILED") {
            failed.push(name.to_string());
        }
    }
    (all, failed)
}
