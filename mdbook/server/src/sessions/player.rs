//! Runs sessions: compares them with their files, or writes the files anew.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::Deserialize;

use wire::Rule;

use super::namespace::Task;
use super::network::Network;
use super::normal::Normaliser;
use super::recording::{LOST, Recording};
use super::script::{Entry, Script};
use super::settings::Difference;
use super::stage::{self, Stage};
use super::{FOLDER, beside, record, replay, settings};

/// How often a session is run if its recording has lost packets.
const ATTEMPTS: usize = 3;

/// How long a session may take with programs that may do anything. It has five seconds more until
/// [`crate::run`] ends it: it is still compared, and what came is shown.
const TRY_LIMIT: Duration = Duration::from_secs(25);

/// The options of a session, in `NAME.toml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Regular expressions for what differs from run to run.
    #[serde(default)]
    normalise: Vec<String>,
    /// Whether both sides of a connection may be the first to close it.
    #[serde(default)]
    either_closes_first: bool,
}

/// A session, and how the output is compared with it.
pub(super) struct Session {
    pub(super) script: Script,
    pub(super) normaliser: Normaliser,
    pub(super) rule: Rule,
}

/// The file of a session.
fn path(name: &str) -> PathBuf {
    workspace::root().join(FOLDER).join(format!("{name}.txt"))
}

/// Reads a session and its options.
///
/// # Errors
///
/// If a file cannot be read, or is not in its form.
pub(super) fn read(name: &str) -> anyhow::Result<Session> {
    let path = path(name);
    let file = format!("{FOLDER}/{name}.txt");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {file}"))?;
    let script = Script::parse(&text).with_context(|| format!("cannot use {file}"))?;
    let settings = path.with_extension("toml");
    let settings: Settings = if settings.exists() {
        let text = std::fs::read_to_string(&settings);
        let text = text.with_context(|| format!("cannot read {FOLDER}/{name}.toml"))?;
        toml::from_str(&text).with_context(|| format!("cannot use {FOLDER}/{name}.toml"))?
    } else {
        Settings::default()
    };
    let rule = if settings.either_closes_first {
        Rule::EitherClosesFirst
    } else {
        Rule::InOrder
    };
    Ok(Session {
        script,
        normaliser: Normaliser::new(&settings.normalise)?,
        rule,
    })
}

/// Runs these sessions, or all if none is named, and writes the files anew whose output differs.
/// Reports on stdout what it did with each.
///
/// # Errors
///
/// If one cannot be run, or has another outcome in a second run.
pub fn update(names: &[String]) -> anyhow::Result<()> {
    if let Some((task, programs)) = Task::of_this_process() {
        return names
            .iter()
            .try_for_each(|name| inside(task, name, &programs));
    }
    let book = std::env::current_exe().context("cannot find the program `book`")?;
    let player = Player::new(&book);
    let names = if names.is_empty() {
        super::names()?
    } else {
        names.to_vec()
    };
    let mut failed = Vec::new();
    for name in names {
        match player.update(&name) {
            Ok(what) => println!("{name}: {what}"),
            Err(error) => {
                println!("{name}: {error:#}\n");
                failed.push(name);
            }
        }
    }
    anyhow::ensure!(failed.is_empty(), "not up to date: {}", failed.join(", "));
    Ok(())
}

/// Runs a session in this terminal, step by step, without comparing it with its file.
///
/// # Errors
///
/// If there is no such session, or it cannot be run.
pub fn play(name: &str) -> anyhow::Result<()> {
    let names = super::names()?;
    let all = names.join(" ");
    anyhow::ensure!(
        names.iter().any(|one| one == name),
        "no session {name:?}; there are: {all}"
    );
    let book = std::env::current_exe().context("cannot find the program `book`")?;
    Player::new(&book).run(Task::Play, name)
}

/// Shows an entry of a session. Waits for Enter before an input.
fn show(entry: &Entry) {
    if entry.after_blank && entry.line > 1 {
        println!();
    }
    if !entry.is_input() {
        println!("{entry}");
        return;
    }
    print!("{entry}  [Enter]");
    // Where nobody reads or types, the session goes on.
    let _ = std::io::stdout().flush();
    let typed = std::io::stdin().read_line(&mut String::new());
    if !std::io::stdin().is_terminal() || typed.is_err() {
        println!();
    }
}

