//! Asks the kernel for one end of a connection, as `ss` does. It finds it at once. For
//! `/proc/net/tcp` it goes through a list whose length depends on the machine's memory (262,144
//! places with 24 GB: 1.6 ms, and as much again for IPv6), also in a new network.
//!
//! The messages are those of `sock_diag(7)`, behind the header of `netlink(7)`. Numbers are in
//! the byte order of this machine, except for ports, which are in that of the network.

use super::{Socket, State};
use crate::lock::lock;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::netlink::SOCK_DIAG;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Mutex;

/// `SOCK_DIAG_BY_FAMILY`: the type of a request, and of an answer that has found the socket.
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST`.
const REQUEST: u16 = 1;
const TCP: u8 = 6;
/// The length of the header of a message, in bytes.
const HEADER: usize = 16;
/// The length of a request (`inet_diag_req_v2`) with its header.
const ASKED: usize = HEADER + 56;
/// The length of an answer (`inet_diag_msg`) with its header.
const ANSWERED: usize = HEADER + 72;

/// The end of a connection that has these addresses; `None` if it does not exist, or if this
/// system does not answer such requests.
pub(super) fn find(local: SocketAddr, remote: SocketAddr) -> Option<Socket> {
    let mut answer = [0; ANSWERED];
    let length = ask(&request(local, remote), &mut answer).ok()?;
    // An error message is shorter.
    if length < ANSWERED || u16::from_ne_bytes(part(&answer, 4)) != BY_FAMILY {
        return None;
    }
    let group = u16::from(answer[HEADER]);
    let port = |at| u16::from_be_bytes(part(&answer, at));
    let address = |at| {
        let address = if group == AddressFamily::INET.as_raw() {
            IpAddr::V4(Ipv4Addr::from(part::<4>(&answer, at)))
        } else {
            IpAddr::V6(Ipv6Addr::from(part::<16>(&answer, at)))
        };
        // A server that listens on `::` may have IPv4 clients.
        address.to_canonical()
    };
    let number = |at| u32::from_ne_bytes(part(&answer, at));
    // If the connection is gone, the kernel returns the listener on that address.
    let found = [
        SocketAddr::new(address(HEADER + 8), port(HEADER + 4)),
        SocketAddr::new(address(HEADER + 24), port(HEADER + 6)),
    ];
    if found != [local, remote] {
        return None;
    }
    Some(Socket {
        local,
        remote,
        state: State::from_number(answer[HEADER + 1])?,
        receive_queue: number(HEADER + 56),
        send_queue: number(HEADER + 60),
        inode: u64::from(number(HEADER + 68)),
    })
}

/// The message that asks for the socket with these addresses.
fn request(local: SocketAddr, remote: SocketAddr) -> [u8; ASKED] {
    let group = match local {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let mut request = [0; ASKED];
    let mut put = |at: usize, bytes: &[u8]| {
        request[at..at + bytes.len()].copy_from_slice(bytes);
    };
    // The header: length, type and flags; the sequence number and the sender may be 0.
    put(0, &u32::try_from(ASKED).unwrap_or_default().to_ne_bytes());
    put(4, &BY_FAMILY.to_ne_bytes());
    put(6, &REQUEST.to_ne_bytes());
    let [low, _] = group.as_raw().to_le_bytes();
    put(HEADER, &[low, TCP]);
    // Sockets in any state.
    put(HEADER + 4, &u32::MAX.to_ne_bytes());
    put(HEADER + 8, &local.port().to_be_bytes());
    put(HEADER + 10, &remote.port().to_be_bytes());
    for (at, address) in [(HEADER + 12, local.ip()), (HEADER + 28, remote.ip())] {
        match address {
            IpAddr::V4(address) => put(at, &address.octets()),
            IpAddr::V6(address) => put(at, &address.octets()),
        }
    }
    // Sockets with any cookie.
    put(HEADER + 48, &[0xff; 8]);
    request
}

/// The socket for all requests. The kernel frees closed sockets late, so a test that polls with
/// a new one each time would leave thousands of them.
static SOCKET: Mutex<Option<OwnedFd>> = Mutex::new(None);

/// Sends a request, and receives the answer, which is available as soon as the send returns.
fn ask(request: &[u8], answer: &mut [u8]) -> Result<usize, Errno> {
    let mut kept = lock(&SOCKET);
    let socket = match kept.take() {
        Some(socket) => socket,
        None => socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            Some(SOCK_DIAG),
        )?,
    };
    send(&socket, request, SendFlags::empty())?;
    let (length, _) = recv(&socket, answer, RecvFlags::DONTWAIT)?;
    // Keep the socket only if nothing failed: no old answer may be left for the next request.
    *kept = Some(socket);
    Ok(length)
}

/// `N` bytes of a message, from the offset `at`.
fn part<const N: usize>(message: &[u8], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&message[at..at + N]);
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind, Write};
    use std::net::{TcpListener, TcpStream};

    /// Asserts that an answer agrees with the table, and that a missing socket is not found.
    fn assert_found(listens: &str, connects_to: IpAddr) -> Result<(), Error> {
        let listener = TcpListener::bind((listens, 0))?;
        let port = listener.local_addr()?.port();
        let mut client = TcpStream::connect((connects_to, port))?;
        let (local, remote) = (client.local_addr()?, client.peer_addr()?);
        client.write_all(b"hello")?;
        let found = find(remote, local).ok_or(ErrorKind::NotFound)?;
        assert_eq!((found.local, found.remote), (remote, local));
        assert_eq!(found.state, State::Established);
        assert_eq!((found.receive_queue, found.send_queue), (5, 0));
        assert_eq!(found.inode, 0, "nobody has accepted it");
        let (server, _) = listener.accept()?;
        let found = find(remote, local).ok_or(ErrorKind::NotFound)?;
        assert_ne!(found.inode, 0);
        let mut rows = super::super::table().into_iter();
        let row = rows.find(|row| row.inode == found.inode);
        let row = row.ok_or(ErrorKind::NotFound)?;
        assert_eq!((row.state, row.receive_queue), (found.state, 5));
        assert!(find(local, remote).is_some_and(|end| end.state == State::Established));
        drop(client);
        let state = |end: Option<Socket>| end.map(|end| end.state);
        assert_eq!(state(find(remote, local)), Some(State::CloseWait));
        // Its FIN may or may not have been acknowledged by now; either way the end exists.
        assert!(find(local, remote).is_some());
        // Data is still unread, so this sends a reset: both ends are gone, and the listener stays.
        drop(server);
        assert_eq!(state(find(remote, local)), None);
        assert_eq!(state(find(local, remote)), None);
        Ok(())
    }

    #[test]
    fn an_end_is_found_as_the_table_shows_it() -> Result<(), Error> {
        assert_found("127.0.0.1", Ipv4Addr::LOCALHOST.into())?;
        if TcpListener::bind("[::]:0").is_err() {
            crate::skip::skip("there is no IPv6");
            return Ok(());
        }
        assert_found("::1", Ipv6Addr::LOCALHOST.into())?;
        assert_found("::", Ipv4Addr::LOCALHOST.into())
    }
}
