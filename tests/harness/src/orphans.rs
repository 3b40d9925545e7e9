//! Orphans among the descendants of this process, which becomes their parent (Linux).

use crate::lock::lock;
use crate::mark::{MARK, STARTED};
use procfs::process::Process;
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group};
use std::sync::Once;
use std::time::{Duration, Instant};

/// Makes this process the parent of orphans among its descendants (a child subreaper).
pub(crate) fn adopt() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Available since Linux 3.4. Without it, daemons of a program are not found.
        let _ = rustix::process::set_child_subreaper(Some(getpid()));
    });
}

/// The children of a process.
pub(crate) fn children(pid: i32) -> Vec<i32> {
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

/// The processes whose parent has ended and that belong to the program with this mark,
/// or to no other program.
fn adopted(mark: &str) -> Vec<i32> {
    // While this lock is held, every group leader that we have started is in the list.
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
            // It has wiped its environment, or is dead, or has just been started: then it has none
            // for a moment. What a test starts by other means stays in our group.
            None => match (&own, process.stat()) {
                (Ok(own), Ok(stat)) => stat.session != own.session || stat.pgrp != own.pgrp,
                _ => false,
            },
        }
    });
    children
}

/// Kills a program's process group, and all of its processes that have left the group.
pub(crate) fn kill(leader: Pid, mark: &str) {
    // A program that forks faster than we kill would keep us here forever.
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let mut found = adopted(mark);
        let mut victims: Vec<i32> = found.iter().flat_map(|&pid| tree(pid)).collect();
        victims.extend(&tree(leader.as_raw_nonzero().get())[1..]);
        // A stopped process cannot fork. If a signal fails, the process has already ended.
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

/// Collects the exit status of an adopted child, so that it does not remain a zombie.
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

/// Whether all threads of a process have ended, reaped or not. The main thread may end before
/// the others, and looks like a zombie then.
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
