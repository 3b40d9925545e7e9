//! Which files of the workspace belong to a copy of it.

use super::git;
use anyhow::{bail, ensure};
use grade::failed::{Because, Failed};
use harness::message;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What a copy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// For students: with the book.
    Handout,
    /// For a machine that grades: what builds and runs the exercises.
    Grading,
}

/// The files of a workspace that belong to a copy.
#[derive(Debug)]
pub struct Sources {
    workspace: PathBuf,
    /// Their paths in the workspace, with `/` between the parts, in order. The students'
    /// files (`main.rs` of an exercise) are not among them.
    pub files: Vec<String>,
    /// Whether git has listed them.
    pub listed_by_git: bool,
    /// Files that would belong to the copy if git tracked them.
    pub untracked: Vec<String>,
    /// Files in the folders of the lessons that are no part of a lesson, such as a solution.
    pub left_out: Vec<String>,
}

/// Kinds of files that a workspace has, where no git can say which are its own.
const KINDS: [&str; 17] = [
    "css", "diff", "hbs", "html", "js", "lock", "md", "png", "po", "py", "rs", "sh", "svg", "toml",
    "txt", "woff2", "yml",
];

impl Sources {
    /// Finds the files of a workspace that belong to a copy for this purpose: of those that
    /// git tracks, or, without git, of the known kinds of files.
    ///
    /// # Errors
    ///
    /// If a folder cannot be read, or the workspace lacks its manifest.
    pub fn of(workspace: &Path, purpose: Purpose) -> anyhow::Result<Self> {
        let tracked = git::tracked(workspace);
        let listed_by_git = tracked.is_some();
        let others = if listed_by_git {
            git::untracked(workspace)
        } else {
            Vec::new()
        };
        let all = match tracked {
            Some(tracked) => tracked,
            None => known(workspace)?,
        };
        let is_there = |path: &String| workspace.join(path).symlink_metadata().is_ok();
        let belongs_to_none = |path: &&String| {
            let is_starter = path.ends_with("/exercise/main.rs");
            path.starts_with("lessons/") && !belongs(path, purpose) && !is_starter
        };
        let of_lessons = all.iter().chain(&others).filter(belongs_to_none);
        let left_out = of_lessons.filter(|path| is_there(path)).cloned().collect();
        let files: BTreeSet<String> = all
            .into_iter()
            // What has been removed, and not yet from git, is not there any more.
            .filter(|path| belongs(path, purpose) && is_there(path))
            .collect();
        ensure!(
            files.contains("Cargo.toml"),
            Failed::new(message!(
                "{path} has no Cargo.toml",
                path = workspace.display()
            ))
        );
        Ok(Self {
            workspace: workspace.to_path_buf(),
            files: files.into_iter().collect(),
            listed_by_git,
            untracked: others
                .into_iter()
                .filter(|path| belongs(path, purpose))
                .collect(),
            left_out,
        })
    }

    /// The content of a file.
    ///
    /// # Errors
    ///
    /// If it is no plain file, or cannot be read.
    pub fn read(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let file = self.workspace.join(path);
        let data = fs::symlink_metadata(&file)
            .because(|| message!("cannot see {path}", path = file.display()))?;
        if !data.is_file() {
            bail!(Failed::new(message!(
                "{path} is a link or no file: a copy has plain files only",
                path = file.display()
            )));
        }
        fs::read(&file).because(|| message!("cannot read {path}", path = file.display()))
    }
}

/// Whether a file belongs to a copy.
fn belongs(path: &str, purpose: Purpose) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        // Tests of the teacher's commands; and the proofs of the book's claims, which are about
        // its sources, and need much that students do not.
        ["tests", "classroom", "tests" | "examples", ..]
        | ["mdbook", "server", "tests", ..]
        | ["mdbook", "book", ..] => false,
        // A lesson is three files, and small examples. A solution may lie beside them, too.
        ["Cargo.toml" | "Cargo.lock"]
        | [".cargo", "config.toml"]
        | ["lessons", _, "Cargo.toml" | "main.py"]
        | ["lessons", _, "src", "main.rs"]
        | ["lessons", _, "examples", _]
        | [
            "tests",
            "across" | "exercises" | "grade" | "harness" | "lessons" | "update" | "wire"
            | "workspace",
            ..,
        ] => true,
        // The teacher's commands.
        ["tests", "classroom", ..] => purpose == Purpose::Grading,
        [name] => name.starts_with("LICENSE-"),
        // Of an exercise just these two: a solution may lie beside them. `main.rs` is a starter.
        ["lessons", _, "exercise", rest @ ..] => {
            matches!(rest, ["Cargo.toml" | "exercise.toml"])
        }
        ["mdbook", ..] => purpose == Purpose::Handout,
        _ => false,
    }
}

/// Files of the known kinds in a workspace: what git would list, where there is no git.
fn known(workspace: &Path) -> anyhow::Result<Vec<String>> {
    let mut files: Vec<String> = [
        "Cargo.toml",
        "Cargo.lock",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        ".cargo/config.toml",
    ]
    .map(str::to_string)
    .into();
    for folder in ["lessons", "mdbook", "tests"] {
        walk(workspace, folder, &mut files)?;
    }
    Ok(files)
}

/// Adds the files of the known kinds in a folder, and in those below it.
fn walk(workspace: &Path, folder: &str, files: &mut Vec<String>) -> anyhow::Result<()> {
    let path = workspace.join(folder);
    let context = || message!("cannot read {path}", path = path.display());
    for entry in fs::read_dir(&path).because(context)? {
        let entry = entry.because(context)?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let kind = entry.file_type().because(context)?;
        let inner = format!("{folder}/{name}");
        let is_known = Path::new(&name)
            .extension()
            .and_then(|end| end.to_str())
            .is_some_and(|end| KINDS.contains(&end));
        if kind.is_dir() {
            let is_made = ["target", "node_modules", "__pycache__"].contains(&name.as_str());
            if !is_made && !name.starts_with('.') && inner != "mdbook/book" {
                walk(workspace, &inner, files)?;
            }
        } else if kind.is_file() && is_known {
            files.push(inner);
        }
    }
    Ok(())
}
