//! How a class is to be graded.

use grade::failed::Failed;
use grade::language::Language;
use harness::message;
use std::path::PathBuf;

/// How a class is to be graded.
#[derive(Debug, Clone)]
pub struct ClassOptions {
    /// Where the submissions are.
    pub folder: PathBuf,
    /// Where the report goes.
    pub report: PathBuf,
    /// Who is in the class.
    pub roster: Option<PathBuf>,
    /// A command that runs a student's program, as words; `{dir}` is the student's folder and
    /// `{nn}` the number of the exercise. `None` for Rust.
    pub program: Option<Vec<String>>,
    /// The exercises that are graded, again if need be; all if empty.
    pub only: Vec<u32>,
    /// The students who are graded, again if need be; all if empty.
    pub students: Vec<String>,
    /// What a teacher gives to students, as `FILE=ID:05`.
    pub takes: Vec<String>,
    /// Other points, given by a teacher.
    pub overrides: Option<PathBuf>,
    /// Whether programs run in a sandbox.
    pub sandbox: bool,
    /// Whether the packets of a failed check are recorded for the feedback.
    pub wire: bool,
    /// The seed of what the checks choose at random; `None` for the one in the report, or a new
    /// one.
    pub seed: Option<u64>,
    /// Which part of the class.
    pub partition: Partition,
    /// The language of the report, and of the feedback.
    pub language: Language,
}

impl ClassOptions {
    /// Whether some exercises or students are named, and are to be graded again.
    pub(super) fn is_regrade(&self) -> bool {
        !self.only.is_empty() || !self.students.is_empty()
    }

    /// What is to be graded again, as the report's folder keeps it until that is done; `None`
    /// where nothing is named.
    pub(super) fn regrade(&self) -> anyhow::Result<Option<String>> {
        let named = (&self.only, &self.students);
        let regrade = self.is_regrade().then(|| serde_json::to_string(&named));
        Ok(regrade.transpose()?)
    }

    /// Whether an exercise is to be graded.
    pub(super) fn wants_exercise(&self, number: u32) -> bool {
        self.only.is_empty() || self.only.contains(&number)
    }

    /// Whether a student is to be graded, whatever the partition.
    pub(super) fn wants_student(&self, id: &String) -> bool {
        self.students.is_empty() || self.students.contains(id)
    }
}

/// A part of a class: each `of`-th student, counted from `part`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// The part, from 1.
    pub part: usize,
    /// How many parts there are.
    pub of: usize,
}

impl Partition {
    /// All of the class.
    pub const ALL: Self = Self { part: 1, of: 1 };

    pub(super) fn has(self, index: usize) -> bool {
        index % self.of == self.part - 1
    }
}

impl std::str::FromStr for Partition {
    type Err = Failed;

    fn from_str(words: &str) -> Result<Self, Failed> {
        let numbers = words.split_once('/');
        let numbers = numbers.and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((part, of)) if (1..=of).contains(&part) => Ok(Self { part, of }),
            _ => Err(Failed::new(message!(
                "a part looks like 3/8, and is from 1/8 to 8/8"
            ))),
        }
    }
}
