//! What `cargo grade handout` and `gradescope` tell.

use classroom::gradescope::{Bundle, bundle};
use classroom::handout::{CLASS_WORKFLOW, Made, Vendored, make};
use classroom::intake::list;
use grade::language::Language;
use grade::{say, tell};
use std::path::Path;

/// Makes the students' copy.
pub(crate) fn handout(folder: &Path, vendor: bool, language: Language) -> anyhow::Result<bool> {
    let made = make(workspace::root(), folder, vendor, language)?;
    let Made {
        folder,
        files,
        bytes,
        ..
    } = &made;
    let (folder, size) = (folder.display(), megabytes(*bytes));
    tell!(
        language,
        "The students' copy is in {folder}: {files} files, {size}, no solutions.",
        folder,
        files = *files,
        size
    );
    if let Some(vendored) = made.vendored {
        dependencies(vendored, language);
    }
    if !made.untracked.is_empty() {
        let files = list(&made.untracked);
        tell!(
            language,
            "The copy lacks files that git does not track (git add takes them in): {files}",
            files
        );
    }
    if !made.left_out.is_empty() {
        let files = list(&made.left_out);
        tell!(
            language,
            "The copy lacks files in lessons/ that are no part of a lesson, as a solution may be: {files}",
            files
        );
    }
    if !made.listed_by_git {
        tell!(
            language,
            "git could not tell which files belong to the project: all files of known kinds were taken. Look through the copy before you give it away."
        );
    }
    if let Some(reason) = &made.no_repository {
        tell!(language, "It is no git repository: {reason}", reason);
    }
    Ok(true)
}

/// Prints the workflow that grades a class on many machines.
pub(crate) fn class_workflow() -> bool {
    say!("{}", CLASS_WORKFLOW.trim_end());
    true
}

/// Makes the bundle for Gradescope.
pub(crate) fn gradescope(file: &Path, language: Language) -> anyhow::Result<bool> {
    let made = bundle(workspace::root(), file, language)?;
    let Bundle {
        file,
        bytes,
        toolchain,
        vendored,
    } = &made;
    let (file, size) = (file.display(), megabytes(*bytes));
    tell!(
        language,
        "The bundle is {file}, {size}: upload it as the autograder of an assignment.",
        file,
        size
    );
    tell!(
        language,
        "It installs Rust {toolchain}, and needs no network after that.",
        toolchain
    );
    tell!(
        language,
        "In its settings choose a container with 3 GB of memory or more, and 2 CPUs."
    );
    dependencies(*vendored, language);
    Ok(true)
}

fn dependencies(vendored: Vendored, language: Language) {
    let (crates, size) = (vendored.crates, megabytes(vendored.bytes));
    tell!(
        language,
        "Its dependencies are in it: {crates} crates, {size}.",
        crates,
        size
    );
}

/// A size as people read it.
fn megabytes(bytes: u64) -> String {
    const TENTH: u64 = 100_000;
    let tenths = bytes.div_ceil(TENTH);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}
