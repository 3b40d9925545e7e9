//! The shapes in which a class hands in: folders, zips, single files.

use crate::support::{Folder, assert_says, is, open, sources, sources_by, student, zip};
use classroom::intake::class;
use std::fs;
use std::path::Path;

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
        "exercise05_v2.rs",
        "ex5v2.rs",
        "2024-11-03_exercise-05.rs",
        "20241103 05.rs",
        "exercise-05_2024-11-03.rs",
        "task5.rs",
        "第五题.rs",
        "第5题.rs",
        "练习五.rs",
        "作业五_最终版.rs",
        "exercise-five.rs",
        "Exercise Five.rs",
        "my exercise 05 final.rs",
        "我的练习五.rs",
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
        // The same program in Python.
        let python = match name.rsplit_once('.') {
            Some((stem, _)) => format!("{stem}.py"),
            None => panic!("{name} has no extension"),
        };
        let folder = Folder::with(&[(&format!("alice/{python}"), b"five")]);
        let contents = folder.only();
        let path = contents.program("05.py", 5, false).path;
        let found = path.map(|path| contents.files[path].as_slice());
        assert_eq!(found, Some(b"five".as_slice()), "{python}");
        assert_eq!(contents.program("06.py", 6, false).path, None, "{python}");
    }
}

#[test]
fn a_program_in_a_copy_of_the_handout_is_the_students_and_not_the_lessons() {
    let folder = Folder::with(&[
        ("alice/lessons/05-threaded/main.py", b"the lesson's"),
        ("alice/lessons/05-threaded/exercise/main.py", b"alice's"),
        ("alice/lessons/06-daemon-threads/main.py", b"the lesson's"),
    ]);
    let contents = folder.only();
    let path = contents.program("05.py", 5, false).path;
    assert_eq!(
        path.map(|path| contents.files[path].as_slice()),
        Some(b"alice's".as_slice())
    );
    assert_eq!(contents.program("06.py", 6, true).path, None);
}

#[test]
fn a_program_in_python_that_says_its_exercise_in_its_first_line() {
    let folder = Folder::with(&[
        ("alice_main.py", b"# Exercise 05: chat\n"),
        ("bob_main.py", b"print()\n"),
    ]);
    let class = folder.class();
    let [alice, bob] = [0, 1].map(|index| open(&class.submissions[index]));
    assert!(alice.program("05.py", 5, false).path.is_some());
    assert!(bob.program("05.py", 5, false).path.is_none());
    assert!(bob.program("05.py", 5, true).path.is_some());
}

#[test]
fn a_source_without_a_telling_name_by_its_first_line_or_the_only_exercise() {
    let starter = b"//! Exercise 05: chat.\n//!\nfn main() {}\n";
    let text = String::from_utf8_lossy(starter);
    for name in [
        "alice/main.rs",
        "alice_main.rs",
        "alice/alice_main.rs",
        "alice/chat.rs",
    ] {
        let contents = Folder::with(&[(name, starter)]).only();
        assert_eq!(sources(&contents), is(&[(5, &text)]), "{name}");
    }
    let chinese = "//! 练习 05：聊天室。\nfn main() {}\n";
    let contents = Folder::with(&[("alice/main.rs", chinese.as_bytes())]).only();
    assert_eq!(sources(&contents), is(&[(5, chinese)]));
    // What the name says comes first.
    let contents = Folder::with(&[("alice/06.rs", starter)]).only();
    assert_eq!(sources(&contents), is(&[(6, &text)]));
    let folder = Folder::with(&[("alice/main.rs", b"x"), ("alice/other.rs", b"y")]);
    let mut class = folder.class();
    class.submissions[0].only = Some(5);
    assert_eq!(sources(&open(&class.submissions[0])), is(&[(5, "x")]));
    class.submissions[0].only = None;
    assert_eq!(sources(&open(&class.submissions[0])), is(&[]));
}

#[test]
fn loose_files_of_a_class_by_the_names_that_platforms_and_people_make() {
    let roster = [student("alice", "Alice Abel")];
    for name in [
        "alice_exercise05_v2.rs",
        "alice_第五题.rs",
        "Alice Abel_练习五.rs",
        "alice_exercise-five.rs",
        "alice_第5题_v2.rs",
        "alice_exercise 05 final.rs",
        "Exercise 05_alice_attempt_2026-01-01-10-00-00_main.rs",
        "练习 05_alice_attempt_2026-01-01-10-00-00_solution.rs",
        "Exercise 05_alice_attempt_2026-01-01-10-00-00_alice_main.rs",
        "HW_alice_attempt_2026-01-01-10-00-00_练习五.rs",
        "Alice Abel/Exercise 05/Version 1/chat.rs",
        "Alice Abel_4711_assignsubmission_file_/exercise05_v2.rs",
    ] {
        let folder = Folder::with(&[(name, b"five")]);
        let class = folder.class_of(Some(&roster));
        assert_eq!(class.submissions.len(), 1, "{name}: {class:?}");
        assert_eq!(class.submissions[0].student, roster[0], "{name}");
        assert_eq!(sources(&open(&class.submissions[0])), is(&[(5, "five")]));
    }
}

