//! The teacher has the last word.

use crate::{class_of_all_kinds, score};
use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use predicates::str::contains;
use std::fs;
use std::path::Path;

#[test]
fn a_teacher_has_the_last_word() {
    let class = class_of_all_kinds();
    class.grade("out", &["--only", "1"]).assert().success();
    assert_eq!(score(&class, "dora"), 0);
    let overrides = class.path("out/overrides.csv");
    fs::write(
        &overrides,
        "student,exercise,points,reason\ndora,1,40,\"she showed it, at the board\"\n",
    )
    .expect("a file can be written");
    // Graded again, it stays.
    for arguments in [&["--only", "1"][..], &["--only", "1", "--student", "dora"]] {
        class.grade("out", arguments).assert().success();
        assert_eq!(score(&class, "dora"), 40);
    }
    for name in ["grades.csv", "feedback/dora.html", "feedback/dora.txt"] {
        let text = &class.files("out")[Path::new(name)];
        assert!(
            text.contains("she showed it, at the board"),
            "{name}: {text}"
        );
    }
    // A mistake in it is told, and nothing is graded.
    fs::write(
        &overrides,
        "student,exercise,points,reason\nnobody,1,40,why\n",
    )
    .expect("a file");
    class
        .grade("out", &["--only", "1"])
        .assert()
        .code(2)
        .stderr(contains("nobody"));
    fs::remove_file(&overrides).expect("it is there");
    // What another version has left would be gone: it is told, and nothing is graded, either.
    fs::write(class.path("out/results/anna.json"), "{}").expect("a file");
    class
        .grade("out", &["--only", "1", "--student", "dora"])
        .assert()
        .code(2)
        .stderr(contains("anna.json").and(contains("grade the whole class")));
}
