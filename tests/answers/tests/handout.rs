//! The students' copy and the bundle for Gradescope, built and run: without a network, and with
//! none of the crates that this machine has.
#![cfg(target_os = "linux")]

use assert_cmd::assert::{Assert, OutputAssertExt};
use classroom::gradescope;
use classroom::handout;
use grade::language::Language::En;
use predicates::prelude::*;
use predicates::str::contains;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is built in it for one test serves the other one as well, so that most crates are
/// compiled once. But both build a `grade` of their own, under the same name.
static FOLDER: Mutex<()> = Mutex::new(());

/// A folder under `target/`, empty but for what was built there before, and no other test's
/// meanwhile.
fn folder() -> (PathBuf, MutexGuard<'static, ()>) {
    let guard = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    let target = workspace::root().join("target");
    fs::create_dir_all(&target).expect("the target folder can be made");
    let folder = target.canonicalize().expect("it is there").join("handout");
    for inner in ["copy", "autograder", "cargo-home", "stand-ins"] {
        let _ = fs::remove_dir_all(folder.join(inner));
        fs::create_dir_all(folder.join(inner)).expect("a folder");
    }
    (folder, guard)
}

/// A command on a machine without a network, which has Rust, and no crate yet.
fn alone(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    // A process belongs to whoever runs it.
    if fs::metadata("/proc/self").is_ok_and(|data| data.uid() != 0) {
        command.arg("--map-root-user");
    }
    let up = "ip link set lo up && exec \"$@\"";
    let path = std::env::var("PATH").unwrap_or_default();
    let stand_ins = folder.join("stand-ins");
    harness::outside(&mut command)
        .args(["--net", "sh", "-c", up, "sh"])
        .args(words)
        .env("PATH", format!("{}:{path}", stand_ins.display()))
        .env("CARGO_HOME", folder.join("cargo-home"))
        .env("CARGO_TARGET_DIR", folder.join("target"))
        // Nobody debugs or changes what is built here.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0")
        .env("LC_ALL", "C.UTF-8");
    command
}

fn solution(exercise: &str) -> String {
    let file = format!(
        "{}/tests/answers/right/{exercise}/model.rs",
        workspace::root().display()
    );
    fs::read_to_string(file).expect("the model solution can be read")
}

#[test]
fn a_copy_with_its_dependencies_works_without_a_network() {
    let (folder, _guard) = folder();
    let copy = folder.join("copy");
    let made = handout::make(workspace::root(), &copy, true, En);
    let made = made.unwrap_or_else(|error| panic!("{error:#}"));
    let vendored = made.vendored.expect("the dependencies are in it");
    assert!(vendored.bytes < 200_000_000, "{vendored:?}");
    let run = |words: &[&str]| -> Assert { alone(&folder, words).current_dir(&copy).assert() };

    run(&["cargo", "grade", "01"])
        .code(1)
        .stdout(contains("Exercise 01").and(contains("of 100 points.")));
    let file = copy.join("lessons/02-server/exercise/main.rs");
    fs::write(file, solution("02")).expect("the file can be written");
    run(&["cargo", "grade", "02"])
        .code(0)
        .stdout(contains("100 of 100 points."));
    // All that students have is right: also the tests, which they can read.
    for words in [
        "test",
        "test --package grade",
        "grade update --help",
        "book build",
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        run(&[&["cargo"], &words[..]].concat())
            .code(0)
            .stderr(contains("warning:").not());
    }
    assert!(copy.join("mdbook/book/zh-CN/index.html").is_file());
    // Nothing that came of it belongs to the repository.
    let status = Command::new("git")
        .args(["status", "--porcelain"])
        .current_dir(&copy)
        .output()
        .expect("git can be run");
    let status = String::from_utf8_lossy(&status.stdout);
    assert_eq!(status, " M lessons/02-server/exercise/main.rs\n");
}

/// What the image of Gradescope has and this machine must not be asked for.
fn stand_ins(folder: &Path) {
    for (name, text) in [("apt-get", ":"), ("curl", "echo :")] {
        let file = folder.join("stand-ins").join(name);
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).expect("a file");
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&file, mode).expect("its mode can be set");
    }
}

#[test]
fn the_bundle_for_gradescope_grades_without_a_network() {
    let (folder, _guard) = folder();
    let root = folder.join("autograder");
    let file = folder.join("autograder.zip");
    gradescope::bundle(workspace::root(), &file, En).unwrap_or_else(|error| panic!("{error:#}"));
    let file = fs::File::open(file).expect("the bundle");
    let mut zip = zip::ZipArchive::new(file).expect("it is a zip");
    for name in zip.file_names() {
        let name = name.expect("a name in UTF-8");
        let is_script = name == "setup.sh" || name == "run_autograder";
        assert!(is_script || name.starts_with("project/"), "{name}");
        assert!(!name.starts_with("project/tests/answers"), "{name}");
    }
    zip.extract(root.join("source"))
        .expect("it can be unpacked");
    // Gradescope copies it there.
    let script = root.join("run_autograder");
    fs::copy(root.join("source/run_autograder"), &script).expect("it is in the bundle");
    for script in [&root.join("source/setup.sh"), &script] {
        let mode = fs::metadata(script).expect("a script").permissions().mode();
        assert_eq!(mode & 0o777, 0o755, "{}", script.display());
    }
    stand_ins(&folder);
    let run = |program: &Path| {
        alone(&folder, &[&program.to_string_lossy()])
            .env("AUTOGRADER", &root)
            .current_dir(&root)
            .assert()
    };
    run(&root.join("source/setup.sh"))
        .code(0)
        .stdout(contains("setup.sh: ready."));

    fs::write(root.join("submission/02.rs"), solution("02")).expect("a submission");
    run(&script).code(0);
    let results = fs::read_to_string(root.join("results/results.json")).expect("results");
    let results: serde_json::Value = serde_json::from_str(&results).expect("they are JSON");
    assert_eq!(results["score"], 100, "{results:#}");
}
