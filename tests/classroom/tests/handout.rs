//! The students' copy, and what brings it up to date. What takes a build is in
//! `tests/answers/tests/handout.rs`.

use classroom::handout::{self, Made};
use grade::catalogue::say;
use grade::exercise::{self, Exercise};
use grade::failed::in_words;
use grade::language::Language::{En, Zh};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;
use update::record::{CopyRecord, FILE};
use update::{Updated, update};

const EXERCISE: &str = "lessons/05-threaded/exercise";

/// A students' copy, in a folder that goes in the end.
struct Copy {
    _temporary: TempDir,
    folder: PathBuf,
}

/// The copy of this workspace, made once.
fn ours() -> &'static (Copy, Made) {
    static OURS: OnceLock<(Copy, Made)> = OnceLock::new();
    OURS.get_or_init(|| Copy::make(workspace::root()))
}

impl Copy {
    fn make(workspace: &Path) -> (Self, Made) {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let folder = temporary.path().join("handout");
        let made = handout::make(workspace, &folder, false, En);
        let made = made.unwrap_or_else(|error| panic!("{error:#}"));
        let copy = Self {
            _temporary: temporary,
            folder,
        };
        (copy, made)
    }

    /// As a student has unpacked it, to be changed.
    fn unpacked() -> Self {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let folder = temporary.path().join("handout");
        for path in files(&ours().0.folder) {
            copy(&ours().0.folder, &folder, &path);
        }
        Self {
            _temporary: temporary,
            folder,
        }
    }

