//! The servers that are measured: how to build, start and watch one.

use crate::command;
use anyhow::{Context, bail, ensure};
use harness::ProcessGroup;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The time limit for each thing that a server does: start, answer, end.
pub const LIMIT: Duration = Duration::from_secs(20);

/// A server that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `server.c`, with which the others are compared.
    C,
    /// Lesson 05, built with `--release`.
    Lesson05,
    /// Lesson 06, built with `--release`.
    Lesson06,
    /// Lesson 05, as `cargo run` builds it.
    Lesson05Debug,
    /// Lesson 06, as `cargo run` builds it.
    Lesson06Debug,
    /// The Python twin of lesson 05.
    Python05,
    /// The Python twin of lesson 06.
    Python06,
}

impl Kind {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 7] = [
        Self::C,
        Self::Lesson05,
        Self::Lesson06,
        Self::Lesson05Debug,
        Self::Lesson06Debug,
        Self::Python05,
        Self::Python06,
    ];

    /// Its name, the same in both languages.
    pub fn name(self) -> &'static str {
        match self {
            Self::C => "server.c",
            Self::Lesson05 => "lesson-05",
            Self::Lesson06 => "lesson-06",
            Self::Lesson05Debug => "lesson-05 debug",
            Self::Lesson06Debug => "lesson-06 debug",
            Self::Python05 => "05 main.py",
            Self::Python06 => "06 main.py",
        }
    }

    /// The Python twin of a lesson.
    pub fn twin(self) -> Option<Self> {
        match self {
            Self::Lesson05 | Self::Lesson05Debug => Some(Self::Python05),
            Self::Lesson06 | Self::Lesson06Debug => Some(Self::Python06),
            Self::C | Self::Python05 | Self::Python06 => None,
        }
    }

    /// Whether Ctrl-C ends it although clients are connected.
    pub fn leaves_clients(self) -> bool {
        matches!(
            self,
            Self::C | Self::Lesson06 | Self::Lesson06Debug | Self::Python06
        )
    }
}

/// The servers of this machine, ready to start.
pub struct Servers {
    commands: BTreeMap<Kind, Vec<String>>,
    /// The folder of the C server's program.
    _folder: TempDir,
}

impl Servers {
    /// Builds those of these servers that this machine can run, and names the others on stderr.
    ///
    /// # Errors
    ///
    /// If one does not compile.
    pub fn build(kinds: &[Kind]) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("bench-").context("cannot make a folder")?;
        let mut commands = BTreeMap::new();
        for &kind in kinds {
            if let Some(command) = command_of(kind, folder.path())? {
                commands.insert(kind, command);
            }
        }
        Ok(Self {
            commands,
            _folder: folder,
        })
    }

    /// The servers that this machine can run, in the order of the tables.
    pub fn kinds(&self) -> Vec<Kind> {
        self.commands.keys().copied().collect()
    }

    /// The command that starts a server; the address to listen on comes after it.
    pub fn command(&self, kind: Kind) -> Option<&[String]> {
        self.commands.get(&kind).map(Vec::as_slice)
    }

    /// Starts a server, on a core of its own if one is named.
    ///
    /// # Errors
    ///
    /// If it does not listen in time.
    pub fn start(&self, kind: Kind, core: Option<usize>) -> anyhow::Result<Server> {
        let words = self.commands.get(&kind);
        let words = words.with_context(|| format!("{} was not built", kind.name()))?;
        Server::start(words, core).with_context(|| kind.name())
    }
}

/// The command that starts a server; `None`, with a note on stderr, if this machine cannot run it.
fn command_of(kind: Kind, folder: &Path) -> anyhow::Result<Option<Vec<String>>> {
    let lesson = |name: &str, profile: &[&str]| {
        let arguments: Vec<&str> = ["build", "-p", name]
            .iter()
            .chain(profile)
            .copied()
            .collect();
        let built = command::build(&arguments)?;
        let program = built.get(name).context("cargo has built no program")?;
        anyhow::Ok(Some(vec![program.path.to_string_lossy().into_owned()]))
    };
    match kind {
        Kind::C => Ok(build_c(folder)?.map(|path| vec![path.to_string_lossy().into_owned()])),
        Kind::Lesson05 => lesson("lesson-05", &["--release"]),
        Kind::Lesson06 => lesson("lesson-06", &["--release"]),
        Kind::Lesson05Debug => lesson("lesson-05", &[]),
        Kind::Lesson06Debug => lesson("lesson-06", &[]),
        Kind::Python05 => Ok(workspace::lesson(5).twin()),
        Kind::Python06 => Ok(workspace::lesson(6).twin()),
    }
}

/// Compiles `server.c`; `None`, with a note on stderr, if there is no C compiler.
fn build_c(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("server.c");
    let program = folder.join("server");
    let mut command = Command::new("cc");
    command
        .args(["-O2", "-pthread", "-o"])
        .args([&program, &source]);
    match harness::outside(&mut command).output() {
        Err(_) => {
            harness::skip("there is no C compiler (cc)");
            Ok(None)
        }
        Ok(output) => {
            let told = String::from_utf8_lossy(&output.stderr);
            ensure!(
                output.status.success(),
                "{} does not compile:\n{told}",
                source.display()
            );
            Ok(Some(program))
        }
    }
}

/// The processor time of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuTime {
    /// The time in the program itself.
    pub user: Duration,
    /// The time in the kernel, on behalf of the program.
    pub system: Duration,
}

/// A running server, with `/dev/null` as its stdout. It is killed when this value is dropped.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    group: Option<ProcessGroup>,
    /// The folder of the file that gets its stderr.
    folder: TempDir,
}

