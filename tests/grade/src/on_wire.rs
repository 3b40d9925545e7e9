//! `cargo grade 05 --wire`: runs a failed check once more in a network of its own, and shows what
//! went over the wire there.

use crate::grading::Ready;
use anstyle::Style;
use grade::failed::Because;
use grade::language::Language;
use grade::outcome::{Outcome, Result};
use grade::sandbox::kind::is_root;
use grade::{catalogue, say, tell};
use harness::message;
use harness::message::Message;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

/// How many packets of a connection are shown at its beginning, and at its end.
#[cfg(target_os = "linux")]
const SHOWN: usize = 40;

/// What a recording that lacks packets begins with; then come the ends of the connection.
const LOST: &str = "lost ";

/// How often a check is run until all packets have been recorded.
const ATTEMPTS: usize = 3;

/// Shows the packets of the first check that has failed, if there is one.
pub(crate) fn show(ready: &Ready, outcome: &Outcome, language: Language) -> anyhow::Result<()> {
    let Some(failed) = outcome.failures().next() else {
        return Ok(());
    };
    let strong = Style::new().bold();
    let title = message!(
        "On the wire: {check}",
        check = failed.check.title.get(language)
    );
    let title = catalogue::say(&title, language);
    say!("\n{strong}{title}{strong:#}\n");
    if let Some(cure) = cure() {
        say!("    {}", catalogue::say(&cure, language));
        return Ok(());
    }
    let (result, ladder) = run(ready, failed, language)?;
    for line in ladder.lines() {
        say!("    {line}");
    }
    if ladder.is_empty() {
        tell!(language, "    Nothing went over the wire.");
    }
    let remark = if result.passed() {
        Some(message!(
            "This time, alone in a network of its own, the check has passed: it fails only sometimes, or only beside the others."
        ))
    } else if ladder.is_empty() {
        None
    } else {
        Some(message!(
            "The last packets may come from the end of the check, when its programs are ended. The page \"How to read the ladder\" of the book explains the lines."
        ))
    };
    if let Some(remark) = remark {
        say!("\n{}", catalogue::say(&remark, language));
    }
    Ok(())
}

/// Runs a check until all its packets have been recorded; returns its result, and its ladder.
fn run(ready: &Ready, failed: &Result, language: Language) -> anyhow::Result<(Result, String)> {
    let folder = tempfile::TempDir::with_prefix("grade-wire-")
        .because(|| message!("cannot make a folder"))?;
    let file = folder.path().join("ladder");
    let recorder =
        std::env::current_exe().because(|| message!("cannot tell where this program is"))?;
    let mut words = network();
    words.push(recorder.to_string_lossy().into_owned());
    words.extend(["--lang", language.name(), "record"].map(String::from));
    words.push(file.to_string_lossy().into_owned());
    words.push("--".to_string());
    let mut attempts = 0;
    loop {
        attempts += 1;
        let Ready { rubric, program } = ready;
        let result = rubric.run_behind(words.clone(), &failed.check, program)?;
        let ladder =
            fs::read_to_string(&file).because(|| message!("the packets were not recorded"))?;
        match ladder.strip_prefix(LOST) {
            Some(lost) if attempts == ATTEMPTS => {
                return Ok((result, say_lost(lost, language)));
            }
            Some(_) => {}
            None => return Ok((result, ladder)),
        }
    }
}

/// A ladder that lacks packets: which connection lacks them stands in its first line.
fn say_lost(ladder: &str, language: Language) -> String {
    let (connection, ladder) = ladder.split_once('\n').unwrap_or((ladder, ""));
    let lost = message!(
        "Some packets between {connection} were not recorded.",
        connection
    );
    format!("{}\n{ladder}", catalogue::say(&lost, language))
}

/// A remark of the ladder in this language.
#[cfg(target_os = "linux")]
fn say_remark(remark: &wire::Remark, language: Language) -> String {
    use wire::Remark;
    let message = match remark {
        Remark::Later(_) => match remark.time() {
            Some((number, "ms")) => message!("({number} ms later)", number),
            time => message!("({number} s later)", number = time.unwrap_or_default().0),
        },
        Remark::Alike(count) => message!("({count} more connections do the same)", count = *count),
        Remark::LeftOut(count, port) => {
            message!(
                "({count} more packets of {port})",
                count = *count,
                port = *port
            )
        }
        Remark::Again => message!("again"),
        Remark::Lost => message!("lost"),
        Remark::Probe => message!("probe"),
    };
    catalogue::say(&message, language)
}

/// The words before a command that give it a network of its own, in which it may record packets.
fn network() -> Vec<String> {
    let mut words = vec!["unshare", "--net"];
    if !is_root() {
        // The program under test stays the user that it is.
        words.extend(["--map-current-user", "--keep-caps"]);
    }
    words.extend(["--", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""]);
    words.into_iter().map(String::from).collect()
}

/// What to do so that packets can be recorded; `None` if they can be.
pub(crate) fn cure() -> Option<Message> {
    let missing = |reason: &str| {
        Some(message!(
            "packets can be recorded on Linux, with unshare (package util-linux), ip (package iproute2), and the right to a network namespace (on Ubuntu: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0): {reason}",
            reason
        ))
    };
    let words = network();
    let tried = Command::new(&words[0])
        .args(&words[1..])
        .arg("true")
        .output();
    match tried {
        Ok(output) if output.status.success() && cfg!(target_os = "linux") => None,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            missing(said.trim())
        }
        Err(error) => missing(&format!("unshare: {error}")),
    }
}

/// Runs a command, writes what goes over the wire meanwhile into a file, and ends this process
/// with the status of the command.
#[cfg(target_os = "linux")]
pub(crate) fn record(file: &Path, words: &[OsString], language: Language) -> anyhow::Result<bool> {
    use std::time::Duration;
    /// How long no packet may come at the end, and how long that is waited for.
    const QUIET: Duration = Duration::from_millis(60);
    const LIMIT: Duration = Duration::from_millis(400);

    let (program, arguments) = words
        .split_first()
        .because(|| message!("there is no command"))?;
    let capture = wire::Capture::start().because(|| message!("cannot record packets"))?;
    let status = Command::new(program).args(arguments).status();
    let status = status.because(|| message!("cannot run the command"))?;
    capture.wait_for_quiet(QUIET, LIMIT);
    let mut connections = wire::Wire::default();
    let lines = connections.lines(&capture.packets());
    let mut text: Vec<String> =
        wire::shorten(&lines, SHOWN, &|remark| say_remark(remark, language));
    if let Some(lost) = connections.lost() {
        text.insert(0, format!("{LOST}{lost}"));
    }
    fs::write(file, text.join("\n")).because(|| message!("cannot write the packets"))?;
    std::process::exit(status.code().unwrap_or(1))
}

/// Packets can be recorded on Linux only.
#[cfg(not(target_os = "linux"))]
pub(crate) fn record(_file: &Path, _words: &[OsString], _: Language) -> anyhow::Result<bool> {
    anyhow::bail!(grade::failed::Failed::new(message!(
        "cannot record packets"
    )))
}
