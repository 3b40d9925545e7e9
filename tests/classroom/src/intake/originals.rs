//! What of a student's copy of the handout is the teacher's, and has been changed.

use super::names;
use crate::handout::vendor::SOURCE;
use grade::exercise::{self, Exercise};
use grade::language::Language;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use toml::{Table, Value};
use update::hash::sha256;
use update::record::FILE as RECORD;
use update::vendored::FOLDER;

/// The teacher's own files, which those of the students are compared with.
#[derive(Debug, Clone)]
pub struct Originals {
    workspace: PathBuf,
}

/// What a file in a copy of the handout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The teacher's, as it was given; or not of a kind that could change a grade.
    Teachers,
    /// The teacher's, of a kind that could change a grade if it counted, and changed.
    Changed,
    /// The student's.
    Students,
}

impl Originals {
    /// The files of this workspace.
    pub fn of(workspace: &Path) -> Self {
        Self {
            workspace: workspace.to_path_buf(),
        }
    }

    /// Whether this is the starter of the exercise, in either language.
    pub(super) fn is_starter(&self, exercise: &Exercise, source: &[u8]) -> bool {
        [Language::En, Language::Zh].into_iter().any(|language| {
            let starter = exercise::starter_in(language, exercise.number);
            let starter = fs::read(self.workspace.join(starter));
            starter.is_ok_and(|starter| is_same_text(&starter, source))
        })
    }

    /// Compares a file of a copy of the handout, by its path there, with the teacher's;
    /// `record` is what the copy says that it was made from.
    pub(super) fn standing(
        &self,
        path: &str,
        bytes: &[u8],
        record: &BTreeMap<String, String>,
    ) -> Standing {
        // The path is relative, and leads to nothing outside.
        let original = fs::read(self.workspace.join(path)).ok();
        let original = original.or_else(|| fs::read(self.workspace.join(moved(path)?)).ok());
        let recorded = record.get(path);
        let same = match &original {
            // As it was given, also where the teacher has a newer one.
            _ if recorded.is_some_and(|sum| *sum == sha256(bytes)) => true,
            Some(original) if is_same_text(original, bytes) => true,
            // The handout leaves out what has to do with the solutions.
            Some(original) if is_cut(path) => is_part(path, bytes, original),
            Some(_) => false,
            None => recorded.is_none() && path == RECORD,
        };
        let is_known = original.is_some() || recorded.is_some();
        match (same, can_judge(path), is_known) {
            (false, true, _) => Standing::Changed,
            (true, ..) | (false, false, true) => Standing::Teachers,
            (false, false, false) => Standing::Students,
        }
    }
}

/// Where the workspace has a file that was elsewhere in the copies of earlier versions: the tests
/// of lessons and the rubrics lay in `tests/` itself, and the grader in `tests/grader/`.
fn moved(path: &str) -> Option<String> {
    let name = path.strip_prefix("tests/")?;
    if let Some(inner) = name.strip_prefix("grader/") {
        return Some(format!("tests/grade/{inner}"));
    }
    let folder = match name {
        _ if name.contains('/') => return None,
        "lessons.rs" => "across/across.rs".to_string(),
        "ladder.rs" => "across/previous_lesson.rs".to_string(),
        "matrix.rs" | "twins.rs" => format!("across/{name}"),
        _ if name.starts_with("exercise_") => format!("exercises/{name}"),
        _ => format!("lessons/{name}"),
    };
    Some(format!("tests/{folder}"))
}

/// Whether a file of this path could change a grade, if it counted: tests, manifests, build
/// scripts, settings of cargo, rubrics.
pub(super) fn can_judge(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let name = parts.last().copied().unwrap_or_default();
    let names = [
        "Cargo.toml",
        "Cargo.lock",
        "build.rs",
        "rust-toolchain",
        "rust-toolchain.toml",
        "exercise.toml",
    ];
    names.contains(&name) || parts.contains(&".cargo") || parts[0] == "tests"
}

