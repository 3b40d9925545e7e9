//! `--help` in the learner's language. English is what clap makes of the arguments itself.

use crate::catalogue;
use crate::language::Language;
use clap::builder::{PossibleValue, StyledStr};
use clap::{Arg, ArgAction, Command};
use harness::message;
use harness::message::Message;
use std::collections::BTreeSet;

/// The texts of a command, its arguments and its subcommands, which [`in_language`] translates.
pub fn texts(command: &Command) -> BTreeSet<String> {
    let arguments = command.get_arguments().filter(|it| !it.is_hide_set());
    let own = arguments.flat_map(|it| [it.get_help(), it.get_long_help()]);
    let own = own.chain([command.get_about(), command.get_long_about()]);
    let mut texts: BTreeSet<_> = own.flatten().map(ToString::to_string).collect();
    for subcommand in command.get_subcommands().filter(|it| !it.is_hide_set()) {
        texts.extend(self::texts(subcommand));
    }
    texts
}

/// A command whose help is in this language.
pub fn in_language(command: Command, language: Language) -> Command {
    if language == Language::En {
        return command;
    }
    let mut command = translated(command, language);
    // This adds the command `help`.
    command.build();
    if command.find_subcommand("help").is_none() {
        return command;
    }
    let about = message!("Print this message or the help of the given subcommand(s)");
    command.mut_subcommand("help", |it| it.about(catalogue::say(&about, language)))
}

fn translated(mut command: Command, language: Language) -> Command {
    let say = |message: &Message| catalogue::say(message, language);
    let translate = |text: Option<&StyledStr>| {
        text.and_then(|text| catalogue::translate(language, &text.to_string()))
    };
    if let Some(about) = translate(command.get_about()) {
        command = command.about(about);
    }
    if let Some(about) = translate(command.get_long_about()) {
        command = command.long_about(about);
    }
    if !command.is_disable_help_flag_set() {
        let help = Arg::new("help").short('h').long("help");
        let help = help.action(ArgAction::Help).display_order(999);
        let help = help.help(say(&message!("Print help")));
        command = command.disable_help_flag(true).arg(help);
    }
    command = command.mut_args(|mut argument| {
        if let Some(help) = translate(argument.get_help()) {
            argument = argument.help(help);
        }
        if let Some(help) = translate(argument.get_long_help()) {
            argument = argument.long_help(help);
        }
        with_values(argument, language)
    });
    let template = template(&command, language);
    let command = command.help_template(template);
    command.mut_subcommands(|subcommand| translated(subcommand, language))
}

/// An argument whose help names its default and the values that it can have. (What clap adds
/// itself is English.)
fn with_values(argument: Arg, language: Language) -> Arg {
    if !argument.get_action().takes_values() {
        return argument;
    }
    let mut help = argument.get_help().map(ToString::to_string);
    let mut add = |message: Message| {
        let before = help.take().unwrap_or_default();
        help = Some(format!("{before} {}", catalogue::say(&message, language)));
    };
    let defaults = argument.get_default_values().iter();
    for value in defaults.map(|value| value.to_string_lossy()) {
        add(message!("[default: {value}]", value = &*value));
    }
    let values = argument.get_possible_values();
    let values: Vec<_> = values.iter().map(PossibleValue::get_name).collect();
    if !values.is_empty() {
        let values = values.join(", ");
        add(message!("[possible values: {values}]", values));
    }
    match help {
        Some(help) => argument
            .help(help)
            .hide_default_value(true)
            .hide_possible_values(true),
        None => argument,
    }
}

/// The parts of the help, in clap's format and order, below headings of ours.
fn template(command: &Command, language: Language) -> String {
    let style = command.get_styles().get_header();
    let heading = |message: &Message| {
        let text = catalogue::say(message, language);
        format!("{style}{text}{style:#}")
    };
    let mut template = "{before-help}{about-with-newline}\n".to_string();
    template.push_str(&heading(&message!("Usage:")));
    template.push_str("{usage}");
    let parts = [
        (
            command.get_subcommands().any(|it| !it.is_hide_set()),
            message!("Commands:"),
            "{subcommands}",
        ),
        (
            command.get_positionals().next().is_some(),
            message!("Arguments:"),
            "{positionals}",
        ),
        (
            command.get_arguments().any(|it| !it.is_positional()),
            message!("Options:"),
            "{options}",
        ),
    ];
    for (_, title, part) in parts.into_iter().filter(|(is_there, ..)| *is_there) {
        template.extend(["\n\n", &heading(&title), "\n", part]);
    }
    template + "{after-help}"
}
