//! `cargo grade`, `cargo grade 05` and `cargo grade hint 05`.

use crate::arguments::Arguments;
use crate::show;
use anyhow::bail;
use grade::exercise::{Exercise, digits};
use grade::failed::{Because, Failed, in_words};
use grade::language::Language;
use grade::outcome::Outcome;
use grade::rubric::Rubric;
use grade::{report, say, tell, terminal};
use harness::message;
use harness::message::Argument;
use std::path::Path;

/// The exercise with this number.
pub(crate) fn find(exercises: &[Exercise], number: u32) -> anyhow::Result<&Exercise> {
    let found = exercises.iter().find(|exercise| exercise.number == number);
    found.because(|| {
        let numbers = exercises.iter().map(Exercise::digits);
        let numbers = numbers.map(|number| message!("{number}", number));
        let numbers = numbers.reduce(|some, next| message!("{some}, {next}", some, next));
        message!(
            "there is no exercise {number}: there are {numbers}",
            number = digits(number),
            // There is no workspace without an exercise.
            numbers = numbers.unwrap_or_else(|| message!("nothing"))
        )
    })
}

/// Builds an exercise and runs its checks.
pub(crate) fn grade(exercise: &Exercise, program: Option<&str>) -> anyhow::Result<Outcome> {
    let progress = show::Progress::start(exercise);
    let rubric = Rubric::build(exercise);
    let rubric = rubric.because(|| message!("{package}", package = exercise.package()))?;
    let program = match program {
        None => rubric.program(),
        Some(command) => match shlex::split(command) {
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
    progress.checks();
    rubric.grade(&program, |_| progress.one_more())
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
    let outcome = grade(exercise, arguments.program.as_deref())?;
    let outcomes = [outcome];
    write_reports(&outcomes, arguments, language)?;
    if !arguments.json {
        show::outcome(&outcomes[0], arguments.all, language);
    }
    Ok(outcomes[0].is_full())
}

/// Grades all exercises. Returns whether all have full marks.
pub(crate) fn grade_all(
    exercises: &[Exercise],
    arguments: &Arguments,
    language: Language,
) -> anyhow::Result<bool> {
    let mut outcomes = Vec::new();
    let mut broken = Vec::new();
    for exercise in exercises {
        let outcome = match grade(exercise, None) {
            Ok(outcome) => {
                outcomes.push(outcome);
                outcomes.last()
            }
            Err(error) => {
                broken.push(error);
                None
            }
        };
        if !arguments.json {
            show::line(exercise, outcome, language);
        }
    }
    write_reports(&outcomes, arguments, language)?;
    if !arguments.json {
        show::next(exercises, &outcomes, language);
    }
    let broken = broken.iter().map(|error| {
        terminal::show_compiler(error);
        in_words(error)
    });
    let broken = broken.reduce(|some, next| message!("{some}; {next}", some, next));
    match broken {
        None => Ok(outcomes.iter().all(Outcome::is_full)),
        Some(broken) => bail!(Failed::new(broken)),
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

/// Shows the task, and the help for the first check that fails, or for all.
pub(crate) fn hint(exercise: &Exercise, all: bool, language: Language) -> anyhow::Result<bool> {
    if all {
        show::task(exercise, language);
        exercise
            .checks
            .iter()
            .for_each(|check| show::hint(check, language));
        return Ok(true);
    }
    let outcome = grade(exercise, None)?;
    show::task(exercise, language);
    match outcome.results.iter().find(|result| !result.passed()) {
        Some(result) => show::hint(&result.check, language),
        None => tell!(language, "Nothing fails."),
    }
    Ok(true)
}
