//! Lesson 05: a thread for each client.
//!
//! `lesson-05 [ADDR]` gives every client a thread, which answers each message until
//! the client is offline. On Ctrl-C it takes no new clients, and the process ends
//! with the last of its threads: they hold it.

use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use encoding_rs::GBK;
#[cfg(unix)]
use signal_hook::{consts, iterator::Signals};
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: lesson-05 [ADDR]
  ADDR  IP:PORT to listen on, default 127.0.0.1:9090 (IPv6: [::1]:9090)";

const PORT_IN_USE: &str = "the port is in use
  Is another server running on it? End that one, or choose another port.
  If not, connections of a server that did not set SO_REUSEADDR are still in
  TIME_WAIT: wait (up to 60 s on Linux), or choose another port.";

// ANCHOR: shared
/// True after the first Ctrl-C. Threads share it; `SeqCst` is the safest order of memory.
static STOPPING: AtomicBool = AtomicBool::new(false);
// ANCHOR_END: shared

/// Steps 1 to 3, which do not change any more: create the socket, bind, listen.
fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    // Step 1: create the socket. STREAM means TCP; the domain is IPv4 or IPv6.
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)
        .context("cannot create a socket")?;

    // Step 1b: set the option, before bind. With it we get a port on which only old
    // connections are left, in TIME_WAIT; never, on Linux, one on which another server
    // listens. (On Windows the option would let others steal our port: leave it out.)
    #[cfg(not(windows))]
    socket
        .set_reuse_address(true)
        .context("cannot set SO_REUSEADDR")?;

    // Step 2: bind. Clients must know where to find the server.
    let cannot_listen = |error: io::Error| {
        let reason = match error.kind() {
            ErrorKind::AddrInUse => PORT_IN_USE,
            _ => "the system refuses it",
        };
        anyhow::Error::new(error).context(format!("cannot listen on {address}: {reason}"))
    };
    socket.bind(&address.into()).map_err(cannot_listen)?;

    // Step 3: listen. From now on the kernel completes connections by itself and
    // queues them, 128 and one more at most, until we accept them.
    socket.listen(128).map_err(cannot_listen)?;
    // From here on it is a listener of the standard library.
    Ok(socket.into())
}

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).unwrap_or("127.0.0.1:9090".into());
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;
    let listener = listen(address)?;
    stop_on_ctrl_c(listener.local_addr()?)?;
    println!("listening on {}", listener.local_addr()?);

    // ANCHOR: count
    // Each client's thread holds a clone of this, and drops it at its end, however it ends:
    // there are as many clients as there are clones.
    let connected = Arc::new(());
    // ANCHOR_END: count

    // ANCHOR: accept
    // A scope ends when all threads that were started in it have ended.
    thread::scope(|scope| {
        loop {
            // Step 4: accept. The client gets a socket of its own, the listener stays what it is.
            let (stream, peer) = match listener.accept() {
                // Ctrl-C has come: whatever `accept` has returned, the loop ends.
                _ if STOPPING.load(SeqCst) => break,
                Ok(accepted) => accepted,
                Err(error) if is_reset(&error) => continue, // The client is gone already.
                Err(error) => {
                    // Out of file descriptors, say. It would fail again at once: wait a little.
                    eprintln!("cannot accept a connection: {error}");
                    thread::sleep(Duration::from_millis(100));
                    continue;
                }
            };
            let counted = Arc::clone(&connected);
            println!("client connected: {peer}");
            // The new thread serves the client; this one goes back to accept the next.
            let work = move || serve(stream, peer, counted);
            if let Err(error) = thread::Builder::new().spawn_scoped(scope, work) {
                eprintln!("cannot start a thread for client {peer}: {error}");
                println!("client offline: {peer}");
            }
        }
        // ANCHOR_END: accept

        // ANCHOR: end
        // Step 7, once more: close the listener. New connections are refused from now on.
        drop(listener);
        let clients = Arc::strong_count(&connected) - 1; // One is our own.
        println!("shutting down: waiting for {clients} client(s)");
        // ANCHOR_END: end
        // The scope ends here: this thread waits for the threads of all clients.
    });
    Ok(())
}

// ANCHOR: serve
/// Serves one client, in a thread of its own, until it is offline.
fn serve(stream: TcpStream, peer: SocketAddr, counted: Arc<()>) {
    match answer(stream, peer) {
        Err(error) if !is_reset(&error) => eprintln!("cannot serve client {peer}: {error}"),
        _ => {}
    }
    // Uncount the client first, then print: whoever reads "offline" can rely on the count.
    drop(counted);
    println!("client offline: {peer}");
}
// ANCHOR_END: serve

// ANCHOR: answer
/// Answers each message.
fn answer(mut stream: TcpStream, peer: SocketAddr) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        // Step 5: receive. It returns as soon as anything has come, 1024 bytes at most.
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            // The client has ended the connection (FIN).
            // Step 7: close the client's socket. Returning drops `stream`, and that closes it.
            return Ok(());
        }

        // `{:?}` escapes control characters: a client must not steer our terminal.
        let (text, _) = GBK.decode_without_bom_handling(&buffer[..length]);
        println!("{peer} sent {text:?}");

        // Step 6: send. `write_all` goes on until the kernel has taken every byte.
        let (reply, _, _) = GBK.encode("server: hello, client!");
        stream.write_all(&reply)?;
    }
}
// ANCHOR_END: answer

// ANCHOR: wake
/// The first Ctrl-C (SIGINT, or SIGTERM, which `kill` sends) ends the loop that accepts; a
/// second one ends the process at once.
fn stop_on_ctrl_c(mut address: SocketAddr) -> anyhow::Result<()> {
    // A signal does not wake a thread that waits in `accept`; a connection does. So on Ctrl-C we
    // connect to ourselves. The socket for that is made now: later there might be no file
    // descriptor left for it.
    let waker = Socket::new(Domain::for_address(address), Type::STREAM, None)
        .context("cannot create a socket")?;
    let no_handler = "cannot set a handler for Ctrl-C";
    // It must not wait in connect (the queue may be full), or a second Ctrl-C would not be seen.
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
        // It does not wait, so it may return "in progress": the kernel goes on connecting. If it
        // fails (no local port is free, say), the next client wakes `accept`.
        let _ = waker.connect(&address.into());
    };

    // Signals go to an ordinary thread: code inside a signal handler may do almost nothing.
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
// ANCHOR_END: wake

// ANCHOR: reset
/// Whether the client has cut the connection (RST) instead of ending it (FIN).
fn is_reset(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, InvalidInput};
    let kind = error.kind();
    // InvalidInput comes from `accept` on macOS: the client left before its address was read.
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset) || kind == InvalidInput
}
// ANCHOR_END: reset
