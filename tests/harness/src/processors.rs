//! How busy other programs keep this machine.

#[cfg(unix)]
use crate::mark::outside;
#[cfg(unix)]
use std::process::{Child, Command};

/// The processors' time since a moment.
#[derive(Debug, Clone, Copy)]
pub struct Processors {
    then: Option<Times>,
}

/// Times of all processors together, in clock ticks (10 ms).
#[derive(Debug, Clone, Copy)]
struct Times {
    /// The time that has passed.
    all: u64,
    /// The time in which they had work, that of other virtual machines included.
    busy: u64,
    /// The time of it that this process had, with those of its descendants that have ended.
    own: u64,
}

impl Processors {
    /// Begins to measure.
    pub fn measure() -> Self {
        Self {
            then: Times::so_far(),
        }
    }

    /// How much of the processors' time other programs have taken since then, in per cent. 0
    /// where the system does not show it (only Linux does).
    pub fn taken_by_others(&self) -> u32 {
        let (Some(then), Some(now)) = (self.then, Times::so_far()) else {
            return 0;
        };
        let all = now.all.saturating_sub(then.all);
        let busy = now.busy.saturating_sub(then.busy);
        let own = now.own.saturating_sub(then.own);
        let percent = (100 * busy.saturating_sub(own)).checked_div(all);
        u32::try_from(percent.unwrap_or(0)).unwrap_or(100)
    }
}

impl Times {
    #[cfg(target_os = "linux")]
    fn so_far() -> Option<Self> {
        use procfs::CurrentSI;
        let total = procfs::KernelStats::current().ok()?.total;
        let own = procfs::process::Process::myself().ok()?.stat().ok()?;
        let idle = total.idle + total.iowait.unwrap_or(0);
        let interrupts = total.irq.unwrap_or(0) + total.softirq.unwrap_or(0);
        let busy = total.user + total.nice + total.system + interrupts;
        let busy = busy + total.steal.unwrap_or(0);
        let children = u64::try_from(own.cutime + own.cstime).ok()?;
        Some(Self {
            all: busy + idle,
            busy,
            own: own.utime + own.stime + children,
        })
    }

    #[cfg(not(target_os = "linux"))]
    fn so_far() -> Option<Self> {
        None
    }
}

/// Other programs that keep the processors busy until this is dropped, to see how something else
/// fares beside them.
#[cfg(unix)]
pub struct BusyPrograms(Vec<Child>);

#[cfg(unix)]
impl BusyPrograms {
    /// Starts this many programs for each processor.
    ///
    /// # Errors
    ///
    /// If one cannot be started.
    pub fn start(per_processor: usize) -> std::io::Result<Self> {
        let processors = std::thread::available_parallelism()?.get();
        let mut started = Self(Vec::new());
        for _ in 0..per_processor * processors {
            let mut command = Command::new("sh");
            let command = outside(&mut command).args(["-c", "while :; do :; done"]);
            started.0.push(command.spawn()?);
        }
        Ok(started)
    }
}

#[cfg(unix)]
impl Drop for BusyPrograms {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // It has not ended by itself, and nobody else ends it.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
