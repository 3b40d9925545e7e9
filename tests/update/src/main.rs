//! `cargo grade update`: its arguments and its output.

use clap::{CommandFactory, Parser, Subcommand};
use grade::language::Language;
use grade::{catalogue, misuse, say, tell, terminal};
use harness::message;
use harness::message::Message;
use std::process::ExitCode;
use update::{Updated, update};

/// In a students' copy: get newer lessons, rubrics and chapters
#[derive(Parser)]
#[command(
    name = "cargo grade update",
    bin_name = "cargo grade update",
    disable_help_subcommand = true
)]
struct Arguments {
    /// The newer copy: a folder, a zip or a git address (default: as the last time)
    #[arg(long, value_name = "WHERE")]
    from: Option<String>,
    /// The language of messages (default: that of the locale)
    #[arg(long, value_enum)]
    lang: Option<Language>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Print the templates of all messages that this program can make, and the texts of its help
    #[command(hide = true)]
    Messages,
}

fn main() -> ExitCode {
    let arguments: Arguments = misuse::parse(Arguments::command());
    let language = arguments.lang.unwrap_or_else(Language::of_locale);
    let outcome = match arguments.command {
        Some(Command::Messages) => catalogue::list(&Arguments::command()),
        None => renew(arguments.from.as_deref(), language),
    };
    terminal::exit(outcome, language)
}

/// Brings this copy up to date.
fn renew(from: Option<&str>, language: Language) -> anyhow::Result<bool> {
    let updated = update(workspace::root(), from)?;
    if updated.is_nothing() {
        let from = &updated.from;
        tell!(language, "Everything is up to date with {from}", from);
        return Ok(true);
    }
    let list = |title: Message, paths: &[String]| {
        if !paths.is_empty() {
            say!("{}", catalogue::say(&title, language));
        }
        for path in paths {
            say!("  {path}");
        }
    };
    list(message!("New:"), &updated.added);
    list(message!("Changed:"), &updated.changed);
    list(message!("Removed:"), &updated.removed);
    risen(&updated, language);
    for (path, kept) in &updated.kept {
        tell!(
            language,
            "You had changed {path}: your version is kept in {kept}",
            path,
            kept
        );
    }
    tell!(language, "Your exercises were not touched.");
    Ok(true)
}

fn risen(updated: &Updated, language: Language) {
    for (package, before, now) in &updated.rubrics {
        let (before, now) = (*before, *now);
        match before {
            Some(before) => tell!(
                language,
                "The rubric of {package} has changed: version {now}, before {before}",
                package,
                now,
                before
            ),
            None => tell!(language, "A new exercise: {package}", package),
        }
    }
}
