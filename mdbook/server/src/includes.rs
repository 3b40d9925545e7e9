//! Checks the includes of chapters. mdBook only logs that a file is missing, and leaves out a
//! missing anchor without a message.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Context, bail, ensure};
use regex::Regex;

/// `{{#include FILE}}`, `{{#include FILE:ANCHOR}}`, `{{#include FILE:FROM:TO}}`.
static INCLUDE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\\?\{\{\s*#include\s+([^\s:}]+)(?::([^\s}]+))?\s*\}\}").expect("a valid pattern")
});

/// Fails if a chapter below `source` includes a file or an anchor that does not exist, or if
/// there is a symbolic link: mdBook would copy what it points to into the book.
///
/// # Errors
///
/// Names every such place in a line: file, line, and what is wrong.
pub fn check(source: &Path) -> anyhow::Result<()> {
    let mut problems = String::new();
    for file in files(source)? {
        if file.extension().is_some_and(|extension| extension == "md") {
            check_chapter(&file, &mut problems)?;
        }
    }
    ensure!(problems.is_empty(), "{}", problems.trim_end());
    Ok(())
}

fn check_chapter(chapter: &Path, problems: &mut String) -> anyhow::Result<()> {
    let text = fs::read_to_string(chapter).with_context(|| cannot_read(chapter))?;
    let folder = chapter.parent().unwrap_or(Path::new(""));
    for (line, number) in text.lines().zip(1..) {
        for include in INCLUDE.captures_iter(line) {
            // A backslash before it: it is shown as it is.
            if include[0].starts_with('\\') {
                continue;
            }
            let anchor = include.get(2).map(|anchor| anchor.as_str());
            if let Err(error) = check_include(&folder.join(&include[1]), anchor) {
                let place = chapter.display();
                writeln!(problems, "{place}:{number}: {}: {error:#}", &include[0])?;
            }
        }
    }
    Ok(())
}

fn check_include(file: &Path, anchor: Option<&str>) -> anyhow::Result<()> {
    let text = fs::read_to_string(file).with_context(|| cannot_read(file))?;
    ensure!(!text.is_empty(), "{} is empty", file.display());
    // Numbers of lines begin with a digit or a colon.
    if let Some(anchor) = anchor.filter(|anchor| anchor.starts_with(char::is_alphabetic)) {
        let has = |mark: &str| text.lines().any(|line| line.trim_end().ends_with(mark));
        for mark in ["ANCHOR", "ANCHOR_END"] {
            ensure!(
                has(&format!(" {mark}: {anchor}")),
                "{} has no line that ends with `{mark}: {anchor}`",
                file.display()
            );
        }
    }
    Ok(())
}

/// All files below a folder.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| cannot_read(folder))? {
        let entry = entry.with_context(|| cannot_read(folder))?;
        let kind = entry.file_type().with_context(|| cannot_read(folder))?;
        if kind.is_symlink() {
            bail!(
                "{} is a symbolic link, which the book does not follow",
                entry.path().display()
            );
        } else if kind.is_dir() {
            files.extend(self::files(&entry.path())?);
        } else {
            files.push(entry.path());
        }
    }
    Ok(files)
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}
