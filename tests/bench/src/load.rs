//! Many clients at once, all of them in one thread that waits for events.
//!
//! In a *closed loop* each client sends its next message when it has the reply to the last
//! one. That shows how much a server can do. But a server that stalls gets fewer messages
//! meanwhile, so the latency of a closed loop leaves out what a stall does to other clients.
//! In an *open loop* messages are due at fixed times, whatever the server does. Their
//! latency is counted twice: from the moment that a message was due, and from the moment
//! that it was sent. The difference between the two is called coordinated omission.
//!
//! Every reply is compared, byte by byte. A reply that is wrong or does not come has failed.

use crate::server::LIMIT;
use crate::statistics::Latencies;
use anyhow::{Context, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The message of the clients: `你好, server!` in GBK.
pub const MESSAGE: &[u8] = b"\xC4\xE3\xBA\xC3, server!";

/// The reply to it.
pub const REPLY: &[u8] = b"server: hello, client!";

/// How many connections are opened at once when connections per second are counted.
const AT_ONCE: usize = 16;

/// The result of a load.
#[derive(Debug, Clone, Default)]
pub struct Load {
    /// The number of requests with the right reply.
    pub answered: u64,
    /// The number of requests with a wrong reply, or none.
    pub failed: u64,
    /// How long the load ran; if each client sent one message, until the last reply.
    pub took: Duration,
    /// The latency from the moment that a message was sent to its reply.
    pub service: Latencies,
    /// The latency from the moment that a message was due; empty for a closed loop.
    pub response: Latencies,
}

/// Clients that are connected to a server.
pub struct Clients {
    all: Vec<Client>,
    poll: Poll,
    events: Events,
    address: SocketAddr,
}

struct Client {
    stream: TcpStream,
    /// How many bytes of the reply have come.
    received: usize,
    /// When the message that has no reply yet was due, and when it was sent.
    waits_since: Option<(Instant, Instant)>,
    /// When the messages that are not sent yet are due.
    queue: VecDeque<Instant>,
    /// Whether nothing more is expected from the server.
    broken: bool,
}

/// The state of a client after a receive.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    /// The whole reply has come.
    Reply,
    /// Nothing has come yet, or a part of the reply.
    NotYet,
    /// Something else has come: other bytes, an end, an error.
    Wrong,
}

