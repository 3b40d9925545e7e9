//! Grades a class: compiles and judges what was handed in, several exercises at a time.
//!
//! A thread opens one submission after the other and hands its exercises on; as many threads
//! as there are processors compile them. Twice as many run the checks, and further ones
//! while a processor has nothing to do: checks mostly wait, but those of a program that is busy
//! must not keep others from being in time. A student whose last exercise is done is written at
//! once.

mod gate;

use super::addresses::settle;
use super::build::{Compiled, Workshop};
use super::hash::hexadecimal;
use super::intake::originals::Originals;
use super::intake::{self, Class, Found, Handed, Submission};
use super::record::{Checked, Graded, Override, Record, Status, Student};
use super::report::{Report, file_stem};
use super::store::{About, Store};
use super::{gradebook, overrides, roster};
use anyhow::{Context, bail, ensure};
use gate::Gate;
use grade::exercise::Exercise;
use grade::language::Language;
use grade::sandbox::Sandbox;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

/// How a class is to be graded.
#[derive(Debug, Clone)]
pub struct Order {
    /// Where the submissions are.
    pub folder: PathBuf,
    /// Where the report goes.
    pub report: PathBuf,
    /// Who is in the class.
    pub roster: Option<PathBuf>,
    /// A command that runs a student's program, as words; `{dir}` is the student's folder and
    /// `{nn}` the number of the exercise. `None` for Rust.
    pub program: Option<Vec<String>>,
    /// The exercises that are graded, again if need be; all if empty.
    pub only: Vec<u32>,
    /// The students who are graded, again if need be; all if empty.
    pub students: Vec<String>,
    /// Other points, by the hand of a teacher.
    pub overrides: Option<PathBuf>,
    /// Whether programs run behind walls.
    pub sandbox: bool,
    /// Which part of the class.
    pub partition: Partition,
    /// The language of the report, and of the feedback.
    pub language: Language,
}

impl Order {
    /// Whether some exercises or students are named, and are to be graded again.
    fn is_part(&self) -> bool {
        !self.only.is_empty() || !self.students.is_empty()
    }
}

/// A part of a class: each `of`-th student, counted from `part`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// The part, from 1.
    pub part: usize,
    /// How many parts there are.
    pub of: usize,
}

impl Partition {
    /// All of the class.
    pub const ALL: Self = Self { part: 1, of: 1 };

    fn has(self, index: usize) -> bool {
        index % self.of == self.part - 1
    }
}

impl std::str::FromStr for Partition {
    type Err = String;

    fn from_str(words: &str) -> Result<Self, String> {
        let numbers = words.split_once('/');
        let numbers = numbers.and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((part, of)) if (1..=of).contains(&part) => Ok(Self { part, of }),
            _ => Err("a part looks like 3/8, and is from 1/8 to 8/8".to_string()),
        }
    }
}

/// What happens while a class is graded.
#[derive(Debug)]
pub enum Event<'a> {
    /// The rubrics are built.
    Builds,
    /// This many students are graded.
    Begins {
        /// How many.
        students: usize,
    },
    /// An exercise is compiled and judged.
    Starts {
        /// Whose it is.
        student: &'a Student,
        /// Its number.
        exercise: u32,
    },
    /// An exercise is done.
    Ends {
        /// Whose it is.
        student: &'a Student,
        /// Its number.
        exercise: u32,
    },
    /// All exercises of a student are done, and are written.
    Student {
        /// What was found.
        record: &'a Record,
        /// The points in all.
        points: u32,
        /// How many exercises were graded this time; the others are as they were.
        graded: usize,
    },
}

/// What came of it.
#[derive(Debug)]
pub struct Summary {
    /// How many students are in the report.
    pub students: usize,
    /// How many of them have handed in nothing.
    pub missing: usize,
    /// What could not be understood: where it is, and the reason.
    pub not_understood: Vec<(String, String)>,
    /// What was left out of account: the student, and the reason.
    pub notices: Vec<(Student, String)>,
    /// What else there is to know about the class.
    pub remarks: Vec<String>,
}

