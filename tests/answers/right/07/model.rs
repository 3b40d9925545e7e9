//! Exercise 07: both ways at once.
//!
//! One thread for each direction: so neither waits for the other, however full the buffers
//! between here and the server are. Each has one small buffer, whatever passes through.

use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

use anyhow::{Context, ensure};

const USAGE: &str = "usage: exercise-07 ADDR
  ADDR  IP:PORT of the server, such as 127.0.0.1:9090 (IPv6: [::1]:9090)";

/// Whether stdin has ended, and all of it is sent.
static ALL_SENT: AtomicBool = AtomicBool::new(false);

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).unwrap_or_default();
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;
    let stream =
        TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;

    // Nobody waits for this thread: where the server has ended the connection, it may well
    // still wait for stdin, and ends with the process.
    let sending = stream
        .try_clone()
        .context("cannot use the connection from two threads")?;
    thread::Builder::new()
        .spawn(move || {
            if let Err(error) = send(&sending) {
                eprintln!("cannot send stdin to {address}: {error}");
                process::exit(1);
            }
        })
        .context("cannot start a thread")?;

    copy(&stream, io::stdout().lock())
        .with_context(|| format!("cannot print what {address} sends"))?;
    ensure!(
        ALL_SENT.load(SeqCst),
        "{address} has ended the connection before the end of stdin"
    );
    Ok(())
}

/// Sends all that comes on stdin.
fn send(stream: &TcpStream) -> io::Result<()> {
    copy(io::stdin().lock(), stream)?;
    // In this order: the server may answer to the end at once, by its own.
    ALL_SENT.store(true, SeqCst);
    // The server receives the end of the stream, and can still send.
    stream.shutdown(Shutdown::Write)
}

/// Copies bytes as they come, until there are no more.
fn copy(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        to.write_all(&buffer[..length])?;
        // stdout keeps what comes after the last newline, until it is told not to.
        to.flush()?;
    }
}
