//! Exercise 04: nobody holds the queue.
//!
//! `exercise-04 ADDR` serves one client after the other, and tells each its number. Who
//! says nothing has to go, so that the others in the queue are served.

use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: exercise-04 ADDR
  ADDR  IP:PORT to listen on, such as 127.0.0.1:9090 (IPv6: [::1]:9090)";

/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_millis(500);

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).context(USAGE)?;
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;

    // Steps 1 to 3: create the socket, bind, listen.
    let listener = listen(address).with_context(|| format!("cannot listen on {address}"))?;
    println!("listening on {}", listener.local_addr()?);

    let mut number = 0;
    loop {
        // Step 4: accept. The client gets a socket of its own, the listener stays what it is.
        let (stream, peer) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, say. It would fail again at once: wait a little.
                eprintln!("cannot accept a connection: {error}");
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        // Counted at once: what comes of this client is another matter.
        number += 1;
        println!("client {number} connected: {peer}");
        // An error is the affair of this one client. The loop goes on, for the others.
        match serve(stream, number) {
            Ok(()) => {}
            Err(error) if is_reset(&error) => println!("client offline: {peer}"),
            Err(error) => eprintln!("cannot serve client {peer}: {error}"),
        }
    }
}

/// Creates a socket that listens.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(socket.into())
}

/// Receives one message and answers it, if it comes in time.
fn serve(mut stream: TcpStream, number: usize) -> io::Result<()> {
    // Step 5: receive once, and not for ever.
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut buffer = [0; 1024];
    let reply = match receive(&mut stream, &mut buffer) {
        // The client has ended the connection (FIN) without a word.
        Ok(0) => return Ok(()),
        Ok(_) => format!("you are client {number}"),
        Err(error) if is_timeout(&error) => "timeout".to_string(),
        Err(error) => return Err(error),
    };

    // Step 6: send. `write_all` goes on until the kernel has taken every byte.
    stream.write_all(reply.as_bytes())?;

    // Step 7: close the client's socket.
    drop(stream);
    Ok(())
}

/// Receives once. A receive with a time limit may be interrupted: then it begins again.
fn receive(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            received => return received,
        }
    }
}

/// Whether nothing has come in time.
fn is_timeout(error: &io::Error) -> bool {
    // Unix says the first, Windows the second.
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Whether the client has cut the connection (RST) instead of ending it (FIN).
fn is_reset(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionReset | ConnectionAborted | BrokenPipe
    )
}