/// Grades a class, and writes the report.
///
/// # Errors
///
/// If something cannot be read, built or written. What is done by then is in the report, and
/// the same order goes on from there.
pub fn grade(
    workspace: &Path,
    order: &Order,
    progress: &(impl Fn(Event) + Sync),
) -> anyhow::Result<Summary> {
    let exercises = Exercise::all(workspace)?;
    let wanted = wanted(&exercises, order)?;
    let roster = order.roster.as_deref().map(roster::read).transpose()?;
    let report = Some(order.report.as_path());
    let class = intake::class(&order.folder, report, roster.as_deref(), order.language)?;
    let students: Vec<Student> = students(&class);
    ensure!(
        !students.is_empty(),
        "there is nothing to grade in {}: {} things in it, and none is understood{}",
        order.folder.display(),
        class.not_understood.len(),
        reasons(&class)
    );
    for id in &order.students {
        ensure!(
            students.iter().any(|student| &student.id == id),
            "there is no student {id}: there are {}",
            list(students.iter().map(|student| student.id.as_str()))
        );
    }
    let store = Store::open(&order.report)?;
    let overrides = read_overrides(order, &students, &exercises)?;
    let sandbox = if order.sandbox {
        Sandbox::find()?
    } else {
        Sandbox::none()
    };
    if let Some(words) = &order.program {
        sandbox.verify(&words[0])?;
    }
    progress(Event::Builds);
    let work = workspace.join("target").join("class");
    let workshop = Workshop::open(workspace, &work, &wanted, order.sandbox)?;

    // Who names exercises or students wants them graded, known or not. This is said once: an
    // order that was stopped goes on from where it was.
    let again = order
        .is_part()
        .then(|| format!("{:?} {:?}", order.only, order.students));
    let is_new = again.is_some() && store.again()? != again;
    let Old {
        records: old,
        stale,
        gone,
    } = Old::read(&store, order, &students, &exercises, is_new)?;
    store.set_about(&about(&class, &gone, &sandbox, order.language))?;
    let shown = shown(&exercises, &wanted, old.values());
    for record in old.values() {
        write_student(&store, &shown, record, &overrides, order.language)?;
    }
    for student in &stale {
        store.forget(student)?;
    }
    store.set_again(again.as_deref())?;
    let mine = |student: &Student| {
        let index = students.iter().position(|one| one == student);
        index.is_some_and(|index| order.partition.has(index))
            && (order.students.is_empty() || order.students.contains(&student.id))
    };
    let submissions: Vec<&Submission> = class
        .submissions
        .iter()
        .filter(|submission| mine(&submission.student))
        .collect();
    let desk = Desk {
        order,
        all: &exercises,
        wanted: &wanted,
        shown: &shown,
        originals: &Originals::of(workspace),
        workshop: &workshop,
        sandbox: &sandbox,
        store: &store,
        overrides: &overrides,
        old: &old,
        progress,
    };
    let missing: Vec<&Student> = class
        .missing
        .iter()
        .filter(|student| mine(student))
        .collect();
    progress(Event::Begins {
        students: submissions.len() + missing.len(),
    });
    for student in missing {
        desk.finish(&Sheet::of_missing(&desk, student))?;
    }
    desk.grade_all(&submissions)?;
    let summary = conclude(&store, &shown, &overrides, order.language)?;
    store.set_again(None)?;
    Ok(summary)
}

/// What there is to know about the class besides its students.
fn about(class: &Class, gone: &[Student], sandbox: &Sandbox, language: Language) -> About {
    let gone = gone.iter().map(|student| match language {
        Language::En => format!("{} is not in the class any more", student.id),
        Language::Zh => format!("{} 已不在班里", student.id),
    });
    let notices = class.notices.iter().cloned().chain(gone);
    let not_understood = class.not_understood.iter();
    About {
        not_understood: not_understood
            .map(|what| (what.path.display().to_string(), what.reason.clone()))
            .collect(),
        notices: notices.chain(sandbox.missing_limits(language)).collect(),
    }
}

/// Refuses a report with results of another version of this program: a part of the class could
/// be graded, but the others' grades would be gone.
fn all_readable(report: &Path, what_to_do: &str) -> anyhow::Result<()> {
    let unreadable = super::store::unreadable(report)?;
    if let Some(first) = unreadable.first() {
        bail!(
            "{} is no result of this version of cargo grade ({} in all): {what_to_do}",
            first.display(),
            unreadable.len()
        );
    }
    Ok(())
}

