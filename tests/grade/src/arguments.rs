//! The arguments of `cargo grade`.

use crate::packages::{self, TEACHERS};
use clap::{Args, CommandFactory, Parser, Subcommand};
use grade::failed::Failed;
use grade::language::Language;
use grade::misuse;
use harness::message;
use std::ffi::OsString;
use std::path::PathBuf;

/// Grades the exercises. Without arguments: where you stand, and what to do next.
#[derive(Parser)]
#[command(name = "cargo grade", bin_name = "cargo grade")]
pub(crate) struct Arguments {
    /// The exercise to grade, such as 05
    #[arg(value_parser = number)]
    pub(crate) exercise: Option<u32>,
    /// Grade this program instead of what cargo builds: a command, split as a shell does it
    #[arg(long, value_name = "CMD", requires = "exercise")]
    pub(crate) program: Option<String>,
    /// Show the transcript of every failed check, and not only of the first
    #[arg(long)]
    pub(crate) all: bool,
    /// Run the first failed check once more in a network of its own, and show its packets
    #[arg(long, requires = "exercise", conflicts_with = "json")]
    pub(crate) wire: bool,
    /// Choose texts, numbers and sizes as the grading with this seed did
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Print the outcome as JSON, in the form of Gradescope's results.json
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the outcome to this file as `JUnit` XML
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// The language of messages (default: that of the locale)
    #[arg(long, value_enum, global = true)]
    pub(crate) lang: Option<Language>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Grade again at every save, and go on to the next exercise when one has full marks
    Watch {
        /// The exercise to begin with (default: the first without full marks)
        #[arg(value_parser = number)]
        exercise: Option<u32>,
    },
    /// Show the task of an exercise
    Task {
        /// The exercise
        #[arg(value_parser = number)]
        exercise: u32,
    },
    /// Show the task of an exercise, and help for the first check that fails
    Hint {
        /// The exercise (default: the first without full marks)
        #[arg(value_parser = number)]
        exercise: Option<u32>,
        /// Help for all checks
        #[arg(long)]
        all: bool,
    },
    /// Put the starter of an exercise back, and keep a copy of what it replaces
    Reset {
        /// The exercise
        #[arg(value_parser = number)]
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
    /// Run a command, and write what has gone over the wire into a file
    #[command(hide = true)]
    Record {
        /// The file
        file: PathBuf,
        /// The command, with its arguments
        #[command(flatten)]
        words: Words,
    },
    /// Print the templates of all messages that this program can make, and the texts of its help
    #[command(hide = true)]
    Messages,
}

/// The number of an exercise as learners write it: `5`, `05`, or the name of its package,
/// `exercise-05`.
fn number(word: &str) -> Result<u32, Failed> {
    let digits = word
        .strip_prefix("exercise")
        .map_or(word, |rest| rest.trim_start_matches(['-', '_', ' ']));
    let named = || message!("an exercise is named by its number, such as 05");
    digits.parse().map_err(|_| Failed::new(named()))
}

/// The arguments for a command of another package, which parses them itself.
#[derive(Args)]
pub(crate) struct Words {
    /// `--help` lists them
    #[arg(
        value_name = "ARGUMENTS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) words: Vec<OsString>,
}

impl Arguments {
    /// The arguments of this process. An error in them, or a request for help, ends the process.
    pub(crate) fn of_process() -> Self {
        let mut command = Self::command();
        if !packages::has_classroom() {
            for name in TEACHERS {
                command = command.mut_subcommand(name, |it| it.hide(true));
            }
        }
        let arguments: Self = misuse::parse(command);
        arguments.verify();
        arguments
    }

    /// Ends the command if arguments other than the language precede a subcommand. Clap could
    /// reject them, but then only together with the language.
    fn verify(&self) {
        let has_own = self.exercise.is_some()
            || self.program.is_some()
            || self.all
            || self.wire
            || self.seed.is_some()
            || self.json
            || self.junit.is_some();
        if self.command.is_some() && has_own {
            let why = message!("before a subcommand there can be nothing but --lang");
            let language = self.lang.unwrap_or_else(Language::of_locale);
            misuse::refuse(Self::command(), &why, language);
        }
    }
}
