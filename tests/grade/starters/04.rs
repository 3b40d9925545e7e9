//! Exercise 04: nobody holds the queue.
//!
//! `exercise-04 ADDR` serves one client after the other, and tells each its number. Who
//! says nothing has to go, so that the others in the queue are served.

use std::env;
use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, bail};
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: exercise-04 ADDR
  ADDR  IP:PORT to listen on, such as 127.0.0.1:9090 (IPv6: [::1]:9090)";

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).context(USAGE)?;
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;

    // Steps 1 to 3: create the socket, bind, listen.
    let listener = listen(address).with_context(|| format!("cannot listen on {address}"))?;

    // TODO: say that you are `listening on` the address that the listener really has.

    // TODO: for ever, step 4: accept a client, and count it, whatever comes of it.

    // TODO: step 5, receive once, at most 1024 bytes, and wait 500 ms at most: see
    // `set_read_timeout`. It is an error that says that the time is over, and it has two
    // names: `WouldBlock` on Unix, `TimedOut` on Windows. The error `Interrupted` only
    // says: try again.

    // TODO: step 6, send `you are client N`, or `timeout`, or nothing to one who has left
    // without a word. Then, step 7, close the client's socket.

    // TODO: a client that resets is an error as well. It must not end the loop.

    // And take out the line that says that this is not done.
    drop(listener);
    bail!("exercise-04 is not done yet: nobody was served on {address}");
}

/// Creates a socket that listens.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(socket.into())
}
