//! The commands that are in separate packages, which most learners do not need to compile.

use anyhow::bail;
use grade::catalogue;
use grade::failed::{Because, Failed};
use grade::language::Language;
use harness::message;
use harness::message::Message;
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::io::{IsTerminal, stderr};
use std::process::Command;

/// The commands of the package `classroom`.
pub(crate) const TEACHERS: [&str; 4] = ["handout", "gradescope", "class", "merge"];

/// Whether this workspace has the package `classroom`; a students' copy does not. (Outside a
/// workspace that is not known.)
pub(crate) fn has_classroom() -> bool {
    workspace::find().map_or(true, |root| {
        root.join("tests/classroom/Cargo.toml").exists()
    })
}

/// Runs `cargo grade update` with these arguments in place of this process; `given` is the
/// language in front of them, if one was given.
pub(crate) fn update(
    words: &[OsString],
    given: Option<Language>,
    language: Language,
) -> anyhow::Result<bool> {
    let compiling = message!("Compiling what updates need: this takes some seconds, once.");
    run(cargo("update", given, &compiling, language)?.args(words))
}

/// Runs a command of the package `classroom` with these arguments in place of this process;
/// `given` is the language in front of them, if one was given.
pub(crate) fn classroom(
    command: &str,
    words: &[OsString],
    given: Option<Language>,
    language: Language,
) -> anyhow::Result<bool> {
    if !has_classroom() {
        bail!(Failed::new(message!(
            "`cargo grade {command}` is for teachers: it belongs to the teacher's workspace, and this is a copy for students",
            command
        )));
    }
    let compiling = message!("Compiling what teachers need: this takes a minute, once.");
    run(cargo("classroom", given, &compiling, language)?
        .arg(command)
        .args(words))
}

/// A cargo command that runs a package's program. If the program must be built first, prints a
/// note, provided that stderr is a terminal.
fn cargo(
    package: &str,
    given: Option<Language>,
    compiling: &Message,
    language: Language,
) -> anyhow::Result<Command> {
    let here = std::env::current_exe();
    let here = here.because(|| message!("cannot tell where this program is"))?;
    let program = here.with_file_name(format!("{package}{EXE_SUFFIX}"));
    if !program.exists() && stderr().is_terminal() {
        anstream::eprintln!("{}", catalogue::say(compiling, language));
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo
        .args(["run", "--quiet", "--manifest-path"])
        .arg(workspace::root().join("Cargo.toml"))
        .args(["--package", package, "--"]);
    if let Some(given) = given {
        cargo.args(["--lang", given.name()]);
    }
    Ok(cargo)
}

/// Replaces this process with another program, which then has the signals, the terminal and the
/// exit status.
#[cfg(unix)]
fn run(command: &mut Command) -> anyhow::Result<bool> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).because(|| message!("cannot run cargo"))
}

/// Runs another program to its end, and exits with its status.
#[cfg(not(unix))]
fn run(command: &mut Command) -> anyhow::Result<bool> {
    let status = command.status();
    let status = status.because(|| message!("cannot run cargo"))?;
    std::process::exit(status.code().unwrap_or(2))
}
