//! Clients that do too much for each action to be a step.

use harness::message::{Argument, Party};
use harness::{Program, Scenario, acknowledge_at_once, message};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A socket whose bytes are acknowledged as soon as they are received.
struct Prompt(TcpStream);

impl Read for Prompt {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.0.read(buffer)?;
        acknowledge_at_once(&self.0);
        Ok(length)
    }
}

/// A client that does too much for each action to be a step.
pub(crate) struct Stream {
    scenario: Scenario,
    socket: BufReader<Prompt>,
    pub(crate) peer: SocketAddr,
}

impl Stream {
    /// Connects, and waits for the welcome.
    pub(crate) fn connect(scenario: &Scenario, server: &Program) -> Self {
        Self::try_connect(scenario, server).unwrap_or_else(|error| {
            scenario.fail(message!("one more client is welcomed"), explain(&error))
        })
    }

    fn try_connect(scenario: &Scenario, server: &Program) -> io::Result<Self> {
        let mut stream = Self::open(scenario, server)?;
        scenario.step(message!(
            "{client} connects, and waits for its welcome",
            client = stream.name()
        ));
        stream.hear(b'\n')?;
        Ok(stream)
    }

    /// Connects, and receives nothing.
    pub(crate) fn open(scenario: &Scenario, server: &Program) -> io::Result<Self> {
        let socket = TcpStream::connect_timeout(&server.address(), scenario.limit())?;
        socket.set_read_timeout(Some(scenario.limit()))?;
        socket.set_write_timeout(Some(scenario.limit()))?;
        let peer = socket.local_addr()?;
        let socket = BufReader::with_capacity(1 << 17, Prompt(socket));
        Ok(Self {
            scenario: scenario.clone(),
            socket,
            peer,
        })
    }

    /// What the transcript calls it: a letter, as soon as it is mentioned.
    pub(crate) fn name(&self) -> Party {
        self.scenario.client(self.peer)
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        let socket = self.socket.get_ref().0.try_clone()?;
        Ok(Self {
            scenario: self.scenario.clone(),
            socket: BufReader::with_capacity(1 << 17, Prompt(socket)),
            peer: self.peer,
        })
    }

    pub(crate) fn say(&mut self, lines: &[u8]) -> io::Result<()> {
        self.socket.get_mut().0.write_all(lines)
    }

    /// How long a receive may wait from now on.
    pub(crate) fn set_patience(&self, patience: Duration) -> io::Result<()> {
        self.socket.get_ref().0.set_read_timeout(Some(patience))
    }

    /// Another handle to the socket, with which another thread's receive can be ended.
    pub(crate) fn handle(&self) -> io::Result<TcpStream> {
        self.socket.get_ref().0.try_clone()
    }

    /// Receives until this byte has come, and returns what has come.
    pub(crate) fn hear(&mut self, last: u8) -> io::Result<Vec<u8>> {
        let mut heard = Vec::new();
        self.socket.read_until(last, &mut heard)?;
        if heard.last() != Some(&last) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(heard)
    }
}

/// What went wrong, in plain words.
pub(crate) fn explain(error: &io::Error) -> Argument {
    match error.kind() {
        _ if harness::is_timeout(error) => message!("nothing came in time").into(),
        ErrorKind::UnexpectedEof => message!("the end of the stream").into(),
        _ => error.into(),
    }
}