/// Runs a session in the namespace that this process has been given.
fn inside(task: Task, name: &str, programs: &Path) -> anyhow::Result<()> {
    let session = read(name)?;
    let script = &session.script;
    stage::check_tools(script).with_context(|| format!("cannot run {FOLDER}/{name}.txt"))?;
    let settings = match task {
        // Before the session itself changes some of them.
        Task::Replay => settings::differences()?,
        Task::Record | Task::Play | Task::Try => Vec::new(),
    };
    let network = script.hosts().map(Network::start).transpose()?;
    let recording = match (script.wire(), &network) {
        (None, _) => None,
        (Some(_), None) if task == Task::Replay => Some(Recording::start_with_witness()?),
        (Some(_), None) => Some(Recording::start()?),
        (Some(_), Some(network)) => Some(Recording::of(network.forwarder())),
    };
    let stage = Stage::new(programs, network);
    match task {
        Task::Try => {
            let tried = record::try_out(script, recording, stage, Instant::now() + TRY_LIMIT);
            let beside = beside::compare(&session, &tried);
            println!("{}", serde_json::to_string(&beside)?);
            Ok(())
        }
        Task::Record => {
            let recorded = record::record(script, recording, stage, &mut |_| {})?;
            let written = std::fs::write(path(name), recorded.to_string());
            written.with_context(|| format!("cannot write {FOLDER}/{name}.txt"))
        }
        Task::Play => record::record(script, recording, stage, &mut show).map(drop),
        Task::Replay => {
            let ladder = recording.map(|recording| (recording, session.rule));
            let replayed = replay::replay(script, session.normaliser, ladder, stage, replay::LIMIT);
            replayed.map_err(|failure| {
                anyhow::anyhow!(
                    "{FOLDER}/{name}.txt:{}: the session does not go as the file says\n{failure}\
                     If this is how it should go, `cargo book update {name}` writes it anew.{}",
                    failure.line,
                    tell(&settings)
                )
            })
        }
    }
}

/// The settings that may be the reason why a session fails.
fn tell(settings: &[Difference]) -> String {
    if settings.is_empty() {
        return String::new();
    }
    let rows = settings.iter().map(|one| format!("\n    {one}"));
    let rows: String = rows.collect();
    format!("\nThis machine is not set as the one that the book was made on:{rows}")
}

/// Plays sessions, each in a network of its own.
pub struct Player {
    book: PathBuf,
    programs: PathBuf,
}

impl Player {
    /// A player that uses the program `book` at this path. Builds the lessons, and
    /// their examples.
    ///
    /// # Panics
    ///
    /// If they cannot be built.
    pub fn new(book: &Path) -> Self {
        let programs = PathBuf::from(workspace::lesson(1).program()).with_file_name("");
        workspace::build::examples();
        let book = book.to_path_buf();
        Self { book, programs }
    }

    /// Runs a session, and compares what comes with its file.
    ///
    /// # Errors
    ///
    /// If its output differs from the file, with a transcript; or if it cannot be run, with what is
    /// missing.
    pub fn replay(&self, name: &str) -> anyhow::Result<()> {
        self.run(Task::Replay, name)
    }

    /// Does this again if packets were lost while they were recorded.
    fn run(&self, task: Task, name: &str) -> anyhow::Result<()> {
        for _ in 1..ATTEMPTS {
            match task.run(&self.book, &self.programs, name) {
                Err(error) if error.to_string().contains(LOST) => {}
                done => return done.map(drop),
            }
        }
        task.run(&self.book, &self.programs, name).map(drop)
    }

    /// Writes the file of a session anew if its output differs, and reports what it has done.
    fn update(&self, name: &str) -> anyhow::Result<&'static str> {
        // What cannot even be read must not be taken for one that goes another way.
        read(name)?;
        if self.replay(name).is_ok() {
            return Ok("as it was");
        }
        self.run(Task::Record, name)?;
        self.replay(name)
            .context("written anew, but it does not go the same way twice")?;
        Ok("written anew")
    }
}
