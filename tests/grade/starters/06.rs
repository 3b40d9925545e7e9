//! Exercise 06: a polite end.
//!
//! `exercise-06 [ADDR]` echoes bytes, and says goodbye before it ends. What it has to do
//! exactly `cargo grade hint 06` says.

use std::env;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use anyhow::{Context, bail};
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: exercise-06 [ADDR]
  ADDR  IP:PORT to listen on, default 127.0.0.1:9090 (IPv6: [::1]:9090)";

/// Whether Ctrl-C has come.
static STOPPING: AtomicBool = AtomicBool::new(false);

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).unwrap_or("127.0.0.1:9090".into());
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;
    let listener = listen(address).with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    stop_on_ctrl_c(address)?;

    // TODO 1: print `listening on ADDR`, and accept clients in a loop, until STOPPING is set.
    // TODO 2: give each client a thread, which sends back all the bytes that it receives.
    // TODO 3: after a signal, close the listener; send `server: goodbye\n` to each client that
    //         has had a byte echoed, and only after all that was received from it is echoed.
    //         A thread that waits in `read` has to be woken first: which call does that from
    //         another thread?
    // TODO 4: end with status 0 within 2 s, also when a client is silent, or never reads.
    bail!("exercise-06 is not done yet: it could listen on {address}, and that is all");
}

/// Steps 1 to 3 of the lesson: create, bind, listen.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(socket.into())
}

/// Lets Ctrl-C (SIGINT, or SIGTERM) end the loop.
fn stop_on_ctrl_c(address: SocketAddr) -> anyhow::Result<()> {
    // No signal wakes a thread that waits in `accept`, but a connection does.
    let waker = Socket::new(Domain::for_address(address), Type::STREAM, None)
        .context("cannot create a socket")?;
    let stop = move || {
        STOPPING.store(true, SeqCst);
        // Where this fails, the listener is closed already: nobody is left to wake.
        let _ = waker.connect(&address.into());
    };
    ctrlc::set_handler(stop).context("cannot set a handler for Ctrl-C")
}
