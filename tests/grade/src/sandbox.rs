//! A sandbox for students' programs.
//!
//! Each check runs in a separate network namespace with only loopback, and the program under
//! test runs in bubblewrap. There it sees the system's programs and libraries and the student's
//! files, all of them read-only, and no processes of others. The check itself runs outside, so
//! the program can only talk to it over TCP, as to any peer.

mod descriptors;
mod filter;
pub mod kind;
mod limits;

use crate::failed::{Because, Failed};
use anyhow::ensure;
pub(crate) use descriptors::close_inherited;
use filter::filter;
use harness::message;
use kind::{Kind, is_root, unused_user};
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::NamedTempFile;

/// The folder in which a program finds the student's files.
const STUDENT: &str = "/student";

/// The placeholder for the folder of the student's files in a command.
pub const FOLDER: &str = "{dir}";

/// How many processes and threads a program may have. It is legitimate to have a thread for
/// each of a hundred clients.
const PROCESSES: u32 = 256;

/// The size limit, in bytes, of each file that a program writes, and of its folder for temporary
/// files as a whole.
const FILES: u64 = 64 << 20;

/// How many descriptors each process may have. This limits socket buffers, which are kernel
/// memory that is charged to no process.
const DESCRIPTORS: u32 = 4_096;

/// How much memory each process may reserve for data, in bytes, whether it uses it or not. The
/// stacks of threads count; page tables are charged to no process. The memory that it really uses
/// is watched from outside, under a much lower limit.
const DATA: u64 = 4 << 30;

/// How many user IDs there are for programs that run at the same time, including those of other
/// graders: a user's processes are counted together wherever they run.
const USERS: u32 = 4_000;

/// The sandbox in which students' programs run.
#[derive(Debug)]
pub struct Sandbox {
    kind: Kind,
    /// Whether bubblewrap can limit the size of a folder in memory (since 0.7).
    has_sizes: bool,
    /// The filter of system calls, if there is one for this processor.
    filter: Option<NamedTempFile>,
}

/// The commands that start a check and the program under test in the sandbox; empty without a
/// sandbox.
#[derive(Clone, Default)]
pub(crate) struct Isolation {
    /// The words before the check's command.
    pub(crate) network: Vec<String>,
    /// The words before the program's command.
    pub(crate) command: Vec<String>,
}

impl Sandbox {
    /// Finds the tools of the sandbox, and tests whether they work.
    ///
    /// # Errors
    ///
    /// If a tool is missing or does not work here.
    pub fn find() -> anyhow::Result<Self> {
        let kind = Kind::find()?;
        let help = Command::new("bwrap").arg("--help").output();
        let help = help.because(|| message!("cannot run bwrap"))?;
        let sandbox = Self {
            kind,
            has_sizes: String::from_utf8_lossy(&help.stdout).contains("--size"),
            filter: filter_file()?,
        };
        sandbox.try_out()?;
        Ok(sandbox)
    }

