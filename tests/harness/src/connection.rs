//! The test's end of a connection with the program.

use crate::log::Log;
use crate::message::{Argument, Message, Party};
use crate::{kernel, likely_causes, message, text};
use socket2::SockRef;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// The test's end of a connection with the program.
pub struct Connection {
    log: Log,
    stream: TcpStream,
    local: SocketAddr,
    remote: SocketAddr,
    /// What the transcript calls this end.
    name: Party,
}

impl Connection {
    /// Connects to the program.
    #[track_caller]
    pub(crate) fn open(log: &Log, address: SocketAddr) -> Self {
        match TcpStream::connect_timeout(&address, log.limit()) {
            Ok(stream) => {
                let connection = Self::new(log, stream, None);
                let client = connection.name();
                log.step(message!("{client} connects to {address}", client, address));
                connection
            }
            Err(error) => {
                log.step(message!("connect to {address}", address));
                let expected = message!("a connection to {address}", address);
                log.fail_with_cause(expected, error, likely_causes::no_port(address))
            }
        }
    }

    /// A connection whose end here has this name, or else that of a client.
    #[track_caller]
    pub(crate) fn new(log: &Log, stream: TcpStream, name: Option<Party>) -> Self {
        let ready = stream
            .set_nonblocking(false)
            .and_then(|()| Ok((stream.local_addr()?, stream.peer_addr()?)));
        match ready {
            Ok((local, remote)) => Self {
                log: log.clone(),
                stream,
                local,
                remote,
                name: name.unwrap_or_else(|| log.client(local)),
            },
            Err(error) => log.fail(message!("a connection that can be used"), error),
        }
    }

    /// This end's address: the peer, as the program sees it.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// What the transcript calls this end, as an argument of a message.
    pub fn name(&self) -> &Party {
        &self.name
    }

