//! The terminals of a session while it runs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::OsString;
use std::io::{PipeReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use harness::ProcessGroup;
use regex::{Captures, Regex};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::network::{Change, Network};
use super::rest;
use super::script::{Event, Key, Script};

/// How a lesson, or a step of the project, is started in the book: as a reader starts it, or the
/// program itself.
static LESSON: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        \b cargo\ run\ (?: (?:-q|--quiet)\ )? (?:-p|--package)\ (?:
                (?<run> lesson-\d\d) (?: \ --example\ (?<example> \w+) )?
              | (?<exercise> exercise-\d\d)\ --example\ (?<project> \w+)
            ) \b
            (?: \ -- (?<rest> \ |$) )?
        | (?: \./ | \b ) target/debug/ (?<binary> lesson-\d\d) \b",
    )
    .expect("the pattern is right")
});

/// What sessions use besides the lessons, and the packages that have it.
const TOOLS: [(&str, &str); 6] = [
    ("ip", "iproute2"),
    ("nstat", "iproute2"),
    ("python3", "python3"),
    ("ss", "iproute2"),
    ("strace", "strace"),
    ("sysctl", "procps"),
];

/// How many pieces of output may wait to be read: a program that prints without end waits then, as
/// it does for a terminal.
const BACKLOG: usize = 64;

/// How many bytes of a line that does not end count as one.
const COLUMNS: usize = 80;

/// Has the shell survive Ctrl-C, as one in a terminal does, and tell how the command ended.
const SURVIVE: &str = "trap : INT\n";

/// All terminals of a session, and whatever runs in them. When it is dropped, that ends.
pub(super) struct Stage {
    /// The folder of the lessons' programs.
    programs: PathBuf,
    /// The same as text, which the book shows as the reader's `target/debug/`.
    shown: String,
    path: OsString,
    /// The hosts, where there are several.
    network: Option<Network>,
    terminals: BTreeMap<u8, Terminal>,
    sender: SyncSender<(u8, News)>,
    news: Receiver<(u8, News)>,
}

/// A terminal: what has come and is not read yet, and what runs in it.
#[derive(Default)]
struct Terminal {
    lines: VecDeque<String>,
    /// A line that has not ended yet.
    rest: Vec<u8>,
    /// The line that was read last had not ended yet: its end is no line of its own.
    read_ahead: bool,
    running: Option<Running>,
    /// The exit status of the last command, as a shell has it in `$?`.
    status: i32,
}

/// A command until it has ended and all its output has come.
struct Running {
    /// Until the command has ended.
    family: Option<ProcessGroup>,
    child: Child,
    stdin: Option<ChildStdin>,
    /// Whether its output may go on.
    is_open: bool,
}

/// What the threads that watch a command tell.
enum News {
    Output(Vec<u8>),
    /// The command has ended; its output may be on the way.
    Ended,
    /// Nobody can write to its stdout and stderr any more.
    Closed,
}

impl Stage {
    /// Terminals without a command. Lessons are started from the folder `programs`.
    pub(super) fn new(programs: &Path, network: Option<Network>) -> Self {
        let (sender, news) = sync_channel(BACKLOG);
        Self {
            programs: programs.to_path_buf(),
            shown: format!("{}/", programs.display().to_string().trim_end_matches('/')),
            path: search_path(),
            network,
            terminals: BTreeMap::new(),
            sender,
            news,
        }
    }

    /// Starts a command in a terminal, where none may be running.
    pub(super) fn start(&mut self, number: u8, text: &str) -> anyhow::Result<()> {
        let terminal = self.terminals.entry(number).or_default();
        let (reader, writer) = std::io::pipe().context("cannot create a pipe")?;
        // A test that runs in the background ignores Ctrl-C, and whoever it starts would, too.
        let mut command = match &self.network {
            None => Command::new("env"),
            Some(network) => network.command(number, "env")?,
        };
        command
            .args(["--default-signal=INT,QUIT", "sh", "-c"])
            .arg(shell_text(text, terminal.status, &self.programs)?)
            .current_dir(workspace::root())
            .env_clear()
            .env("PATH", &self.path)
            .env("LANG", "C.UTF-8")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(writer.try_clone().context("cannot share a pipe")?)
            .stderr(writer);
        let (family, mut child) = ProcessGroup::start(&mut command).context("cannot start `sh`")?;
        // It holds the writing end; with it open here the output would never end.
        drop(command);

        watch_output(reader, number, self.sender.clone());
        watch_end(child.id(), number, self.sender.clone());
        terminal.running = Some(Running {
            family: Some(family),
            stdin: child.stdin.take(),
            child,
            is_open: true,
        });
        Ok(())
    }

