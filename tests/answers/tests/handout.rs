//! The students' copy and the bundle for Gradescope, built and run: without a network, and with
//! none of the crates that this machine has. And a copy that was handed out earlier, brought up
//! to date.
#![cfg(target_os = "linux")]

use assert_cmd::assert::{Assert, OutputAssertExt};
use classroom::gradescope;
use classroom::handout;
use grade::language::Language::En;
use predicates::prelude::*;
use predicates::str::contains;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Both tests build in it, so that most crates are compiled once. But each builds its own `grade`,
/// under the same name.
static FOLDER: Mutex<()> = Mutex::new(());

/// A folder under `target/`, empty except for what was built there before. No other test uses it
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
    // No file that it has made belongs to the repository.
    let status = Command::new("git")
        .args(["status", "--porcelain"])
        .current_dir(&copy)
        .output()
        .expect("git can be run");
    let status = String::from_utf8_lossy(&status.stdout);
    assert_eq!(status, " M lessons/02-server/exercise/main.rs\n");
}

/// What Gradescope's image contains, and this machine is not asked for.
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

/// A commit whose copies are in students' hands. It has the tests, the grader and the starters
/// where later ones do not have them any more.
const EARLIER: &str = "2db5ca5bf0e1934500a5d0b6fd238418fb71044c";

/// Puts the workspace as it was at that commit into a folder. Returns whether the history here
/// has the commit.
fn earlier_workspace(folder: &Path) -> bool {
    let archive = folder.with_extension("tar");
    fs::create_dir_all(folder).expect("a folder");
    let mut git = Command::new("git");
    let output = harness::outside(&mut git)
        .current_dir(workspace::root())
        .args(["archive", "--format=tar", "--output"])
        .args([archive.as_os_str(), EARLIER.as_ref()])
        .output()
        .expect("git can be run");
    if !output.status.success() {
        return false;
    }
    // The files are as young as this: what cargo has built of others, in their place, is not
    // taken for theirs.
    let mut tar = Command::new("tar");
    harness::outside(&mut tar)
        .arg("-xmf")
        .args([archive.as_os_str(), "-C".as_ref(), folder.as_os_str()])
        .assert()
        .success();
    true
}

#[test]
fn a_copy_handed_out_earlier_is_brought_up_to_date_by_its_own_update() {
    let (folder, _guard) = folder();
    let folder = folder.with_file_name("earlier");
    let [copy, made, newer] = ["copy", "made", "newer"].map(|name| folder.join(name));
    for inner in [&copy, &made, &newer] {
        let _ = fs::remove_dir_all(inner);
    }
    // That grader knows its workspace by the path that it was compiled in: where the copy will
    // be, it makes the copy.
    if !earlier_workspace(&copy) {
        harness::skip(&format!("the history here does not have commit {EARLIER}"));
        return;
    }
    let command = |program: &Path, here: &Path, words: &[&str]| -> Command {
        let mut command = Command::new(program);
        harness::outside(&mut command)
            .current_dir(here)
            .args(words)
            .env("CARGO_TARGET_DIR", folder.join("target"))
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_INCREMENTAL", "0")
            .env("LC_ALL", "C.UTF-8");
        command
    };
    let cargo = |here: &Path, words: &[&str]| command("cargo".as_ref(), here, words);
    let fetched = cargo(&copy, &["fetch", "--locked"]).output();
    if !fetched.expect("cargo can be run").status.success() {
        harness::skip("the crates of the earlier commit are not here, and cannot be downloaded");
        return;
    }
    cargo(&copy, &["build", "--locked", "--package", "classroom"])
        .assert()
        .success();
    // `cargo grade handout` and, in the copy, `cargo grade update` are commands of this program.
    let earlier = folder.join("target/debug/classroom");
    command(&earlier, &copy, &["handout", &made.to_string_lossy()])
        .assert()
        .success();
    fs::remove_dir_all(&copy).expect("the workspace can be removed");
    fs::rename(&made, &copy).expect("the copy can be moved");
    let write = |path: &str, text: &str| fs::write(copy.join(path), text).expect("a file");
    let file = "lessons/02-server/exercise/main.rs";
    write(file, &solution("02"));
    write("lessons/02-server/exercise/notes.txt", "mine");
    write("tests/exercise_02.rs", "// changed by the student");

    handout::make(workspace::root(), &newer, false, En).unwrap_or_else(|e| panic!("{e:#}"));
    let from = newer.to_string_lossy();
    command(&earlier, &copy, &["update", "--from", &from])
        .assert()
        .success()
        .stdout(contains("tests/exercise_02.rs.yours"));

    // It has what a new one has, and the student's own.
    let (mut ours, theirs) = (files(&copy), files(&newer));
    for (path, text) in [
        ("lessons/02-server/exercise/notes.txt", "mine"),
        ("tests/exercise_02.rs.yours", "// changed by the student"),
    ] {
        assert!(ours.remove(path), "{path} is not there");
        assert_eq!(fs::read_to_string(copy.join(path)).expect(path), text);
    }
    let different: Vec<_> = ours.symmetric_difference(&theirs).collect();
    assert!(different.is_empty(), "{different:?}");
    let kept = fs::read_to_string(copy.join(file)).expect("the student's file");
    assert_eq!(kept, solution("02"));

    // It builds with its lockfile, it grades, and from here on it updates itself.
    cargo(&copy, &["update", "--workspace", "--locked", "--offline"])
        .assert()
        .success();
    cargo(&copy, &["grade", "02"])
        .assert()
        .code(0)
        .stdout(contains("100 of 100 points."));
    cargo(&copy, &["grade", "update"])
        .assert()
        .code(0)
        .stdout(contains("up to date"));
    // The teacher's commands stay with the teacher.
    cargo(&copy, &["grade", "class", "submissions"])
        .assert()
        .code(2)
        .stderr(contains("belongs to the teacher's workspace"));
    let help = cargo(&copy, &["grade", "--help"]).assert().code(0);
    help.stdout(contains("update").and(contains("gradescope").not()));
}

/// All files in a copy, seen from there, without what git keeps.
fn files(folder: &Path) -> BTreeSet<String> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let below = path.strip_prefix(root).expect("it is below");
            let below = below.to_string_lossy().into_owned();
            if path.is_dir() && below != ".git" {
                walk(root, &path, found);
            } else if path.is_file() {
                found.insert(below);
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(folder, folder, &mut found);
    found
}
