//! What students hand in, in the shapes that people really get, and in those that nobody
//! should get.

use classroom::intake::originals::Originals;
use classroom::intake::{self, Class, FILE_LIMIT, Found, Handed, Submission, class};
use classroom::record::Student;
use classroom::roster;
use grade::exercise::Exercise;
use grade::language::Language;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A folder of a class.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// With these files.
    fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = Self::new();
        for (path, bytes) in files {
            folder.write(path, bytes);
        }
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    fn class(&self) -> Class {
        self.class_of(None)
    }

    fn class_of(&self, roster: Option<&[Student]>) -> Class {
        class(self.path(), None, roster, Language::En).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// What the only student has handed in.
    fn only(&self) -> Handed {
        let class = self.class();
        assert_eq!(class.not_understood, []);
        assert_eq!(class.submissions.len(), 1, "{:?}", class.submissions);
        open(&class.submissions[0])
    }
}

fn exercises() -> &'static [Exercise] {
    static EXERCISES: OnceLock<Vec<Exercise>> = OnceLock::new();
    let all = || Exercise::all(workspace::root());
    EXERCISES.get_or_init(|| all().unwrap_or_else(|error| panic!("{error:#}")))
}

fn open(submission: &Submission) -> Handed {
    open_in(submission, Language::En)
}

fn open_in(submission: &Submission, language: Language) -> Handed {
    let originals = Originals::of(workspace::root());
    submission.open(exercises(), &originals, language)
}

fn student(id: &str, name: &str) -> Student {
    Student {
        id: id.to_string(),
        name: name.to_string(),
        language: None,
    }
}

/// The sources by exercise; `?` is what is not understood.
fn sources(handed: &Handed) -> BTreeMap<u32, String> {
    let found = handed.exercises.iter().map(|(number, found)| {
        let text = match found {
            Found::Source(source) => String::from_utf8_lossy(source).into_owned(),
            Found::NotUnderstood(_) => "?".to_string(),
        };
        (*number, text)
    });
    found.collect()
}

fn is(found: &[(u32, &str)]) -> BTreeMap<u32, String> {
    let found = found.iter();
    found.map(|(n, text)| (*n, (*text).to_string())).collect()
}

/// Why an exercise is not understood.
#[track_caller]
fn why(handed: &Handed, exercise: u32) -> &str {
    match handed.exercises.get(&exercise) {
        Some(Found::NotUnderstood(why)) => why,
        other => panic!("exercise {exercise} is {other:?}"),
    }
}

#[track_caller]
fn assert_says(notices: &[String], what: &[&str]) {
    let says = |notice: &String| what.iter().all(|part| notice.contains(part));
    assert!(notices.iter().any(says), "{what:?} is not in {notices:#?}");
}

/// A zip of these files.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(|zip| {
        for (path, bytes) in files {
            zip.start_file(*path, SimpleFileOptions::default())
                .expect("an entry");
            zip.write_all(bytes).expect("its bytes");
        }
    })
}

fn zip_with(fill: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    fill(&mut zip);
    zip.finish().expect("a zip").into_inner()
}

/// Bytes with each occurrence of some replaced by as many others.
fn patched(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut patched = bytes.to_vec();
    let mut times = 0;
    for at in 0..bytes.len().saturating_sub(from.len()) {
        if bytes[at..].starts_with(from) {
            patched[at..at + to.len()].copy_from_slice(to);
            times += 1;
        }
    }
    assert!(times > 0, "{from:?} is not there");
    patched
}

// The shapes.

#[test]
fn loose_files_by_any_name_that_has_the_number() {
    let names = [
        "exercise-05.rs",
        "exercise_05.rs",
        "Exercise 5.rs",
        "05.rs",
        "5.rs",
        "ex05.rs",
        "EX5.RS",
        "练习05.rs",
        "０５.rs",
        "05 (1).rs",
        "05_final.rs",
        "05/main.rs",
        "exercise-05/main.rs",
        "exercise-05/src/main.rs",
        "05-threaded/exercise/main.rs",
        "05-threaded/main.rs",
        "hand-in/deep/er/exercise_05.rs",
    ];
    for name in names {
        let folder = Folder::with(&[(&format!("alice/{name}"), b"five")]);
        let class = folder.class();
        assert_eq!(class.submissions[0].student, student("alice", "alice"));
        assert_eq!(
            sources(&open(&class.submissions[0])),
            is(&[(5, "five")]),
            "{name}"
        );
    }
}

#[test]
fn names_that_say_no_exercise_are_named() {
    for name in [
        "solution.rs",
        "main.rs",
        "05-06.rs",
        "2024.rs",
        "08.rs",
        "05/src/lib.rs",
    ] {
        let handed = Folder::with(&[(&format!("alice/{name}"), b"x")]).only();
        assert_eq!(sources(&handed), is(&[]), "{name}");
        assert_says(
            &handed.notices,
            &["do not count", name.rsplit('/').next().unwrap_or(name)],
        );
    }
    let handed = Folder::with(&[("alice/report.docx", b"x")]).only();
    assert!(handed.notices.is_empty(), "{:?}", handed.notices);
    let others: Vec<_> = handed.for_other_languages.into_iter().collect();
    assert_says(&others, &["other languages", "report.docx"]);
}

