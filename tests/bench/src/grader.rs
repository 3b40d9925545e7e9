//! How long the grader takes: from a save to the verdict, the suite, a class.
//!
//! Exercises are changed in a copy of the workspace, which stays in `target/bench`. So nobody's own
//! answers are touched, and the next measurement finds what has been built.

use crate::class::{self, OfClasses};
use crate::command::{cargo, output, say, timed};
use crate::statistics::seconds;
use anyhow::{Context, ensure};
use grade::exercise::Exercise;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The options of a measurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// How often each exercise is saved and graded.
    pub rounds: usize,
    /// How many students a class has.
    pub students: usize,
}

/// The figures of the grader.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The options.
    pub settings: Settings,
    /// For each exercise, the figures of the starter and of the solution.
    pub exercises: Vec<OfExercise>,
    /// The seconds of `cargo test` if everything is built.
    pub suite: Vec<f64>,
    /// The seconds of `cargo test --no-run` if everything is built.
    pub suite_bare: Vec<f64>,
    /// The classes; `None` if a class without students was asked for.
    pub class: Option<OfClasses>,
}

/// The figures of an answer to an exercise, in seconds, one for each round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfExercise {
    /// The exercise.
    pub number: u32,
    /// Whether the answer is the model solution, and not the starter.
    pub is_solution: bool,
    /// The points that it gets.
    pub score: f64,
    /// `cargo build` after a save.
    pub bare: Vec<f64>,
    /// The grader after a save, as `cargo grade watch` does it.
    pub graded: Vec<f64>,
    /// `cargo grade` after a save: cargo looks first whether the grader is up to date.
    pub typed: Vec<f64>,
}

/// Measures.
///
/// # Errors
///
/// If something does not compile, or a command fails.
pub fn measure(settings: &Settings) -> anyhow::Result<Figures> {
    let workspace = copy()?;
    say("building the grader and the exercises, in a copy");
    for package in ["grade", "classroom"] {
        timed(cargo(&workspace).args(["build", "-p", package]), &[0])?;
    }
    let exercises = Exercise::all(&workspace)?;
    for exercise in &exercises {
        let (package, rubric) = (exercise.package(), exercise.rubric());
        timed(
            cargo(&workspace).args(["build", "--package", &package]),
            &[0],
        )?;
        let build = ["test", "--no-run", "--package", &package, "--test", &rubric];
        timed(cargo(&workspace).args(build), &[0])?;
    }
    let mut found = Vec::new();
    for exercise in &exercises {
        for is_solution in [false, true] {
            found.push(of_exercise(
                &workspace,
                exercise,
                is_solution,
                settings.rounds,
            )?);
        }
    }
    let (suite, suite_bare) = suite(&workspace, settings.rounds)?;
    let class = match settings.students {
        0 => None,
        students => Some(class::measure(&workspace, &exercises, students)?),
    };
    Ok(Figures {
        settings: settings.clone(),
        exercises: found,
        suite,
        suite_bare,
        class,
    })
}

/// A copy of the workspace, with a target folder of its own.
fn copy() -> anyhow::Result<PathBuf> {
    let here = workspace::root();
    let copy = here.join("target").join("bench").join("workspace");
    let list = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let files = output(Command::new("git").args(list).current_dir(here))
        .context("the files of the workspace are told by git")?;
    for file in files.lines() {
        let (from, to) = (here.join(file), copy.join(file));
        // A file that is deleted and not committed is still listed.
        let Ok(bytes) = fs::read(&from) else { continue };
        // What is the same already keeps its time, and is not built anew.
        if fs::read(&to).is_ok_and(|old| old == bytes) {
            continue;
        }
        write(&to, &bytes)?;
    }
    // The tests of the handout ask git for the files.
    for arguments in [&["init", "--quiet"][..], &["add", "--all"]] {
        output(Command::new("git").args(arguments).current_dir(&copy))
            .context("the copy is a repository of its own")?;
    }
    // A copy is a workspace of its own, and what it holds cargo would look for further up.
    fs::canonicalize(&copy).with_context(|| format!("cannot find {}", copy.display()))
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().context("a file is in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// The file that a learner would have saved: the starter, or the model solution.
fn answer(exercise: &Exercise, is_solution: bool) -> anyhow::Result<String> {
    let tests = workspace::root().join("tests");
    let path = if is_solution {
        tests.join(format!("answers/right/{:02}/model.rs", exercise.number))
    } else {
        tests.join(format!("grade/starters/{:02}.rs", exercise.number))
    };
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

fn of_exercise(
    workspace: &Path,
    exercise: &Exercise,
    is_solution: bool,
    rounds: usize,
) -> anyhow::Result<OfExercise> {
    let (package, number) = (exercise.package(), format!("{:02}", exercise.number));
    let what = if is_solution { "solution" } else { "starter" };
    say(&format!("grader: {package}, {what}"));
    let source = answer(exercise, is_solution)?;
    let file = exercise.folder.join("main.rs");
    let mut saves = 0;
    // A comment is a change that costs the compiler as much as any.
    let mut save = || {
        saves += 1;
        write(&file, format!("{source}\n// {saves}\n").as_bytes())
    };
    let grade = workspace.join("target").join("debug").join("grade");
    let mut found = OfExercise {
        number: exercise.number,
        is_solution,
        score: 0.0,
        bare: Vec::new(),
        graded: Vec::new(),
        typed: Vec::new(),
    };
    // Once without a clock: the compiler keeps what it can use again.
    for round in 0..=rounds {
        save()?;
        let (bare, _) = timed(
            cargo(workspace).args(["build", "--package", &package]),
            &[0],
        )?;
        save()?;
        let mut command = Command::new(&grade);
        command.args([&number, "--json"]).current_dir(workspace);
        let (graded, told) = timed(&mut command, &[0, 1])?;
        save()?;
        let (typed, _) = timed(cargo(workspace).args(["grade", &number]), &[0, 1])?;
        if round > 0 {
            found.bare.push(seconds(bare));
            found.graded.push(seconds(graded));
            found.typed.push(seconds(typed));
        }
        found.score = score(&told)?;
    }
    if is_solution {
        ensure!(
            found.score >= 100.0,
            "{package}'s solution has {} points",
            found.score
        );
    }
    Ok(found)
}

/// The points in the outcome of one exercise.
fn score(json: &str) -> anyhow::Result<f64> {
    let outcome: serde_json::Value =
        serde_json::from_str(json).context("cannot read what `grade --json` has told")?;
    outcome["score"]
        .as_f64()
        .context("the outcome has no score")
}

/// The seconds of the suite, and of finding out that it is built.
fn suite(workspace: &Path, rounds: usize) -> anyhow::Result<(Vec<f64>, Vec<f64>)> {
    say("grader: the suite");
    timed(cargo(workspace).args(["test", "--no-run"]), &[0])?;
    // The first run fills caches of the kernel.
    timed(cargo(workspace).arg("test"), &[0])?;
    let (mut suite, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        bare.push(seconds(
            timed(cargo(workspace).args(["test", "--no-run"]), &[0])?.0,
        ));
        suite.push(seconds(timed(cargo(workspace).arg("test"), &[0])?.0));
    }
    Ok((suite, bare))
}
