//! What is asked of git.

use grade::catalogue::say;
use grade::language::Language;
use harness::message;
use std::path::Path;
use update::git::{git, run};

/// The author of a copy's only commit, where the teacher has told git no name.
const NOBODY: [&str; 4] = [
    "-c",
    "user.name=handout",
    "-c",
    "user.email=handout@localhost",
];

/// The files that git tracks in a folder; `None` where there is no git, the folder is not in
/// a repository, or only below one that knows nothing of it.
pub(super) fn tracked(folder: &Path) -> Option<Vec<String>> {
    let output = git(folder)
        .args(["ls-files", "-z", "--cached"])
        .output()
        .ok()?;
    let list = String::from_utf8(output.stdout).ok()?;
    let files: Vec<String> = list.split_terminator('\0').map(str::to_string).collect();
    let knows = output.status.success() && files.iter().any(|file| file == "Cargo.toml");
    knows.then_some(files)
}

/// The files in a folder that git neither tracks nor ignores; none where it cannot say.
pub(super) fn untracked(folder: &Path) -> Vec<String> {
    let arguments = ["ls-files", "-z", "--others", "--exclude-standard"];
    let output = git(folder).args(arguments).output();
    let list = output
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok());
    let list = list.unwrap_or_default();
    list.split_terminator('\0').map(str::to_string).collect()
}

/// Makes a repository of a folder, with one commit of all that is in it.
pub(super) fn commit_all(folder: &Path, language: Language) -> anyhow::Result<()> {
    let has_author = |key: &str| {
        let output = git(folder).args(["config", "--get", key]).output();
        output.is_ok_and(|output| output.status.success() && !output.stdout.is_empty())
    };
    let named = has_author("user.name") && has_author("user.email");
    let author = if named { &[][..] } else { &NOBODY[..] };
    run(
        folder,
        &[
            "-c",
            "init.defaultBranch=main",
            "init",
            "--quiet",
            "--template=",
        ],
    )?;
    // A list of the teacher's own of what to ignore must not leave out a dependency, and what
    // a dependency is checked by are its bytes.
    run(
        folder,
        &["-c", "core.autocrlf=false", "add", "--all", "--force", "."],
    )?;
    let mut commit = author.to_vec();
    commit.extend(["-c", "commit.gpgSign=false", "-c", "core.hooksPath="]);
    let subject = say(&message!("Exercises: TCP sockets, step by step"), language);
    commit.extend(["commit", "--quiet", "--message", &subject]);
    run(folder, &commit)
}
