//! The folder of a report: a record for each student, written as results come. All that others
//! read is made of the records, and is never read again.
//!
//! Every file is written beside its place and then renamed: whoever reads it, and whenever
//! the grader is killed, there is the old file or the new one, never half of one.

use super::disk::{self, UNFINISHED};
use super::record::{Student, StudentRecord};
use super::take::{SetAside, Take};
use anyhow::{bail, ensure};
use grade::failed::{Because, Failed};
use harness::message;
use harness::message::Message;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Which part of the class is being graded again, until that is done.
const PENDING_REGRADE: &str = ".again";

/// The folders with a file of each student.
const FOLDERS: [&str; 3] = ["records", "results", "feedback"];

/// The folder of a report. As long as this lives no other grader can write there.
pub struct Store {
    folder: PathBuf,
    _lock: File,
}

/// What is known of a class besides its students. `class.json` keeps it as values: what is said in
/// it has no language until a report is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassNotes {
    /// What was handed in and could not be understood: where it is, and the reason.
    pub not_understood: Vec<(String, Message)>,
    /// What else a teacher should know.
    #[serde(default)]
    pub notices: Vec<Message>,
    /// The seed of what the checks chose at random: one for the whole class.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Which part of the class it is, and of how many.
    #[serde(default)]
    pub part: Option<(usize, usize)>,
    /// How a teacher can take what could not be understood, by where it is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set_aside: BTreeMap<String, SetAside>,
    /// What a teacher has given to students.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub takes: Vec<Take>,
}

impl Store {
    /// Opens the folder of a report, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or another grader is at work in it.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        for folder in FOLDERS.map(|name| folder.join(name)) {
            fs::create_dir_all(&folder)
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
        for folder in [""].into_iter().chain(FOLDERS) {
            let folder = self.path(folder);
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

    /// The records of all students, by their ids, as far as this version can read them.
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

    /// The seed of the class, also where another version of this program has written what else is
    /// known of it.
    ///
    /// # Errors
    ///
    /// If the file is there and cannot be read.
    pub fn seed(&self) -> anyhow::Result<Option<u64>> {
        #[derive(Default, Deserialize)]
        struct Seed {
            seed: Option<u64>,
        }
        Ok(read_class::<Seed>(&self.folder)?.seed)
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
        self.remove(&student.file_stem())
    }

    /// Removes what another version of this program has left of students who are not in the class
    /// any more.
    pub(crate) fn remove_outdated(&self) -> anyhow::Result<()> {
        for stem in outdated(&self.folder)? {
            self.remove(&stem)?;
        }
        Ok(())
    }

    /// Removes a student's files. The record goes last: what is there without one counts as outdated.
    fn remove(&self, stem: &str) -> anyhow::Result<()> {
        for name in [
            format!("feedback/{stem}.html"),
            format!("feedback/{stem}.txt"),
            format!("results/{stem}.json"),
            format!("records/{stem}.json"),
        ] {
            disk::remove(&self.path(&name))?;
        }
        Ok(())
    }
}

/// The records of a report's folder, by the ids of the students, as far as this version can read
/// them.
///
/// # Errors
///
/// If the folder cannot be read.
pub fn records(folder: &Path) -> anyhow::Result<BTreeMap<String, StudentRecord>> {
    let mut records = BTreeMap::new();
    for stem in stems(folder)? {
        if let Some(record) = read_record(folder, &stem)? {
            records.insert(record.student.id.clone(), record);
        }
    }
    Ok(records)
}

/// The names of the files that another version of this program has written: whose record this one
/// cannot read, or does not find in its place.
///
/// # Errors
///
/// If the folder cannot be read.
pub(crate) fn outdated(folder: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut outdated = BTreeSet::new();
    for stem in stems(folder)? {
        if read_record(folder, &stem)?.is_none() {
            outdated.insert(stem);
        }
    }
    Ok(outdated)
}

/// Refuses a report with results of another version of this program: a part of the class could
/// be graded, but the others' grades would be gone. `what_to_do` is for the teacher.
///
/// # Errors
///
/// If there are such results, or the folder cannot be read.
pub(crate) fn ensure_readable(folder: &Path, what_to_do: &Message) -> anyhow::Result<()> {
    let count = outdated(folder)?.len();
    ensure!(
        count == 0,
        Failed::new(message!(
            "{path} has {count} result(s) of another version of cargo grade: {what_to_do}",
            path = folder.display(),
            count,
            what_to_do
        ))
    );
    Ok(())
}

/// The names of the students' files, without an extension. The results are looked at, too: earlier
/// versions had no records besides.
fn stems(folder: &Path) -> anyhow::Result<BTreeSet<String>> {
    let (records, results) = (folder.join("records"), folder.join("results"));
    let records = records.exists().then_some(records);
    let mut stems = BTreeSet::new();
    for folder in [results].into_iter().chain(records) {
        let cannot = || message!("cannot read {path}", path = folder.display());
        for entry in fs::read_dir(&folder).because(cannot)? {
            let name = entry.because(cannot)?.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(".json"));
            stems.extend(stem.map(str::to_string));
        }
    }
    Ok(stems)
}

/// The record in a student's file; `None` where this version has not written it: the student is
/// graded anew then.
fn read_record(folder: &Path, stem: &str) -> anyhow::Result<Option<StudentRecord>> {
    let path = folder.join(format!("records/{stem}.json"));
    match fs::read(&path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).because(|| message!("cannot read {path}", path = path.display())),
    }
}

/// What is known of the class of a report's folder.
///
/// # Errors
///
/// If the file is there and cannot be read.
pub fn class_notes(folder: &Path) -> anyhow::Result<ClassNotes> {
    read_class(folder)
}

/// What a teacher has given to students in the report of this folder, also where another version of
/// this program has written what else is known of the class.
///
/// # Errors
///
/// If the file is there and cannot be read.
pub fn takes(folder: &Path) -> anyhow::Result<Vec<Take>> {
    #[derive(Default, Deserialize)]
    struct Takes {
        #[serde(default)]
        takes: Vec<Take>,
    }
    Ok(read_class::<Takes>(folder)?.takes)
}

/// Some or all of `class.json`; the default if it is not there.
fn read_class<T: Default + DeserializeOwned>(folder: &Path) -> anyhow::Result<T> {
    let path = folder.join("class.json");
    if !path.exists() {
        return Ok(T::default());
    }
    let bytes =
        fs::read(&path).because(|| message!("cannot read {path}", path = path.display()))?;
    serde_json::from_slice(&bytes)
        .because(|| message!("{path} is not as it should be", path = path.display()))
}
