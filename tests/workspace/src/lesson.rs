//! The lessons, as their folders tell.

use crate::build;
use std::io;
use std::path::{Path, PathBuf};

/// A lesson: a folder `lessons/NN-name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// Its number, which its folder's name begins with.
    pub number: u32,
    /// Its folder.
    pub folder: PathBuf,
}

impl Lesson {
    /// The path of the program that cargo builds of it, as a word of a command.
    ///
    /// # Panics
    ///
    /// If it cannot be built.
    pub fn program(&self) -> String {
        let path = build::program(&format!("lesson-{:02}", self.number));
        path.to_string_lossy().into_owned()
    }

    /// Its tests: a program that can be told, by `PROGRAM`, what to test.
    ///
    /// # Panics
    ///
    /// If they cannot be built.
    pub fn tests(&self) -> PathBuf {
        build::tests(&format!("lesson_{:02}", self.number)).to_path_buf()
    }

    /// Its Python twin, as a command; `None`, with a note on stderr, where there is no Python.
    pub fn twin(&self) -> Option<Vec<String>> {
        let Some(python) = crate::python() else {
            harness::skip("there is no python3");
            return None;
        };
        // `-S` leaves out all that is installed besides Python itself: a twin needs none of it.
        let script = self.folder.join("main.py");
        Some(vec![
            python.clone(),
            "-S".to_string(),
            script.to_string_lossy().into_owned(),
        ])
    }
}

/// The folders of a workspace's lessons, in the order of their numbers. One of them may have an
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
