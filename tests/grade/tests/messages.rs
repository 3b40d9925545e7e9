//! The catalogue of messages is complete: what the programs can say they list themselves, and each
//! template of theirs has its Chinese, with the same placeholders.

use grade::catalogue::{entries, needs_translation};
use harness::check::MESSAGES;
use harness::message::placeholders;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use workspace::build::Built;

/// The templates that the rubric of an exercise can fill.
fn of_rubric(rubric: &str) -> BTreeSet<String> {
    let folder = tempfile::TempDir::with_prefix("messages-").expect("a temporary folder");
    let list = folder.path().join("list");
    let package = rubric.replace('_', "-");
    let built = Built::with(&["test", "--no-run", "--package", &package, "--test", rubric]);
    let built = built.expect("cargo can be run");
    let tests = &built.executable(rubric).expect("the rubric compiles").path;
    let names = Command::new(tests)
        .args(["--list", "--format", "terse"])
        .output();
    let names = String::from_utf8(names.expect("the rubric can be run").stdout).expect("text");
    let check = names.lines().find_map(|line| line.strip_suffix(": test"));
    let status = Command::new(tests)
        .args(["--exact", check.expect("a rubric has checks")])
        .env(MESSAGES, &list)
        .output()
        .expect("the rubric can be run")
        .status;
    assert!(status.success(), "{rubric} lists its messages");
    let list = fs::read(&list).expect("the list is there");
    serde_json::from_slice(&list).expect("it is a list")
}

/// The templates that a program can fill.
fn of_program(name: &str) -> BTreeSet<String> {
    let program = workspace::build::package(name);
    let output = Command::new(program).arg("messages").output();
    let list = output.expect("the program can be run").stdout;
    serde_json::from_slice(&list).expect("it lists its messages")
}

fn all() -> BTreeSet<String> {
    let mut all = of_program("grade");
    all.extend(of_program("classroom"));
    for exercise in grade::exercise::Exercise::all(workspace::root()).expect("exercises") {
        all.extend(of_rubric(&exercise.rubric()));
    }
    all
}

#[test]
fn every_template_has_its_chinese_and_none_is_left_over() {
    let wanted: BTreeSet<String> = all();
    let wanted: BTreeSet<&str> = wanted
        .iter()
        .map(String::as_str)
        .filter(|template| needs_translation(template))
        .collect();
    let known: BTreeSet<&str> = entries().map(|(english, _)| english).collect();
    let missing: Vec<_> = wanted.difference(&known).collect();
    let unused: Vec<_> = known.difference(&wanted).collect();
    assert!(
        missing.is_empty() && unused.is_empty(),
        "tests/grade/messages/zh.po lacks {missing:#?}\nand has besides {unused:#?}"
    );
}

#[test]
fn both_languages_have_the_same_placeholders() {
    for (english, chinese) in entries() {
        assert_eq!(placeholders(english), placeholders(chinese), "{english}");
    }
}
