//! What is around a program: bubblewrap, and in it a user who owns nothing.

use anyhow::{Context, bail};
use std::ffi::OsString;
use std::fs;
use std::process::Command;

/// How many processes and threads the user may have who only tries whether the sandbox works.
const PROCESSES: u32 = 1024;

/// The user whom systems call `nobody`, inside a user namespace.
const NOBODY: u32 = 65_534;

/// What a program is run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: the program is a process of the teacher's, with the limits that there are.
    None,
    /// Bubblewrap, and in it this user, who owns nothing: for a grader that root has started.
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
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!(
                    "the sandbox needs bubblewrap, and there is none: install the package \
                     bubblewrap, or grade with --no-sandbox"
                ),
                Err(error) => return Err(error).context("cannot run bwrap"),
            };
            said = String::from_utf8_lossy(&output.stderr).trim_end().into();
        }
        bail!("bubblewrap does not work here: {said}. Grade with --no-sandbox if you trust all")
    }

    /// Bubblewrap around the system's programs and libraries, which the linker is among, with
    /// the network that there is. Only what it had in version 0.6 (Ubuntu 22.04).
    pub fn bubblewrap(self) -> Command {
        let mut command = Command::new("bwrap");
        // Not only `--clearenv`: bubblewrap itself is process 1 of the sandbox, where
        // /proc/1/environ has what it was started with.
        let path = std::env::var_os("PATH");
        command.env_clear().envs(path.map(|path| ("PATH", path)));
        command
            .args(["--unshare-ipc", "--unshare-pid"])
            .args(["--unshare-uts", "--unshare-cgroup-try"])
            .args(["--die-with-parent", "--new-session", "--clearenv"])
            // The linker that comes with the compiler looks itself up in /proc.
            .args(["--proc", "/proc", "--dev", "/dev"])
            .args(["--ro-bind", "/usr", "/usr"]);
        for folder in ["/bin", "/lib", "/lib32", "/lib64", "/sbin"] {
            // Where all is in /usr these are links.
            match fs::read_link(folder) {
                Ok(target) => command.arg("--symlink").arg(target).arg(folder),
                Err(_) => command.args(["--ro-bind-try", folder, folder]),
            };
        }
        // Made first: as the parent of what is bound it would be closed to other users.
        command.args(["--dir", "/etc"]);
        for path in ["/etc/alternatives", "/etc/ld.so.cache"] {
            // What `cc` is, and where libraries are.
            command.args(["--ro-bind-try", path, path]);
        }
        match self {
            Self::None => {}
            // Who is root here keeps the capabilities otherwise.
            Self::Namespace => {
                let nobody = NOBODY.to_string();
                command.args(["--unshare-user", "--uid", &nobody, "--gid", &nobody]);
                command.args(["--cap-drop", "ALL"]);
            }
            // For setpriv, which gives them up.
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

    /// Whether the number of processes has a limit in it.
    pub(super) fn limits_processes(self) -> bool {
        match self {
            Self::None => false,
            Self::User(_) => true,
            Self::Namespace => counts_by_namespace(),
        }
    }
}

/// Whether the kernel counts the processes of a user apart in each user namespace (since Linux
/// 5.14). An older one would count all of the teacher's.
fn counts_by_namespace() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map_while(|number| number.parse::<u32>().ok());
    matches!((numbers.next(), numbers.next()), (Some(major), Some(minor)) if (major, minor) >= (5, 14))
}

/// Whether root runs this.
pub fn is_root() -> bool {
    #[cfg(unix)]
    let is_root = rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    let is_root = false;
    is_root
}

/// The number of a user whom this system does not know.
pub fn unused_user() -> u32 {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let taken = |user: u32| {
        users
            .lines()
            .any(|line| line.split(':').nth(2) == Some(&user.to_string()))
    };
    // Below 65,536, because a container has seldom more.
    (60_000..65_000)
        .rev()
        .find(|&user| !taken(user))
        .unwrap_or(64_999)
}