#[test]
fn a_copy_of_the_handout_and_what_of_it_was_changed() {
    let workspace = workspace::root();
    let copy = |path: &str| fs::read(workspace.join(path)).expect("a file of the workspace");
    let manifest = copy("Cargo.toml");
    let cut = String::from_utf8(manifest.clone()).expect("text");
    let cut = cut.replace("    \"tests/answers\",\n", "");
    let evil = cut.replace("publish = false", "publish = true");
    let starter = copy("tests/grade/starters/03.rs");
    // As git on Windows writes it.
    let with_crlf = String::from_utf8(copy("tests/exercises/exercise_06.rs")).expect("text");
    let with_crlf = with_crlf.replace('\n', "\r\n").into_bytes();
    // What comes in a zip has one more folder around it.
    for root in ["", "sockets-main/", "a/b/"] {
        let file = |path: &str, bytes: &[u8]| (format!("alice/{root}{path}"), bytes.to_vec());
        let honest = [
            file("lessons/05-threaded/exercise/main.rs", b"five"),
            file("lessons/03-reuseaddr/exercise/main.rs", &starter),
            file(
                "lessons/05-threaded/exercise/main.before-reset-1.rs",
                b"old",
            ),
            file("lessons/05-threaded/src/main.rs", b"played with"),
            file(
                "tests/exercises/exercise_05.rs",
                &copy("tests/exercises/exercise_05.rs"),
            ),
            file(
                "tests/grade/starters/05.rs",
                &copy("tests/grade/starters/05.rs"),
            ),
            file("tests/exercises/exercise_06.rs", &with_crlf),
            file("Cargo.toml", cut.as_bytes()),
            file("Cargo.lock", &copy("Cargo.lock")),
            file(".cargo/config.toml", &copy(".cargo/config.toml")),
            file("target/debug/05.rs", b"litter"),
            file(".git/05.rs", b"litter"),
        ];
        let folder = Folder::new();
        for (path, bytes) in &honest {
            folder.write(path, bytes);
        }
        let handed = folder.only();
        let starter = String::from_utf8_lossy(&starter);
        assert_eq!(sources(&handed), is(&[(3, &starter), (5, "five")]));
        assert_eq!(handed.notices, Vec::<String>::new());

        let hostile = [
            file(
                "tests/exercises/exercise_05.rs",
                b"#[test] fn all_is_well() {}",
            ),
            file("tests/more.rs", b"x"),
            file("Cargo.toml", evil.as_bytes()),
            file("lessons/05-threaded/exercise/build.rs", b"fn main() {}"),
            file(
                ".cargo/config.toml",
                b"[build]\nrustc-wrapper = '/tmp/evil'",
            ),
            file(
                "Cargo.lock",
                b"[[package]]\nname = 'anyhow'\nversion = '9.9.9'",
            ),
        ];
        for (path, bytes) in &hostile {
            folder.write(path, bytes);
        }
        folder.write(
            &format!("alice/{root}lessons/05-threaded/exercise/helper.rs"),
            b"x",
        );
        let handed = folder.only();
        assert_eq!(sources(&handed)[&5], "five");
        for (path, _) in hostile {
            let path = path
                .strip_prefix("alice/")
                .expect("it is below")
                .to_string();
            assert_says(&handed.notices, &["the teacher's are used", &path]);
        }
        assert_says(&handed.notices, &["do not count", "helper.rs"]);
    }
}

#[test]
fn what_the_handout_has_of_its_own_is_not_held_against_a_student() {
    let sum = sum(b"as given");
    let record =
        format!("[files]\n'tests/of_the_handout.rs' = '{sum}'\n'README.zh-CN.md' = '{sum}'");
    let workspace = workspace::root();
    let config = fs::read_to_string(workspace.join(".cargo/config.toml")).expect("the settings");
    // As `cargo grade handout --vendor` writes it.
    let vendored = "[source.crates-io]\nreplace-with = \"vendored\"\n\n\
                    [source.vendored]\ndirectory = \"vendor\"\n";
    let folder = Folder::with(&[
        ("alice/lessons/05-threaded/exercise/main.rs", b"five"),
        ("alice/.handout.toml", record.as_bytes()),
        ("alice/tests/of_the_handout.rs", b"as given"),
        ("alice/README.zh-CN.md", b"as given"),
        (
            "alice/.cargo/config.toml",
            format!("{config}{vendored}").as_bytes(),
        ),
        ("alice/vendor/anyhow/build.rs", b"a dependency's"),
    ]);
    assert_eq!(folder.only().notices, Vec::<String>::new());
    folder.write("alice/tests/of_the_handout.rs", b"changed");
    let elsewhere = vendored.replace("\"vendor\"", "\"/tmp/evil\"");
    folder.write(
        "alice/.cargo/config.toml",
        format!("{config}{elsewhere}").as_bytes(),
    );
    let handed = folder.only();
    assert_says(
        &handed.notices,
        &["do not count", "tests/of_the_handout.rs"],
    );
    assert_says(&handed.notices, &["do not count", ".cargo/config.toml"]);
}

#[test]
fn a_copy_of_an_earlier_handout_is_told_from_one_that_was_changed() {
    let workspace = workspace::root();
    let copy = |path: &str| fs::read(workspace.join(path)).expect("a file of the workspace");
    let manifest = b"[workspace.dependencies]\ngrade = { path = \"tests/grader\" }\n";
    let rubric = b"// as it was then";
    let record = format!(
        "version = '0.1.0'\n[files]\n'Cargo.toml' = '{}'\n'tests/exercise_06.rs' = '{}'",
        sum(manifest),
        sum(rubric)
    );
    let folder = Folder::with(&[
        ("alice/lessons/05-threaded/exercise/main.rs", b"five"),
        ("alice/.handout.toml", record.as_bytes()),
        // What has become another file since is known by the record.
        ("alice/Cargo.toml", manifest),
        ("alice/tests/exercise_06.rs", rubric),
        // What has only moved is known without one.
        (
            "alice/tests/exercise_05.rs",
            &copy("tests/exercises/exercise_05.rs"),
        ),
        (
            "alice/tests/lesson_05.rs",
            &copy("tests/lessons/lesson_05.rs"),
        ),
        ("alice/tests/twins.rs", &copy("tests/across/twins.rs")),
        (
            "alice/tests/grader/starters/05.rs",
            &copy("tests/grade/starters/05.rs"),
        ),
    ]);
    let handed = folder.only();
    assert_eq!(sources(&handed), is(&[(5, "five")]));
    assert_eq!(handed.notices, Vec::<String>::new());

    let changed = [
        "Cargo.toml",
        "tests/exercise_05.rs",
        "tests/exercise_06.rs",
        "tests/grader/starters/05.rs",
    ];
    for path in changed {
        folder.write(&format!("alice/{path}"), b"changed");
    }
    let handed = folder.only();
    assert_eq!(sources(&handed), is(&[(5, "five")]));
    for path in changed {
        assert_says(&handed.notices, &["the teacher's are used", path]);
    }
}

fn sum(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let bytes = Sha256::digest(bytes);
    bytes
        .iter()
        .fold(String::new(), |sum, byte| sum + &format!("{byte:02x}"))
}

