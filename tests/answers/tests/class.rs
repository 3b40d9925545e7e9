//! `cargo grade class`, with a class whose grades are known: right answers, wrong ones that
//! state what they fail, and some that nobody can grade.
//!
//! One exercise is enough for most, and it is one that is quick: what is shown here is how a
//! class comes to its grades, and not what the checks find.
#![cfg(target_os = "linux")]

use assert_cmd::assert::OutputAssertExt;
use classroom::record::{Status, StudentRecord};
use classroom::store;
use predicates::prelude::*;
use predicates::str::contains;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// `cargo grade`, with a language that the machine's locale does not choose.
fn grade(arguments: &[&str]) -> Command {
    let mut command = Command::new(workspace::build::package("classroom"));
    harness::outside(&mut command)
        .args(["--lang", "en"])
        .args(arguments);
    command
}

/// Whether the tests can run behind walls; said aloud where they cannot.
fn sandbox() -> Option<&'static str> {
    match grade::sandbox::Sandbox::find() {
        Ok(_) => None,
        Err(error) => {
            harness::skip(&format!("without walls: {error:#}"));
            Some("--no-sandbox")
        }
    }
}

/// A folder of submissions, and where its report goes.
struct Class {
    folder: tempfile::TempDir,
    /// A grader has all processors for itself, as it would with a teacher.
    _alone: MutexGuard<'static, ()>,
}

/// Who has it grades.
static ALONE: Mutex<()> = Mutex::new(());

