//! Lesson 02: a TCP server for one client.
//!
//! `lesson-02 [ADDR]` listens, accepts one client, receives one message, sends one
//! reply and ends. The text on the wire is GBK.

use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use anyhow::Context;
use encoding_rs::GBK;
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: lesson-02 [ADDR]
  ADDR  IP:PORT to listen on, default 127.0.0.1:9090 (IPv6: [::1]:9090)";

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).unwrap_or("127.0.0.1:9090".into());
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;

    // Step 1: create the socket. STREAM means TCP; the domain is IPv4 or IPv6.
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)
        .context("cannot create a socket")?;

    // ANCHOR: bind
    // Step 2: bind. Clients must know where to find the server.
    let cannot_listen = || format!("cannot listen on {address}");
    socket.bind(&address.into()).with_context(cannot_listen)?;
    // ANCHOR_END: bind

    // ANCHOR: listen
    // Step 3: listen. From now on the kernel completes connections by itself and
    // queues them, 128 and one more at most, until we accept them.
    socket.listen(128).with_context(cannot_listen)?;
    let listener: TcpListener = socket.into();
    println!("listening on {}", listener.local_addr()?);
    // ANCHOR_END: listen

    // ANCHOR: accept
    // Step 4: accept. The client gets a socket of its own, the listener stays what it is.
    let (stream, peer) = loop {
        match listener.accept() {
            Err(error) if is_reset(&error) => {} // The client is gone already.
            accepted => break accepted.context("cannot accept a connection")?,
        }
    };
    println!("client connected: {peer}");
    match serve(stream, peer) {
        Err(error) if is_reset(&error) => println!("client offline: {peer}"),
        served => served.with_context(|| format!("cannot serve client {peer}"))?,
    }

    // Step 7, once more: close the listener.
    drop(listener);
    Ok(())
    // ANCHOR_END: accept
}

// ANCHOR: receive
/// Receives one message and answers it.
fn serve(mut stream: TcpStream, peer: SocketAddr) -> io::Result<()> {
    // Step 5: receive once. 1024 is the most that we take, not what we wait for.
    let mut buffer = [0; 1024];
    let length = stream.read(&mut buffer)?;
    if length == 0 {
        // The client has ended the connection (FIN) without a word.
        println!("client offline: {peer}");
        return Ok(());
    }

    // `{:?}` escapes control characters: a client must not steer our terminal.
    let (text, _) = GBK.decode_without_bom_handling(&buffer[..length]);
    println!("{peer} sent {text:?}");
    // ANCHOR_END: receive

    // ANCHOR: send
    // Step 6: send. `write_all` goes on until the kernel has taken every byte.
    let (reply, _, _) = GBK.encode("server: hello, client!");
    stream.write_all(&reply)?;

    // Step 7: close the client's socket.
    drop(stream);
    Ok(())
}
// ANCHOR_END: send

// ANCHOR: reset
/// Whether the client has cut the connection (RST) instead of ending it (FIN).
fn is_reset(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, InvalidInput};
    let kind = error.kind();
    // The last one comes from `accept` on macOS: the client has no address any more.
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset) || kind == InvalidInput
}
// ANCHOR_END: reset
