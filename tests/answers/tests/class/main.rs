//! `cargo grade class`, with a class whose grades are known: right answers, wrong ones that
//! state what they fail, and some that nobody can grade.
//!
//! One exercise is enough for most, and it is one that is quick: what is shown here is how a
//! class comes to its grades, and not what the checks find.
#![cfg(target_os = "linux")]

mod harm;
mod marks;
mod resume;
mod teacher;
mod wire;

use assert_cmd::assert::{Assert, OutputAssertExt};
use classroom::record::{Status, StudentRecord};
use classroom::store;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// `cargo grade`, with a language that the machine's locale does not choose.
fn grade(arguments: &[&str]) -> Command {
    grade_in("en", arguments)
}

fn grade_in(language: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(workspace::build::package("classroom"));
    harness::outside(&mut command)
        .args(["--lang", language])
        .args(arguments);
    command
}

/// The option for a machine that has no sandbox, with a note on stderr; `None` where it has one.
fn sandbox() -> Option<&'static str> {
    match grade::sandbox::Sandbox::find() {
        Ok(_) => None,
        Err(error) => {
            harness::skip(&format!("without a sandbox: {error:#}"));
            Some("--no-sandbox")
        }
    }
}

/// A folder of submissions, and where its report goes.
struct Class {
    folder: tempfile::TempDir,
    /// A grader has all processors for itself, as it would with a teacher.
    _alone: MutexGuard<'static, ()>,
}

/// The test that holds it grades.
static ALONE: Mutex<()> = Mutex::new(());