    /// The program's address.
    pub fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// Sends bytes, all of them.
    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) {
        self.log.step(message!(
            "{client} sends {bytes}",
            client = &self.name,
            bytes
        ));
        if let Err(error) = self.send_in_time(bytes) {
            self.fail(
                message!("{client} can send", client = &self.name),
                &error,
                None,
            );
        }
    }

    /// Sends bytes, and fails when the time is over. A timeout of the socket begins anew with each
    /// write, so a program that receives slowly would never reach it.
    #[track_caller]
    fn send_in_time(&mut self, bytes: &[u8]) -> io::Result<()> {
        let deadline = Instant::now() + self.log.limit();
        let mut taken = 0;
        let mut progress = Instant::now();
        while taken < bytes.len() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let expected = message!(
                    "the program receives all that {client} sends",
                    client = &self.name
                );
                let got = message!(
                    "{count} of {total} bytes {patience}",
                    count = taken,
                    total = bytes.len(),
                    patience = self.log.patience()
                );
                let cause = likely_causes::slow(progress.elapsed());
                self.log.fail_with_cause(expected, got, cause);
            }
            // Short, to see whether the program still receives.
            let patience = left.min(Duration::from_millis(100));
            self.stream.set_write_timeout(Some(patience))?;
            match self.stream.write(&bytes[taken..]) {
                Ok(length) => {
                    taken += length;
                    progress = Instant::now();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted || is_timeout(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends a text in GBK.
    #[track_caller]
    pub fn send_text(&mut self, text: &str) {
        self.send(&text::gbk(text));
    }

    /// Sends until the kernel takes no more, and returns how many bytes it took. This is for
    /// programs that do not receive because they wait for something else.
    #[track_caller]
    pub fn send_until_full(&mut self) -> usize {
        self.log.step(message!(
            "{client} sends until the kernel takes no more",
            client = &self.name
        ));
        // Short, because the last send always waits this long.
        let patience = Duration::from_millis(200);
        let chunk = vec![b'x'; 1 << 16];
        let mut taken = 0;
        let full = self
            .stream
            .set_write_timeout(Some(patience))
            .and_then(|()| {
                loop {
                    match self.stream.write(&chunk) {
                        Ok(length) => taken += length,
                        Err(error) if error.kind() == ErrorKind::Interrupted => {}
                        Err(error) if is_timeout(&error) => break,
                        Err(error) => return Err(error),
                    }
                }
                self.stream.set_write_timeout(Some(self.log.limit()))
            });
        if let Err(error) = full {
            self.fail(
                message!("{client} can send", client = &self.name),
                &error,
                None,
            );
        }
        self.log.result(message!("{count} bytes", count = taken));
        taken
    }

    /// Receives once, at most this many bytes. 0 bytes mean the end of the stream.
    #[track_caller]
    pub fn receive(&mut self, most: usize) -> Vec<u8> {
        self.log
            .step(message!("{client} receives once", client = &self.name));
        let mut bytes = vec![0; most];
        match self.read(&mut bytes) {
            Ok(length) => {
                bytes.truncate(length);
                self.log.result(&bytes);
                bytes
            }
            Err(error) => self.fail_receive(message!("something to receive"), &[], &error),
        }
    }

    /// Waits until the program has received everything that was sent to it, so that the bytes
    /// sent next arrive in a separate piece. Only Linux shows that, and a program may have a
    /// reason not to receive, so this gives up after half a second without failing the test.
    pub fn let_it_receive(&self) {
        self.wait_for_kernel(|this, there| {
            // The kernel may hold back a piece until the one before it is acknowledged.
            this.send_queue == 0 && there.is_none_or(|there| there.receive_queue == 0)
        });
    }

    /// Whether bytes or the end of the stream can be received before this time is over.
    pub fn has_something(&self, patience: Duration) -> bool {
        let limited = self.stream.set_read_timeout(Some(patience));
        // An error counts as something to receive, except for a timeout.
        limited.is_ok()
            && !self
                .stream
                .peek(&mut [0])
                .is_err_and(|error| is_timeout(&error) || error.kind() == ErrorKind::Interrupted)
    }

    /// Waits until the program has half-closed or closed the connection, so that the bytes sent
    /// next come after that. Like [`let_it_receive`](Self::let_it_receive) it may give up.
    pub fn let_it_end_its_half(&self) {
        self.wait_for_kernel(|this, _| this.state != kernel::State::Established);
    }

    /// Waits, for half a second at most, until the kernel shows both ends, the test's and the
    /// program's, as they should be. A connection that is gone also ends the wait.
    fn wait_for_kernel(&self, is_so: impl Fn(&kernel::Socket, Option<&kernel::Socket>) -> bool) {
        let deadline = Instant::now() + Duration::from_millis(500);
        let waits = || {
            let (this, there) = kernel::ends(self.local, self.remote);
            this.is_some_and(|this| !is_so(&this, there.as_ref()))
        };
        while waits() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Expects exactly these bytes next.
    #[track_caller]
    pub fn expect(&mut self, expected: &[u8]) {
        self.log.step(message!(
            "{client} waits for {bytes}",
            client = &self.name,
            bytes = expected
        ));
        let client = self.name.clone();
        let what = || {
            message!(
                "{client} receives {bytes}",
                client = &client,
                bytes = expected
            )
        };
        let mut got = vec![0; expected.len()];
        let mut length = 0;
        while length < expected.len() {
            match self.read(&mut got[length..]) {
                Ok(0) => {
                    let got = &got[..length];
                    let cause = likely_causes::reply(expected, got);
                    let came = message!("{bytes}, then the end of the stream", bytes = got);
                    self.log.fail_with_cause(what(), came, cause);
                }
                Ok(more) => length += more,
                Err(error) => self.fail_receive(what(), &got[..length], &error),
            }
            if got[..length] != expected[..length] {
                let got = &got[..length];
                let cause = likely_causes::reply(expected, got);
                if length == expected.len() && self.has_more() {
                    let came = message!(
                        "{bytes} (the first {count} bytes; more came)",
                        bytes = got,
                        count = length
                    );
                    self.log.fail_with_cause(what(), came, cause);
                }
                self.log.fail_with_cause(what(), got, cause);
            }
        }
    }

    /// Whether there are more bytes to receive right now.
    fn has_more(&self) -> bool {
        let limited = self
            .stream
            .set_read_timeout(Some(Duration::from_millis(20)));
        limited.is_ok() && matches!(self.stream.peek(&mut [0]), Ok(1))
    }

    /// Expects exactly this text next, in GBK.
    #[track_caller]
    pub fn expect_text(&mut self, text: &str) {
        self.expect(&text::gbk(text));
    }

    /// Expects the end of the stream, and nothing before it.
    #[track_caller]
    pub fn expect_end(&mut self) {
        self.log.step(message!(
            "{client} waits for the end of the stream",
            client = &self.name
        ));
        let what = message!(
            "{client} receives the end of the stream",
            client = &self.name
        );
        let mut bytes = [0; 1024];
        match self.read(&mut bytes) {
            Ok(0) => {}
            Ok(length) => self.log.fail(what, &bytes[..length]),
            Err(error) => self.fail_receive(what, &[], &error),
        }
    }

    /// Expects that the connection ends, by the end of the stream or by a reset, possibly after
    /// more bytes. Returns those bytes.
    #[track_caller]
    pub fn expect_gone(&mut self) -> Vec<u8> {
        self.log.step(message!(
            "{client} waits for the end of the connection",
            client = &self.name
        ));
        let what = message!("the connection of {client} ends", client = &self.name);
        let mut all = Vec::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match self.read(&mut buffer) {
                Ok(0) => return all,
                Ok(length) => all.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return all,
                Err(error) => self.fail_receive(what, &all, &error),
            }
        }
    }

    /// Expects that the program resets the connection (RST).
    #[track_caller]
    pub fn expect_reset(&mut self) {
        self.log
            .step(message!("{client} waits for a reset", client = &self.name));
        let what = message!("the connection of {client} is reset", client = &self.name);
        let mut bytes = [0; 1024];
        match self.read(&mut bytes) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Ok(length) => self.log.fail(what, &bytes[..length]),
            Err(error) => self.fail_receive(what, &[], &error),
        }
    }

    /// Half-closes the connection (FIN). The test can still receive.
    #[track_caller]
    pub fn half_close(&mut self) {
        self.log.step(message!(
            "{client} ends its sending half",
            client = &self.name
        ));
        if let Err(error) = self.stream.shutdown(Shutdown::Write) {
            let cause = likely_causes::not_connected(&error);
            let expected = message!("{client} can end its sending half", client = &self.name);
            self.fail(expected, &error, cause);
        }
    }

    /// Closes the connection. The program sees the end of the stream (FIN) if the test has
    /// received everything that the program sent.
    pub fn close(self) {
        self.log.step(message!(
            "{client} closes the connection",
            client = &self.name
        ));
    }

    /// Aborts the connection: the program sees a reset (RST).
    #[track_caller]
    pub fn reset(self) {
        self.log.step(message!(
            "{client} cuts the connection with a reset",
            client = &self.name
        ));
        // With a linger time of 0, close sends RST instead of FIN.
        if let Err(error) = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)) {
            self.fail(
                message!("{client} can reset", client = &self.name),
                &error,
                None,
            );
        }
    }

    /// Receives once. A receive with a timeout may be interrupted for a reason that does not
    /// concern us, and Linux does not resume it by itself (signal(7)).
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.stream.set_read_timeout(Some(self.log.limit()))?;
            match self.stream.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => {
                    acknowledge_at_once(&self.stream);
                    return result;
                }
            }
        }
    }

    #[track_caller]
    fn fail(&self, expected: Message, error: &io::Error, cause: Option<Message>) -> ! {
        self.let_it_say_why(error);
        self.log
            .fail_with_cause(expected, self.explain(error), cause)
    }

    /// Gives the program time to end: a broken connection often means that it has crashed, and
    /// its stderr says why.
    fn let_it_say_why(&self, error: &io::Error) {
        use ErrorKind::{BrokenPipe, ConnectionReset, NotConnected};
        if matches!(error.kind(), BrokenPipe | ConnectionReset | NotConnected) {
            self.log.let_it_end();
        }
    }

    #[track_caller]
    fn fail_receive(&self, expected: Message, got: &[u8], error: &io::Error) -> ! {
        self.let_it_say_why(error);
        let mut came = self.explain(error);
        if !got.is_empty() {
            came = message!("{bytes}, then {trouble}", bytes = got, trouble = came).into();
        }
        let cause = if is_timeout(error) {
            likely_causes::no_reply(&self.name, self.local, self.remote)
        } else {
            None
        };
        self.log.fail_with_cause(expected, came, cause)
    }

    /// A socket error in plain words.
    fn explain(&self, error: &io::Error) -> Argument {
        match error.kind() {
            _ if is_timeout(error) => {
                message!("nothing {patience}", patience = self.log.patience()).into()
            }
            ErrorKind::ConnectionReset => message!(
                "a reset (RST): the program cut the connection, or closed it without \
                     receiving all that was sent to it"
            )
            .into(),
            ErrorKind::BrokenPipe => message!("the program has closed the connection").into(),
            _ => error.into(),
        }
    }
}

/// Acknowledges received data without delay (Linux only). A program's small send waits for the
/// acknowledgement of the previous one (Nagle's algorithm), which the receiver's kernel would
/// delay by 40 ms. Call this after each receive, since the kernel does not keep the setting.
pub fn acknowledge_at_once(stream: &TcpStream) {
    // Ignore an error: this only saves time.
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(stream).set_tcp_quickack(true);
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

/// Whether an error means that a socket's timeout is over.
pub fn is_timeout(error: &io::Error) -> bool {
    // Unix reports the first, Windows the second.
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
