//! What cargo builds of the workspace: programs and tests that a test needs besides its own.
//!
//! Cargo builds for a test the program of its own package only. Whatever else a test needs is
//! asked for here, so it is never missing and never stale. (42 ms when nothing has changed.)

use escargot::format::Message;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

/// Executables by the names of their targets.
type Executables = HashMap<String, PathBuf>;

/// What cargo has done when it was told to build.
pub struct Built {
    /// Whether it could build all that it was told to.
    pub is_complete: bool,
    /// What cargo and the compiler said, as they said it.
    pub messages: String,
    executables: Executables,
}

impl Built {
    /// Runs cargo in the workspace with these words, and learns what it has built.
    ///
    /// # Errors
    ///
    /// If cargo cannot be run.
    pub fn with(words: &[&str]) -> io::Result<Self> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        // Cargo is not taken for a process that a program under test has left behind.
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

/// Finds the executables in what cargo tells. (Escargot can run cargo, too, but then what a
/// successful build has to say on stderr is lost.)
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
        built.extend(build(&["--package", name, "--bins"]));
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