    /// Types a line on the stdin of what runs in a terminal.
    pub(super) fn type_line(&mut self, number: u8, text: &str) -> anyhow::Result<()> {
        let running = self.running(number)?;
        let stdin = running.stdin.as_mut().context("its stdin has ended (^D)")?;
        stdin
            .write_all(format!("{text}\n").as_bytes())
            .context("the command does not read its stdin")
    }

    /// Presses a key in a terminal.
    pub(super) fn press(&mut self, number: u8, key: Key) -> anyhow::Result<()> {
        let running = self.running(number)?;
        match key {
            Key::EndOfInput => running.stdin = None,
            Key::Interrupt => {
                let group = Pid::from_raw(running.child.id().cast_signed());
                let group = group.context("the command has no number")?;
                kill_process_group(group, Signal::INT).context("cannot send SIGINT")?;
            }
        }
        Ok(())
    }

    fn running(&mut self, number: u8) -> anyhow::Result<&mut Running> {
        let terminal = self.terminals.get_mut(&number);
        let running = terminal.and_then(|terminal| terminal.running.as_mut());
        running.with_context(|| format!("nothing runs in terminal {number}"))
    }

    /// Whether the command in a terminal has not ended, or may still have output on the way.
    pub(super) fn is_running(&self, number: u8) -> bool {
        self.terminals
            .get(&number)
            .is_some_and(|terminal| terminal.running.is_some())
    }

    /// Waits until all commands wait for something: input, a client, a time. Whatever one of
    /// them does next comes of what is given to it.
    pub(super) fn wait_for_rest(&self) {
        let running = self
            .terminals
            .values()
            .filter_map(|terminal| terminal.running.as_ref());
        let alive = running.filter(|running| running.family.is_some());
        let groups: Vec<i32> = alive
            .map(|running| running.child.id().cast_signed())
            .collect();
        rest::wait(&groups, rest::LIMIT);
        if let Some(network) = &self.network {
            // What arrives late wakes them once more.
            network.wait_for_rest(rest::LIMIT);
            rest::wait(&groups, rest::LIMIT);
        }
    }

    /// Changes the network between the hosts.
    pub(super) fn change(&self, change: &Change) {
        if let Some(network) = &self.network {
            network.change(change);
        }
    }

    /// What became of the command of a terminal, in words.
    pub(super) fn fate(&self, number: u8) -> String {
        match self.terminals.get(&number) {
            None => "nothing was started there".to_string(),
            Some(terminal) if terminal.running.is_some() => "the command is running".to_string(),
            Some(terminal) => format!("the command has ended with status {}", terminal.status),
        }
    }

    /// Reads the next line of a terminal if it is there. The last line of a command that
    /// has ended counts without a newline too.
    pub(super) fn read_line(&mut self, number: u8) -> Option<String> {
        let terminal = self.terminals.get_mut(&number)?;
        if let Some(line) = terminal.lines.pop_front() {
            return Some(line);
        }
        terminal.running.is_none().then(|| terminal.take_rest())?
    }

    /// Reads a line that has not ended, such as the prompt of `input()`, if it is wanted.
    pub(super) fn read_unfinished(
        &mut self,
        number: u8,
        wanted: impl FnOnce(&str) -> bool,
    ) -> Option<String> {
        let terminal = self.terminals.get_mut(&number)?;
        let text = String::from_utf8_lossy(&terminal.rest);
        let is_next = terminal.lines.is_empty() && !terminal.rest.is_empty();
        if !is_next || !wanted(&text) {
            return None;
        }
        terminal.read_ahead = true;
        terminal.take_rest()
    }

    /// All that has come in any terminal and was not read, by the numbers of the terminals.
    pub(super) fn read_all(&mut self) -> Vec<(u8, String)> {
        self.read_lines(|_, _| true)
    }

