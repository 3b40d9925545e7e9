//! Exercise 08: a server of your own, a key-value store.
//!
//! A thread for each client reads requests, one line after the other, and answers them. What
//! all threads share is behind locks, which are held for a look or an entry and never while
//! a client is waited for.

use std::collections::HashMap;
use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context;
#[cfg(unix)]
use signal_hook::{consts, iterator::Signals};
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: exercise-08 [ADDR]
  ADDR  IP:PORT to listen on, default 127.0.0.1:9090 (IPv6: [::1]:9090)";

/// The longest request, in bytes, without its `\n`.
const LONGEST: usize = 4096;

/// How many clients are served at once.
const MOST: usize = 100;

/// After a signal, how long clients may take to receive what is still to be answered.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether Ctrl-C has come.
static STOPPING: AtomicBool = AtomicBool::new(false);

/// What all threads share.
#[derive(Default)]
struct Shared {
    store: Mutex<HashMap<Vec<u8>, Vec<u8>>>,
    /// The streams of the clients who are there, by their numbers.
    clients: Mutex<HashMap<u64, TcpStream>>,
}

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

    let shared = Arc::new(Shared::default());
    // Each thread holds a sender until its end. When the last one is gone, so are they all.
    let (running, all_done) = channel::<()>();
    for number in 0.. {
        let stream = match listener.accept() {
            _ if STOPPING.load(SeqCst) => break,
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, say. It would fail again at once: wait a little.
                eprintln!("cannot accept a connection: {error}");
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        if !enter(&shared, number, &stream) {
            refuse(stream);
            continue;
        }
        let (thread_shared, running) = (Arc::clone(&shared), running.clone());
        let started = thread::Builder::new().spawn(move || {
            serve(&thread_shared, number, stream);
            drop(running);
        });
        if let Err(error) = started {
            eprintln!("cannot start a thread for a client: {error}");
            lock(&shared.clients).remove(&number);
        }
    }

    // New connections are refused from now on.
    drop(listener);
    // A thread that waits for its client to send receives the end of the stream, after all
    // that has come before. Sending is still possible.
    for stream in lock(&shared.clients).values() {
        // It fails where the connection has ended already.
        let _ = stream.shutdown(Shutdown::Read);
    }
    // Nobody sends here: this returns when all threads are gone, or when it takes too long. A
    // thread whose client does not read ends with the process.
    drop(running);
    let _ = all_done.recv_timeout(PATIENCE);
    Ok(())
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets a client in, if there is room.
fn enter(shared: &Shared, number: u64, stream: &TcpStream) -> bool {
    let Ok(stream) = stream.try_clone() else {
        return false;
    };
    let mut clients = lock(&shared.clients);
    let is_room = clients.len() < MOST;
    if is_room {
        clients.insert(number, stream);
    }
    is_room
}

/// Tells a client that there is no room for it. So short a line never waits.
fn refuse(mut stream: TcpStream) {
    // It fails where the client has left.
    let _ = stream.write_all(b"ERROR too many clients\n");
}

/// Serves one client until it is offline.
fn serve(shared: &Shared, number: u64, stream: TcpStream) {
    let mut reader = BufReader::new(stream);
    // However the connection ends, by FIN or by RST: the client is offline.
    while let Ok(Some(request)) = receive(&mut reader) {
        let (answer, goes_on) = match request {
            Request::Line(line) => (answer(&shared.store, &line), true),
            Request::TooLong => (b"ERROR the line is too long\n".to_vec(), false),
        };
        // No lock is held here, where a client that does not read makes us wait.
        if reader.get_mut().write_all(&answer).is_err() || !goes_on {
            break;
        }
    }
    // Another client has room before this one sees the end.
    lock(&shared.clients).remove(&number);
}

enum Request {
    /// A line, without its `\n`.
    Line(Vec<u8>),
    TooLong,
}

/// Receives the next request; `None` at the end of the stream.
fn receive(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut line = Vec::new();
    // No more than this is ever in memory, whatever a client sends.
    let most = LONGEST as u64 + 1;
    reader.by_ref().take(most).read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(Request::Line(line)));
    }
    // Half a request, and then the end, is no request.
    Ok((line.len() > LONGEST).then_some(Request::TooLong))
}

/// Carries out a request, and returns the line that answers it.
fn answer(store: &Mutex<HashMap<Vec<u8>, Vec<u8>>>, request: &[u8]) -> Vec<u8> {
    let request = request.strip_suffix(b"\r").unwrap_or(request);
    let (command, rest) = split(request);
    let mut store = lock(store);
    match (command, rest) {
        (b"SET", Some(rest)) => match split(rest) {
            (key, Some(value)) if !key.is_empty() => {
                store.insert(key.to_vec(), value.to_vec());
                b"OK\n".to_vec()
            }
            _ => b"ERROR usage: SET KEY VALUE\n".to_vec(),
        },
        (b"GET", Some(key)) if is_key(key) => match store.get(key) {
            Some(value) => [b"VALUE ", &value[..], b"\n"].concat(),
            None => b"NONE\n".to_vec(),
        },
        (b"DEL", Some(key)) if is_key(key) => match store.remove(key) {
            Some(_) => b"OK\n".to_vec(),
            None => b"NONE\n".to_vec(),
        },
        (b"COUNT", None) => format!("{}\n", store.len()).into_bytes(),
        _ => b"ERROR no such request\n".to_vec(),
    }
}

/// What is before the first space, and what is after it, if there is one.
fn split(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut parts = bytes.splitn(2, |&byte| byte == b' ');
    (parts.next().unwrap_or_default(), parts.next())
}

fn is_key(bytes: &[u8]) -> bool {
    !bytes.is_empty() && !bytes.contains(&b' ')
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
    thread::Builder::new()
        .spawn(move || signals.forever().for_each(|_| stop()))
        .context(no_handler)?;
    Ok(())
}
