//! Exercise 05: chat.
//!
//! `exercise-05 [ADDR]` passes on each line of a client to all the others. What it has to
//! do exactly `cargo grade task 05` says.

use std::env;
use std::io;
use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, bail};
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: exercise-05 [ADDR]
  ADDR  IP:PORT to listen on, default 127.0.0.1:9090 (IPv6: [::1]:9090)";

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).unwrap_or("127.0.0.1:9090".into());
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;
    let listener = listen(address).with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;

    // TODO 1: print `listening on ADDR`, and accept clients in a loop that never ends.
    // TODO 2: give each client a thread, which receives. First of all the client gets
    //         `welcome PEER\n`, where PEER is the client's own address.
    // TODO 3: keep a list of the clients that all threads can reach. Each line of a client
    //         goes to all the others as `PEER: LINE\n`. A line may come in pieces, and
    //         several may come at once.
    // TODO 4: when a client is offline, take it off the list, and tell the others
    //         `PEER left\n`.
    // TODO 5: a client that never reads must not hold up the others. A send to it waits
    //         sooner or later: who should be the one that waits?
    bail!("exercise-05 is not done yet: it could listen on {address}, and that is all");
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
