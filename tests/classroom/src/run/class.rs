//! Grades a class from the beginning to the end.

use super::event::Event;
use super::options::ClassOptions;
use super::pipeline::Pipeline;
use super::previous::Previous;
use super::writer::{ReportWriter, Summary, exercises_in_report, read_overrides};
use crate::build::Builder;
use crate::escape::escape_message;
use crate::intake::originals::Originals;
use crate::intake::{self, Class, Submission};
use crate::record::Student;
use crate::roster;
use crate::store::{self, ClassNotes, Store};
use crate::take::{Take, TakeCommand};
use anyhow::{bail, ensure};
use grade::exercise::{Exercise, digits};
use grade::failed::Failed;
use grade::sandbox::Sandbox;
use grade::{recording, seed};
use harness::message;
use harness::message::Message;
use std::path::Path;

/// Grades a class, and writes the report.
///
/// # Errors
///
/// If something cannot be read, built or written. What is done by then is in the report, and
/// the same options go on from there.
pub fn grade(
    workspace: &Path,
    options: &ClassOptions,
    progress: &(impl Fn(Event) + Sync),
) -> anyhow::Result<Summary> {
    let exercises = Exercise::all(workspace)?;
    let wanted = wanted(&exercises, options)?;
    let ReadClass {
        class,
        students,
        takes,
    } = read_class(options, &exercises)?;
    let report = options.report.as_path();
    let store = Store::open(report)?;
    let overrides = options.overrides.as_deref();
    let overrides = read_overrides(overrides, report, &students, &exercises)?;
    let sandbox = sandbox(options)?;
    progress(Event::Builds);
    let work = workspace.join("target").join("class");
    let builder = Builder::open(workspace, &work, &wanted, options.sandbox)?;
    let seed = seed(&store, options)?;

    // Exercises and students that are named are graded again, known or not: but only once, as
    // a run that was stopped goes on from where it was.
    let regrade = options.regrade()?;
    let is_new = regrade.is_some() && store.pending_regrade()? != regrade;
    let previous = Previous::read(&store, options, &class, &students, &exercises, is_new)?;
    let mut notes = class_notes(&class, &previous, &sandbox);
    notes.seed = Some(seed);
    notes.takes = takes;
    let (part, of) = (options.partition.part, options.partition.of);
    notes.part = (of > 1).then_some((part, of));
    store.set_class_notes(&notes)?;
    let in_report = exercises_in_report(&exercises, &wanted, previous.records.values());
    let writer = ReportWriter {
        store: &store,
        exercises: &in_report,
        overrides: &overrides,
        take_command: TakeCommand::of(options),
        language: options.language,
    };
    previous.write(&writer)?;
    store.set_pending_regrade(regrade.as_deref())?;
    let pipeline = Pipeline {
        options,
        all: &exercises,
        wanted: &wanted,
        set_aside: &class.set_aside,
        originals: &Originals::of(workspace),
        builder: &builder,
        seed,
        sandbox: &sandbox,
        writer: &writer,
        previous: &previous.records,
        progress,
    };
    grade_selected(&pipeline, &class, &students)?;
    let summary = writer.write_class()?;
    store.set_pending_regrade(None)?;
    Ok(summary)
}

/// A class, before it is graded.
struct ReadClass {
    class: Class,
    /// All students.
    students: Vec<Student>,
    /// What a teacher has given to them, now or in an earlier run.
    takes: Vec<Take>,
}

/// Who has handed in what, and all students of the class.
fn read_class(options: &ClassOptions, exercises: &[Exercise]) -> anyhow::Result<ReadClass> {
    let roster = options.roster.as_deref().map(roster::read).transpose()?;
    let remembered = store::takes(&options.report)?;
    let takes = intake::read_takes(&options.takes, &remembered, &options.folder, exercises)?;
    let mut class = intake::class_with(
        &options.folder,
        Some(&options.report),
        roster.as_deref(),
        &takes,
    )?;
    if let [only] = options.only[..] {
        for submission in &mut class.submissions {
            submission.only = Some(only);
        }
    }
    let students = students(&class, options)?;
    refuse_unknown(&mut class, &students, &remembered)?;
    Ok(ReadClass {
        class,
        students,
        takes,
    })
}

/// Refuses to give something to nobody; where that is from an earlier run, it is only said.
fn refuse_unknown(
    class: &mut Class,
    students: &[Student],
    remembered: &[Take],
) -> anyhow::Result<()> {
    for take in &class.not_taken {
        let ids: Vec<_> = students.iter().map(|student| student.id.clone()).collect();
        let words = message!(
            "cannot take {file} for {student}: there is no student with this id; there are {ids}",
            file = &take.path,
            student = &take.student,
            ids = intake::list(&ids)
        );
        ensure!(remembered.contains(take), Failed::new(words.clone()));
        class.notices.push(escape_message(words));
    }
    Ok(())
}

