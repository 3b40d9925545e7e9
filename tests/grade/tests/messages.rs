//! The catalogue of messages is complete: what the programs can say they list themselves, and each
//! template of theirs, and each text of their help, has its Chinese, with the same placeholders.

use grade::catalogue::{entries, needs_translation, say};
use grade::language::Language;
use harness::check::MESSAGES;
use harness::message::{Message, placeholders};
use serde_json::json;
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

/// Whether the teachers' programs are here, which a students' copy does not have.
fn has_teachers() -> bool {
    workspace::root().join("tests/classroom").exists()
}

fn all() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut programs = vec!["grade", "update"];
    programs.extend(has_teachers().then_some("classroom"));
    for program in programs {
        all.extend(of_program(program));
    }
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
    let unused = known.difference(&wanted).filter(|_| has_teachers());
    let unused: Vec<_> = unused.collect();
    assert!(
        missing.is_empty() && unused.is_empty(),
        "tests/grade/messages/zh.po lacks {missing:#?}\nand has besides {unused:#?}"
    );
}

/// A template with a sample in each placeholder, and the samples.
fn filled(template: &str) -> (Message, Vec<String>) {
    let sample = |name: &String| format!("<{name}>");
    let names = placeholders(template);
    let is_in_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_name = |name: &String| !name.is_empty() && name.chars().all(is_in_name);
    assert!(names.iter().all(is_name), "{template}: {names:?}");
    let arguments = names
        .iter()
        .map(|name| json!([name, { "text": sample(name) }]));
    let message = json!({ "template": template, "arguments": arguments.collect::<Vec<_>>() });
    let message = serde_json::from_value(message).expect("it is a message");
    (message, names.iter().map(sample).collect())
}

#[test]
fn every_template_takes_the_same_arguments_in_both_languages() {
    let known = entries().map(|(english, _)| english.to_string());
    for template in known.chain(all()) {
        let (message, samples) = filled(&template);
        for language in [Language::En, Language::Zh] {
            let mut said = say(&message, language);
            for sample in &samples {
                assert!(said.contains(sample), "{language:?}: {said}");
                said = said.replace(sample, "");
            }
            // What is left over has no sample, so it is not a placeholder of the English one.
            assert_eq!(placeholders(&said), BTreeSet::new(), "{language:?}: {said}");
        }
    }
}
