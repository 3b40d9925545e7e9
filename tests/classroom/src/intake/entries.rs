//! What is in the folder of a class, or in a zip of it.

use super::files::name_text;
use super::listing::Place;
use super::names::{self, Kind};
use super::people::{self, Match};
use super::zips::Zip;
use crate::record::Student;
use anyhow::ensure;
use grade::failed::{Because, Failed};
use harness::message;
use harness::message::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

/// Something in the folder of a class.
pub(super) struct ClassEntry {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) place: Place,
    pub(super) is_folder: bool,
    /// Whether it is a file or a folder, and no link to one.
    pub(super) is_regular: bool,
    /// Why it is not looked into.
    pub(super) refused: Option<Message>,
}

impl ClassEntry {
    /// Whether it may have several answers in it.
    pub(super) fn is_whole(&self) -> bool {
        self.is_folder || Kind::of(&self.name) != Kind::File
    }
}

/// What is in the folder of the class, in the order of the names.
pub(super) fn class_entries(
    folder: &Path,
    report: Option<&Path>,
    roster: Option<&[Student]>,
) -> anyhow::Result<Vec<ClassEntry>> {
    let data =
        fs::metadata(folder).because(|| message!("cannot read {path}", path = folder.display()))?;
    if data.is_file() {
        ensure!(
            Kind::of(&name_text(folder.file_name().unwrap_or_default())) == Kind::Zip,
            Failed::new(message!(
                "cannot read {path}: a class is a folder, or a zip of one",
                path = folder.display()
            ))
        );
        return zip_entries(folder);
    }
    let mut entries = folder_entries(folder, report)?;
    ensure!(
        !entries
            .iter()
            .any(|entry| entry.name == "lessons" && entry.is_folder),
        Failed::new(message!(
            "{path} is a copy of the handout, and not the folder of a class: name the folder in which there is one for each student",
            path = folder.display()
        ))
    );
    // A zip that is alone may be a platform's download, or what the first student has handed in
    // and filled with the folders of others. Only a teacher can tell.
    if let [only] = entries.as_mut_slice() {
        let is_zip = only.refused.is_none() && Kind::of(&only.name) == Kind::Zip;
        if is_zip && !only.is_folder && !is_of_one_student(&only.name, roster) {
            let inside = zip_entries(&only.path).unwrap_or_default();
            let is_download = |entry: &ClassEntry| names::of_platform(&entry.name).is_some();
            if !inside.is_empty() && inside.iter().all(is_download) {
                let why = message!(
                    "a zip alone may be one student's; if it is the download of a platform, \
                     name the zip itself in place of the folder"
                );
                only.refused = Some(why);
            }
        }
    }
    Ok(entries)
}

/// Whether a zip has the name of a student.
fn is_of_one_student(name: &str, roster: Option<&[Student]>) -> bool {
    let (stem, _) = names::split_extension(name);
    let is_in = |roster: &[Student]| people::find(roster, &names::whole(stem)) != Match::Nobody;
    names::of_platform(name).is_some() || roster.is_some_and(is_in)
}

/// What is in a folder but the report, in the order of the names.
fn folder_entries(folder: &Path, report: Option<&Path>) -> anyhow::Result<Vec<ClassEntry>> {
    let cannot = || message!("cannot read {path}", path = folder.display());
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).because(cannot)? {
        let entry = entry.because(cannot)?;
        let is_report =
            report.is_some() && fs::canonicalize(entry.path()).ok().as_deref() == report;
        if is_report {
            continue;
        }
        match folder_entry(&entry)? {
            // Of a folder of students, and no group of a group.
            Some(group) if group.is_folder && group.refused.is_none() && is_group(&group.name) => {
                for student in fs::read_dir(&group.path).because(cannot)? {
                    entries.extend(folder_entry(&student.because(cannot)?)?);
                }
            }
            other => entries.extend(other),
        }
    }
    entries.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    Ok(entries)
}

/// Whether a folder has the name of a part of a class: `1班`, `三班`, `class 2`.
fn is_group(name: &str) -> bool {
    let name = name.trim().to_lowercase();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = |word: &str| Some(name.strip_prefix(word)?.trim_start_matches([' ', '-', '_']));
    let is_english = ["class", "section"]
        .into_iter()
        .filter_map(number)
        .any(is_number);
    is_english || name.ends_with('班')
}