impl Clients {
    /// Starts without clients.
    ///
    /// # Errors
    ///
    /// If the system cannot wait for many sockets.
    pub fn of(address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self {
            all: Vec::new(),
            poll: Poll::new().context("cannot wait for sockets")?,
            events: Events::with_capacity(1024),
            address,
        })
    }

    /// Connects clients until there are this many. Each sends a message and gets its reply before
    /// the next one connects, so none waits in the accept queue.
    ///
    /// # Errors
    ///
    /// If one cannot connect, or gets a wrong reply.
    pub fn connect(&mut self, count: usize) -> anyhow::Result<()> {
        while self.all.len() < count {
            let number = self.all.len();
            let stream = self
                .connect_one()
                .with_context(|| format!("client {number}"))?;
            let mut stream = TcpStream::from_std(stream);
            let registry = self.poll.registry();
            registry
                .register(&mut stream, Token(number), Interest::READABLE)
                .context("cannot wait for a socket")?;
            self.all.push(Client {
                stream,
                received: 0,
                waits_since: None,
                queue: VecDeque::new(),
                broken: false,
            });
        }
        Ok(())
    }

    fn connect_one(&self) -> anyhow::Result<std::net::TcpStream> {
        let address = self.address;
        let mut stream = std::net::TcpStream::connect_timeout(&address, LIMIT)
            .with_context(|| format!("cannot connect to {address}"))?;
        stream
            .set_read_timeout(Some(LIMIT))
            .context("cannot set a limit on receiving")?;
        let mut reply = vec![0; REPLY.len()];
        stream.write_all(MESSAGE).context("cannot send")?;
        stream
            .read_exact(&mut reply)
            .context("cannot receive the reply")?;
        ensure!(
            reply == REPLY,
            "the reply is {:?}",
            String::from_utf8_lossy(&reply)
        );
        stream
            .set_nonblocking(true)
            .context("cannot make a socket non-blocking")?;
        Ok(stream)
    }

    /// Lets every client send one message, all at once, and waits for the replies.
    ///
    /// # Errors
    ///
    /// If the system cannot wait for the sockets.
    pub fn once(&mut self) -> anyhow::Result<Load> {
        self.closed(Duration::ZERO)
    }

    /// A closed loop for this long: each client sends, waits for the reply, and sends again.
    ///
    /// # Errors
    ///
    /// If the system cannot wait for the sockets.
    pub fn closed(&mut self, duration: Duration) -> anyhow::Result<Load> {
        let mut load = Load::default();
        let start = Instant::now();
        let end = start + duration;
        for client in &mut self.all {
            client.send(Instant::now(), &mut load);
        }
        let mut last = start;
        self.receive(end + LIMIT, &mut load, |client, load, (_, sent), now| {
            // What comes too late to count is received, so that the next load begins clean.
            if now <= end || duration.is_zero() {
                load.answered += 1;
                load.service.add(now - sent);
                last = now;
            }
            if now < end {
                client.send(now, load);
            }
        })?;
        // To the end, and not to the last reply: a pause before the end counts too.
        load.took = if duration.is_zero() {
            last - start
        } else {
            duration
        };
        Ok(load)
    }

    /// An open loop for this long: this many messages a second, which the clients send in turn.
    ///
    /// # Errors
    ///
    /// If the system cannot wait for the sockets.
    pub fn open(&mut self, rate: u32, duration: Duration) -> anyhow::Result<Load> {
        let mut load = Load::default();
        let start = Instant::now();
        let gap = Duration::from_secs(1) / rate;
        let count = usize::try_from(duration.as_nanos() / gap.as_nanos().max(1))
            .context("too many messages")?;
        let mut next = 0;
        let mut due = start;
        while next < count {
            let now = Instant::now();
            while next < count && due <= now {
                let index = next % self.all.len();
                self.all[index].ask(due, now, &mut load);
                next += 1;
                due += gap;
            }
            // No wait: the kernel's is in milliseconds, and messages are due more often.
            self.turn(Duration::ZERO, &mut load, &mut response)?;
        }
        self.receive(due + LIMIT, &mut load, response)?;
        load.took = start.elapsed();
        Ok(load)
    }

    /// Receives until no reply is due any more, but no longer than until the deadline. A reply that
    /// has not come by then has failed.
    fn receive(
        &mut self,
        deadline: Instant,
        load: &mut Load,
        mut replied: impl FnMut(&mut Client, &mut Load, (Instant, Instant), Instant),
    ) -> anyhow::Result<()> {
        while self.all.iter().any(Client::waits) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                for client in &mut self.all {
                    client.give_up(load);
                }
                break;
            }
            self.turn(left, load, &mut replied)?;
        }
        Ok(())
    }

    /// Waits for events once, and receives what there is.
    fn turn(
        &mut self,
        limit: Duration,
        load: &mut Load,
        replied: &mut impl FnMut(&mut Client, &mut Load, (Instant, Instant), Instant),
    ) -> anyhow::Result<()> {
        match self.poll.poll(&mut self.events, Some(limit)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            polled => polled.context("cannot wait for sockets")?,
        }
        for event in &self.events {
            let client = &mut self.all[event.token().0];
            match client.receive() {
                Came::NotYet => {}
                Came::Wrong => client.give_up(load),
                Came::Reply => {
                    if let Some(times) = client.waits_since.take() {
                        replied(client, load, times, Instant::now());
                    }
                }
            }
        }
        Ok(())
    }
}

/// Handles a reply in an open loop.
fn response(client: &mut Client, load: &mut Load, times: (Instant, Instant), now: Instant) {
    let (due, sent) = times;
    load.answered += 1;
    load.service.add(now - sent);
    load.response.add(now - due);
    if let Some(due) = client.queue.pop_front() {
        client.ask(due, now, load);
    }
}

impl Client {
    /// Whether a reply is expected.
    fn waits(&self) -> bool {
        self.waits_since.is_some() && !self.broken
    }

    fn send(&mut self, now: Instant, load: &mut Load) {
        self.ask(now, now, load);
    }

    /// Sends a message, or queues it while another one has no reply: the server might receive both
    /// together.
    fn ask(&mut self, due: Instant, now: Instant, load: &mut Load) {
        if self.broken {
            load.failed += 1;
        } else if self.waits_since.is_some() {
            self.queue.push_back(due);
        } else {
            self.waits_since = Some((due, now));
            // A send buffer that is empty takes so little at once.
            if self.stream.write(MESSAGE).ok() != Some(MESSAGE.len()) {
                self.give_up(load);
            }
        }
    }

