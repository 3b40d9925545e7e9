//! What the commands have in common: how they print a line, tell an error, and end.

use crate::language::Language;
use crate::rubric::DoesNotCompile;
use std::fmt::Arguments;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// What the shell tells of a command that SIGPIPE has ended.
const NOBODY_READS: i32 = 141;

/// Prints a line, like `println!`, but where nobody reads any more (`| head`) it ends the
/// command as it would end `cat`, and does not panic.
#[macro_export]
macro_rules! say {
    ($($words:tt)*) => {
        $crate::terminal::line_of(format_args!($($words)*))
    };
}

/// Prints a line on stdout: what `say!` does.
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

/// An error in words. What the compiler has said is printed as it is.
pub fn explain(error: &anyhow::Error, language: Language) -> String {
    match error.downcast_ref::<DoesNotCompile>() {
        Some(DoesNotCompile { messages }) => {
            anstream::eprint!("{messages}");
            // The outermost context says what.
            format!(
                "{error}: {}",
                language.pick("it does not compile", "无法编译")
            )
        }
        None => format!("{error:#}"),
    }
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