/// An entry of a folder, unless nobody would miss it.
fn folder_entry(entry: &DirEntry) -> anyhow::Result<Option<ClassEntry>> {
    let name = name_text(&entry.file_name());
    // A student may be called `vendor`: nobody's folder is left out in silence.
    let is_litter = names::is_litter(&name);
    if is_litter && !names::may_be_a_student(&name) {
        return Ok(None);
    }
    let path = entry.path();
    let kind = entry
        .file_type()
        .because(|| message!("cannot read {path}", path = path.display()))?;
    let refused = if is_litter {
        Some(litter_text())
    } else if kind.is_symlink() {
        Some(message!("it is a link, and links are not followed"))
    } else if kind.is_dir() || kind.is_file() {
        None
    } else {
        Some(message!("it is neither a file nor a folder"))
    };
    Ok(Some(ClassEntry {
        name,
        place: Place::Disk(path.clone()),
        path,
        is_folder: kind.is_dir(),
        is_regular: kind.is_dir() || kind.is_file(),
        refused,
    }))
}

/// What is in the zip of a class, in the order of the names. If all of it is in one folder
/// that is not a student's, then what is in that.
fn zip_entries(path: &Path) -> anyhow::Result<Vec<ClassEntry>> {
    let (names, litter) = zip_names(path)?;
    let prefix = wrapper(&names).unwrap_or_default();
    let (mut tops, mut from_root) = (BTreeMap::new(), Vec::new());
    for name in &names {
        let below = name.strip_prefix(&prefix).unwrap_or(name);
        if below.starts_with('/') {
            from_root.push(name);
            continue;
        }
        let (top, rest) = below
            .split_once('/')
            .map_or((below, None), |(top, rest)| (top, Some(rest)));
        if !top.is_empty() {
            *tops.entry(top.to_string()).or_insert(false) |= rest.is_some();
        }
    }
    let entry = |(name, is_folder): (String, bool)| {
        let inside = format!("{prefix}{name}");
        ClassEntry {
            path: path.join(&inside),
            place: Place::Zip(path.to_path_buf(), inside),
            name,
            is_folder,
            is_regular: true,
            refused: None,
        }
    };
    let refused = |name: &str, why: Message| ClassEntry {
        path: path.join(name.trim_start_matches('/')),
        place: Place::Zip(path.to_path_buf(), name.to_string()),
        name: name.to_string(),
        is_folder: false,
        is_regular: false,
        refused: Some(why),
    };
    let mut entries: Vec<ClassEntry> = tops.into_iter().map(entry).collect();
    entries.extend(from_root.into_iter().map(|name| {
        let why = message!("its path in the zip begins with /");
        refused(name, why)
    }));
    // As in a folder; what is deeper is said of the student whose it is.
    let may_be_a_student = |folder: &&String| {
        let own = folder.strip_prefix(&prefix).unwrap_or(folder);
        names::may_be_a_student(own)
    };
    let students = litter.iter().filter(may_be_a_student);
    entries.extend(students.map(|name| refused(name, litter_text())));
    Ok(entries)
}

/// The names in a zip, and the folders in it that are left out for their name.
fn zip_names(path: &Path) -> anyhow::Result<(Vec<String>, BTreeSet<String>)> {
    let cannot = || message!("cannot read {path}", path = path.display());
    let zip = Zip::of_class(path).because(cannot)?;
    let (mut names, mut litter) = (Vec::new(), BTreeSet::new());
    for index in 0..zip.len() {
        let entry = zip.entry(index).because(cannot)?;
        if let Some(folder) = names::litter_in(&entry.name) {
            litter.insert(folder.to_string());
        } else {
            names.push(entry.name);
        }
    }
    Ok((names, litter))
}

/// The folder that all names are in, with a `/`, if it is not a student's.
fn wrapper(names: &[String]) -> Option<String> {
    let (folder, _) = names.first()?.split_once('/')?;
    let wrapper = format!("{folder}/");
    let is_around = names.iter().all(|name| name.starts_with(&wrapper));
    let is_of_students = |name: &String| {
        let is_below = name.matches('/').count() > 1 && !name.starts_with("lessons/");
        let own = name.strip_prefix(&wrapper).unwrap_or_default();
        is_below || Kind::of(own) == Kind::Zip || names::of_platform(own).is_some()
    };
    let has_folders = names.iter().any(is_of_students);
    (is_around && has_folders && names::of_platform(folder).is_none()).then_some(wrapper)
}

/// Why a folder that may be a student's is left out.
fn litter_text() -> Message {
    message!("it is left out for its name, which is that of a folder of dependencies or builds")
}
