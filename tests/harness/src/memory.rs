//! The memory limit of a program under test in a check.

use crate::message;
use crate::watched::Watched;
use std::time::Duration;

/// How much memory the processes of a program may use in a check, in bytes.
const LIMIT: u64 = 512 << 20;

/// The pause between two measurements.
const PAUSE: Duration = Duration::from_millis(50);

/// Kills a program that uses too much memory, before the machine suffers.
pub(crate) fn watch(program: &Watched, leader: u32) {
    while !program.wait_for_exit(PAUSE) {
        if system::resident_of_tree(leader) > LIMIT {
            let note = message!(
                "used more than {megabytes} MB of memory",
                megabytes = LIMIT >> 20
            );
            program.update(|state| {
                state.note = Some(note);
                false
            });
            system::kill_tree(leader);
            return;
        }
    }
}

#[cfg(target_os = "linux")]
mod system {
    use crate::orphans::tree;
    use crate::resources::Resources;
    use rustix::process::{Pid, Signal, kill_process};

    pub(super) fn resident_of_tree(leader: u32) -> u64 {
        let tree = tree(leader.cast_signed()).into_iter();
        let pids = tree.filter_map(|pid| u32::try_from(pid).ok());
        pids.filter_map(Resources::resident).sum()
    }

    pub(super) fn kill_tree(leader: u32) {
        for pid in tree(leader.cast_signed()) {
            // It fails if the process has already ended by itself.
            let _ = Pid::from_raw(pid).map(|pid| kill_process(pid, Signal::KILL));
        }
    }
}

/// Only Linux shows the memory of other processes.
#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn resident_of_tree(_leader: u32) -> u64 {
        0
    }

    pub(super) fn kill_tree(_leader: u32) {}
}
