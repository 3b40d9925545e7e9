//! A step of the project: a map that all clients share. Each message is a vote, and the answer
//! says how many votes it has now.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

// ANCHOR: share
type Votes = Mutex<HashMap<Vec<u8>, u64>>;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:9090")?;
    println!("listening on {}", listener.local_addr()?);
    let votes = Arc::new(Votes::default());
    loop {
        let (stream, peer) = listener.accept()?;
        // The clone is another handle to the same map.
        let votes = Arc::clone(&votes);
        thread::Builder::new().spawn(move || {
            if let Err(error) = count_votes(stream, &votes) {
                eprintln!("cannot serve client {peer}: {error}");
            }
        })?;
    }
}
// ANCHOR_END: share

// ANCHOR: lock
/// Counts each message as a vote. One receive is a message here, which is not true in general.
fn count_votes(mut stream: TcpStream, votes: &Votes) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Ok(()); // Offline.
        }
        let count = {
            let mut votes = votes.lock().unwrap_or_else(PoisonError::into_inner);
            let count = votes.entry(buffer[..length].to_vec()).or_default();
            *count += 1;
            *count
        };
        // The lock is free again. This may wait for the client, however long that takes.
        stream.write_all(format!("{count} vote(s)\n").as_bytes())?;
    }
}
// ANCHOR_END: lock
