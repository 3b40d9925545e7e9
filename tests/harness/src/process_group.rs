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

use crate::lock::lock;
use crate::mark::{MARK, STARTED, set_environment};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};

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
    /// that it has started (`bwrap --die-with-parent`), so it needs no guard. A guard is a process
    /// more for each check, and in a virtual machine the start of a dynamic program takes about a
    /// millisecond before `main`, because the hypervisor answers its loader's CPUID.
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
        // It fails only where nobody is left in the group.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
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
