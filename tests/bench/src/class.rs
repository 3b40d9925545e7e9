//! A class: how long it takes to grade, how much memory and disk, and whether a busy machine
//! gives other grades.

use crate::busy::with_busy_threads;
use crate::command::{self, cargo, say};
use crate::statistics::seconds;
use anyhow::{Context, ensure};
use classroom::record::StudentRecord;
use classroom::store;
use grade::exercise::Exercise;
use harness::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How many students' programs are graded in the obvious way, which is slow.
const SAMPLE: usize = 3;

/// The figures of grading one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfClass {
    /// How many students there are.
    pub students: usize,
    /// How many programs they have handed in.
    pub programs: usize,
    /// How many of these hang: they never end, and answer no client.
    pub hangs: usize,
    /// The seconds that grading took.
    pub took: f64,
    /// The peak memory of the grader itself, in megabytes.
    pub megabytes: u64,
    /// The peak disk space that it used, in megabytes: build output, temporary files, the report.
    pub disk: u64,
}

/// The figures of all classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfClasses {
    /// A quarter of a class, half of one, and a whole one.
    pub classes: Vec<OfClass>,
    /// The whole class, while every core of the machine is busy with something else.
    pub busy: OfClass,
    /// How many checks had another result there.
    pub differences: usize,
    /// The obvious way: each program is copied into one clone of the project in which everything
    /// is built, and `cargo test` is run there. The number of programs, and the seconds for them.
    pub obvious: (usize, f64),
    /// The same with a separate clone for a student, in which nothing is built.
    #[serde(default)]
    pub clones: (usize, f64),
}

/// Grades a class of this many students in a workspace whose grader has been built.
///
/// # Errors
///
/// If a command fails.
pub fn measure(
    workspace: &Path,
    exercises: &[Exercise],
    students: usize,
) -> anyhow::Result<OfClasses> {
    let folder = tempfile::TempDir::with_prefix("bench-").context("cannot make a folder")?;
    // What is built for a class the first time is kept for all later ones.
    say("class: a student");
    let first = make(&folder.path().join("first"), exercises, 1)?;
    grade(workspace, &folder.path().join("first"), first, 1, 0)?;

    let mut classes = Vec::new();
    for students in [students.div_ceil(4), students.div_ceil(2), students] {
        say(&format!("class: {students} students"));
        let folder = folder.path().join(students.to_string());
        let handed_in = make(&folder, exercises, students)?;
        classes.push(grade(workspace, &folder, handed_in, students, 0)?.0);
    }
    let cores = thread::available_parallelism().map_or(1, usize::from);
    say(&format!("class: {students} students, on a busy machine"));
    let busy = folder.path().join("busy");
    let handed_in = make(&busy, exercises, students)?;
    let (on_busy, records) = grade(workspace, &busy, handed_in, students, cores)?;
    let quiet = store::records(&folder.path().join(students.to_string()).join("report"))?;

    say("class: the obvious way");
    let sample = folder.path().join("sample");
    make(&sample, exercises, students.min(SAMPLE))?;
    let obvious = obvious(workspace, exercises, &sample, students)?;
    say("class: a clone for a student");
    let clones = clone_of_a_student(workspace, exercises, &sample)?;
    Ok(OfClasses {
        classes,
        busy: on_busy,
        differences: differences(&quiet, &records),
        obvious,
        clones,
    })
}

/// The number of programs, and how many of them hang.
type HandedIn = (usize, usize);

