//! Lesson 01: a TCP client.
//!
//! `lesson-01 [ADDR] [MESSAGE]` connects to a server, sends one message, receives
//! one reply, prints it and ends. The text on the wire is GBK.

use std::env;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, bail};
use encoding_rs::GBK;
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: lesson-01 [ADDR] [MESSAGE]
  ADDR     IP:PORT of the server, default 127.0.0.1:9090 (IPv6: [::1]:9090)
  MESSAGE  what to send, not empty, default hello";

fn main() -> anyhow::Result<()> {
    // ANCHOR: address
    let argument = env::args_os().nth(1).unwrap_or("127.0.0.1:9090".into());
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;
    // ANCHOR_END: address
    let message = env::args_os().nth(2).unwrap_or("hello".into());
    let message = message.to_string_lossy();
    if message.is_empty() {
        // With nothing sent, both ends would wait for the other for ever.
        bail!("cannot send an empty message\n{USAGE}");
    }

    // ANCHOR: encode
    // A socket carries bytes, not text. Where GBK has no bytes for a character,
    // encoding_rs would put `&#128512;` in its place: better to send nothing.
    let (bytes, _, unencodable) = GBK.encode(&message);
    if unencodable {
        bail!("cannot send {message:?} to {address}: GBK cannot encode all of it");
    }
    // ANCHOR_END: encode

    // ANCHOR: create
    // Step 1: create the socket. STREAM means TCP; the domain is IPv4 or IPv6.
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)
        .context("cannot create a socket")?;
    // ANCHOR_END: create

    // ANCHOR: connect
    // Step 2: connect. The kernel gives the client an address and a port of its own.
    socket
        .connect(&address.into())
        .with_context(|| format!("cannot connect to {address}"))?;
    let mut stream: TcpStream = socket.into();
    // ANCHOR_END: connect

    // ANCHOR: send
    // Step 3: send. `write_all` goes on until the kernel has taken every byte.
    stream
        .write_all(&bytes)
        .with_context(|| format!("cannot send to {address}"))?;
    // ANCHOR_END: send

    // ANCHOR: receive
    // Step 4: receive once. 1024 is the most that we take, not what we wait for.
    let mut buffer = [0; 1024];
    let length = stream
        .read(&mut buffer)
        .with_context(|| format!("cannot receive from {address}"))?;
    if length == 0 {
        bail!("no reply from {address}: the server has closed the connection");
    }
    let (reply, _) = GBK.decode_without_bom_handling(&buffer[..length]);
    println!("{reply}");

    // Step 5: close.
    drop(stream);
    Ok(())
    // ANCHOR_END: receive
}
