//! The lessons, found by their folders.

use crate::build;
use std::io;
use std::path::{Path, PathBuf};

/// A lesson: a folder `lessons/NN-name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// Its number, with which its folder's name begins.
    pub number: u32,
    /// Its folder.
    pub folder: PathBuf,
}

impl Lesson {
    /// The path of the program that cargo builds from it, as a word of a command.
    ///
    /// # Panics
    ///
    /// If it cannot be built.
    pub fn program(&self) -> String {
        let path = build::program(&format!("lesson-{:02}", self.number));
        path.to_string_lossy().into_owned()
    }

    /// Its tests: an executable for which `PROGRAM` sets the program to test.
    ///
    /// # Panics
    ///
    /// If they cannot be built.
    pub fn tests(&self) -> PathBuf {
        build::tests(&format!("lesson_{:02}", self.number)).to_path_buf()
    }

    /// Its Python twin, as a command; `None`, with a note on stderr, if there is no Python.
    pub fn twin(&self) -> Option<Vec<String>> {
        let Some(python) = crate::python() else {
            harness::skip("there is no python3");
            return None;
        };
        // `-S` leaves out installed packages, since a twin needs nothing but Python itself.
        let script = self.folder.join("main.py");
        Some(vec![
            python.clone(),
            "-S".to_string(),
            script.to_string_lossy().into_owned(),
        ])
    }
}

/// The lessons of a workspace, in the order of their numbers. A lesson's folder may have an
/// exercise and no program.
///
/// # Errors
///
/// If the folder of the lessons cannot be read.
pub fn lessons(workspace: &Path) -> io::Result<Vec<Lesson>> {
    let mut lessons = Vec::new();
    for entry in std::fs::read_dir(workspace.join("lessons"))? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let number = name
            .split_once('-')
            .and_then(|(number, _)| number.parse().ok());
        if let Some(number) = number {
            let folder = entry.path();
            lessons.push(Lesson { number, folder });
        }
    }
    lessons.sort_by_key(|lesson| lesson.number);
    Ok(lessons)
}

/// The lesson with this number in the workspace of the current folder.
///
/// # Panics
///
/// If there is no such lesson.
pub fn lesson(number: u32) -> Lesson {
    let lessons = lessons(crate::root());
    let lessons = lessons.unwrap_or_else(|error| panic!("cannot read the lessons: {error}"));
    let found = lessons.into_iter().find(|lesson| lesson.number == number);
    found.unwrap_or_else(|| panic!("there is no lesson {number:02}"))
}