    /// The same, with those lines that have not ended only where they are wanted.
    pub(super) fn read_lines(&mut self, wanted: impl Fn(u8, &str) -> bool) -> Vec<(u8, String)> {
        let mut lines = Vec::new();
        for (number, terminal) in &mut self.terminals {
            lines.extend(terminal.lines.drain(..).map(|line| (*number, line)));
            let text = String::from_utf8_lossy(&terminal.rest);
            if terminal.running.is_some() && !wanted(*number, text.trim_end()) {
                continue;
            }
            if let Some(rest) = terminal.take_rest() {
                terminal.read_ahead = terminal.running.is_some();
                lines.push((*number, rest));
            }
        }
        lines
    }

    /// How many lines have come in all terminals that were not read. A line that does not end
    /// counts as several.
    pub(super) fn unread(&self) -> usize {
        let terminals = self.terminals.values();
        let lines = |terminal: &Terminal| terminal.lines.len() + terminal.rest.len() / COLUMNS;
        terminals.map(lines).sum()
    }

    /// Whether something has come in a terminal that was not read.
    pub(super) fn has_unread(&self, number: u8) -> bool {
        self.terminals
            .get(&number)
            .is_some_and(|terminal| !terminal.lines.is_empty() || !terminal.rest.is_empty())
    }

    /// Waits for an answer, which can change with each piece of news; `None` at the limit.
    pub(super) fn wait<T>(
        &mut self,
        limit: Duration,
        mut answer: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(answer) = answer(self) {
                return Some(answer);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            self.listen(left);
        }
    }

    /// Waits for a piece of news, and says whether one came.
    pub(super) fn listen(&mut self, limit: Duration) -> bool {
        let Ok((number, news)) = self.news.recv_timeout(limit) else {
            return false;
        };
        let terminal = self.terminals.entry(number).or_default();
        match news {
            News::Output(bytes) => terminal.add(&bytes, &self.shown),
            News::Ended => terminal.end(),
            News::Closed => terminal.close(),
        }
        true
    }
}

impl Terminal {
    /// Adds output. Where it names a program by its path `programs`, it shows that as the
    /// reader sees it.
    fn add(&mut self, bytes: &[u8], programs: &str) {
        for &byte in bytes {
            if byte != b'\n' {
                self.rest.push(byte);
            } else if !(self.read_ahead && self.rest.is_empty()) {
                let line = String::from_utf8_lossy(&self.rest);
                let line = line.trim_end().replace(programs, "target/debug/");
                self.lines.push_back(line);
                self.rest.clear();
            }
            self.read_ahead = false;
        }
    }

    fn take_rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.rest);
        let text = String::from_utf8_lossy(&rest);
        (!rest.is_empty()).then(|| text.trim_end().to_string())
    }

    /// Notes how the command has ended, and ends what it has left behind.
    fn end(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        if let Some(family) = running.family.take() {
            let status = family.end(&mut running.child);
            self.status = status.map_or(-1, shell_status);
        }
        if !running.is_open {
            self.running = None;
        }
    }

    /// Notes that no more output can come.
    fn close(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.is_open = false;
        if running.family.is_none() {
            self.running = None;
        }
    }
}

/// An exit status as a shell tells it: 128 and the signal where one has ended the command.
fn shell_status(status: ExitStatus) -> i32 {
    let signal = status.signal().map_or(-1, |signal| 128 + signal);
    status.code().unwrap_or(signal)
}

/// The lessons' programs that a session starts: names of lessons, and of examples with the package
/// that each is in.
pub(super) fn used_programs(script: &Script) -> (BTreeSet<String>, BTreeMap<String, String>) {
    let (mut lessons, mut examples) = (BTreeSet::new(), BTreeMap::new());
    for entry in &script.entries {
        let Event::Start(command) = &entry.event else {
            continue;
        };
        for found in LESSON.captures_iter(command) {
            let name = |group| found.name(group).map(|name| name.as_str().to_string());
            let package = name("run").or(name("exercise"));
            match (name("example").or(name("project")), package) {
                (Some(example), Some(package)) => {
                    examples.insert(example, package);
                }
                (_, package) => lessons.extend(package.or(name("binary"))),
            }
        }
    }
    (lessons, examples)
}

