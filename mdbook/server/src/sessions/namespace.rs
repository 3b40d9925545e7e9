//! A network of its own for each session: nobody else listens on port 9090, `ss` shows
//! nothing else, and no `TIME_WAIT` is left from another.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, bail, ensure};
use harness::ProcessGroup;

use super::stage::wait_for_end;

/// The environment variable that tells a process that it has a namespace, what to do there, and
/// where the lessons' programs are: `replay:FOLDER`, `record:FOLDER` or `try:FOLDER`.
const TASK: &str = "BOOK_SESSION";

/// What to do with a session in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Compare the output with the file.
    Replay,
    /// Write the output into the file.
    Record,
    /// Show it in this terminal, step by step.
    Play,
    /// Print the session of the file beside the outcome, as JSON.
    Try,
}

impl Task {
    /// The task that this process was started for, and the folder of the lessons' programs; `None`
    /// if it was not started by [`Task::run`].
    pub(super) fn of_this_process() -> Option<(Self, PathBuf)> {
        let text = std::env::var(TASK).ok()?;
        let (task, folder) = text.split_once(':')?;
        let task = match task {
            "replay" => Self::Replay,
            "record" => Self::Record,
            "play" => Self::Play,
            "try" => Self::Try,
            _ => return None,
        };
        Some((task, PathBuf::from(folder)))
    }

    /// Runs `book update SESSION` for this task in new namespaces of networks and of processes, so
    /// that `kill` reaches no other process and nothing outlives it. Returns its output.
    ///
    /// # Errors
    ///
    /// If there can be no namespace here, with what is missing; or the error of the other process.
    pub(super) fn run(self, book: &Path, programs: &Path, session: &str) -> anyhow::Result<String> {
        let task = match self {
            Self::Replay => "replay",
            Self::Record => "record",
            Self::Play => "play",
            Self::Try => "try",
        };
        let task = format!("{task}:{}", programs.display());
        let mut command = unshare(self != Self::Play);
        command.arg(book).args(["update", session]).env(TASK, task);
        if self == Self::Play {
            // A group of its own could not read from the terminal.
            let status = command.status().context("cannot start `unshare`")?;
            ensure!(
                status.success(),
                "the session has not come to its end\n{CURE}"
            );
            return Ok(String::new());
        }
        let (success, printed, errors) = run_to_end(&mut command)?;
        let Some(printed) = printed.strip_prefix(READY) else {
            bail!(
                "cannot have a network of its own for the session: {}\n{CURE}",
                errors.trim()
            );
        };
        if !success {
            bail!("{}", errors.strip_prefix("cargo book: ").unwrap_or(&errors));
        }
        Ok(printed.to_string())
    }
}

/// The line that is printed first if there can be a namespace.
const READY: &str = "ready\n";

/// Has a socket in TIME-WAIT ignore resets. On a busy machine a FIN is sent again before its
/// acknowledgement comes. Then TIME-WAIT acknowledges it twice, the other side is closed already
/// when the second one comes, and its reset would end TIME-WAIT (RFC 1337), which tables show.
const PROTECT_TIME_WAIT: &str = "echo 1 >/proc/sys/net/ipv4/tcp_rfc1337";

/// Why there can be no namespace on this machine; `None` if there can be one.
pub(super) fn why_not() -> Option<String> {
    match run_to_end(unshare(true).arg("true")) {
        Ok((true, ..)) => None,
        Ok((false, _, errors)) => Some(errors.trim().to_string()),
        Err(error) => Some(format!("{:#}", error.root_cause())),
    }
}

/// A command that runs another one, which is still to be added, in new namespaces. It may first
/// print the line which says that there can be such namespaces.
fn unshare(says_ready: bool) -> Command {
    let ready = if says_ready { "echo ready" } else { ":" };
    let begin = format!("ip link set lo up && {PROTECT_TIME_WAIT} && {ready} && exec \"$@\"");
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        // Not as root: then tcpdump wants to be somebody else, which cannot be here.
        command.args(["--map-current-user", "--keep-caps"]);
    }
    command
        .args(["--net", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .args(["--", "sh", "-c"])
        .args([&begin, "sh"])
        .env("PATH", super::stage::search_path());
    command
}

const CURE: &str = "\
Replaying a session takes Linux, `unshare` (package util-linux), `ip` and `ss` (package
iproute2), and the right to a network namespace: be root, or let users have namespaces
(on Ubuntu: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0; in a container:
--privileged).";

/// Runs a command; returns whether it succeeded, its stdout and its stderr.
fn run_to_end(command: &mut Command) -> anyhow::Result<(bool, String, String)> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let started = ProcessGroup::start(command);
    let (family, mut child) = started.with_context(|| format!("cannot start `unshare`\n{CURE}"))?;
    let stderr = child.stderr.take();
    let errors = thread::spawn(move || read_all(stderr));
    let printed = read_all(child.stdout.take());
    wait_for_end(child.id());
    let status = family
        .end(&mut child)
        .context("cannot tell how `unshare` ended")?;
    let errors = errors.join().unwrap_or_default();
    Ok((status.success(), printed, errors))
}

/// Reads a stream to its end. An error counts as the end.
fn read_all(stream: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}