    fn read(&self, path: &str) -> String {
        read(&self.folder, path)
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.folder.join(path);
        fs::create_dir_all(file.parent().expect("a file is in a folder")).expect("a folder");
        fs::write(file, text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Makes this one a newer copy, in which a file has another text.
    fn renew(&self, path: &str, text: &str) {
        self.write(path, text);
        self.record(|record| {
            record.files.insert(path.to_string(), sum(text));
        });
    }

    /// Changes what this copy says it was made from.
    fn record(&self, change: impl FnOnce(&mut CopyRecord)) {
        let mut record = CopyRecord::read(&self.folder).expect("it has a record");
        change(&mut record);
        self.write(FILE, &toml::to_string(&record).expect("it is TOML"));
    }

    fn update(&self, from: &Self) -> anyhow::Result<Updated> {
        update(&self.folder, Some(&from.folder.to_string_lossy()))
    }
}

/// Copies a file from folder to folder.
fn copy(from: &Path, to: &Path, path: &str) {
    let to = to.join(path);
    fs::create_dir_all(to.parent().expect("a file is in a folder")).expect("a folder");
    fs::copy(from.join(path), to).unwrap_or_else(|error| panic!("{path}: {error}"));
}

/// What a file has; of a picture what is text in it.
fn read(folder: &Path, path: &str) -> String {
    let bytes = fs::read(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    String::from_utf8_lossy(&bytes).into_owned()
}

fn sum(contents: impl AsRef<[u8]>) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(contents)
        .iter()
        .fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"))
}

/// All files in a folder, seen from there, without what git keeps.
fn files(folder: &Path) -> BTreeSet<String> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != ".git") {
                walk(root, &path, found);
            } else if path.is_file() {
                let path = path.strip_prefix(root).expect("it is below");
                found.insert(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(folder, folder, &mut found);
    found
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    let output = harness::outside(&mut command)
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("git can be run");
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A workspace of a teacher's own to change: the files that git knows, or would know.
fn teachers_workspace() -> TempDir {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let list = ["ls-files", "--cached", "--others", "--exclude-standard"];
    for path in git(workspace::root(), &list).lines() {
        if workspace::root().join(path).is_file() {
            copy(workspace::root(), temporary.path(), path);
        }
    }
    git(temporary.path(), &["init", "--quiet"]);
    git(temporary.path(), &["add", "--all"]);
    temporary
}

#[test]
fn it_has_starters_lessons_rubrics_and_book_and_nothing_of_the_teachers() {
    let teacher = teachers_workspace();
    // What a teacher may have lying about, tracked or not.
    let own = |path: &str| fs::write(teacher.path().join(path), "fn mine() {}").expect("a file");
    own(&format!("{EXERCISE}/main.rs"));
    own(&format!("{EXERCISE}/solution.rs"));
    own("lessons/05-threaded/solution.rs");
    git(teacher.path(), &["add", "--all"]);
    own("lessons/05-threaded/notes.txt");
    own("tests/scratch.rs");
    own("tests/exercises/exercise_99.rs");

    let (copy, made) = Copy::make(teacher.path());
    assert!(made.listed_by_git);
    // What it lacks of these is told.
    assert_eq!(made.untracked, ["tests/exercises/exercise_99.rs"]);
    let left_out = [
        "lessons/05-threaded/exercise/solution.rs",
        "lessons/05-threaded/solution.rs",
        "lessons/05-threaded/notes.txt",
    ];
    assert_eq!(made.left_out, left_out);
    assert!(made.no_repository.is_none(), "{made:?}");
    let files = files(&copy.folder);
    assert_eq!(files.len(), made.files);
    for exercise in Exercise::all(&copy.folder).expect("it has exercises") {
        let starter = exercise::starter(exercise.number);
        let file = fs::read_to_string(exercise.file()).expect("a starter");
        assert_eq!(file, read(workspace::root(), &starter));
    }
    for path in [
        "README.md",
        "README.zh-CN.md",
        "LICENSE-MIT",
        "mdbook/src/05-threaded.md",
        "lessons/05-threaded/main.py",
        "tests/exercises/exercise_05.rs",
        ".github/workflows/classroom.yml",
    ] {
        assert!(files.contains(path), "{path} is missing");
    }
    for path in &files {
        let is_alien = [
            "answers",
            "classroom/",
            "scratch",
            "notes",
            "solution",
            ".ci/",
            "browser/",
        ]
        .iter()
        .any(|word| path.contains(word));
        assert!(!is_alien, "{path} is in it");
    }
    // A fresh repository: one commit, and nothing left to commit.
    assert_eq!(
        git(&copy.folder, &["rev-list", "--count", "HEAD"]).trim(),
        "1"
    );
    assert_eq!(git(&copy.folder, &["status", "--porcelain"]), "");
}

#[test]
fn no_line_of_a_solution_is_in_it() {
    let copy = &ours().0;
    // Lines that tell something, and that a student is not given with the task.
    let telling = |text: &str| -> BTreeSet<String> {
        let lines = text.lines().map(str::trim);
        let long = lines.filter(|line| line.chars().count() > 20);
        long.map(str::to_string).collect()
    };
    let mut solutions = BTreeSet::new();
    let answers = workspace::root().join("tests/answers/right");
    for path in self::files(&answers) {
        solutions.extend(telling(&read(&answers, &path)));
    }
    assert!(solutions.len() > 500, "{} lines", solutions.len());
    let (mut given, mut rest) = (Vec::new(), Vec::new());
    let mut starters = 0;
    for path in files(&copy.folder) {
        let is_given = [
            "lessons/",
            "mdbook/src/",
            "mdbook/zh-CN/",
            "tests/exercises/exercise_",
        ]
        .iter()
        .any(|folder| path.starts_with(folder));
        // The students' files are the starters, to the letter; that is tested above.
        starters += usize::from(path.ends_with("exercise/main.rs"));
        if is_given { &mut given } else { &mut rest }.push(path);
    }
    let exercises = Exercise::all(&copy.folder).expect("it has exercises");
    assert_eq!(starters, exercises.len());
    for path in given {
        for line in telling(&copy.read(&path)) {
            solutions.remove(&line);
        }
    }
    // What is left tells a solution from everything that students are given.
    assert!(solutions.len() > 300, "{} lines", solutions.len());
    for path in rest {
        let text = copy.read(&path);
        let is_tool = [
            "tests/grade/",
            "tests/harness/",
            "tests/update/",
            "tests/wire/",
            "tests/workspace/",
            "mdbook/server/",
        ]
        .iter()
        .any(|folder| path.starts_with(folder));
        let found: Vec<_> = telling(&text).intersection(&solutions).cloned().collect();
        // The project's own programs have such lines as `use std::collections::HashMap;`.
        let idioms = if is_tool { 4 } else { 0 };
        assert!(
            found.len() <= idioms,
            "{path} has lines of a solution: {found:#?}"
        );
    }
}

#[test]
fn a_chinese_copy_has_starters_with_chinese_comments() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = temporary.path().join("handout");
    let made = handout::make(workspace::root(), &folder, false, Zh);
    made.unwrap_or_else(|error| panic!("{error:#}"));
    for exercise in Exercise::all(&folder).expect("it has exercises") {
        let file = fs::read_to_string(exercise.file()).expect("a starter");
        let starter = exercise::starter_in(Zh, exercise.number);
        assert_eq!(file, read(workspace::root(), &starter));
        // `reset --lang zh` takes it from there.
        assert_eq!(file, read(&folder, &starter));
    }
}

#[test]
fn a_solution_in_a_file_that_is_handed_out_is_found_before_it_is() {
    let teacher = teachers_workspace();
    let solution = read(workspace::root(), "tests/answers/right/05/model.rs");
    for path in [
        "tests/lessons/threads.rs",
        "tests/harness/src/text.rs",
        "mdbook/book.toml",
    ] {
        let file = teacher.path().join(path);
        let whole = fs::read_to_string(&file).expect("it can be read");
        let comment = solution.lines().map(|line| format!("{line}\n"));
        let leaky: String = std::iter::once(whole.clone()).chain(comment).collect();
        fs::write(&file, leaky).expect("it can be written");
        let out = teacher.path().join("out");
        let error = handout::make(teacher.path(), &out, false, En).expect_err(path);
        let error = format!("{error:#}");
        assert!(
            error.contains("line of a solution") && error.contains(path),
            "{path}: {error}"
        );
        assert!(!out.exists(), "nothing is left of what was refused");
        fs::write(&file, whole).expect("it can be written");
    }
}

#[test]
fn the_lockfile_fits_and_has_the_versions_of_the_workspace() {
    let copy = &ours().0;
    let packages = |text: &str| -> BTreeSet<String> {
        let lock: toml::Table = text.parse().expect("a lockfile is TOML");
        let packages = lock["package"].as_array().expect("a list").iter();
        packages
            .map(|it| format!("{} {}", it["name"], it["version"]))
            .collect()
    };
    let (ours, theirs) = (
        packages(&read(workspace::root(), "Cargo.lock")),
        packages(&copy.read("Cargo.lock")),
    );
    let new: Vec<_> = theirs.difference(&ours).collect();
    assert!(new.is_empty(), "not in the workspace's lockfile: {new:?}");
    assert!(theirs.len() < ours.len(), "nothing was pruned");
    let output = Command::new(env!("CARGO"))
        // It fails if there is something to change.
        .args(["update", "--workspace", "--locked", "--offline"])
        .current_dir(&copy.folder)
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "{output:?}");
    // Every alias leads to a package that is there.
    let config: toml::Table = copy.read(".cargo/config.toml").parse().expect("TOML");
    let aliases: Vec<_> = config["alias"]
        .as_table()
        .expect("aliases")
        .keys()
        .collect();
    assert_eq!(aliases, ["book", "grade"]);
}

#[test]
fn a_folder_that_is_not_empty_is_refused_and_left_as_it_is() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    fs::write(temporary.path().join("thesis.tex"), "mine").expect("a file");
    let made = handout::make(workspace::root(), temporary.path(), false, En);
    let error = in_words(&made.expect_err("it has something in it"));
    for (language, told) in [(En, "is not empty"), (Zh, "不是空的")] {
        let error = say(&error, language);
        assert!(
            error.contains(told) && error.contains("thesis.tex"),
            "{error}"
        );
    }
    assert_eq!(files(temporary.path()), ["thesis.tex".to_string()].into());
}