/// The command as the shell gets it: the lessons' programs are those that cargo has built,
/// and `$?` is the last command's.
fn shell_text(text: &str, status: i32, programs: &Path) -> anyhow::Result<String> {
    let mapped = LESSON.replace_all(text, |found: &Captures<'_>| {
        let program = match found.name("example").or(found.name("project")) {
            Some(example) => programs.join("examples").join(example.as_str()),
            None => {
                let name = found.name("run").or(found.name("binary"));
                programs.join(name.map_or("", |name| name.as_str()))
            }
        };
        let program = program.to_string_lossy();
        let quoted = shlex::try_quote(&program).map(String::from);
        let rest = found.name("rest").map_or("", |rest| rest.as_str());
        quoted.unwrap_or_default() + rest
    });
    anyhow::ensure!(
        !mapped.contains("cargo "),
        "only lessons and examples can be run by cargo in a session"
    );
    let before = if text.contains("$?") {
        format!("(exit {status})\n")
    } else {
        String::new()
    };
    Ok(format!("{SURVIVE}{before}{mapped}"))
}

/// Where programs are looked for: Python itself first, and not a script that looks for one;
/// last where `ip` and `ss` may be, which not every user has in the path.
pub(super) fn search_path() -> OsString {
    let mut folders = Vec::new();
    if let Some(python) = workspace::python() {
        folders.extend(Path::new(python).parent().map(Path::to_path_buf));
    }
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&inherited));
    folders.extend(["/usr/sbin", "/sbin"].map(PathBuf::from));
    std::env::join_paths(folders).unwrap_or(inherited)
}

/// Fails where a program is missing that a session uses, and names its package.
pub(super) fn check_tools(script: &Script) -> anyhow::Result<()> {
    let path = search_path();
    for entry in &script.entries {
        let Event::Start(command) = &entry.event else {
            continue;
        };
        for (tool, package) in TOOLS {
            let is_used = command.split_whitespace().any(|word| word == tool);
            let is_there = || std::env::split_paths(&path).any(|dir| dir.join(tool).is_file());
            anyhow::ensure!(
                !is_used || is_there(),
                "line {}: `{tool}` is not installed: apt-get install {package}",
                entry.line
            );
        }
    }
    Ok(())
}

/// Hands on what a command prints, to the end.
fn watch_output(mut output: PipeReader, number: u8, sender: SyncSender<(u8, News)>) {
    thread::spawn(move || {
        let mut buffer = [0; 1 << 14];
        // Who would listen may be gone before the command is: nothing to tell then.
        while let Ok(length) = output.read(&mut buffer)
            && length > 0
        {
            let _ = sender.send((number, News::Output(buffer[..length].to_vec())));
        }
        let _ = sender.send((number, News::Closed));
    });
}

/// Tells when a process has ended. It is not reaped: that is for its [`ProcessGroup`].
fn watch_end(process: u32, number: u8, sender: SyncSender<(u8, News)>) {
    thread::spawn(move || {
        wait_for_end(process);
        let _ = sender.send((number, News::Ended));
    });
}

/// Waits until a child has ended, and leaves it to be reaped by its [`ProcessGroup`].
pub(super) fn wait_for_end(process: u32) {
    let Some(process) = Pid::from_raw(process.cast_signed()) else {
        return;
    };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(Errno::INTR) = waitid(WaitId::Pid(process), options) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(command: &str, status: i32) -> String {
        let text = shell_text(command, status, Path::new("/built")).expect("it can be run");
        let text = text.strip_prefix(SURVIVE).expect("it survives Ctrl-C");
        text.to_string()
    }

    #[test]
    fn lessons_are_the_programs_that_cargo_has_built() {
        assert_eq!(text("cargo run -p lesson-02", 0), "/built/lesson-02");
        assert_eq!(
            text("cargo run -q -p lesson-01 -- [::1]:9 a", 0),
            "/built/lesson-01 [::1]:9 a"
        );
        assert_eq!(text("cargo run -p lesson-01 --", 0), "/built/lesson-01");
        assert_eq!(
            text("cargo run -p lesson-05 --example lines", 0),
            "/built/examples/lines"
        );
        assert_eq!(
            text("strace -e trace=network target/debug/lesson-02", 0),
            "strace -e trace=network /built/lesson-02"
        );
        assert_eq!(
            text("./target/debug/lesson-07 5 & wait", 0),
            "/built/lesson-07 5 & wait"
        );
        assert!(shell_text("cargo run -p exercise-08", 0, Path::new("/built")).is_err());
        assert!(shell_text("cargo grade 01", 0, Path::new("/built")).is_err());
    }

    #[test]
    fn a_status_is_the_last_command_s() {
        assert_eq!(text("echo $?", 130), "(exit 130)\necho $?");
        assert_eq!(text("echo $HOME", 130), "echo $HOME");
    }
}
