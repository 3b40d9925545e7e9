//! Programs and tests of the workspace that a test needs besides its own.
//!
//! Cargo builds for a test the program of its own package only. What else a test needs it
//! asks cargo for, here: so it is never missing and never stale. (42 ms when it is fresh.)

use crate::story::WORKSPACE;
use escargot::CargoBuild;
use escargot::error::CargoError;
use escargot::format::Message;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The folders of the lessons, in order.
const FOLDERS: [&str; 7] = [
    "01-client",
    "02-server",
    "03-reuseaddr",
    "04-loop-accept",
    "05-threaded",
    "06-daemon-threads",
    "07-buffers",
];

/// The program of a lesson, by its number.
///
/// # Panics
///
/// If it cannot be built.
pub fn lesson(number: usize) -> String {
    let path = &programs()[&format!("lesson-{number:02}")];
    path.to_string_lossy().into_owned()
}

/// The program `grade`, which `cargo grade` runs.
///
/// # Panics
///
/// If it cannot be built.
pub fn grader() -> &'static Path {
    static GRADER: OnceLock<Executables> = OnceLock::new();
    let grader = GRADER.get_or_init(|| build(|cargo| cargo.package("grade").bins()));
    &grader["grade"]
}

/// The program `classroom`, which `cargo grade` runs for teachers.
///
/// # Panics
///
/// If it cannot be built.
pub fn classroom() -> &'static Path {
    static CLASSROOM: OnceLock<Executables> = OnceLock::new();
    let classroom = CLASSROOM.get_or_init(|| build(|cargo| cargo.package("classroom").bins()));
    &classroom["classroom"]
}

/// The programs of all default members.
fn programs() -> &'static Executables {
    static PROGRAMS: OnceLock<Executables> = OnceLock::new();
    PROGRAMS.get_or_init(|| build(CargoBuild::bins))
}

/// The tests of a lesson, as a program that can be told what to hold to them.
///
/// # Panics
///
/// If they cannot be built.
pub fn tests_of_lesson(number: usize) -> &'static Path {
    static TESTS: OnceLock<Executables> = OnceLock::new();
    let tests = TESTS.get_or_init(|| build(CargoBuild::tests));
    &tests[&format!("lesson_{number:02}")]
}

/// Executables by the names of their targets.
type Executables = HashMap<String, PathBuf>;

/// Builds all targets of a kind, in the profile that this was built in. The lessons' are those
/// of all default members, as for `cargo test`, and the grader's and the class' are of their
/// packages alone, as for `cargo grade`: for another selection cargo would choose other features of the crates that they
/// share, and build those once more.
fn build(kind: fn(CargoBuild) -> CargoBuild) -> Executables {
    let mut build = kind(CargoBuild::new().manifest_path(Path::new(WORKSPACE).join("Cargo.toml")))
        // As `outside` does it for a command: cargo is not left behind by any program.
        .env("HARNESS_PROGRAM", "outside");
    if !cfg!(debug_assertions) {
        build = build.release();
    }
    executables(build).unwrap_or_else(|error| panic!("cannot build what a test needs: {error}"))
}

/// Runs cargo, and finds the executables in what it tells.
fn executables(build: CargoBuild) -> Result<Executables, CargoError> {
    let mut executables = Executables::new();
    for message in build.exec()? {
        if let Message::CompilerArtifact(artifact) = message?.decode()?
            && let Some(path) = artifact.executable
        {
            executables.insert(artifact.target.name.into_owned(), path.into_owned());
        }
    }
    Ok(executables)
}

/// The Python twin of a lesson, as a command; `None`, said aloud, where there is no Python.
pub fn twin(number: usize) -> Option<Vec<String>> {
    let Some(python) = python() else {
        crate::skip("there is no python3");
        return None;
    };
    let script = Path::new(WORKSPACE)
        .join("lessons")
        .join(FOLDERS[number - 1])
        .join("main.py");
    // `-S` leaves out all that is installed besides Python itself: a twin needs none of it.
    Some(vec![
        python.clone(),
        "-S".to_string(),
        script.to_string_lossy().into_owned(),
    ])
}

/// The Python interpreter itself, if there is one: what is called `python3` may be a script
/// that looks for one, at every start.
pub fn python() -> Option<&'static String> {
    static PYTHON: OnceLock<Option<String>> = OnceLock::new();
    let python = PYTHON.get_or_init(|| {
        let mut command = Command::new("python3");
        let ask = ["-c", "import sys; print(sys.executable)"];
        let output = crate::outside(&mut command).args(ask).output().ok()?;
        let path = String::from_utf8(output.stdout).ok()?.trim().to_string();
        (output.status.success() && !path.is_empty()).then_some(path)
    });
    python.as_ref()
}
