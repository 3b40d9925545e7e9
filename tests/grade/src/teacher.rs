//! The commands of teachers: the package `classroom`, which learners need not compile.

use anyhow::Context;
use grade::language::Language;
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::io::{IsTerminal, stderr};
use std::process::Command;

/// Builds the package `classroom` where that is not done, and runs this command of it with
/// these words in the place of this process; `said` is the language that stands before them.
pub(crate) fn run(
    command: &str,
    words: &[OsString],
    said: Option<Language>,
    language: Language,
) -> anyhow::Result<bool> {
    let here = std::env::current_exe().context("cannot tell where this program is")?;
    let program = here.with_file_name(format!("classroom{EXE_SUFFIX}"));
    if !program.exists() && stderr().is_terminal() {
        anstream::eprintln!(
            "{}",
            language.pick(
                "Compiling what teachers need: this takes a minute, once.",
                "正在编译教师部分：只需一次，约一分钟。"
            )
        );
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo
        .args(["run", "--quiet", "--manifest-path"])
        .arg(workspace::root().join("Cargo.toml"))
        .args(["--package", "classroom", "--"]);
    if let Some(said) = said {
        cargo.args(["--lang", said.pick("en", "zh")]);
    }
    replace(cargo.arg(command).args(words)).context("cannot run cargo")
}

/// Goes on as another program: signals, terminal and exit status are that one's.
#[cfg(unix)]
fn replace(command: &mut Command) -> std::io::Result<bool> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

/// Runs another program to its end, and ends as it did.
#[cfg(not(unix))]
fn replace(command: &mut Command) -> std::io::Result<bool> {
    let status = command.status()?;
    std::process::exit(status.code().unwrap_or(2))
}
