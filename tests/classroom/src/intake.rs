//! What students have handed in.
//!
//! [`class`] finds out who has handed in what, by the names of files and folders, in the
//! shapes that people really get: a folder, a zip or a file for each student, or the download
//! of a learning platform (Moodle, Canvas). [`Submission::open`] reads what one student has
//! handed in, into memory: nothing is written to disk, nothing outside is read, and what does
//! not count is named.

mod attempts;
mod choice;
mod class;
mod contents;
mod entries;
mod files;
mod listing;
mod names;
mod numbers;
pub mod originals;
mod paths;
mod people;
mod programs;
mod reader;
mod submission;
mod takes;
mod text;
mod zips;

pub use class::{Class, ClassSetAside, NotUnderstood, class, class_with};
pub use contents::{Answer, SubmissionContents};
pub use listing::{FILE_COUNT_LIMIT, FILE_LIMIT, SUBMISSION_LIMIT};
pub use programs::Program;
pub use submission::Submission;
pub(crate) use takes::exercise_in_name;
pub use takes::read_takes;
pub use text::{list, shorten};

/// How much stack [`Submission::open`] may need, in bytes. A student's TOML can be 6,400 tables
/// deep, as its crate limits nested tables and the dots of a key to 80 each, and what is so deep
/// is compared and dropped level by level.
pub const STACK: usize = 256 << 20;
