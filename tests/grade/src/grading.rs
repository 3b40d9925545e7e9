//! `cargo grade`, `cargo grade 05` and `cargo grade hint 05`.

use crate::arguments::Arguments;
use crate::show;
use anyhow::{Context, bail};
use grade::exercise::Exercise;
use grade::language::Language;
use grade::outcome::Outcome;
use grade::rubric::Rubric;
use grade::{report, say, seed, terminal};
use std::path::Path;

/// The exercise with this number.
pub(crate) fn find(
    exercises: &[Exercise],
    number: u32,
    language: Language,
) -> anyhow::Result<&Exercise> {
    let found = exercises.iter().find(|exercise| exercise.number == number);
    found.with_context(|| {
        let numbers: Vec<_> = exercises
            .iter()
            .map(|e| format!("{:02}", e.number))
            .collect();
        match language {
            Language::En => format!(
                "there is no exercise {number:02}: there are {}",
                numbers.join(", ")
            ),
            Language::Zh => format!("没有练习 {number:02}，只有 {}", numbers.join("、")),
        }
    })
}

/// Builds an exercise and runs its checks, with this seed or a new one.
pub(crate) fn grade(
    exercise: &Exercise,
    program: Option<&str>,
    seed: Option<u64>,
    language: Language,
) -> anyhow::Result<Outcome> {
    let progress = show::Progress::start(exercise);
    let rubric = Rubric::build(exercise).with_context(|| exercise.package())?;
    let rubric = rubric.with_seed(seed.map_or_else(seed::new, Ok)?);
    let program = match program {
        None => rubric.program(),
        Some(command) => match shlex::split(command) {
            Some(words) if !words.is_empty() => {
                let folder = std::env::current_dir().context("cannot tell the current folder")?;
                absolute_words(words, &folder)
            }
            _ => bail!(
                "{} {command:?}",
                language.pick(
                    "cannot use what --program says, it is no command:",
                    "--program 给出的不是命令，无法使用："
                )
            ),
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
    let outcome = grade(
        exercise,
        arguments.program.as_deref(),
        arguments.seed,
        language,
    )?;
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
        let outcome = match grade(exercise, None, arguments.seed, language) {
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
    if broken.is_empty() {
        return Ok(outcomes.iter().all(Outcome::is_full));
    }
    let broken: Vec<_> = broken
        .iter()
        .map(|error| terminal::explain(error, language))
        .collect();
    bail!("{}", broken.join("; "))
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
    let outcome = grade(exercise, None, None, language)?;
    show::task(exercise, language);
    match outcome.results.iter().find(|result| !result.passed()) {
        Some(result) => show::hint(&result.check, language),
        None => say!("{}", language.pick("Nothing fails.", "没有失败的检查。")),
    }
    Ok(true)
}
