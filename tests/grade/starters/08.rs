//! Exercise 08: a server of your own, a key-value store.
//!
//! `exercise-08 [ADDR]` keeps values under keys for all its clients. What it has to do
//! exactly `cargo grade task 08` says.

use std::env;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use anyhow::{Context, bail};
#[cfg(unix)]
use signal_hook::{consts, iterator::Signals};
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: exercise-08 [ADDR]
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

    // TODO 1: print `listening on ADDR`, accept one client, and answer its requests: SET, GET,
    //         DEL and COUNT, and ERROR for all else. Keep the values in a HashMap.
    // TODO 2: give each client a thread, and share the map between the threads.
    // TODO 3: read whole lines, in whatever pieces they come, and never more than 4,096 bytes
    //         of one.
    // TODO 4: serve at most 100 clients at once, and refuse the next with an ERROR line.
    // TODO 5: after a signal, end with status 0 within 2 s; but first answer what was read.
    bail!("exercise-08 is not done yet: it could listen on {address}, and that is all");
}

/// Steps 1 to 3 of the lessons: create, bind, listen.
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