/// What a report has already.
struct Old {
    /// By the students' ids: of all who are in the class, and, where only some are to be graded,
    /// of all others, too.
    records: BTreeMap<String, Record>,
    /// Whose files are to go: of those who are not in the class any more, and of those whose
    /// files have another name now.
    stale: Vec<Student>,
    /// Who is not in the class any more.
    gone: Vec<Student>,
}

impl Old {
    /// Reads it. With `again`, the grades that the order asks for count for nothing.
    fn read(
        store: &Store,
        order: &Order,
        students: &[Student],
        exercises: &[Exercise],
        again: bool,
    ) -> anyhow::Result<Self> {
        if order.is_part() {
            let what_to_do = "grade the whole class once, without --only and --student";
            all_readable(&order.report, what_to_do)?;
        }
        let (mut records, mut stale, mut gone) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (id, record) in store.records()? {
            let before = record.student.clone();
            let mut record = record.complete(exercises);
            match students.iter().find(|student| student.id == id) {
                Some(student) => record.student = student.clone(),
                None if order.is_part() => {}
                None => {
                    stale.push(before.clone());
                    gone.push(before);
                    continue;
                }
            }
            if file_stem(&before) != file_stem(&record.student) {
                stale.push(before);
            }
            let is_meant = order.students.is_empty() || order.students.contains(&id);
            for graded in &mut record.exercises {
                let is_wanted = order.only.is_empty() || order.only.contains(&graded.exercise);
                if again && is_meant && is_wanted {
                    graded.made_of.clear();
                }
            }
            records.insert(id, record);
        }
        Ok(Self {
            records,
            stale,
            gone,
        })
    }
}

/// Puts the reports of the parts of a class together.
///
/// # Errors
///
/// If one cannot be read, two have a student in common and do not agree, or the result cannot
/// be written.
pub fn merge(
    workspace: &Path,
    parts: &[PathBuf],
    report: &Path,
    overrides: Option<&Path>,
    language: Language,
) -> anyhow::Result<Summary> {
    let exercises = Exercise::all(workspace)?;
    let mut records: BTreeMap<String, (Record, &PathBuf)> = BTreeMap::new();
    let mut about = About::default();
    for part in parts {
        all_readable(part, "grade that part again")?;
        for (id, record) in super::store::records(part)? {
            match records.get(&id) {
                Some((other, from)) if *other != record => bail!(
                    "{} and {} have different grades of {id}: grade one of them again, or leave \
                     one out",
                    from.display(),
                    part.display()
                ),
                _ => records.insert(id, (record, part)),
            };
        }
        let part = super::store::about(part)?;
        about.not_understood.extend(part.not_understood);
        about.notices.extend(part.notices);
    }
    ensure!(
        !records.is_empty(),
        "there are no results in {}",
        list(parts.iter().filter_map(|part| part.to_str()))
    );
    about.not_understood.sort();
    about.not_understood.dedup();
    about.notices.sort();
    about.notices.dedup();
    let store = Store::open(report)?;
    for (id, record) in store.records()? {
        let is_same = |(new, _): &(Record, &PathBuf)| new.student == record.student;
        if !records.get(&id).is_some_and(is_same) {
            store.forget(&record.student)?;
        }
    }
    store.set_about(&about)?;
    let students: Vec<Student> = records
        .values()
        .map(|(record, _)| record.student.clone())
        .collect();
    let overrides = match overrides_file(overrides, report) {
        Some(path) => overrides::read(&path, &students, &exercises)?,
        None => Vec::new(),
    };
    let shown = shown(&exercises, &[], records.values().map(|(record, _)| record));
    for (record, _) in records.into_values() {
        let record = record.complete(&exercises);
        write_student(&store, &shown, &record, &overrides, language)?;
    }
    conclude(&store, &shown, &overrides, language)
}

/// The exercises that stand in the report: those that are to be graded now, and those that
/// were.
fn shown<'a>(
    exercises: &[Exercise],
    wanted: &[Exercise],
    records: impl Iterator<Item = &'a Record>,
) -> Vec<Exercise> {
    let records: Vec<&Record> = records.collect();
    let is_shown = |exercise: &&Exercise| {
        wanted.iter().any(|one| one.number == exercise.number)
            || records
                .iter()
                .any(|record| record.graded(exercise.number).is_some())
    };
    exercises.iter().filter(is_shown).cloned().collect()
}

