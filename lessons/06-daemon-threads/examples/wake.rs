//! Wakes threads that wait for their clients, and waits for the threads until a deadline.
//! All ends are in this program.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut clients = Vec::new();
    let mut streams = Vec::new();
    let (ended, endings) = channel();
    // Nobody in `clients` says or reads anything. Two threads wait for a word, and one
    // waits in `write_all`.
    for number in 1..=3 {
        clients.push(TcpStream::connect(listener.local_addr()?)?);
        let (mut stream, _) = listener.accept()?;
        // ANCHOR: thread
        // The main thread keeps a second handle to each socket.
        streams.push(stream.try_clone()?);
        let ended = ended.clone();
        thread::spawn(move || {
            let result = if number < 3 {
                stream.read(&mut [0; 1024]).map(|length| length.to_string())
            } else {
                stream
                    .write_all(&vec![0; 100_000_000])
                    .map(|()| "all".to_string())
            };
            let _ = ended.send((number, result));
        });
        // ANCHOR_END: thread
    }
    // ANCHOR: wake
    // What is left are the clones of the threads: when the last one is dropped, `endings`
    // is disconnected.
    drop(ended);

    for stream in &streams {
        // The thread's `read` returns 0. It can still send: this ends one direction alone.
        stream.shutdown(Shutdown::Read)?;
    }
    // One deadline for all: each wait gets what is left of it.
    let deadline = Instant::now() + Duration::from_millis(500);
    let mut reports = Vec::new();
    let outcome = loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match endings.recv_timeout(left) {
            Ok(report) => reports.push(report),
            Err(RecvTimeoutError::Disconnected) => break "all threads have ended",
            Err(RecvTimeoutError::Timeout) => break "the time is over: we leave the others",
        }
    };
    // ANCHOR_END: wake
    reports.sort_by_key(|(number, _)| *number);
    for (number, result) in reports {
        println!("thread {number}: {}", result?);
    }
    println!("{outcome}");
    Ok(())
}
