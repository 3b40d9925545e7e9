//! The resources that a process uses. Only Linux shows them.

use std::time::Duration;

/// The resources that a process uses at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Resources {
    /// Threads, including the main thread.
    pub threads: u64,
    /// Open file descriptors.
    pub files: usize,
    /// Memory mappings (lines of `/proc/PID/maps`). The stack of a thread counts as two, until
    /// the thread has been joined or detached.
    pub mappings: usize,
    /// Memory in use, in bytes.
    pub resident: u64,
    /// CPU time so far, in steps of a clock tick (10 ms).
    pub cpu_time: Duration,
}

impl Resources {
    /// The resources of a process now; `None` if it does not exist, or if this is not Linux.
    #[cfg(target_os = "linux")]
    pub fn of(process: u32) -> Option<Self> {
        let process = procfs::process::Process::new(process.cast_signed()).ok()?;
        let stat = process.stat().ok()?;
        Some(Self {
            threads: u64::try_from(stat.num_threads).ok()?,
            // Do not use `fd_count`: it includes the descriptor that a waiting `accept`
            // has reserved for the next connection.
            files: process.fd().ok()?.count(),
            mappings: process.maps().ok()?.len(),
            resident: Self::resident_of(&process)?,
            cpu_time: Duration::from_millis(
                1000 * (stat.utime + stat.stime) / procfs::ticks_per_second(),
            ),
        })
    }

    /// The memory of a process, in bytes. If its main thread has ended and others go on, the
    /// kernel shows the memory only for those threads.
    #[cfg(target_os = "linux")]
    fn resident_of(process: &procfs::process::Process) -> Option<u64> {
        let mut pages = process.statm().ok()?.resident;
        if pages == 0 {
            let tasks = process.tasks().ok()?.flatten();
            let of_tasks = tasks.filter_map(|task| {
                let path = format!("/proc/{}/task/{}/statm", task.pid, task.tid);
                let words = std::fs::read_to_string(path).ok()?;
                words.split(' ').nth(1)?.parse().ok()
            });
            pages = of_tasks.max().unwrap_or_default();
        }
        Some(pages * procfs::page_size())
    }

    /// Only the memory of a process, in bytes; all the resources would take several times as long
    /// to find out. `None` if there is no such process.
    #[cfg(target_os = "linux")]
    pub(crate) fn resident(process: u32) -> Option<u64> {
        let process = procfs::process::Process::new(process.cast_signed()).ok()?;
        Self::resident_of(&process)
    }

    /// The resources of a process now; `None` if it does not exist, or if this is not Linux.
    #[cfg(not(target_os = "linux"))]
    pub fn of(_process: u32) -> Option<Self> {
        None
    }

    /// Whether all threads of a process sleep, that is, wait for something.
    #[cfg(target_os = "linux")]
    pub(crate) fn sleeps(process: u32) -> bool {
        Self::are_all(process, 'S')
    }

    /// Whether all threads of a process are stopped (Ctrl-Z).
    #[cfg(target_os = "linux")]
    pub(crate) fn is_stopped(process: u32) -> bool {
        Self::are_all(process, 'T')
    }

    /// Whether all threads of a process are in this state (see proc(5)).
    #[cfg(target_os = "linux")]
    fn are_all(process: u32, state: char) -> bool {
        let tasks = procfs::process::Process::new(process.cast_signed()).and_then(|p| p.tasks());
        let is_it = |task: procfs::process::Task| task.stat().is_ok_and(|s| s.state == state);
        tasks.is_ok_and(|tasks| tasks.flatten().all(is_it))
    }

    /// Whether all threads of a process sleep, which only Linux shows.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn sleeps(_process: u32) -> bool {
        true
    }
}