impl Class {
    fn new() -> Self {
        let folder = tempfile::TempDir::with_prefix("class-").expect("a folder can be made");
        fs::create_dir(folder.path().join("in")).expect("a folder can be made");
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        Self {
            folder,
            _alone: alone,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Hands something in.
    fn hand_in(&self, name: &str, contents: &str) {
        let path = self.path("in").join(name);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder");
        fs::write(path, contents).expect("a file can be written");
    }

    /// `cargo grade class` for this class, in the sandbox where that is possible.
    fn grade(&self, out: &str, arguments: &[&str]) -> Command {
        let mut command = self.grade_somehow(out, arguments);
        command.args(sandbox());
        command
    }

    /// The same to its end, with success. What a busy machine could not grade is graded by the same
    /// command once more, as its report says.
    fn grade_all(&self, out: &str, arguments: &[&str]) -> Assert {
        let mut command = self.grade(out, arguments);
        for _ in 0..2 {
            let output = command.output().expect("the grader can be started");
            if output.status.code() != Some(2) {
                return output.assert().success();
            }
        }
        command.assert().success()
    }

    fn grade_somehow(&self, out: &str, arguments: &[&str]) -> Command {
        self.grade_in("en", out, arguments)
    }

    fn grade_in(&self, language: &str, out: &str, arguments: &[&str]) -> Command {
        let (folder, out) = (self.path("in"), self.path(out));
        let mut command = grade_in(language, &["class"]);
        command.arg(folder).arg("--out").arg(out).args(arguments);
        if !arguments.contains(&"--seed") {
            // One seed, so that reports can be compared.
            command.args(["--seed", "1"]);
        }
        // What a grader that is killed leaves behind goes with the class.
        command.env("TMPDIR", self.folder.path());
        command
    }

    fn records(&self, out: &str) -> BTreeMap<String, StudentRecord> {
        store::records(&self.path(out)).expect("the records can be read")
    }

    /// Two reports have the same files, and the same in them.
    fn assert_same(&self, one: &str, other: &str) {
        let (one, other) = (self.files(one), self.files(other));
        assert!(
            one.keys().eq(other.keys()),
            "{:?} and {:?}",
            one.keys(),
            other.keys()
        );
        let mut differences = Vec::new();
        for (name, text) in &one {
            // Of a student's feedback, what is not in the other: the text tells it best.
            let is_in = |line: &&str, text: &str| text.lines().any(|other| other == *line);
            let gone = text.lines().filter(|line| !is_in(line, &other[name]));
            let new = other[name].lines().filter(|line| !is_in(line, text));
            let gone = gone.map(|line| format!("- {line}\n"));
            let new = new.map(|line| format!("+ {line}\n"));
            if *text != other[name] {
                let lines: String = gone.chain(new).collect();
                differences.push(format!("{}:\n{lines}", name.display()));
            }
        }
        let shown: String = differences.join("").chars().take(10_000).collect();
        assert!(differences.is_empty(), "{shown}");
    }

    /// All files of a report, without the lock.
    fn files(&self, out: &str) -> BTreeMap<PathBuf, String> {
        let root = self.path(out);
        let mut files = BTreeMap::new();
        for folder in ["", "records", "results", "feedback"] {
            for entry in fs::read_dir(root.join(folder)).expect("the report can be read") {
                let path = entry.expect("the report can be read").path();
                if path.is_file() && !path.ends_with(".lock") {
                    let text = fs::read_to_string(&path).expect("a report is text");
                    files.insert(path.strip_prefix(&root).expect("it is in it").into(), text);
                }
            }
        }
        files
    }
}

fn model(exercise: u32) -> String {
    let path = format!(
        "{}/right/{exercise:02}/model.rs",
        env!("CARGO_MANIFEST_DIR")
    );
    fs::read_to_string(path).expect("the model can be read")
}

/// Wrong answers in a language that a student could hand in, with what they fail: an exercise
/// has not all the crates of other right answers.
fn wrong(exercise: u32, extension: &str) -> Vec<(String, String, BTreeSet<String>)> {
    let wrong = answers::wrong_answers(exercise).expect("the wrong answers can be read");
    let mine = wrong
        .into_iter()
        .filter(|wrong| wrong.base.ends_with(extension))
        .filter(|wrong| wrong.base == "model.rs" || extension == ".py")
        .filter(|wrong| !wrong.racy);
    let mine = mine.map(|wrong| {
        let source = wrong.source(exercise).expect("it can be made");
        (wrong.name, source, wrong.fails)
    });
    mine.collect()
}

fn status_of(record: &StudentRecord, exercise: u32) -> Status {
    let mut exercises = record.exercises.iter();
    let graded = exercises.find(|graded| graded.exercise == exercise);
    graded.expect("the exercise is in the record").status
}

fn failed(record: &StudentRecord, exercise: u32) -> BTreeSet<String> {
    let mut exercises = record.exercises.iter();
    let graded = exercises.find(|graded| graded.exercise == exercise);
    let checks = &graded.expect("the exercise is in the record").checks;
    let failed = checks
        .iter()
        .filter(|check| check.verdict.failure().is_some());
    failed.map(|check| check.name.clone()).collect()
}

/// A class for exercise 01, with somebody of each kind.
fn class_of_all_kinds() -> Class {
    let class = Class::new();
    class.hand_in("anna/01.rs", &model(1));
    class.hand_in("ben/01.rs", "fn main() { this is no Rust }");
    class.hand_in("李雷_4711_assignsubmission_file_/exercise-01.rs", &model(1));
    class.hand_in(
        "dora/01.rs",
        "fn main() { std::thread::sleep(std::time::Duration::MAX) }",
    );
    class.hand_in("emil/thoughts.txt", "none");
    for (name, source, _) in wrong(1, ".rs").into_iter().take(3) {
        class.hand_in(&format!("{name}/01.rs"), &source);
    }
    class.hand_in("zoe/01.rs", &model(1));
    fs::write(
        class.path("roster.csv"),
        "id,name,language\nanna,\"Doe, Anna\",\n4711,李雷,zh\nxaver,<b>Xaver</b>,en\n",
    )
    .expect("a file can be written");
    class
}

fn score(class: &Class, id: &str) -> u64 {
    let text = &class.files("out")[&PathBuf::from(format!("results/{id}.json"))];
    let value: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
    value["score"].as_u64().expect("the score is a number")
}

/// How many files are in a folder; 0 where there is none yet.
fn count(folder: &Path) -> usize {
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    names
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "json"))
        .count()
}