/// The hashes in the record of a copy; none if it is not as it should be. A student can write
/// what they like in it: that hides a file which does not count anyway.
pub(super) fn record(bytes: Option<&Vec<u8>>) -> BTreeMap<String, String> {
    let text = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok());
    let table = text.and_then(|text| text.parse::<Table>().ok());
    let files = table.and_then(|mut table| table.remove("files"));
    let Some(Value::Table(files)) = files else {
        return BTreeMap::new();
    };
    let sums = files.into_iter();
    sums.filter_map(|(path, sum)| Some((path, sum.as_str()?.to_string())))
        .collect()
}

/// Where this path's copy of the handout has its record.
pub(super) fn record_of(root: &str) -> String {
    format!("{root}{RECORD}")
}

/// Whether two texts are equal, by their lines: git on Windows writes `\r\n`.
fn is_same_text(one: &[u8], other: &[u8]) -> bool {
    fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
        text.split(|b| *b == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }
    one == other || lines(one).eq(lines(other))
}

/// Whether the handout has only a part of the teacher's file.
fn is_cut(path: &str) -> bool {
    matches!(path, "Cargo.lock" | ".cargo/config.toml") || path.ends_with("Cargo.toml")
}

/// Whether a file of TOML says nothing but what the original says, too.
fn is_part(path: &str, bytes: &[u8], original: &[u8]) -> bool {
    let table = |bytes| {
        let text = std::str::from_utf8(bytes).ok()?;
        text.parse::<Table>().ok()
    };
    let (Some(mut part), Some(whole)) = (table(bytes), table(original)) else {
        return false;
    };
    match path {
        "Cargo.lock" => return has_no_other_version(&part, &whole),
        // A member is a folder, and has a manifest of its own.
        "Cargo.toml" => {
            if let Some(Value::Table(workspace)) = part.get_mut("workspace") {
                workspace.remove("members");
                workspace.remove("default-members");
            }
        }
        // A handout may have the dependencies in it.
        ".cargo/config.toml" => {
            let vendored = |name: &str| -> Option<Value> {
                let source =
                    format!("crates-io.replace-with = '{name}'\n{name}.directory = '{FOLDER}'");
                source.parse().ok().map(Value::Table)
            };
            // Ours, or what `cargo vendor` proposes.
            let known = [vendored(SOURCE), vendored("vendored-sources")];
            if known
                .iter()
                .any(|known| part.get("source") == known.as_ref())
            {
                part.remove("source");
            }
        }
        _ => {}
    }
    is_within(&Value::Table(part), &Value::Table(whole))
}

/// Whether every key and element of a value is in another.
fn is_within(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Table(part), Value::Table(whole)) => part.iter().all(|(key, value)| {
            whole
                .get(key)
                .is_some_and(|original| is_within(value, original))
        }),
        (Value::Array(part), Value::Array(whole)) => part
            .iter()
            .all(|value| whole.iter().any(|original| is_within(value, original))),
        (part, whole) => part == whole,
    }
}

/// Whether a lockfile has no package in another version, or from another place.
fn has_no_other_version(part: &Table, whole: &Table) -> bool {
    fn packages(lock: &Table) -> impl Iterator<Item = &Table> {
        let packages = lock.get("package").and_then(Value::as_array);
        packages.into_iter().flatten().filter_map(Value::as_table)
    }
    let identity = |package: &Table| {
        let fields = ["name", "version", "source", "checksum"];
        fields.map(|field| package.get(field).map(Value::to_string))
    };
    let known: BTreeSet<_> = packages(whole).map(identity).collect();
    packages(part).all(|package| {
        let found = identity(package);
        known.contains(&found) || known.iter().all(|[name, ..]| *name != found[0])
    })
}

/// Whether a path in a copy of the handout belongs to the course and not to a student, also
/// where its name is like that of an exercise (`tests/exercise_05.rs`).
pub(super) fn is_of_the_course(path: &str) -> bool {
    let mut parts = path.split('/');
    let first = parts.next().unwrap_or_default();
    let lesson = parts.next().and_then(names::lesson_number);
    matches!(first, "tests" | "mdbook") || (first == "lessons" && lesson.is_some())
}