/// Makes a class of mixed quality: of ten programs four are right, three wrong, one is the
/// starter, one is missing, and one may hang. No two files are the same, and every call makes the
/// same class.
fn make(folder: &Path, exercises: &[Exercise], students: usize) -> anyhow::Result<HandedIn> {
    let (mut programs, mut hangs) = (0, 0);
    for student in 0..students {
        for (index, exercise) in exercises.iter().enumerate() {
            let number = exercise.number;
            let source = match (student * 3 + index * 7) % 10 {
                0..=3 => model(number)?,
                4..=6 => wrong(number, student)?,
                7 => starter(number)?,
                8 => continue,
                // Half of these, which is one in twenty.
                _ if student % 2 == 0 => {
                    hangs += 1;
                    "fn main() { loop { std::thread::park(); } }".to_string()
                }
                _ => model(number)?,
            };
            programs += 1;
            let name = format!("in/student-{student:03}/exercise-{number:02}.rs");
            let path = folder.join(name);
            let parent = path.parent().context("a file is in a folder")?;
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot make {}", parent.display()))?;
            fs::write(&path, format!("{source}\n// student {student}\n"))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok((programs, hangs))
}

fn read(path: &str) -> anyhow::Result<String> {
    let path = workspace::root().join("tests").join(path);
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

fn model(exercise: u32) -> anyhow::Result<String> {
    read(&format!("answers/right/{exercise:02}/model.rs"))
}

fn starter(exercise: u32) -> anyhow::Result<String> {
    read(&format!("grade/starters/{exercise:02}.rs"))
}

/// One of the wrong answers that a student could hand in: those that need no other crates.
fn wrong(exercise: u32, student: usize) -> anyhow::Result<String> {
    let mut all = answers::wrong_answers(exercise)?;
    all.retain(|wrong| wrong.base == "model.rs");
    let one = all.get(student % all.len().max(1));
    one.context("there are wrong answers in Rust")?
        .source(exercise)
}

/// Grades a class while this many threads keep the processors busy.
fn grade(
    workspace: &Path,
    folder: &Path,
    (programs, hangs): HandedIn,
    students: usize,
    busy_threads: usize,
) -> anyhow::Result<(OfClass, BTreeMap<String, StudentRecord>)> {
    let temporary = folder.join("temporary");
    fs::create_dir_all(&temporary)
        .with_context(|| format!("cannot make {}", temporary.display()))?;
    let report = folder.join("report");
    let mut command = Command::new(workspace.join("target/debug/classroom"));
    command.arg("class").arg(folder.join("in"));
    command.arg("--out").arg(&report);
    command.current_dir(workspace).env("TMPDIR", &temporary);
    let on_disk = [
        workspace.join("target/class"),
        temporary.clone(),
        report.clone(),
    ];
    let watched = with_busy_threads(busy_threads, || watch(&mut command, &on_disk));
    let (took, megabytes, disk) = watched?;
    let of_class = OfClass {
        students,
        programs,
        hangs,
        took,
        megabytes,
        disk,
    };
    Ok((of_class, store::records(&report)?))
}

/// Runs a command. Returns how many seconds it took, and the peak of the megabytes that it used in
/// memory and in these folders.
fn watch(command: &mut Command, folders: &[PathBuf]) -> anyhow::Result<(f64, u64, u64)> {
    const LIMIT: Duration = Duration::from_secs(60 * 60);
    /// The pause between two looks at all files, which take processor time themselves.
    const LOOK_AT_DISK: Duration = Duration::from_secs(5);

    let name = command::shown(command);
    let start = Instant::now();
    let (group, mut child) = harness::ProcessGroup::start(
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit()),
    )
    .with_context(|| format!("cannot run {name}"))?;
    let (mut megabytes, mut disk, mut looked) = (0, 0, start);
    while !harness::has_ended(&mut child).context("cannot watch the grader")? {
        ensure!(start.elapsed() < LIMIT, "{name} still runs after {LIMIT:?}");
        if let Some(resources) = harness::Resources::of(child.id()) {
            megabytes = megabytes.max(resources.resident >> 20);
        }
        if looked.elapsed() > LOOK_AT_DISK {
            disk = disk.max(folders.iter().map(|folder| size(folder)).sum());
            looked = Instant::now();
        }
        thread::sleep(Duration::from_millis(20));
    }
    let took = seconds(start.elapsed());
    disk = disk.max(folders.iter().map(|folder| size(folder)).sum());
    let status = group.end(&mut child).context("cannot tell how it ended")?;
    // 1 says that not all marks are full.
    ensure!(
        status.code().is_some_and(|code| code < 2),
        "{name} failed ({status})"
    );
    Ok((took, megabytes, disk >> 20))
}

/// The bytes of all files in a folder. A file that is removed meanwhile does not count.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => size(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}

/// How many exercises or checks have another outcome. Prints each of them.
fn differences(
    one: &BTreeMap<String, StudentRecord>,
    other: &BTreeMap<String, StudentRecord>,
) -> usize {
    let outcomes = |records: &BTreeMap<String, StudentRecord>| {
        let mut found = BTreeMap::new();
        for (id, record) in records {
            for graded in &record.exercises {
                let status = format!("{:?}", graded.status);
                found.insert((id.clone(), graded.exercise, String::new()), status);
                for check in &graded.checks {
                    let status = (check.verdict == Verdict::Passed).to_string();
                    found.insert((id.clone(), graded.exercise, check.name.clone()), status);
                }
            }
        }
        found
    };
    let (one, other) = (outcomes(one), outcomes(other));
    let keys: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let mut differ = 0;
    for key in keys {
        let (one, other) = (one.get(key), other.get(key));
        if one != other {
            let (student, exercise, check) = key;
            say(&format!(
                "class: {student}, exercise {exercise:02} {check}: {one:?}, and {other:?} on a \
                 busy machine"
            ));
            differ += 1;
        }
    }
    differ
}

/// Copies programs of some students into the workspace and runs `cargo test` on each.
fn obvious(
    workspace: &Path,
    exercises: &[Exercise],
    sample: &Path,
    students: usize,
) -> anyhow::Result<(usize, f64)> {
    let (mut count, mut took) = (0, Duration::ZERO);
    for student in 0..students.min(SAMPLE) {
        for exercise in exercises {
            if !copy(sample, student, exercise, &exercise.folder)? {
                continue;
            }
            let mut command = cargo(workspace);
            command.args(["test", "--package", &exercise.package()]);
            took += command::timed(&mut command, &[0, 101])?.0;
            count += 1;
        }
    }
    Ok((count, seconds(took)))
}

/// Copies the programs of a student into a clone of the workspace, and runs `cargo test` on all
/// of them there. The time of the clone itself does not count.
fn clone_of_a_student(
    workspace: &Path,
    exercises: &[Exercise],
    sample: &Path,
) -> anyhow::Result<(usize, f64)> {
    let clone = sample.with_file_name("clone");
    fs::create_dir(&clone).with_context(|| format!("cannot make {}", clone.display()))?;
    let mut git = Command::new("git");
    git.args(["checkout-index", "--all"]).current_dir(workspace);
    command::output(git.arg(format!("--prefix={}/", clone.display())))?;
    let mut command = cargo(&clone);
    command.args(["test", "--no-fail-fast"]);
    let mut count = 0;
    for exercise in exercises {
        let folder = exercise.folder.strip_prefix(workspace);
        let folder = clone.join(folder.context("an exercise is in the workspace")?);
        if copy(sample, 0, exercise, &folder)? {
            command.args(["--package", &exercise.package()]);
            count += 1;
        }
    }
    Ok((count, seconds(command::timed(&mut command, &[0, 101])?.0)))
}

/// Copies a student's file for an exercise into the folder of the exercise, if there is one.
fn copy(sample: &Path, student: usize, exercise: &Exercise, folder: &Path) -> anyhow::Result<bool> {
    let name = format!("in/student-{student:03}/exercise-{:02}.rs", exercise.number);
    let Ok(source) = fs::read(sample.join(name)) else {
        return Ok(false);
    };
    let file = folder.join("main.rs");
    fs::write(&file, source).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(true)
}
