//! The folder of a class, and what is found in it.

use classroom::intake::originals::Originals;
use classroom::intake::{Answer, Class, Submission, SubmissionContents, class};
use classroom::record::Student;
use grade::exercise::Exercise;
use harness::message::Message;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::OnceLock;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A folder of a class.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// With these files.
    pub(crate) fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = Self::new();
        for (path, bytes) in files {
            folder.write(path, bytes);
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    pub(crate) fn class(&self) -> Class {
        self.class_of(None)
    }

    pub(crate) fn class_of(&self, roster: Option<&[Student]>) -> Class {
        class(self.path(), None, roster).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// What the only student has handed in.
    pub(crate) fn only(&self) -> SubmissionContents {
        let class = self.class();
        assert_eq!(class.not_understood, []);
        assert_eq!(class.submissions.len(), 1, "{:?}", class.submissions);
        open(&class.submissions[0])
    }
}

pub(crate) fn exercises() -> &'static [Exercise] {
    static EXERCISES: OnceLock<Vec<Exercise>> = OnceLock::new();
    let all = || Exercise::all(workspace::root());
    EXERCISES.get_or_init(|| all().unwrap_or_else(|error| panic!("{error:#}")))
}

pub(crate) fn open(submission: &Submission) -> SubmissionContents {
    let originals = Originals::of(workspace::root());
    submission.open(exercises(), &originals)
}

pub(crate) fn student(id: &str, name: &str) -> Student {
    Student {
        id: id.to_string(),
        name: name.to_string(),
        language: None,
    }
}

/// The sources by exercise; `?` is what is not understood.
pub(crate) fn sources(contents: &SubmissionContents) -> BTreeMap<u32, String> {
    let found = contents.exercises.iter().map(|(number, found)| {
        let text = match found {
            Answer::Source(source) => String::from_utf8_lossy(source).into_owned(),
            Answer::NotUnderstood(_) => "?".to_string(),
        };
        (*number, text)
    });
    found.collect()
}

/// The sources of each student, in the order of the ids.
pub(crate) fn sources_by<'a, K>(
    class: &'a Class,
    key: impl Fn(&'a Student) -> K,
) -> Vec<(K, BTreeMap<u32, String>)> {
    let submissions = class.submissions.iter();
    submissions
        .map(|one| (key(&one.student), sources(&open(one))))
        .collect()
}

/// The ids of the students who have handed something in.
pub(crate) fn ids(class: &Class) -> Vec<&str> {
    let submissions = class.submissions.iter();
    submissions.map(|one| one.student.id.as_str()).collect()
}

pub(crate) fn is(found: &[(u32, &str)]) -> BTreeMap<u32, String> {
    let found = found.iter();
    found.map(|(n, text)| (*n, (*text).to_string())).collect()
}

/// Why an exercise is not understood.
#[track_caller]
pub(crate) fn why(contents: &SubmissionContents, exercise: u32) -> String {
    match contents.exercises.get(&exercise) {
        Some(Answer::NotUnderstood(why)) => why.to_string(),
        other => panic!("exercise {exercise} is {other:?}"),
    }
}

#[track_caller]
pub(crate) fn assert_says(notices: &[Message], what: &[&str]) {
    let notices: Vec<_> = notices.iter().map(Message::to_string).collect();
    let says = |notice: &String| what.iter().all(|part| notice.contains(part));
    assert!(notices.iter().any(says), "{what:?} is not in {notices:#?}");
}

/// A zip of these files.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(|zip| {
        for (path, bytes) in files {
            zip.start_file(*path, SimpleFileOptions::default())
                .expect("an entry");
            zip.write_all(bytes).expect("its bytes");
        }
    })
}

pub(crate) fn zip_with(fill: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    fill(&mut zip);
    zip.finish().expect("a zip").into_inner()
}
