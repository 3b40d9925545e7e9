//! Exercise 01: the whole answer.
//!
//! `exercise-01 ADDR MESSAGE` sends the message, says that it has no more to send,
//! receives until the server has no more to say, and prints the whole answer.
//! The text on the wire is GBK.

use std::env;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use anyhow::{Context, bail};
use encoding_rs::GBK;
use socket2::{Domain, Socket, Type};

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

    // Before anything else: what cannot be encoded is not sent, not even half of it.
    let (bytes, _, unencodable) = GBK.encode(&message);
    if unencodable {
        bail!("cannot send {message:?} to {address}: GBK cannot encode all of it");
    }

    // Step 1: create the socket. STREAM means TCP; the domain is IPv4 or IPv6.
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)
        .context("cannot create a socket")?;

    // Step 2: connect. The kernel gives the client an address and a port of its own.
    socket
        .connect(&address.into())
        .with_context(|| format!("cannot connect to {address}"))?;
    let mut stream: TcpStream = socket.into();

    // Step 3: send. `write_all` goes on until the kernel has taken every byte.
    stream
        .write_all(&bytes)
        .with_context(|| format!("cannot send to {address}"))?;

    // Step 3b: shut down the sending half. The server receives the end of the stream, and
    // knows that it has the whole message. The other half stays open, for the answer.
    stream
        .shutdown(Shutdown::Write)
        .with_context(|| format!("cannot end the message to {address}"))?;

    // Step 4: receive, again and again, until the server has ended its half, too. Where one
    // piece ends and the next begins means nothing: only all the bytes are the answer.
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .with_context(|| format!("cannot receive from {address}"))?;

    // Decoded at last, and at once: a piece might end in the middle of a character.
    let (text, _) = GBK.decode_without_bom_handling(&answer);
    println!("{text}");

    // Step 5: close.
    drop(stream);
    Ok(())
}
