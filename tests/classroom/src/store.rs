//! The folder of a report: a file for each student, written as results come.
//!
//! Every file is written beside its place and then renamed: whoever reads it, and whenever
//! the grader is killed, there is the old file or the new one, never half of one.

use super::record::{Record, Student};
use super::report::file_stem;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// How the name of a file begins that is being written.
const UNFINISHED: &str = ".new-";

/// Which part of the class is being graded again, until that is done.
const AGAIN: &str = ".again";

/// The folder of a report. As long as this lives no other grader can write there.
pub struct Store {
    folder: PathBuf,
    _lock: File,
}

/// What is known of a class besides its students.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// What was handed in and could not be understood: where it is, and the reason.
    pub not_understood: Vec<(String, String)>,
    /// What else a teacher should know.
    #[serde(default)]
    pub notices: Vec<String>,
}

impl Store {
    /// Opens the folder of a report, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or another grader is at work in it.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        for folder in [folder, &folder.join("results"), &folder.join("feedback")] {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        let path = folder.join(".lock");
        let lock =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        #[cfg(unix)]
        if let Err(error) =
            rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        {
            anyhow::bail!(
                "cannot have {} for oneself: {error}; is another cargo grade at work there?",
                folder.display()
            );
        }
        let store = Self {
            folder: folder.to_path_buf(),
            _lock: lock,
        };
        store.sweep()?;
        Ok(store)
    }

    /// Removes what a grader that was killed while it wrote has left. Nobody else writes here:
    /// the folder is locked.
    fn sweep(&self) -> anyhow::Result<()> {
        for folder in [
            self.folder.clone(),
            self.path("results"),
            self.path("feedback"),
        ] {
            let entries = fs::read_dir(&folder)
                .with_context(|| format!("cannot read {}", folder.display()))?;
            for entry in entries {
                let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
                if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                    let path = entry.path();
                    fs::remove_file(&path)
                        .with_context(|| format!("cannot remove {}", path.display()))?;
                }
            }
        }
        Ok(())
    }

    /// Where a file of the report is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file of the report.
    ///
    /// # Errors
    ///
    /// If it cannot be written: a full disk, say.
    pub fn write(&self, name: &str, contents: &[u8]) -> anyhow::Result<()> {
        write(&self.path(name), contents).context(
            "what is done so far is there, and the same command goes on from it when the cause \
             is removed",
        )
    }

    /// The records of all students, by their ids. What is no record is left alone.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read.
    pub fn records(&self) -> anyhow::Result<BTreeMap<String, Record>> {
        records(&self.folder)
    }

    /// What is known of the class.
    ///
    /// # Errors
    ///
    /// If the file is there and cannot be read.
    pub fn about(&self) -> anyhow::Result<About> {
        about(&self.folder)
    }

    /// Notes what is known of the class.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn set_about(&self, about: &About) -> anyhow::Result<()> {
        self.write("class.json", &serde_json::to_vec_pretty(about)?)
    }

    /// Which part of the class was being graded again when the grader was stopped, if it was.
    ///
    /// # Errors
    ///
    /// If that is there and cannot be read.
    pub fn again(&self) -> anyhow::Result<Option<String>> {
        let path = self.path(AGAIN);
        match fs::read_to_string(&path) {
            Ok(again) => Ok(Some(again)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Notes which part of the class is being graded again, if one is.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn set_again(&self, again: Option<&str>) -> anyhow::Result<()> {
        if let Some(again) = again {
            return self.write(AGAIN, again.as_bytes());
        }
        let path = self.path(AGAIN);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Removes the files of students who are not in the class any more.
    ///
    /// # Errors
    ///
    /// If one cannot be removed.
    pub fn forget(&self, student: &Student) -> anyhow::Result<()> {
        let stem = file_stem(student);
        for name in [
            format!("results/{stem}.json"),
            format!("feedback/{stem}.html"),
            format!("feedback/{stem}.txt"),
        ] {
            let path = self.path(&name);
            if path.exists() {
                fs::remove_file(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }
}

/// The records of a report's folder, by the ids of the students.
///
/// # Errors
///
/// If the folder cannot be read.
pub fn records(folder: &Path) -> anyhow::Result<BTreeMap<String, Record>> {
    let mut records = BTreeMap::new();
    for path in result_files(folder)? {
        if let Some(record) = read_record(&path)? {
            records.insert(record.student.id.clone(), record);
        }
    }
    Ok(records)
}

/// The files of results in a report's folder, in the order of the names.
fn result_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let results = folder.join("results");
    let cannot = || format!("cannot read {}", results.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&results).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        if path.extension().is_some_and(|end| end == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The files of results in a report's folder that are no records of this version of the program.
///
/// # Errors
///
/// If the folder cannot be read.
pub fn unreadable(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut unreadable = Vec::new();
    for path in result_files(folder)? {
        if read_record(&path)?.is_none() {
            unreadable.push(path);
        }
    }
    Ok(unreadable)
}

/// The record in a file; `None` where another version of this program has written it: the
/// student is graded anew then.
fn read_record(path: &Path) -> anyhow::Result<Option<Record>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let value: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
    let record = value.and_then(|value| value.pointer("/extra_data/record").cloned());
    Ok(record.and_then(|record| serde_json::from_value(record).ok()))
}

/// What is known of the class of a report's folder.
///
/// # Errors
///
/// If the file is there and cannot be read.
pub fn about(folder: &Path) -> anyhow::Result<About> {
    let path = folder.join("class.json");
    if !path.exists() {
        return Ok(About::default());
    }
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&bytes)
        .with_context(|| format!("{} is not as it should be", path.display()))
}

/// Writes a file whole, or not at all.
///
/// # Errors
///
/// If it cannot be written.
pub fn write(path: &Path, contents: &[u8]) -> anyhow::Result<()> {
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
    written().with_context(|| format!("cannot write {}", path.display()))
}
