//! Shows that an executable was built from the sources as they are now.
//!
//! Cargo compares times. That is not enough for a grade: a restored backup, an unpacked archive
//! or a wrong clock gives a changed file an old time, and two copies of a project that share a
//! target folder have the same executables. So a file beside each executable records the sources
//! that it was built from.

use crate::failed::Because;
use harness::message;
use serde::{Deserialize, Serialize};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use workspace::build::Executable;

/// The content of files and folders, as a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sources(u64);

impl Sources {
    /// Reads files and folders, these with all that is in them. One that does not exist counts as
    /// empty.
    ///
    /// # Errors
    ///
    /// If one cannot be read.
    pub(super) fn read(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let mut hasher = DefaultHasher::new();
        for path in paths {
            hash(path, &mut hasher).because(|| message!("cannot read {path}", path))?;
        }
        Ok(Self(hasher.finish()))
    }
}

fn hash(path: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    if path.is_dir() {
        let entries = fs::read_dir(path)?;
        let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            entry.file_name().hash(hasher);
            hash(&entry.path(), hasher)?;
        }
        return Ok(());
    }
    match fs::read(path) {
        Ok(bytes) => bytes.hash(hasher),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// A file as the system describes it: any other build makes another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    length: u64,
    modified: SystemTime,
}

impl Identity {
    /// The identity of the file at this path.
    ///
    /// # Errors
    ///
    /// If the system cannot describe it.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(Self {
            length: metadata.len(),
            modified: metadata.modified()?,
        })
    }
}

/// What an executable was built from.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Origin {
    sources: Sources,
    executable: Identity,
}

/// What the record beside an executable says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origins {
    /// It was built from these sources.
    Same,
    /// It was built from other sources.
    Other,
    /// There is no record of this executable.
    Unknown,
}

/// What this executable was built from, compared with these sources.
pub(super) fn origin(executable: &Executable, sources: Sources) -> Origins {
    if !executable.is_reused {
        return Origins::Same;
    }
    let recorded = fs::read(record(&executable.path)).ok();
    let recorded = recorded.and_then(|json| serde_json::from_slice::<Origin>(&json).ok());
    match (recorded, Identity::of(&executable.path)) {
        (Some(recorded), Ok(identity)) if recorded.executable == identity => {
            if recorded.sources == sources {
                Origins::Same
            } else {
                Origins::Other
            }
        }
        _ => Origins::Unknown,
    }
}

/// Records that an executable was built from these sources.
///
/// # Errors
///
/// If the record cannot be written.
pub(super) fn keep(executable: &Path, sources: Sources) -> anyhow::Result<()> {
    let identity = Identity::of(executable);
    let identity = identity.because(|| message!("cannot read {path}", path = executable))?;
    let origin = Origin {
        sources,
        executable: identity,
    };
    let path = record(executable);
    fs::write(&path, serde_json::to_vec(&origin)?)
        .because(|| message!("cannot write {path}", path = &path))
}

/// The record's file, beside the executable.
fn record(executable: &Path) -> PathBuf {
    let mut name = executable.file_name().unwrap_or_default().to_os_string();
    name.push(".sources.json");
    executable.with_file_name(name)
}
