//! A list that threads share, and a queue for each client in it: one that never reads
//! keeps nobody else waiting. Both ends are in this program.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

// ANCHOR: list
/// The clients that are connected. One thread at a time gets at them.
type Clients = Arc<Mutex<HashMap<SocketAddr, Client>>>;

struct Client {
    stream: TcpStream,
    queue: SyncSender<Vec<u8>>,
}

/// How many messages may wait for a client.
const QUEUE: usize = 10;
// ANCHOR_END: list

// ANCHOR: enter
fn enter(clients: &Clients, stream: TcpStream, peer: SocketAddr) -> io::Result<()> {
    // A second handle to the same socket, for the thread that sends.
    let mut sending = stream.try_clone()?;
    let (queue, messages) = sync_channel::<Vec<u8>>(QUEUE);
    thread::spawn(move || {
        // Only this thread waits where the client does not read. The loop ends when the
        // queue's sending half has been dropped.
        for message in messages {
            if sending.write_all(&message).is_err() {
                return;
            }
        }
    });
    let mut locked = clients.lock().unwrap_or_else(PoisonError::into_inner);
    locked.insert(peer, Client { stream, queue });
    Ok(())
}
// ANCHOR_END: enter

// ANCHOR: tell
fn tell_all(clients: &Clients, message: &[u8]) {
    let mut locked = clients.lock().unwrap_or_else(PoisonError::into_inner);
    locked.retain(|_, client| {
        // `try_send` never waits: it fails where the queue is full.
        let is_there = client.queue.try_send(message.to_vec()).is_ok();
        if !is_there {
            println!("a queue is full: its client does not read, and is dropped");
            let _ = client.stream.shutdown(Shutdown::Both);
        }
        is_there
    });
}
// ANCHOR_END: tell

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let clients = Clients::default();
    let mut reads = TcpStream::connect(address)?;
    let never_reads = TcpStream::connect(address)?;
    for _ in 0..2 {
        let (stream, peer) = listener.accept()?;
        enter(&clients, stream, peer)?;
    }

    let message = vec![b'x'; 100_000];
    let mut received = vec![0; message.len()];
    for _ in 0..500 {
        tell_all(&clients, &message);
        reads.read_exact(&mut received)?;
    }
    println!("the client that reads has received 500 messages");
    drop(never_reads);
    Ok(())
}
