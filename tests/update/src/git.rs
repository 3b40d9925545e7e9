//! Runs git.

use anyhow::bail;
use grade::failed::{Because, Failed};
use harness::message;
use std::path::Path;
use std::process::Command;

/// A git command in a folder, which ignores any repository that the environment names.
pub fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder);
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
    ] {
        command.env_remove(name);
    }
    harness::outside(&mut command);
    command
}

/// Fetches the newest state of a repository into a folder that does not exist yet.
pub(crate) fn clone(address: &str, to: &Path) -> anyhow::Result<()> {
    let parent = to.parent().unwrap_or(to);
    let target = to.to_string_lossy();
    run(
        parent,
        &["clone", "--quiet", "--depth", "1", "--", address, &target],
    )
}

/// Runs git with these arguments in a folder.
///
/// # Errors
///
/// If it cannot be run, or fails.
pub fn run(folder: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let words = || format!("git {}", arguments.join(" "));
    let output = git(folder)
        .args(arguments)
        .output()
        .because(|| message!("cannot run {program}", program = words()))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        bail!(Failed::new(message!(
            "{program} failed: {told}",
            program = words(),
            told = told.trim()
        )));
    }
    Ok(())
}
