//! The terminal sessions of the book: each is a file that is both what the reader sees and
//! a script that a test runs against the real programs.
//!
//! A session `mdbook/sessions/NAME.txt` has what is typed in each terminal, and the output
//! (`sessions/script.rs` has the forms of its lines):
//!
//! ```text
//! 1 $ cargo run -p lesson-02
//! 1   listening on 127.0.0.1:9090
//! 2 $ cargo run -p lesson-01
//! 2   server: hello, client!
//! 1   client connected: 127.0.0.1:50312
//! 1   127.0.0.1:50312 sent "hello"
//! 1 $
//! ```
//!
//! Each command runs in its own `sh -c`, in the root folder of the workspace, with a pipe as its
//! stdin. `cargo run -p lesson-NN`, also with `--example NAME`, and `target/debug/lesson-NN` start
//! the program that cargo has built, and `$?` is the status of the terminal's last command. The
//! lines of one terminal must come in the order of the file; lines of different terminals may
//! come in any order. `ss` is run again until its table is the one in the file, in any order of
//! the rows. At the end of the file all running programs are ended.
//!
//! A session with lines that begin with `w` records what goes over the wire, too. These lines
//! are the ladder of the package `wire`, after the input that has caused the packets: write `w`
//! alone, and `cargo book update` puts them in its place. They are compared at the end, as
//! `wire::Rule::InOrder` says. Where both sides may be the first to close a connection, the
//! session has `either_closes_first = true` in its `NAME.toml`.
//!
//! A session may have two hosts, each in a network namespace of its own, with a slow wire between
//! them. Then its first line says which terminals are where, and how long a packet takes:
//!
//! ```text
//! n terminal 1 on 10.0.0.1, terminals 2 and 3 on 10.0.0.2, 25 ms apart
//! ```
//!
//! Later lines of `n` change the wire: `n packet 3 with data is lost` (of those from now on, in
//! either direction), `n the cable is pulled`, `n the router forgets its connections`. The
//! ladder shows packets when they set out, and which of them are lost.
//!
//! Parts that differ from run to run are not compared, and ephemeral ports are matched one to one
//! (`sessions/normal.rs`). If other parts of a session differ, a file `NAME.toml` beside it has
//! patterns of what not to compare: `normalise = ['accepted (\d+)']`.

#[cfg(target_os = "linux")]
mod beside;
#[cfg(target_os = "linux")]
mod mine;
#[cfg(target_os = "linux")]
mod namespace;
#[cfg(target_os = "linux")]
mod network;
#[cfg(target_os = "linux")]
mod normal;
#[cfg(target_os = "linux")]
mod player;
#[cfg(target_os = "linux")]
mod record;
#[cfg(target_os = "linux")]
mod recording;
#[cfg(target_os = "linux")]
mod replay;
#[cfg(target_os = "linux")]
mod rest;
#[cfg(target_os = "linux")]
mod script;
#[cfg(target_os = "linux")]
mod settings;
#[cfg(target_os = "linux")]
mod stage;

#[cfg(target_os = "linux")]
pub use mine::{run as run_mine, why_not};
#[cfg(target_os = "linux")]
pub use player::{Player, play, update};

use std::path::Path;

use anyhow::Context;

/// The folder of the sessions in the workspace.
pub const FOLDER: &str = "mdbook/sessions";

/// The names of all sessions, in order.
///
/// # Errors
///
/// If their folder cannot be read.
pub fn names() -> anyhow::Result<Vec<String>> {
    names_in(workspace::root())
}

/// The names of the sessions of a workspace, in order.
///
/// # Errors
///
/// If their folder cannot be read.
pub fn names_in(workspace: &Path) -> anyhow::Result<Vec<String>> {
    let folder = workspace.join(FOLDER);
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read {FOLDER}"))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry
            .with_context(|| format!("cannot read {FOLDER}"))?
            .path();
        if path.extension().is_some_and(|extension| extension == "txt")
            && let Some(name) = path.file_stem()
        {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Sessions cannot be run anew on this system.
///
/// # Errors
///
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn update(_names: &[String]) -> anyhow::Result<()> {
    anyhow::bail!("the sessions can be run on Linux only")
}

/// A session cannot be run in this terminal on this system.
///
/// # Errors
///
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn play(_name: &str) -> anyhow::Result<()> {
    anyhow::bail!("the sessions can be run on Linux only")
}

/// A session cannot be run with the reader's lessons on this system.
///
/// # Errors
///
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn run_mine(_name: &str) -> anyhow::Result<()> {
    anyhow::bail!("the sessions can be run on Linux only")
}

/// Why sessions cannot be run on this machine.
#[cfg(not(target_os = "linux"))]
pub fn why_not() -> Option<String> {
    Some("Linux".to_string())
}
