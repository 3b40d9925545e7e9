//! A program under test inside a sandbox: bubblewrap, with `prlimit` and `setpriv` inside, set up
//! by the grader's command.

use crate::message::{Argument, Message};
use crate::watched::Watched;
use std::time::Instant;

/// Whether a command that sets up a sandbox has failed, judging by its output on stderr. In that
/// case the program never ran, and the machine is at fault.
pub fn has_failed(stderr: &str) -> bool {
    ["bwrap: ", "prlimit: ", "setpriv: ", "sh: "]
        .iter()
        .any(|name| stderr.starts_with(name))
}

/// Why there is no sandbox: the expectation, and what came instead.
pub(crate) type NoSandbox = (Message, Argument);

/// Waits until the program in the sandbox runs, and returns its process number; `None` if it
/// has ended before it was seen.
#[cfg(target_os = "linux")]
pub(crate) fn find_program(
    watched: &Watched,
    leader: u32,
    deadline: Instant,
) -> Result<Option<u32>, NoSandbox> {
    use crate::lock::lock;
    use crate::message;
    use crate::orphans::in_sandbox;
    loop {
        let found = in_sandbox(leader.cast_signed());
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
