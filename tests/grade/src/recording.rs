//! The packets of a check that is run once more in a network of its own.
//!
//! Between the network and the check stands the recorder: this program itself, as
//! `record FILE -- CHECK`, which leaves what it has recorded in the file.

use crate::catalogue::say;
use crate::exercise::Check;
use crate::failed::{Because, in_words};
use crate::language::Language;
use crate::sandbox::Sandbox;
use harness::message;
use harness::message::Message;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use wire::{Remark, Shown};

/// The command of a program that records packets: its `main` calls [`record`] for it.
pub const COMMAND: &str = "record";

/// How many packets of a connection are kept at its beginning, and at its end.
#[cfg(target_os = "linux")]
const KEPT: usize = 40;

/// How many lines of a ladder are kept at its beginning, and at its end.
#[cfg(target_os = "linux")]
const KEPT_LINES: usize = 200;

/// A check that was run once more to record its packets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// The name of the check.
    pub check: String,
    /// Whether it has passed this time.
    pub passed: bool,
    /// What went over the wire.
    pub packets: Packets,
}

/// What a recorder has recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packets {
    /// The ladder, without the middle of long connections.
    pub ladder: Vec<Shown>,
    /// What is missing in it, if it is not all that went over the wire.
    pub gap: Option<Gap>,
}

/// What is missing in a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// Some packets between these ends of a connection.
    Lost(SocketAddr, SocketAddr),
    /// All packets after so many.
    After(usize),
    /// Everything, for this reason.
    Everything(Message),
}

impl Packets {
    /// No packets, for this reason.
    pub(crate) fn none(why: Message) -> Self {
        Self {
            ladder: Vec::new(),
            gap: Some(Gap::Everything(why)),
        }
    }

    /// Reads what a recorder has left in a file.
    pub(crate) fn read(file: &Path) -> Self {
        let text = fs::read(file).unwrap_or_default();
        let read = serde_json::from_slice(&text);
        read.unwrap_or_else(|_| Self::none(message!("the packets were not recorded")))
    }
}

impl Recording {
    /// A check that could not be run once more, for this reason.
    pub fn none(check: &Check, why: Message) -> Self {
        Self {
            check: check.name.clone(),
            passed: false,
            packets: Packets::none(why),
        }
    }

    /// The lines of the ladder in this language, after a line that says what is missing.
    pub fn lines(&self, language: Language) -> Vec<String> {
        let Packets { ladder, gap } = &self.packets;
        let missing = match gap {
            Some(Gap::Lost(one, other)) => Some(message!(
                "Some packets between {one} and {other} were not recorded.",
                one = *one,
                other = *other
            )),
            Some(Gap::After(count)) => Some(message!(
                "Only the first {count} packets were recorded.",
                count = *count
            )),
            Some(Gap::Everything(why)) => Some(message!(
                "There are no packets to show: {reason}",
                reason = why
            )),
            None if ladder.is_empty() => Some(message!("Nothing went over the wire.")),
            None => None,
        };
        let missing = missing.map(|missing| say(&missing, language));
        let say_remark = |remark: &Remark| say_remark(remark, language);
        let ladder = ladder.iter().map(|line| line.tell(&say_remark));
        missing.into_iter().chain(ladder).collect()
    }

    /// What a reader should know about the ladder.
    pub fn remark(&self, language: Language) -> Option<String> {
        let remark = if self.passed {
            message!(
                "This time, alone in a network of its own, the check has passed: it fails only sometimes, or only beside the others."
            )
        } else if self.packets.ladder.is_empty() {
            return None;
        } else {
            message!(
                "The last packets may come from the end of the check, when its programs are ended. The page \"How to read the ladder\" of the book explains the lines."
            )
        };
        Some(say(&remark, language))
    }
}

/// A remark of the ladder in this language.
fn say_remark(remark: &Remark, language: Language) -> String {
    let message = match remark {
        Remark::Later(_) => match remark.time() {
            Some((number, "ms")) => message!("({number} ms later)", number),
            time => message!("({number} s later)", number = time.unwrap_or_default().0),
        },
        Remark::Alike(count) => message!("({count} more connections do the same)", count = *count),
        Remark::PacketsLeftOut(count, port) => {
            message!(
                "({count} more packets of {port})",
                count = *count,
                port = *port
            )
        }
        Remark::LinesLeftOut(count) => message!("({count} more lines)", count = *count),
        Remark::Bytes(1) => message!("1 byte"),
        Remark::Bytes(count) => message!("{count} bytes", count = *count),
        Remark::Window(bytes) => message!("window {bytes}", bytes = *bytes),
        Remark::Again => message!("again"),
        Remark::Lost => message!("lost"),
        Remark::Probe => message!("probe"),
    };
    say(&message, language)
}