#[test]
fn without_git_it_is_the_same_but_for_the_repository() {
    let teacher = teachers_workspace();
    let (with, _) = Copy::make(teacher.path());
    fs::remove_dir_all(teacher.path().join(".git")).expect("it can be removed");
    let (without, made) = Copy::make(teacher.path());
    assert!(!made.listed_by_git);
    let (with, without) = (files(&with.folder), files(&without.folder));
    let different: Vec<_> = with.symmetric_difference(&without).collect();
    assert!(different.is_empty(), "{different:?}");
}

#[test]
fn it_says_what_it_was_made_from() {
    let copy = &ours().0;
    let record = CopyRecord::read(&copy.folder).expect("it has a record");
    assert_eq!(record.version, env!("CARGO_PKG_VERSION"));
    // A copy that was handed out earlier refuses a record that has any other key.
    let table: toml::Table = copy.read(FILE).parse().expect("it is TOML");
    let keys: Vec<_> = table.keys().collect();
    assert_eq!(keys, ["files", "rubrics", "version"]);
    for exercise in Exercise::all(&copy.folder).expect("it has exercises") {
        assert_eq!(record.rubrics[&exercise.package()], exercise.version);
    }
    let mut expected = files(&copy.folder);
    // The student's files are not the teacher's, and it does not describe itself.
    expected.retain(|path| path != FILE && !path.ends_with("/exercise/main.rs"));
    assert_eq!(
        record.files.keys().cloned().collect::<BTreeSet<_>>(),
        expected
    );
    for (path, expected) in &record.files {
        let contents = fs::read(copy.folder.join(path)).expect("it is there");
        assert_eq!(*expected, sum(contents), "{path}");
    }
}