    /// Receives what there is.
    fn receive(&mut self) -> Came {
        // One more than is expected: to see it if there is more.
        let mut buffer = [0; REPLY.len() + 1];
        loop {
            match self.stream.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Came::NotYet,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) | Ok(0) => return Came::Wrong,
                Ok(length) => {
                    let expected = REPLY.get(self.received..self.received + length);
                    if self.waits_since.is_none() || expected != Some(&buffer[..length]) {
                        return Came::Wrong;
                    }
                    self.received += length;
                    if self.received == REPLY.len() {
                        self.received = 0;
                        return Came::Reply;
                    }
                }
            }
        }
    }

    /// Gives this client up: the replies that it waits for have failed.
    fn give_up(&mut self, load: &mut Load) {
        let waits = usize::from(self.waits_since.take().is_some()) + self.queue.len();
        // A message that nobody asked for, or the end of an idle connection, is a failure too.
        if !self.broken {
            load.failed += waits.max(1) as u64;
        }
        self.queue.clear();
        self.broken = true;
    }
}

/// Opens this many connections, some of them at once, and returns how long that took. Each client
/// connects, sends a message, receives the reply, and closes.
///
/// # Errors
///
/// If one is refused, lost, or gets a wrong reply.
pub fn open_and_close(address: SocketAddr, count: usize) -> anyhow::Result<Duration> {
    let mut poll = Poll::new().context("cannot wait for sockets")?;
    let mut events = Events::with_capacity(AT_ONCE);
    let mut streams: Vec<Option<Opening>> = (0..AT_ONCE).map(|_| None).collect();
    let (mut opened, mut closed) = (0, 0);
    let start = Instant::now();
    while closed < count {
        for (number, slot) in streams.iter_mut().enumerate() {
            if slot.is_none() && opened < count {
                *slot = Some(Opening::new(address, &poll, Token(number))?);
                opened += 1;
            }
        }
        ensure!(
            start.elapsed() < 3 * LIMIT,
            "{closed} of {count} connections in {LIMIT:?}"
        );
        match poll.poll(&mut events, Some(LIMIT)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled.context("cannot wait for sockets")?,
        }
        ensure!(!events.is_empty(), "nothing has come for {LIMIT:?}");
        for event in &events {
            let slot = &mut streams[event.token().0];
            if let Some(stream) = slot
                && stream.advance()?
            {
                // Dropped, and so closed.
                *slot = None;
                closed += 1;
            }
        }
    }
    Ok(start.elapsed())
}

/// A connection that is opened, used once, and closed.
struct Opening {
    stream: TcpStream,
    is_sent: bool,
    received: Vec<u8>,
}

impl Opening {
    fn new(address: SocketAddr, poll: &Poll, token: Token) -> anyhow::Result<Self> {
        let mut stream =
            TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        poll.registry()
            .register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)
            .context("cannot wait for a socket")?;
        Ok(Self {
            stream,
            is_sent: false,
            received: Vec::new(),
        })
    }

    /// Goes on without waiting, as far as possible. Returns whether the whole reply has come.
    fn advance(&mut self) -> anyhow::Result<bool> {
        if !self.is_sent {
            if let Some(error) = self.stream.take_error().context("cannot ask a socket")? {
                return Err(error).context("cannot connect");
            }
            match self.stream.write(MESSAGE) {
                Err(error) if is_not_yet(&error) => return Ok(false),
                Err(error) => return Err(error).context("cannot send"),
                Ok(length) => ensure!(length == MESSAGE.len(), "only {length} bytes were sent"),
            }
            self.is_sent = true;
        }
        let mut buffer = [0; 64];
        while self.received.len() < REPLY.len() {
            match self.stream.read(&mut buffer) {
                Err(error) if is_not_yet(&error) => return Ok(false),
                Err(error) => return Err(error).context("cannot receive the reply"),
                Ok(0) => bail!("the server has closed without a reply"),
                Ok(length) => self.received.extend_from_slice(&buffer[..length]),
            }
        }
        ensure!(
            self.received == REPLY,
            "the reply is {:?}",
            String::from_utf8_lossy(&self.received)
        );
        Ok(true)
    }
}

fn is_not_yet(error: &std::io::Error) -> bool {
    use ErrorKind::{Interrupted, NotConnected, WouldBlock};
    matches!(error.kind(), Interrupted | NotConnected | WouldBlock)
}
