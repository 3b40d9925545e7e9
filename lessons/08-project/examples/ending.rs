//! A step of the project: an end that waits for answers, but not for ever. It echoes what two
//! clients send, until you press Enter.

use std::io;
use std::net::{Shutdown, TcpListener};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:9090")?;
    println!("listening on {}", listener.local_addr()?);
    // ANCHOR: threads
    // Nothing is ever sent over this channel. Each thread holds a sender until its end.
    let (running, all_done) = mpsc::channel::<()>();
    let mut streams = Vec::new();
    // Two clients and no more: how a server stops accepting is in lesson 05.
    for _ in 0..2 {
        let (stream, peer) = listener.accept()?;
        // A second handle to the same connection: this one is for the end.
        streams.push(stream.try_clone()?);
        let running = running.clone();
        thread::Builder::new().spawn(move || {
            if let Err(error) = io::copy(&mut &stream, &mut &stream) {
                eprintln!("cannot serve client {peer}: {error}");
            }
            // The other handle would keep the connection open. It fails where that has ended.
            let _ = stream.shutdown(Shutdown::Both);
            drop(running);
        })?;
    }
    // ANCHOR_END: threads
    println!("two clients are here: press Enter to end");
    io::stdin().read_line(&mut String::new())?;

    // ANCHOR: end
    // A thread that waits in `read` gets what has come, and then the end of the stream.
    for stream in &streams {
        // It fails where the connection has ended already.
        let _ = stream.shutdown(Shutdown::Read);
    }
    // Our own sender goes. When the last thread drops its own, `recv_timeout` returns at once:
    // there is nobody left who could send.
    drop(running);
    match all_done.recv_timeout(Duration::from_secs(1)) {
        Err(mpsc::RecvTimeoutError::Timeout) => println!("a client does not read: it is left"),
        _ => println!("all that had come is answered"),
    }
    // ANCHOR_END: end
    Ok(())
}
