//! Exercise 01: the whole answer.
//!
//! `exercise-01 ADDR MESSAGE` sends the message, says that it has no more to send,
//! receives until the server has no more to say, and prints the whole answer.
//! The text on the wire is GBK.

use std::env;
use std::net::SocketAddr;

use anyhow::{Context, bail};

const USAGE: &str = "usage: exercise-01 ADDR MESSAGE
  ADDR     IP:PORT of the server, such as 127.0.0.1:9090 (IPv6: [::1]:9090)
  MESSAGE  what to send; it may be empty";

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).context(USAGE)?;
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;
    let message = env::args_os().nth(2).context(USAGE)?;
    let message = message.to_string_lossy();

    // TODO: encode the message in GBK. If GBK cannot hold all of it, say so and send nothing.

    // TODO: step 1, create the socket, and step 2, connect.
    // If that fails, say what was tried, and on which address.

    // TODO: step 3, send all of the message. Then say that nothing more will come, so that
    // the server need not wait for more: shut down your sending half, and only that.

    // TODO: step 4, receive until the end of the stream. The answer comes in pieces of any
    // size, and a piece may end in the middle of a character.

    // TODO: decode the answer, and print it. Empty is an answer, too.

    // TODO: step 5, close. And take out the line that says that this is not done.
    bail!("exercise-01 is not done yet: {message:?} was not sent to {address}");
}
