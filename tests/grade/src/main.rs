//! `cargo grade`: the learners' command. Commands that most learners do not need are in separate
//! packages, which it builds on demand.

mod arguments;
mod doctor;
mod grading;
mod on_wire;
mod packages;
mod reset;
mod show;
mod watch;

use arguments::{Arguments, Command, Words};
use clap::CommandFactory;
use grade::exercise::Exercise;
use grade::failed::Because;
use grade::language::Language;
use grade::{catalogue, recording, terminal};
use grading::{find, first_without_full_marks, grade_all, grade_one, hint};
use harness::message;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::of_process();
    let language = arguments.lang.unwrap_or_else(Language::of_locale);
    let outcome = harness::heed_signals().because(|| message!("cannot handle signals"));
    terminal::exit(outcome.and_then(|()| run(&arguments, language)), language)
}

/// Runs the requested command. Returns whether there are full marks, or all is well.
fn run(arguments: &Arguments, language: Language) -> anyhow::Result<bool> {
    let said = arguments.lang;
    let teacher =
        |command, Words { words }: &Words| packages::classroom(command, words, said, language);
    let exercises = Exercise::all(workspace::root())?;
    match (&arguments.command, arguments.exercise) {
        (Some(Command::Watch { exercise }), _) => watch::watch(&exercises, *exercise, language),
        (Some(Command::Task { exercise }), _) => {
            show::task(find(&exercises, *exercise)?, language);
            Ok(true)
        }
        (Some(Command::Hint { exercise, all }), _) => {
            let exercise = match exercise {
                Some(number) => find(&exercises, *number)?,
                None => &exercises[first_without_full_marks(&exercises, language)?],
            };
            hint(exercise, *all, language)
        }
        (Some(Command::Reset { exercise, yes }), _) => {
            reset::reset(find(&exercises, *exercise)?, *yes, language)
        }
        (Some(Command::Doctor), _) => Ok(doctor::examine(language)),
        (Some(Command::Handout(words)), _) => teacher("handout", words),
        (Some(Command::Update(Words { words })), _) => packages::update(words, said, language),
        (Some(Command::Gradescope(words)), _) => teacher("gradescope", words),
        (Some(Command::Class(words)), _) => teacher("class", words),
        (Some(Command::Merge(words)), _) => teacher("merge", words),
        (Some(Command::Record { file, words }), _) => recording::record(file, &words.words),
        (Some(Command::Messages), _) => catalogue::list(&Arguments::command()),
        (None, Some(number)) => grade_one(find(&exercises, number)?, arguments, language),
        (None, None) => grade_all(&exercises, arguments, language),
    }
}