    /// Tests the whole sandbox as for a check: bubblewrap inside the network namespace.
    fn try_out(&self) -> anyhow::Result<()> {
        let isolation = self.isolation(Path::new("/usr"));
        let mut words = isolation.network.iter().chain(&isolation.command);
        let first = words.next().because(|| message!("there is no command"))?;
        let mut command = Command::new(first);
        command.args(words).arg("true");
        let output = command
            .output()
            .because(|| message!("cannot run {first} (package util-linux)", first))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            Failed::new(message!(
                "the sandbox does not work here: {said}. It takes bubblewrap, iproute2, util-linux, and the right to namespaces of one's own. Grade with --no-sandbox if you trust all programs",
                said = said.trim_end()
            ))
        );
        Ok(())
    }

    /// No sandbox, for a teacher who trusts all programs.
    pub fn none() -> Self {
        Self {
            kind: Kind::None,
            has_sizes: false,
            filter: None,
        }
    }

    /// Verifies that this command, which runs the programs, exists in the sandbox.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub fn verify(&self, command: &str) -> anyhow::Result<()> {
        if self.kind == Kind::None || command.contains(FOLDER) {
            return Ok(());
        }
        let kind = self.isolation(Path::new("/usr")).command;
        let output = Command::new(&kind[0])
            .args(&kind[1..])
            .args(["sh", "-c", "command -v \"$0\"", command])
            .output()
            .because(|| message!("cannot run the sandbox"))?;
        ensure!(
            output.status.success(),
            Failed::new(message!(
                "there is no {command} in the sandbox: it has what is in /usr, and nothing of a home",
                command
            ))
        );
        Ok(())
    }

    /// Makes the folder of a student's files readable for programs. Returns its path in the
    /// sandbox.
    ///
    /// # Errors
    ///
    /// If it cannot be opened.
    fn open(&self, folder: &Path) -> anyhow::Result<String> {
        if self.kind == Kind::None {
            return Ok(folder.to_string_lossy().into_owned());
        }
        open_up(folder).because(|| message!("cannot open {folder} for programs", folder))?;
        Ok(STUDENT.to_string())
    }

    /// The command of a program that sees this folder of a student's files, which becomes readable
    /// for it: `{dir}` in these words stands for the folder.
    ///
    /// # Errors
    ///
    /// If the folder cannot be opened.
    pub(crate) fn place(&self, folder: &Path, program: &[String]) -> anyhow::Result<Vec<String>> {
        let place = self.open(folder)?;
        let words = program.iter().map(|word| word.replace(FOLDER, &place));
        Ok(words.collect())
    }

    /// The commands that start a check and its program, which sees this folder; empty without a
    /// sandbox.
    pub(crate) fn isolation(&self, folder: &Path) -> Isolation {
        let kind = match self.kind {
            Kind::None => return Isolation::default(),
            Kind::User(_) => Kind::User(next_user()),
            Kind::Namespace => Kind::Namespace,
        };
        Isolation {
            network: network_words(kind),
            command: self.program_words(kind, folder),
        }
    }

    /// The same with this recorder, a command that runs another one: it stands in the network of
    /// the check, also without a sandbox.
    ///
    /// The program has as few rights there as without a recorder.
    pub(crate) fn recorded(&self, folder: &Path, recorder: Vec<String>) -> Isolation {
        let mut isolation = self.isolation(folder);
        let is_without = self.kind == Kind::None;
        if is_without {
            isolation.network = network_words(self.kind);
        }
        isolation.network.extend(recorder);
        if is_without && !is_root() {
            let give_up = ["setpriv", "--inh-caps=-all", "--ambient-caps=-all", "--"];
            isolation.network.extend(give_up.map(String::from));
        }
        isolation
    }

    /// The words before the command of a program that sees this folder.
    fn program_words(&self, kind: Kind, folder: &Path) -> Vec<String> {
        let mut bubblewrap = self.bubblewrap(kind, folder);
        let mut words: Vec<OsString> = Vec::new();
        if let Some(filter) = &self.filter {
            // Bubblewrap reads the filter from a descriptor; `exec` keeps the process the same.
            words.extend(["sh", "-c", "exec \"$@\" 9< \"$0\""].map(OsString::from));
            words.push(filter.path().into());
            bubblewrap.args(["--seccomp", "9"]);
        }
        words.push(bubblewrap.get_program().to_owned());
        words.extend(bubblewrap.get_args().map(ToOwned::to_owned));
        let limits = [
            "prlimit".to_string(),
            "--core=0".to_string(),
            format!("--fsize={FILES}"),
            format!("--nofile={DESCRIPTORS}"),
            format!("--data={DATA}"),
        ];
        words.extend(kind.inner(PROCESSES, &limits));
        let words = words.into_iter();
        words
            .map(|word| word.to_string_lossy().into_owned())
            .collect()
    }

    /// Bubblewrap with everything that a program sees: this folder, a folder for temporary files,
    /// and an environment that is the same everywhere.
    fn bubblewrap(&self, kind: Kind, folder: &Path) -> Command {
        let mut command = kind.bubblewrap();
        let environment = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("LC_ALL", "C.UTF-8"),
            ("HOME", "/tmp"),
            ("PYTHONUNBUFFERED", "1"),
            ("PYTHONUTF8", "1"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
        ];
        for (name, value) in environment {
            command.args(["--setenv", name, value]);
        }
        command.arg("--ro-bind").arg(folder).arg(STUDENT);
        if self.has_sizes {
            let size = FILES.to_string();
            command.args(["--perms", "1777", "--size", &size, "--tmpfs", "/tmp"]);
        } else {
            command.args(["--dir", "/tmp"]);
        }
        // The folders that bubblewrap creates itself are in memory, and would have no limit.
        command.args(["--remount-ro", "/dev", "--remount-ro", "/"]);
        command.args(["--chdir", "/tmp"]);
        command
    }
}

/// A file with the filter of system calls, if there is one for this processor.
fn filter_file() -> anyhow::Result<Option<NamedTempFile>> {
    let filter = filter()?;
    if filter.is_empty() {
        return Ok(None);
    }
    let written = NamedTempFile::with_prefix("grade-filter-").and_then(|mut file| {
        file.write_all(&filter)?;
        Ok(file)
    });
    written
        .map(Some)
        .because(|| message!("cannot write the filter of system calls"))
}

/// The words before a check's command, which give it a separate network with only loopback.
fn network_words(kind: Kind) -> Vec<String> {
    let mut words = vec!["unshare", "--net"];
    match kind {
        Kind::Namespace => words.push("--map-root-user"),
        // The program stays the user that it is; the recorder may record.
        Kind::None if !is_root() => words.extend(["--map-current-user", "--keep-caps"]),
        Kind::None | Kind::User(_) => {}
    }
    words.extend(["--", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""]);
    words.into_iter().map(String::from).collect()
}

/// The next user ID for a program to run as.
fn next_user() -> u32 {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    // Another grader on this machine starts at another number.
    let number = std::process::id().wrapping_mul(211);
    let number = number.wrapping_add(COUNTER.fetch_add(1, Ordering::Relaxed));
    // Stay below the user that compiles.
    unused_user() - 1 - number % USERS
}

/// Lets all users read the contents of a folder. This gives no access from outside the sandbox
/// to users who had none before, since the permissions of the folders above stay the same.
fn open_up(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::fs::{self, Permissions};
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, Permissions::from_mode(0o755))?;
        // Read all entries at once: an open folder costs a descriptor, and nesting may be deep.
        let entries: Vec<_> = fs::read_dir(folder)?.collect::<std::io::Result<_>>()?;
        for entry in entries {
            let path = entry.path();
            let kind = fs::symlink_metadata(&path)?;
            if kind.is_dir() {
                open_up(&path)?;
            } else if kind.is_file() {
                let mode = kind.permissions().mode();
                fs::set_permissions(&path, Permissions::from_mode(mode | 0o444))?;
            }
        }
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
