//! What a teacher gives to a student: where it is, and whether it can be taken.

use super::listing::Place;
use super::names::{self, Kind};
use super::zips::Zip;
use crate::take::Take;
use anyhow::{bail, ensure};
use grade::exercise::{Exercise, digits};
use grade::failed::{Because, Failed};
use harness::message;
use harness::message::Message;
use std::fs;
use std::path::{Path, PathBuf};

/// Something that a teacher gives to a student, and which is there.
pub(super) struct Taken {
    pub(super) take: Take,
    /// Where it is, as the class names it.
    pub(super) path: PathBuf,
    pub(super) place: Place,
    is_folder: bool,
}

/// Reads what a teacher says, each as `FILE=ID:05`, or `FILE=ID` for a file, folder or zip whose
/// names say the exercises, or `FILE=` to forget what is remembered. Returns all that counts from
/// now on: what was `remembered`, but for the same files and for other files of the same exercises,
/// and what is new.
///
/// # Errors
///
/// If it is not said so, a file is not there, or there is no such exercise.
pub fn read_takes(
    words: &[String],
    remembered: &[Take],
    folder: &Path,
    exercises: &[Exercise],
) -> anyhow::Result<Vec<Take>> {
    let mut all = remembered.to_vec();
    let mut new = Vec::new();
    for words in words {
        let splits = words.rmatch_indices('=');
        let splits: Vec<_> = splits
            .map(|(at, _)| (&words[..at], &words[at + 1..]))
            .collect();
        let is_there = |(file, _): &&(&str, &str)| find(folder, &seen_from(folder, file)).is_some();
        let split = splits.iter().find(is_there).or(splits.first());
        let &(file, owner) = split.because(|| {
            message!(
                "--take gives a file to a student as FILE=ID:05, and not as {words}",
                words = format!("{words:?}")
            )
        })?;
        let path = seen_from(folder, file);
        let count = all.len();
        all.retain(|take| take.path != path);
        if owner.is_empty() {
            ensure!(
                all.len() < count,
                Failed::new(message!(
                    "{file} was not taken for anybody, so there is nothing to forget",
                    file
                ))
            );
            continue;
        }
        let take = one(file, path, owner, folder, exercises)?;
        all.retain(|old| {
            let same = (&old.student, old.exercise) == (&take.student, take.exercise);
            !same || take.exercise.is_none()
        });
        new.push(take);
    }
    all.append(&mut new);
    Ok(all)
}

/// What is taken, if it is there and there is such an exercise.
fn one(
    file: &str,
    path: String,
    owner: &str,
    folder: &Path,
    exercises: &[Exercise],
) -> anyhow::Result<Take> {
    let (student, exercise) = match owner.rsplit_once(':') {
        Some((student, number)) if !student.is_empty() && number.parse::<u32>().is_ok() => {
            (student, number.parse().ok())
        }
        _ => (owner, None),
    };
    let Some((_, is_folder)) = find(folder, &path) else {
        let looked = folder.join(&path);
        bail!(Failed::new(message!(
            "cannot take {file} for {student}: there is no file or folder {path}",
            file,
            student,
            path = looked.display()
        )));
    };
    if let Some(number) = exercise {
        ensure!(
            exercises.iter().any(|one| one.number == number),
            Failed::new(message!(
                "cannot take {file} for exercise {number} of {student}: there are the exercises {numbers}",
                file,
                number = digits(number),
                student,
                numbers = Message::series(exercises.iter().map(Exercise::digits))
            ))
        );
        ensure!(
            !is_folder && Kind::of(&path) == Kind::File,
            Failed::new(message!(
                "cannot take {file} for exercise {number} of {student}: it is not one file; name a file in it, or leave the exercise out",
                file,
                number = digits(number),
                student
            ))
        );
    }
    Ok(Take {
        path,
        student: student.to_string(),
        exercise,
    })
}

/// The path of a file as it is seen from the folder of the class, or else from the root.
fn seen_from(folder: &Path, file: &str) -> String {
    let (folder, file) = (real(folder), Path::new(file));
    // A link is not followed: what it leads to was not handed in.
    let file = match (file.parent(), file.file_name()) {
        (Some(above), Some(name)) => real(above).join(name),
        _ => real(file),
    };
    let path = file.strip_prefix(&folder).unwrap_or(&file);
    path.to_string_lossy().into_owned()
}

/// A path without links, as far as it exists: what is in a zip does not.
fn real(path: &Path) -> PathBuf {
    let here = Path::new(".");
    let path = if path.as_os_str().is_empty() {
        here
    } else {
        path
    };
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let found = path.ancestors().find_map(|above| {
        let real = fs::canonicalize(above).ok()?;
        let rest = path.strip_prefix(above).ok()?;
        Some(if rest.as_os_str().is_empty() {
            real
        } else {
            real.join(rest)
        })
    });
    found.unwrap_or(path)
}

impl Taken {
    /// Looks for what a teacher has given. `None` if it is not there any more.
    pub(super) fn find(take: &Take, folder: &Path) -> Option<Self> {
        let (place, is_folder) = find(folder, &take.path)?;
        Some(Self {
            take: take.clone(),
            path: folder.join(&take.path),
            place,
            is_folder,
        })
    }

    /// Its name, for a file.
    pub(super) fn own_name(&self) -> String {
        let name = self.take.path.rsplit('/').next().unwrap_or_default();
        if self.is_folder {
            String::new()
        } else {
            without_student(name).unwrap_or_else(|| name.to_string())
        }
    }
}

/// Where something is, and whether it is a folder.
fn find(folder: &Path, path: &str) -> Option<(Place, bool)> {
    let whole = folder.join(path);
    if let Ok(data) = fs::symlink_metadata(&whole) {
        return (data.is_file() || data.is_dir()).then(|| (Place::Disk(whole), data.is_dir()));
    }
    let zip = whole.ancestors().skip(1).find(|above| above.is_file())?;
    let inside = whole.strip_prefix(zip).ok()?.to_str()?;
    let opened = if zip == folder {
        Zip::of_class(zip)
    } else {
        Zip::open(zip)
    };
    let opened = opened.ok()?;
    let names = (0..opened.len()).filter_map(|index| Some(opened.entry(index).ok()?.name));
    let is_below = |name: &str| {
        name.strip_prefix(inside)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    let mut names = names.filter(|name| name == inside || is_below(name));
    let is_folder = is_below(&names.next()?);
    Some((Place::Zip(zip.to_path_buf(), inside.to_string()), is_folder))
}

/// The exercise that the name of a file says, also behind that of a student.
pub(crate) fn exercise_in_name(path: &str) -> Option<u32> {
    let name = || without_student(path.rsplit('/').next()?);
    let found = names::exercise_of(path).or_else(|| names::exercise_of(&name()?));
    found.map(|(number, _)| number)
}

/// What is behind a student in the name of a file that would not say an exercise otherwise.
fn without_student(name: &str) -> Option<String> {
    if names::exercise_of(name).is_some() {
        return None;
    }
    let platform = names::of_platform(name);
    let split = platform.or_else(|| names::with_exercise(name, false).into_iter().next());
    split.map(|claim| claim.rest)
}
