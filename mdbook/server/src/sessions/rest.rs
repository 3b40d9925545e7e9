//! Waits until programs are at rest: all of their threads sleep, and none has woken up since. Then
//! a server that prints nothing is listening, and has read what was typed.

use procfs::process::{Process, all_processes};
use std::time::{Duration, Instant};

/// How long to wait for programs to be at rest: one with an endless loop never is.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// How many looks in succession must show no change, and the pause between them.
const LOOKS: usize = 4;
const PAUSE: Duration = Duration::from_millis(5);

/// Waits until the processes of these groups are at rest, but no longer than the limit.
pub(super) fn wait(groups: &[i32], limit: Duration) {
    let deadline = Instant::now() + limit;
    let mut last = None;
    let mut same = 0;
    while !groups.is_empty() && same < LOOKS && Instant::now() < deadline {
        let now = sleepers(groups);
        same = if now.is_some() && now == last {
            same + 1
        } else {
            0
        };
        last = now;
        std::thread::sleep(PAUSE);
    }
}

/// The threads of these groups, each with how often it has gone to sleep; `None` if one is running.
fn sleepers(groups: &[i32]) -> Option<Vec<(i32, u64)>> {
    let mut sleepers = Vec::new();
    // A process or a thread may end while we look at it.
    let processes = all_processes().ok()?.flatten();
    let is_wanted = |process: &Process| {
        let group = process.stat().map(|stat| stat.pgrp);
        group.is_ok_and(|group| groups.contains(&group))
    };
    for process in processes.filter(is_wanted) {
        for task in process.tasks().into_iter().flatten().flatten() {
            let Ok(status) = task.status() else {
                continue;
            };
            // Sleeping, stopped, or dead and not reaped yet.
            if !status.state.starts_with(['S', 'T', 'Z']) {
                return None;
            }
            let naps = status.voluntary_ctxt_switches.unwrap_or(0);
            let interruptions = status.nonvoluntary_ctxt_switches.unwrap_or(0);
            sleepers.push((task.tid, naps + interruptions));
        }
    }
    Some(sleepers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::ProcessGroup;
    use std::process::{Command, Stdio};

    /// How long it takes until this script is at rest.
    fn time(script: &str, limit: Duration) -> Duration {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::piped());
        let (family, mut child) = ProcessGroup::start(&mut command).expect("it can be started");
        let begun = Instant::now();
        wait(&[child.id().cast_signed()], limit);
        let waited = begun.elapsed();
        family.end(&mut child).expect("it can be ended");
        waited
    }

    #[test]
    fn who_waits_is_at_rest_and_who_works_is_not() {
        assert!(time("read -r line", LIMIT) < LIMIT);
        assert!(
            time(
                "i=0; while [ $i -lt 999 ]; do i=$((i + 1)); done; read -r line",
                LIMIT
            ) < LIMIT
        );
        let limit = Duration::from_millis(500);
        assert!(time("while :; do :; done", limit) >= limit);
    }
}
