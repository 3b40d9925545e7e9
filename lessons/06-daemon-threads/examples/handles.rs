//! A list of handles for clients who come and go: each is taken off when its thread ends.
//! All ends are in this program.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

// ANCHOR: entry
/// A second handle to the connection of each client who is there, by the client's number.
type Handles = Mutex<HashMap<u64, TcpStream>>;

fn lock(handles: &Handles) -> MutexGuard<'_, HashMap<u64, TcpStream>> {
    handles.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A client's place on the list. Its thread owns it.
struct Entry {
    handles: Arc<Handles>,
    number: u64,
}

impl Entry {
    fn new(handles: &Arc<Handles>, number: u64, stream: &TcpStream) -> io::Result<Self> {
        lock(handles).insert(number, stream.try_clone()?);
        let handles = Arc::clone(handles);
        Ok(Entry { handles, number })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        lock(&self.handles).remove(&self.number);
    }
}
// ANCHOR_END: entry

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let handles = Arc::new(Handles::default());
    let mut clients = Vec::new();
    for number in 1..=2 {
        clients.push(TcpStream::connect(listener.local_addr()?)?);
        let (stream, _) = listener.accept()?;
        // ANCHOR: thread
        let entry = Entry::new(&handles, number, &stream)?;
        thread::spawn(move || {
            if let Err(error) = io::copy(&mut &stream, &mut &stream) {
                eprintln!("cannot serve client {number}: {error}");
            }
            // `entry` is dropped here, and it would be if the thread had panicked.
            drop(entry);
        });
        // ANCHOR_END: thread
    }
    println!("handles on the list: {}", lock(&handles).len());

    // Client 1 ends its sending half, and waits until the server ends the other one.
    clients[0].shutdown(Shutdown::Write)?;
    io::copy(&mut &clients[0], &mut io::sink())?;
    println!("client 1 got the end of the stream");
    println!("handles on the list: {}", lock(&handles).len());

    // Client 2 says nothing. Its thread is woken by way of the list.
    for stream in lock(&handles).values() {
        // It fails where the connection has ended already.
        let _ = stream.shutdown(Shutdown::Read);
    }
    io::copy(&mut &clients[1], &mut io::sink())?;
    println!("client 2 got the end of the stream");
    println!("handles on the list: {}", lock(&handles).len());
    Ok(())
}
