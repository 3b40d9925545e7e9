//! What a lesson changes in the one before it: the difference of the two `main.rs`, which
//! the lesson's chapter includes.

use std::path::PathBuf;

use anyhow::Context;
use similar::{TextDiff, WhitespaceMode};

/// The folder of the differences in the workspace.
pub const FOLDER: &str = "mdbook/differences";

/// The lessons that change the one before them. Lesson 02 is a server after a client, and
/// lesson 07 another kind of program: nearly every line would be a difference.
pub const LESSONS: std::ops::RangeInclusive<usize> = 3..=6;

/// How many unchanged lines stand around a change.
const CONTEXT: usize = 3;

/// The file of a lesson's difference.
pub fn path(lesson: usize) -> PathBuf {
    workspace::root()
        .join(FOLDER)
        .join(format!("{lesson:02}.diff"))
}

/// The contents of the file of a lesson's difference: a unified difference of the sources as the
/// book shows them, without the lines that mark anchors. A line of which only the indentation
/// has changed does not count as different.
///
/// # Errors
///
/// If a source cannot be read.
pub fn of_lesson(lesson: usize) -> anyhow::Result<String> {
    let (old_name, old) = source(lesson - 1)?;
    let (new_name, new) = source(lesson)?;
    let difference = unified(&old, &new);
    Ok(format!("--- {old_name}\n+++ {new_name}\n{difference}"))
}

/// The pieces in which two texts differ, apart from white space. The pieces that are the same come
/// from the new text.
fn unified(old: &str, new: &str) -> String {
    let difference = TextDiff::configure()
        .whitespace_mode(WhitespaceMode::IgnoreAll)
        .diff_lines(old, new);
    let mut pieces = difference.unified_diff();
    let mut lines = Vec::new();
    for piece in pieces.context_radius(CONTEXT).iter_hunks() {
        lines.push(format!("{}\n", piece.header()));
        for change in piece.iter_changes() {
            let index = change.new_index();
            let in_new = index.and_then(|index| difference.new_slice(index));
            let line = in_new.unwrap_or(change.value());
            lines.push(format!("{}{line}", change.tag()));
        }
    }
    lines.concat()
}

/// Writes all differences that are not up to date, and names them on stdout.
///
/// # Errors
///
/// If a source cannot be read, or a difference cannot be written.
pub fn update() -> anyhow::Result<()> {
    for (path, difference) in all()? {
        if std::fs::read_to_string(&path).is_ok_and(|written| written == difference) {
            continue;
        }
        let folder = workspace::root().join(FOLDER);
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {FOLDER}"))?;
        let written = std::fs::write(&path, difference);
        let name = path
            .strip_prefix(workspace::root())
            .unwrap_or(&path)
            .display();
        written.with_context(|| format!("cannot write {name}"))?;
        println!("{name}: written anew");
    }
    Ok(())
}

/// The files of all differences, each with its contents.
///
/// # Errors
///
/// If a source cannot be read.
pub fn all() -> anyhow::Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::from(steps()?);
    for lesson in LESSONS {
        files.push((path(lesson), of_lesson(lesson)?));
    }
    Ok(files)
}

/// The two steps in which lesson 05 changes lesson 04, first threads, then the end: the files
/// and their contents.
fn steps() -> anyhow::Result<[(PathBuf, String); 2]> {
    let folder = workspace::root().join(FOLDER);
    let between = |(old_name, old): &(String, String), (new_name, new): &(String, String)| {
        let difference = unified(old, new);
        format!("--- {old_name}\n+++ {new_name}\n{difference}")
    };
    let threads = named("lessons/05-threaded/examples/threads.rs".to_string())?;
    Ok([
        (
            folder.join("05-threads.diff"),
            between(&source(4)?, &threads),
        ),
        (folder.join("05-end.diff"), between(&threads, &source(5)?)),
    ])
}

/// The path of a lesson's source in the workspace, and its text without the lines that mark
/// anchors.
fn source(lesson: usize) -> anyhow::Result<(String, String)> {
    named(format!("lessons/{}/src/main.rs", folder_of_lesson(lesson)?))
}

fn named(name: String) -> anyhow::Result<(String, String)> {
    let text = std::fs::read_to_string(workspace::root().join(&name));
    let text = text.with_context(|| format!("cannot read {name}"))?;
    Ok((name, without_anchors(&text)))
}

/// The name of a lesson's folder, such as `02-server`.
fn folder_of_lesson(lesson: usize) -> anyhow::Result<String> {
    let folders = std::fs::read_dir(workspace::root().join("lessons"));
    let mut folders = folders.context("cannot read lessons")?.flatten();
    let is_wanted = |name: &String| name.starts_with(&format!("{lesson:02}-"));
    folders
        .find_map(|folder| folder.file_name().into_string().ok().filter(is_wanted))
        .with_context(|| format!("there is no lesson {lesson:02}"))
}

/// A source as the book shows it.
fn without_anchors(text: &str) -> String {
    let is_shown = |line: &&str| !line.contains("ANCHOR: ") && !line.contains("ANCHOR_END: ");
    text.split_inclusive('\n').filter(is_shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_pieces_are_left_out() {
        let text = "a\n    // ANCHOR: bind\n    b\n    // ANCHOR_END: bind\nc\n";
        assert_eq!(without_anchors(text), "a\n    b\nc\n");
    }

    #[test]
    fn a_line_that_is_only_indented_is_no_difference() {
        let difference = unified("serve();\nend();\n", "loop {\n    serve();\n}\nend();\n");
        let expected = "@@ -1,2 +1,4 @@\n+loop {\n     serve();\n+}\n end();\n";
        assert_eq!(difference, expected);
    }

    #[test]
    fn a_difference_is_what_git_and_patch_read() {
        let difference = of_lesson(3).expect("the sources are there");
        let mut lines = difference.lines();
        assert_eq!(lines.next(), Some("--- lessons/02-server/src/main.rs"));
        assert_eq!(lines.next(), Some("+++ lessons/03-reuseaddr/src/main.rs"));
        assert!(
            lines.next().is_some_and(|line| line.starts_with("@@ -1,")),
            "{difference}"
        );
        assert!(
            difference.contains("\n+        .set_reuse_address(true)\n"),
            "{difference}"
        );
        assert!(!difference.contains("ANCHOR"), "{difference}");
    }
}
