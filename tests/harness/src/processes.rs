//! Ends whatever a program leaves behind.
//!
//! A program runs in a process group of its own, and the group is killed when its
//! [`Program`](crate::Program) is dropped. Two things get past that:
//!
//! - What has left the group (`setsid`, a double fork). On Linux this process is a child
//!   subreaper: orphans among its descendants become its own children, and can be found.
//!   Whose they are shows a mark in their environment.
//! - The end of the test itself (Ctrl-C, a crash), when nothing is dropped any more. A
//!   guard, a shell that waits for the end of its stdin, kills the groups that are left.

use std::ffi::OsStr;
use std::process::{Child, Command, ExitStatus};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The environment variable that tells whose child a process is: the mark of its program.
/// A program that is itself a harness (a check of `cargo grade`) marks what it starts with
/// its own mark, a slash and more.
const MARK: &str = "HARNESS_MARK";

/// The processes that this one has started itself as leaders of groups. Whoever starts one
/// holds the lock until it is in here.
static STARTED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// The environment variable, and its value, that marks a process which a test runs by other
/// means than [`Scenario`](crate::Scenario).
pub const OUTSIDE: (&str, &str) = (MARK, "outside");

/// Marks a command that a test runs by other means than [`Scenario`](crate::Scenario), such as
/// `assert_cmd`, so that the harness never takes its process for something left behind.
pub fn outside(command: &mut Command) -> &mut Command {
    set_environment(command, OUTSIDE.1)
}

/// Decides a child's environment: whatever is set here in a terminal or by cargo, a
/// program under test runs the same everywhere.
fn set_environment(command: &mut Command, mark: impl AsRef<OsStr>) -> &mut Command {
    command
        .env_remove("RUST_BACKTRACE")
        .env_remove("RUST_LIB_BACKTRACE")
        .env_remove(crate::scenario::FOLDER)
        .env("PYTHONUNBUFFERED", "1")
        .env("PYTHONUTF8", "1")
        .env(MARK, mark)
}

/// The processes of one program. They are killed, and gone, at its [end](ProcessGroup::end), or
/// when it is dropped.
pub struct ProcessGroup {
    mark: String,
    leader: u32,
}

impl ProcessGroup {
    /// Starts a command as the leader of a process group of its own.
    ///
    /// # Errors
    ///
    /// If the command cannot be started.
    pub fn start(command: &mut Command) -> std::io::Result<(Self, Child)> {
        let started = Self::start_in_sandbox(command)?;
        system::watch(started.0.leader);
        Ok(started)
    }

    /// As [`start`](Self::start), for a command that ends with this process anyway, with all
    /// that it has started (`bwrap --die-with-parent`): it needs no guard, and a guard is a
    /// process more for each check.
    pub(crate) fn start_in_sandbox(command: &mut Command) -> std::io::Result<(Self, Child)> {
        static COUNTER: AtomicU32 = AtomicU32::new(1);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let own = std::env::var(MARK)
            .map(|mark| mark + "/")
            .unwrap_or_default();
        let mark = format!("{own}{}-{number}", std::process::id());
        set_environment(command, &mark);
        system::prepare(command);

        let mut started = lock(&STARTED);
        let child = command.spawn()?;
        let leader = child.id();
        started.push(leader);
        drop(started);
        Ok((Self { mark, leader }, child))
    }

    /// Kills every process of the program, and waits until they are gone; the leader is
    /// the last. Returns how that had ended, or was ended now.
    ///
    /// # Errors
    ///
    /// If the system does not tell how the leader has ended.
    pub fn end(self, child: &mut Child) -> std::io::Result<ExitStatus> {
        let leader = self.leader;
        drop(self);
        // Where there are groups it is dead already.
        let _ = child.kill();
        let status = child.wait();
        // Not before it is reaped: a dead child that is not in the list is taken for a stray.
        lock(&STARTED).retain(|started| *started != leader);
        system::release(leader);
        status
    }
}

/// Whether a child has ended. Where there are process groups it is not reaped: its number,
/// which is that of its group too, stays its own.
///
/// # Errors
///
/// If the system does not tell, as for a child that has been reaped already.
#[cfg(unix)]
pub fn has_ended(child: &mut Child) -> std::io::Result<bool> {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let Some(pid) = Pid::from_raw(child.id().cast_signed()) else {
        return Ok(true);
    };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    Ok(waitid(WaitId::Pid(pid), options)?.is_some())
}

/// Whether a child has ended.
///
/// # Errors
///
/// If the system does not tell.
#[cfg(not(unix))]
pub fn has_ended(child: &mut Child) -> std::io::Result<bool> {
    Ok(child.try_wait()?.is_some())
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        system::kill(self.leader, &self.mark);
    }
}

/// Locks, also after a panic elsewhere: a failed test must still clean up.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(unix)]
mod system {
    use super::lock;
    use rustix::process::{Pid, Signal};
    use std::io::Write;
    use std::os::unix::process::CommandExt;
    use std::process::{Child, ChildStdin, Command, Stdio};
    use std::sync::Mutex;