#[test]
fn zips_by_student_and_zips_in_folders() {
    let work = zip(&[("05.rs", b"five"), ("sub/06.rs", b"six")]);
    let five = zip(&[("main.rs", b"five")]);
    let folder = Folder::with(&[
        ("alice.zip", work.as_slice()),
        ("bob/work.zip", work.as_slice()),
        ("carol/05.zip", five.as_slice()),
        ("dan_exercise-05.zip", five.as_slice()),
        ("team_5.zip", work.as_slice()),
    ]);
    let class = folder.class();
    let found: Vec<_> = class
        .submissions
        .iter()
        .map(|one| (one.student.id.as_str(), sources(&open(one))))
        .collect();
    let both = is(&[(5, "five"), (6, "six")]);
    let one = is(&[(5, "five")]);
    let expected = [
        ("alice", both.clone()),
        ("bob", both.clone()),
        ("carol", one.clone()),
        ("dan", one),
        ("team_5", both),
    ];
    assert_eq!(found, expected);
}

#[test]
fn files_named_by_student_and_exercise() {
    let folder = Folder::with(&[
        ("alice_05.rs", b"five"),
        ("alice-exercise_06.rs", b"six"),
        ("bob lee_5.rs", b"bob's"),
        ("bob lee_05.py", b"bob's python"),
        ("05.rs", b"whose"),
        ("notes.txt", b"?"),
        ("list_05.csv", b"?"),
        (".DS_Store", b"?"),
        // Somebody may be called that.
        ("vendor/05.rs", b"?"),
    ]);
    let class = folder.class();
    let [alice, bob] = class.submissions.as_slice() else {
        panic!("{:?}", class.submissions);
    };
    assert_eq!(alice.paths.len(), 2);
    assert_eq!(sources(&open(alice)), is(&[(5, "five"), (6, "six")]));
    assert_eq!(bob.student.id, "bob lee");
    let handed = open(bob);
    assert_eq!(sources(&handed), is(&[(5, "bob's")]));
    // The names are those that a template such as `python3 {dir}/05.py` asks for.
    assert_eq!(handed.files[Path::new("05.py")], b"bob's python");
    let names: Vec<_> = class
        .not_understood
        .iter()
        .map(|it| {
            (
                it.path
                    .file_name()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned(),
                &it.reason,
            )
        })
        .collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names[3].0 == "vendor" && names[3].1.contains("left out"));
    assert!(names[0].0 == "05.rs" && names[0].1.contains("whose it is"));
    assert!(names[1].0 == "list_05.csv" && names[2].0 == "notes.txt");
}

#[test]
fn moodle() {
    let work = zip(&[("work/06.rs", b"six")]);
    let folder = Folder::with(&[
        (
            "Alice Lin_12345_assignsubmission_file_/exercise-05.rs",
            b"five",
        ),
        (
            "Alice Lin_12345_assignsubmission_onlinetext_/onlinetext.html",
            b"<p>hi",
        ),
        ("张三_777_assignsubmission_file/work.zip", work.as_slice()),
        // A folder that somebody has zipped.
        ("李四_999_assignsubmission_file_.zip", work.as_slice()),
        // Without a folder for each.
        ("O'Neil_Bob_888_assignsubmission_file_05.rs", b"bob's"),
        (
            "O'Neil_Bob_888_assignsubmission_file_main (1).zip",
            work.as_slice(),
        ),
    ]);
    let class = folder.class();
    let found: Vec<_> = class
        .submissions
        .iter()
        .map(|one| (one.student.clone(), sources(&open(one))))
        .collect();
    let expected = [
        (student("12345", "Alice Lin"), is(&[(5, "five")])),
        (student("777", "张三"), is(&[(6, "six")])),
        (
            student("888", "O'Neil_Bob"),
            is(&[(5, "bob's"), (6, "six")]),
        ),
        (student("999", "李四"), is(&[(6, "six")])),
    ];
    assert_eq!(found, expected);
    assert_eq!(class.not_understood, []);
}

#[test]
fn canvas() {
    let folder = Folder::with(&[
        ("linalice_12345_67890_exercise-05.rs", b"five"),
        ("linalice_12345_67891_6-1.rs", b"six"),
        ("leebob_LATE_222_333_exercise-07-2.rs", b"seven"),
        ("leebob_late_222_334_exercise-01.rs", b"one"),
    ]);
    let roster = [
        student("s1", "Alice Lin"),
        student("s2", "Lee, Bob"),
        student("s3", "Eve"),
    ];
    let class = folder.class_of(Some(&roster));
    let found: Vec<_> = class
        .submissions
        .iter()
        .map(|one| (one.student.clone(), sources(&open(one))))
        .collect();
    let expected = [
        (roster[0].clone(), is(&[(5, "five"), (6, "six")])),
        (roster[1].clone(), is(&[(1, "one"), (7, "seven")])),
    ];
    assert_eq!(found, expected);
    assert_eq!(class.missing, [roster[2].clone()]);
    assert_eq!(class.notices, Vec::<String>::new());
    let ids: Vec<_> = folder
        .class()
        .submissions
        .into_iter()
        .map(|s| s.student.id)
        .collect();
    assert_eq!(ids, ["12345", "222"]);
}

#[test]
fn a_platforms_zip_of_all_given_or_alone_in_the_folder() {
    let inner = zip(&[("05.rs", b"bob's")]);
    let all = zip(&[
        ("Alice_1_assignsubmission_file_/05.rs", b"alice's"),
        ("Bob_2_assignsubmission_file_/work.zip", inner.as_slice()),
        ("Eve_3_assignsubmission_file_05.rs", b"eve's"),
    ]);
    let folder = Folder::with(&[("CS101-sockets-4711.zip", all.as_slice())]);
    let file = folder.path().join("CS101-sockets-4711.zip");
    for path in [folder.path(), &file] {
        let class = class(path, None, None, Language::En).expect("a class");
        let found: Vec<_> = class
            .submissions
            .iter()
            .map(|one| (one.student.name.as_str(), sources(&open(one))))
            .collect();
        let expected = [
            ("Alice", is(&[(5, "alice's")])),
            ("Bob", is(&[(5, "bob's")])),
            ("Eve", is(&[(5, "eve's")])),
        ];
        assert_eq!(found, expected);
    }
    // Somebody's own zip is not taken for that of all.
    let folder = Folder::with(&[("alice.zip", inner.as_slice())]);
    assert_eq!(folder.class().submissions[0].student.id, "alice");
    // Nor if it has been made to look like that.
    let forged = zip(&[("Bob_2_assignsubmission_file_/05.rs", b"alice's")]);
    let folder = Folder::with(&[("alice.zip", forged.as_slice())]);
    let roster = [student("alice", "Alice A"), student("2", "Bob")];
    let class = folder.class_of(Some(&roster));
    assert_eq!(class.submissions.len(), 1);
    assert_eq!(class.submissions[0].student.id, "alice");
}

