//! The guard: a shell that outlives this process, and kills the process groups that it leaves, and
//! other processes that have a mark of this process.

use crate::lock::lock;
use crate::mark::{STARTED, outside, own_marks};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;

/// The guard, and the pipe to its stdin.
static GUARD: Mutex<Option<(Child, ChildStdin)>> = Mutex::new(None);

/// What the guard does: it keeps a list of process groups (`+ 123` adds one, `- 123`
/// takes one out), and kills them at the end of its stdin, when this process is gone. (Not every
/// `sh` understands `kill -9 -- -123`.)
///
/// If there were any, it kills on Linux all processes whose mark begins with `$0`, too: what has
/// left its group, and a sandbox that was just being set up, which does not end with its parent
/// yet. A process that has just been started has no environment for a moment, so it looks until it
/// has found nothing three times. (`grep -z` reads what ends in a zero byte.)
const SCRIPT: &str = r#"
    groups=' '
    while read -r what group; do
        case $what in
            +) groups="$groups$group " ;;
            -) groups="${groups%% $group *} ${groups#* $group }" ;;
        esac
    done
    for group in $groups; do kill -s KILL -- "-$group" 2> /dev/null; done
    [ "$groups" = ' ' ] && exit
    nothing=0
    while [ -r /proc/self/environ ] && [ $nothing -lt 3 ]; do
        found=$(grep -lsz "^HARNESS_MARK=$0" /proc/[0-9]*/environ)
        nothing=$((nothing + 1))
        for environ in $found; do
            pid=${environ#/proc/}
            kill -s KILL "${pid%/environ}" 2> /dev/null && nothing=0
        done
        sleep 0.1
    done
"#;

/// Tells the guard to kill this group if this process ends before it [releases](release) it.
pub(crate) fn watch(group: u32) {
    let mut guard = lock(&GUARD);
    if guard.is_none() {
        let mut command = Command::new("/bin/sh");
        outside(&mut command)
            .args(["-c", SCRIPT, &own_marks()])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut started = lock(&STARTED);
        *guard = command.spawn().ok().and_then(|mut child| {
            started.push(child.id());
            let stdin = child.stdin.take()?;
            Some((child, stdin))
        });
    }
    tell(&mut guard, '+', group);
}

/// Tells the guard to forget this group.
pub(crate) fn release(group: u32) {
    tell(&mut lock(&GUARD), '-', group);
}

/// Sends a line to the guard. An error is ignored: without its guard a test works as well, but
/// cleans up less if it is killed.
fn tell(guard: &mut Option<(Child, ChildStdin)>, what: char, group: u32) {
    if let Some((_, stdin)) = guard {
        let _ = stdin.write_all(format!("{what} {group}\n").as_bytes());
    }
}