    pub(super) fn prepare(command: &mut Command) {
        command.process_group(0);
        #[cfg(target_os = "linux")]
        super::orphans::adopt();
    }

    pub(super) fn kill(leader: u32, mark: &str) {
        let Some(group) = Pid::from_raw(leader.cast_signed()) else {
            return;
        };
        #[cfg(target_os = "linux")]
        super::orphans::kill(group, mark);
        #[cfg(not(target_os = "linux"))]
        let _ = mark;
        // It fails only where nobody is left in the group.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }

    /// The guard, and the pipe to its stdin.
    static GUARD: Mutex<Option<(Child, ChildStdin)>> = Mutex::new(None);

    /// What the guard does: it keeps a list of process groups (`+ 123` adds one, `- 123`
    /// takes one out), and kills them at the end of its stdin, when this process is gone.
    const SCRIPT: &str = r#"
        groups=' '
        while read -r what group; do
            case $what in
                +) groups="$groups$group " ;;
                -) groups="${groups%% $group *} ${groups#* $group }" ;;
            esac
        done
        for group in $groups; do kill -s KILL -- "-$group" 2> /dev/null; done
    "#;

    /// Has the guard kill this group if this process ends before it says otherwise.
    pub(super) fn watch(group: u32) {
        let mut guard = lock(&GUARD);
        if guard.is_none() {
            let mut command = Command::new("/bin/sh");
            super::outside(&mut command)
                .args(["-c", SCRIPT])
                .process_group(0)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let mut started = lock(&super::STARTED);
            *guard = command.spawn().ok().and_then(|mut child| {
                started.push(child.id());
                let stdin = child.stdin.take()?;
                Some((child, stdin))
            });
        }
        tell(&mut guard, '+', group);
    }

    /// Has the guard forget this group.
    pub(super) fn release(group: u32) {
        tell(&mut lock(&GUARD), '-', group);
    }

    /// Without its guard a test works as well; it only cleans up less if it is killed.
    fn tell(guard: &mut Option<(Child, ChildStdin)>, what: char, group: u32) {
        if let Some((_, stdin)) = guard {
            let _ = stdin.write_all(format!("{what} {group}\n").as_bytes());
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::process::Command;

    pub(super) fn prepare(_command: &mut Command) {}
    pub(super) fn watch(_group: u32) {}
    pub(super) fn release(_group: u32) {}
    /// Without process groups only the leader can be killed, by who started it.
    pub(super) fn kill(_leader: u32, _mark: &str) {}
}

#[cfg(target_os = "linux")]
pub(crate) use orphans::{in_sandbox, is_gone, tree};

/// How long all threads of this process and of its descendants have been ready to run, and got
/// no processor; [`Duration::MAX`] if the kernel holds one of them right now. Only Linux shows
/// it.
pub(crate) fn held_up() -> Duration {
    #[cfg(target_os = "linux")]
    return waits::all();
    #[cfg(not(target_os = "linux"))]
    Duration::ZERO
}

#[cfg(target_os = "linux")]
mod waits {
    use procfs::process::{Process, Schedstat, Task};
    use std::thread;
    use std::time::{Duration, Instant};

    /// How long all threads have waited, those that wait right now as well.
    pub(super) fn all() -> Duration {
        // In the midst of a call, where not even a signal ends its wait: for as long as it
        // takes, and that is counted nowhere.
        if tasks().iter().any(|task| is_in(task, 'D')) {
            return Duration::MAX;
        }
        // The kernel counts a wait when it is over.
        let (waiting, deadline) = (waiting(), Instant::now() + Duration::from_secs(2));
        while waiting.iter().any(still_waits) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        let counted = tasks().into_iter().filter_map(|task| task.schedstat().ok());
        counted
            .map(|counted| Duration::from_nanos(counted.run_delay))
            .sum()
    }

    fn tasks() -> Vec<Task> {
        // A process may end while we look at it.
        let processes = super::tree(std::process::id().cast_signed()).into_iter();
        let processes = processes.filter_map(|pid| Process::new(pid).ok());
        let tasks = processes.filter_map(|process| process.tasks().ok());
        tasks.flatten().flatten().collect()
    }

    /// The threads that run, or are ready to, with what the kernel has counted of each.
    fn waiting() -> Vec<(Task, Schedstat)> {
        // This one among them: it runs, and has had a turn more after its first sleep.
        let ready = tasks().into_iter().filter(|task| is_in(task, 'R'));
        ready
            .filter_map(|task| task.schedstat().ok().map(|counted| (task, counted)))
            .collect()
    }

    fn is_in(task: &Task, state: char) -> bool {
        task.stat().is_ok_and(|stat| stat.state == state)
    }

    /// Whether a thread that was ready has had no turn since.
    fn still_waits((task, before): &(Task, Schedstat)) -> bool {
        let runs = |now: Schedstat| {
            (now.sum_exec_runtime, now.pcount) != (before.sum_exec_runtime, before.pcount)
        };
        is_in(task, 'R') && task.schedstat().is_ok_and(|now| !runs(now))
    }
}

#[cfg(target_os = "linux")]
mod orphans {
    use super::{MARK, STARTED, lock};
    use procfs::process::Process;
    use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group};
    use std::sync::Once;
    use std::time::{Duration, Instant};

    /// Makes this process the parent of orphans among its descendants (a child subreaper).
    pub(super) fn adopt() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // Linux has had it since 3.4. Without it, daemons of a program are not found.
            let _ = rustix::process::set_child_subreaper(Some(getpid()));
        });
    }

    /// The children of a process.
    fn children(pid: i32) -> Vec<i32> {
        // A process may end while we look at it.
        let Ok(tasks) = Process::new(pid).and_then(|process| process.tasks()) else {
            return Vec::new();
        };
        let lists = tasks.flatten().filter_map(|task| task.children().ok());
        lists
            .flatten()
            .filter_map(|child| i32::try_from(child).ok())
            .collect()
    }

    /// A process and all its descendants.
    pub(crate) fn tree(root: i32) -> Vec<i32> {
        let mut found = vec![root];
        let mut next = 0;
        while let Some(&pid) = found.get(next) {
            found.extend(children(pid));
            next += 1;
        }
        found
    }

    /// The program that runs behind the walls of this process: bubblewrap, whose child is
    /// bubblewrap again, as process 1 of the sandbox, whose child becomes the program when
    /// those have done their work who prepare it. `None` before that.
    pub(crate) fn in_sandbox(leader: i32) -> Option<i32> {
        const PREPARE: [&str; 3] = ["bwrap", "prlimit", "setpriv"];
        let first = *children(leader).first()?;
        let program = *children(first).first()?;
        let file = Process::new(program).ok()?.exe().ok()?;
        let name = file.file_name()?.to_str()?;
        (!PREPARE.contains(&name)).then_some(program)
    }

    /// The processes whose parent has ended and that belong to the program with this mark,
    /// or to nobody else.
    fn adopted(mark: &str) -> Vec<i32> {
        // While this is held, every group leader that we have started is in the list.
        let started = lock(&STARTED);
        let own = Process::myself().and_then(|own| own.stat());
        let mut children = children(getpid().as_raw_nonzero().get());
        children.retain(|&child| {
            if started.iter().any(|&leader| leader.cast_signed() == child) {
                return false;
            }
            // A process may end while we look at it.
            let Ok(process) = Process::new(child) else {
                return false;
            };
            let environment = process.environ().unwrap_or_default();
            match environment.get(std::ffi::OsStr::new(MARK)) {
                Some(found) => {
                    let found = found.to_string_lossy();
                    found
                        .strip_prefix(mark)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                }
                // It has wiped its environment, or is dead. What a test starts by other
                // means stays in our group.
                None => match (&own, process.stat()) {
                    (Ok(own), Ok(stat)) => stat.session != own.session || stat.pgrp != own.pgrp,
                    _ => false,
                },
            }
        });
        children
    }

    /// Kills a program's group, and all that has left the group.
    pub(super) fn kill(leader: Pid, mark: &str) {
        // Who forks faster than we kill would keep us here for ever.
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let mut found = adopted(mark);
            let mut victims: Vec<i32> = found.iter().flat_map(|&pid| tree(pid)).collect();
            victims.extend(&tree(leader.as_raw_nonzero().get())[1..]);
            // A stopped process forks no more. What fails here has ended by itself.
            for signal in [Signal::STOP, Signal::KILL] {
                for pid in victims.iter().filter_map(|&pid| Pid::from_raw(pid)) {
                    let _ = kill_process(pid, signal);
                }
                let _ = kill_process_group(leader, signal);
            }
            found.retain(|&pid| !reap(pid));
            if (victims.is_empty() && is_dead(leader)) || Instant::now() > deadline {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Takes the exit status of an adopted child, so that it does not stay as a zombie.
    fn reap(pid: i32) -> bool {
        let Some(pid) = Pid::from_raw(pid) else {
            return true;
        };
        !matches!(
            rustix::process::waitpid(Some(pid), WaitOptions::NOHANG),
            Ok(None)
        )
    }

    fn is_dead(pid: Pid) -> bool {
        Process::new(pid.as_raw_nonzero().get()).map_or(true, |process| is_zombie(&process))
    }

    /// Whether a process has ended, reaped or not: all its threads have. The first one may end
    /// alone, and looks like a zombie then.
    pub(crate) fn is_gone(pid: i32) -> bool {
        let tasks = Process::new(pid).and_then(|process| process.tasks());
        let lives = |task: procfs::process::Task| {
            let state = task.stat().map(|stat| stat.state);
            state.is_ok_and(|state| !matches!(state, 'Z' | 'X'))
        };
        !tasks.is_ok_and(|tasks| tasks.flatten().any(lives))
    }

    fn is_zombie(process: &Process) -> bool {
        process.stat().is_ok_and(|stat| stat.state == 'Z')
    }
}
