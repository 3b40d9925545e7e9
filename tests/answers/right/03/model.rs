//! Exercise 03: back at once.
//!
//! `exercise-03 ADDR` serves one client and ends. Started again at once, it gets its port
//! again. Where another server listens on the port, it waits for that one, a second at most.

use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use encoding_rs::GBK;
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: exercise-03 ADDR
  ADDR  IP:PORT to listen on, such as 127.0.0.1:9090 (IPv6: [::1]:9090)";

/// How long to try for a port that is in use, and how long to wait between two tries.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(20);

const PORT_IN_USE: &str = "the port is in use
  Is another server running on it? End that one, or choose another port.
  If not, connections of a server that did not set SO_REUSEADDR are still in
  TIME_WAIT: wait (up to 60 s on Linux), or choose another port.";

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).context(USAGE)?;
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;

    // Steps 1 to 3, once more as long as the port is in use.
    let listener = wait_for_port(address).map_err(|error| cannot_listen(address, error))?;
    println!("listening on {}", listener.local_addr()?);

    // Step 4: accept. The client gets a socket of its own, the listener stays what it is.
    let (stream, peer) = listener.accept().context("cannot accept a connection")?;
    println!("client connected: {peer}");
    match serve(stream, peer) {
        Err(error) if is_reset(&error) => println!("client offline: {peer}"),
        served => served.with_context(|| format!("cannot serve client {peer}"))?,
    }

    // Step 7, once more: close the listener.
    drop(listener);
    Ok(())
}

/// Listens on the address. Where it is in use, tries again for a second.
fn wait_for_port(address: SocketAddr) -> io::Result<TcpListener> {
    let start = Instant::now();
    let mut has_told = false;
    loop {
        match listen(address) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && start.elapsed() < PATIENCE => {
                if !has_told {
                    eprintln!("waiting for {address}");
                    has_told = true;
                }
                thread::sleep(PAUSE);
            }
            done => return done,
        }
    }
}

/// Listens on the address, with a new socket.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    // Step 1: create the socket. STREAM means TCP; the domain is IPv4 or IPv6.
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;

    // Step 1b: set the option, before bind. With it we get a port on which only old
    // connections are left, in TIME_WAIT; never one on which another server listens.
    // (On Windows the same name means just that, stealing a port: leave it out.)
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;

    // Step 2: bind. Clients must know where to find the server.
    socket.bind(&address.into())?;

    // Step 3: listen. From now on the kernel completes connections by itself and
    // queues them, 128 and one more at most, until we accept them.
    socket.listen(128)?;
    Ok(socket.into())
}

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

    // Step 6: send. `write_all` goes on until the kernel has taken every byte.
    let (reply, _, _) = GBK.encode("server: hello, client!");
    stream.write_all(&reply)?;

    // Step 7: close the client's socket.
    drop(stream);
    Ok(())
}

/// Whether the client has cut the connection (RST) instead of ending it (FIN).
fn is_reset(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionReset | ConnectionAborted | BrokenPipe
    )
}

/// Says why the server does not get its port.
fn cannot_listen(address: SocketAddr, error: io::Error) -> anyhow::Error {
    let reason = match error.kind() {
        ErrorKind::AddrInUse => PORT_IN_USE,
        _ => "the system refuses it",
    };
    anyhow::Error::new(error).context(format!("cannot listen on {address}: {reason}"))
}
