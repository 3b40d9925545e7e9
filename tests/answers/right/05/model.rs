//! Exercise 05: chat.
//!
//! Two threads for each client. One receives its lines and hands them to all the others;
//! the other one sends it what they have to say. Between them is a queue, so that only a
//! client's own thread ever waits for a client that does not read.

use std::collections::HashMap;
use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: exercise-05 [ADDR]
  ADDR  IP:PORT to listen on, default 127.0.0.1:9090 (IPv6: [::1]:9090)";

/// The longest line, its `\n` included.
const LONGEST: u64 = 65536 + 1;
/// How many lines may wait for a client. Who has more does not read, and has to go.
const QUEUE: usize = 1000;

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).unwrap_or("127.0.0.1:9090".into());
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;
    let listener = listen(address).with_context(|| format!("cannot listen on {address}"))?;
    println!("listening on {}", listener.local_addr()?);

    let room = Arc::new(Room::default());
    loop {
        // The address comes from `accept`: to ask a socket for its peer fails if that has
        // cut the connection meanwhile.
        let (stream, peer) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, say. It would fail again at once: wait a little.
                eprintln!("cannot accept a connection: {error}");
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        let room = Arc::clone(&room);
        let started = thread::Builder::new().spawn(move || {
            if let Err(error) = serve(stream, peer, &room) {
                eprintln!("cannot serve client {peer}: {error}");
            }
        });
        if let Err(error) = started {
            eprintln!("cannot start a thread for client {peer}: {error}");
        }
    }
}

/// A line for a client, ready to be sent. It is the same for all of them: none needs a copy.
type Line = Arc<Vec<u8>>;

/// Everybody who is there, by their addresses.
#[derive(Default)]
struct Room {
    clients: Mutex<HashMap<SocketAddr, Client>>,
}

struct Client {
    /// What waits to be sent to the client.
    queue: SyncSender<Line>,
    stream: TcpStream,
}

impl Room {
    fn lock(&self) -> MutexGuard<'_, HashMap<SocketAddr, Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a client in, and welcomes it.
    fn enter(&self, peer: SocketAddr, client: Client) {
        // Both under one lock: no line comes before the welcome, and none is lost after it.
        let mut clients = self.lock();
        let welcome = Arc::new(format!("welcome {peer}\n").into_bytes());
        // The queue is new: there is room in it.
        let _ = client.queue.try_send(welcome);
        clients.insert(peer, client);
    }

    /// Hands a line to all but its sender.
    fn say(&self, sender: SocketAddr, line: Vec<u8>) {
        let line = Arc::new(line);
        for (peer, client) in self.lock().iter() {
            // `try_send` never waits. Where the queue is full the client does not read: its
            // connection ends, its receiving thread notices that, and does the rest.
            if *peer != sender && client.queue.try_send(Arc::clone(&line)).is_err() {
                let _ = client.stream.shutdown(Shutdown::Both);
            }
        }
    }

    /// Lets a client out, and tells the others.
    fn leave(&self, peer: SocketAddr) {
        // With the queue's sender goes the thread that sends, once it has sent what is left;
        // and where it waits for the client, the shutdown ends that.
        if let Some(client) = self.lock().remove(&peer) {
            let _ = client.stream.shutdown(Shutdown::Both);
        }
        self.say(peer, format!("{peer} left\n").into_bytes());
    }
}

/// Serves one client until it is offline.
fn serve(stream: TcpStream, peer: SocketAddr, room: &Room) -> io::Result<()> {
    let (queue, lines) = sync_channel(QUEUE);
    let sending = stream.try_clone()?;
    let client = Client {
        queue,
        stream: stream.try_clone()?,
    };
    thread::Builder::new().spawn(move || send(sending, &lines))?;
    room.enter(peer, client);
    receive(stream, peer, room);
    room.leave(peer);
    Ok(())
}

/// Receives lines and hands them on, until the client is offline.
fn receive(stream: TcpStream, peer: SocketAddr, room: &Room) {
    // It keeps what came after a line until that is asked for, and asks for more where a
    // line is not complete.
    let mut reader = BufReader::new(stream);
    let head = format!("{peer}: ");
    loop {
        let mut line = head.clone().into_bytes();
        let received = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        // What there was before an error is in the line all the same.
        if line.len() > head.len() {
            if line.last() != Some(&b'\n') {
                // The last line, which has no end of its own (or one that is far too long).
                line.push(b'\n');
            }
            room.say(peer, line);
        }
        // However the connection has ended, by FIN or by RST: the client is offline.
        if matches!(received, Ok(0) | Err(_)) {
            return;
        }
    }
}

/// Sends a client its lines, one after the other. Here, and only here, somebody waits for
/// a client that does not read.
fn send(mut stream: TcpStream, lines: &Receiver<Line>) {
    for line in lines {
        if stream.write_all(&line).is_err() {
            // Offline: the receiving thread will notice as well.
            return;
        }
    }
}

/// Steps 1 to 3 of the lesson: create, bind, listen.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(socket.into())
}