/// The exercises that an order is about.
fn wanted(exercises: &[Exercise], order: &Order) -> anyhow::Result<Vec<Exercise>> {
    for number in &order.only {
        ensure!(
            exercises.iter().any(|exercise| exercise.number == *number),
            "there is no exercise {number:02}"
        );
    }
    let is_wanted =
        |exercise: &&Exercise| order.only.is_empty() || order.only.contains(&exercise.number);
    let wanted: Vec<_> = exercises.iter().filter(is_wanted).cloned().collect();
    if let Some(words) = &order.program {
        ensure!(
            wanted.len() == 1 || words.iter().any(|word| word.contains("{nn}")),
            "which exercise is {:?}? Write {{nn}} for its number, or name it with --only",
            words.join(" ")
        );
    }
    Ok(wanted)
}

/// Why things are not understood, each in a line; the first of many.
fn reasons(class: &intake::Class) -> String {
    let all = class.not_understood.iter().take(10);
    let lines = all.map(|what| {
        let line = format!("{}: {}", what.path.display(), what.reason);
        format!("\n{}", intake::printable(&line))
    });
    lines.collect()
}

/// Everybody, in order.
fn students(class: &intake::Class) -> Vec<Student> {
    let submitted = class
        .submissions
        .iter()
        .map(|submission| &submission.student);
    let mut students: Vec<_> = submitted.chain(&class.missing).cloned().collect();
    students.sort();
    students
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

fn read_overrides(
    order: &Order,
    students: &[Student],
    exercises: &[Exercise],
) -> anyhow::Result<Vec<Override>> {
    match overrides_file(order.overrides.as_deref(), &order.report) {
        Some(path) => overrides::read(&path, students, exercises),
        None => Ok(Vec::new()),
    }
}

/// The overrides that were named, or else those in the report.
fn overrides_file(named: Option<&Path>, report: &Path) -> Option<PathBuf> {
    let usual = report.join("overrides.csv");
    match named {
        Some(path) => Some(path.to_path_buf()),
        None => usual.exists().then_some(usual),
    }
}

/// All that the threads have in common.
struct Desk<'a, P> {
    order: &'a Order,
    all: &'a [Exercise],
    wanted: &'a [Exercise],
    shown: &'a [Exercise],
    originals: &'a Originals,
    workshop: &'a Workshop,
    sandbox: &'a Sandbox,
    store: &'a Store,
    overrides: &'a [Override],
    old: &'a BTreeMap<String, Record>,
    progress: &'a P,
}

/// A student who is being graded.
struct Sheet {
    student: Student,
    notices: Vec<String>,
    /// The student's files while programs in other languages run.
    folder: Mutex<Option<tempfile::TempDir>>,
    /// What is known so far, and how many exercises are still on their way.
    state: Mutex<State>,
}

struct State {
    exercises: BTreeMap<u32, Graded>,
    graded: usize,
    left: usize,
}

impl Sheet {
    /// Of a student who has handed in nothing.
    fn of_missing<P: Fn(Event) + Sync>(desk: &Desk<P>, student: &Student) -> Self {
        let mut exercises = desk.known(student);
        for exercise in desk.wanted {
            exercises.insert(exercise.number, Graded::new(exercise, Status::Missing));
        }
        Self {
            student: student.clone(),
            notices: Vec::new(),
            folder: Mutex::new(None),
            state: Mutex::new(State {
                exercises,
                graded: 0,
                left: 0,
            }),
        }
    }
}

/// An exercise of a student, on its way.
struct Task<'a> {
    sheet: &'a Sheet,
    exercise: &'a Exercise,
    /// What grading has found so far.
    graded: Graded,
    work: Work,
}

/// What is to be done next.
enum Work {
    Compile(Vec<u8>),
    /// The folder of the program goes when it has been judged.
    Judge {
        folder: PathBuf,
        program: Vec<String>,
        _own: Option<tempfile::TempDir>,
    },
    Nothing,
}

