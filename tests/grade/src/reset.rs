//! `cargo grade reset`: restores a starter.

use grade::exercise::{Exercise, starter_in};
use grade::failed::Because;
use grade::language::Language;
use grade::{catalogue, tell};
use harness::message;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

/// Restores the starter of an exercise if the learner agrees. Returns whether the starter is
/// in place now.
pub(crate) fn reset(exercise: &Exercise, yes: bool, language: Language) -> anyhow::Result<bool> {
    let file = exercise.file();
    let starter = workspace::root().join(starter_in(language, exercise.number));
    let starter = fs::read(&starter).because(|| message!("cannot read {path}", path = &starter))?;
    let current = match fs::read(&file) {
        Ok(current) => Some(current),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).because(|| message!("cannot read {path}", path = &file)),
    };
    if current.as_ref() == Some(&starter) {
        tell!(language, "The starter is there already.");
        return Ok(true);
    }
    if !yes && !agrees(exercise, language)? {
        tell!(language, "Nothing was changed.");
        return Ok(false);
    }
    if current.is_some() {
        let copy = free_name(exercise);
        fs::copy(&file, &copy).because(|| message!("cannot write {path}", path = &copy))?;
        tell!(
            language,
            "Your version is kept in {path}",
            path = shown(&copy)
        );
    }
    fs::write(&file, starter).because(|| message!("cannot write {path}", path = &file))?;
    tell!(
        language,
        "The starter is back in {path}",
        path = shown(&file)
    );
    Ok(true)
}

/// Asks the learner. No answer means no.
fn agrees(exercise: &Exercise, language: Language) -> anyhow::Result<bool> {
    let file = exercise.file();
    let question = message!(
        "Put the starter back in {path}? [y/N] ",
        path = shown(&file)
    );
    print!("{}", catalogue::say(&question, language));
    io::stdout().flush().because(|| message!("cannot ask"))?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .because(|| message!("cannot read the answer"))?;
    Ok(matches!(
        answer.trim().to_lowercase().as_str(),
        "y" | "yes" | "是"
    ))
}

/// A file's path as learners name it, relative to the workspace.
fn shown(file: &Path) -> &Path {
    file.strip_prefix(workspace::root()).unwrap_or(file)
}

/// A name for the copy that is not in use.
fn free_name(exercise: &Exercise) -> PathBuf {
    let names = (1..=u32::MAX).map(|n| exercise.folder.join(format!("main.before-reset-{n}.rs")));
    // A free name exists, since there are fewer files than numbers.
    names
        .into_iter()
        .find(|name| !name.exists())
        .unwrap_or_default()
}
