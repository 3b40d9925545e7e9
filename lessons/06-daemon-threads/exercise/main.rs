//! Exercise 06: a polite end.
//!
//! `exercise-06 [ADDR]` echoes bytes, and says goodbye before it ends. What it has to do
//! exactly `cargo grade task 06` says.

use std::env;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use anyhow::{Context, bail};
#[cfg(unix)]
use signal_hook::{consts, iterator::Signals};
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

/// Lets Ctrl-C (SIGINT, or SIGTERM) end the loop, and a second one the process.
fn stop_on_ctrl_c(mut address: SocketAddr) -> anyhow::Result<()> {
    // No signal wakes a thread that waits in `accept`, but a connection does. Its
    // socket is made now: later there might be no file descriptor left for it.
    let waker = Socket::new(Domain::for_address(address), Type::STREAM, None)
        .context("cannot create a socket")?;
    // It must not wait: a connection that is not made at once would hold up the next signal.
    let no_handler = "cannot set a handler for Ctrl-C";
    waker.set_nonblocking(true).context(no_handler)?;
    // A listener on all addresses is reached on loopback. (Not every system can connect to
    // 0.0.0.0.)
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let stop = move || {
        if STOPPING.swap(true, SeqCst) {
            std::process::exit(130); // The second time. 130 is 128 + SIGINT, as in a shell.
        }
        // This fails where no port is left for it. Then the next client wakes `accept`.
        let _ = waker.connect(&address.into());
    };

    // Signals go to a thread of their own: in a signal handler almost nothing is allowed.
    #[cfg(windows)]
    ctrlc::set_handler(stop).context(no_handler)?;
    #[cfg(unix)]
    let mut signals = Signals::new([consts::SIGINT, consts::SIGTERM]).context(no_handler)?;
    #[cfg(unix)]
    std::thread::Builder::new()
        .spawn(move || signals.forever().for_each(|_| stop()))
        .context(no_handler)?;
    Ok(())
}
