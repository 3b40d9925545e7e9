//! Exercise 07: both ways at once.
//!
//! `exercise-07 ADDR` copies stdin to a server and what comes from the server to stdout, at
//! the same time. What it has to do exactly `cargo grade task 07` says.

use std::env;
use std::net::SocketAddr;

use anyhow::{Context, bail};

const USAGE: &str = "usage: exercise-07 ADDR
  ADDR  IP:PORT of the server, such as 127.0.0.1:9090 (IPv6: [::1]:9090)";

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).unwrap_or_default();
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;

    // TODO 1: connect.
    // TODO 2: in a thread of its own: send what comes on stdin, at once, whatever it is. At
    //         the end of stdin end the sending half, and only that.
    // TODO 3: in the main thread, meanwhile: print what the server sends, at once (stdout
    //         has a buffer of its own), until the server ends the connection.
    // TODO 4: exit with 0 only if all went well. A connection that is lost (RST), or that
    //         the server ends before the end of stdin, is an error: say so on stderr.
    bail!("exercise-07 is not done yet: it would connect to {address}");
}
