//! Programs and tests of the workspace that a test needs besides its own.
//!
//! Cargo builds for a test the program of its own package only. What else a test needs it
//! asks cargo for, here: so it is never missing and never stale. (42 ms when it is fresh.)

use crate::story::WORKSPACE;
use escargot::CargoBuild;
use escargot::format::Message;
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

/// A build of a package of this workspace, in the profile that this test was built in.
fn build(package: &str) -> CargoBuild {
    let build = CargoBuild::new()
        .manifest_path(Path::new(WORKSPACE).join("Cargo.toml"))
        .package(package)
        // As `outside` does it for a command: cargo is not left behind by any program.
        .env("HARNESS_PROGRAM", "outside");
    if cfg!(debug_assertions) {
        build
    } else {
        build.release()
    }
}

/// The program of a lesson, by its number.
///
/// # Panics
///
/// If it cannot be built.
pub fn lesson(number: usize) -> String {
    let name = format!("lesson-{number:02}");
    match build(&name).bin(&name).run() {
        Ok(program) => program.path().to_string_lossy().into_owned(),
        Err(error) => panic!("cannot build {name}: {error}"),
    }
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
    Some(vec![python.clone(), script.to_string_lossy().into_owned()])
}

/// The Python interpreter itself: what is called `python3` may be a script that looks for
/// one, at every start.
fn python() -> Option<&'static String> {
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

/// The tests of a lesson, as a program that can be told what to hold to them.
///
/// # Panics
///
/// If they cannot be built.
pub fn tests_of_lesson(number: usize) -> PathBuf {
    let name = format!("lesson_{number:02}");
    match test_executable(&name, build(&format!("lesson-{number:02}"))) {
        Ok(Some(path)) => path,
        Ok(None) => panic!("cargo has built no test {name}"),
        Err(error) => panic!("cannot build the test {name}: {error}"),
    }
}

/// Builds a test, and finds its executable in what cargo tells.
fn test_executable(
    name: &str,
    build: CargoBuild,
) -> Result<Option<PathBuf>, escargot::error::CargoError> {
    for message in build.test(name).exec()? {
        let message = message?;
        if let Message::CompilerArtifact(artifact) = message.decode()?
            && artifact.target.name == name
            && let Some(path) = artifact.executable
        {
            return Ok(Some(path.into_owned()));
        }
    }
    Ok(None)
}
