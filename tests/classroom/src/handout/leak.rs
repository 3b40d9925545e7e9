//! The last look before a copy is handed out: is a line of a solution in it?
//!
//! The list of what is copied leaves out the solutions. This finds them also where somebody
//! has put one into a file that is on the list.

use anyhow::bail;
use grade::failed::{Because, Failed};
use harness::message;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// A line with more characters than this tells something. (`let mut line = …` has fewer.)
const SHORT: usize = 20;

/// In the sources of the grader and its kin: how many lines of a solution, one after the
/// other, are no chance any more. (`use std::collections::HashMap;` is in both.)
const CHANCE: usize = 3;

/// Refuses a copy that has lines of a solution in it. A workspace without solutions has none
/// to lose.
pub(super) fn refuse(workspace: &Path, copy: &Path, files: &[String]) -> anyhow::Result<()> {
    let mut solutions = BTreeSet::new();
    collect(&workspace.join("tests/answers/right"), &mut solutions)?;
    for path in files.iter().filter(|path| is_given(path)) {
        for line in lines(&copy.join(path))? {
            solutions.remove(&line);
        }
    }
    for path in files.iter().filter(|path| !is_given(path)) {
        let chance = if is_tool(path) { CHANCE } else { 1 };
        if let Some(line) = run_of(&solutions, &lines(&copy.join(path))?, chance) {
            bail!(Failed::new(message!(
                "nothing is handed out: {path} has a line of a solution in tests/answers in it: {line}",
                path,
                line
            )));
        }
    }
    Ok(())
}

/// Whether a file is what students are given to work with: a solution may well have lines of
/// it. Starters are what the `main.rs` of the exercises are here.
fn is_given(path: &str) -> bool {
    let is_lesson = path.starts_with("lessons/");
    let is_chapter = path.starts_with("mdbook/src/") || path.starts_with("mdbook/zh-CN/");
    let is_starter = path.starts_with("tests/grade/starters/");
    is_lesson || is_chapter || is_starter || path.starts_with("tests/exercises/")
}

/// Whether a file is of a program that builds, checks or shows.
fn is_tool(path: &str) -> bool {
    [
        "tests/classroom/",
        "tests/grade/",
        "tests/harness/",
        "tests/update/",
        "tests/wire/",
        "tests/workspace/",
        "mdbook/server/",
    ]
    .iter()
    .any(|folder| path.starts_with(folder))
}

/// The last line of the first so many lines, one after the other, that are all of solutions.
fn run_of<'a>(solutions: &BTreeSet<String>, lines: &'a [String], count: usize) -> Option<&'a str> {
    let mut run = 0;
    for line in lines {
        run = if solutions.contains(line) { run + 1 } else { 0 };
        if run == count {
            return Some(line);
        }
    }
    None
}

/// The lines of a file that tell something, without the space around them; none of a file
/// that is no text.
fn lines(file: &Path) -> anyhow::Result<Vec<String>> {
    let bytes = fs::read(file).because(|| message!("cannot read {path}", path = file.display()))?;
    let text = String::from_utf8(bytes).unwrap_or_default();
    let lines = text.lines().map(str::trim);
    let telling = lines.filter(|line| line.chars().count() > SHORT);
    Ok(telling.map(str::to_string).collect())
}

/// Adds the lines of all files in a folder, and in those below it.
fn collect(folder: &Path, found: &mut BTreeSet<String>) -> anyhow::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(error).because(|| message!("cannot read {path}", path = folder.display()));
        }
    };
    for entry in entries {
        let path = entry
            .because(|| message!("cannot read {path}", path = folder.display()))?
            .path();
        if path.is_dir() {
            collect(&path, found)?;
        } else {
            found.extend(lines(&path)?);
        }
    }
    Ok(())
}
