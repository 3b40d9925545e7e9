//! A sandbox for students' programs.
//!
//! Each check has a network of its own, with nothing but loopback, and the program that it
//! judges runs in bubblewrap: there it sees the system's programs and libraries and the
//! student's files, all of them read-only, and no process but its own. The check itself is
//! outside: the program can only talk to it over TCP, as to any peer.

mod filter;
pub mod kind;

use crate::language::Language;
use crate::outcome::{Outcome, Result};
use crate::rubric::Rubric;
use anyhow::{Context, bail, ensure};
use filter::filter;
use kind::{Kind, unused_user};
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::NamedTempFile;

/// Where a program finds the student's files.
const STUDENT: &str = "/student";

/// What stands for the folder of the student's files in the words of a command.
pub const FOLDER: &str = "{dir}";

/// How many processes and threads a program may have. A thread for each of a hundred
/// clients is as it should be.
const PROCESSES: u32 = 256;

/// How big a file may be that a program writes, and all that is in its folder for temporary
/// files, in bytes.
const FILES: u64 = 64 << 20;

/// How many descriptors each process may have: the kernel's buffers of sockets are memory of
/// nobody.
const DESCRIPTORS: u32 = 4_096;

/// How much memory each process may reserve for data, in bytes, whether it uses it or not: the
/// stacks of threads count, and page tables are memory of nobody. What it uses is watched from
/// outside, and may be much less.
const DATA: u64 = 4 << 30;

/// How many users there are for programs that run at the same time, also in other graders: the
/// processes of a user are counted wherever they run.
const USERS: u32 = 4_000;

/// What students' programs run in.
#[derive(Debug)]
pub struct Sandbox {
    kind: Kind,
    /// Whether bubblewrap can limit the size of a folder in memory (since 0.7).
    has_sizes: bool,
    /// The filter of system calls, if there is one for this processor.
    filter: Option<NamedTempFile>,
}

/// What a check, and the program that it judges, are started by; nothing without walls.
#[derive(Default)]
pub(crate) struct Isolation {
    /// What stands before the check.
    pub(crate) network: Vec<String>,
    /// What stands before the program.
    pub(crate) command: Vec<String>,
}

