//! The workspace: its folder, its lessons, and the programs that cargo builds from it.
//!
//! Lessons and exercises are not listed anywhere: a new folder `lessons/NN-name` is a new lesson.

pub mod build;
mod lesson;
mod python;

pub use lesson::{Lesson, lesson, lessons};
pub use python::{NAMES as PYTHON_NAMES, python};

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The workspace's folder: the current folder or the nearest one above it that contains lessons
/// and the manifest of a workspace.
///
/// The search happens at run time, so that a copied or renamed workspace is found where it is
/// now, and not where the program was compiled.
///
/// # Panics
///
/// If the current folder is not in a workspace.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| find().unwrap_or_else(|why| panic!("{why}")))
}

/// Finds the workspace of the current folder.
///
/// # Errors
///
/// If the current folder is not in a workspace.
pub fn find() -> Result<PathBuf, String> {
    let here = std::env::current_dir()
        .map_err(|error| format!("cannot tell the current folder: {error}"))?;
    let is_workspace = |folder: &&Path| {
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        manifest.lines().any(|line| line.trim() == "[workspace]") && folder.join("lessons").is_dir()
    };
    let found = here.ancestors().find(is_workspace);
    found
        .map(Path::to_path_buf)
        .ok_or_else(|| format!("{} is not in a workspace with lessons", here.display()))
}
