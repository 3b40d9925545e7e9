//! The peer for programs that are clients.

use crate::connection::Connection;
use crate::log::Log;
use crate::message;
use crate::message::{Argument, Party};
use socket2::{Domain, SockAddr, Socket, Type};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

/// A listener of the test.
pub struct Listener {
    log: Log,
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    #[track_caller]
    pub(crate) fn new(log: &Log, address: &str) -> Self {
        match Self::bind(log, address) {
            Ok(listener) => listener,
            Err(error) => log.fail(message!("the test can listen on {address}", address), error),
        }
    }

    #[track_caller]
    pub(crate) fn if_free(log: &Log, address: &str) -> Option<Self> {
        match Self::bind(log, address) {
            Ok(listener) => Some(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => None,
            Err(error) => log.fail(message!("the test can listen on {address}", address), error),
        }
    }

    /// Listens for connections with small buffers: about 30 KB fit into the buffers of both
    /// ends until the test receives.
    #[track_caller]
    pub(crate) fn with_small_buffers(log: &Log) -> Self {
        let open = || {
            // Connections inherit both options of a listener.
            let socket = small_buffer_socket()?;
            socket.listen(128)?;
            Self::of(log, socket.into())
        };
        match open() {
            Ok(listener) => listener,
            Err(error) => log.fail(
                message!("the test can listen with a small receive buffer"),
                error,
            ),
        }
    }

    fn bind(log: &Log, address: &str) -> io::Result<Self> {
        Self::of(log, TcpListener::bind(address)?)
    }

    fn of(log: &Log, socket: TcpListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        log.step(message!("the test's server listens on {address}", address));
        Ok(Self {
            log: log.clone(),
            socket,
            address,
        })
    }

    /// The address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn name(&self) -> Party {
        Party::new(message!("the test's server"), self.address)
    }

    /// Waits for a connection from the program.
    #[track_caller]
    pub fn accept(&self) -> Connection {
        let waited = self.log.wait_until(
            message!("the program connects to {server}", server = self.name()),
            || match self.socket.accept() {
                Ok((stream, _)) => Some(Ok(stream)),
                Err(error) if error.kind() != ErrorKind::WouldBlock => {
                    Some(Err(Argument::from(error)))
                }
                Err(_) if self.log.is_over() => Some(Err(message!("the program has ended").into())),
                Err(_) => None,
            },
            || message!("no connection").into(),
        );
        match waited {
            Ok(stream) => Connection::new(&self.log, stream, Some(self.name())),
            Err(error) => self.log.fail(
                message!("the program connects to {server}", server = self.name()),
                error,
            ),
        }
    }

    /// Serves a client of the test's own, and closes first, so that the connection leaves the
    /// port in `TIME_WAIT`. Expects that nobody else has connected before.
    #[track_caller]
    pub fn serve_own_client(&self) {
        self.log.step(message!(
            "a client of the test connects to {server}, which serves it",
            server = self.name()
        ));
        let served =
            TcpStream::connect_timeout(&self.address, self.log.limit()).and_then(|mut client| {
                // The connection is in the queue when `connect` returns.
                let (server, peer) = self.socket.accept()?;
                if client.local_addr()? != peer {
                    return Ok(Some(peer));
                }
                drop(server);
                client.set_read_timeout(Some(self.log.limit()))?;
                client.read_to_end(&mut Vec::new())?;
                Ok(None)
            });
        let expected = message!(
            "no other client than the test's connects to {server}",
            server = self.name()
        );
        match served {
            Ok(None) => {}
            Ok(Some(peer)) => self.log.fail(
                expected,
                message!(
                    "{peer} has connected: does the program connect to find out whether \
                     somebody listens?",
                    peer
                ),
            ),
            Err(error) => self.log.fail(expected, error),
        }
    }

    /// Expects that nothing was sent here: no client has connected, or it left without sending.
    /// Call this after the program has ended; before that it would prove nothing.
    #[track_caller]
    pub fn expect_nothing(&self) {
        self.log.step(message!("expect that nothing was sent"));
        match self.socket.accept() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => self.log.fail(message!("the test can accept"), error),
            Ok((stream, _)) => {
                let server = Some(self.name());
                let bytes = Connection::new(&self.log, stream, server).expect_gone();
                if !bytes.is_empty() {
                    self.log.fail(message!("nothing was sent"), &bytes);
                }
            }
        }
    }
}

/// A socket on a free loopback port whose connections take little of what the other side sends
/// until it is received. The kernel raises the receive buffer of 1 byte to the minimum that it
/// allows; and its limit for the send buffer of the other side grows with the segment size, of
/// which 536 bytes is the smallest usual one.
///
/// # Errors
///
/// If the system refuses the socket or one of the options.
pub fn small_buffer_socket() -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_recv_buffer_size(1)?;
    #[cfg(unix)]
    socket.set_tcp_mss(536)?;
    socket.bind(&SocketAddr::from((loopback_without_past(), 0)).into())?;
    Ok(socket)
}

/// An address of this machine about which the kernel remembers nothing. The kernel keeps metrics
/// of past connections for each pair of addresses (`ip tcp_metrics`), and a connection between a
/// pair with a record of much reordering gets a send buffer 30 times as large. On Linux all of
/// 127.0.0.0/8 is loopback; other systems have only 127.0.0.1.
fn loopback_without_past() -> Ipv4Addr {
    if !cfg!(target_os = "linux") {
        return Ipv4Addr::LOCALHOST;
    }
    // The hasher is seeded at random. Each number has three digits, so that a transcript always
    // has the same length, and the address is never the network or the broadcast address.
    let random = RandomState::new().build_hasher().finish().to_be_bytes();
    let [second, third, fourth] = [random[0], random[1], random[2]].map(|byte| 100 + byte % 150);
    Ipv4Addr::new(127, second, third, fourth)
}

/// A port that is bound but has no listener: connections are refused as long as this value
/// lives. (A port that was free a moment ago may belong to another process by now.)
pub struct Refusing {
    _socket: Socket,
    address: SocketAddr,
}

impl Refusing {
    #[track_caller]
    pub(crate) fn new(log: &Log) -> Self {
        let held = Socket::new(Domain::IPV4, Type::STREAM, None).and_then(|socket| {
            socket.bind(&SockAddr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))))?;
            let address = socket.local_addr()?.as_socket();
            Ok((
                address.ok_or_else(|| io::Error::other(message!("no IP address")))?,
                socket,
            ))
        });
        match held {
            Ok((address, socket)) => {
                log.step(message!(
                    "the test holds {address}, and does not listen on it",
                    address
                ));
                Self {
                    _socket: socket,
                    address,
                }
            }
            Err(error) => log.fail(message!("the test can have a port"), error),
        }
    }

    /// The address that has no listener.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
