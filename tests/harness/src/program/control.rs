//! Signals, stdin and limits of a program.

use super::Program;
use crate::connection::Connection;
use crate::kernel;
use crate::lock::lock;
use crate::message;
use crate::message::Argument;
#[cfg(unix)]
use std::io;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A signal that asks a program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, which Ctrl-C sends.
    Int,
    /// SIGTERM, which `kill` and service managers send.
    Term,
}

impl Program {
    /// Writes bytes to the program's stdin, in the background, so that a program that does not
    /// read them does not block the test.
    pub fn write_stdin(&self, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        self.log.step(message!(
            "its stdin gets {bytes}",
            bytes = Argument::terminal(&bytes)
        ));
        if let Some(stdin) = &*lock(&self.stdin) {
            // It fails only if the program has closed its stdin; later expectations show that.
            let _ = stdin.send(bytes);
        }
    }

    /// Closes the program's stdin, after everything that was written to it.
    pub fn close_stdin(&self) {
        self.log.step(message!("its stdin ends"));
        lock(&self.stdin).take();
    }

    /// Waits until the program is blocked or has ended, so that whatever the test does next comes
    /// after that. If its stdin was [closed](Self::close_stdin), it is blocked on something else.
    /// Only Linux shows that, and a program may have a reason never to sleep, so this gives up
    /// after half a second without failing the test.
    pub fn let_it_wait(&self) {
        let deadline = Instant::now() + Duration::from_millis(500);
        let ready = || {
            let is_fed = self.feeder.as_ref().is_none_or(JoinHandle::is_finished);
            (is_fed || lock(&self.stdin).is_some()) && self.sleeps()
        };
        while !ready() && !self.has_ended() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Sends a signal to the program.
    #[cfg(unix)]
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        let (name, signal) = match signal {
            Signal::Int => (message!("SIGINT (Ctrl-C)"), rustix::process::Signal::INT),
            Signal::Term => (message!("SIGTERM"), rustix::process::Signal::TERM),
        };
        self.log.step(message!("send it {signal}", signal = name));
        self.kill(signal);
    }

    /// Sends Ctrl-Break to the program, whichever signal is asked for: Windows does not send Ctrl-C to
    /// a single process group, and has no other such signal.
    #[cfg(windows)]
    #[track_caller]
    pub fn signal(&self, _signal: Signal) {
        self.log
            .step(message!("send it {signal}", signal = "Ctrl-Break"));
        // If it has already ended, later expectations show that.
        if !self.has_ended()
            && let Err(error) = crate::job::ctrl_break(self.id())
        {
            self.log
                .fail(message!("the program can be sent a signal"), error);
        }
    }

    /// Sends a signal to the program. If it has already ended, later expectations show that.
    #[cfg(unix)]
    #[track_caller]
    fn kill(&self, signal: rustix::process::Signal) {
        use rustix::process::{Pid, kill_process};

        let pid = Pid::from_raw(self.id().cast_signed());
        match pid.map(|pid| kill_process(pid, signal)) {
            Some(Err(error)) if error != rustix::io::Errno::SRCH => self.log.fail(
                message!("the program can be sent a signal"),
                io::Error::from(error),
            ),
            _ => {}
        }
    }

    /// Whether the program is stopped.
    #[cfg(unix)]
    fn is_stopped(&self) -> bool {
        // In a sandbox it is not our child, but on Linux /proc shows its state anyway.
        #[cfg(target_os = "linux")]
        let is_stopped = crate::resources::Resources::is_stopped(self.id());
        #[cfg(not(target_os = "linux"))]
        let is_stopped = {
            use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
            let options = WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
            let pid = Pid::from_raw(self.id().cast_signed());
            let status = pid.map(|pid| waitid(WaitId::Pid(pid), options));
            matches!(status, Some(Ok(Some(_))))
        };
        is_stopped
    }

    /// Waits until the program blocks in a send, because this connection takes no more, and then
    /// stops and continues it, as Ctrl-Z and `fg` do. A send that has sent a part of its data
    /// then returns with the number of bytes that it has sent (see signal(7)): a program that
    /// does not check the number loses the rest.
    ///
    /// Only Linux shows when a program blocks; elsewhere this does nothing. A program that does
    /// not block within half a second goes on undisturbed.
    #[track_caller]
    pub fn interrupt_send(&self, connection: &Connection) {
        let is_held = || {
            let (_, there) = kernel::ends(connection.local(), connection.remote());
            there.is_some_and(|there| there.send_queue > 0)
        };
        let deadline = Instant::now() + Duration::from_millis(500);
        // Require it twice: the program could be between one send and the next.
        let mut times = 0;
        while times < 2 {
            if !kernel::is_visible() || Instant::now() > deadline {
                return;
            }
            times = if self.sleeps() && is_held() {
                times + 1
            } else {
                0
            };
            thread::sleep(Duration::from_millis(1));
        }
        self.log.step(message!("it waits for room to send"));
        self.while_stopped(|| ());
    }

