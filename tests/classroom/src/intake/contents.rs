//! What is in a submission.

use super::attempts::Modified;
use super::names;
use crate::fingerprint::Fingerprint;
use crate::take::SetAside;
use harness::message::Message;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The answers to exercises, or why nobody knows what was handed in.
pub(super) type Answers = BTreeMap<u32, Result<Vec<u8>, Message>>;

/// Where a file comes from.
#[derive(Debug)]
pub(super) struct Origin {
    /// How a teacher could take it.
    pub(super) what: Option<SetAside>,
    pub(super) modified: Option<Modified>,
    /// The exercise that a teacher has taken it for.
    pub(super) taken: Option<u32>,
}

/// What was read besides the answers.
pub(super) struct Read {
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) origins: BTreeMap<String, Origin>,
    pub(super) notices: Vec<Message>,
    pub(super) for_other_languages: Option<Message>,
    pub(super) set_aside: Vec<String>,
    pub(super) put_aside: Vec<(Option<u32>, SetAside)>,
}

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
    /// Where the files come from.
    pub(super) origins: BTreeMap<PathBuf, Origin>,
    /// What a teacher could take for an exercise, or for any.
    put_aside: Vec<(Option<u32>, SetAside)>,
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
    pub(super) fn new(answers: Answers, read: Read) -> Self {
        let Read {
            files,
            origins,
            notices,
            ..
        } = read;
        let hash = hash(&answers, &files, &notices);
        let exercises = answers.into_iter().map(|(number, found)| {
            let answer = match found {
                Ok(source) => Answer::Source(source),
                Err(why) => Answer::NotUnderstood(why),
            };
            (number, answer)
        });
        let common = common_folder(files.keys());
        let below = |path: &String| PathBuf::from(path.strip_prefix(&common).unwrap_or(path));
        let origins = origins
            .into_iter()
            .map(|(path, origin)| (below(&path), origin));
        let origins = origins.collect();
        let files = files.into_iter().map(|(path, bytes)| (below(&path), bytes));
        Self {
            exercises: exercises.collect(),
            files: files.collect(),
            notices,
            for_other_languages: read.for_other_languages,
            set_aside: read.set_aside,
            origins,
            put_aside: read.put_aside,
            hash,
        }
    }

    /// What was set aside, and may be the answer to an exercise.
    pub(crate) fn put_aside(&self, exercise: u32) -> Vec<SetAside> {
        let all = self.put_aside.iter();
        let may_be = all.filter(|(number, _)| number.is_none_or(|number| number == exercise));
        may_be.map(|(_, what)| what.clone()).collect()
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