#[test]
fn a_platforms_number_is_no_id_of_somebody_with_another_name() {
    let folder = Folder::with(&[
        ("Bob Unknown_100_assignsubmission_file_/05.rs", b"bob's"),
        ("Alyce Abel_200_assignsubmission_file_/05.rs", b"alice's"),
    ]);
    let roster = [student("100", "Eve Adams"), student("200", "Alice Abel")];
    let class = folder.class_of(Some(&roster));
    let found: Vec<_> = class
        .submissions
        .iter()
        .map(|one| (one.student.name.as_str(), sources(&open(one))))
        .collect();
    // A name may be misspelt.
    assert_eq!(found, [("Alice Abel", is(&[(5, "alice's")]))]);
    assert_eq!(class.missing, [student("100", "Eve Adams")]);
    let refused = &class.not_understood[0];
    assert!(
        refused
            .path
            .ends_with("Bob Unknown_100_assignsubmission_file_")
    );
    assert!(refused.reason.contains("not in the roster"), "{refused:?}");
}

#[test]
fn a_zip_of_folders_given_instead_of_a_folder() {
    let all = zip(&[
        ("class/alice/05.rs", b"a"),
        ("class/bob_ex05/main.rs", b"b"),
    ]);
    let folder = Folder::with(&[("class.zip", all.as_slice())]);
    let class = class(&folder.path().join("class.zip"), None, None, Language::En).expect("a class");
    let found: Vec<_> = class
        .submissions
        .iter()
        .map(|one| (one.student.id.as_str(), sources(&open(one))))
        .collect();
    assert_eq!(
        found,
        [("alice", is(&[(5, "a")])), ("bob", is(&[(5, "b")]))]
    );
}

#[test]
fn a_zip_of_a_folder_of_zips() {
    let of = |text: &str| zip(&[("05.rs", text.as_bytes())]);
    let (ann, bob) = (of("ann's"), of("bob's"));
    let all = zip(&[("class/ann.zip", &ann), ("class/bob.zip", &bob)]);
    let folder = Folder::with(&[("class.zip", all.as_slice())]);
    let class = class(&folder.path().join("class.zip"), None, None, Language::En).expect("a class");
    let found: Vec<_> = class
        .submissions
        .iter()
        .map(|one| (one.student.id.as_str(), sources(&open(one))))
        .collect();
    let expected = [("ann", is(&[(5, "ann's")])), ("bob", is(&[(5, "bob's")]))];
    assert_eq!(found, expected);
}

#[test]
fn the_report_in_the_folder_of_the_class_is_no_submission() {
    let folder = Folder::with(&[("alice/05.rs", b"a"), ("report/results/alice.json", b"{}")]);
    let report = folder.path().join("report");
    let class = class(folder.path(), Some(&report), None, Language::En).expect("a class");
    assert_eq!(class.submissions.len(), 1, "{:?}", class.submissions);
    assert_eq!(class.submissions[0].student.id, "alice");
}

#[test]
fn what_a_student_calls_a_file_gives_it_to_nobody_else() {
    let roster = [student("20210012", "Bob Chen"), student("7", "Ann Li")];
    let folder = Folder::with(&[(
        "liann_4711_9876_x_20210012_assignsubmission_file_05.rs",
        b"ann's",
    )]);
    let class = folder.class_of(Some(&roster));
    assert_eq!(class.submissions.len(), 1, "{class:?}");
    assert_eq!(class.submissions[0].student.id, "7");
}

#[test]
fn tables_in_tables_without_end_are_no_danger() {
    let key = vec!["a"; 80].join(".");
    let deep = format!("{} 1 {}", format!("{key} = {{").repeat(79), "}".repeat(79));
    let deep = deep.replacen("= { 1", "= { a = 1", 1);
    let folder = Folder::with(&[
        ("ann/lessons/05-threaded/exercise/main.rs", b"ann's"),
        ("ann/.handout.toml", deep.as_bytes()),
        ("ann/Cargo.toml", deep.as_bytes()),
    ]);
    let class = folder.class();
    // As the grader does.
    let handed = std::thread::Builder::new()
        .stack_size(intake::STACK)
        .spawn(move || open(&class.submissions[0]))
        .expect("a thread")
        .join()
        .expect("it has come back");
    assert_eq!(sources(&handed), is(&[(5, "ann's")]));
    assert_says(&handed.notices, &["Cargo.toml"]);
}

#[test]
fn of_too_many_things_to_say_only_some_are_said() {
    let names: Vec<_> = (0..1000).map(|n| format!("../{n}.txt")).collect();
    let mut files: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), &b"x"[..]))
        .collect();
    files.push(("05.rs", b"a"));
    let folder = Folder::with(&[("ann.zip", zip(&files).as_slice())]);
    let handed = folder.only();
    assert_eq!(sources(&handed), is(&[(5, "a")]));
    assert!(handed.notices.len() <= 102, "{}", handed.notices.len());
    assert_says(&handed.notices, &["900 more"]);
}

// Who.