#[test]
fn the_folders_of_a_classs_groups_have_students_in_them() {
    let work = zip(&[("05.rs", b"eve's")]);
    let folder = Folder::with(&[
        ("1班/alice/05.rs", b"alice's"),
        ("1班/bob_05.rs", b"bob's"),
        ("Class 2/eve.zip", work.as_slice()),
        ("class/05.rs", b"of somebody called so"),
    ]);
    let found = sources_by(&folder.class(), |student| student.id.clone());
    let ids: Vec<_> = found.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["alice", "bob", "class", "eve"]);
    assert_eq!(found[3].1, is(&[(5, "eve's")]));

    // One name in two groups may be two people; one id of the roster is one.
    let folder = Folder::with(&[("1班/alice/05.rs", b"a"), ("2班/alice/06.rs", b"b")]);
    let class = folder.class();
    assert_eq!(sources(&open(&class.submissions[0])), is(&[(5, "a")]));
    let reason = class.not_understood[0].reason.to_string();
    assert!(
        reason.contains("another group has the same name"),
        "{reason}"
    );
    let class = folder.class_of(Some(&[student("alice", "A. Liddell")]));
    let found = sources(&open(&class.submissions[0]));
    assert_eq!(found, is(&[(5, "a"), (6, "b")]));
}

#[test]
fn names_that_say_no_exercise_are_named() {
    for name in [
        "solution.rs",
        "main.rs",
        "05-06.rs",
        "2024.rs",
        "2024-11-03.rs",
        "exercise-05-and-06.rs",
        "my exercise 05 06.rs",
        "练习一下.rs",
        "index 5.rs",
        "09.rs",
        "05/src/lib.rs",
    ] {
        let contents = Folder::with(&[(&format!("alice/{name}"), b"x")]).only();
        assert_eq!(sources(&contents), is(&[]), "{name}");
        assert_eq!(contents.set_aside, [name]);
        assert_says(
            &contents.notices,
            &["do not count", name.rsplit('/').next().unwrap_or(name)],
        );
    }
    let contents = Folder::with(&[("alice/report.docx", b"x")]).only();
    assert!(contents.notices.is_empty(), "{:?}", contents.notices);
    let others: Vec<_> = contents.for_other_languages.into_iter().collect();
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
        let contents = folder.only();
        let starter = String::from_utf8_lossy(&starter);
        assert_eq!(sources(&contents), is(&[(3, &starter), (5, "five")]));
        assert_eq!(contents.notices, []);

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
        let contents = folder.only();
        assert_eq!(sources(&contents)[&5], "five");
        for (path, _) in hostile {
            let path = path
                .strip_prefix("alice/")
                .expect("it is below")
                .to_string();
            assert_says(&contents.notices, &["the teacher's are used", &path]);
        }
        assert_says(&contents.notices, &["do not count", "helper.rs"]);
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
    assert_eq!(folder.only().notices, []);
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
    assert_eq!(handed.notices, []);

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
    let found = sources_by(&class, |student| student.id.as_str());
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
    let contents = open(bob);
    assert_eq!(sources(&contents), is(&[(5, "bob's")]));
    // The names are those that a template such as `python3 {dir}/05.py` asks for.
    assert_eq!(contents.files[Path::new("05.py")], b"bob's python");
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
                it.reason.to_string(),
            )
        })
        .collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names[3].0 == "vendor" && names[3].1.contains("left out"));
    assert!(names[0].0 == "05.rs" && names[0].1.contains("whose it is"));
    assert!(names[1].0 == "list_05.csv" && names[2].0 == "notes.txt");
}

#[test]
fn a_zip_of_folders_given_instead_of_a_folder() {
    let all = zip(&[
        ("class/alice/05.rs", b"a"),
        ("class/bob_ex05/main.rs", b"b"),
    ]);
    let folder = Folder::with(&[("class.zip", all.as_slice())]);
    let class = class(&folder.path().join("class.zip"), None, None).expect("a class");
    let found = sources_by(&class, |student| student.id.as_str());
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
    let class = class(&folder.path().join("class.zip"), None, None).expect("a class");
    let found = sources_by(&class, |student| student.id.as_str());
    let expected = [("ann", is(&[(5, "ann's")])), ("bob", is(&[(5, "bob's")]))];
    assert_eq!(found, expected);
}

#[test]
fn the_report_in_the_folder_of_the_class_is_no_submission() {
    let folder = Folder::with(&[("alice/05.rs", b"a"), ("report/results/alice.json", b"{}")]);
    let report = folder.path().join("report");
    let class = class(folder.path(), Some(&report), None).expect("a class");
    assert_eq!(class.submissions.len(), 1, "{:?}", class.submissions);
    assert_eq!(class.submissions[0].student.id, "alice");
}

#[test]
fn folders_that_are_no_class_and_submissions_that_are_empty() {
    let folder = Folder::with(&[("lessons/05-threaded/exercise/main.rs", b"x")]);
    let error = class(folder.path(), None, None).expect_err("an error");
    assert!(
        format!("{error:#}").contains("copy of the handout"),
        "{error:#}"
    );
    let error = class(&folder.path().join("nowhere"), None, None).expect_err("an error");
    assert!(format!("{error:#}").contains("nowhere"));
    let folder = Folder::new();
    fs::create_dir(folder.path().join("alice")).expect("a folder");
    let contents = folder.only();
    assert_eq!(sources(&contents), is(&[]));
    assert_says(&contents.notices, &["no files"]);
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
        (class(&path, None, None).expect("a class"), folder)
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
        assert!(
            vendor.reason.to_string().contains("for its name"),
            "{vendor:?}"
        );
    }
    let (class, _folder) = zipped(&[entries[0], from_root]);
    let [root] = class.not_understood.as_slice() else {
        panic!("not the one alone: {:?}", class.not_understood);
    };
    assert!(
        root.reason.to_string().contains("begins with /"),
        "{root:?}"
    );
}
