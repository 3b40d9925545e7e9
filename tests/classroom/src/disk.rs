//! Writes and removes files so that a grader that is killed leaves nothing half done.

use grade::failed::Because;
use harness::message;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// How the name of a file begins that is being written.
pub(crate) const UNFINISHED: &str = ".new-";

/// Removes a file or a folder, if it is there.
pub(crate) fn remove(path: &Path) -> anyhow::Result<()> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).because(|| message!("cannot remove {path}", path = path.display()))
        }
        _ => Ok(()),
    }
}

/// Writes a file whole, or not at all.
///
/// # Errors
///
/// If it cannot be written.
pub(crate) fn write(path: &Path, contents: &[u8]) -> anyhow::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A report is a file like any other; the umask of the process applies, too.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let written = || {
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(contents)?;
        // The name must not be there before the bytes are, also when the power fails.
        file.as_file().sync_data()?;
        file.persist(path).map_err(|error| error.error)?;
        std::io::Result::Ok(())
    };
    written().because(|| message!("cannot write {path}", path = path.display()))
}
