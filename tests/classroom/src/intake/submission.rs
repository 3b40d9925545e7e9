//! What a student has handed in.

use super::contents::SubmissionContents;
use super::listing::{Listing, Part};
use super::originals::Originals;
use super::reader::SubmissionReader;
use crate::record::Student;
use grade::exercise::Exercise;
use harness::message;
use harness::message::Message;
use std::path::PathBuf;

/// What a student has handed in.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Who.
    pub student: Student,
    /// Folders and files: a platform may give one for each exercise.
    pub paths: Vec<PathBuf>,
    pub(super) parts: Vec<Part>,
    /// That the student is not in the roster, if there is one.
    pub(super) unknown: Option<Message>,
    /// The only exercise that is asked for, if it is one: that is what a `main.rs` answers whose
    /// name and first line say nothing.
    pub only: Option<u32>,
}

impl Submission {
    /// Reads what was handed in, for all exercises of the course; `originals` are the
    /// teacher's files.
    ///
    /// A file of more than [`FILE_LIMIT`](super::FILE_LIMIT) bytes does not count; of a submission no more than
    /// [`SUBMISSION_LIMIT`](super::SUBMISSION_LIMIT) bytes are read, answers to exercises first; one of more than
    /// [`FILE_COUNT_LIMIT`](super::FILE_COUNT_LIMIT) files is not understood.
    /// What cannot be read is not understood, either, and the reason is said.
    pub fn open(&self, exercises: &[Exercise], originals: &Originals) -> SubmissionContents {
        let mut listing = Listing::default();
        for part in &self.parts {
            listing.add(part);
        }
        let mut reader = SubmissionReader::new(exercises, originals, self.only);
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