#[test]
fn who_is_matched_by_id_then_by_name_in_any_order() {
    let roster = [
        student("0012", "Zoë Müller"),
        student("20210001", "张三"),
        student("s3", "Anna Maria Rossi"),
        student("s4", "Wang Wei"),
        student("s5", "Wei Wang"),
        student("s6", "Ghost"),
    ];
    // (The name of the folder, who it is).
    let cases = [
        ("0012", "0012"),
        ("12", "0012"),
        // Composed of two characters, as macOS writes it.
        ("ZOE\u{308} Mu\u{308}ller", "0012"),
        ("müller, zoë", "0012"),
        ("20210001-张三", "20210001"),
        ("李四_20210001", "20210001"),
        ("三 张", "20210001"),
        ("Rossi_Anna Maria_555_assignsubmission_file_", "s3"),
        ("rossi-anna-maria", "s3"),
        // Exactly so, and not the other way round.
        ("Wang Wei", "s4"),
        ("Wei Wang", "s5"),
        // Full-width letters, as Chinese input methods make them.
        ("Ｗａｎｇ Ｗｅｉ", "s4"),
        ("wangwei", "wangwei"),
        ("Somebody Else", "Somebody Else"),
    ];
    for (name, id) in cases {
        let folder = Folder::with(&[(&format!("{name}/05.rs"), b"x")]);
        let class = folder.class_of(Some(&roster));
        assert_eq!(class.submissions[0].student.id, id, "{name}");
        let is_known = roster.iter().any(|student| student.id == id);
        assert_eq!(class.missing.len(), roster.len() - usize::from(is_known));
        assert_eq!(
            class.notices.is_empty(),
            is_known,
            "{name}: {:?}",
            class.notices
        );
        let handed = open(&class.submissions[0]);
        assert_eq!(sources(&handed), is(&[(5, "x")]));
        assert_eq!(handed.notices.is_empty(), is_known);
    }
    let folder = Folder::with(&[("wangwei/05.rs", b"x")]);
    let class = folder.class_of(Some(&roster));
    assert_says(
        &class.notices,
        &["Wang Wei (s4)", "Wei Wang (s5)", "wangwei"],
    );
}

#[test]
fn a_platforms_number_that_is_another_students_id_gives_nobody_the_work() {
    let roster = [student("100", "Alice"), student("200", "Bob")];
    let folder = Folder::with(&[("Bob_100_assignsubmission_file_/05.rs", b"x")]);
    let class = folder.class_of(Some(&roster));
    assert_eq!(class.submissions.len(), 0);
    assert_eq!(class.missing, roster);
    let reason = &class.not_understood[0].reason;
    assert!(
        reason.contains("Alice (100)") && reason.contains("Bob (200)"),
        "{reason}"
    );
}

#[test]
fn ids_that_differ_in_their_letters_case_are_two() {
    let roster = [student("A1", "Ann"), student("a1", "Bea")];
    let folder = Folder::with(&[("a1/05.rs", b"bea's"), ("A1/06.rs", b"ann's")]);
    let class = folder.class_of(Some(&roster));
    let names: Vec<_> = class
        .submissions
        .iter()
        .map(|one| (one.student.name.as_str(), sources(&open(one))))
        .collect();
    let expected = [("Ann", is(&[(6, "ann's")])), ("Bea", is(&[(5, "bea's")]))];
    assert_eq!(names, expected);
}

#[test]
fn loose_files_with_a_roster() {
    let roster = [
        student("a_05", "Ann"),
        student("bob", "Bob"),
        student("s7", "Dan"),
    ];
    let folder = Folder::with(&[
        ("a_05_06.rs", b"ann's six"),
        ("s7 Dan 05.rs", b"dan's"),
        ("bob.rar", b"Rar!"),
        ("carol_05.rs", b"carol's"),
        ("notes.rar", b"?"),
    ]);
    let class = folder.class_of(Some(&roster));
    let ids: Vec<_> = class
        .submissions
        .iter()
        .map(|s| s.student.id.as_str())
        .collect();
    assert_eq!(ids, ["a_05", "bob", "carol", "s7"]);
    assert_eq!(
        sources(&open(&class.submissions[0])),
        is(&[(6, "ann's six")])
    );
    assert_eq!(sources(&open(&class.submissions[3])), is(&[(5, "dan's")]));
    // It is there, and nobody knows what is in it.
    let handed = open(&class.submissions[1]);
    assert_eq!(handed.exercises.len(), 7);
    assert!(why(&handed, 5).contains("only zip is read"));
    assert_says(&class.notices, &["carol_05.rs", "not in the roster"]);
    assert_eq!(class.not_understood.len(), 1);
    assert_eq!(class.missing, []);
}

#[test]
fn a_roster_as_spreadsheets_write_it() {
    let expected = [student("007", "Bond, James"), student("8", "张三")];
    let gbk = encoding_rs::GBK
        .encode("学号,姓名\r\n007,\"Bond, James\"\r\n8,张三\r\n")
        .0;
    let utf16: Vec<u8> = "\u{feff}id\tname\r\n007\tBond, James\r\n8\t张三\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let rosters: [&[u8]; 7] = [
        "id,name\n007,\"Bond, James\"\n8,张三\n".as_bytes(),
        "\u{feff}Student ID;Full Name;Email\r\n007;Bond, James;x\r\n\r\n;;\r\n8;张三\r\n"
            .as_bytes(),
        "sep=;\nSID;NAME\n007;Bond, James\n8;张三".as_bytes(),
        "name\tstudent_id\nBond, James\t007\n张三\t8\n".as_bytes(),
        "ＩＤ,Name\n 007 ,\"Bond, James\"\n8, 张三 \n".as_bytes(),
        &gbk,
        &utf16,
    ];
    for bytes in rosters {
        let folder = Folder::with(&[("roster.csv", bytes)]);
        let found = roster::read(&folder.path().join("roster.csv"));
        let found = found.unwrap_or_else(|error| panic!("{error:#}"));
        assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(bytes));
    }
    let folder = Folder::with(&[("roster.csv", b"First Name,Last Name,SID\nJo,Lee,1\n,,2\n")]);
    let found = roster::read(&folder.path().join("roster.csv")).expect("a roster");
    assert_eq!(found, [student("1", "Jo Lee"), student("2", "2")]);
}

#[test]
fn a_roster_says_who_reads_which_language() {
    let rosters = [
        "id,name,language\n1,A,zh-CN\n2,B,English\n3,C,\n",
        "学号,姓名,语言\n1,A,中文\n2,B,英语\n3,C,\n",
    ];
    for text in rosters {
        let folder = Folder::with(&[("roster.csv", text.as_bytes())]);
        let students = roster::read(&folder.path().join("roster.csv")).expect("a roster");
        let languages: Vec<_> = students.iter().map(|student| student.language).collect();
        assert_eq!(languages, [Some(Language::Zh), Some(Language::En), None]);
    }
}