impl<P: Fn(Event) + Sync> Desk<'_, P> {
    /// Grades submissions, side by side.
    fn grade_all(&self, submissions: &[&Submission]) -> anyhow::Result<()> {
        let processors = thread::available_parallelism().map_or(2, usize::from);
        // Sheets live until all threads are done.
        let sheets: Vec<OnceLock<Sheet>> = submissions.iter().map(|_| OnceLock::new()).collect();
        let (to_compile, compiling) = sync_channel(processors);
        let (to_judge, judging) = sync_channel(processors);
        let (compiling, judging) = (Mutex::new(compiling), Mutex::new(judging));
        let first_error = Mutex::new(None);
        let note = |result: anyhow::Result<()>| {
            let is_fine = result.is_ok();
            if let Err(error) = result {
                lock(&first_error).get_or_insert(error);
            }
            is_fine && lock(&first_error).is_none()
        };
        let (compiling, judging, note, sheets) = (&compiling, &judging, &note, &sheets);
        let gate = &Gate::new(processors);
        thread::scope(|scope| {
            let open = move || {
                for (submission, sheet) in submissions.iter().zip(sheets) {
                    if !note(self.open(submission, sheet, &to_compile)) {
                        break;
                    }
                }
            };
            let opener = thread::Builder::new().stack_size(intake::STACK);
            if let Err(error) = opener.spawn_scoped(scope, open) {
                let error = anyhow::Error::new(error);
                note(Err(error.context("cannot start a thread")));
            }
            for _ in 0..processors {
                let to_judge = to_judge.clone();
                scope.spawn(move || {
                    while let Some(task) = next(compiling) {
                        note(self.compile(task, &to_judge));
                    }
                });
            }
            drop(to_judge);
            for _ in 0..(4 * processors).min(gate::MOST) {
                scope.spawn(move || {
                    while let Some(task) = next(judging) {
                        let _inside = gate.enter();
                        note(self.judge(task));
                    }
                });
            }
        });
        match lock(&first_error).take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Reads a submission, and hands on the exercises that are to be graded.
    fn open<'s>(
        &'s self,
        submission: &Submission,
        sheet: &'s OnceLock<Sheet>,
        to_compile: &SyncSender<Task<'s>>,
    ) -> anyhow::Result<()> {
        let student = &submission.student;
        let language = student.language.unwrap_or(self.order.language);
        let handed = submission.open(self.all, self.originals, language);
        let exercises = self.known(student);
        let mut tasks = Vec::new();
        for exercise in self.wanted {
            let (graded, work) = self.plan(&handed, exercise);
            let is_known = exercises
                .get(&exercise.number)
                .is_some_and(|old| old.made_of == graded.made_of);
            if !is_known {
                tasks.push((exercise, graded, work));
            }
        }
        let mut files = None;
        for (_, _, work) in &mut tasks {
            // One folder for all of the student's programs, and none where nothing runs.
            if let Work::Judge { folder, .. } = work {
                let files = match &files {
                    Some(files) => files,
                    None => files.insert(unpack(&handed, self.workshop.folder()?)?),
                };
                *folder = files.path().to_path_buf();
            }
        }
        let mut notices = handed.notices;
        if self.order.program.is_none() {
            notices.extend(handed.for_other_languages);
        }
        let sheet = sheet.get_or_init(|| Sheet {
            student: student.clone(),
            notices,
            folder: Mutex::new(files),
            state: Mutex::new(State {
                exercises,
                graded: tasks.len(),
                left: tasks.len(),
            }),
        });
        if tasks.is_empty() {
            return self.finish(sheet);
        }
        for (exercise, graded, work) in tasks {
            let task = Task {
                sheet,
                exercise,
                graded,
                work,
            };
            // It fails when the others have stopped because of an error.
            if to_compile.send(task).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// What is known of a student, by the numbers of the exercises.
    fn known(&self, student: &Student) -> BTreeMap<u32, Graded> {
        let old = self.old.get(&student.id).into_iter();
        let exercises = old.flat_map(|record| &record.exercises);
        exercises
            .map(|graded| (graded.exercise, graded.clone()))
            .collect()
    }

    /// What is to be done for an exercise; a program in another language has no folder yet.
    fn plan(&self, handed: &Handed, exercise: &Exercise) -> (Graded, Work) {
        let mut graded = Graded::new(exercise, Status::Graded);
        let work = match &self.order.program {
            Some(words) => {
                let program = program_words(words, exercise.number, &handed.files);
                graded.made_of = self.hash(exercise, &[handed.hash.as_bytes()]);
                if let Some(program) = program {
                    Work::Judge {
                        folder: PathBuf::new(),
                        program,
                        _own: None,
                    }
                } else {
                    graded.status = Status::Missing;
                    Work::Nothing
                }
            }
            None => match handed.exercises.get(&exercise.number) {
                Some(Found::Source(source)) => {
                    graded.made_of = self.hash(exercise, &[source]);
                    Work::Compile(source.clone())
                }
                Some(Found::NotUnderstood(reason)) => {
                    graded.made_of = self.hash(exercise, &[b"not understood", reason.as_bytes()]);
                    graded.status = Status::NotUnderstood;
                    graded.message.clone_from(reason);
                    Work::Nothing
                }
                None => {
                    graded.made_of = self.hash(exercise, &[b"missing"]);
                    graded.status = Status::Missing;
                    Work::Nothing
                }
            },
        };
        (graded, work)
    }

    /// What a grade depends on.
    fn hash(&self, exercise: &Exercise, pieces: &[&[u8]]) -> String {
        let mut hash = Sha256::new();
        let program = self.order.program.as_deref().unwrap_or_default().join("\0");
        let way = format!("{} {program}", self.order.sandbox);
        let package = exercise.package();
        let ours = [self.workshop.hash(), &package, &way].map(str::as_bytes);
        for piece in ours.iter().chain(pieces) {
            // With its length, so that no two lists of pieces look the same.
            hash.update((piece.len() as u64).to_le_bytes());
            hash.update(piece);
        }
        hexadecimal(&hash.finalize())
    }

    /// Compiles a task's file, if there is one, and hands the task on.
    fn compile<'s>(
        &self,
        mut task: Task<'s>,
        to_judge: &SyncSender<Task<'s>>,
    ) -> anyhow::Result<()> {
        let (student, exercise) = (&task.sheet.student, task.exercise.number);
        (self.progress)(Event::Starts { student, exercise });
        if let Work::Compile(source) = &task.work {
            let folder = self.workshop.folder()?;
            let program = folder.path().join(task.exercise.package());
            let compiled = self
                .workshop
                .compile(exercise, source, &program)
                .with_context(|| {
                    format!("cannot compile exercise {exercise:02} of {}", student.name)
                })?;
            task.work = Work::Nothing;
            match compiled {
                Compiled::Refused(messages) => {
                    task.graded.status = Status::DoesNotCompile;
                    task.graded.message = messages;
                }
                Compiled::TimedOut => {
                    task.graded.status = Status::TimedOut;
                    let language = student.language.unwrap_or(self.order.language);
                    let words = language.pick("the compiler was not done in time", "编译超时");
                    task.graded.message = words.to_string();
                }
                Compiled::Program(_) => {
                    task.work = Work::Judge {
                        program: vec![format!("{{dir}}/{}", task.exercise.package())],
                        folder: folder.path().to_path_buf(),
                        _own: Some(folder),
                    };
                }
            }
        }
        // It fails when the others have stopped because of an error.
        let _ = to_judge.send(task);
        Ok(())
    }

    /// Runs a task's checks, and writes the student's files if it was the last task.
    fn judge(&self, mut task: Task) -> anyhow::Result<()> {
        let (student, exercise) = (&task.sheet.student, task.exercise.number);
        if let Work::Judge {
            folder, program, ..
        } = &task.work
        {
            let rubric = self
                .workshop
                .rubric(exercise)
                .with_context(|| format!("the rubric of exercise {exercise:02} is not built"))?;
            let outcome = rubric
                .grade_in(self.sandbox, folder, program, |_| ())
                .with_context(|| {
                    format!("cannot grade exercise {exercise:02} of {}", student.name)
                })?;
            if outcome.results.iter().all(|result| result.late) {
                task.graded.status = Status::TimedOut;
            }
            let checks = outcome.results.into_iter().map(|result| Checked {
                name: result.check.name,
                failure: result.failure.map(settle),
            });
            task.graded.checks = checks.collect();
        }
        (self.progress)(Event::Ends { student, exercise });
        let is_last = {
            let mut state = lock(&task.sheet.state);
            state.exercises.insert(exercise, task.graded);
            state.left -= 1;
            state.left == 0
        };
        if is_last {
            self.finish(task.sheet)?;
        }
        Ok(())
    }

    /// Writes the files of a student whose exercises are all done.
    fn finish(&self, sheet: &Sheet) -> anyhow::Result<()> {
        let (exercises, graded) = {
            let state = lock(&sheet.state);
            (state.exercises.values().cloned().collect(), state.graded)
        };
        lock(&sheet.folder).take();
        let record = Record {
            student: sheet.student.clone(),
            language: sheet.student.language.unwrap_or(self.order.language),
            exercises,
            notices: sheet.notices.clone(),
        };
        let record = record.complete(self.all);
        let points = write_student(
            self.store,
            self.shown,
            &record,
            self.overrides,
            self.order.language,
        )?;
        (self.progress)(Event::Student {
            record: &record,
            points,
            graded,
        });
        Ok(())
    }
}

