//! The folder of a report: a file for each student, written as results come.
//!
//! Every file is written beside its place and then renamed: whoever reads it, and whenever
//! the grader is killed, there is the old file or the new one, never half of one.

use super::disk::{self, UNFINISHED};
use super::record::{Student, StudentRecord};
use anyhow::bail;
use grade::failed::{Because, Failed};
use harness::message;
use harness::message::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Which part of the class is being graded again, until that is done.
const PENDING_REGRADE: &str = ".again";

/// The folder of a report. As long as this lives no other grader can write there.
pub struct Store {
    folder: PathBuf,
    _lock: File,
}

/// What is known of a class besides its students.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassNotes {
    /// What was handed in and could not be understood: where it is, and the reason.
    pub not_understood: Vec<(String, String)>,
    /// What else a teacher should know.
    #[serde(default)]
    pub notices: Vec<String>,
    /// The seed of what the checks chose at random: one for the whole class.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Which part of the class it is, and of how many.
    #[serde(default)]
    pub part: Option<(usize, usize)>,
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
                .because(|| message!("cannot make the folder {path}", path = folder.display()))?;
        }
        let path = folder.join(".lock");
        let lock = File::create(&path)
            .because(|| message!("cannot write {path}", path = path.display()))?;
        if let Err(error) = lock.try_lock() {
            bail!(Failed::new(message!(
                "cannot have {path} for oneself: {error}; is another cargo grade at work there?",
                path = folder.display(),
                error = io::Error::from(error)
            )));
        }
        let store = Self {
            folder: folder.to_path_buf(),
            _lock: lock,
        };
        store.remove_unfinished()?;
        Ok(store)
    }

    /// Removes what a grader that was killed while it wrote has left. Nobody else writes here:
    /// the folder is locked.
    fn remove_unfinished(&self) -> anyhow::Result<()> {
        for folder in [
            self.folder.clone(),
            self.path("results"),
            self.path("feedback"),
        ] {
            let entries = fs::read_dir(&folder)
                .because(|| message!("cannot read {path}", path = folder.display()))?;
            for entry in entries {
                let entry =
                    entry.because(|| message!("cannot read {path}", path = folder.display()))?;
                if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                    disk::remove(&entry.path())?;
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
        disk::write(&self.path(name), contents).because(|| message!(
"what is done so far is there, and the same command goes on from it when the cause is removed"
))
    }

    /// The records of all students, by their ids. What is no record is left alone.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read.
    pub fn records(&self) -> anyhow::Result<BTreeMap<String, StudentRecord>> {
        records(&self.folder)
    }

    /// What is known of the class.
    ///
    /// # Errors
    ///
    /// If the file is there and cannot be read.
    pub fn class_notes(&self) -> anyhow::Result<ClassNotes> {
        class_notes(&self.folder)
    }

    /// Notes what is known of the class.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn set_class_notes(&self, class_notes: &ClassNotes) -> anyhow::Result<()> {
        self.write("class.json", &serde_json::to_vec_pretty(class_notes)?)
    }

    /// Which part of the class was being graded again when the grader was stopped, if it was.
    ///
    /// # Errors
    ///
    /// If that is there and cannot be read.
    pub fn pending_regrade(&self) -> anyhow::Result<Option<String>> {
        let path = self.path(PENDING_REGRADE);
        match fs::read_to_string(&path) {
            Ok(again) => Ok(Some(again)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => {
                Err(error).because(|| message!("cannot read {path}", path = path.display()))
            }
        }
    }

    /// Notes which part of the class is being graded again, if one is.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn set_pending_regrade(&self, regrade: Option<&str>) -> anyhow::Result<()> {
        if let Some(regrade) = regrade {
            return self.write(PENDING_REGRADE, regrade.as_bytes());
        }
        disk::remove(&self.path(PENDING_REGRADE))
    }

    /// Removes the files of students who are not in the class any more.
    ///
    /// # Errors
    ///
    /// If one cannot be removed.
    pub fn remove_student(&self, student: &Student) -> anyhow::Result<()> {
        let stem = student.file_stem();
        for name in [
            format!("results/{stem}.json"),
            format!("feedback/{stem}.html"),
            format!("feedback/{stem}.txt"),
        ] {
            disk::remove(&self.path(&name))?;
        }
        Ok(())
    }
}

/// The records of a report's folder, by the ids of the students.
///
/// # Errors
///
/// If the folder cannot be read.
pub fn records(folder: &Path) -> anyhow::Result<BTreeMap<String, StudentRecord>> {
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
    let cannot = || message!("cannot read {path}", path = results.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&results).because(cannot)? {
        let path = entry.because(cannot)?.path();
        if path.extension().is_some_and(|end| end == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The files of results that another version of this program has written.
///
/// # Errors
///
/// If the folder cannot be read.
pub(crate) fn unreadable(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut unreadable = Vec::new();
    for path in result_files(folder)? {
        if read_record(&path)?.is_none() {
            unreadable.push(path);
        }
    }
    Ok(unreadable)
}

/// Refuses a report with results of another version of this program: a part of the class could
/// be graded, but the others' grades would be gone. `what_to_do` is for the teacher.
///
/// # Errors
///
/// If there are such results, or the folder cannot be read.
pub(crate) fn ensure_readable(folder: &Path, what_to_do: &Message) -> anyhow::Result<()> {
    let unreadable = unreadable(folder)?;
    if let Some(first) = unreadable.first() {
        bail!(Failed::new(message!(
            "{path} is no result of this version of cargo grade ({count} in all): {what_to_do}",
            path = first.display(),
            count = unreadable.len(),
            what_to_do
        )));
    }
    Ok(())
}

/// The record in a file; `None` where another version of this program has written it: the
/// student is graded anew then.
fn read_record(path: &Path) -> anyhow::Result<Option<StudentRecord>> {
    let bytes = fs::read(path).because(|| message!("cannot read {path}", path = path.display()))?;
    let value: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
    let record = value.and_then(|value| value.pointer("/extra_data/record").cloned());
    Ok(record.and_then(|record| serde_json::from_value(record).ok()))
}

/// What is known of the class of a report's folder.
///
/// # Errors
///
/// If the file is there and cannot be read.
pub fn class_notes(folder: &Path) -> anyhow::Result<ClassNotes> {
    let path = folder.join("class.json");
    if !path.exists() {
        return Ok(ClassNotes::default());
    }
    let bytes =
        fs::read(&path).because(|| message!("cannot read {path}", path = path.display()))?;
    serde_json::from_slice(&bytes)
        .because(|| message!("{path} is not as it should be", path = path.display()))
}
