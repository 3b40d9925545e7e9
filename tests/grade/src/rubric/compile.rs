//! Builds an exercise and its rubric with cargo.

use super::Rubric;
use super::source::{Identity, Origins, Sources, keep, origin};
use crate::exercise::Exercise;
use crate::failed::{Because, Failed};
use anyhow::bail;
use harness::message;
use harness::message::Message;
use std::fs;
use std::path::Path;
use workspace::build::{Built, Executable};

/// How often a build is repeated because the sources have changed meanwhile.
const ATTEMPTS: usize = 5;

/// The error that an exercise cannot be graded because the compiler rejects it.
#[derive(Debug)]
pub struct DoesNotCompile {
    /// The output of cargo and the compiler, unchanged.
    pub messages: String,
    /// A likely reason that the compiler does not name.
    pub reason: Option<Message>,
}

impl DoesNotCompile {
    /// This error, if it is the error or one of its causes.
    pub fn of(error: &anyhow::Error) -> Option<&Self> {
        error.chain().find_map(|link| link.downcast_ref())
    }
}

impl std::fmt::Display for DoesNotCompile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "it does not compile")
    }
}

impl std::error::Error for DoesNotCompile {}

impl Rubric {
    /// Builds an exercise and its rubric from the files as they are now, whatever their times say.
    ///
    /// # Errors
    ///
    /// [`DoesNotCompile`] if the compiler rejects the exercise; another error if cargo cannot be
    /// run, or if the rubric lacks a check.
    pub fn build(exercise: &Exercise) -> anyhow::Result<Self> {
        for _ in 0..ATTEMPTS {
            let before = Inputs::read(exercise)?;
            let mut pair = Pair::build(exercise)?;
            // Remove what cargo takes to be up to date, and cannot be shown to be.
            if let Some(packages) = pair.doubtful(exercise, &before) {
                clean(&packages)?;
                pair = Pair::build(exercise)?;
            }
            // A save during the build: nobody knows which version the compiler has read.
            if Inputs::read(exercise)? != before {
                continue;
            }
            if pair.doubtful(exercise, &before).is_some() {
                bail!(Failed::new(message!(
                    "cargo does not build {package} anew: remove the target folder",
                    package = exercise.package()
                )));
            }
            if !pair.messages.is_empty() {
                // Show the compiler's warnings to the learner, too.
                anstream::eprint!("{}", pair.messages);
            }
            keep(&pair.program.path, before.program)?;
            keep(&pair.tests.path, before.tests)?;
            return Self::built(exercise, pair.tests.path, pair.program.path);
        }
        bail!(Failed::new(message!(
            "{path} changes all the time",
            path = &exercise.folder
        )));
    }

    /// Whether the program is still the one that was built, and not that of a later build in
    /// the same target folder.
    pub fn is_unchanged(&self) -> bool {
        self.identity.is_some() && Identity::of(&self.program).ok() == self.identity
    }
}

/// The sources of an exercise's program, and of its rubric.
#[derive(PartialEq, Eq)]
struct Inputs {
    program: Sources,
    tests: Sources,
}

impl Inputs {
    fn read(exercise: &Exercise) -> anyhow::Result<Self> {
        let root = workspace::root();
        let shared = ["Cargo.toml", "Cargo.lock"].map(|name| root.join(name));
        let rubrics = ["tests/exercises", "tests/harness"].map(|name| root.join(name));
        let own = std::slice::from_ref(&exercise.folder);
        let program = [own, &shared[..]].concat();
        Ok(Self {
            program: Sources::read(&program)?,
            tests: Sources::read(&[&rubrics[..], &shared[..]].concat())?,
        })
    }
}

/// An exercise's program and its rubric, as cargo has built them.
struct Pair {
    program: Executable,
    tests: Executable,
    messages: String,
}

impl Pair {
    fn build(exercise: &Exercise) -> anyhow::Result<Self> {
        let (package, tests) = (exercise.package(), exercise.rubric());
        let words = ["test", "--no-run", "--quiet", "--color", "always"];
        // With this package, cargo chooses the features that it has chosen for it, and builds no
        // crate once more that both need.
        let targets = [
            "--package",
            &package,
            "--package",
            "grade",
            "--test",
            &tests,
        ];
        let built = Built::with(&[&words[..], &targets].concat())
            .because(|| message!("cannot run cargo"))?;
        if !built.is_complete {
            let is_rejected = built.has_rejected(&package);
            let messages = built.messages;
            if is_rejected {
                let reason = likely_reason(&exercise.file());
                return Err(DoesNotCompile { messages, reason }.into());
            }
            anstream::eprint!("{messages}");
            bail!(Failed::new(message!(
                "cargo could not build it, and the reason is not in {path}",
                path = &exercise.file()
            )));
        }
        let find = |name: &str| {
            let found = built.executable(name).cloned();
            found.because(|| message!("cargo has built no {name}", name))
        };
        Ok(Self {
            program: find(&package)?,
            tests: find(&tests)?,
            messages: built.messages,
        })
    }

    /// The packages to build anew, because an executable was not built from these inputs, as far
    /// as is known; `None` if all were.
    fn doubtful(&self, exercise: &Exercise, inputs: &Inputs) -> Option<Vec<String>> {
        let program = origin(&self.program, inputs.program);
        let tests = origin(&self.tests, inputs.tests);
        match (program, tests) {
            (Origins::Same, Origins::Same) => None,
            (_, Origins::Other) => Some(vec![exercise.package(), "harness".to_string()]),
            _ => Some(vec![exercise.package()]),
        }
    }
}

/// Why the compiler may have rejected a file, where its own words do not say it.
fn likely_reason(file: &Path) -> Option<Message> {
    let is_text = String::from_utf8(fs::read(file).ok()?).is_ok();
    (!is_text).then(|| {
        message!(
            "{file} is not saved as UTF-8. Choose UTF-8 as its encoding in your editor, and save it again.",
            file
        )
    })
}

/// Removes what cargo has built of these packages.
fn clean(packages: &[String]) -> anyhow::Result<()> {
    let cleaned = Built::clean(packages).because(|| message!("cannot run cargo"))?;
    if !cleaned.is_complete {
        bail!(Failed::new(message!(
            "cargo clean has failed: {words}",
            words = cleaned.messages.trim_end()
        )));
    }
    Ok(())
}
