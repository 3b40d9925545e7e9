//! Exercise 03: back at once.
//!
//! `exercise-03 ADDR` serves one client and ends. Started again at once, it gets its port
//! again. Where another server listens on the port, it waits for that one, a second at most.

use std::env;
use std::net::SocketAddr;

use anyhow::{Context, bail};

const USAGE: &str = "usage: exercise-03 ADDR
  ADDR  IP:PORT to listen on, such as 127.0.0.1:9090 (IPv6: [::1]:9090)";

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).context(USAGE)?;
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;

    // TODO: step 1, create the socket. Step 1b, set the option that gives you a port of
    // which only old connections are left: before bind, and no other option.

    // TODO: step 2, bind to the address, and step 3, listen.

    // TODO: where the address is in use, and only then, say `waiting for ADDR` on stderr,
    // once, and try again from step 1. After a second, say that it is `in use`, and end.

    // TODO: say that you are `listening on` the address that the listener really has.

    // TODO: step 4, accept one client, and print `client connected: PEER`.

    // TODO: step 5, receive once, at most 1024 bytes, and print `PEER sent "TEXT"`: decoded
    // as GBK, and escaped (`{:?}`). Where nothing came, by the end of the stream or by a
    // reset, print `client offline: PEER`, and send no reply.

    // TODO: step 6, send `server: hello, client!`.

    // TODO: step 7, close both sockets. And take out the line that says that this is not done.
    bail!("exercise-03 is not done yet: it does not listen on {address}");
}
