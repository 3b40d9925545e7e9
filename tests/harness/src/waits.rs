//! How much the machine delays a test and its programs.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How the machine has delayed a test and its programs. A later variant is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HeldUp {
    /// The total time for which their threads were ready to run but got no processor.
    Waiting(Duration),
    /// The kernel held one of their threads in a system call, or the sandbox was not ready in
    /// time. Nothing counts how long that took.
    ByTheMachine,
}

/// How this process and its descendants have been delayed so far. Only Linux shows it.
pub(crate) fn held_up() -> HeldUp {
    held_up_in_tree(std::process::id())
}

/// How a process and its descendants have been delayed so far. Only Linux shows it.
pub(crate) fn held_up_in_tree(root: u32) -> HeldUp {
    #[cfg(target_os = "linux")]
    return system::held_up(root.cast_signed());
    #[cfg(not(target_os = "linux"))]
    {
        let _ = root;
        HeldUp::Waiting(Duration::ZERO)
    }
}

#[cfg(target_os = "linux")]
mod system {
    use super::HeldUp;
    use crate::orphans::tree;
    use procfs::process::{Process, Schedstat, Task};
    use std::thread;
    use std::time::{Duration, Instant};

    /// How long all threads have waited for a processor, including those that wait right now.
    /// The kernel counts a wait when it is over, so this first lets those threads run.
    pub(super) fn held_up(root: i32) -> HeldUp {
        // In state D a thread is in the middle of a system call, and no signal can end its wait.
        if tasks(root).iter().any(|task| is_in(task, 'D')) {
            return HeldUp::ByTheMachine;
        }
        let (waiting, deadline) = (waiting(root), Instant::now() + Duration::from_secs(2));
        while waiting.iter().any(still_waits) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        let counted = tasks(root)
            .into_iter()
            .filter_map(|task| task.schedstat().ok());
        let waits = counted.map(|counted| Duration::from_nanos(counted.run_delay));
        HeldUp::Waiting(waits.sum())
    }

    fn tasks(root: i32) -> Vec<Task> {
        // A process may end while we look at it.
        let processes = tree(root).into_iter();
        let processes = processes.filter_map(|pid| Process::new(pid).ok());
        let tasks = processes.filter_map(|process| process.tasks().ok());
        tasks.flatten().flatten().collect()
    }

    /// The threads that run or are ready to run, each with its scheduler statistics.
    fn waiting(root: i32) -> Vec<(Task, Schedstat)> {
        // This thread may be among them: it is running, and runs once more after its first sleep.
        let ready = tasks(root).into_iter().filter(|task| is_in(task, 'R'));
        ready
            .filter_map(|task| task.schedstat().ok().map(|counted| (task, counted)))
            .collect()
    }

    fn is_in(task: &Task, state: char) -> bool {
        task.stat().is_ok_and(|stat| stat.state == state)
    }

    /// Whether a thread that was ready has not run since.
    fn still_waits((task, before): &(Task, Schedstat)) -> bool {
        let runs = |now: Schedstat| {
            (now.sum_exec_runtime, now.pcount) != (before.sum_exec_runtime, before.pcount)
        };
        is_in(task, 'R') && task.schedstat().is_ok_and(|now| !runs(now))
    }
}

#[cfg(test)]
mod tests {
    use super::HeldUp::{ByTheMachine, Waiting};
    use std::time::Duration;

    #[test]
    fn what_is_counted_nowhere_is_worse_than_any_wait() {
        assert!(ByTheMachine > Waiting(Duration::MAX));
        assert!(Waiting(Duration::from_secs(2)) > Waiting(Duration::from_secs(1)));
    }
}