/// Grades the students whom the options name, in their part of the class.
fn grade_selected<P: Fn(Event) + Sync>(
    pipeline: &Pipeline<P>,
    class: &Class,
    students: &[Student],
) -> anyhow::Result<()> {
    let options = pipeline.options;
    let is_selected = |student: &Student| {
        let index = students.iter().position(|one| one == student);
        index.is_some_and(|index| options.partition.has(index))
            && options.wants_student(&student.id)
    };
    let submissions = class.submissions.iter();
    let submissions: Vec<&Submission> = submissions
        .filter(|submission| is_selected(&submission.student))
        .collect();
    let missing = class.missing.iter();
    let missing: Vec<&Student> = missing.filter(|student| is_selected(student)).collect();
    (pipeline.progress)(Event::Begins {
        students: submissions.len() + missing.len(),
        submissions: submissions.len(),
    });
    for student in missing {
        pipeline.write_missing(student)?;
    }
    pipeline.grade_all(&submissions)
}

/// The sandbox that the programs run in, which can start the program's own language.
fn sandbox(options: &ClassOptions) -> anyhow::Result<Sandbox> {
    let sandbox = if options.sandbox {
        Sandbox::find()?
    } else {
        Sandbox::none()
    };
    if let Some(words) = &options.program {
        sandbox.verify(&words[0])?;
    }
    if options.wire
        && let Some(cure) = recording::cure(&sandbox)
    {
        bail!(Failed::new(cure));
    }
    Ok(sandbox)
}

/// The one seed of the class: that of its report, if it has one, so that everybody is asked the
/// same.
fn seed(store: &Store, options: &ClassOptions) -> anyhow::Result<u64> {
    match (store.seed()?, options.seed) {
        (Some(kept), Some(wanted)) if kept != wanted => bail!(Failed::new(message!(
            "{path} was graded with seed {kept}: leave out --seed {wanted}, or name another folder with --out",
            path = options.report.display(),
            kept,
            wanted
        ))),
        (Some(seed), _) | (None, Some(seed)) => Ok(seed),
        (None, None) => seed::new(),
    }
}

/// What there is to know about the class besides its students.
fn class_notes(class: &Class, previous: &Previous, sandbox: &Sandbox) -> ClassNotes {
    let gone = previous.gone.iter();
    let gone = gone.map(|student| message!("{id} is not in the class any more", id = &student.id));
    let other_version = (previous.outdated > 0).then(|| {
        message!(
            "{count} result(s) of another version of cargo grade: graded again",
            count = previous.outdated
        )
    });
    let notices = class.notices.iter().cloned().chain(gone);
    let notices = notices.chain(other_version);
    let not_understood = class.not_understood.iter();
    ClassNotes {
        not_understood: not_understood
            .clone()
            .map(|what| (shown(&what.path), what.reason.clone()))
            .collect(),
        notices: notices.chain(sandbox.missing_limits()).collect(),
        set_aside: not_understood
            .filter_map(|one| Some((shown(&one.path), one.what.clone()?)))
            .collect(),
        seed: None,
        part: None,
        takes: Vec::new(),
    }
}

/// A path as reports show it.
fn shown(path: &Path) -> String {
    intake::shorten(&path.display().to_string())
}

/// The exercises that are to be graded.
fn wanted(exercises: &[Exercise], options: &ClassOptions) -> anyhow::Result<Vec<Exercise>> {
    for number in &options.only {
        ensure!(
            exercises.iter().any(|exercise| exercise.number == *number),
            Failed::new(message!(
                "there is no exercise {number}",
                number = digits(*number)
            ))
        );
    }
    let is_wanted = |exercise: &&Exercise| options.wants_exercise(exercise.number);
    let wanted: Vec<_> = exercises.iter().filter(is_wanted).cloned().collect();
    if let Some(words) = &options.program {
        ensure!(
            wanted.len() == 1 || words.iter().any(|word| word.contains("{nn}")),
            Failed::new(message!(
                "which exercise is {words}? Write {number} for its number, or name it with --only",
                words = format!("{:?}", words.join(" ")),
                number = "{nn}"
            ))
        );
    }
    Ok(wanted)
}

/// All students of the class, in order, among whom are those that the options name.
fn students(class: &Class, options: &ClassOptions) -> anyhow::Result<Vec<Student>> {
    let submissions = class.submissions.iter();
    let submitted = submissions.map(|submission| &submission.student);
    let mut students: Vec<_> = submitted.chain(&class.missing).cloned().collect();
    students.sort();
    ensure!(
        !students.is_empty(),
        Failed::new(message!(
            "there is nothing to grade in {path}: {things} things in it, and none is understood{reasons}",
            path = options.folder.display(),
            things = class.not_understood.len(),
            reasons = reasons(class)
        ))
    );
    let ids: Vec<&str> = students.iter().map(|student| student.id.as_str()).collect();
    for id in &options.students {
        ensure!(
            ids.contains(&id.as_str()),
            Failed::new(message!(
                "there is no student {id}: there are {ids}",
                id,
                ids = ids.join(", ")
            ))
        );
    }
    Ok(students)
}

/// Why things are not understood, each in a line; the first of many.
fn reasons(class: &Class) -> Message {
    let all = class.not_understood.iter().take(10);
    all.fold(message!("{nothing}", nothing = ""), |before, thing| {
        let (what, why) = (shown(&thing.path), &thing.reason);
        let line = escape_message(message!("{what}: {why}", what, why));
        message!("{before}\n{line}", before, line)
    })
}