#[test]
fn a_roster_that_is_wrong_says_where() {
    let cases: [(&[u8], &[&str]); 7] = [
        (b"", &["it is empty"]),
        (b"who,what\na,b\n", &["columns id and name", "who, what"]),
        (b"id,name\n1,A\n\n2,B\n1,C\n", &["lines 2 and 5", "\"1\""]),
        (b"id,name\n1,A\n,B\n", &["line 3", "no id"]),
        (b"\xef\xbb\xbfid,name\n1,\xff\n", &["UTF-8"]),
        (b"id,name\n1,\x81\x20\n", &["nor GBK"]),
        (b"id,name,lang\n1,A,en\n2,B,fr\n", &["line 3", "\"fr\""]),
    ];
    for (bytes, parts) in cases {
        let folder = Folder::with(&[("roster.csv", bytes)]);
        let error = roster::read(&folder.path().join("roster.csv")).expect_err("an error");
        let error = format!("{error:#}");
        for part in parts.iter().chain(&["roster.csv"]) {
            assert!(error.contains(part), "{part:?} is not in {error:?}");
        }
    }
    let error = roster::read(Path::new("/nowhere/roster.csv")).expect_err("an error");
    assert!(format!("{error:#}").contains("/nowhere/roster.csv"));
}

// Several files for an exercise.

#[test]
fn two_different_files_for_an_exercise_are_not_understood() {
    let folder = Folder::with(&[("alice/05.rs", b"a"), ("alice/exercise-05.rs", b"b")]);
    let handed = folder.only();
    let why = why(&handed, 5);
    assert!(why.contains("alice") || (why.contains("05.rs") && why.contains("exercise-05.rs")));
    let folder = Folder::with(&[("alice/05.rs", b"a"), ("alice/exercise-05.rs", b"a")]);
    assert_eq!(sources(&folder.only()), is(&[(5, "a")]));
    // From two places, by the same name.
    let work = zip(&[("05.rs", b"b")]);
    let folder = Folder::with(&[("alice/05.rs", b"a"), ("alice.zip", work.as_slice())]);
    let handed = folder.only();
    assert_eq!(sources(&handed), is(&[(5, "?")]));
    assert_says(&handed.notices, &["05.rs is there twice"]);
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
    let handed = folder.only();
    assert_eq!(sources(&handed), is(&[(5, "a")]));
    assert_says(&handed.notices, &["do not count beside 05.rs", "05-old.rs"]);
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
    let handed = folder.only();
    assert!(why(&handed, 5).contains("UTF-16"));
    assert!(matches!(handed.exercises[&6], Found::Source(_)));
    assert_eq!(handed.exercises[&7], Found::Source(b"// \xc4\xe3".to_vec()));
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
        let handed = folder.only();
        let found: Vec<_> = handed.files.keys().cloned().collect();
        let expected: Vec<_> = expected.iter().map(PathBuf::from).collect();
        assert_eq!(found, expected);
    }
}

// What should not be there.

#[test]
fn paths_in_zips_that_lead_outside_have_no_effect() {
    let bad = [
        "../05.rs",
        "a/../../05.rs",
        "a/../05.rs",
        "/tmp/05.rs",
        "C:/05.rs",
        "C:\\05.rs",
        "..\\..\\05.rs",
        "\\\\server\\share\\05.rs",
        "a//05.rs",
        "a:b/05.rs",
        "new\nline/05.rs",
    ];
    for name in bad {
        let work = zip(&[(name, b"evil"), ("06.rs", b"six")]);
        let handed = Folder::with(&[("alice.zip", work.as_slice())]).only();
        assert_eq!(sources(&handed), is(&[(6, "six")]), "{name:?}");
        assert_eq!(handed.files.len(), 1);
        assert_says(&handed.notices, &["05.rs does not count"]);
        assert!(!handed.notices.concat().contains('\n'));
    }
    let long = format!("{}/05.rs", "x".repeat(256));
    let deep = format!("{}05.rs", "x/".repeat(600));
    let work = zip(&[(&long, b"x"), (&deep, b"x")]);
    let handed = Folder::with(&[("alice.zip", work.as_slice())]).only();
    assert_eq!(handed.files.len(), 0);
    assert_says(&handed.notices, &["too long"]);
}

#[test]
fn the_separators_and_names_of_windows_are_understood() {
    let work = zip(&[("hand-in\\05.rs", b"five"), ("hand-in\\AAAA.txt", b"x")]);
    let (name, _, _) = encoding_rs::GBK.encode("练习");
    let work = patched(&work, b"AAAA", &name);
    let handed = Folder::with(&[("alice.zip", work.as_slice())]).only();
    assert_eq!(sources(&handed), is(&[(5, "five")]));
    assert_eq!(handed.files[Path::new("练习.txt")], b"x");
    // A character whose second byte is that of a backslash.
    let (name, _, _) = encoding_rs::GBK.decode(b"\xd5\x5c");
    let work = zip(&[("BB.txt", b"x"), ("05.rs", b"five")]);
    let work = patched(&work, b"BB", b"\xd5\x5c");
    let handed = Folder::with(&[("alice.zip", work.as_slice())]).only();
    let path = PathBuf::from(format!("{name}.txt"));
    assert!(
        handed.files.contains_key(&path),
        "{:?}",
        handed.files.keys()
    );
}

