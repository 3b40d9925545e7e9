//! Several files for an exercise, and files for other languages.

use crate::support::{Folder, assert_says, is, sources, why, zip};
use classroom::intake::Answer;
use grade::catalogue::say;
use grade::language::Language;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn two_different_files_for_an_exercise_are_not_understood() {
    let folder = Folder::with(&[("alice/05.rs", b"a"), ("alice/exercise-05.rs", b"b")]);
    let contents = folder.only();
    let why = why(&contents, 5);
    assert!(why.contains("alice") || (why.contains("05.rs") && why.contains("exercise-05.rs")));
    let folder = Folder::with(&[("alice/05.rs", b"a"), ("alice/exercise-05.rs", b"a")]);
    assert_eq!(sources(&folder.only()), is(&[(5, "a")]));
    // From two places, by the same name.
    let work = zip(&[("05.rs", b"b")]);
    let folder = Folder::with(&[("alice/05.rs", b"a"), ("alice.zip", work.as_slice())]);
    let contents = folder.only();
    assert_eq!(sources(&contents), is(&[(5, "?")]));
    assert_says(&contents.notices, &["05.rs is there twice"]);
}

#[test]
fn the_exact_name_wins_over_others_and_anything_over_the_starter() {
    let starter =
        fs::read(workspace::root().join("tests/grade/starters/05.rs")).expect("the starter");
    let folder = Folder::with(&[
        ("alice/05.rs", b"a"),
        ("alice/05-old.rs", b"b"),
        ("alice/lessons/05-threaded/exercise/main.rs", &starter),
    ]);
    let contents = folder.only();
    assert_eq!(sources(&contents), is(&[(5, "a")]));
    assert_says(
        &contents.notices,
        &["do not count beside 05.rs", "05-old.rs"],
    );
}

#[test]
fn utf_16_is_not_understood_and_a_byte_order_mark_is_no_harm() {
    let utf16: Vec<u8> = "\u{feff}fn main() {}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let folder = Folder::with(&[
        ("alice/05.rs", &utf16),
        ("alice/06.rs", "\u{feff}fn main() {}".as_bytes()),
        ("alice/07.rs", b"// \xc4\xe3"),
    ]);
    let contents = folder.only();
    assert!(why(&contents, 5).contains("UTF-16"));
    assert!(matches!(contents.exercises[&6], Answer::Source(_)));
    assert_eq!(
        contents.exercises[&7],
        Answer::Source(b"// \xc4\xe3".to_vec())
    );
}

#[test]
fn files_for_other_languages_lose_the_folder_that_all_are_in() {
    let cases = [
        (vec!["w/05.py", "w/lib/a.py"], vec!["05.py", "lib/a.py"]),
        (vec!["w/x/05.py"], vec!["05.py"]),
        (vec!["05/main.py"], vec!["05/main.py"]),
        (
            vec!["w/05/main.py", "w/05/a.py"],
            vec!["05/a.py", "05/main.py"],
        ),
        (vec!["05.py", "w/06.py"], vec!["05.py", "w/06.py"]),
    ];
    for (paths, expected) in cases {
        let files: Vec<_> = paths.iter().map(|p| (*p, b"x".as_slice())).collect();
        let folder = Folder::with(&[("alice.zip", zip(&files).as_slice())]);
        let contents = folder.only();
        let found: Vec<_> = contents.files.keys().cloned().collect();
        let expected: Vec<_> = expected.iter().map(PathBuf::from).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn programs_in_other_languages_have_the_names_that_files_in_rust_may_have() {
    let cases: [(&[&str], Option<&str>); 10] = [
        (&["05.py"], Some("05.py")),
        (
            &["exercise-05.py", "exercise-06.py"],
            Some("exercise-05.py"),
        ),
        (&["第五题.py", "helper.py"], Some("第五题.py")),
        (&["main.py"], Some("main.py")),
        (
            &[
                "lessons/05-threaded/exercise/main.py",
                "lessons/06-daemon-threads/exercise/main.py",
            ],
            Some("lessons/05-threaded/exercise/main.py"),
        ),
        (&["05.py", "exercise-05.py"], Some("05.py")),
        (&["exercise-05.py", "ex5.py"], None),
        (&["main.py", "helper.py"], None),
        (&["other.py"], None),
        (&["05.rs"], None),
    ];
    for (names, expected) in cases {
        let folder = Folder::new();
        for name in names {
            folder.write(&format!("alice/{name}"), name.as_bytes());
        }
        let contents = folder.only();
        let found = contents.program("05.py", 5, true).path;
        assert_eq!(found, expected.map(Path::new), "{names:?}");
    }
}

#[test]
fn a_lone_main_is_no_answer_where_several_exercises_are_asked_for() {
    let contents = Folder::with(&[("alice/main.py", b"x")]).only();
    assert_eq!(contents.program("05.py", 5, false).path, None);
}

#[test]
fn the_hash_changes_with_what_was_handed_in_and_with_nothing_else() {
    let hash = |files: &[(&str, &[u8])]| Folder::with(files).only().hash;
    let first = hash(&[("alice/05.rs", b"a")]);
    assert_eq!(first, hash(&[("alice/05.rs", b"a")]));
    assert_eq!(first.len(), 64);
    let others = [
        hash(&[("alice/05.rs", b"b")]),
        hash(&[("alice/06.rs", b"a")]),
        hash(&[("alice/05.rs", b"a"), ("alice/x.txt", b"")]),
        hash(&[("alice/5.rs", b"a")]),
    ];
    assert!(!others.contains(&first));
    // What has no effect and no bytes is told, and so the hash changes with it, too.
    let outside = |name: &str| {
        let work = zip(&[("05.rs", b"a"), (name, b"a")]);
        hash(&[("alice.zip", work.as_slice())])
    };
    assert_ne!(outside("../a"), outside("../b"));
    let folder = Folder::with(&[("alice/05.rs", b"a"), ("alice/evil.rs", b"")]);
    let contents = folder.only();
    let said = |language| say(&contents.notices[0], language);
    assert_ne!(said(Language::En), said(Language::Zh));
}
