//! Keeps inherited file descriptors away from a check.

use std::process::Command;

/// Keeps a command from inheriting the descriptors that this process has inherited itself, from
/// the teacher's terminal or another parent: it gets `/dev/null` in place of each of them.
///
/// # Errors
///
/// If the descriptors of this process cannot be listed.
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

/// The descriptors that this process passes on to its children. Those that it opens itself are
/// closed on exec, so these are the ones that it has inherited.
#[cfg(target_os = "linux")]
fn inherited() -> std::io::Result<Vec<i32>> {
    const CLOSED_ON_EXEC: u32 = 0o2_000_000;
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let name = entry?.file_name();
        let Some(number) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // Other threads may close descriptors meanwhile.
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
