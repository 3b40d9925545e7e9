//! Lesson 05, the first step: a thread for each client.
//!
//! `threads [ADDR]` gives every client a thread, which answers each message until the
//! client is offline. It has no end of its own yet: Ctrl-C ends it, and its threads.

use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use encoding_rs::GBK;
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: threads [ADDR]
  ADDR  IP:PORT to listen on, default 127.0.0.1:9090 (IPv6: [::1]:9090)";

const PORT_IN_USE: &str = "the port is in use
  Is another server running on it? End that one, or choose another port.
  If not, connections of a server that did not set SO_REUSEADDR are still in
  TIME_WAIT: wait (up to 60 s on Linux), or choose another port.";

/// Steps 1 to 3, which do not change any more: create the socket, bind, listen.
fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    // Step 1: create the socket. STREAM means TCP; the domain is IPv4 or IPv6.
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)
        .context("cannot create a socket")?;

    // Step 1b: set the option, before bind. With it we get a port on which only old
    // connections are left, in TIME_WAIT; never, on Linux, one on which another server
    // listens. (On Windows the option would let others steal our port: leave it out.)
    #[cfg(not(windows))]
    socket
        .set_reuse_address(true)
        .context("cannot set SO_REUSEADDR")?;

    // Step 2: bind. Clients must know where to find the server.
    let cannot_listen = |error: io::Error| {
        let reason = match error.kind() {
            ErrorKind::AddrInUse => PORT_IN_USE,
            _ => "the system refuses it",
        };
        anyhow::Error::new(error).context(format!("cannot listen on {address}: {reason}"))
    };
    socket.bind(&address.into()).map_err(cannot_listen)?;

    // Step 3: listen. From now on the kernel completes connections by itself and
    // queues them, 128 and one more at most, until we accept them.
    socket.listen(128).map_err(cannot_listen)?;
    // From here on it is a listener of the standard library.
    Ok(socket.into())
}

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).unwrap_or("127.0.0.1:9090".into());
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;
    let listener = listen(address)?;
    println!("listening on {}", listener.local_addr()?);

    loop {
        // Step 4: accept. The client gets a socket of its own, the listener stays what it is.
        let (stream, peer) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(error) if is_reset(&error) => continue, // The client is gone already.
            Err(error) => {
                // Out of file descriptors, say. It would fail again at once: wait a little.
                eprintln!("cannot accept a connection: {error}");
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        println!("client connected: {peer}");
        // The new thread serves the client; this one goes back to accept the next.
        let work = move || serve(stream, peer);
        if let Err(error) = thread::Builder::new().spawn(work) {
            eprintln!("cannot start a thread for client {peer}: {error}");
            println!("client offline: {peer}");
        }
    }
}

/// Serves one client, in a thread of its own, until it is offline.
fn serve(stream: TcpStream, peer: SocketAddr) {
    match answer(stream, peer) {
        Err(error) if !is_reset(&error) => eprintln!("cannot serve client {peer}: {error}"),
        _ => {}
    }
    println!("client offline: {peer}");
}

/// Answers each message.
fn answer(mut stream: TcpStream, peer: SocketAddr) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        // Step 5: receive. It returns as soon as anything has come, 1024 bytes at most.
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            // The client has ended the connection (FIN).
            // Step 7: close the client's socket. Returning drops `stream`, and that closes it.
            return Ok(());
        }

        // `{:?}` escapes control characters: a client must not steer our terminal.
        let (text, _) = GBK.decode_without_bom_handling(&buffer[..length]);
        println!("{peer} sent {text:?}");

        // Step 6: send. `write_all` goes on until the kernel has taken every byte.
        let (reply, _, _) = GBK.encode("server: hello, client!");
        stream.write_all(&reply)?;
    }
}

/// Whether the client has cut the connection (RST) instead of ending it (FIN).
fn is_reset(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, InvalidInput};
    let kind = error.kind();
    // InvalidInput comes from `accept` on macOS: the client left before its address was read.
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset) || kind == InvalidInput
}
