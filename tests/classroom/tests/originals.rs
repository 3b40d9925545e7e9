//! Copies that were handed out earlier, as students hand them in: some files lay elsewhere then.

use classroom::intake::class;
use classroom::intake::originals::Originals;
use grade::exercise::Exercise;
use grade::language::Language;
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use update::hash::sha256;

/// A file of the workspace.
fn ours(path: &str) -> Vec<u8> {
    fs::read(workspace::root().join(path)).expect("a file of the workspace")
}

fn write(folder: &Path, path: &str, bytes: &[u8]) {
    let file = folder.join("alice").join(path);
    fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
    fs::write(file, bytes).expect("a file");
}

/// What a student is told who has handed in the copy in this folder.
fn notices(folder: &Path) -> Vec<String> {
    let class = class(folder, None, None, Language::En);
    let class = class.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(class.submissions.len(), 1, "{:?}", class.submissions);
    let exercises = Exercise::all(workspace::root()).expect("the exercises");
    let originals = Originals::of(workspace::root());
    let handed_in = class.submissions[0].open(&exercises, &originals, Language::En);
    let found: Vec<_> = handed_in.exercises.keys().copied().collect();
    assert_eq!(found, [5], "only that file is an answer");
    handed_in.notices
}

#[test]
fn what_was_given_is_told_from_what_was_changed() {
    let folder = TempDir::new().expect("a folder");
    let folder = folder.path();
    write(folder, "lessons/05-threaded/exercise/main.rs", b"five");
    // What has become another file since is known by the record.
    let manifest = b"[workspace.dependencies]\ngrade = { path = \"tests/grader\" }\n";
    let rubric = b"// as it was then";
    let record = format!(
        "version = '0.1.0'\n[files]\n'Cargo.toml' = '{}'\n'tests/exercise_06.rs' = '{}'",
        sha256(manifest),
        sha256(rubric)
    );
    write(folder, ".handout.toml", record.as_bytes());
    write(folder, "Cargo.toml", manifest);
    write(folder, "tests/exercise_06.rs", rubric);
    // What has only moved is known without one.
    for (path, now) in [
        ("tests/exercise_05.rs", "tests/exercises/exercise_05.rs"),
        ("tests/lesson_05.rs", "tests/lessons/lesson_05.rs"),
        ("tests/twins.rs", "tests/across/twins.rs"),
        ("tests/grader/starters/05.rs", "tests/grade/starters/05.rs"),
    ] {
        write(folder, path, &ours(now));
    }
    assert_eq!(notices(folder), Vec::<String>::new());

    let changed = [
        "Cargo.toml",
        "tests/exercise_05.rs",
        "tests/exercise_06.rs",
        "tests/grader/starters/05.rs",
    ];
    for path in changed {
        write(folder, path, b"changed");
    }
    let notices = notices(folder);
    for path in changed {
        let says =
            |notice: &String| notice.contains("the teacher's are used") && notice.contains(path);
        assert!(notices.iter().any(says), "{path}: {notices:?}");
    }
}
