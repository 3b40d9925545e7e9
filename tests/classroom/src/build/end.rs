//! How a compiler has ended.

use super::Compiled;
use super::compiler::WALL_LIMIT;
use harness::HeldUp;
use std::process::ExitStatus;

/// The numbers of signals are the same on Linux and macOS.
pub(super) const KILL: i32 = 9;
/// A process has used up its processor time.
pub(super) const XCPU: i32 = 24;
/// A file has become too big.
pub(super) const XFSZ: i32 = 25;

/// How a compiler has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Exit(i32),
    Signal(i32),
}

impl End {
    /// Bubblewrap tells a signal n as the exit status 128 + n, as a shell does.
    pub(super) fn of(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self::Signal(signal);
        }
        match status.code() {
            Some(code) if code > 128 => Self::Signal(code - 128),
            Some(code) => Self::Exit(code),
            None => Self::Exit(-1),
        }
    }
}

/// What a compiler is whose time is over, by how the machine has delayed it. A file can also make
/// it wait forever, for example by including a device.
pub(super) fn late(held_up: HeldUp) -> Compiled {
    if held_up >= HeldUp::Waiting(WALL_LIMIT / 2) {
        Compiled::Starved
    } else {
        Compiled::TimedOut
    }
}

/// Whether the last words of a compiler are that it gets no more memory: those of Rust's
/// allocator, and of LLVM.
pub(super) fn is_out_of_memory(messages: &str) -> bool {
    ["memory allocation of ", "out of memory", "bad_alloc"]
        .iter()
        .any(|words| messages.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_compiler_that_waits_for_processors_is_not_done_because_of_the_machine() {
        let delayed = [
            (HeldUp::ByTheMachine, Compiled::Starved),
            (HeldUp::Waiting(WALL_LIMIT / 2), Compiled::Starved),
            (HeldUp::Waiting(Duration::from_secs(5)), Compiled::TimedOut),
        ];
        for (held_up, expected) in delayed {
            assert_eq!(late(held_up), expected, "{held_up:?}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn used_up_processor_time_is_told_from_memory() {
        let loops = ["--cpu=1:6", "sh", "-c", "while :; do :; done"];
        let status = std::process::Command::new("prlimit").args(loops).status();
        let ended = End::of(status.expect("prlimit can be run"));
        assert_eq!(ended, End::Signal(XCPU));
    }
}
