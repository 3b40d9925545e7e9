//! How long the grader takes: from a save to the verdict, the suite, a class.
//!
//! Exercises are changed in a copy of the workspace, which stays in `target/bench`: nobody's
//! own answers are touched, and what has been built once is there the next time.

use crate::command::{self, cargo, output, say, timed};
use crate::statistics::seconds;
use anyhow::{Context, ensure};
use grade::exercise::Exercise;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// How often each exercise is saved and graded.
    pub rounds: usize,
    /// How many students a class has.
    pub students: usize,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// What was asked for.
    pub settings: Settings,
    /// Of each exercise, the starter and the solution.
    pub exercises: Vec<OfExercise>,
    /// Seconds of `cargo test` where everything is built.
    pub suite: Vec<f64>,
    /// Seconds of `cargo test --no-run` where everything is built.
    pub suite_bare: Vec<f64>,
    /// The class; nothing where there is no `cargo grade class`.
    pub class: Option<OfClass>,
}

/// What was measured of an answer to an exercise. All in seconds, round by round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfExercise {
    /// The exercise.
    pub number: u32,
    /// Whether the answer is the model solution, and not the starter.
    pub is_solution: bool,
    /// Its points.
    pub score: f64,
    /// `cargo build` after a save.
    pub bare: Vec<f64>,
    /// The grader after a save, as `cargo grade watch` does it.
    pub graded: Vec<f64>,
    /// `cargo grade` after a save: cargo looks first whether the grader is up to date.
    pub typed: Vec<f64>,
}

/// What was measured of a class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfClass {
    /// Seconds for all of it.
    pub took: f64,
    /// The most memory that the grader itself had, in megabytes.
    pub megabytes: u64,
}

/// Measures.
///
/// # Errors
///
/// If something does not compile, or a command fails.
pub fn measure(settings: &Settings) -> anyhow::Result<Figures> {
    let workspace = copy()?;
    say("building the grader and the exercises, in a copy");
    timed(cargo(&workspace).args(["build", "-p", "grade"]), &[0])?;
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
    Ok(Figures {
        settings: settings.clone(),
        exercises: found,
        suite,
        suite_bare,
        class: class(&workspace, &exercises, settings.students)?,
    })
}

/// A copy of the workspace, with a target folder of its own.
fn copy() -> anyhow::Result<PathBuf> {
    let here = Path::new(harness::WORKSPACE);
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
    // A copy is a workspace of its own, and what it holds cargo would look for further up.
    fs::canonicalize(&copy).with_context(|| format!("cannot find {}", copy.display()))
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().context("a file is in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// What a learner would have written: the starter, or the model solution.
fn answer(exercise: &Exercise, is_solution: bool) -> anyhow::Result<String> {
    let tests = Path::new(harness::WORKSPACE).join("tests");
    let path = if is_solution {
        tests.join(format!("answers/right/{:02}/model.rs", exercise.number))
    } else {
        tests.join(format!("grader/starters/{:02}.rs", exercise.number))
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

/// Seconds of the suite, and of looking whether it is built.
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

/// A class of so many students, each with all exercises; nothing, said aloud, where there is
/// no `cargo grade class`.
fn class(
    workspace: &Path,
    exercises: &[Exercise],
    students: usize,
) -> anyhow::Result<Option<OfClass>> {
    let grade = workspace.join("target").join("debug").join("grade");
    let mut help = Command::new(&grade);
    if students == 0 || timed(help.args(["class", "--help"]).current_dir(workspace), &[0]).is_err()
    {
        harness::skip("the class is not graded: there is no `cargo grade class`, or no student");
        return Ok(None);
    }
    say(&format!("grader: a class of {students}"));
    let folder = tempfile::TempDir::with_prefix("bench-").context("cannot make a folder")?;
    let class = folder.path().join("class");
    for student in 0..students {
        for exercise in exercises {
            // A quarter of them has not begun. No two files are the same.
            let is_solution = !(student + exercise.number as usize).is_multiple_of(4);
            let source = format!("{}\n// student {student}\n", answer(exercise, is_solution)?);
            let name = format!("student-{student:03}/exercise-{:02}.rs", exercise.number);
            write(&class.join(name), source.as_bytes())?;
        }
    }
    let mut command = Command::new(&grade);
    command
        .arg("class")
        .arg(&class)
        .arg("--out")
        .arg(folder.path().join("report"))
        .current_dir(workspace);
    watched(&mut command, Duration::from_secs(60 * 60)).map(Some)
}

/// Runs a command, and watches its memory.
fn watched(command: &mut Command, limit: Duration) -> anyhow::Result<OfClass> {
    let name = command::shown(command);
    let start = Instant::now();
    let (family, mut child) = harness::Family::start(
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit()),
    )
    .with_context(|| format!("cannot run {name}"))?;
    let mut megabytes = 0;
    while !harness::has_ended(&mut child).context("cannot watch the grader")? {
        ensure!(start.elapsed() < limit, "{name} still runs after {limit:?}");
        if let Some(resources) = harness::Resources::of(child.id()) {
            megabytes = megabytes.max(resources.resident >> 20);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let took = seconds(start.elapsed());
    let status = family.end(&mut child).context("cannot tell how it ended")?;
    // 1 says that not all marks are full.
    ensure!(
        status.code().is_some_and(|code| code < 2),
        "{name} failed ({status})"
    );
    Ok(OfClass { took, megabytes })
}