#[test]
fn update_brings_what_is_new_and_leaves_what_is_the_students() {
    let (student, newer) = (Copy::unpacked(), Copy::unpacked());
    let main = format!("{EXERCISE}/main.rs");
    student.write(&main, "fn main() { /* mine */ }");
    student.write(&format!("{EXERCISE}/notes.txt"), "mine");
    student.write("tests/lessons/lesson_05.rs", "// changed by the student");
    student.write("tests/lessons/lesson_06.rs", "// changed by the student");
    newer.write(&main, "fn main() { /* the teacher's */ }");
    newer.renew("mdbook/src/tcp.md", "# Newer");
    newer.renew("tests/lessons/lesson_05.rs", "// newer");
    newer.renew("lessons/08-new/notes.md", "# New");
    let mut before = 0;
    newer.record(|record| {
        let rubric = record.rubrics.get_mut("exercise-05");
        let version = rubric.expect("it has the version of the rubric");
        before = *version;
        *version += 1;
        record.files.remove("tests/across/twins.rs");
        record.files.remove("tests/lessons/lesson_06.rs");
    });

    let updated = student.update(&newer).expect("it can be updated");
    assert_eq!(updated.added, ["lessons/08-new/notes.md"]);
    assert_eq!(
        updated.changed,
        ["mdbook/src/tcp.md", "tests/lessons/lesson_05.rs"]
    );
    assert_eq!(
        updated.removed,
        ["tests/across/twins.rs", "tests/lessons/lesson_06.rs"]
    );
    let kept = |path: &str| (path.to_string(), format!("{path}.yours"));
    assert_eq!(
        updated.kept,
        [
            kept("tests/lessons/lesson_05.rs"),
            kept("tests/lessons/lesson_06.rs")
        ]
    );
    let risen = ("exercise-05".to_string(), Some(before), before + 1);
    assert_eq!(updated.rubrics, [risen]);

    assert_eq!(student.read(&main), "fn main() { /* mine */ }");
    assert_eq!(student.read(&format!("{EXERCISE}/notes.txt")), "mine");
    assert_eq!(student.read("mdbook/src/tcp.md"), "# Newer");
    assert_eq!(student.read("tests/lessons/lesson_05.rs"), "// newer");
    assert_eq!(
        student.read("tests/lessons/lesson_05.rs.yours"),
        "// changed by the student"
    );
    assert!(!student.folder.join("tests/across/twins.rs").exists());

    // A second time there is nothing to do, and it is known where to look.
    let again = update(&student.folder, None).expect("it knows from where");
    assert!(again.is_nothing() && again.rubrics.is_empty(), "{again:?}");
}

