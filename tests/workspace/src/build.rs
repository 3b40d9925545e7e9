//! Builds programs and tests of the workspace that a test needs besides those of its package.
//!
//! For a test, cargo builds only the program of the same package. Everything else that a test
//! needs is requested here, so it is never missing or stale. (42 ms when nothing has changed.)

use escargot::format::Message;
use escargot::format::diagnostic::{Diagnostic, DiagnosticLevel};
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

/// Executables by the names of their targets.
type Executables = HashMap<String, Executable>;

/// An executable that cargo has built.
#[derive(Debug, Clone)]
pub struct Executable {
    /// Its file.
    pub path: PathBuf,
    /// Whether it existed already, and cargo saw by the times of its sources that it is up to
    /// date. Such times can lie: those of a restored backup, for example.
    pub is_reused: bool,
}

/// The result of a cargo command.
pub struct Built {
    /// Whether cargo could do everything that was requested.
    pub is_complete: bool,
    /// The output of the compiler and of cargo, with their colours.
    pub messages: String,
    executables: Executables,
    rejected: BTreeSet<String>,
}

impl Built {
    /// Runs a cargo command that builds something in the workspace, and collects what it has
    /// built.
    ///
    /// # Errors
    ///
    /// If cargo cannot be run.
    pub fn with(words: &[&str]) -> io::Result<Self> {
        Self::run(
            &[
                words,
                &["--message-format", "json-diagnostic-rendered-ansi"],
            ]
            .concat(),
        )
    }

    /// Removes what cargo has built of these packages.
    ///
    /// # Errors
    ///
    /// If cargo cannot be run.
    pub fn clean(packages: &[String]) -> io::Result<Self> {
        let packages = packages.iter().flat_map(|name| ["--package", name]);
        let words: Vec<_> = ["clean", "--quiet"].into_iter().chain(packages).collect();
        Self::run(&words)
    }

    fn run(words: &[&str]) -> io::Result<Self> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        // Mark cargo, so that it does not count as left behind by a program under test.
        let output = harness::outside(&mut cargo)
            .current_dir(crate::root())
            .args(words)
            .output()?;
        let mut built = Self {
            is_complete: output.status.success(),
            messages: String::new(),
            executables: Executables::new(),
            rejected: BTreeSet::new(),
        };
        for line in output.stdout.split(|byte| *byte == b'\n') {
            if let Ok(message) = serde_json::from_slice(line) {
                built.add(message);
            }
        }
        built
            .messages
            .push_str(&String::from_utf8_lossy(&output.stderr));
        Ok(built)
    }

    /// Adds one of cargo's messages.
    fn add(&mut self, message: Message) {
        match message {
            Message::CompilerArtifact(artifact) => {
                let Some(path) = artifact.executable else {
                    return;
                };
                let executable = Executable {
                    path: path.into_owned(),
                    is_reused: artifact.fresh,
                };
                let name = artifact.target.name.into_owned();
                self.executables.insert(name, executable);
            }
            Message::CompilerMessage(told) => {
                if is_about_source(&told.message) {
                    self.rejected.insert(told.target.name.into_owned());
                }
                let rendered = told.message.rendered;
                self.messages.push_str(&rendered.unwrap_or_default());
            }
            _ => {}
        }
    }

    /// The executable of the target with this name, if it has been built.
    pub fn executable(&self, target: &str) -> Option<&Executable> {
        self.executables.get(target)
    }

    /// Whether the compiler has rejected the source of the target with this name. (Cargo fails
    /// for other reasons as well: a full disk, a missing linker, a crate that cannot be
    /// downloaded.)
    pub fn has_rejected(&self, target: &str) -> bool {
        self.rejected.contains(target)
    }
}

/// Whether a diagnostic is an error in the source: it has a place there or a code, or the
/// source cannot be read as text.
fn is_about_source(diagnostic: &Diagnostic) -> bool {
    diagnostic.level == DiagnosticLevel::Error
        && (!diagnostic.spans.is_empty()
            || diagnostic.code.is_some()
            || diagnostic.message.starts_with("couldn't read"))
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

/// Builds the small programs that chapters show besides the lessons: the examples of the default
/// members, and those of an exercise that has no lesson. Cargo puts them into the folder `examples`
/// beside the programs.
///
/// # Panics
///
/// If they cannot be built.
pub fn examples() {
    build(&["--examples"]);
    let lessons = crate::lessons(crate::root());
    let lessons = lessons.unwrap_or_else(|error| panic!("cannot read the lessons: {error}"));
    for lesson in lessons {
        let folder = lesson.folder;
        if folder.join("examples").is_dir() && !folder.join("Cargo.toml").exists() {
            let package = format!("exercise-{:02}", lesson.number);
            build(&["--package", &package, "--examples"]);
        }
    }
}

fn named<'a>(executables: &'a Executables, name: &str) -> &'a Path {
    let found = executables.get(name);
    &found
        .unwrap_or_else(|| panic!("cargo has built no {name}"))
        .path
}

/// Builds all targets of a kind, in the profile of this build. Without a package, it builds those
/// of all default members, as `cargo test` does; the grader and the teachers' commands are built
/// from their packages alone, as for `cargo grade`. For any other selection cargo would choose
/// other features of the shared crates, and build those again.
///
/// # Errors
///
/// If cargo cannot be run.
pub fn try_build(kind: &[&str]) -> io::Result<Built> {
    let mut words = [&["build"], kind].concat();
    if !cfg!(debug_assertions) {
        words.push("--release");
    }
    Built::with(&words)
}

fn build(kind: &[&str]) -> Executables {
    let built = try_build(kind).unwrap_or_else(|error| panic!("cannot run cargo: {error}"));
    let messages = built.messages;
    assert!(
        built.is_complete,
        "cannot build what a test needs: {messages}"
    );
    built.executables
}
