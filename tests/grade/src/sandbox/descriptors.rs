//! The descriptors that a check inherits: none but its own.

use std::process::Command;

/// Closes to a command what this process has inherited itself, of the teacher's terminal or of
/// whoever has started the grader: instead of each such descriptor it gets `/dev/null`.
///
/// # Errors
///
/// If the descriptors of this process cannot be told.
pub(crate) fn close_inherited(command: &mut Command) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use command_fds::{CommandFdExt, FdMapping};
        let mut mappings = Vec::new();
        for number in inherited()? {
            mappings.push(FdMapping {
                parent_fd: std::fs::File::open("/dev/null")?.into(),
                child_fd: number,
            });
        }
        command
            .fd_mappings(mappings)
            .map_err(|error| std::io::Error::other(error.to_string()))?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
    Ok(())
}

/// The descriptors that this process passes on to whatever it starts: what it opens itself is
/// closed then, so these are what it has inherited.
#[cfg(target_os = "linux")]
fn inherited() -> std::io::Result<Vec<i32>> {
    const CLOSED_ON_EXEC: u32 = 0o2_000_000;
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let name = entry?.file_name();
        let Some(number) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // Other threads close theirs meanwhile.
        let Ok(info) = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")) else {
            continue;
        };
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
        if number > 2 && flags.is_none_or(|flags| flags & CLOSED_ON_EXEC == 0) {
            found.push(number);
        }
    }
    Ok(found)
}
