//! A grade is of the file as it is now, in the folder in which the command is run: not of another
//! folder's file, and not of an earlier one.

use crate::copy::{Copy, FILE, kept};
use assert_cmd::assert::OutputAssertExt;
use predicates::prelude::*;
use predicates::str::contains;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Grades in a copy as a learner does, and expects all points, or not.
fn expect_full(copy: &Copy, is_full: bool) {
    let points = contains("100 of 100 points.");
    if is_full {
        copy.cargo(&["grade", "02"]).code(0).stdout(points);
    } else {
        copy.cargo(&["grade", "02"]).code(1).stdout(points.not());
    }
}

/// Writes the learner's file as if it had been saved at this time.
fn write_at(copy: &Copy, text: &str, time: SystemTime) {
    fs::write(copy.file(), text).expect("the file can be written");
    set_time(&copy.file(), time);
}

fn set_time(path: &Path, time: SystemTime) {
    let file = File::options().append(true).open(path);
    let set = file.and_then(|file| file.set_modified(time));
    set.unwrap_or_else(|error| panic!("cannot set the time of {}: {error}", path.display()));
}

fn yesterday() -> SystemTime {
    SystemTime::now() - Duration::from_secs(24 * 60 * 60)
}

#[test]
fn an_older_file_with_its_older_time_is_graded_anew() {
    let copy = kept();
    // As `cp -p` does, a backup, or an archive: the time is that of the file that comes back.
    write_at(&copy, &copy.starter(), yesterday());
    expect_full(&copy, false);
    fs::write(copy.file(), copy.answer()).expect("the file can be written");
    expect_full(&copy, true);
    write_at(&copy, &copy.starter(), yesterday());
    expect_full(&copy, false);
    write_at(&copy, &copy.answer(), SystemTime::UNIX_EPOCH);
    expect_full(&copy, true);
}

#[test]
fn a_build_from_the_future_is_made_again() {
    let copy = kept();
    fs::write(copy.file(), copy.answer()).expect("the file can be written");
    expect_full(&copy, true);
    // As after a start with a wrong clock.
    let future = SystemTime::now() + Duration::from_secs(8 * 60 * 60);
    let built = copy.folder.join("target/debug");
    for folder in ["", "deps", ".fingerprint"] {
        let entries = fs::read_dir(built.join(folder)).expect("it was built");
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().replace('_', "-");
            if !name.starts_with("exercise-02") {
                continue;
            }
            let inner = fs::read_dir(entry.path()).into_iter().flatten().flatten();
            let inner = inner.map(|inner| inner.path());
            let files = inner.chain([entry.path()]).filter(|path| path.is_file());
            files.for_each(|file| set_time(&file, future));
        }
    }
    fs::write(copy.file(), "fn main() { nonsense }").expect("the file can be written");
    copy.cargo(&["grade", "02"])
        .code(2)
        .stderr(contains("cannot find value `nonsense`"));
}

#[test]
fn a_copied_or_renamed_folder_is_graded_by_its_own_file() {
    let original = kept();
    fs::write(original.file(), original.answer()).expect("the file can be written");
    expect_full(&original, true);
    let copy = original.duplicate();
    write_at(&copy, &copy.starter(), yesterday());
    expect_full(&copy, false);
    expect_full(&original, true);
    // `cargo test` as well, and another program by a path from this folder.
    let test = ["test", "--quiet", "--package", "exercise-02"];
    copy.cargo(&test).failure();
    copy.command("cargo")
        .args(test)
        .env("PROGRAM", "python3 tests/answers/right/02/plain.py")
        .assert()
        .success();

    // The commands that read or write files of the project do so in this folder, too.
    copy.cargo(&["grade", "reset", "02"])
        .code(0)
        .stdout(contains("already"));
    let answer = fs::read_to_string(original.file()).expect("the file can be read");
    assert_eq!(answer, original.answer());

    let copy = copy.renamed();
    expect_full(&copy, false);
    copy.cargo(&["grade", "hint", "02"]).code(0);
    copy.cargo(&["grade", "doctor"]).stdout(contains("Rust"));
    write_at(&copy, &copy.answer(), yesterday());
    expect_full(&copy, true);
}

#[test]
fn two_folders_with_one_target_folder_get_their_own_grades() {
    let one = kept();
    let other = one.without_target();
    fs::write(one.file(), one.answer()).expect("the file can be written");
    write_at(&other, &other.starter(), yesterday());
    for _ in 0..2 {
        expect_full(&one, true);
        expect_full(&other, false);
    }
    let folder = other.folder.join(FILE);
    let below = other.at(folder.parent().expect("it is in a folder").to_path_buf());
    expect_full(&below, false);
}

#[test]
fn a_worktree_is_graded_by_its_own_file() {
    let copy = kept();
    let other = copy.without_target();
    let git = |arguments: &[&str]| {
        let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
        let mut command = other.command("git");
        let output = command.args(who).args(arguments).output();
        let output = output.expect("git can be run");
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "All of it"]);
    git(&["worktree", "add", "--quiet", "../tree"]);
    let tree = other.at(other.folder.with_file_name("tree"));
    fs::write(other.file(), other.answer()).expect("the file can be written");
    expect_full(&other, true);
    expect_full(&tree, false);
    expect_full(&other, true);
}

#[test]
fn teachers_commands_and_the_book_are_of_this_folder() {
    let original = kept();
    let copy = original.without_target();
    let removed = copy.folder.join("lessons/07-buffers/exercise");
    fs::remove_dir_all(removed).expect("an exercise can be removed");
    let (class, out) = (copy.folder.join("class"), copy.folder.join("report"));
    fs::create_dir_all(class.join("ada")).expect("a folder");
    fs::write(class.join("ada/01.rs"), "fn main() {}").expect("a file");
    copy.command(workspace::build::package("classroom"))
        .args(["class", "class", "--only", "7", "--no-sandbox", "--out"])
        .arg(&out)
        .assert()
        .code(2)
        .stderr(contains("there is no exercise 07"));

    let chapter = copy.folder.join("mdbook/src/tcp.md");
    let text = fs::read_to_string(&chapter).expect("a chapter can be read");
    fs::write(&chapter, text + "\nA line of this copy.\n").expect("it can be written");
    let site = copy.folder.join("site");
    copy.command(workspace::build::package("book"))
        .args(["build", "--out"])
        .arg(&site)
        .assert()
        .code(0);
    let page = fs::read_to_string(site.join("tcp.html")).expect("the page was built");
    assert!(page.contains("A line of this copy."), "it is another book");
}
