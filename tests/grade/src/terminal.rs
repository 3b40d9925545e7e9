//! Functions that all commands share: they print a line, explain an error, and set the exit status.

use crate::catalogue;
use crate::failed::in_words;
use crate::language::Language;
use crate::rubric::DoesNotCompile;
use harness::message;
use std::fmt::Arguments;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// The exit status that the shell reports for a command that was ended by SIGPIPE.
const NOBODY_READS: i32 = 141;

/// Prints a line, like `println!`, but if the reader of a pipe is gone (`| head`), it ends the
/// command as SIGPIPE ends `cat`, instead of panicking.
#[macro_export]
macro_rules! say {
    ($($words:tt)*) => {
        $crate::terminal::line_of(format_args!($($words)*))
    };
}

/// Prints a message in this language as a line: `tell!(language, "the {what} is there", what)`.
#[macro_export]
macro_rules! tell {
    ($language:expr, $($message:tt)*) => {
        $crate::say!("{}", $crate::catalogue::say(&harness::message!($($message)*), $language))
    };
}

/// Prints a line on stdout, for `say!`.
pub fn line_of(words: Arguments) {
    match writeln!(anstream::stdout(), "{words}") {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(NOBODY_READS),
        Err(error) => {
            // A line does not know which language the arguments ask for.
            let words = message!("cannot write to stdout: {error}", error);
            let words = catalogue::say(&words, Language::of_locale());
            anstream::eprintln!("cargo grade: {words}");
            std::process::exit(2);
        }
    }
}

/// Prints the compiler's output unchanged, if an error holds it, and a likely reason in the reader's
/// language.
pub fn show_compiler(error: &anyhow::Error, language: Language) {
    if let Some(DoesNotCompile { messages, reason }) = DoesNotCompile::of(error) {
        anstream::eprint!("{messages}");
        if let Some(reason) = reason {
            anstream::eprintln!("{}", catalogue::say(reason, language));
        }
    }
}

/// Prints an error on stderr, in this language.
pub fn show_error(error: &anyhow::Error, language: Language) {
    show_compiler(error, language);
    let words = catalogue::say(&in_words(error), language);
    anstream::eprintln!("cargo grade: {words}");
}

/// The exit status of a command: 0 if there are full marks, or all is well, 1 if not, and 2,
/// with the reason on stderr, if it could not be done.
pub fn exit(outcome: anyhow::Result<bool>, language: Language) -> ExitCode {
    if let Some(signal) = harness::asked_to_end() {
        // As a shell reports a command that a signal has ended.
        return ExitCode::from(u8::try_from(128 + signal).unwrap_or(2));
    }
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            show_error(&error, language);
            ExitCode::from(2)
        }
    }
}
