//! Functions that all commands share: they print a line, explain an error, and set the exit status.

use crate::catalogue;
use crate::failed::in_words;
use crate::language::Language;
use crate::rubric::DoesNotCompile;
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

/// Prints a line on stdout, for `say!`.
pub fn line_of(words: Arguments) {
    match writeln!(anstream::stdout(), "{words}") {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(NOBODY_READS),
        Err(error) => {
            anstream::eprintln!("cargo grade: cannot write to stdout: {error}");
            std::process::exit(2);
        }
    }
}

/// An error in words. If it holds the compiler's output, prints that unchanged.
pub fn explain(error: &anyhow::Error, language: Language) -> String {
    let compiler = error.chain().find_map(|link| link.downcast_ref());
    if let Some(DoesNotCompile { messages }) = compiler {
        anstream::eprint!("{messages}");
    }
    catalogue::say(&in_words(error), language)
}

/// The exit status of a command: 0 if there are full marks, or all is well, 1 if not, and 2,
/// with the reason on stderr, if it could not be done.
pub fn exit(outcome: anyhow::Result<bool>, language: Language) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            anstream::eprintln!("cargo grade: {}", explain(&error, language));
            ExitCode::from(2)
        }
    }
}
