//! Signals, stdin and limits of a program.

use super::Program;
use crate::connection::Connection;
use crate::kernel;
use crate::lock::lock;
use crate::message;
use crate::message::Argument;
use std::io;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A signal that asks a program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, what Ctrl-C sends.
    Int,
    /// SIGTERM, what `kill` and service managers send.
    Term,
}

impl Program {
    /// Hands bytes to the program's stdin, in the background: a program that does not read
    /// them holds nobody.
    pub fn write_stdin(&self, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        self.log.step(message!(
            "its stdin gets {bytes}",
            bytes = Argument::terminal(&bytes)
        ));
        if let Some(stdin) = &*lock(&self.stdin) {
            // It fails only where the program does not want it: what follows will tell.
            let _ = stdin.send(bytes);
        }
    }

    /// Ends the program's stdin, after all that was written to it.
    pub fn close_stdin(&self) {
        self.log.step(message!("its stdin ends"));
        lock(&self.stdin).take();
    }

    /// Waits until the program waits for something itself, or has ended: what it does next
    /// comes after that. Where its stdin was [closed](Self::close_stdin), it waits for something
    /// else. Only Linux shows that; and a program may have its reasons never to sleep: so this
    /// gives up after half a second, and fails nothing.
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

    /// Sends a signal to the program: not on this system.
    #[cfg(not(unix))]
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        self.log.fail(
            message!(
                "the program is sent {signal}",
                signal = format!("{signal:?}")
            ),
            message!("this system has no signals"),
        );
    }

    /// Sends a signal to the program. Whether it has ended, what follows will tell.
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
        // In a sandbox it is no child of ours, and Linux shows it all the same.
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

    /// Waits until the program is held in a send, because this connection takes no more, and
    /// stops and continues it then, as Ctrl-Z and `fg` do. A send that has sent a part
    /// returns at that, with the number of bytes that it has sent (see signal(7)): whoever
    /// takes it for all loses the rest.
    ///
    /// Only Linux shows when that is; elsewhere this does nothing. A program that is not held
    /// within half a second goes on undisturbed.
    #[track_caller]
    pub fn interrupt_send(&self, connection: &Connection) {
        let is_held = || {
            let (_, there) = kernel::ends(connection.local(), connection.remote());
            there.is_some_and(|there| there.send_queue > 0)
        };
        let deadline = Instant::now() + Duration::from_millis(500);
        // Twice: it could be on its way from one send to the next.
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

    /// Stops the program (Ctrl-Z), does something meanwhile, and continues it (`fg`): what
    /// happens to its connections then it finds out afterwards. Where there are no signals
    /// it is not stopped.
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

    /// Does something; the program cannot be stopped meanwhile on this system.
    #[cfg(not(unix))]
    pub fn while_stopped<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }

    /// Lets the program open only so many more files than it has open now (Linux only).
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub fn limit_open_files(&self, more: u64) {
        use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

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
        // The limit is on the number of a descriptor, and the kernel gives the lowest one.
        let mut free = 0;
        while open.contains(&free) {
            free += 1;
        }
        // The hard limit stays what the program has inherited from us.
        let maximum = getrlimit(Resource::Nofile).maximum;
        let limit = Rlimit {
            current: Some(free + more),
            maximum,
        };
        let pid = Pid::from_raw(self.id().cast_signed());
        if let Err(error) = prlimit(pid, Resource::Nofile, limit) {
            self.log.fail(
                message!("the program's limit can be set"),
                io::Error::from(error),
            );
        }
    }

    /// Lets the program open only so many more files: not on this system.
    #[cfg(not(target_os = "linux"))]
    #[track_caller]
    pub fn limit_open_files(&self, _more: u64) {
        self.log.fail(
            message!("the limit of a running program is set"),
            message!("only Linux can do that"),
        );
    }
}
