//! `cargo grade gradescope`: a bundle that Gradescope makes an autograder of.
//!
//! The form is that of <https://gradescope-autograders.readthedocs.io/en/latest/specs/>: a zip
//! with `setup.sh`, which is run once when the image is built, and `run_autograder`, which is
//! run for each submission, in its root. Here, what they need is in the folder `project`: the
//! sources without solutions and book, and their dependencies.
//!
//! A container there has 768 MB of memory, half a CPU and 10 minutes, unless the teacher
//! chooses otherwise (<https://gradescope-autograders.readthedocs.io/en/latest/troubleshooting/>):
//! too little memory for a compiler beside a program that may use 512 MB.

use crate::handout::{self, Vendored};
use anyhow::bail;
use grade::catalogue::say;
use grade::failed::{Because, Failed};
use grade::language::Language;
use grade::seed;
use harness::message;
use serde_json::Value;
use std::fs;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const SETUP: &str = include_str!("gradescope/setup.sh");
const RUN: &str = include_str!("gradescope/run_autograder.sh");

/// A bundle that has been made.
#[derive(Debug)]
pub struct Bundle {
    /// Where it is.
    pub file: PathBuf,
    /// How many bytes it has.
    pub bytes: u64,
    /// The version of Rust that it installs.
    pub toolchain: String,
    /// The dependencies in it.
    pub vendored: Vendored,
}

/// Writes the bundle for Gradescope, all at once.
///
/// # Errors
///
/// If a file cannot be read or written, the dependencies cannot be had, or a line of a solution
/// would be in the bundle.
pub fn bundle(workspace: &Path, file: &Path, language: Language) -> anyhow::Result<Bundle> {
    let toolchain = toolchain(workspace)?;
    let project = tempfile::tempdir().because(|| message!("cannot make a temporary folder"))?;
    let vendored = handout::make_bundle(workspace, project.path())?;
    let file = std::path::absolute(file)
        .because(|| message!("cannot tell where {path} is", path = file.display()))?;
    let folder = file
        .parent()
        .because(|| message!("the bundle has no folder"))?;
    let cannot = || message!("cannot write {path}", path = file.display());
    let mut part = tempfile::NamedTempFile::new_in(folder).because(cannot)?;
    // Each submission is graded in a container of its own: the bundle has the seed of the class.
    let seed = seed::new()?;
    let zip = part.as_file_mut();
    write(zip, project.path(), &toolchain, seed, language).because(cannot)?;
    let bytes = part.as_file().metadata().because(cannot)?.len();
    open_to_others(part.as_file()).because(cannot)?;
    part.persist(&file).because(cannot)?;
    Ok(Bundle {
        file,
        bytes,
        toolchain,
        vendored,
    })
}

/// Gives a file that was made for temporary use the rights that any other has.
fn open_to_others(file: &fs::File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

/// The version of Rust for the bundle: the one here. A nightly of today may not be there any
/// more tomorrow: instead of it, the newest stable one.
fn toolchain(workspace: &Path) -> anyhow::Result<String> {
    let output = Command::new("rustc")
        .arg("--version")
        .current_dir(workspace)
        .output()
        .because(|| message!("cannot run rustc"))?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let Some(version) = told.split_whitespace().nth(1) else {
        bail!(Failed::new(message!(
            "rustc does not tell its version: {told}",
            told = format!("{told:?}")
        )));
    };
    let is_stable = version.chars().all(|c| c.is_ascii_digit() || c == '.');
    Ok(if is_stable { version } else { "stable" }.to_string())
}

/// The two scripts of the bundle, by their names in it.
pub fn scripts(toolchain: &str, seed: u64, language: Language) -> [(&'static str, String); 2] {
    let no_grade = message!(
        "The autograder itself has failed: this is no grade. Please tell your teacher, who finds the reason in the output of the autograder."
    );
    let no_grade = say(&no_grade, language);
    [("setup.sh", SETUP), ("run_autograder", RUN)].map(|(name, text)| {
        let text = text
            .replace("@TOOLCHAIN@", toolchain)
            .replace("@SEED@", &seed.to_string())
            .replace("@LANGUAGE@", language.name())
            .replace("@NO_GRADE@", &Value::from(no_grade.as_str()).to_string());
        (name, text)
    })
}

/// Writes the zip: the scripts may be run, the rest may be read.
fn write(
    to: impl Write + Seek,
    project: &Path,
    toolchain: &str,
    seed: u64,
    language: Language,
) -> anyhow::Result<()> {
    // Without a time of its own: the same input gives the same bundle.
    let plain = SimpleFileOptions::default().unix_permissions(0o644);
    let script = plain.unix_permissions(0o755);
    let mut zip = ZipWriter::new(to);
    for (name, text) in scripts(toolchain, seed, language) {
        zip.start_file(name, script)?;
        zip.write_all(text.as_bytes())?;
    }
    add(&mut zip, project, "project", plain)?;
    zip.finish()?;
    Ok(())
}

/// Adds a folder, in the order of the names.
fn add<W: Write + Seek>(
    zip: &mut ZipWriter<W>,
    folder: &Path,
    name: &str,
    options: SimpleFileOptions,
) -> anyhow::Result<()> {
    let cannot = || message!("cannot read {path}", path = folder.display());
    let entries = fs::read_dir(folder).because(cannot)?;
    let entries: std::io::Result<Vec<_>> = entries.collect();
    let mut entries = entries.because(cannot)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, file_name) = (entry.path(), entry.file_name());
        let name = format!("{name}/{}", file_name.to_string_lossy());
        if path.is_dir() {
            add(zip, &path, &name, options)?;
        } else {
            let bytes = fs::read(&path)
                .because(|| message!("cannot read {path}", path = path.display()))?;
            zip.start_file(name, options)?;
            zip.write_all(&bytes)?;
        }
    }
    Ok(())
}
