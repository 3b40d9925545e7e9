//! Arguments that are wrong, explained in the learner's language. The English words are clap's.

use crate::catalogue;
use crate::failed::link_in_words;
use crate::help::in_language;
use crate::language::Language;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error, FromArgMatches, ValueEnum};
use harness::message;
use harness::message::Message;
use std::error::Error as _;
use std::ffi::OsString;
use std::num::ParseIntError;

/// The arguments of this process, for a command with the option `--lang`. An error in them, or a
/// request for help, ends the process.
pub fn parse<T: FromArgMatches>(command: Command) -> T {
    let words: Vec<_> = std::env::args_os().collect();
    let language = language(&words);
    let command = in_language(command, language);
    let matches = command.try_get_matches_from(words);
    let arguments = matches.and_then(|matches| T::from_arg_matches(&matches));
    arguments.unwrap_or_else(|error| end(&error, language))
}

/// Ends the process because its arguments do not go together, which clap could not know.
pub fn refuse(mut command: Command, why: &Message, language: Language) -> ! {
    let error = command.error(ErrorKind::ArgumentConflict, why);
    if language == Language::En {
        error.exit()
    }
    let usage = command.render_usage().to_string();
    print(why, &error, Some(usage), language);
    std::process::exit(error.exit_code())
}

/// The language that these arguments ask for, even if they are wrong; else that of the locale.
fn language(words: &[OsString]) -> Language {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let separate = words.windows(2).filter(|pair| pair[0] == "--lang");
    let separate = separate.map(|pair| &*pair[1]);
    let joined = words.iter().filter_map(|word| word.strip_prefix("--lang="));
    let mut asked = separate.chain(joined);
    let asked = asked.find_map(|name| Language::from_str(name, false).ok());
    asked.unwrap_or_else(Language::of_locale)
}

/// Ends the process with help, or with an explanation of the error.
fn end(error: &Error, language: Language) -> ! {
    let is_help =
        !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if is_help || language == Language::En {
        error.exit()
    }
    let usage = context(error, ContextKind::Usage);
    print(&describe(error), error, usage, language);
    std::process::exit(error.exit_code())
}

/// Prints an error as clap does: what is wrong, what would be right, and where there is help.
fn print(what: &Message, error: &Error, usage: Option<String>, language: Language) {
    let say = |message: &Message| catalogue::say(message, language);
    let similar = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ];
    let similar = similar.into_iter().find_map(|kind| context(error, kind));
    let style = clap::builder::Styles::styled();
    let style = style.get_error();
    let label = say(&message!("error:"));
    anstream::eprintln!("{style}{label}{style:#}{}", say(what));
    if let Some(values) = context(error, ContextKind::ValidValue) {
        let values = say(&message!("[possible values: {values}]", values));
        anstream::eprintln!("  {values}");
    }
    if let Some(similar) = similar {
        let tip = say(&message!("tip: did you mean '{similar}'?", similar));
        anstream::eprintln!("\n  {tip}");
    }
    if let Some(usage) = usage {
        let usage = usage.trim_start_matches("Usage:").trim_start();
        anstream::eprintln!("\n{}{usage}", say(&message!("Usage:")));
    }
    let more = message!("For more information, try '--help'.");
    anstream::eprintln!("\n{}", say(&more));
}

/// What clap knows about an error, as text.
fn context(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        _ => None,
    }
    .filter(|text| !text.is_empty())
}

/// What is wrong. For an error that is rare, clap's own words.
fn describe(error: &Error) -> Message {
    let argument = context(error, ContextKind::InvalidArg).unwrap_or_default();
    let value = context(error, ContextKind::InvalidValue);
    let other = context(error, ContextKind::PriorArg);
    match (error.kind(), value) {
        (ErrorKind::UnknownArgument, _) => {
            message!("unexpected argument '{argument}' found", argument)
        }
        (ErrorKind::InvalidValue, None) => message!(
            "a value is required for '{argument}' but none was supplied",
            argument
        ),
        (ErrorKind::InvalidValue, Some(value)) => {
            message!("invalid value '{value}' for '{argument}'", value, argument)
        }
        (ErrorKind::ValueValidation, Some(value)) => {
            let why = why(error);
            message!(
                "invalid value '{value}' for '{argument}': {why}",
                value,
                argument,
                why
            )
        }
        (ErrorKind::MissingRequiredArgument, _) => message!(
            "the following required arguments were not provided: {argument}",
            argument
        ),
        (ErrorKind::ArgumentConflict, _) if other.as_ref() == Some(&argument) => message!(
            "the argument '{argument}' cannot be used multiple times",
            argument
        ),
        (ErrorKind::ArgumentConflict, _) => message!(
            "the argument '{argument}' cannot be used with '{other}'",
            argument,
            other = other.unwrap_or_default()
        ),
        (ErrorKind::InvalidSubcommand, _) => {
            let command = context(error, ContextKind::InvalidSubcommand);
            let command = command.unwrap_or_default();
            message!("unrecognized subcommand '{command}'", command)
        }
        (kind, _) => message!("{words}", words = kind.to_string()),
    }
}

/// Why a value is not valid.
fn why(error: &Error) -> Message {
    match error.source() {
        Some(source) if source.is::<ParseIntError>() => message!("it is no number"),
        Some(source) => link_in_words(source),
        None => message!("it is not valid"),
    }
}
