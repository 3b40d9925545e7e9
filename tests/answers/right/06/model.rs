//! Exercise 06: a polite end.
//!
//! A thread for each client echoes, and the same thread says goodbye: so the goodbye cannot
//! stand inside an echo. After a signal the main thread ends the receiving half of all
//! connections, which wakes the threads, and waits for them, but not for ever.

use std::collections::HashMap;
use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, RecvTimeoutError::Timeout, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
#[cfg(unix)]
use signal_hook::{consts, iterator::Signals};
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: exercise-06 [ADDR]
  ADDR  IP:PORT to listen on, default 127.0.0.1:9090 (IPv6: [::1]:9090)";

const GOODBYE: &[u8] = b"server: goodbye\n";

/// After a signal, how long a client that keeps on sending is still echoed.
const LAST_ECHOES: Duration = Duration::from_millis(200);
/// After a signal, how long we wait where no client takes any more of its echo.
const PATIENCE: Duration = Duration::from_millis(120);

/// Whether Ctrl-C has come.
static STOPPING: AtomicBool = AtomicBool::new(false);

/// How many pieces have been echoed, to whomever.
static ECHOES: AtomicU64 = AtomicU64::new(0);

/// The streams of all clients who are there.
type Streams = Arc<Mutex<HashMap<SocketAddr, TcpStream>>>;

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).unwrap_or("127.0.0.1:9090".into());
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;
    let listener = listen(address).with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    stop_on_ctrl_c(address)?;
    println!("listening on {address}");

    let streams = Streams::default();
    // Each thread holds a sender until its end. When the last one is gone, so are they all.
    let (running, all_done) = channel::<()>();
    loop {
        let (stream, peer) = match listener.accept() {
            _ if STOPPING.load(SeqCst) => break,
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, say. It would fail again at once: wait a little.
                eprintln!("cannot accept a connection: {error}");
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        let (streams, running) = (Arc::clone(&streams), running.clone());
        if let Ok(clone) = stream.try_clone() {
            lock(&streams).insert(peer, clone);
        }
        let started = thread::Builder::new().spawn(move || {
            if let Err(error) = serve(stream)
                && !is_reset(&error)
            {
                eprintln!("cannot serve client {peer}: {error}");
            }
            lock(&streams).remove(&peer);
            drop(running);
        });
        if let Err(error) = started {
            eprintln!("cannot start a thread for client {peer}: {error}");
        }
    }

    // New connections are refused from now on.
    drop(listener);
    // A thread that waits for its client to send receives the end of the stream, after all
    // that has come before. Sending is still possible.
    for stream in lock(&streams).values() {
        // It fails where the connection has ended already.
        let _ = stream.shutdown(Shutdown::Read);
    }
    // A thread whose client does not read may wait for ever: it ends with the process.
    drop(running);
    wait_for_echoes(&all_done);
    Ok(())
}

/// Waits until all threads are done, as long as some client still takes its echo.
fn wait_for_echoes(all_done: &Receiver<()>) {
    let mut before = ECHOES.load(SeqCst);
    while all_done.recv_timeout(PATIENCE) == Err(Timeout) {
        let now = ECHOES.load(SeqCst);
        if now == before {
            return;
        }
        before = now;
    }
}

/// Echoes until the client is offline, or until the server stops: then it says goodbye.
fn serve(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    let mut echoed = false;
    let mut stopping_since = None;
    loop {
        let length = match stream.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            length => length?,
        };
        if length == 0 {
            break; // The client has ended the connection, or the server stops.
        }
        stream.write_all(&buffer[..length])?;
        ECHOES.fetch_add(1, SeqCst);
        echoed = true;
        // What has come is echoed, but who never stops sending must not keep us.
        if STOPPING.load(SeqCst)
            && stopping_since.get_or_insert_with(Instant::now).elapsed() > LAST_ECHOES
        {
            break;
        }
    }
    if echoed && STOPPING.load(SeqCst) {
        stream.write_all(GOODBYE)?;
    }
    // The other handle to the stream does not keep the connection open.
    stream.shutdown(Shutdown::Both)
}

fn lock(
    streams: &Mutex<HashMap<SocketAddr, TcpStream>>,
) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, TcpStream>> {
    streams.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the client has cut the connection (RST) instead of ending it (FIN).
fn is_reset(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    matches!(
        error.kind(),
        ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected
    )
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
    thread::Builder::new()
        .spawn(move || signals.forever().for_each(|_| stop()))
        .context(no_handler)?;
    Ok(())
}
