//! What a student has handed in.

use super::contents::SubmissionContents;
use super::listing::{Listing, Part, PartAttempt};
use super::originals::Originals;
use super::reader::SubmissionReader;
use super::takes::Taken;
use crate::record::Student;
use grade::exercise::Exercise;
use harness::message;
use harness::message::Message;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a student has handed in.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Who.
    pub student: Student,
    /// Folders and files: a platform may give one for each exercise.
    pub paths: Vec<PathBuf>,
    /// The folder or the zip of the class.
    pub(super) folder: PathBuf,
    pub(super) parts: Vec<Part>,
    /// Files that a teacher says are the answers to these exercises.
    pub(super) taken: Vec<(Part, PathBuf, u32)>,
    /// That the student is not in the roster, if there is one.
    pub(super) unknown: Option<Message>,
    /// The only exercise that is asked for, if it is one: that is what a `main.rs` answers whose
    /// name and first line say nothing.
    pub only: Option<u32>,
}

impl Submission {
    pub(super) fn of(student: Student, folder: &Path, unknown: Option<Message>) -> Self {
        Self {
            student,
            folder: folder.to_path_buf(),
            paths: Vec::new(),
            parts: Vec::new(),
            taken: Vec::new(),
            unknown,
            only: None,
        }
    }

    /// Adds what a teacher has given to the student.
    pub(super) fn give(&mut self, taken: Taken) {
        let name = taken.own_name();
        let part = Part {
            place: taken.place,
            name,
            attempt: None,
        };
        match taken.take.exercise {
            Some(number) => self.taken.push((part, taken.path, number)),
            None => self.parts.push(part),
        }
    }

    /// Reads what was handed in, for all exercises of the course; `originals` are the
    /// teacher's files.
    ///
    /// A file of more than [`FILE_LIMIT`](super::FILE_LIMIT) bytes does not count; of a submission no more than
    /// [`SUBMISSION_LIMIT`](super::SUBMISSION_LIMIT) bytes are read, answers to exercises first; one of more than
    /// [`FILE_COUNT_LIMIT`](super::FILE_COUNT_LIMIT) files is not understood.
    /// What cannot be read is not understood, either, and the reason is said.
    pub fn open(&self, exercises: &[Exercise], originals: &Originals) -> SubmissionContents {
        let mut listing = Listing::default();
        for part in attempts_apart(&self.parts) {
            listing.add(&part);
        }
        for (part, path, number) in &self.taken {
            listing.take(part, path, *number);
        }
        let mut reader = SubmissionReader::new(exercises, originals, self);
        reader.notices.extend(self.unknown.clone());
        if listing.entries.is_empty() && listing.blocked.is_empty() {
            reader.notices.push(message!("there are no files in it"));
        }
        reader.read(&mut listing);
        reader.add_notices(&mut listing);
        reader.note_ignored_files();
        let exercises = reader.choose(&listing.blocked);
        reader.into_contents(exercises)
    }
}

/// The parts, those of several attempts in a folder for each: no attempt is joined with another.
fn attempts_apart(parts: &[Part]) -> Vec<Part> {
    let whole = parts.iter().filter_map(|part| match &part.attempt {
        Some(PartAttempt::Whole(attempt)) => Some(attempt),
        _ => None,
    });
    let are_several = whole.collect::<BTreeSet<_>>().len() > 1;
    let is_again = |part: &Part| {
        let same = parts.iter().filter(|other| other.name == part.name);
        same.count() > 1
    };
    let apart = |part: &Part| {
        let attempt = match &part.attempt {
            Some(PartAttempt::Whole(attempt)) if are_several => attempt,
            Some(PartAttempt::File(attempt)) if is_again(part) => attempt,
            _ => return part.clone(),
        };
        Part {
            name: format!("attempt {attempt}/{}", part.name),
            ..part.clone()
        }
    };
    parts.iter().map(apart).collect()
}
