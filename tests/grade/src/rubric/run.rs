//! Runs one check as a separate process.

use super::Rubric;
use crate::exercise::Check;
use crate::failed::Because;
use crate::outcome::Result;
use crate::sandbox::{Isolation, close_inherited};
use harness::check::{CHECK_LIMIT, CheckRecord, CheckRequest, REQUESTED, SANDBOX};
use harness::message::Message;
use harness::{
    Ended, Failure, HeldUp, SANDBOX_LIMIT, Shortage, Supervised, VARIABLES, Verdict, message,
};
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
        let folder = tempfile::TempDir::with_prefix("grade-");
        let folder = folder.because(|| message!("cannot make a folder"))?;
        let request = CheckRequest {
            record: folder.path().join("record"),
            nonce: secret()?,
            more,
            seed: self.seed,
        };
        let mut command = self.command(check, program, isolation, folder.path())?;
        let mut running = Supervised::start(&mut command, LAST_WORDS)
            .because(|| message!("cannot run {path}", path = &self.tests))?;
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
        let ended = running.wait(limit);
        let ended = ended.because(|| message!("cannot wait for a check"))?;
        let record = read_record(&request, check);
        Ok(Result {
            took: start.elapsed(),
            ..result(check, record, &ended, limit, isolation)
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
        // Variables of the harness change how a check runs, and a grade must not depend on them.
        for name in VARIABLES {
            command.env_remove(name);
        }
        if !isolation.command.is_empty() {
            close_inherited(&mut command).because(|| message!("cannot close what we have open"))?;
            let sandbox = shlex::try_join(isolation.command.iter().map(String::as_str))
                .because(|| message!("the command of the sandbox cannot be used"))?;
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

/// The result of a check by the record that it has left, and by how it ended.
fn result(
    check: &Check,
    record: Option<CheckRecord>,
    ended: &Ended,
    limit: Duration,
    isolation: &Isolation,
) -> Result {
    let was_running = record
        .as_ref()
        .is_some_and(|record| record.is_program_running);
    if let Some(record) = record
        && let Some(verdict) = record.verdict
        // It has passed only if it has also ended well.
        && (verdict != Verdict::Passed || (ended.in_time && ended.status.success()))
    {
        return Result {
            verdict,
            is_late: record.is_late,
            held_up: record.held_up,
            ..Result::without_run(check, Verdict::Passed)
        };
    }
    let what = if ended.in_time {
        let status = describe(ended.status);
        message!("the check ended without a verdict: {status}", status)
    } else {
        message!("the check was not over after {duration}", duration = limit)
    };
    // A program in a sandbox cannot reach its check, and one that has ended cannot either.
    let is_innocent = !isolation.command.is_empty() || !was_running;
    let verdict = if ended.in_time && is_innocent {
        Verdict::NotGradable(Shortage::now().unwrap_or(what))
    } else {
        let printed = ended.stderr.text.clone();
        Verdict::Failed(Failure::NoTranscript { what, printed })
    };
    Result {
        is_late: !ended.in_time,
        // A check gives up by itself long before its limit, unless it gets no processor, or its
        // program has stopped it. A program in a sandbox cannot do that.
        held_up: if ended.in_time {
            HeldUp::ByTheMachine
        } else if isolation.command.is_empty() {
            ended.held_up
        } else {
            HeldUp::Waiting(limit)
        },
        ..Result::without_run(check, verdict)
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
    getrandom::fill(&mut bytes).because(|| message!("no random numbers"))?;
    Ok(format!("{bytes:02x?}"))
}

/// The record that a check has left, if it is valid and belongs to this check.
fn read_record(request: &CheckRequest, check: &Check) -> Option<CheckRecord> {
    let record = fs::File::open(&request.record).ok()?;
    // A record is short: a longer file was not written by a check.
    let record: CheckRecord = serde_json::from_reader(record.take(1 << 20)).ok()?;
    (record.nonce == request.nonce && record.check == check.name).then_some(record)
}