/// The student's files in a folder, for programs in other languages.
fn unpack(handed: &Handed, folder: tempfile::TempDir) -> anyhow::Result<tempfile::TempDir> {
    for (path, contents) in &handed.files {
        let path = folder.path().join(path);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all);
        written
            .and_then(|()| fs::write(&path, contents))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(folder)
}

/// The command for an exercise; `None` if a file of it was not handed in.
fn program_words(
    words: &[String],
    exercise: u32,
    files: &BTreeMap<PathBuf, Vec<u8>>,
) -> Option<Vec<String>> {
    let words = words.iter().map(|word| {
        let word = word.replace("{nn}", &format!("{exercise:02}"));
        let Some(name) = word.strip_prefix("{dir}/") else {
            return Some(word);
        };
        // In the folder that was handed in, or deeper: a zip often has one folder more.
        let mut found = files.keys().filter(|path| path.ends_with(name));
        let path = match files.get_key_value(Path::new(name)) {
            Some((path, _)) => path,
            None => found.next().filter(|_| found.next().is_none())?,
        };
        Some(format!("{{dir}}/{}", path.to_string_lossy()))
    });
    words.collect()
}

/// Writes the files of a student, and returns the points that count.
fn write_student(
    store: &Store,
    exercises: &[Exercise],
    record: &Record,
    overrides: &[Override],
    language: Language,
) -> anyhow::Result<u32> {
    let records = std::slice::from_ref(record);
    let report = Report {
        exercises,
        records,
        overrides,
        not_understood: &[],
        language,
    };
    let stem = file_stem(&record.student);
    let result = report.gradescope(record);
    let points = result["score"]
        .as_u64()
        .and_then(|points| u32::try_from(points).ok());
    let json = serde_json::to_vec_pretty(&result).context("cannot make JSON")?;
    let files = [
        (
            format!("feedback/{stem}.html"),
            report.feedback_html(record)?.into_bytes(),
        ),
        (
            format!("feedback/{stem}.txt"),
            report.feedback_text(record)?.into_bytes(),
        ),
        // Last: it says that the student is done.
        (format!("results/{stem}.json"), json),
    ];
    for (name, contents) in files {
        // What is there already stays as it is.
        if fs::read(store.path(&name)).is_ok_and(|old| old == contents) {
            continue;
        }
        store.write(&name, &contents)?;
    }
    Ok(points.unwrap_or_default())
}

