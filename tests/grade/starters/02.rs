//! Exercise 02: the whole question.
//!
//! `exercise-02 ADDR` listens, accepts one client, receives until the client has no more
//! to say, and replies how much that was. The text on the wire is GBK.

use std::env;
use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, bail};
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: exercise-02 ADDR
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

    // TODO: step 4, accept one client, and print `client connected: PEER`.

    // TODO: step 5, receive until the client has shut down its sending half: until then
    // nobody knows whether more comes. The pieces are of any size, and there may be none.

    // TODO: decode what came, all of it at once, and count the characters (`chars`).

    // TODO: step 6, send `C characters in B bytes`.

    // TODO: step 7, close both sockets. And take out the line that says that this is not done.
    drop(listener);
    bail!("exercise-02 is not done yet: nobody was served on {address}");
}

/// Creates a socket that listens.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(socket.into())
}
