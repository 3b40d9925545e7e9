//! `cargo grade`, `cargo grade 05` and `cargo grade hint 05`.

use crate::arguments::Arguments;
use crate::{on_wire, show};
use anyhow::bail;
use grade::exercise::{Exercise, digits};
use grade::failed::{Because, Failed, in_words};
use grade::language::Language;
use grade::outcome::Outcome;
use grade::rubric::{DoesNotCompile, Rubric};
use grade::{report, say, seed, tell, terminal};
use harness::message::{Argument, Message};
use harness::{Failure, Verdict, message};
use std::path::Path;

/// The exercise with this number.
pub(crate) fn find(exercises: &[Exercise], number: u32) -> anyhow::Result<&Exercise> {
    let found = exercises.iter().find(|exercise| exercise.number == number);
    found.because(|| {
        message!(
            "there is no exercise {number}: there are {numbers}",
            number = digits(number),
            numbers = Message::series(exercises.iter().map(Exercise::digits))
        )
    })
}

/// An exercise that has been built, and the program that is graded.
pub(crate) struct Ready {
    pub(crate) rubric: Rubric,
    pub(crate) program: Vec<String>,
}

/// Builds an exercise, to be graded with this seed or a new one.
pub(crate) fn build(
    exercise: &Exercise,
    program: Option<&str>,
    seed: Option<u64>,
) -> anyhow::Result<Ready> {
    let rubric = Rubric::build(exercise);
    let rubric = rubric.because(|| message!("{package}", package = exercise.package()))?;
    let rubric = rubric.with_seed(seed.map_or_else(seed::new, Ok)?);
    let program = match program {
        None => rubric.program(),
        Some(command) => match harness::words::split(command) {
            Some(words) if !words.is_empty() => {
                let folder = std::env::current_dir();
                let folder = folder.because(|| message!("cannot tell the current folder"))?;
                absolute_words(words, &folder)
            }
            _ => bail!(Failed::new(message!(
                "cannot use what --program says, it is no command: {command}",
                command = Argument::quoted(command)
            ))),
        },
    };
    Ok(Ready { rubric, program })
}

/// Fails if this program was asked to end: then nothing more is graded, shown or written.
fn go_on() -> anyhow::Result<()> {
    match harness::asked_to_end() {
        None => Ok(()),
        Some(_) => bail!(Failed::new(message!("this program was asked to end"))),
    }
}

/// Builds an exercise and runs its checks.
pub(crate) fn grade(
    exercise: &Exercise,
    program: Option<&str>,
    seed: Option<u64>,
) -> anyhow::Result<Outcome> {
    go_on()?;
    let progress = show::Progress::start(exercise);
    let ready = build(exercise, program, seed)?;
    progress.checks();
    let outcome = ready
        .rubric
        .grade(&ready.program, |_| progress.one_more())?;
    // Two projects with one target folder build their programs in the same place.
    if !ready.rubric.is_unchanged() {
        bail!(Failed::new(message!(
            "another build has replaced the program while it was graded: grade it again"
        )));
    }
    Ok(outcome)
}

/// A command for the rubrics: every word that names a file becomes an absolute path, because
/// programs run in another folder.
fn absolute_words(words: Vec<String>, folder: &Path) -> Vec<String> {
    let absolute = |word: String| {
        let path = folder.join(&word);
        // Without a slash, the first word may be a command on the PATH.
        if path.is_file() {
            path.to_string_lossy().into_owned()
        } else {
            word
        }
    };
    words.into_iter().map(absolute).collect()
}

/// Grades one exercise. Returns whether it has full marks.
pub(crate) fn grade_one(
    exercise: &Exercise,
    arguments: &Arguments,
    language: Language,
) -> anyhow::Result<bool> {
    remove_old_report(arguments)?;
    // The packets are those of the same texts.
    let seed = Some(arguments.seed.map_or_else(seed::new, Ok)?);
    let program = arguments.program.as_deref();
    let graded = grade(exercise, program, seed);
    go_on()?;
    write_reports(&[for_report(exercise, &graded)], arguments, language)?;
    let outcome = graded?;
    if !arguments.json {
        show::outcome(&outcome, arguments.all, language);
    }
    if arguments.wire {
        let ready = build(exercise, program, seed)?;
        on_wire::show(&ready, &outcome, language)?;
    }
    has_full_marks(&outcome, language)
}

