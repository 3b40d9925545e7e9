//! `cargo grade`: the command of learners; those of teachers it leaves to the package `classroom`.

mod doctor;
mod reset;
mod show;
mod teacher;
mod watch;

use anyhow::{Context, bail};
use clap::{Args, CommandFactory, Parser, Subcommand};
use grade::exercise::Exercise;
use grade::language::Language;
use grade::outcome::Outcome;
use grade::rubric::{Rubric, absolute_words};
use grade::{report, say, terminal};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// Grades the exercises. Without arguments: where you stand, and what to do next.
#[derive(Parser)]
#[command(name = "cargo grade", bin_name = "cargo grade")]
struct Arguments {
    /// The exercise to grade, such as 05
    exercise: Option<u32>,
    /// Grade this program instead of what cargo builds: a command, split as a shell does it
    #[arg(long, value_name = "CMD", requires = "exercise")]
    program: Option<String>,
    /// Tell the story of every failed check, and not only of the first
    #[arg(long)]
    all: bool,
    /// Print the outcome as JSON, in the form of Gradescope's results.json
    #[arg(long)]
    json: bool,
    /// Write the outcome to this file as `JUnit` XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// The language of messages (default: that of the locale)
    #[arg(long, value_enum, global = true)]
    lang: Option<Language>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Grade again at every save, and go on to the next exercise when one is full
    Watch {
        /// The exercise to begin with (default: the first that is not full)
        exercise: Option<u32>,
    },
    /// Show the task of an exercise, and help for the first check that fails
    Hint {
        /// The exercise
        exercise: u32,
        /// Help for all checks
        #[arg(long)]
        all: bool,
    },
    /// Put the starter of an exercise back, and keep a copy of what it replaces
    Reset {
        /// The exercise
        exercise: u32,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Look at this machine, and name the cure for what is missing
    Doctor,
    /// Make the students' copy: starters, lessons, rubrics, book, and no solutions
    #[command(disable_help_flag = true)]
    Handout(Words),
    /// In a students' copy: get newer lessons, rubrics and chapters
    #[command(disable_help_flag = true)]
    Update(Words),
    /// Make an autograder for Gradescope
    #[command(disable_help_flag = true)]
    Gradescope(Words),
    /// Grade a class: a folder of submissions
    #[command(disable_help_flag = true)]
    Class(Words),
    /// Put the reports of the parts of a class together (`--partition`)
    #[command(disable_help_flag = true)]
    Merge(Words),
}

/// What is said to a command of the package `classroom`, which understands it.
#[derive(Args)]
struct Words {
    /// `--help` tells them
    #[arg(
        value_name = "ARGUMENTS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    words: Vec<OsString>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    arguments.verify();
    let language = arguments.lang.unwrap_or_else(Language::of_locale);
    terminal::exit(run(&arguments, language), language)
}

impl Arguments {
    /// Ends the command where arguments stand before a subcommand, except the language: clap
    /// could refuse them all, and the language with them.
    fn verify(&self) {
        let has_own = self.exercise.is_some()
            || self.program.is_some()
            || self.all
            || self.json
            || self.junit.is_some();
        if self.command.is_some() && has_own {
            let words = "before a subcommand there can be nothing but --lang";
            Self::command()
                .error(clap::error::ErrorKind::ArgumentConflict, words)
                .exit();
        }
    }
}

/// Does what is asked for. Returns whether there are full marks, or all is well.
fn run(arguments: &Arguments, language: Language) -> anyhow::Result<bool> {
    let teacher =
        |command, Words { words }: &Words| teacher::run(command, words, arguments.lang, language);
    let exercises = Exercise::all(workspace::root())?;
    match (&arguments.command, arguments.exercise) {
        (Some(Command::Watch { exercise }), _) => watch::watch(&exercises, *exercise, language),
        (Some(Command::Hint { exercise, all }), _) => {
            hint(find(&exercises, *exercise, language)?, *all, language)
        }
        (Some(Command::Reset { exercise, yes }), _) => {
            reset::reset(find(&exercises, *exercise, language)?, *yes, language)
        }
        (Some(Command::Doctor), _) => Ok(doctor::examine(language)),
        (Some(Command::Handout(words)), _) => teacher("handout", words),
        (Some(Command::Update(words)), _) => teacher("update", words),
        (Some(Command::Gradescope(words)), _) => teacher("gradescope", words),
        (Some(Command::Class(words)), _) => teacher("class", words),
        (Some(Command::Merge(words)), _) => teacher("merge", words),
        (None, Some(number)) => grade_one(find(&exercises, number, language)?, arguments, language),
        (None, None) => grade_all(&exercises, arguments, language),
    }
}

/// The exercise with this number.
fn find(exercises: &[Exercise], number: u32, language: Language) -> anyhow::Result<&Exercise> {
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

/// Builds an exercise and runs its checks.
fn grade(
    exercise: &Exercise,
    program: Option<&str>,
    language: Language,
) -> anyhow::Result<Outcome> {
    let progress = show::Progress::start(exercise);
    let rubric = Rubric::build(exercise).with_context(|| exercise.package())?;
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

fn grade_one(
    exercise: &Exercise,
    arguments: &Arguments,
    language: Language,
) -> anyhow::Result<bool> {
    let outcome = grade(exercise, arguments.program.as_deref(), language)?;
    let outcomes = [outcome];
    write_reports(&outcomes, arguments, language)?;
    if !arguments.json {
        show::outcome(&outcomes[0], arguments.all, language);
    }
    Ok(outcomes[0].is_full())
}

fn grade_all(
    exercises: &[Exercise],
    arguments: &Arguments,
    language: Language,
) -> anyhow::Result<bool> {
    let mut outcomes = Vec::new();
    let mut broken = Vec::new();
    for exercise in exercises {
        let outcome = match grade(exercise, None, language) {
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
fn hint(exercise: &Exercise, all: bool, language: Language) -> anyhow::Result<bool> {
    if all {
        show::task(exercise, language);
        exercise
            .checks
            .iter()
            .for_each(|check| show::hint(check, language));
        return Ok(true);
    }
    let outcome = grade(exercise, None, language)?;
    show::task(exercise, language);
    match outcome.results.iter().find(|result| !result.passed()) {
        Some(result) => show::hint(&result.check, language),
        None => say!("{}", language.pick("Nothing fails.", "没有失败的检查。")),
    }
    Ok(true)
}
