//! How long a fresh clone, in which nothing is compiled, takes to show something.
//!
//! The crates have been downloaded before: that time depends on the network, not on the project.

use crate::command::{cargo, output, say, shown};
use crate::statistics::seconds;
use anyhow::{Context, bail, ensure};
use harness::ProcessGroup;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

/// The time limit of each command.
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// The figures of a fresh clone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// `cargo run -p lesson-02`, to the line `listening on`.
    pub listening: Vec<Of>,
    /// `cargo test`, to its end.
    pub test: Vec<Of>,
    /// `cargo book`, to the line that says where the book is.
    pub book: Vec<Of>,
    /// `cargo grade 01`, to its end: the first verdict.
    #[serde(default)]
    pub verdict: Vec<Of>,
    /// `cargo grade`, to its end: all exercises.
    pub grade: Vec<Of>,
    /// The size of the clone in megabytes, without `.git` and build output.
    pub sources: u64,
}

/// The figures of one command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Of {
    /// Seconds.
    pub took: f64,
    /// How many packages were compiled, the project's own included.
    pub packages: usize,
    /// The size of the build output in megabytes (2²⁰ bytes).
    pub megabytes: u64,
}

/// Measures this many times.
///
/// # Errors
///
/// If the project cannot be cloned, or a command fails.
pub fn measure(runs: usize) -> anyhow::Result<Figures> {
    let folder = tempfile::TempDir::with_prefix("bench-").context("cannot make a folder")?;
    let clone = folder.path().join("clone");
    let mut git = Command::new("git");
    git.args(["clone", "--quiet", "--no-hardlinks"])
        .arg(workspace::root());
    output(git.arg(&clone))?;
    let mut figures = Figures {
        listening: Vec::new(),
        test: Vec::new(),
        book: Vec::new(),
        verdict: Vec::new(),
        grade: Vec::new(),
        sources: (size(&clone)? - size(&clone.join(".git"))?) >> 20,
    };
    for run in 1..=runs {
        say(&format!("cold: run {run} of {runs}"));
        let listening = ["run", "-p", "lesson-02", "127.0.0.1:0"];
        let steps: [(&mut Vec<Of>, &[&str], Option<&str>); 5] = [
            (&mut figures.listening, &listening, Some("listening on")),
            (&mut figures.verdict, &["grade", "01"], None),
            (&mut figures.grade, &["grade"], None),
            (&mut figures.test, &["test"], None),
            (&mut figures.book, &["book"], Some("http://")),
        ];
        for (found, arguments, line) in steps {
            found.push(one(&clone, arguments, line)?);
        }
    }
    Ok(figures)
}

/// Runs a command with nothing built, until it prints a line, or to its end.
fn one(clone: &Path, arguments: &[&str], line: Option<&str>) -> anyhow::Result<Of> {
    let target = clone.join("target");
    if target.exists() {
        fs::remove_dir_all(&target)
            .with_context(|| format!("cannot empty {}", target.display()))?;
    }
    let log = clone.with_extension("log");
    let errors = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = cargo(clone);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors);
    say(&format!("cold: {}", shown(&command)));
    let start = Instant::now();
    let (group, mut child) = ProcessGroup::start(&mut command)
        .with_context(|| format!("cannot run {}", shown(&command)))?;
    let stdout = child.stdout.take().context("stdout is a pipe")?;
    let came = wait_for_line(stdout, line, start + LIMIT);
    let took = seconds(start.elapsed());
    let told = || fs::read_to_string(&log).unwrap_or_default();
    if start.elapsed() >= LIMIT {
        bail!(
            "{} was not there after {LIMIT:?}:\n{}",
            shown(&command),
            told()
        );
    }
    let ended = if came {
        group.end(&mut child).map(|_| true)
    } else {
        // `cargo grade` exits with 1 where not all marks are full.
        let status = child.wait();
        status.map(|status| {
            let is_graded = arguments.contains(&"grade") && status.code() == Some(1);
            line.is_none() && (status.success() || is_graded)
        })
    };
    ensure!(
        ended.context("cannot tell how a command ended")?,
        "{} failed:\n{}",
        shown(&command),
        told()
    );
    Ok(Of {
        took,
        packages: packages(&target)?,
        megabytes: size(&target)? >> 20,
    })
}

/// Waits for a line that contains this text, or, without a text, for the end of the output.
/// Returns whether the line has come.
fn wait_for_line(
    stdout: impl Read + Send + 'static,
    line: Option<&str>,
    deadline: Instant,
) -> bool {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let lines = BufReader::new(stdout).lines().map_while(Result::ok);
        // It fails when nobody waits any more.
        lines.map(|line| sender.send(line)).all(|sent| sent.is_ok())
    });
    // The channel closes at the end of the program.
    while let Ok(came) = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        if line.is_some_and(|line| came.contains(line)) {
            return true;
        }
    }
    false
}

/// The packages that have something in a target folder: cargo keeps a folder for each unit,
/// `NAME-HASH`.
fn packages(target: &Path) -> anyhow::Result<usize> {
    let folder = target.join("debug").join(".fingerprint");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names = BTreeSet::new();
    for entry in entries {
        let name = entry.context("cannot read a folder")?.file_name();
        let name = name.to_string_lossy();
        names.insert(
            name.rsplit_once('-')
                .map_or("", |(name, _)| name)
                .to_string(),
        );
    }
    Ok(names.len())
}

/// The bytes of all files in a folder. A file with two names is counted once.
fn size(folder: &Path) -> anyhow::Result<u64> {
    let mut seen = BTreeSet::new();
    add(folder, &mut seen)
}

fn add(folder: &Path, seen: &mut BTreeSet<u64>) -> anyhow::Result<u64> {
    let mut sum = 0;
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry.context("cannot read a folder")?;
        let data = entry.metadata().context("cannot tell the size of a file")?;
        if data.is_dir() {
            sum += add(&entry.path(), seen)?;
        } else if seen.insert(number(&data)) {
            sum += data.len();
        }
    }
    Ok(sum)
}

/// The identity of a file, since cargo gives some files two names.
#[cfg(unix)]
fn number(data: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(data)
}

/// The identity of a file is not known on this system: no two names count as the same file.
#[cfg(not(unix))]
fn number(_data: &fs::Metadata) -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, SeqCst)
}
