//! Kills the processes that a program leaves behind.
//!
//! Each program runs in a separate process group, and the group is killed when its
//! [`Program`](crate::Program) is dropped. That does not cover two cases:
//!
//! - A process has left the group (`setsid`, a double fork). On Linux this process is a child
//!   subreaper: orphans among its descendants become its children, and can be found. A mark in
//!   their environment shows which program they belong to.
//! - The test itself is killed (Ctrl-C, a crash), so that nothing is dropped any more. A
//!   guard, a shell that waits for the end of its stdin, kills the groups that are left, and on
//!   Linux whatever else has a mark of this process.
//!
//! On Windows a program is in a job instead, which ends all its processes when it is closed: no
//! process can leave it.

use crate::lock::lock;
use crate::mark::{STARTED, own_marks, set_environment};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};

/// The processes of one program. They are killed, and reaped, by [`end`](ProcessGroup::end) or
/// when this value is dropped.
pub struct ProcessGroup {
    mark: String,
    leader: u32,
    /// On Windows, the job that its processes are in. It ends them when it is dropped.
    #[cfg(windows)]
    job: Option<crate::job::Job>,
}

impl ProcessGroup {
    /// Starts a command as the leader of a new process group.
    ///
    /// # Errors
    ///
    /// If the command cannot be started.
    pub fn start(command: &mut Command) -> std::io::Result<(Self, Child)> {
        let started = Self::start_in_sandbox(command)?;
        system::watch(started.0.leader);
        Ok(started)
    }

    /// As [`start`](Self::start), for a command in a sandbox, without a guard of its own. It ends
    /// with this process (`bwrap --die-with-parent`), except in the first milliseconds, before
    /// bubblewrap has asked the kernel for that; then the guard of the grader finds it by its mark.
    /// A guard is a process more for each check, and in a virtual machine the start of a dynamic
    /// program takes about a millisecond before `main`, because the hypervisor answers its loader's CPUID.
    pub(crate) fn start_in_sandbox(command: &mut Command) -> std::io::Result<(Self, Child)> {
        static COUNTER: AtomicU32 = AtomicU32::new(1);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{}{number}", own_marks());
        set_environment(command, &mark);
        system::prepare(command);

        let mut started = lock(&STARTED);
        let child = command.spawn()?;
        let leader = child.id();
        started.push(leader);
        drop(started);
        let group = Self {
            mark,
            leader,
            #[cfg(windows)]
            job: crate::job::of(&child),
        };
        Ok((group, child))
    }

    /// Kills every process of the program, and waits until they are gone, the leader last.
    /// Returns how the leader ended, by itself or now.
    ///
    /// # Errors
    ///
    /// If the system does not report how the leader ended.
    pub fn end(self, child: &mut Child) -> std::io::Result<ExitStatus> {
        let leader = self.leader;
        drop(self);
        // On a system with process groups the leader is dead already.
        let _ = child.kill();
        let status = child.wait();
        // Do this only after reaping it: a dead child that is not in the list counts as an orphan.
        lock(&STARTED).retain(|started| *started != leader);
        system::release(leader);
        status
    }
}

/// Whether a child has ended. On a system with process groups it is not reaped, so that its ID,
/// which is also that of its group, is not reused.
///
/// # Errors
///
/// If the system does not report it, for example because the child has already been reaped.
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
/// If the system does not report it.
#[cfg(not(unix))]
pub fn has_ended(child: &mut Child) -> std::io::Result<bool> {
    Ok(child.try_wait()?.is_some())
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        #[cfg(windows)]
        drop(self.job.take());
        system::kill(self.leader, &self.mark);
    }
}

#[cfg(unix)]
mod system {
    pub(super) use crate::guard::{release, watch};
    use rustix::process::{Pid, Signal};
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    pub(super) fn prepare(command: &mut Command) {
        command.process_group(0);
        #[cfg(target_os = "linux")]
        crate::orphans::adopt();
    }

    pub(super) fn kill(leader: u32, mark: &str) {
        let Some(group) = Pid::from_raw(leader.cast_signed()) else {
            return;
        };
        #[cfg(target_os = "linux")]
        crate::orphans::kill(group, mark);
        #[cfg(not(target_os = "linux"))]
        let _ = mark;
        // It fails only if no process is left in the group.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}

#[cfg(not(unix))]
mod system {
    use std::process::Command;

    pub(super) fn prepare(_command: &mut Command) {
        #[cfg(windows)]
        crate::job::prepare(_command);
    }
    pub(super) fn watch(_group: u32) {}
    pub(super) fn release(_group: u32) {}
    /// Without process groups only the leader can be killed, which its parent does itself.
    pub(super) fn kill(_leader: u32, _mark: &str) {}
}