/// The words before a command that record what goes over the wire while it runs.
pub(crate) fn recorder(file: &Path) -> anyhow::Result<Vec<String>> {
    let program =
        std::env::current_exe().because(|| message!("cannot tell where this program is"))?;
    let words = [&program, Path::new(COMMAND), file, Path::new("--")];
    Ok(words.map(|word| word.to_string_lossy().into_owned()).into())
}

/// What to do so that packets can be recorded in the network of this sandbox; `None` if they can
/// be.
pub fn cure(sandbox: &Sandbox) -> Option<Message> {
    let reason = match record_nothing(sandbox) {
        Ok(None) => return None,
        Ok(Some(reason)) => reason,
        Err(error) => in_words(&error),
    };
    Some(message!(
        "packets can be recorded on Linux, with unshare (package util-linux), ip (package iproute2), and the right to a network namespace (on Ubuntu: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0): {reason}",
        reason
    ))
}

/// Records what a command sends that sends nothing. Returns why that is not possible.
fn record_nothing(sandbox: &Sandbox) -> anyhow::Result<Option<Message>> {
    let folder = tempfile::TempDir::with_prefix("grade-wire-")
        .because(|| message!("cannot make a folder"))?;
    let file = folder.path().join("packets");
    let words = sandbox
        .recorded(Path::new("/usr"), recorder(&file)?)
        .network;
    let output = Command::new(&words[0])
        .args(&words[1..])
        .arg("true")
        .output()
        .because(|| message!("cannot run {first} (package util-linux)", first = &words[0]))?;
    if output.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(Some(match Packets::read(&file).gap {
        Some(Gap::Everything(why)) if file.exists() => why,
        _ => message!("{said}", said = said.trim()),
    }))
}

/// Runs a command, leaves in a file what goes over the wire meanwhile, and ends this process with
/// the status of the command.
///
/// # Errors
///
/// If the command cannot be run, or the file cannot be written. If packets cannot be recorded, the
/// file says so.
pub fn record(file: &Path, words: &[OsString]) -> anyhow::Result<bool> {
    let (program, arguments) = words
        .split_first()
        .because(|| message!("there is no command"))?;
    let mut command = Command::new(program);
    let recorded = record_command(command.args(arguments));
    let packets = match &recorded {
        Ok((packets, _)) => packets.clone(),
        Err(error) => Packets::none(in_words(error)),
    };
    let text = serde_json::to_vec(&packets)?;
    fs::write(file, text).because(|| message!("cannot write the packets"))?;
    let (_, code) = recorded?;
    std::process::exit(code)
}

/// Runs a command. Returns what has gone over the wire meanwhile, and its exit code.
#[cfg(target_os = "linux")]
fn record_command(command: &mut Command) -> anyhow::Result<(Packets, i32)> {
    use std::time::Duration;
    /// How long no packet may come at the end, and how long that is waited for.
    const QUIET: Duration = Duration::from_millis(60);
    const LIMIT: Duration = Duration::from_millis(400);

    // Its socket is closed on exec: neither the check nor the program under test has it.
    let capture = wire::Capture::start().because(|| message!("cannot record packets"))?;
    let status = command.status();
    let status = status.because(|| message!("cannot run the command"))?;
    capture.wait_for_quiet(QUIET, LIMIT);
    let mut connections = wire::Wire::default();
    let lines = connections.lines(&capture.packets());
    let packets = Packets {
        ladder: wire::shorten(&lines, KEPT, KEPT_LINES),
        gap: match capture.cut() {
            Some(count) => Some(Gap::After(count)),
            None => connections.lost().map(|(one, other)| Gap::Lost(one, other)),
        },
    };
    Ok((packets, status.code().unwrap_or(1)))
}

/// Packets can be recorded on Linux only.
#[cfg(not(target_os = "linux"))]
fn record_command(_: &mut Command) -> anyhow::Result<(Packets, i32)> {
    anyhow::bail!(crate::failed::Failed::new(message!(
        "cannot record packets"
    )))
}
