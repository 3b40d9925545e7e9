//! Files of a copy. Each is written atomically, and none of the student's files is lost.

use crate::hash::sha256;
use anyhow::bail;
use grade::failed::{Because, Failed};
use harness::message;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Creates or replaces a file atomically, so that it is never half-written.
pub(crate) fn replace(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write;
    let cannot = || message!("cannot write {path}", path = file.display());
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .because(|| message!("cannot make {path}", path = folder.display()))?;
    let mut part = tempfile::NamedTempFile::new_in(folder).because(cannot)?;
    part.write_all(bytes).because(cannot)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Only the owner can read a temporary file, and this file is to be an ordinary one.
        part.as_file()
            .set_permissions(fs::Permissions::from_mode(0o644))
            .because(cannot)?;
    }
    part.persist(file).because(cannot)?;
    Ok(())
}

/// The SHA-256 of a file; `None` if the file does not exist.
pub(crate) fn sum_of(file: &Path) -> anyhow::Result<Option<String>> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(sha256(&bytes))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).because(|| message!("cannot read {path}", path = file.display())),
    }
}

/// Keeps the student's version of a file beside it, and returns its path. A version that an
/// interrupted update has kept already is not kept twice.
pub(crate) fn keep(folder: &Path, path: &str) -> anyhow::Result<String> {
    let file = folder.join(path);
    let bytes =
        fs::read(&file).because(|| message!("cannot read {path}", path = file.display()))?;
    let first = std::iter::once(format!("{path}.yours"));
    let names = first.chain((2..).map(|number: u32| format!("{path}.yours-{number}")));
    for name in names {
        let copy = folder.join(&name);
        if sum_of(&copy)?.is_none_or(|sum| sum == sha256(&bytes)) {
            replace(&copy, &bytes)?;
            return Ok(name);
        }
    }
    bail!(Failed::new(message!(
        "there is no name left to keep {path} under",
        path
    )))
}

/// Copies a folder with everything in it, except the files with this name.
pub(crate) fn copy_folder(from: &Path, to: &Path, without: &str) -> anyhow::Result<()> {
    fs::create_dir_all(to).because(|| message!("cannot make {path}", path = to.display()))?;
    let cannot = || message!("cannot read {path}", path = from.display());
    for entry in fs::read_dir(from).because(cannot)? {
        let entry = entry.because(cannot)?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().because(cannot)?.is_dir() {
            copy_folder(&path, &target, without)?;
        } else if entry.file_name() != without {
            fs::copy(&path, &target)
                .because(|| message!("cannot write {path}", path = target.display()))?;
        }
    }
    Ok(())
}

/// Removes a folder with everything in it, if it exists.
pub(crate) fn remove_folder(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).because(|| message!("cannot remove {path}", path = folder.display()))
        }
        _ => Ok(()),
    }
}
