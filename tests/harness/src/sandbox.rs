//! A program under test inside a sandbox: bubblewrap, with `prlimit` and `setpriv` inside, set up
//! by the grader's command.

use crate::message::{Argument, Message};
use crate::watched::Watched;
use std::time::Instant;

/// The tools that run in a sandbox before the program: each starts the next one in its own
/// process, and the last one the program.
const TOOLS: [&str; 3] = ["bwrap", "prlimit", "setpriv"];

/// The shell that starts the sandbox, and hands it its filter of system calls.
const SHELL: &str = "sh";

/// Whether a command that sets up a sandbox has failed, by what it has printed on stderr: each of
/// its tools begins an error with its own name. Then the program never ran, and that is the
/// machine's fault.
pub fn has_failed(stderr: &str) -> bool {
    let says = |tool: &str| {
        let rest = stderr.strip_prefix(tool);
        rest.is_some_and(|rest| rest.starts_with(": "))
    };
    TOOLS.into_iter().chain([SHELL]).any(says)
}

/// Why there is no sandbox: the expectation, and what came instead.
pub(crate) type NoSandbox = (Message, Argument);

/// The program that runs in the sandbox of this process: bubblewrap, whose child is bubblewrap
/// again, as process 1 of the sandbox, whose child becomes the program after the [`TOOLS`]. `None`
/// before that.
#[cfg(target_os = "linux")]
fn running_program(leader: i32) -> Option<i32> {
    use crate::orphans::children;
    use procfs::process::Process;

    let first = *children(leader).first()?;
    let program = *children(first).first()?;
    let file = Process::new(program).ok()?.exe().ok()?;
    let name = file.file_name()?.to_str()?;
    (!TOOLS.contains(&name)).then_some(program)
}

/// Waits until the program in the sandbox runs, and returns its process ID; `None` if it
/// has ended before it was seen.
#[cfg(target_os = "linux")]
pub(crate) fn find_program(
    watched: &Watched,
    leader: u32,
    deadline: Instant,
) -> Result<Option<u32>, NoSandbox> {
    use crate::lock::lock;
    use crate::message;

    loop {
        let found = running_program(leader.cast_signed());
        if let Some(pid) = found.and_then(|pid| u32::try_from(pid).ok()) {
            return Ok(Some(pid));
        }
        let state = lock(&watched.state);
        if state.exit.is_some() && state.is_final() {
            let stderr = state.stderr.text();
            if has_failed(&stderr) {
                let why = stderr.trim_end().into();
                return Err((message!("the sandbox can be started"), why));
            }
            return Ok(None);
        }
        drop(state);
        if Instant::now() > deadline {
            let why = message!("the time for it was over before it was").into();
            return Err((message!("the sandbox is ready in time"), why));
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// Sandboxes exist only on Linux.
#[cfg(not(target_os = "linux"))]
pub(crate) fn find_program(
    _watched: &Watched,
    _leader: u32,
    _deadline: Instant,
) -> Result<Option<u32>, NoSandbox> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_sandbox_is_told_by_the_tool_that_complains_first() {
        let failed = [
            "bwrap: Creating new namespace failed: Operation not permitted\n",
            "prlimit: failed to set the NPROC resource limit: Operation not permitted\n",
            "setpriv: setresuid failed: Operation not permitted\n",
            "sh: 1: cannot open /tmp/filter: No such file\n",
        ];
        for stderr in failed {
            assert!(has_failed(stderr), "{stderr}");
        }
        let others = [
            "",
            "error: expected one of `!` or `::`\n",
            "shell: no luck\n",
            "cannot connect\nbwrap: said the program\n",
        ];
        for stderr in others {
            assert!(!has_failed(stderr), "{stderr}");
        }
    }
}
