//! Puts a new build in the place of the one before it, and touches nothing else: what a
//! publisher has added (`.git`, `CNAME`) stays.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, ensure};

/// The list of the files that a build has made in a folder, one path on each line.
const LIST: &str = ".cargo-book";

/// Copies what is in `new` to `out`, and deletes there what an earlier call has copied and this
/// one does not.
///
/// # Errors
///
/// If `out` contains something that no earlier call has made, or cannot be written.
pub(crate) fn replace(new: &Path, out: &Path) -> anyhow::Result<()> {
    check(out)?;
    let old = made_in(out)?;
    let mut files = BTreeSet::new();
    collect(new, Path::new(""), &mut files).with_context(|| cannot_read(new))?;
    // What somebody else has put there is theirs: `.nojekyll`, which mdBook makes, too.
    files.retain(|file| old.contains(file) || !out.join(file).exists());
    // First the list of both: an interrupted copy is replaced by the next one.
    fs::create_dir_all(out).with_context(|| cannot_write(out))?;
    write_list(out, old.union(&files))?;
    for file in &files {
        let to = out.join(file);
        let folder = to.parent().unwrap_or(out);
        fs::create_dir_all(folder).with_context(|| cannot_write(folder))?;
        fs::copy(new.join(file), &to).with_context(|| cannot_write(&to))?;
    }
    for file in old.difference(&files) {
        delete(out, file).with_context(|| cannot_write(&out.join(file)))?;
    }
    write_list(out, files.iter())
}

/// Fails if there is something in `out` that may not be replaced.
///
/// # Errors
///
/// If there is, or if `out` cannot be read.
pub(crate) fn check(out: &Path) -> anyhow::Result<()> {
    let entries = match fs::read_dir(out) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| cannot_read(out))?,
    };
    if out.join(LIST).is_file() {
        return Ok(());
    }
    for entry in entries {
        let name = entry.with_context(|| cannot_read(out))?.file_name();
        // What a publisher needs beside the site, before there is one.
        let is_publishers = name == "CNAME" || name.to_string_lossy().starts_with('.');
        ensure!(
            is_publishers,
            "{} has something in it that `cargo book build` has not made ({}): empty it, or \
             choose another folder",
            out.display(),
            name.display()
        );
    }
    Ok(())
}

/// The files that an earlier call has copied to `out`.
fn made_in(out: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let list = match fs::read_to_string(out.join(LIST)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        list => list.with_context(|| cannot_read(&out.join(LIST)))?,
    };
    let is_inside = |file: &PathBuf| {
        let mut parts = file.components();
        parts.all(|part| matches!(part, Component::Normal(_)))
    };
    Ok(list.lines().map(PathBuf::from).filter(is_inside).collect())
}

fn write_list<'a>(out: &Path, files: impl Iterator<Item = &'a PathBuf>) -> anyhow::Result<()> {
    let lines = files.map(|file| format!("{}\n", file.display()));
    let list = out.join(LIST);
    fs::write(&list, lines.collect::<String>()).with_context(|| cannot_write(&list))
}

/// Adds the files below `root`, by their paths in it.
fn collect(root: &Path, folder: &Path, files: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            collect(root, &path, files)?;
        } else {
            files.insert(path);
        }
    }
    Ok(())
}

/// Deletes a file below `out`, and the folders that have nothing else in them.
fn delete(out: &Path, file: &Path) -> io::Result<()> {
    match fs::remove_file(out.join(file)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let folders = file.ancestors().skip(1);
    for folder in folders.filter(|folder| !folder.as_os_str().is_empty()) {
        if fs::remove_dir(out.join(folder)).is_err() {
            break;
        }
    }
    Ok(())
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
