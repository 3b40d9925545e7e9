//! A small workspace, and what becomes of a file in it.

use classroom::build::{Builder, Compiled};
use grade::exercise::Exercise;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use tempfile::TempDir;

/// What nobody but the teacher may read.
pub(crate) const SECRET: &str = "the-secret-of-the-teacher";

/// The files of the small workspace.
pub(crate) const FILES: [(&str, &str); 8] = [
    (
        "Cargo.toml",
        r#"
            [workspace]
            resolver = "3"
            members = ["lessons/01-client/exercise", "tests/harness", "tests/answers"]
            default-members = ["tests/harness"]

            [workspace.lints.rust]
            unused_mut = "forbid"
        "#,
    ),
    (
        "Cargo.lock",
        r#"
            version = 4

            [[package]]
            name = "answers"
            version = "0.1.0"

            [[package]]
            name = "exercise-01"
            version = "0.1.0"
            dependencies = ["harness"]

            [[package]]
            name = "harness"
            version = "0.1.0"
        "#,
    ),
    (
        "lessons/01-client/exercise/Cargo.toml",
        r#"
            [package]
            name = "exercise-01"
            version = "0.1.0"
            edition = "2024"

            [[bin]]
            name = "exercise-01"
            path = "main.rs"
            test = false

            [[test]]
            name = "exercise_01"
            path = "../../../tests/exercises/exercise_01.rs"

            [dependencies]
            harness = { path = "../../../tests/harness" }

            [lints]
            workspace = true
        "#,
    ),
    (
        "lessons/01-client/exercise/exercise.toml",
        r#"
            version = 1
            title = { en = "one", zh = "一" }
            task = { en = "do it", zh = "做" }

            [[check]]
            name = "works"
            points = 100
            title = { en = "works", zh = "行" }
            hint = { en = "try", zh = "试" }
        "#,
    ),
    (
        "lessons/01-client/exercise/main.rs",
        "compile_error!(\"the-secret-of-the-teacher: this is a solution\");",
    ),
    ("tests/grade/starters/01.rs", "fn main() {}"),
    (
        "tests/exercises/exercise_01.rs",
        "#[test] fn works() { assert!(!env!(\"CARGO_BIN_EXE_exercise-01\").is_empty()); }",
    ),
    (
        "tests/harness/Cargo.toml",
        r#"
            [package]
            name = "harness"
            version = "0.1.0"
            edition = "2024"

            [[test]]
            name = "lessons"
            path = "../lessons.rs"
        "#,
    ),
];

pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
    fs::write(path, text).expect("a file can be written");
}

pub(crate) fn small_workspace() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in FILES {
        write(folder.path(), name, text);
    }
    let answer = "pub fn answer() -> u32 { 42 }";
    write(folder.path(), "tests/harness/src/lib.rs", answer);
    write(
        folder.path(),
        "secret.rs",
        &format!("fn main() {{}} // {SECRET}"),
    );
    folder
}

pub(crate) fn open(workspace: &Path, work: &Path, sandboxed: bool) -> anyhow::Result<Builder> {
    let exercises = Exercise::all(workspace).expect("the exercises can be read");
    Builder::open(workspace, work, &exercises, sandboxed)
}

/// Two builders of the small workspace: with the sandbox and without.
pub(crate) struct Shared {
    pub(crate) workspace: TempDir,
    pub(crate) sandboxed: Option<Builder>,
    pub(crate) bare: Builder,
}

pub(crate) fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let workspace = small_workspace();
        let work = workspace.path().join("work");
        let bare = open(workspace.path(), &work, false).unwrap_or_else(|e| panic!("{e:#}"));
        let has_bubblewrap = Command::new("bwrap").arg("--version").output().is_ok();
        let sandboxed = has_bubblewrap
            .then(|| open(workspace.path(), &work, true).unwrap_or_else(|e| panic!("{e:#}")));
        Shared {
            workspace,
            sandboxed,
            bare,
        }
    })
}

pub(crate) fn sandboxed() -> Option<&'static Builder> {
    let builder = shared().sandboxed.as_ref();
    if builder.is_none() {
        harness::skip("there is no bubblewrap");
    }
    builder
}

pub(crate) fn compile_with(builder: &Builder, source: &[u8]) -> (Compiled, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let out = folder.path().join("exercise-01");
    let compiled = builder.compile(1, source, &out);
    let compiled = compiled.unwrap_or_else(|error| panic!("{error:#}"));
    if let Compiled::Program(program) = &compiled {
        assert_eq!(program, &out);
    }
    let entries = fs::read_dir(folder.path()).expect("a folder").count();
    let expected = usize::from(matches!(compiled, Compiled::Program(_)));
    assert_eq!(entries, expected, "there is the program, or nothing");
    (compiled, folder)
}

/// What a file is refused with, in the sandbox; `None` where there is none.
#[track_caller]
pub(crate) fn refused(source: &str) -> Option<String> {
    Some(refused_by(sandboxed()?, source.as_bytes()))
}

#[track_caller]
pub(crate) fn refused_by(builder: &Builder, source: &[u8]) -> String {
    match compile_with(builder, source).0 {
        Compiled::Refused(message) => {
            let message = message.to_string();
            assert!(message.len() < 66_000, "{} bytes", message.len());
            // A path that the file itself names may be told.
            let secret = secret_path();
            let told = message.replace(&*secret.to_string_lossy(), "");
            let folder = shared().workspace.path().to_string_lossy();
            assert!(!told.contains(&*folder), "a path is told: {message}");
            assert!(!message.contains(SECRET), "a secret is told: {message}");
            message
        }
        other => panic!("it is not refused: {other:?}"),
    }
}

/// The builders of the small workspace that this machine can have.
pub(crate) fn builders() -> impl Iterator<Item = &'static Builder> {
    [Some(&shared().bare), sandboxed()].into_iter().flatten()
}

/// The program that a file becomes, run.
#[track_caller]
pub(crate) fn run_with(builder: &Builder, source: &str) -> Output {
    let (compiled, _folder) = compile_with(builder, source.as_bytes());
    let Compiled::Program(program) = compiled else {
        panic!("it does not compile: {compiled:?}");
    };
    Command::new(program).output().expect("it runs")
}

/// What the program prints that a file becomes in the sandbox; `None` where there is none.
#[track_caller]
pub(crate) fn printed(source: &str) -> Option<String> {
    let output = run_with(sandboxed()?, source);
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

pub(crate) fn secret_path() -> PathBuf {
    shared().workspace.path().join("secret.rs")
}
