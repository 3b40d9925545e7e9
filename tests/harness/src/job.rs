//! Jobs, which end all processes that are in them, and Ctrl-Break (Windows).
//!
//! A process is in the jobs of its parent, and cannot leave them. This process is in a job of its
//! own before it starts anything: what it leaves behind ends with it, even if it is killed. Each
//! program is in a job inside that one, which ends with its [`Program`](crate::Program).

use send_ctrlc::Interruptible;
use std::os::windows::io::AsRawHandle;
use std::os::windows::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
pub(crate) use win32job::Job;
use win32job::{ExtendedLimitInfo, JobError};

/// Makes the program the leader of a new process group of the console, so that Ctrl-Break reaches it
/// and not this process (`CREATE_NEW_PROCESS_GROUP`).
const NEW_PROCESS_GROUP: u32 = 0x200;

/// A job that ends its processes when it is closed.
fn create() -> Result<Job, JobError> {
    Job::create_with_limit_info(ExtendedLimitInfo::new().limit_kill_on_job_close())
}

/// Puts this process into a job, and prepares a command that it will start.
pub(crate) fn prepare(command: &mut Command) {
    // Closed only by the system, at the end of this process.
    static OWN: OnceLock<Option<Job>> = OnceLock::new();
    OWN.get_or_init(|| {
        // Before Windows 8 no process could be in two jobs. Without it, the jobs of the programs
        // still end what they can.
        let job = create().ok()?;
        job.assign_current_process().ok()?;
        Some(job)
    });
    command.creation_flags(NEW_PROCESS_GROUP);
}

/// The job of a child that has just been started. A process that the child starts before it is in
/// this job ends with the job of this process.
pub(crate) fn of(child: &Child) -> Option<Job> {
    let job = create().ok()?;
    // A handle is an address that the system has chosen.
    job.assign_process(child.as_raw_handle() as isize).ok()?;
    Some(job)
}

/// The process group that a program leads.
struct Group(u32);

impl Interruptible for Group {
    fn pid(&mut self) -> std::io::Result<Option<u32>> {
        Ok(Some(self.0))
    }
}

/// Presses Ctrl-Break for the program with this ID that was [prepared](prepare).
pub(crate) fn ctrl_break(leader: u32) -> std::io::Result<()> {
    Group(leader).terminate()
}

/// Whether Ctrl-Break reaches programs here: it needs a console, which a service, for example, does
/// not have. Tries it once, with a program that waits for its stdin.
pub(crate) fn has_ctrl_break() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let mut command = Command::new("sort");
        prepare(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let Ok(mut child) = command.spawn() else {
            return false;
        };
        let deadline = Instant::now() + Duration::from_secs(5);
        let mut has_ended = false;
        while !has_ended && Instant::now() < deadline && ctrl_break(child.id()).is_ok() {
            // A program that is still being started may miss it, so it gets it again.
            std::thread::sleep(Duration::from_millis(50));
            has_ended = child.try_wait().is_ok_and(|status| status.is_some());
        }
        // It fails if the program has ended.
        let _ = child.kill();
        let _ = child.wait();
        has_ended
    })
}