#[test]
fn links_and_closed_archives_in_zips_have_no_effect() {
    let inner = zip(&[("05.rs", b"evil")]);
    let work = zip_with(|zip| {
        let options = SimpleFileOptions::default();
        zip.add_symlink("05.rs", "/etc/passwd", options)
            .expect("a link");
        zip.add_symlink("out", "/etc", options).expect("a link");
        zip.start_file("inner.zip", options).expect("a file");
        zip.write_all(&inner).expect("bytes");
        zip.start_file("04.rs", options).expect("a file");
        zip.start_file("06.rs", options).expect("a file");
        zip.write_all(b"six").expect("bytes");
    });
    let mut work = work;
    // In the list, the type of a file is 8 bytes before its name, with its mode; 1 is a pipe.
    let name = work.windows(5).rposition(|bytes| bytes == b"04.rs");
    work[name.expect("a name") - 5] = 0o010_644_u16.to_le_bytes()[1];
    let handed = Folder::with(&[("alice.zip", work.as_slice())]).only();
    assert_eq!(sources(&handed)[&6], "six");
    assert_says(&handed.notices, &["05.rs does not count", "link"]);
    assert_says(&handed.notices, &["out does not count", "link"]);
    assert_says(&handed.notices, &["04.rs does not count", "neither a file"]);
    assert_says(&handed.notices, &["inner.zip stays closed"]);
    // It may have been in there.
    assert!(why(&handed, 5).contains("inner.zip"));
    assert!(!handed.files.contains_key(Path::new("05.rs")));
}

#[test]
fn an_encrypted_file_is_named_and_the_others_count() {
    let mut work = zip(&[("05.rs", b"five"), ("06.rs", b"six")]);
    // Bit 0 of the flags, 6 bytes into a local header and 8 bytes into one of the list.
    for (header, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at = work.windows(4).position(|bytes| bytes == header);
        work[at.expect("a header") + flags] |= 1;
    }
    let handed = Folder::with(&[("alice.zip", work.as_slice())]).only();
    assert!(why(&handed, 5).contains("encrypted"));
    assert_eq!(sources(&handed)[&6], "six");
}

#[test]
fn damaged_zips_are_not_understood() {
    let good = zip(&[("05.rs", b"five five five five five five five five")]);
    let mut wrong_sum = good.clone();
    let at = wrong_sum
        .windows(4)
        .position(|bytes| bytes == b"PK\x01\x02")
        .expect("a header");
    wrong_sum[at + 16] ^= 1;
    let local = wrong_sum
        .windows(4)
        .position(|bytes| bytes == b"PK\x03\x04")
        .expect("a header");
    wrong_sum[local + 14] ^= 1;
    for bytes in [
        b"no zip".to_vec(),
        Vec::new(),
        good[..good.len() / 2].to_vec(),
        wrong_sum,
    ] {
        let handed = Folder::with(&[("alice.zip", bytes.as_slice())]).only();
        assert!(
            why(&handed, 5).contains("cannot be read"),
            "{:?}",
            handed.exercises
        );
    }
}

#[test]
fn two_files_of_the_same_name_in_a_zip_are_not_understood() {
    let work = zip(&[("05.rs", b"mine"), ("0X.rs", b"not mine")]);
    let work = patched(&work, b"0X.rs", b"05.rs");
    let handed = Folder::with(&[("alice.zip", work.as_slice())]).only();
    assert!(why(&handed, 5).contains("same name"));
    // By names that only mean the same.
    let work = zip(&[("a/05.rs", b"mine"), ("a\\05.rs", b"not mine")]);
    let handed = Folder::with(&[("alice.zip", work.as_slice())]).only();
    assert_eq!(sources(&handed), is(&[(5, "?")]));
}

#[test]
fn a_file_where_a_folder_is_does_not_count() {
    for paths in [["a", "a/05.rs"], ["a", "a/x"], ["a/x", "a"]] {
        let work = zip(&[(paths[0], b"x"), (paths[1], b"x")]);
        let handed = Folder::with(&[("alice.zip", work.as_slice())]).only();
        assert_eq!(handed.files.len(), 1);
        assert_says(&handed.notices, &["have the same name"]);
    }
}

#[test]
fn a_zip_bomb_is_not_unpacked_whatever_it_says_of_its_size() {
    let zeros = vec![0; 5_000_000];
    let honest = zip(&[("05.rs", zeros.as_slice()), ("06.rs", b"six")]);
    assert!(honest.len() < 10_000);
    let said = u32::try_from(zeros.len()).expect("a size").to_le_bytes();
    let lying = patched(&honest, &said, &100_u32.to_le_bytes());
    for (bytes, what) in [(honest, "larger than 1000000 bytes"), (lying, "05.rs")] {
        let handed = Folder::with(&[("alice.zip", bytes.as_slice())]).only();
        assert!(why(&handed, 5).contains(what), "{}", why(&handed, 5));
        assert_eq!(sources(&handed)[&6], "six");
        let kept: usize = handed.files.values().map(Vec::len).sum();
        assert_eq!(kept, 3);
    }
}

#[test]
fn answers_come_before_the_rest_where_there_is_too_much() {
    let limit = usize::try_from(FILE_LIMIT).expect("a size");
    let large = vec![b'x'; limit];
    let files: Vec<_> = (0..22).map(|n| format!("a{n:02}.dat")).collect();
    let mut files: Vec<_> = files
        .iter()
        .map(|name| (name.as_str(), large.as_slice()))
        .collect();
    files.push(("z/05.rs", b"five"));
    let folder = Folder::new();
    for (name, bytes) in files {
        folder.write(&format!("alice/{name}"), bytes);
    }
    folder.write("alice/06.rs", &[&large[..], b"x"].concat());
    let handed = folder.only();
    assert_eq!(sources(&handed), is(&[(5, "five"), (6, "?")]));
    assert!(why(&handed, 6).contains("larger than"));
    assert_says(
        &handed.notices,
        &["more than 20000000 bytes", "a20.dat, a21.dat"],
    );
    assert_eq!(handed.files.len(), 1 + 19);
}

#[test]
fn too_many_files_are_not_understood_but_those_in_target_do_not_matter() {
    let many = |folder: &str, count: usize| {
        zip_with(|zip| {
            let options = SimpleFileOptions::default();
            for n in 0..count {
                zip.start_file(format!("{folder}/{n}"), options)
                    .expect("a file");
            }
            zip.start_file("05.rs", options).expect("a file");
        })
    };
    let handed = Folder::with(&[("alice.zip", many("x", 5_001).as_slice())]).only();
    assert!(why(&handed, 5).contains("more than 5000 files"));
    let handed = Folder::with(&[("alice.zip", many("target", 6_000).as_slice())]).only();
    assert_eq!(sources(&handed), is(&[(5, "")]));
}

