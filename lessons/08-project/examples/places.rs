//! A step of the project: an echo server with two places. A third client is refused.

use std::io::{self, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

// ANCHOR: places
/// How many clients are served at once.
const MOST: usize = 2;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:9090")?;
    println!("listening on {}", listener.local_addr()?);
    // Each client's thread holds a clone of this: there are as many clients as clones.
    let places = Arc::new(());
    loop {
        let (mut stream, peer) = listener.accept()?;
        let clients = Arc::strong_count(&places) - 1; // One is our own.
        if clients == MOST {
            // So short a line fits into the empty send buffer: this does not wait. It fails
            // where the client has left, which is no harm. Then the stream is dropped.
            let _ = stream.write_all(b"full\n");
            continue;
        }
        let place = Arc::clone(&places);
        thread::Builder::new().spawn(move || {
            if let Err(error) = io::copy(&mut &stream, &mut &stream) {
                eprintln!("cannot serve client {peer}: {error}");
            }
            // However the client has left, its place is free now.
            drop(place);
        })?;
    }
}
// ANCHOR_END: places
