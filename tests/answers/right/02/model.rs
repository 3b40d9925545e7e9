//! Exercise 02: the whole question.
//!
//! `exercise-02 ADDR` listens, accepts one client, receives until the client has no more
//! to say, and replies how much that was. The text on the wire is GBK.

use std::env;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use anyhow::Context;
use encoding_rs::GBK;
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
    println!("listening on {}", listener.local_addr()?);

    // Step 4: accept. The client gets a socket of its own, the listener stays what it is.
    let (stream, peer) = listener.accept().context("cannot accept a connection")?;
    println!("client connected: {peer}");
    serve(stream).with_context(|| format!("cannot serve client {peer}"))?;

    // Step 7, once more: close the listener.
    drop(listener);
    Ok(())
}

/// Creates a socket that listens.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(socket.into())
}

/// Receives a whole question and answers it.
fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    // Step 5: receive, again and again, until the client has shut down its sending half.
    // Nothing else says that the question is whole: not a short piece, and not a pause.
    let mut question = Vec::new();
    stream.read_to_end(&mut question)?;

    // Decoded at last, and at once: a piece might end in the middle of a character.
    let (text, _) = GBK.decode_without_bom_handling(&question);
    let characters = text.chars().count();

    // Step 6: send. The client listens still: it has closed only its other half.
    let reply = format!("{characters} characters in {} bytes", question.len());
    stream.write_all(reply.as_bytes())?;

    // Step 7: close the client's socket.
    drop(stream);
    Ok(())
}