/// Writes what is about all of the class.
fn conclude(
    store: &Store,
    exercises: &[Exercise],
    overrides: &[Override],
    language: Language,
) -> anyhow::Result<Summary> {
    let records: Vec<Record> = store.records()?.into_values().collect();
    for record in &records {
        // The overrides may have changed since they were written.
        write_student(store, exercises, record, overrides, language)?;
    }
    let about = store.about()?;
    let report = Report {
        exercises,
        records: &records,
        overrides,
        not_understood: &about.not_understood,
        language,
    };
    store.write("report.html", report.page()?.as_bytes())?;
    store.write("junit.xml", report.junit()?.as_bytes())?;
    gradebook::write(exercises, &records, overrides, &store.path("grades.csv"))?;
    let is_missing = |record: &&Record| {
        let graded = exercises
            .iter()
            .map(|exercise| record.graded(exercise.number));
        graded
            .flatten()
            .all(|graded| graded.status == Status::Missing)
    };
    let notices = records.iter().flat_map(|record| {
        let notices = record.notices.iter();
        notices.map(|notice| (record.student.clone(), notice.clone()))
    });
    Ok(Summary {
        students: records.len(),
        missing: records.iter().filter(is_missing).count(),
        not_understood: about.not_understood,
        notices: notices.collect(),
        remarks: about.notices,
    })
}

/// The next task; `None` when there are no more.
fn next<'a>(tasks: &Mutex<Receiver<Task<'a>>>) -> Option<Task<'a>> {
    lock(tasks).recv().ok()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
