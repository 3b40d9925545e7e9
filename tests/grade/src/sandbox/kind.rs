//! The kinds of sandbox: bubblewrap, and inside it a user who owns nothing.

use crate::failed::{Because, Failed};
use anyhow::bail;
use harness::message;
use std::ffi::OsString;
use std::fs;
use std::process::Command;

/// How many processes and threads the test run of the sandbox may have.
const PROCESSES: u32 = 1024;

/// The ID of the user `nobody`, which is used inside a user namespace.
const NOBODY: u32 = 65_534;

/// The kind of sandbox in which a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No sandbox: the program runs as the teacher's user, with that user's limits.
    None,
    /// Bubblewrap, and inside it this user, who owns nothing: for a grader that runs as root.
    User(u32),
    /// Bubblewrap, with a user namespace: the same user, without any capability.
    Namespace,
}

impl Kind {
    /// The best kind that works on this machine.
    ///
    /// # Errors
    ///
    /// If bubblewrap is missing, or does not work.
    pub fn find() -> anyhow::Result<Self> {
        let mut trials = vec![Self::Namespace];
        if is_root() {
            trials.insert(0, Self::User(unused_user()));
        }
        let mut said = String::new();
        for kind in trials {
            let mut command = kind.bubblewrap();
            command
                .args(kind.inner(PROCESSES, &["prlimit".to_string()]))
                .arg("true");
            let output = match command.output() {
                Ok(output) if output.status.success() => return Ok(kind),
                Ok(output) => output,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    bail!(Failed::new(message!(
                        "the sandbox needs bubblewrap, and there is none: install the package bubblewrap, or grade with --no-sandbox"
                    )))
                }
                Err(error) => return Err(error).because(|| message!("cannot run bwrap")),
            };
            said = String::from_utf8_lossy(&output.stderr).trim_end().into();
        }
        bail!(Failed::new(message!(
            "bubblewrap does not work here: {said}. Grade with --no-sandbox if you trust all",
            said
        )))
    }

    /// Bubblewrap with the system's programs and libraries, including the linker, and with the
    /// current network. It uses only options that version 0.6 has (Ubuntu 22.04).
    pub fn bubblewrap(self) -> Command {
        let mut command = Command::new("bwrap");
        // `--clearenv` alone is not enough: bubblewrap itself is process 1 of the sandbox, and
        // /proc/1/environ shows the environment that it was started with.
        let path = std::env::var_os("PATH");
        command.env_clear().envs(path.map(|path| ("PATH", path)));
        command
            .args(["--unshare-ipc", "--unshare-pid"])
            .args(["--unshare-uts", "--unshare-cgroup-try"])
            .args(["--die-with-parent", "--new-session", "--clearenv"])
            // The linker that comes with the compiler finds its own path in /proc.
            .args(["--proc", "/proc", "--dev", "/dev"])
            // A pseudoterminal is kernel memory that no limit counts, and reading one never ends.
            .args(["--tmpfs", "/dev/pts", "--remount-ro", "/dev/pts"])
            .args(["--ro-bind", "/usr", "/usr"]);
        for folder in ["/bin", "/lib", "/lib32", "/lib64", "/sbin"] {
            // On a system with everything in /usr these are links.
            match fs::read_link(folder) {
                Ok(target) => command.arg("--symlink").arg(target).arg(folder),
                Err(_) => command.args(["--ro-bind-try", folder, folder]),
            };
        }
        // Create it first: if bubblewrap made it as a parent, other users could not enter it.
        command.args(["--dir", "/etc"]);
        for path in ["/etc/alternatives", "/etc/ld.so.cache"] {
            // These determine which compiler `cc` is, and where libraries are.
            command.args(["--ro-bind-try", path, path]);
        }
        match self {
            Self::None => {}
            // Without `--cap-drop`, a grader that runs as root would keep its capabilities.
            Self::Namespace => {
                let nobody = NOBODY.to_string();
                command.args(["--unshare-user", "--uid", &nobody, "--gid", &nobody]);
                command.args(["--cap-drop", "ALL"]);
            }
            // setpriv needs these capabilities, and then drops them.
            Self::User(_) => {
                command.args(["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]);
            }
        }
        command
    }

    /// What stands in the sandbox before a program: its limits, how many processes its user
    /// may have, and who that is.
    ///
    /// `RLIMIT_NPROC` does not bind root, and it counts all processes of a user, wherever they run;
    /// inside a user namespace only those of the namespace.
    pub fn inner(self, processes: u32, limits: &[String]) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec!["--".into()];
        words.extend(limits.iter().map(OsString::from));
        if self.limits_processes() {
            words.push(format!("--nproc={processes}").into());
        }
        if let Self::User(user) = self {
            let id = user.to_string();
            let become_user = ["setpriv", "--reuid", &id, "--regid", &id];
            words.extend(become_user.map(OsString::from));
            let give_up = ["--clear-groups", "--bounding-set=-all", "--no-new-privs"];
            words.extend(give_up.map(OsString::from));
        }
        words
    }

    /// Whether this kind of sandbox limits the number of processes.
    pub(super) fn limits_processes(self) -> bool {
        match self {
            Self::None => false,
            Self::User(_) => true,
            Self::Namespace => counts_by_namespace(),
        }
    }
}

/// Whether the kernel counts a user's processes separately in each user namespace (since Linux
/// 5.14). An older kernel would count all of the teacher's processes.
fn counts_by_namespace() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map_while(|number| number.parse::<u32>().ok());
    matches!((numbers.next(), numbers.next()), (Some(major), Some(minor)) if (major, minor) >= (5, 14))
}

/// Whether this process runs as root.
pub fn is_root() -> bool {
    #[cfg(unix)]
    let is_root = rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    let is_root = false;
    is_root
}

/// A user ID that is not in use on this system.
pub fn unused_user() -> u32 {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let taken = |user: u32| {
        users
            .lines()
            .any(|line| line.split(':').nth(2) == Some(&user.to_string()))
    };
    // Stay below 65,536, because a container seldom has more user IDs.
    (60_000..65_000)
        .rev()
        .find(|&user| !taken(user))
        .unwrap_or(64_999)
}