impl Sandbox {
    /// Looks for what it needs, and tries whether it works.
    ///
    /// # Errors
    ///
    /// If something is missing, or does not work here.
    pub fn find() -> anyhow::Result<Self> {
        let kind = Kind::find()?;
        let help = Command::new("bwrap").arg("--help").output();
        let help = help.context("cannot run bwrap")?;
        let filter = filter()?;
        let filter = if filter.is_empty() {
            None
        } else {
            let written = NamedTempFile::with_prefix("grade-filter-").and_then(|mut file| {
                file.write_all(&filter)?;
                Ok(file)
            });
            Some(written.context("cannot write the filter of system calls")?)
        };
        let sandbox = Self {
            kind,
            has_sizes: String::from_utf8_lossy(&help.stdout).contains("--size"),
            filter,
        };
        // All of it, as for a check: the network around, the walls inside.
        let isolation = sandbox.isolation(Path::new("/usr"));
        let mut words = isolation.network.iter().chain(&isolation.command);
        let first = words.next().context("there is no command")?;
        let mut command = Command::new(first);
        command.args(words).arg("true");
        let output = command
            .output()
            .with_context(|| format!("cannot run {first} (package util-linux)"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!(
                "the sandbox does not work here: {}. It takes bubblewrap, iproute2, util-linux, \
                 and the right to namespaces of one's own. Grade with --no-sandbox if you trust \
                 all programs",
                said.trim_end()
            );
        }
        Ok(sandbox)
    }

    /// Without walls: for a teacher who trusts all programs.
    pub fn none() -> Self {
        Self {
            kind: Kind::None,
            has_sizes: false,
            filter: None,
        }
    }

    /// What this system has no limit for, and would need something newer for; nothing without
    /// walls, and where nothing lacks.
    pub fn missing_limits(&self, language: Language) -> Option<String> {
        if self.kind == Kind::None {
            return None;
        }
        let missing = [
            (
                !self.kind.limits_processes(),
                language.pick(
                    "on the number of processes (Linux 5.14 or newer has one)",
                    "进程数（需要 Linux 5.14 或更新版本）",
                ),
            ),
            (
                !self.has_sizes,
                language.pick(
                    "on the size of /tmp, besides that of memory (bubblewrap 0.7 or newer has one)",
                    "/tmp 的大小，内存上限除外（需要 bubblewrap 0.7 或更新版本）",
                ),
            ),
            (
                self.filter.is_none(),
                language.pick(
                    "on system calls (there is one for x86-64, ARM64 and RISC-V)",
                    "系统调用（x86-64、ARM64 和 RISC-V 上有此限制）",
                ),
            ),
        ];
        let missing: Vec<_> = missing
            .into_iter()
            .filter_map(|(is_missing, what)| is_missing.then_some(what))
            .collect();
        let list = missing.join(language.pick("; ", "；"));
        (!missing.is_empty()).then(|| match language {
            Language::En => format!("the sandbox has no limit here {list}"),
            Language::Zh => format!("沙箱在本机上无法限制：{list}"),
        })
    }

    /// Makes sure that programs find this command, which runs them.
    ///
    /// # Errors
    ///
    /// If they do not.
    pub fn verify(&self, command: &str) -> anyhow::Result<()> {
        if self.kind == Kind::None || command.contains(FOLDER) {
            return Ok(());
        }
        let kind = self.isolation(Path::new("/usr")).command;
        let output = Command::new(&kind[0])
            .args(&kind[1..])
            .args(["sh", "-c", "command -v \"$0\"", command])
            .output()
            .context("cannot run the sandbox")?;
        ensure!(
            output.status.success(),
            "there is no {command} in the sandbox: it has what is in /usr, and nothing of a home"
        );
        Ok(())
    }

    /// What a check is started by whose program has this folder; nothing without walls.
    fn isolation(&self, folder: &Path) -> Isolation {
        let kind = match self.kind {
            Kind::None => return Isolation::default(),
            Kind::User(_) => Kind::User(next_user()),
            Kind::Namespace => Kind::Namespace,
        };
        let mut network = vec!["unshare", "--net"];
        if kind == Kind::Namespace {
            network.push("--map-root-user");
        }
        network.extend(["--", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""]);

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
        // What bubblewrap has made itself is in memory, and would have no limit.
        command.args(["--remount-ro", "/dev", "--remount-ro", "/"]);
        command.args(["--chdir", "/tmp"]);
        let limits = [
            "prlimit".to_string(),
            "--core=0".to_string(),
            format!("--fsize={FILES}"),
            format!("--nofile={DESCRIPTORS}"),
            format!("--data={DATA}"),
        ];
        let mut words: Vec<OsString> = Vec::new();
        if let Some(filter) = &self.filter {
            // Bubblewrap wants the filter on a descriptor; and it stays the same process.
            words.extend(["sh", "-c", "exec \"$@\" 9< \"$0\""].map(OsString::from));
            words.push(filter.path().into());
            command.args(["--seccomp", "9"]);
        }
        words.push(command.get_program().to_owned());
        words.extend(command.get_args().map(ToOwned::to_owned));
        words.extend(kind.inner(PROCESSES, &limits));
        Isolation {
            network: network.into_iter().map(String::from).collect(),
            command: words
                .into_iter()
                .map(|word| word.to_string_lossy().into_owned())
                .collect(),
        }
    }
}

/// The next of the users that programs run as.
fn next_user() -> u32 {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    // Another grader on this machine begins elsewhere.
    let number = std::process::id().wrapping_mul(211);
    let number = number.wrapping_add(COUNTER.fetch_add(1, Ordering::Relaxed));
    // Below the one who compiles.
    unused_user() - 1 - number % USERS
}

impl Rubric {
    /// Runs all checks on the program of a student, side by side, and hands each result to
    /// `progress` when it is there. `folder` has the student's files, and is all of theirs
    /// that the program sees; in the words of `program` `{dir}` stands for it. A check that a
    /// busy machine has left no processor for is run once more.
    ///
    /// # Errors
    ///
    /// If a check cannot be started at all. What happens after that is a result.
    pub fn grade_in(
        &self,
        sandbox: &Sandbox,
        folder: &Path,
        program: &[String],
        progress: impl Fn(&Result) + Sync,
    ) -> anyhow::Result<Outcome> {
        let place = match sandbox.kind {
            Kind::None => folder.to_string_lossy(),
            _ => STUDENT.into(),
        };
        let program: Vec<String> = program
            .iter()
            .map(|word| word.replace(FOLDER, &place))
            .collect();
        if sandbox.kind != Kind::None {
            open_up(folder)
                .with_context(|| format!("cannot open {} for programs", folder.display()))?;
        }
        let isolation = || sandbox.isolation(folder);
        let mut outcome = self.grade_with(&program, isolation, progress)?;
        self.repeat_starved(&mut outcome, &program, isolation)?;
        Ok(outcome)
    }
}

/// Closes to a command what this process has inherited itself, of the teacher's terminal or of
/// whoever has started the grader: instead of each such descriptor it gets `/dev/null`.
///
/// # Errors
///
/// If the descriptors of this process cannot be told.
pub(crate) fn close_inherited(command: &mut Command) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use command_fds::{CommandFdExt, FdMapping};
        let mut mappings = Vec::new();
        for number in inherited()? {
            mappings.push(FdMapping {
                parent_fd: std::fs::File::open("/dev/null")?.into(),
                child_fd: number,
            });
        }
        command
            .fd_mappings(mappings)
            .map_err(|error| std::io::Error::other(error.to_string()))?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
    Ok(())
}

/// The descriptors that this process passes on to whatever it starts: what it opens itself is
/// closed then, so these are what it has inherited.
#[cfg(target_os = "linux")]
fn inherited() -> std::io::Result<Vec<i32>> {
    const CLOSED_ON_EXEC: u32 = 0o2_000_000;
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let name = entry?.file_name();
        let Some(number) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // Other threads close theirs meanwhile.
        let Ok(info) = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")) else {
            continue;
        };
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
        if number > 2 && flags.is_none_or(|flags| flags & CLOSED_ON_EXEC == 0) {
            found.push(number);
        }
    }
    Ok(found)
}

/// Lets all users read what is in a folder. From outside nobody can come here who could not
/// before: the folders above stay as they are.
fn open_up(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::fs::{self, Permissions};
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, Permissions::from_mode(0o755))?;
        // All at once: a folder that stays open costs a descriptor, and they may be deep.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_system_says_what_it_has_no_limit_for() {
        let older = Sandbox {
            kind: Kind::User(60_000),
            has_sizes: false,
            filter: None,
        };
        let said = older.missing_limits(Language::En).unwrap_or_default();
        assert!(said.contains("size of /tmp") && said.contains("system calls"));
        assert!(!said.contains("number of processes"), "{said}");
        assert_eq!(Sandbox::none().missing_limits(Language::En), None);
        let newer = Sandbox {
            filter: NamedTempFile::new().ok(),
            has_sizes: true,
            ..older
        };
        assert_eq!(newer.missing_limits(Language::Zh), None);
    }
}
