//! What happens while a class is graded.

use crate::record::{Student, StudentRecord};

/// What happens while a class is graded.
#[derive(Debug)]
pub enum Event<'a> {
    /// The rubrics are built.
    Builds,
    /// This many students are graded.
    Begins {
        /// How many.
        students: usize,
        /// How many of them have handed something in.
        submissions: usize,
    },
    /// A submission has been read.
    Opens {
        /// How many of its exercises are graded this time.
        exercises: usize,
    },
    /// An exercise is compiled and judged.
    Starts {
        /// Whose it is.
        student: &'a Student,
        /// Its number.
        exercise: u32,
    },
    /// An exercise is done.
    Ends {
        /// Whose it is.
        student: &'a Student,
        /// Its number.
        exercise: u32,
    },
    /// All exercises of a student are done, and their files are written.
    Student {
        /// What was found.
        record: &'a StudentRecord,
        /// The points in all.
        points: u32,
        /// How many exercises were graded this time; the others are as they were.
        graded: usize,
    },
}
