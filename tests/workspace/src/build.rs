//! What cargo builds of the workspace: programs and tests that a test needs besides its own.
//!
//! Cargo builds for a test the program of its own package only. Whatever else a test needs is
//! asked for here, so it is never missing and never stale. (42 ms when nothing has changed.)

use escargot::CargoBuild;
use escargot::error::CargoError;
use escargot::format::Message;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

/// Executables by the names of their targets.
type Executables = HashMap<String, PathBuf>;

/// A program of a default member, such as `lesson-05`.
///
/// # Panics
///
/// If it cannot be built.
pub fn program(name: &str) -> &'static Path {
    static PROGRAMS: OnceLock<Executables> = OnceLock::new();
    named(PROGRAMS.get_or_init(|| build(CargoBuild::bins)), name)
}

/// The tests of a default member, such as `lesson_05`.
///
/// # Panics
///
/// If they cannot be built.
pub fn tests(name: &str) -> &'static Path {
    static TESTS: OnceLock<Executables> = OnceLock::new();
    named(TESTS.get_or_init(|| build(CargoBuild::tests)), name)
}

/// The program of a package that is no default member, such as `grade`.
///
/// # Panics
///
/// If it cannot be built.
pub fn package(name: &str) -> PathBuf {
    static BUILT: Mutex<Option<Executables>> = Mutex::new(None);
    // Built packages stay built, also where another one could not be.
    let mut built = BUILT
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let built = built.get_or_insert_default();
    if !built.contains_key(name) {
        built.extend(build(|cargo| cargo.package(name).bins()));
    }
    named(built, name).to_path_buf()
}

fn named<'a>(executables: &'a Executables, name: &str) -> &'a Path {
    let found = executables.get(name);
    found.unwrap_or_else(|| panic!("cargo has built no {name}"))
}

/// Builds all targets of a kind, in the profile that this was built in. Without a package they
/// are those of all default members, as for `cargo test`; the grader and what teachers need are
/// of their packages alone, as for `cargo grade`. For another selection cargo would choose other
/// features of the crates that they share, and build those once more.
fn build(kind: impl FnOnce(CargoBuild) -> CargoBuild) -> Executables {
    let manifest = crate::root().join("Cargo.toml");
    let (mark, outside) = harness::OUTSIDE;
    // Cargo is not taken for a process that a program under test has left behind.
    let mut build = kind(CargoBuild::new().manifest_path(manifest)).env(mark, outside);
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
