//! What is in a submission.

use super::names;
use crate::fingerprint::Fingerprint;
use harness::message::Message;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The answers to exercises, or why nobody knows what was handed in.
pub(super) type Answers = BTreeMap<u32, Result<Vec<u8>, Message>>;

/// A submission, read.
#[derive(Debug)]
pub struct SubmissionContents {
    /// What was found for each exercise; an exercise that is not in it was not handed in.
    pub exercises: BTreeMap<u32, Answer>,
    /// All regular files, by relative paths that lead nowhere else, for programs in other
    /// languages. If all are in one folder, this is the folder that they are relative to.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    /// What does not count, and why: changed tests and manifests, build scripts, links, paths
    /// that lead outside.
    pub notices: Vec<Message>,
    /// The same of files that count for programs in other languages only.
    pub for_other_languages: Option<Message>,
    /// The sources that may be answers, and do not count as nothing says to which exercise.
    pub set_aside: Vec<String>,
    /// The SHA-256 of all of the above, in hexadecimal digits, for telling whether a result is
    /// out of date.
    pub hash: String,
}

/// What was handed in for an exercise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The student's file.
    Source(Vec<u8>),
    /// Why nobody knows what it is.
    NotUnderstood(Message),
}

impl SubmissionContents {
    pub(super) fn new(
        answers: Answers,
        files: BTreeMap<String, Vec<u8>>,
        notices: Vec<Message>,
        for_other_languages: Option<Message>,
        set_aside: Vec<String>,
    ) -> Self {
        let hash = hash(&answers, &files, &notices);
        let exercises = answers.into_iter().map(|(number, found)| {
            let answer = match found {
                Ok(source) => Answer::Source(source),
                Err(why) => Answer::NotUnderstood(why),
            };
            (number, answer)
        });
        let common = common_folder(files.keys());
        let files = files
            .into_iter()
            .map(|(path, bytes)| (PathBuf::from(&path[common.len()..]), bytes));
        Self {
            exercises: exercises.collect(),
            files: files.collect(),
            notices,
            for_other_languages,
            set_aside,
            hash,
        }
    }
}

impl SubmissionContents {
    /// The file that a command for an exercise asks for by this name: in the folder that was
    /// handed in, or deeper, as a zip often has one folder more. Without it, a file with the
    /// same extension whose name says the exercise as that of a file in Rust may; or, if
    /// no other exercise is asked for, the only one with this extension, if it is called `main`. `None` if there is none, or several.
    pub fn program_file(&self, name: &str, exercise: u32, is_asked_alone: bool) -> Option<&Path> {
        let files = || self.files.keys().map(PathBuf::as_path);
        if let Some((path, _)) = self.files.get_key_value(Path::new(name)) {
            return Some(path);
        }
        let named: Vec<_> = files().filter(|path| path.ends_with(name)).collect();
        if !named.is_empty() {
            return only(&named);
        }
        let extension = Path::new(name).extension()?;
        let of_kind = || files().filter(|path| path.extension() == Some(extension));
        let certainty = |path: &Path| {
            let (number, certainty) = names::exercise_of(path.to_str()?)?;
            (number == exercise).then_some(certainty)
        };
        if let Some(surest) = of_kind().filter_map(certainty).min() {
            let answers: Vec<_> = of_kind()
                .filter(|path| certainty(path) == Some(surest))
                .collect();
            return only(&answers);
        }
        let is_main = |path: &&Path| path.file_stem().is_some_and(|stem| stem == "main");
        let all: Vec<_> = of_kind().filter(|_| is_asked_alone).collect();
        only(&all).filter(is_main)
    }
}

/// The only one of some paths.
fn only<'a>(paths: &[&'a Path]) -> Option<&'a Path> {
    match *paths {
        [path] => Some(path),
        _ => None,
    }
}

/// The fingerprint of a submission.
fn hash(answers: &Answers, files: &BTreeMap<String, Vec<u8>>, notices: &[Message]) -> String {
    let mut hash = Fingerprint::default();
    for (number, found) in answers {
        hash.add(&number.to_le_bytes());
        match found {
            Ok(source) => hash.add(source),
            Err(why) => hash.add(format!("not understood: {why}").as_bytes()),
        }
    }
    hash.add(b"files");
    for (path, bytes) in files {
        hash.add(path.as_bytes());
        hash.add(bytes);
    }
    hash.add(b"notices");
    for notice in notices {
        hash.add(notice.to_string().as_bytes());
    }
    hash.finish()
}

/// The folder that all files are in, with a `/` at its end: that a zip was made of a folder
/// means nothing. A folder that names an exercise stays.
fn common_folder<'a>(mut paths: impl Iterator<Item = &'a String>) -> String {
    let Some(first) = paths.next() else {
        return String::new();
    };
    let end = first.rfind('/').map_or(0, |at| at + 1);
    let mut common = &first[..end];
    for path in paths {
        while !path.starts_with(common) {
            let shorter = common.trim_end_matches('/').rfind('/');
            common = &common[..shorter.map_or(0, |at| at + 1)];
        }
    }
    let mut kept = 0;
    for folder in common.split_inclusive('/') {
        let name = folder.trim_end_matches('/');
        if names::number(name).is_some() || matches!(name, "lessons" | "src") {
            break;
        }
        kept += folder.len();
    }
    common[..kept].to_string()
}
