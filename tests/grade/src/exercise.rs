//! The exercises, as `exercise.toml` describes them.

use crate::failed::{Because, Failed};
use crate::language::{Language, Text};
use anyhow::ensure;
use harness::message;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The file `exercise.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    title: Text,
    task: Text,
    check: Vec<Check>,
}

/// A check of a rubric: a test function, and the points that it is worth.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The name of the test function.
    pub name: String,
    /// The points for passing it; those of all checks add up to 100.
    pub points: u32,
    /// What a program that passes it does.
    pub title: Text,
    /// The hint: what to look at first, on the first line, and more below.
    pub hint: Text,
}

/// An exercise.
#[derive(Debug, Clone)]
pub struct Exercise {
    /// Its number, which is also that of its lesson.
    pub number: u32,
    /// Its folder, with `main.rs` in it.
    pub folder: PathBuf,
    /// The version of its rubric: it grows with every change that can change a grade.
    pub version: u32,
    /// Its title.
    pub title: Text,
    /// Its task.
    pub task: Text,
    /// The checks that earn the points, in order.
    pub checks: Vec<Check>,
}

/// The path of an exercise's starter in a workspace, with `/` between the parts.
pub fn starter(number: u32) -> String {
    starter_in(Language::En, number)
}

/// As [`starter`]: the same program with its comments in a language.
pub fn starter_in(language: Language, number: u32) -> String {
    let folder = match language {
        Language::En => "",
        Language::Zh => "zh/",
    };
    format!("tests/grade/starters/{folder}{}.rs", digits(number))
}

/// The number of an exercise or a lesson as names of folders and commands have it: `05`.
pub fn digits(number: u32) -> String {
    format!("{number:02}")
}

impl Exercise {
    /// All exercises of a workspace, in order. Not every lesson's folder has one.
    ///
    /// # Errors
    ///
    /// If a folder or a file cannot be read, or a file is invalid.
    pub fn all(workspace: &Path) -> anyhow::Result<Vec<Self>> {
        let folder = workspace.join("lessons");
        let lessons = workspace::lessons(workspace)
            .because(|| message!("cannot read the folder {path}", path = &folder))?;
        let mut exercises = Vec::new();
        for lesson in lessons {
            let exercise = lesson.folder.join("exercise");
            if exercise.is_dir() {
                exercises.push(Self::read(lesson.number, exercise)?);
            }
        }
        ensure!(
            !exercises.is_empty(),
            Failed::new(message!("there are no exercises in {path}", path = &folder))
        );
        Ok(exercises)
    }

    fn read(number: u32, folder: PathBuf) -> anyhow::Result<Self> {
        let path = folder.join("exercise.toml");
        let wrong = || message!("{path} is not as it should be", path = &path);
        let text =
            fs::read_to_string(&path).because(|| message!("cannot read {path}", path = &path))?;
        let file: File = toml::from_str(&text).because(wrong)?;
        let File {
            version,
            title,
            task,
            check: checks,
        } = file;
        let exercise = Self {
            number,
            folder,
            version,
            title,
            task,
            checks,
        };
        exercise.verify().because(wrong)?;
        Ok(exercise)
    }

    /// Verifies that the points add up and that no text is missing.
    fn verify(&self) -> anyhow::Result<()> {
        let points: u32 = self.checks.iter().map(|check| check.points).sum();
        ensure!(
            points == 100,
            Failed::new(message!(
                "the points add up to {points}, and not to 100",
                points
            ))
        );
        let names: BTreeSet<_> = self.checks.iter().map(|check| &check.name).collect();
        ensure!(
            names.len() == self.checks.len(),
            Failed::new(message!("two checks have the same name"))
        );
        let texts = self
            .checks
            .iter()
            .flat_map(|check| [&check.title, &check.hint]);
        for text in texts.chain([&self.title, &self.task]) {
            ensure!(
                !text.en.trim().is_empty() && !text.zh.trim().is_empty(),
                Failed::new(message!(
                    "a text is missing in one language: {text}",
                    text = format!("{text:?}")
                ))
            );
        }
        Ok(())
    }

    /// Its number as the names of folders and commands have it: `05`.
    pub fn digits(&self) -> String {
        digits(self.number)
    }

    /// The name of its package, and of its program.
    pub fn package(&self) -> String {
        format!("exercise-{}", self.digits())
    }

    /// The name of its rubric, a test target.
    pub fn rubric(&self) -> String {
        format!("exercise_{}", self.digits())
    }

    /// The student's file.
    pub fn file(&self) -> PathBuf {
        self.folder.join("main.rs")
    }
}
