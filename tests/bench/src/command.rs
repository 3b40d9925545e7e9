//! Runs commands, and builds what is measured.

use anyhow::{Context, ensure};
use serde::Deserialize;
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a command prints on stdout, without the newline at its end.
///
/// # Errors
///
/// If it cannot be run, or fails.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let (_, told) = timed(command, &[0])?;
    Ok(told.trim_end().to_string())
}

/// Runs a command that is expected to exit with one of these statuses, and returns how long
/// it took and what it printed on stdout.
///
/// # Errors
///
/// If it cannot be run, or ends otherwise.
pub fn timed(command: &mut Command, expected: &[i32]) -> anyhow::Result<(Duration, String)> {
    let name = shown(command);
    let start = Instant::now();
    let output = harness::outside(command)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {name}"))?;
    let took = start.elapsed();
    ensure!(
        output
            .status
            .code()
            .is_some_and(|code| expected.contains(&code)),
        "{name} failed ({}):\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok((took, String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// A command as a person would type it.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// A cargo command in a workspace, with the workspace's own target folder, and without the
/// environment variables that cargo has set for this program.
pub fn cargo(workspace: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command
        .current_dir(workspace)
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RUST_BACKTRACE");
    for (name, _) in std::env::vars_os() {
        if is_of_a_package(&name) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether cargo sets this variable for a single package.
fn is_of_a_package(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// The executables that cargo has built, by the names of their targets, with the folder of
/// their package.
pub type Executables = HashMap<String, Executable>;

/// A program, or a test, that cargo has built.
#[derive(Debug, Clone)]
pub struct Executable {
    /// The file.
    pub path: PathBuf,
    /// The folder of its package.
    pub folder: PathBuf,
}

#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    manifest_path: Option<PathBuf>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Builds something of the project (`build -p lesson-05`, `test --no-run`), and returns the
/// executables.
///
/// # Errors
///
/// If it does not compile.
pub fn build(arguments: &[&str]) -> anyhow::Result<Executables> {
    let mut command = cargo(workspace::root());
    command
        .args(arguments)
        .args(["--quiet", "--message-format", "json-render-diagnostics"]);
    let told = output(&mut command)?;
    let messages = told
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let executables = messages.filter_map(|message| {
        let folder = message.manifest_path?.parent()?.to_path_buf();
        let path = message.executable?;
        Some((message.target?.name, Executable { path, folder }))
    });
    Ok(executables.collect())
}

/// Prints on stderr what is being measured, since a measurement takes minutes.
pub fn say(what: &str) {
    use std::io::Write;
    // Nothing can be done where stderr is closed.
    let _ = std::io::stderr().write_all(format!("{what}\n").as_bytes());
}