#[test]
fn a_list_of_files_that_would_fill_the_memory_is_not_read() {
    let name = "x".repeat(60_000);
    let work = zip_with(|zip| {
        for n in 0..200 {
            let options = SimpleFileOptions::default();
            zip.start_file(format!("{n}{name}"), options)
                .expect("a file");
        }
    });
    let handed = Folder::with(&[("alice.zip", work.as_slice())]).only();
    assert!(
        why(&handed, 5).contains("list of files is too long"),
        "{}",
        why(&handed, 5)
    );
}

/// Whatever the bytes are, there is an answer, within the limits.
#[test]
fn any_bytes_are_answered() {
    let good = zip(&[
        ("05.rs", b"five five five five"),
        ("a/06.rs", b"six"),
        ("x/", b""),
    ]);
    // A generator of the kind xorshift, so that a failure comes again.
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).expect("it is below")
    };
    let folder = Folder::new();
    let path = folder.path().join("alice.zip");
    for _ in 0..150 {
        let mut bytes = good.clone();
        for _ in 0..=random(4) {
            let at = random(bytes.len());
            bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random(5)];
        }
        bytes.truncate(bytes.len() - random(3) * random(20));
        fs::write(&path, bytes).expect("a file");
        let handed = folder.only();
        for path in handed.files.keys() {
            assert!(path.is_relative() && !path.to_string_lossy().contains(".."));
        }
    }
}

#[cfg(unix)]
#[test]
fn links_pipes_and_what_cannot_be_read_in_folders() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::with(&[
        ("alice/06.rs", b"six"),
        ("bob/07.rs", b"bob's"),
        ("other", b"x"),
    ]);
    let alice = folder.path().join("alice");
    symlink("../bob/07.rs", alice.join("07.rs")).expect("a link");
    symlink("..", alice.join("up")).expect("a link");
    symlink("/etc/passwd", alice.join("05.rs")).expect("a link");
    symlink(&alice, folder.path().join("eve")).expect("a link");
    // Nobody writes to it: whoever opens it to read waits for ever.
    let fifo = |path: PathBuf| {
        let status = std::process::Command::new("mkfifo").arg(path).status();
        assert!(status.expect("mkfifo").success());
    };
    fifo(alice.join("04.rs"));
    fifo(folder.path().join("mallory_05.rs"));
    let class = folder.class();
    let ids: Vec<_> = class
        .submissions
        .iter()
        .map(|s| s.student.id.as_str())
        .collect();
    assert_eq!(ids, ["alice", "bob"]);
    let handed = open(&class.submissions[0]);
    assert_eq!(sources(&handed), is(&[(6, "six")]));
    for (name, why) in [
        ("07.rs", "link"),
        ("up", "link"),
        ("05.rs", "link"),
        ("04.rs", "neither"),
    ] {
        assert_says(&handed.notices, &[name, why]);
    }
    let refused: Vec<_> = class
        .not_understood
        .iter()
        .map(|n| n.reason.as_str())
        .collect();
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(refused[0].contains("link") && refused[1].contains("neither a file nor a folder"));

    let closed = folder.path().join("bob/closed");
    fs::create_dir(&closed).expect("a folder");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("its mode");
    if fs::read_dir(&closed).is_ok() {
        eprintln!("skipped in part: to this user, no folder is closed");
        return;
    }
    let handed = open(&folder.class().submissions[1]);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).expect("its mode");
    assert_eq!(sources(&handed)[&7], "bob's");
    assert!(why(&handed, 5).contains("closed"));
}

#[test]
fn folders_that_are_no_class_and_submissions_that_are_empty() {
    let folder = Folder::with(&[("lessons/05-threaded/exercise/main.rs", b"x")]);
    let error = class(folder.path(), None, None, Language::En).expect_err("an error");
    assert!(
        format!("{error:#}").contains("copy of the handout"),
        "{error:#}"
    );
    let error =
        class(&folder.path().join("nowhere"), None, None, Language::En).expect_err("an error");
    assert!(format!("{error:#}").contains("nowhere"));
    let folder = Folder::new();
    fs::create_dir(folder.path().join("alice")).expect("a folder");
    let handed = folder.only();
    assert_eq!(sources(&handed), is(&[]));
    assert_says(&handed.notices, &["no files"]);
}

#[test]
fn a_folder_that_is_left_out_for_its_name_is_named() {
    let entries: [(&str, &[u8]); 5] = [
        ("alice/05.rs", b"five"),
        ("alice/vendor/06.rs", b"six"),
        ("alice/deep/target/07.rs", b"seven"),
        ("alice/deep/target/debug/07.rs", b"seven"),
        ("vendor/05.rs", b"another's"),
    ];
    let from_root: (&str, &[u8]) = ("/root.rs", b"x");
    let zipped = |files: &[(&str, &[u8])]| {
        let folder = Folder::with(&[("class.zip", zip(files).as_slice())]);
        let path = folder.path().join("class.zip");
        (
            class(&path, None, None, Language::En).expect("a class"),
            folder,
        )
    };
    let plain = Folder::with(&entries);
    let (of_zip, _folder) = zipped(&entries);
    for class in [plain.class(), of_zip] {
        let [alice] = class.submissions.as_slice() else {
            panic!("not alice alone: {:?}", class.submissions);
        };
        let alice = open(alice);
        assert_eq!(sources(&alice), is(&[(5, "five")]));
        assert_eq!(alice.notices.len(), 2, "{:?}", alice.notices);
        assert_says(&alice.notices, &["vendor was not looked at"]);
        assert_says(&alice.notices, &["deep/target was not looked at"]);
        let [vendor] = class.not_understood.as_slice() else {
            panic!("not vendor alone: {:?}", class.not_understood);
        };
        assert!(vendor.path.ends_with("vendor"), "{vendor:?}");
        assert!(vendor.reason.contains("for its name"), "{vendor:?}");
    }
    let (class, _folder) = zipped(&[entries[0], from_root]);
    let [root] = class.not_understood.as_slice() else {
        panic!("not the one alone: {:?}", class.not_understood);
    };
    assert!(root.reason.contains("begins with /"), "{root:?}");
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
    let class = folder.class();
    let english = open_in(&class.submissions[0], Language::En);
    let chinese = open_in(&class.submissions[0], Language::Zh);
    assert_eq!(english.hash, chinese.hash);
    assert_ne!(english.notices, chinese.notices);
}
