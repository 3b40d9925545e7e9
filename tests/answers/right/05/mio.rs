//! Exercise 05: chat, in one thread, without ever waiting for a client.

use std::collections::HashMap;
use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const LISTENER: Token = Token(0);
/// How many bytes may wait for a client. Who has more does not read, and has to go.
const MOST: usize = 8 << 20;

struct Client {
    stream: TcpStream,
    peer: SocketAddr,
    /// What has come since the last `\n`.
    incoming: Vec<u8>,
    /// What the kernel has not taken yet.
    outgoing: Vec<u8>,
    offline: bool,
}

impl Client {
    /// Sends what the kernel takes now.
    fn send(&mut self) {
        let mut sent = 0;
        while sent < self.outgoing.len() {
            match self.stream.write(&self.outgoing[sent..]) {
                Ok(length) => sent += length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {
                    self.offline = true;
                    break;
                }
            }
        }
        self.outgoing.drain(..sent);
    }

    /// Receives what is there, and returns the complete lines.
    fn receive(&mut self) -> Vec<Vec<u8>> {
        let mut buffer = [0; 16384];
        let mut lines = Vec::new();
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.offline = true,
                Ok(length) => {
                    let mut pieces = buffer[..length].split(|&byte| byte == b'\n');
                    // There is always a first piece; each further one begins a line.
                    self.incoming.extend(pieces.next().unwrap_or_default());
                    for piece in pieces {
                        lines.push(std::mem::replace(&mut self.incoming, piece.to_vec()));
                    }
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.offline = true,
            }
            if !self.incoming.is_empty() {
                lines.push(std::mem::take(&mut self.incoming));
            }
            break;
        }
        lines
    }
}

fn main() -> anyhow::Result<()> {
    let address: SocketAddr = env::args().nth(1).unwrap_or_default().parse()?;
    let mut listener = TcpListener::bind(address)?;
    let mut poll = Poll::new()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("listening on {}", listener.local_addr()?);

    let mut clients: HashMap<Token, Client> = HashMap::new();
    let mut next = 1;
    let mut events = Events::with_capacity(128);
    loop {
        if let Err(error) = poll.poll(&mut events, None) {
            if error.kind() == ErrorKind::Interrupted {
                continue;
            }
            return Err(error.into());
        }
        for event in &events {
            if event.token() == LISTENER {
                while let Some((stream, peer)) = accept(&listener) {
                    let token = Token(next);
                    next += 1;
                    let mut client = Client {
                        stream,
                        peer,
                        incoming: Vec::new(),
                        outgoing: format!("welcome {peer}\n").into_bytes(),
                        offline: false,
                    };
                    let both = Interest::READABLE | Interest::WRITABLE;
                    poll.registry().register(&mut client.stream, token, both)?;
                    client.send();
                    clients.insert(token, client);
                }
                continue;
            }
            let Some(client) = clients.get_mut(&event.token()) else {
                continue;
            };
            let peer = client.peer;
            if event.is_writable() {
                client.send();
            }
            for line in client.receive() {
                let line = [format!("{peer}: ").as_bytes(), &line, b"\n"].concat();
                tell(&mut clients, event.token(), &line);
            }
            // Who leaves may make others leave, if their queues are full.
            while let Some(token) = offline(&clients) {
                if let Some(gone) = clients.remove(&token) {
                    let line = format!("{} left\n", gone.peer);
                    tell(&mut clients, token, line.as_bytes());
                }
            }
        }
    }
}

/// The next client, if there is one.
fn accept(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    loop {
        match listener.accept() {
            Ok(accepted) => return Some(accepted),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            Err(error) if is_of_client(&error) => {}
            Err(error) => {
                eprintln!("cannot accept a connection: {error}");
                return None;
            }
        }
    }
}

fn is_of_client(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted
    )
}

fn offline(clients: &HashMap<Token, Client>) -> Option<Token> {
    let mut tokens = clients.iter();
    tokens
        .find(|(_, client)| client.offline)
        .map(|(&token, _)| token)
}

/// Tells everybody but one.
fn tell(clients: &mut HashMap<Token, Client>, sender: Token, line: &[u8]) {
    for (&token, client) in clients {
        if token != sender && !client.offline {
            client.outgoing.extend_from_slice(line);
            client.send();
            client.offline |= client.outgoing.len() > MOST;
        }
    }
}
