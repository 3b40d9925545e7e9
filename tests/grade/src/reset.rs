//! `cargo grade reset`: restores a starter.

use anyhow::Context;
use grade::exercise::{Exercise, starter};
use grade::language::Language;
use grade::say;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

/// Restores the starter of an exercise if the learner agrees. Returns whether the starter is
/// in place now.
pub(crate) fn reset(exercise: &Exercise, yes: bool, language: Language) -> anyhow::Result<bool> {
    let file = exercise.file();
    let starter = workspace::root().join(starter(exercise.number));
    let starter =
        fs::read(&starter).with_context(|| format!("cannot read {}", starter.display()))?;
    let current = match fs::read(&file) {
        Ok(current) => Some(current),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", file.display()));
        }
    };
    if current.as_ref() == Some(&starter) {
        say!(
            "{}",
            language.pick("The starter is there already.", "已经是起始代码。")
        );
        return Ok(true);
    }
    if !yes && !agrees(exercise, language)? {
        say!(
            "{}",
            language.pick("Nothing was changed.", "什么都没有改动。")
        );
        return Ok(false);
    }
    if current.is_some() {
        let copy = free_name(exercise);
        fs::copy(&file, &copy).with_context(|| format!("cannot write {}", copy.display()))?;
        say!(
            "{} {}",
            language.pick("Your version is kept in", "你的版本保存在"),
            shown(&copy)
        );
    }
    fs::write(&file, starter).with_context(|| format!("cannot write {}", file.display()))?;
    say!(
        "{} {}",
        language.pick("The starter is back in", "起始代码已恢复到"),
        shown(&file)
    );
    Ok(true)
}

/// Asks the learner. No answer means no.
fn agrees(exercise: &Exercise, language: Language) -> anyhow::Result<bool> {
    let question = language.pick("Put the starter back in", "用起始代码替换");
    print!("{question} {}? [y/N] ", shown(&exercise.file()));
    io::stdout().flush().context("cannot ask")?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .context("cannot read the answer")?;
    Ok(matches!(
        answer.trim().to_lowercase().as_str(),
        "y" | "yes" | "是"
    ))
}

/// A file's path as learners name it, relative to the workspace.
fn shown(file: &Path) -> impl std::fmt::Display + '_ {
    file.strip_prefix(workspace::root())
        .unwrap_or(file)
        .display()
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
