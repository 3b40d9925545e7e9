//! Builds programs and tests of the workspace that a test needs besides those of its package.
//!
//! For a test, cargo builds only the program of the same package. Everything else that a test
//! needs is requested here, so it is never missing or stale. (42 ms when nothing has changed.)

use escargot::format::Message;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

/// Executables by the names of their targets.
type Executables = HashMap<String, PathBuf>;

/// The result of a cargo build.
pub struct Built {
    /// Whether it could build everything that was requested.
    pub is_complete: bool,
    /// The output of cargo and the compiler, unchanged.
    pub messages: String,
    executables: Executables,
}

impl Built {
    /// Runs cargo in the workspace with these arguments, and collects what it has built.
    ///
    /// # Errors
    ///
    /// If cargo cannot be run.
    pub fn with(words: &[&str]) -> io::Result<Self> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        // Mark cargo, so that it does not count as left behind by a program under test.
        let output = harness::outside(&mut cargo)
            .current_dir(crate::root())
            .args(words)
            .args(["--message-format", "json-render-diagnostics"])
            .output()?;
        Ok(Self {
            is_complete: output.status.success(),
            messages: String::from_utf8_lossy(&output.stderr).into_owned(),
            executables: executables(&output.stdout),
        })
    }

    /// The executable of the target with this name, if it has been built.
    pub fn executable(&self, target: &str) -> Option<&Path> {
        self.executables.get(target).map(PathBuf::as_path)
    }
}

/// Finds the executables in cargo's messages. (Escargot can run cargo, too, but it drops the
/// stderr of a successful build.)
fn executables(told: &[u8]) -> Executables {
    let mut executables = Executables::new();
    for line in told.split(|byte| *byte == b'\n') {
        if let Ok(Message::CompilerArtifact(artifact)) = serde_json::from_slice(line)
            && let Some(path) = artifact.executable
        {
            executables.insert(artifact.target.name.into_owned(), path.into_owned());
        }
    }
    executables
}

/// A program of a default member, such as `lesson-05`.
///
/// # Panics
///
/// If it cannot be built.
pub fn program(name: &str) -> &'static Path {
    static PROGRAMS: OnceLock<Executables> = OnceLock::new();
    named(PROGRAMS.get_or_init(|| build(&["--bins"])), name)
}

/// The tests of a default member, such as `lesson_05`.
///
/// # Panics
///
/// If they cannot be built.
pub fn tests(name: &str) -> &'static Path {
    static TESTS: OnceLock<Executables> = OnceLock::new();
    named(TESTS.get_or_init(|| build(&["--tests"])), name)
}

/// The program of a package that is not a default member, such as `grade`.
///
/// # Panics
///
/// If it cannot be built.
pub fn package(name: &str) -> PathBuf {
    static BUILT: Mutex<Option<Executables>> = Mutex::new(None);
    // Packages that were built stay valid even after the build of another one has failed.
    let mut built = BUILT
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let built = built.get_or_insert_default();
    if !built.contains_key(name) {
        built.extend(build(&["--package", name, "--bins"]));
    }
    named(built, name).to_path_buf()
}

/// Builds the examples of the default members. Cargo puts them into the folder `examples` beside
/// the programs.
///
/// # Panics
///
/// If they cannot be built.
pub fn examples() {
    build(&["--examples"]);
}

fn named<'a>(executables: &'a Executables, name: &str) -> &'a Path {
    let found = executables.get(name);
    found.unwrap_or_else(|| panic!("cargo has built no {name}"))
}

/// Builds all targets of a kind, in the profile of this build. Without a package, it builds those
/// of all default members, as `cargo test` does; the grader and the teachers' commands are built
/// from their packages alone, as for `cargo grade`. For any other selection cargo would choose
/// other features of the shared crates, and build those again.
fn build(kind: &[&str]) -> Executables {
    let mut words = [&["build"], kind].concat();
    if !cfg!(debug_assertions) {
        words.push("--release");
    }
    let built = Built::with(&words).unwrap_or_else(|error| panic!("cannot run cargo: {error}"));
    let messages = built.messages;
    assert!(
        built.is_complete,
        "cannot build what a test needs: {messages}"
    );
    built.executables
}
