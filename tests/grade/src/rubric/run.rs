//! Runs one check as a separate process.

use super::Rubric;
use crate::exercise::Check;
use crate::outcome::Result;
use crate::sandbox::{Isolation, close_inherited};
use anyhow::Context;
use harness::check::{CHECK_LIMIT, CheckRecord, CheckRequest, REQUESTED, SANDBOX};
use harness::message::Message;
use harness::{Ended, Failure, HeldUp, SANDBOX_LIMIT, Supervised, message};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a check may take before it is killed. It gives up by itself a little earlier,
/// so that it can still leave its transcript.
const LIMIT: Duration = CHECK_LIMIT.saturating_add(Duration::from_millis(500));

/// The same limit with a sandbox, which a busy machine may take a while to set up and take down.
/// A check begins when its network is ready, which may take some seconds more.
const LIMIT_IN_SANDBOX: Duration = LIMIT
    .saturating_add(SANDBOX_LIMIT)
    .saturating_add(Duration::from_secs(8));

/// How much of a check's own output is kept, in bytes. It is shown only if there is no record.
const LAST_WORDS: u64 = 16 << 10;

impl Rubric {
    /// Runs one check.
    pub(super) fn run(
        &self,
        check: &Check,
        program: &str,
        isolation: &Isolation,
        more: Duration,
    ) -> anyhow::Result<Result> {
        let start = Instant::now();
        let folder = tempfile::TempDir::with_prefix("grade-").context("cannot make a folder")?;
        let request = CheckRequest {
            record: folder.path().join("record"),
            nonce: secret()?,
            more,
            seed: self.seed,
        };
        let mut command = self.command(check, program, isolation, folder.path())?;
        let mut running = Supervised::start(&mut command, LAST_WORDS)
            .with_context(|| format!("cannot run {}", self.tests.display()))?;
        if let Some(mut stdin) = running.stdin() {
            let mut line = serde_json::to_vec(&request)?;
            line.push(b'\n');
            // It fails if the check has already died; then the missing record shows that.
            let _ = stdin.write_all(&line);
        }
        let limit = if isolation.command.is_empty() {
            LIMIT
        } else {
            LIMIT_IN_SANDBOX
        };
        let limit = limit + more;
        let ended = running.wait(limit).context("cannot wait for a check")?;
        let record = read_record(&request, check);
        let (is_late, held_up) = match &record {
            Some(record) => (record.is_late, record.held_up),
            // A check gives up by itself long before, unless it gets no processor.
            None if !ended.in_time => (true, HeldUp::Waiting(start.elapsed())),
            None => (false, HeldUp::Waiting(Duration::ZERO)),
        };
        Ok(Result {
            check: check.clone(),
            failure: failure(record, ended, limit),
            took: start.elapsed(),
            is_late,
            held_up,
        })
    }

    /// The command that runs a check on a program.
    fn command(
        &self,
        check: &Check,
        program: &str,
        isolation: &Isolation,
        folder: &Path,
    ) -> anyhow::Result<Command> {
        let mut words = isolation.network.iter();
        let mut command = match words.next() {
            Some(first) => Command::new(first),
            None => Command::new(&self.tests),
        };
        if !isolation.network.is_empty() {
            command.args(words).arg(&self.tests);
        }
        if !isolation.command.is_empty() {
            close_inherited(&mut command).context("cannot close what we have open")?;
            let sandbox = shlex::try_join(isolation.command.iter().map(String::as_str))
                .context("the command of the sandbox cannot be used")?;
            command.env(SANDBOX, sandbox);
        }
        command
            .args(["--exact", &check.name, "--nocapture"])
            // Files that a killed check leaves behind are removed together with the folder.
            .env("TMPDIR", folder)
            .env("PROGRAM", program)
            .env(REQUESTED, "1")
            // With more than one thread, the test runner names each test's thread after the test.
            .env("RUST_TEST_THREADS", "2")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        Ok(command)
    }
}

/// Why a check has failed; `None` if it has left a record that it has passed, and has also ended
/// successfully.
fn failure(record: Option<CheckRecord>, ended: Ended, limit: Duration) -> Option<Failure> {
    let Ended {
        in_time,
        status,
        stderr,
    } = ended;
    match record {
        Some(record) if record.failure.is_none() && in_time && status.success() => None,
        Some(CheckRecord {
            failure: Some(failure),
            ..
        }) => Some(failure),
        _ => Some(Failure::NoTranscript {
            what: if in_time {
                message!(
                    "the check ended without a verdict: {status}",
                    status = describe(status)
                )
            } else {
                message!("the check was not over after {duration}", duration = limit)
            },
            printed: stderr.text,
        }),
    }
}

/// How a check ended, in the words of the standard library.
#[cfg(unix)]
fn describe(status: ExitStatus) -> Message {
    use std::os::unix::process::ExitStatusExt;
    if let Some(code) = status.code() {
        return message!("exit status: {code}", code);
    }
    let signal = status.signal().unwrap_or_default();
    let name = harness::name_of_signal(signal).unwrap_or("?");
    if status.core_dumped() {
        message!("signal: {signal} ({name}) (core dumped)", signal, name)
    } else {
        message!("signal: {signal} ({name})", signal, name)
    }
}

/// How a check ended.
#[cfg(not(unix))]
fn describe(status: ExitStatus) -> Message {
    message!("exit status: {code}", code = status.code().unwrap_or(-1))
}

/// A secret that cannot be guessed.
fn secret() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    Ok(format!("{bytes:02x?}"))
}

/// The record that a check has left, if it is valid and belongs to this check.
fn read_record(request: &CheckRequest, check: &Check) -> Option<CheckRecord> {
    let record = fs::File::open(&request.record).ok()?;
    // A record is short: a longer file was not written by a check.
    let record: CheckRecord = serde_json::from_reader(record.take(1 << 20)).ok()?;
    (record.nonce == request.nonce && record.check == check.name).then_some(record)
}
