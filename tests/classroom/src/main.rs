//! The commands of teachers. `cargo grade` builds and runs this program for them.

mod classes;
mod copies;

use clap::{CommandFactory, Parser, Subcommand};
use grade::failed::Because;
use grade::language::Language;
use grade::{catalogue, misuse, recording, terminal};
use harness::message;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo grade", bin_name = "cargo grade")]
struct Arguments {
    /// The language of messages (default: that of the locale)
    #[arg(long, value_enum, global = true)]
    lang: Option<Language>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the students' copy: starters, lessons, rubrics, book, and no solutions
    Handout {
        /// Where to: a folder that does not exist yet, or is empty
        #[arg(value_name = "DIR", required_unless_present = "class_workflow")]
        folder: Option<PathBuf>,
        /// Put the dependencies in, for a classroom without internet
        #[arg(long)]
        vendor: bool,
        /// Print a GitHub workflow that grades a class on many machines, and do nothing else
        #[arg(long, conflicts_with_all = ["folder", "vendor"])]
        class_workflow: bool,
    },
    /// Make an autograder for Gradescope
    Gradescope {
        /// The zip to write
        #[arg(value_name = "OUT.zip")]
        file: PathBuf,
    },
    /// Grade a class: a folder of submissions
    Class(classes::ClassArguments),
    /// Put the reports of the parts of a class together (`--partition`)
    Merge(classes::MergeArguments),
    /// Run a command, and write what has gone over the wire into a file
    #[command(hide = true)]
    Record {
        /// The file
        file: PathBuf,
        /// The command, with its arguments
        #[arg(
            value_name = "ARGUMENTS",
            trailing_var_arg = true,
            allow_hyphen_values = true
        )]
        words: Vec<OsString>,
    },
    /// Print the templates of all messages that this program can make, and the texts of its help
    #[command(hide = true)]
    Messages,
}

fn main() -> ExitCode {
    let arguments: Arguments = misuse::parse(Arguments::command());
    let language = arguments.lang.unwrap_or_else(Language::of_locale);
    let outcome = harness::heed_signals().because(|| message!("cannot handle signals"));
    let outcome = outcome.and_then(|()| run(&arguments.command, language));
    terminal::exit(outcome, language)
}

/// Does what is asked for.
fn run(command: &Command, language: Language) -> anyhow::Result<bool> {
    match command {
        Command::Handout { folder, vendor, .. } => match folder {
            Some(folder) => copies::handout(folder, *vendor, language),
            None => Ok(copies::class_workflow()),
        },
        Command::Gradescope { file } => copies::gradescope(file, language),
        Command::Class(arguments) => classes::grade(arguments, language),
        Command::Merge(arguments) => classes::merge(arguments, language),
        Command::Record { file, words } => recording::record(file, words),
        Command::Messages => catalogue::list(&Arguments::command()),
    }
}