impl Class {
    fn new() -> Self {
        let folder = tempfile::TempDir::with_prefix("class-").expect("a folder can be made");
        fs::create_dir(folder.path().join("in")).expect("a folder can be made");
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        Self {
            folder,
            _alone: alone,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Hands something in.
    fn hand_in(&self, name: &str, contents: &str) {
        let path = self.path("in").join(name);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder");
        fs::write(path, contents).expect("a file can be written");
    }

    /// `cargo grade class` for this class, behind walls where that is possible.
    fn grade(&self, out: &str, arguments: &[&str]) -> Command {
        let mut command = self.grade_somehow(out, arguments);
        command.args(sandbox());
        command
    }

    fn grade_somehow(&self, out: &str, arguments: &[&str]) -> Command {
        let (folder, out) = (self.path("in"), self.path(out));
        let mut command = grade(&["class"]);
        command.arg(folder).arg("--out").arg(out).args(arguments);
        // What a grader that is killed leaves behind goes with the class.
        command.env("TMPDIR", self.folder.path());
        command
    }

    fn records(&self, out: &str) -> BTreeMap<String, StudentRecord> {
        store::records(&self.path(out)).expect("the results can be read")
    }

    /// Two reports have the same files, and the same in them.
    fn assert_same(&self, one: &str, other: &str) {
        let (one, other) = (self.files(one), self.files(other));
        assert!(
            one.keys().eq(other.keys()),
            "{:?} and {:?}",
            one.keys(),
            other.keys()
        );
        let mut differences = Vec::new();
        for (name, text) in &one {
            // Of a student's feedback, what is not in the other: the text tells it best.
            let is_in = |line: &&str, text: &str| text.lines().any(|other| other == *line);
            let gone = text.lines().filter(|line| !is_in(line, &other[name]));
            let new = other[name].lines().filter(|line| !is_in(line, text));
            let gone = gone.map(|line| format!("- {line}\n"));
            let new = new.map(|line| format!("+ {line}\n"));
            if *text != other[name] {
                let lines: String = gone.chain(new).collect();
                differences.push(format!("{}:\n{lines}", name.display()));
            }
        }
        let shown: String = differences.join("").chars().take(10_000).collect();
        assert!(differences.is_empty(), "{shown}");
    }

    /// All files of a report, without the lock.
    fn files(&self, out: &str) -> BTreeMap<PathBuf, String> {
        let root = self.path(out);
        let mut files = BTreeMap::new();
        for folder in ["", "results", "feedback"] {
            for entry in fs::read_dir(root.join(folder)).expect("the report can be read") {
                let path = entry.expect("the report can be read").path();
                if path.is_file() && !path.ends_with(".lock") {
                    let text = fs::read_to_string(&path).expect("a report is text");
                    files.insert(path.strip_prefix(&root).expect("it is in it").into(), text);
                }
            }
        }
        files
    }
}

fn model(exercise: u32) -> String {
    let path = format!(
        "{}/right/{exercise:02}/model.rs",
        env!("CARGO_MANIFEST_DIR")
    );
    fs::read_to_string(path).expect("the model can be read")
}

/// Wrong answers in a language that a student could hand in, with what they fail: an exercise
/// has not all the crates of other right answers.
fn wrong(exercise: u32, extension: &str) -> Vec<(String, String, BTreeSet<String>)> {
    let wrong = answers::wrong_answers(exercise).expect("the wrong answers can be read");
    let mine = wrong
        .into_iter()
        .filter(|wrong| wrong.base.ends_with(extension))
        .filter(|wrong| wrong.base == "model.rs" || extension == ".py");
    let mine = mine.map(|wrong| {
        let source = wrong.source(exercise).expect("it can be made");
        (wrong.name, source, wrong.fails)
    });
    mine.collect()
}

fn status_of(record: &StudentRecord, exercise: u32) -> Status {
    let mut exercises = record.exercises.iter();
    let graded = exercises.find(|graded| graded.exercise == exercise);
    graded.expect("the exercise is in the record").status
}

fn failed(record: &StudentRecord, exercise: u32) -> BTreeSet<String> {
    let mut exercises = record.exercises.iter();
    let graded = exercises.find(|graded| graded.exercise == exercise);
    let checks = &graded.expect("the exercise is in the record").checks;
    let failed = checks.iter().filter(|check| check.failure.is_some());
    failed.map(|check| check.name.clone()).collect()
}

/// Everybody has failed the checks that they should, of this exercise, and no others.
fn assert_failed(
    records: &BTreeMap<String, StudentRecord>,
    expected: &BTreeMap<String, (u32, BTreeSet<String>)>,
) {
    assert!(!expected.is_empty());
    let mut complaints = Vec::new();
    for (id, (exercise, fails)) in expected {
        let record = &records[id];
        let failed = failed(record, *exercise);
        assert_eq!(status_of(record, *exercise), Status::Graded, "{id}");
        if failed != *fails {
            let checks = record.exercises.iter().flat_map(|graded| &graded.checks);
            let stories: String = checks
                .filter(|check| !fails.contains(&check.name))
                .filter_map(|check| Some(format!("\n{}: {}", check.name, check.failure.as_ref()?)))
                .collect();
            complaints.push(format!(
                "{id} fails {failed:?} instead of {fails:?}{stories}"
            ));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Every answer that the rubrics are proved by is a student's: behind walls it fails the same
/// checks as outside, and no other.
#[test]
fn everybody_gets_the_marks_they_earn() {
    let class = Class::new();
    let mut expected = BTreeMap::new();
    for exercise in 1..=7 {
        class.hand_in(
            &format!("right/exercise-{exercise:02}.rs"),
            &model(exercise),
        );
        for (name, source, fails) in wrong(exercise, ".rs") {
            let id = format!("{exercise:02}-{name}");
            class.hand_in(&format!("{id}/{exercise:02}.rs"), &source);
            expected.insert(id, (exercise, fails));
        }
    }
    class.grade("out", &[]).assert().success();
    let records = class.records("out");
    for exercise in 1..=7 {
        let fails = failed(&records["right"], exercise);
        assert!(fails.is_empty(), "exercise {exercise:02}: {fails:?}");
        assert_eq!(status_of(&records["right"], exercise), Status::Graded);
    }
    assert_failed(&records, &expected);
    for (id, (exercise, _)) in expected {
        for other in (1..=7).filter(|other| *other != exercise) {
            assert_eq!(status_of(&records[&id], other), Status::Missing, "{id}");
        }
    }
}

#[test]
fn python_is_graded_by_a_template() {
    let class = Class::new();
    let mut expected = BTreeMap::new();
    for exercise in 1..=7 {
        for (name, source, fails) in wrong(exercise, ".py") {
            let id = format!("{exercise:02}-{name}");
            class.hand_in(&format!("{id}/{exercise:02}.py"), &source);
            expected.insert(id, (exercise, fails));
        }
        for path in answers::right_files(exercise).expect("there are right answers") {
            if path.extension().is_some_and(|end| end == "py") {
                let stem = path.file_stem().expect("it has a name").to_string_lossy();
                let id = format!("{exercise:02}-right-{stem}");
                let source = fs::read_to_string(&path).expect("it can be read");
                class.hand_in(&format!("{id}/{exercise:02}.py"), &source);
                expected.insert(id, (exercise, BTreeSet::new()));
            }
        }
    }
    class.hand_in("nothing/readme.txt", "I did not do it.");
    let program = "/usr/bin/python3 -S {dir}/{nn}.py";
    let done = class.grade("out", &["--program", program]).assert();
    done.success();
    let records = class.records("out");
    for exercise in 1..=7 {
        assert_eq!(status_of(&records["nothing"], exercise), Status::Missing);
    }
    assert_failed(&records, &expected);
}

/// A class for exercise 01, with somebody of each kind.
fn class_of_all_kinds() -> Class {
    let class = Class::new();
    class.hand_in("anna/01.rs", &model(1));
    class.hand_in("ben/01.rs", "fn main() { this is no Rust }");
    class.hand_in("李雷_4711_assignsubmission_file_/exercise-01.rs", &model(1));
    class.hand_in(
        "dora/01.rs",
        "fn main() { std::thread::sleep(std::time::Duration::MAX) }",
    );
    class.hand_in("emil/thoughts.txt", "none");
    for (name, source, _) in wrong(1, ".rs").into_iter().take(3) {
        class.hand_in(&format!("{name}/01.rs"), &source);
    }
    class.hand_in("zoe/01.rs", &model(1));
    fs::write(
        class.path("roster.csv"),
        "id,name,language\nanna,\"Doe, Anna\",\n4711,李雷,zh\nxaver,<b>Xaver</b>,en\n",
    )
    .expect("a file can be written");
    class
}

#[test]
fn who_does_harm_harms_nobody_else() {
    if sandbox().is_some() {
        return; // Said aloud.
    }
    let class = Class::new();
    class.hand_in("anna/01.rs", &model(1));
    class.hand_in("zoe/01.rs", &model(1));
    let harm = [
        (
            "forks",
            r#"loop { let _ = std::process::Command::new("/proc/self/exe").spawn(); }"#,
        ),
        (
            "kills",
            r#"let _ = std::process::Command::new("sh").args(["-c", "kill -s KILL -1 $PPID"]).status();"#,
        ),
        (
            "fills",
            r#"for n in 0.. { if std::fs::write(format!("/tmp/{n}"), vec![1; 1 << 20]).is_err() { break } }"#,
        ),
        (
            "hungers",
            "let mut all = Vec::new(); loop { all.push(vec![1u8; 1 << 20]); }",
        ),
        (
            "listens",
            r#"let all: Vec<_> = (1024..=65535).map(|port| std::net::TcpListener::bind(("127.0.0.1", port))).collect(); std::thread::sleep(std::time::Duration::from_secs(60)); drop(all);"#,
        ),
        (
            "forges",
            r#"println!("test result: ok. 8 passed"); let _ = std::fs::write("record", r"{}");"#,
        ),
    ];
    for (id, statements) in harm {
        let source = format!("#![allow(unreachable_code)]\nfn main() {{ {statements} }}\n");
        class.hand_in(&format!("{id}/01.rs"), &source);
    }

    assert_only_anna_and_zoe_get_points(&class);
}

/// Nobody gets where a submission has nothing to do: these do as they should once they have got
/// there, so whoever gets a point has.
#[test]
fn who_breaks_out_gets_nowhere() {
    if sandbox().is_some() {
        return; // Said aloud.
    }
    let class = Class::new();
    class.hand_in("anna/01.rs", &model(1));
    class.hand_in("zoe/01.rs", &model(1));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it has an address");
    let secrets = [
        workspace::root().join("Cargo.toml"),
        workspace::root().join("lessons/01-client/exercise/exercise.toml"),
        class.path("in/anna/01.rs"),
        class.path("roster.csv"),
        PathBuf::from("/etc/passwd"),
        PathBuf::from("/root"),
    ];
    fs::write(class.path("roster.csv"), "id,name\n").expect("a file can be written");
    let models = answers::right(1, "python3").expect("there are right answers");
    let programs = [
        workspace::lesson(1).program().into(),
        PathBuf::from(&models[0].program[0]),
    ];
    for path in secrets.iter().chain(&programs) {
        assert!(path.exists(), "{} is not there to be found", path.display());
    }
    let intrusions = [
        (
            "reads",
            format!("{secrets:?}.iter().any(|path| std::fs::metadata(path).is_ok())"),
        ),
        (
            "writes",
            format!(
                "{secrets:?}.iter().chain(&[\"/usr/x\", \"/student/x\", \"/x\", \"/dev/shm/x\"]).any(|path| \
                 std::fs::OpenOptions::new().append(true).create(true).open(path).is_ok())"
            ),
        ),
        (
            "borrows",
            format!(
                "{programs:?}.iter().any(|path| {{ let error = \
                 std::os::unix::process::CommandExt::exec(std::process::Command::new(path)\
                 .args(std::env::args_os().skip(1))); eprintln!(\"{{error}}\"); false }})"
            ),
        ),
        (
            "calls-out",
            format!("TcpStream::connect(\"{address}\").is_ok()"),
        ),
        (
            "looks",
            "std::fs::read_dir(\"/proc\").unwrap().flatten().any(|process| \
             std::fs::read(process.path().join(\"environ\")).is_ok_and(|all| \
             String::from_utf8_lossy(&all).contains(\"HARNESS\")))"
                .to_string(),
        ),
        (
            "traces",
            "(1..1000).filter(|pid| *pid != std::process::id()).any(|pid| \
             std::fs::OpenOptions::new().write(true).open(format!(\"/proc/{pid}/mem\")).is_ok())"
                .to_string(),
        ),
    ];
    for (id, is_there) in &intrusions {
        let honest = model(1).replace("fn main()", "fn honest()");
        let source = format!(
            "{honest}\nfn main() -> anyhow::Result<()> {{ if {is_there} {{ honest() }} else {{ \
             bail!(\"no way\") }} }}\n"
        );
        class.hand_in(&format!("{id}/01.rs"), &source);
    }
    assert_only_anna_and_zoe_get_points(&class);
}

fn assert_only_anna_and_zoe_get_points(class: &Class) {
    class.grade("out", &["--only", "1"]).assert().success();
    for (id, record) in class.records("out") {
        let expected = if ["anna", "zoe"].contains(&id.as_str()) {
            100
        } else {
            0
        };
        assert_ne!(status_of(&record, 1), Status::DoesNotCompile, "{id}");
        assert_eq!(score(class, &id), expected, "{id}");
    }
}

#[test]
fn stopped_at_any_moment_it_goes_on_where_it_was() {
    let class = class_of_all_kinds();
    let roster = class.path("roster.csv");
    let roster = roster.to_str().expect("the path is text");
    let arguments = ["--only", "1", "--roster", roster];
    let done = class.grade("whole", &arguments).assert().success();
    done.stdout(contains("xaver").or(contains("Xaver")));
    let whole = class.files("whole");
    for name in [
        "grades.csv",
        "report.html",
        "junit.xml",
        "results/xaver.json",
    ] {
        assert!(
            whole.contains_key(Path::new(name)),
            "{name} in {:?}",
            whole.keys()
        );
    }

    let is_chinese = |name: &str| whole[Path::new(name)].contains("练习");
    assert!(is_chinese("feedback/4711.txt") && is_chinese("feedback/4711.html"));
    assert!(!is_chinese("feedback/anna.txt") && !is_chinese("report.html"));

    // Killed when some students are done, again and again, until there is nothing to kill.
    let mut kills = 0;
    let arguments = ["--roster", roster];
    loop {
        let before = count(&class.path("parts/results"));
        let mut command = class.grade("parts", &arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut grader = command.spawn().expect("the grader can be started");
        let deadline = Instant::now() + Duration::from_secs(120);
        let ended = loop {
            if let Some(status) = grader.try_wait().expect("it can be waited for") {
                break Some(status);
            }
            if count(&class.path("parts/results")) > before {
                break None;
            }
            assert!(Instant::now() < deadline, "nothing happens");
            thread::sleep(Duration::from_millis(5));
        };
        if let Some(status) = ended {
            assert!(status.success());
            break;
        }
        grader.kill().expect("it can be killed");
        grader.wait().expect("it can be waited for");
        kills += 1;
    }
    assert!(kills >= 3, "it was killed {kills} times only");
    // A grader that is killed while it writes leaves a file which the next one takes away.
    let unfinished = ["parts/.new-abc", "parts/feedback/.new-def"].map(|name| class.path(name));
    for path in &unfinished {
        fs::write(path, "half a fi").expect("a file can be written");
    }
    class.grade("parts", &arguments).assert().success();
    for path in &unfinished {
        assert!(!path.exists(), "{} is still there", path.display());
    }
    // What was graded before is as it was, and the rest as if nothing had happened.
    class.grade("again", &arguments).assert().success();
    class.assert_same("parts", "again");
    // Nothing is left to do, and nothing changes.
    class
        .grade("parts", &arguments)
        .assert()
        .success()
        .stdout(contains("as before"));
    class.assert_same("parts", "again");
}

#[test]
fn a_part_that_is_graded_again_leaves_the_rest_as_it_was() {
    let class = Class::new();
    // What does not compile is judged at once.
    for name in ["ann_05.rs", "ann_06.rs", "bob_05.rs"] {
        class.hand_in(name, "not Rust");
    }
    class.grade("out", &["--only", "5"]).assert().success();

    // Next week, in a folder of its own; Bob has handed in nothing.
    fs::remove_file(class.path("in/ann_05.rs")).expect("it is there");
    fs::remove_file(class.path("in/bob_05.rs")).expect("it is there");
    let roster = class.path("roster.csv");
    fs::write(&roster, "id,name\nann,Ann Li\nbob,Bob\n").expect("a file");
    let roster = roster.to_str().expect("the path is text");
    let arguments = ["--only", "6", "--roster", roster];
    class.grade("out", &arguments).assert().success();
    let statuses = |id: &str| {
        let records = class.records("out");
        [5, 6].map(|exercise| status_of(&records[id], exercise))
    };
    assert_eq!(statuses("ann"), [Status::DoesNotCompile; 2]);
    assert_eq!(statuses("bob"), [Status::DoesNotCompile, Status::Missing]);
    // The name has come with the roster, also for what was graded before.
    assert_eq!(class.records("out")["ann"].student.name, "Ann Li");

    // Whom the folder does not know stays while a part is graded, and is told to be gone when
    // all of the class is.
    let arguments = ["--only", "6", "--student", "ann"];
    class.grade("out", &arguments).assert().success();
    assert_eq!(statuses("bob"), [Status::DoesNotCompile, Status::Missing]);
    class
        .grade("out", &[])
        .assert()
        .success()
        .stdout(contains("bob is not in the class any more"));
    assert!(!class.records("out").contains_key("bob"));
    assert!(!class.path("out/feedback/bob.txt").exists());
}

#[test]
fn a_part_that_was_stopped_goes_on_too_and_begins_anew_when_it_is_done() {
    let class = Class::new();
    for number in 0..12 {
        class.hand_in(&format!("s{number:02}_05.rs"), "not Rust");
    }
    let only = ["--only", "5"];
    class.grade("out", &only).assert().success();
    class
        .grade("out", &only)
        .assert()
        .success()
        .stdout(contains("as before").not());
    // Stopped when the first one is graded anew.
    let mut command = class.grade("out", &only);
    let mut grader = command
        .stdout(Stdio::piped())
        .spawn()
        .expect("the grader can be started");
    let lines = BufReader::new(grader.stdout.take().expect("it is piped")).lines();
    let mut lines = lines.map(|line| line.expect("it can be read"));
    assert!(lines.any(|line| line.starts_with("1/12")));
    grader.kill().expect("it can be killed");
    grader.wait().expect("it can be waited for");
    class
        .grade("out", &only)
        .assert()
        .success()
        .stdout(contains("1/12").and(contains("as before")));
}

/// How many files are in a folder; 0 where there is none yet.
fn count(folder: &Path) -> usize {
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    names
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "json"))
        .count()
}

#[test]
fn parts_make_the_whole() {
    let class = class_of_all_kinds();
    class.grade("whole", &["--only", "1"]).assert().success();
    for part in 1..=3 {
        let partition = format!("{part}/3");
        let out = format!("part-{part}");
        let arguments = ["--only", "1", "--partition", &partition];
        class.grade(&out, &arguments).assert().success();
    }
    let mut merge = grade(&["merge"]);
    merge.arg(class.path("merged"));
    for part in 1..=3 {
        merge.arg(class.path(&format!("part-{part}")));
    }
    merge.assert().success();
    class.assert_same("merged", "whole");
}

#[test]
fn a_teacher_has_the_last_word() {
    let class = class_of_all_kinds();
    class.grade("out", &["--only", "1"]).assert().success();
    assert_eq!(score(&class, "dora"), 0);
    let overrides = class.path("out/overrides.csv");
    fs::write(
        &overrides,
        "student,exercise,points,reason\ndora,1,40,\"she showed it, at the board\"\n",
    )
    .expect("a file can be written");
    // Graded again, it stays.
    for arguments in [&["--only", "1"][..], &["--only", "1", "--student", "dora"]] {
        class.grade("out", arguments).assert().success();
        assert_eq!(score(&class, "dora"), 40);
    }
    for name in ["grades.csv", "feedback/dora.html", "feedback/dora.txt"] {
        let text = &class.files("out")[Path::new(name)];
        assert!(
            text.contains("she showed it, at the board"),
            "{name}: {text}"
        );
    }
    // A mistake in it is told, and nothing is graded.
    fs::write(
        &overrides,
        "student,exercise,points,reason\nnobody,1,40,why\n",
    )
    .expect("a file");
    class
        .grade("out", &["--only", "1"])
        .assert()
        .code(2)
        .stderr(contains("nobody"));
    fs::remove_file(&overrides).expect("it is there");
    // What another version has left would be gone: it is told, and nothing is graded, either.
    fs::write(class.path("out/results/anna.json"), "{}").expect("a file");
    class
        .grade("out", &["--only", "1", "--student", "dora"])
        .assert()
        .code(2)
        .stderr(contains("anna.json").and(contains("grade the whole class")));
}

fn score(class: &Class, id: &str) -> u64 {
    let text = &class.files("out")[&PathBuf::from(format!("results/{id}.json"))];
    let value: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
    value["score"].as_u64().expect("the score is a number")
}

/// A busy kernel may take seconds to build walls: that is not the time of who is behind them.
/// Where it takes too long, the check is run once more.
#[test]
fn slow_walls_cost_nobody_a_point() {
    if sandbox().is_some() {
        return; // Said aloud.
    }
    let class = Class::new();
    class.hand_in("anna/01.rs", &model(1));
    // Bubblewrap, which takes longer to start the first program of a check than the whole check
    // may take; and the first one of all it never starts. Each check has a folder of its own.
    let slow = class.path("bin/bwrap");
    fs::create_dir(class.path("bin")).expect("a folder can be made");
    let times = class.path("times");
    let script = format!(
        "#!/bin/sh\n\
         case $PWD in */check-*)\n\
             if [ ! -e slow ]; then\n\
                 : > slow; echo >> '{}'\n\
                 if mkdir '{}' 2> /dev/null; then sleep 60; fi\n\
                 sleep 5\n\
             fi\n\
         esac\n\
         exec /usr/bin/bwrap \"$@\"\n",
        times.display(),
        class.path("never").display()
    );
    fs::write(&slow, script).expect("a file can be written");
    fs::set_permissions(&slow, fs::Permissions::from_mode(0o755)).expect("its mode");
    let path = std::env::var("PATH").expect("there is a PATH");
    let path = format!("{}:{path}", class.path("bin").display());
    let mut command = class.grade("out", &["--only", "1"]);
    command.current_dir(class.folder.path()).env("PATH", path);
    command.assert().success();
    let record = &class.records("out")["anna"];
    assert_eq!(failed(record, 1), BTreeSet::new());
    let times = fs::read_to_string(times).expect("bubblewrap was slow");
    let checks = record.exercises[0].checks.len();
    assert_eq!(
        times.lines().count(),
        checks + 1,
        "in all checks, and twice in one of them"
    );
}

#[test]
fn a_full_disk_is_told_and_leaves_what_is_done() {
    let class = class_of_all_kinds();
    let out = class.path("small");
    fs::create_dir(&out).expect("a folder can be made");
    // Walls inside of walls cannot be built.
    let inner = class.grade_somehow("small", &["--only", "1", "--no-sandbox"]);
    // A file system of its own that holds one student, or two.
    let mount = "mount -t tmpfs -o size=96k none \"$0\" && \"$@\"; status=$?; cp -r \"$0\" \"$0-copy\"; exit $status";
    let mut command = Command::new("unshare");
    harness::outside(&mut command)
        .args(["--mount", "--map-root-user", "sh", "-c", mount])
        .arg(&out)
        .arg(inner.get_program())
        .args(inner.get_args());
    let output = command.output().expect("unshare can be run");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    if words.contains("unshare:") || words.contains("mount:") {
        harness::skip(&format!("a small file system cannot be made: {words}"));
        return;
    }
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.contains("No space left"), "{words}");
    assert!(words.contains("goes on from it"), "{words}");
    // Whatever is there is whole.
    let copy = class.path("small-copy");
    let records = store::records(&copy).expect("the results can be read");
    assert_eq!(records.len(), count(&copy.join("results")));
    assert!(records.len() < 9, "all have found room");
}