#[test]
fn an_update_that_was_interrupted_is_done_by_doing_it_again() {
    let (student, newer) = (Copy::unpacked(), Copy::unpacked());
    student.write("tests/across/twins.rs", "// changed by the student");
    newer.renew("mdbook/src/tcp.md", "# Newer");
    newer.renew("mdbook/src/words.md", "# Newer");
    newer.renew("tests/across/twins.rs", "// newer");
    // As far as it came: a version is kept, a file is newer, and the record is the old one.
    student.write("tests/across/twins.rs.yours", "// changed by the student");
    student.write("mdbook/src/tcp.md", "# Newer");

    let updated = student.update(&newer).expect("it can be updated");
    assert_eq!(
        updated.changed,
        ["mdbook/src/words.md", "tests/across/twins.rs"]
    );
    assert!(
        !student
            .folder
            .join("tests/across/twins.rs.yours-2")
            .exists()
    );
    assert_eq!(student.read("tests/across/twins.rs"), "// newer");
    let (here, there) = (
        CopyRecord::read(&student.folder),
        CopyRecord::read(&newer.folder),
    );
    assert_eq!(
        here.expect("a record").files,
        there.expect("a record").files
    );
}

#[test]
fn a_new_exercise_begins_with_its_starter() {
    let (student, newer) = (Copy::unpacked(), Copy::unpacked());
    // For this student, exercise 07 is new.
    fs::remove_dir_all(student.folder.join("lessons/07-buffers/exercise")).expect("removed");
    student.record(|record| {
        record.rubrics.remove("exercise-07");
        record
            .files
            .retain(|path, _| !path.starts_with("lessons/07-buffers/exercise"));
    });
    let updated = student.update(&newer).expect("it can be updated");
    let exercises = Exercise::all(workspace::root()).expect("the exercises can be read");
    let version = exercises[6].version;
    assert_eq!(
        updated.rubrics,
        [("exercise-07".to_string(), None, version)]
    );
    let starter = read(workspace::root(), "tests/grade/starters/07.rs");
    assert_eq!(student.read("lessons/07-buffers/exercise/main.rs"), starter);
}

#[test]
fn an_update_comes_from_a_zip_or_a_repository_too() {
    let newer = Copy::unpacked();
    newer.renew("mdbook/src/tcp.md", "# Newer");
    git(&newer.folder, &["init", "--quiet"]);
    git(&newer.folder, &["add", "--all"]);
    let author = ["-c", "user.name=t", "-c", "user.email=t@localhost"];
    git(
        &newer.folder,
        &[&author[..], &["commit", "--quiet", "-m", "newer"]].concat(),
    );
    let zip = newer.folder.with_extension("zip");
    let archive = [
        "archive",
        "--format=zip",
        "--prefix=handout/",
        "HEAD",
        "--output",
    ];
    git(
        &newer.folder,
        &[&archive[..], &[zip.to_str().expect("UTF-8")]].concat(),
    );

    let address = format!("file://{}", newer.folder.display());
    for from in [zip.to_str().expect("UTF-8"), &address] {
        let student = Copy::unpacked();
        let updated = update(&student.folder, Some(from));
        let updated = updated.unwrap_or_else(|error| panic!("{from}: {error:#}"));
        assert_eq!(updated.changed, ["mdbook/src/tcp.md"], "{from}");
        assert_eq!(student.read("mdbook/src/tcp.md"), "# Newer");
    }
}

