//! What is to be done for an exercise of a student.

use super::options::ClassOptions;
use crate::fingerprint::Fingerprint;
use crate::intake::{self, Answer, ClassSetAside, SubmissionContents};
use crate::record::{GradedExercise, Status};
use crate::take::SetAside;
use grade::exercise::Exercise;
use grade::failed::Because;
use harness::message;
use harness::message::Message;
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

/// What is known about an exercise before it is graded.
pub(super) struct Plan {
    pub(super) graded: GradedExercise,
    pub(super) step: Step,
    /// What else there is to know about the choice of the file.
    pub(super) notices: Vec<Message>,
}

/// A submission, and what else in the class may be the student's.
pub(super) struct HandedIn<'a> {
    pub(super) contents: &'a SubmissionContents,
    pub(super) set_aside: &'a [ClassSetAside],
}

/// Decides what is to be done for an exercise, and what its fingerprint is. A program in
/// another language has no folder yet. `built` is the fingerprint of the rubrics.
pub(super) fn plan(
    options: &ClassOptions,
    built: &str,
    handed_in: &HandedIn,
    exercise: &Exercise,
) -> Plan {
    let contents = handed_in.contents;
    let mut plan = Plan {
        graded: GradedExercise::new(exercise, Status::Graded),
        step: Step::Nothing,
        notices: Vec::new(),
    };
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    let found = match &options.program {
        Some(words) => program(words, exercise.number, &options.only, handed_in),
        None => source(exercise.number, handed_in),
    };
    match found {
        Found::Source(source) => {
            pieces.push(source.clone());
            plan.step = Step::Compile(source);
        }
        Found::Program(program, notices) => {
            pieces.push(contents.hash.clone().into_bytes());
            pieces.push(program.join("\0").into_bytes());
            plan.notices = notices;
            plan.step = Step::Judge {
                folder: PathBuf::new(),
                program,
                _own: None,
            };
        }
        Found::Unclear(reason, set_aside) => plan.graded.not_understood(reason, set_aside),
        Found::Nothing => plan.graded.status = Status::Missing,
    }
    if matches!(plan.step, Step::Nothing) {
        add_set_aside(&mut plan.graded, handed_in.set_aside);
        pieces.push(format!("{:?}", plan.graded.status).into_bytes());
        let why = plan.graded.message.as_ref().map(Message::to_string);
        pieces.push(why.unwrap_or_default().into_bytes());
        let paths = plan.graded.set_aside.iter().map(|what| &what.path);
        pieces.extend(paths.map(|path| path.clone().into_bytes()));
    }
    plan.graded.fingerprint = fingerprint(options, built, exercise, &pieces);
    plan
}

/// What there is for an exercise.
enum Found {
    Source(Vec<u8>),
    /// A command, and what is to be said about it.
    Program(Vec<String>, Vec<Message>),
    /// There is something, and why nobody knows what.
    Unclear(Message, Vec<SetAside>),
    Nothing,
}

/// The file in Rust for an exercise.
fn source(exercise: u32, handed_in: &HandedIn) -> Found {
    let contents = handed_in.contents;
    let set_aside = || contents.put_aside(exercise);
    match contents.exercises.get(&exercise) {
        Some(Answer::Source(source)) => Found::Source(source.clone()),
        Some(Answer::NotUnderstood(why)) => Found::Unclear(why.clone(), set_aside()),
        None if !contents.set_aside.is_empty() => {
            let reason = message!(
                "nothing says which exercise these files answer: {files}",
                files = intake::list(&contents.set_aside)
            );
            Found::Unclear(reason, set_aside())
        }
        None => {
            let files = contents.in_other_languages(exercise);
            if files.is_empty() {
                return Found::Nothing;
            }
            let files = intake::list(&files);
            let why = message!("it was handed in in another language: {files}", files);
            Found::Unclear(why, Vec::new())
        }
    }
}
/// The fingerprint of all that a grade depends on.
fn fingerprint(
    options: &ClassOptions,
    built: &str,
    exercise: &Exercise,
    pieces: &[Vec<u8>],
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

/// The command for an exercise, if the file that it asks for was handed in.
fn program(words: &[String], exercise: u32, only: &[u32], handed_in: &HandedIn) -> Found {
    let contents = handed_in.contents;
    let (mut command, mut notices) = (Vec::new(), Vec::new());
    for word in words {
        let word = word.replace("{nn}", &format!("{exercise:02}"));
        let Some(name) = word.strip_prefix("{dir}/") else {
            command.push(word);
            continue;
        };
        let found = contents.program(name, exercise, only == [exercise]);
        if let Some(path) = found.path {
            command.push(format!("{{dir}}/{}", path.to_string_lossy()));
            notices.extend(found.notices);
        } else if let Some(why) = found.why {
            return Found::Unclear(why, found.set_aside);
        } else if contents.exercises.contains_key(&exercise) {
            let why = message!("a file for Rust was handed in, and not for this program");
            return Found::Unclear(why, Vec::new());
        } else {
            return Found::Nothing;
        }
    }
    Found::Program(command, notices)
}

/// Adds what was set aside in the class and may be the student's answer: then it is not missing.
pub(super) fn add_set_aside(graded: &mut GradedExercise, set_aside: &[ClassSetAside]) {
    let may_be = |one: &&ClassSetAside| one.exercise.is_none_or(|n| n == graded.exercise);
    let all: Vec<_> = set_aside.iter().filter(may_be).collect();
    let whys = all.iter().map(|one| one.why.clone());
    let Some(why) = Message::list(graded.message.take().into_iter().chain(whys)) else {
        return;
    };
    let mut what = std::mem::take(&mut graded.set_aside);
    what.extend(all.iter().filter_map(|one| one.what.clone()));
    graded.not_understood(why, what);
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
