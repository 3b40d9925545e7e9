//! What is to be done for an exercise of a student.

use super::options::ClassOptions;
use crate::fingerprint::Fingerprint;
use crate::intake::{self, Answer, SubmissionContents};
use crate::record::{GradedExercise, Status};
use grade::exercise::Exercise;
use grade::failed::Because;
use harness::message;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// What is to be done next for an exercise.
pub(super) enum Step {
    /// Compile this source.
    Compile(Vec<u8>),
    /// Run the checks on a program.
    Judge {
        /// The folder that `{dir}` stands for.
        folder: PathBuf,
        /// The command, as words.
        program: Vec<String>,
        /// The program's own folder, if it has one: it is removed when the checks are done.
        _own: Option<TempDir>,
    },
    /// All is known.
    Nothing,
}

/// Decides what is to be done for an exercise, and what its fingerprint is. A program in
/// another language has no folder yet. `built` is the fingerprint of the rubrics.
pub(super) fn plan(
    options: &ClassOptions,
    built: &str,
    contents: &SubmissionContents,
    exercise: &Exercise,
) -> (GradedExercise, Step) {
    let mut graded = GradedExercise::new(exercise, Status::Graded);
    let fingerprint = |pieces: &[&[u8]]| fingerprint(options, built, exercise, pieces);
    if let Some(words) = &options.program {
        graded.fingerprint = fingerprint(&[contents.hash.as_bytes()]);
        let Some(program) = program_words(words, exercise.number, &options.only, contents) else {
            graded.status = Status::Missing;
            if contents.exercises.contains_key(&exercise.number) {
                let why = message!("a file for Rust was handed in, and not for this program");
                graded.status = Status::NotUnderstood;
                graded.message = Some(why);
            }
            return (graded, Step::Nothing);
        };
        let step = Step::Judge {
            folder: PathBuf::new(),
            program,
            _own: None,
        };
        return (graded, step);
    }
    let step = match contents.exercises.get(&exercise.number) {
        Some(Answer::Source(source)) => {
            graded.fingerprint = fingerprint(&[source]);
            Step::Compile(source.clone())
        }
        Some(Answer::NotUnderstood(reason)) => {
            graded.fingerprint = fingerprint(&[b"not understood", reason.to_string().as_bytes()]);
            graded.status = Status::NotUnderstood;
            graded.message = Some(reason.clone());
            Step::Nothing
        }
        None if !contents.set_aside.is_empty() => {
            let reason = message!(
                "nothing says which exercise these files answer: {files}",
                files = intake::list(&contents.set_aside)
            );
            graded.fingerprint = fingerprint(&[b"set aside", reason.to_string().as_bytes()]);
            graded.status = Status::NotUnderstood;
            graded.message = Some(reason);
            Step::Nothing
        }
        None => {
            graded.fingerprint = fingerprint(&[b"missing"]);
            graded.status = Status::Missing;
            Step::Nothing
        }
    };
    (graded, step)
}

/// The fingerprint of all that a grade depends on.
fn fingerprint(
    options: &ClassOptions,
    built: &str,
    exercise: &Exercise,
    pieces: &[&[u8]],
) -> String {
    let program = options.program.as_deref().unwrap_or_default().join("\0");
    let way = format!("{} {program}", options.sandbox);
    let package = exercise.package();
    let mut fingerprint = Fingerprint::default();
    for piece in [built, &package, &way] {
        fingerprint.add(piece.as_bytes());
    }
    for piece in pieces {
        fingerprint.add(piece);
    }
    fingerprint.finish()
}

/// The command for an exercise; `None` if a file of it was not handed in.
fn program_words(
    words: &[String],
    exercise: u32,
    only: &[u32],
    contents: &SubmissionContents,
) -> Option<Vec<String>> {
    let words = words.iter().map(|word| {
        let word = word.replace("{nn}", &format!("{exercise:02}"));
        let Some(name) = word.strip_prefix("{dir}/") else {
            return Some(word);
        };
        let path = contents.program_file(name, exercise, only == [exercise])?;
        Some(format!("{{dir}}/{}", path.to_string_lossy()))
    });
    words.collect()
}

/// Writes the student's files into a folder, for programs in other languages.
pub(super) fn unpack(contents: &SubmissionContents, folder: TempDir) -> anyhow::Result<TempDir> {
    for (path, bytes) in &contents.files {
        let path = folder.path().join(path);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all);
        written
            .and_then(|()| fs::write(&path, bytes))
            .because(|| message!("cannot write {path}", path = path.display()))?;
    }
    Ok(folder)
}