/// Grades all exercises. Returns whether all have full marks.
pub(crate) fn grade_all(
    exercises: &[Exercise],
    arguments: &Arguments,
    language: Language,
) -> anyhow::Result<bool> {
    remove_old_report(arguments)?;
    let mut outcomes = Vec::new();
    let mut broken = Vec::new();
    let mut all_full = true;
    for exercise in exercises {
        let graded = grade(exercise, None, arguments.seed);
        go_on()?;
        if !arguments.json {
            show::line(exercise, graded.as_ref().ok(), language);
        }
        outcomes.push(for_report(exercise, &graded));
        match graded.and_then(|outcome| has_full_marks(&outcome, language)) {
            Ok(full) => all_full &= full,
            Err(error) => broken.push(error),
        }
    }
    write_reports(&outcomes, arguments, language)?;
    if !arguments.json {
        show::next(exercises, &outcomes, language);
    }
    let broken = broken.iter().map(|error| {
        terminal::show_compiler(error, language);
        in_words(error)
    });
    let broken = broken.reduce(|some, next| message!("{some}; {next}", some, next));
    match broken {
        None => Ok(all_full),
        Some(broken) => bail!(Failed::new(broken)),
    }
}

/// Whether an exercise has full marks.
///
/// # Errors
///
/// If the machine could not run a check properly: then there is no grade.
fn has_full_marks(outcome: &Outcome, language: Language) -> anyhow::Result<bool> {
    match outcome.not_gradable() {
        None => Ok(outcome.has_full_marks()),
        Some((check, why)) => bail!(Failed::new(message!(
            "{package}: not gradable, this machine could not run the check \"{title}\": {reason}",
            package = outcome.exercise.package(),
            title = check.title.get(language),
            reason = why
        ))),
    }
}

/// The outcome of an exercise for a report. An exercise that does not compile gets no points, and the
/// output of the compiler; one that could not be graded for another reason gets no score, and the
/// reason.
fn for_report(exercise: &Exercise, graded: &anyhow::Result<Outcome>) -> Outcome {
    let error = match graded {
        Ok(outcome) => return outcome.clone(),
        Err(error) => error,
    };
    let compiler = DoesNotCompile::of(error);
    let verdict = |index: usize| match compiler {
        None => Verdict::NotGradable(in_words(error)),
        Some(DoesNotCompile { messages, .. }) if index == 0 => {
            Verdict::Failed(Failure::NoTranscript {
                what: message!("it does not compile"),
                printed: anstream::adapter::strip_str(messages).to_string(),
            })
        }
        Some(_) => Verdict::Failed(Failure::NoTranscript {
            what: message!("the check was not run"),
            printed: String::new(),
        }),
    };
    Outcome::without_run(exercise, verdict)
}

/// Removes an earlier report, so that it never stands for this grading if that fails.
fn remove_old_report(arguments: &Arguments) -> anyhow::Result<()> {
    let Some(path) = &arguments.junit else {
        return Ok(());
    };
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).because(|| message!("cannot remove {path}", path))
        }
        _ => Ok(()),
    }
}

fn write_reports(
    outcomes: &[Outcome],
    arguments: &Arguments,
    language: Language,
) -> anyhow::Result<()> {
    if let Some(path) = &arguments.junit {
        report::junit(outcomes, language, path)?;
    }
    if arguments.json {
        say!("{:#}", report::gradescope(outcomes, language));
    }
    Ok(())
}

/// The index of the first exercise without full marks; of the last one if all have full marks.
pub(crate) fn first_without_full_marks(
    exercises: &[Exercise],
    language: Language,
) -> anyhow::Result<usize> {
    tell!(language, "Looking where you stand ...");
    for (index, exercise) in exercises.iter().enumerate() {
        let graded = grade(exercise, None, None);
        go_on()?;
        if !graded.is_ok_and(|outcome| outcome.has_full_marks()) {
            return Ok(index);
        }
    }
    Ok(exercises.len() - 1)
}

/// Shows the task, and the help for the first check that fails, or for all.
pub(crate) fn hint(exercise: &Exercise, all: bool, language: Language) -> anyhow::Result<bool> {
    if all {
        show::task(exercise, language);
        show::todos(exercise, language);
        exercise
            .checks
            .iter()
            .for_each(|check| show::hint(check, language));
        return Ok(true);
    }
    let outcome = grade(exercise, None, None)?;
    show::task(exercise, language);
    show::todos(exercise, language);
    match outcome.failures().next() {
        Some(result) => show::hint(&result.check, language),
        None => tell!(language, "Nothing fails."),
    }
    Ok(true)
}
