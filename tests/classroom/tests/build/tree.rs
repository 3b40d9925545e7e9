//! What is built for a class, and when.

use crate::support::{open, run_with, sandboxed, small_workspace, write};
use std::fs;

#[test]
fn a_program_may_be_compiled_by_many_at_once() {
    let Some(builder) = sandboxed() else {
        return;
    };
    std::thread::scope(|scope| {
        for number in 0..6 {
            scope.spawn(move || {
                let source = format!("fn main() {{ print!(\"{number}\"); }}");
                let output = run_with(builder, &source);
                assert_eq!(output.stdout, number.to_string().as_bytes());
            });
        }
    });
}

#[test]
fn what_is_built_is_built_anew_only_when_something_has_changed() {
    let workspace = small_workspace();
    let work = workspace.path().join("work");
    let built = || {
        let path = work.join("workshop.json");
        fs::metadata(path)
            .and_then(|file| file.modified())
            .expect("it is there")
    };
    let first = open(workspace.path(), &work, false).unwrap_or_else(|e| panic!("{e:#}"));
    assert!(first.rubric(1).is_some() && first.rubric(2).is_none());
    let then = built();
    drop(first);

    open(workspace.path(), &work, false).unwrap_or_else(|e| panic!("{e:#}"));
    assert_eq!(built(), then, "nothing has changed");
    // What a teacher tries is a solution, and is not built.
    write(
        workspace.path(),
        "lessons/01-client/exercise/main.rs",
        "fn main() { 1 }",
    );
    open(workspace.path(), &work, false).unwrap_or_else(|e| panic!("{e:#}"));
    assert_eq!(built(), then, "the teacher's own file does not count");

    write(
        workspace.path(),
        "tests/harness/src/lib.rs",
        "pub fn answer() -> u32 { 43 }",
    );
    let builder = open(workspace.path(), &work, false).unwrap_or_else(|e| panic!("{e:#}"));
    assert_ne!(built(), then, "the library has changed");
    let source = "fn main() { std::process::exit(harness::answer().cast_signed()); }";
    assert_eq!(run_with(&builder, source).status.code(), Some(43));
}

#[test]
fn a_workspace_that_does_not_build_is_an_error_that_says_why() {
    let workspace = small_workspace();
    let work = workspace.path().join("work");
    let error = |what: &str| match open(workspace.path(), &work, false) {
        Ok(_) => panic!("{what}: it opens"),
        Err(error) => format!("{error:#}"),
    };
    write(
        workspace.path(),
        "tests/exercises/exercise_01.rs",
        "#[test] fn other() {}",
    );
    assert!(error("another check").contains("works"));
    write(
        workspace.path(),
        "tests/exercises/exercise_01.rs",
        "#[test] fn works() { missing() }",
    );
    let told = error("a broken rubric");
    assert!(told.contains("cannot find function `missing`"), "{told}");
    fs::remove_file(workspace.path().join("tests/grade/starters/01.rs")).expect("it is there");
    assert!(error("no starter").contains("starters/01.rs"));
}