#[test]
fn what_is_no_newer_copy_changes_nothing() {
    let (student, newer) = (Copy::unpacked(), Copy::unpacked());
    newer.renew("mdbook/src/tcp.md", "# Newer");
    let refuse = |told: &str| {
        let error = student.update(&newer).expect_err(told);
        let error = format!("{error:#}");
        assert!(error.contains(told), "{error}");
        assert_ne!(student.read("mdbook/src/tcp.md"), "# Newer");
    };
    // A file in it is not what it was made with.
    newer.write("mdbook/src/words.md", "# Damaged");
    refuse("damaged");
    newer.renew("mdbook/src/words.md", "# Newer");
    // Its record leads outside, or to what is the student's.
    for path in [
        "../outside.rs",
        "/etc/passwd",
        &format!("{EXERCISE}/main.rs"),
    ] {
        newer.record(|record| {
            record.files.insert(path.to_string(), sum(""));
        });
        refuse("which is none of it");
        let text = read(&newer.folder, FILE);
        let lines: Vec<_> = text.lines().filter(|line| !line.contains(path)).collect();
        newer.write(FILE, &lines.join("\n"));
    }
    // It is older.
    student.record(|record| {
        record.rubrics.insert("exercise-05".to_string(), 9);
    });
    refuse("older than this copy");
    // The workspace is no copy, neither here nor there.
    let error = update(workspace::root(), None).expect_err("no copy");
    assert!(
        format!("{error:#}").contains("no copy for students"),
        "{error:#}"
    );
    let error = update(
        &student.folder,
        Some(&workspace::root().display().to_string()),
    )
    .expect_err("no copy");
    let error = say(&in_words(&error), Zh);
    assert!(error.contains("不是发给学生的副本"), "{error}");
    let error = update(&student.folder, Some("/no/such/place")).expect_err("nowhere");
    assert!(
        format!("{error:#}").contains("no folder or file"),
        "{error:#}"
    );
}

#[test]
fn dependencies_are_brought_up_to_date_too() {
    let (student, newer) = (Copy::unpacked(), Copy::unpacked());
    let crate_of = |copy: &Copy, name: &str, text: &str| {
        copy.write(&format!("vendor/{name}/.cargo-checksum.json"), text);
        copy.write(&format!("vendor/{name}/src/lib.rs"), text);
        copy.record(|record| {
            record.vendored.insert(name.to_string(), sum(text));
        });
    };
    crate_of(&student, "same-1.0.0", "{}");
    crate_of(&student, "old-0.9.0", "{}");
    crate_of(&newer, "same-1.0.0", "{}");
    crate_of(&newer, "new-1.0.0", "{}");
    // Half-copied, by an update that was interrupted.
    student.write("vendor/new-1.0.0/src/half.rs", "");
    student.update(&newer).expect("it can be updated");
    let vendor = |copy: &Copy| files(&copy.folder.join("vendor"));
    assert_eq!(vendor(&student), vendor(&newer));
    assert_eq!(student.read("vendor/new-1.0.0/src/lib.rs"), "{}");

    // A classroom without internet gets no copy that needs one.
    let error = student.update(&Copy::unpacked()).expect_err("none in it");
    assert!(format!("{error:#}").contains("--vendor"), "{error:#}");
    assert_eq!(vendor(&student), vendor(&newer));
    // And none with a crate that is not what it was.
    newer.write("vendor/new-1.0.0/.cargo-checksum.json", "{ }");
    let error = student.update(&newer).expect_err("damaged");
    assert!(format!("{error:#}").contains("new-1.0.0"), "{error:#}");
}

#[test]
fn the_commands_tell_what_they_have_done_and_what_not() {
    // Below the workspace: they look for it from the current folder on.
    let target = workspace::root().join("target");
    let temporary = tempfile::tempdir_in(target).expect("a temporary folder");
    let run = |program: &Path, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(temporary.path())
            .output()
            .expect("the grader can be run");
        let told = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&told).into_owned(),
        )
    };
    let classroom = |arguments: &[&str]| run(env!("CARGO_BIN_EXE_classroom").as_ref(), arguments);
    let (code, told) = classroom(&["handout", "out", "--lang", "zh"]);
    assert!(code == Some(0) && told.contains("学生副本在"), "{told}");
    assert!(
        temporary.path().join("out/Cargo.toml").is_file(),
        "seen from the current folder"
    );
    let (code, told) = classroom(&["handout", "out", "--lang", "zh"]);
    assert!(code == Some(2) && told.contains("不是空的"), "{told}");
    let (code, told) = classroom(&["handout"]);
    assert!(code == Some(2) && told.contains("<DIR>"), "{told}");
    let (code, told) = run(&workspace::build::package("update"), &["--lang", "en"]);
    assert!(
        code == Some(2) && told.contains("no copy for students"),
        "{told}"
    );
}