impl Server {
    fn start(words: &[String], core: Option<usize>) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("bench-").context("cannot make a folder")?;
        let stderr = fs::File::create(folder.path().join("stderr"))
            .context("cannot make a file for the server's stderr")?;
        let mut all: Vec<String> = Vec::new();
        if let Some(core) = core {
            all.extend(["taskset", "--cpu-list", &core.to_string()].map(str::to_string));
        }
        all.extend_from_slice(words);
        all.push("127.0.0.1:0".to_string());
        let mut command = Command::new(&all[0]);
        command
            .args(&all[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr);
        let (group, child) = ProcessGroup::start(&mut command)
            .with_context(|| format!("cannot start {}", all.join(" ")))?;
        let mut server = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            child,
            group: Some(group),
            folder,
        };
        server.address = server.wait_for_address()?;
        Ok(server)
    }

    /// Finds the port in the kernel's table, since the line that names it goes to `/dev/null`.
    fn wait_for_address(&mut self) -> anyhow::Result<SocketAddr> {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(address) = harness::kernel::listeners_of(self.process()).first() {
                return Ok(*address);
            }
            if harness::has_ended(&mut self.child).context("cannot watch the server")? {
                bail!("it has ended, and did not listen: {}", self.complaints());
            }
            ensure!(
                Instant::now() < deadline,
                "it does not listen after {LIMIT:?}"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Its process ID.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Its output on stderr.
    pub fn complaints(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("stderr"));
        text.unwrap_or_default().trim_end().to_string()
    }

    /// Its processor time on all cores, in the program itself and in the kernel on its behalf (see
    /// `proc_pid_stat(5)`).
    ///
    /// # Errors
    ///
    /// If the kernel does not show it.
    pub fn cpu_time(&self) -> anyhow::Result<CpuTime> {
        /// Linux shows programs this time in hundredths of a second.
        const TICK: Duration = Duration::from_millis(10);

        let path = format!("/proc/{}/stat", self.process());
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        // The second field, the name in brackets, may have blanks in it.
        let (_, fields) = text
            .rsplit_once(')')
            .context("no name in the stat of a process")?;
        let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<u32>);
        let mut next = || {
            let ticks = ticks.next().context("a stat has 52 fields")?;
            anyhow::Ok(TICK * ticks.context("a time is a number")?)
        };
        Ok(CpuTime {
            user: next()?,
            system: next()?,
        })
    }

    /// The memory that it uses now, in bytes.
    ///
    /// # Errors
    ///
    /// If the kernel does not show it.
    pub fn resident(&self) -> anyhow::Result<u64> {
        let resources = harness::Resources::of(self.process());
        let resources = resources.context("the kernel does not tell what the server uses")?;
        Ok(resources.resident)
    }

    /// Sends it Ctrl-C, and returns how long it takes to exit.
    ///
    /// # Errors
    ///
    /// If it does not exit in time, or with another status than 0.
    #[cfg(unix)]
    pub fn interrupt(mut self) -> anyhow::Result<Duration> {
        use rustix::process::{Pid, Signal, kill_process};

        let pid = Pid::from_raw(self.process().cast_signed()).context("a process has an id")?;
        let start = Instant::now();
        kill_process(pid, Signal::INT).context("cannot send SIGINT")?;
        // As exact as the wait is short.
        while !harness::has_ended(&mut self.child).context("cannot watch the server")? {
            ensure!(
                start.elapsed() < LIMIT,
                "it still runs {LIMIT:?} after Ctrl-C"
            );
            std::thread::sleep(Duration::from_micros(200));
        }
        let took = start.elapsed();
        let group = self.group.take().context("a server is interrupted once")?;
        let status = group
            .end(&mut self.child)
            .context("cannot tell how it ended")?;
        ensure!(
            status.success(),
            "after Ctrl-C it exits with {status}: {}",
            self.complaints()
        );
        Ok(took)
    }

    /// Ctrl-C cannot be sent on this system.
    ///
    /// # Errors
    ///
    /// Always.
    #[cfg(not(unix))]
    pub fn interrupt(self) -> anyhow::Result<Duration> {
        bail!("this system has no signals")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(group) = self.group.take() {
            // Nobody asks any more how it has ended.
            let _ = group.end(&mut self.child);
        }
    }
}

/// Pins this process to a core while it lives, so that the load does not compete with the
/// server. (Its threads that are there already stay where they are.)
pub struct Pinned {
    before: String,
}

impl Pinned {
    /// Pins this thread, which must be the main one, to a core; `None`, with a note on stderr, if
    /// that is not possible.
    pub fn to(core: usize) -> Option<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        if cores < 2 {
            harness::skip("one core only: the load and the server share it");
            return None;
        }
        let before = match taskset(&[]) {
            Ok(told) => told,
            Err(error) => {
                harness::skip(&format!("nothing is pinned to a core: {error:#}"));
                return None;
            }
        };
        // `pid 123's current affinity list: 0,1`
        let before = before.rsplit(' ').next().unwrap_or_default().to_string();
        taskset(&[&core.to_string()]).ok()?;
        Some(Self { before })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // It was possible the other way round.
        let _ = taskset(&[&self.before]);
    }
}

/// Gets or sets the cores of this process.
fn taskset(cores: &[&str]) -> anyhow::Result<String> {
    let process = std::process::id().to_string();
    let mut command = Command::new("taskset");
    command
        .arg("--cpu-list")
        .args(["--pid"])
        .args(cores)
        .arg(process);
    command::output(&mut command)
}

/// Lets this process, and what it starts, open as many files as the system allows.
#[cfg(unix)]
pub fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let limit = Rlimit {
        current: maximum,
        maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        harness::skip(&format!("the limit of open files stays as it is: {error}"));
    }
}

/// This system has no known limit on open files.
#[cfg(not(unix))]
pub fn raise_file_limit() {}