    /// Stops the program (Ctrl-Z), does something meanwhile, and continues it (`fg`), so that
    /// the program learns only afterwards what has happened to its connections. On a system
    /// without signals it is not stopped.
    #[cfg(unix)]
    #[track_caller]
    pub fn while_stopped<T>(&self, work: impl FnOnce() -> T) -> T {
        use rustix::process::Signal;

        self.log.step(message!("stop it (Ctrl-Z)"));
        self.kill(Signal::STOP);
        self.log.wait_until(
            message!("the program has stopped"),
            || (self.is_stopped() || self.has_ended()).then_some(()),
            || message!("it has not").into(),
        );
        let result = work();
        self.log.step(message!("continue it (fg)"));
        self.kill(Signal::CONT);
        result
    }

    /// Does something without stopping the program, which is not possible on this system.
    #[cfg(not(unix))]
    pub fn while_stopped<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }

    /// Lets the program open only this many more files than it has open now (Linux only).
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub fn limit_open_files(&self, more: u64) {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};

        self.log.step(message!(
            "let it open at most {count} more file(s)",
            count = more
        ));
        let files = match std::fs::read_dir(format!("/proc/{}/fd", self.id())) {
            Ok(files) => files,
            Err(error) => self.log.fail(message!("the program has open files"), error),
        };
        let open: Vec<u64> = files
            .flatten()
            .filter_map(|file| file.file_name().to_str()?.parse().ok())
            .collect();
        // The limit applies to descriptor numbers, and the kernel assigns the lowest free one.
        let mut free = 0;
        while open.contains(&free) {
            free += 1;
        }
        // The hard limit stays as it is: only a privileged process could raise it again.
        let limit = Rlimit {
            current: Some(free + more),
            maximum: self.most_open_files(),
        };
        let pid = Pid::from_raw(self.id().cast_signed());
        let set = prlimit(pid, Resource::Nofile, limit).map(drop);
        let set = set.map_err(io::Error::from);
        // In a class the program is another user's, and root may lack `CAP_SYS_RESOURCE`.
        if let Err(error) = set.or_else(|_| self.limit_as_its_user(free + more)) {
            self.log
                .fail(message!("the program's limit can be set"), error);
        }
    }

    /// Sets the limit of the program's open files by a process of the program's own user, which the
    /// kernel always permits (prlimit(2)).
    #[cfg(target_os = "linux")]
    fn limit_as_its_user(&self, files: u64) -> io::Result<()> {
        use std::os::unix::fs::MetadataExt;
        use std::process::Command;

        let owner = std::fs::metadata(format!("/proc/{}", self.id()))?;
        let mut command = Command::new("setpriv");
        let output = crate::outside(&mut command)
            .arg(format!("--reuid={}", owner.uid()))
            .arg(format!("--regid={}", owner.gid()))
            .args(["--clear-groups", "prlimit"])
            .arg(format!("--pid={}", self.id()))
            .arg(format!("--nofile={files}:"))
            .output()?;
        if output.status.success() {
            return Ok(());
        }
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(io::Error::other(words))
    }

    /// The hard limit of the program's open files; `None` if there is none.
    #[cfg(target_os = "linux")]
    fn most_open_files(&self) -> Option<u64> {
        use procfs::process::{LimitValue, Process};

        let limits = Process::new(self.id().cast_signed()).and_then(|process| process.limits());
        match limits.map(|limits| limits.max_open_files.hard_limit) {
            Ok(LimitValue::Value(most)) => Some(most),
            Ok(LimitValue::Unlimited) | Err(_) => None,
        }
    }

    /// Cannot limit how many more files the program opens on this system.
    #[cfg(not(target_os = "linux"))]
    #[track_caller]
    pub fn limit_open_files(&self, _more: u64) {
        self.log.fail(
            message!("the limit of a running program is set"),
            message!("only Linux can do that"),
        );
    }
}
