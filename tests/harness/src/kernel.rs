//! The kernel's information about the TCP sockets on this machine. Only Linux shows it.

#[cfg(target_os = "linux")]
mod sock_diag;

use std::fmt;
use std::net::SocketAddr;

/// Whether this system shows its table of TCP sockets; if not, prints that the test is skipped.
pub fn is_visible() -> bool {
    if !cfg!(target_os = "linux") {
        crate::skip::skip("only Linux shows the kernel's table of sockets");
    }
    cfg!(target_os = "linux")
}

/// A TCP state, named as `ss` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the states of RFC 9293, which explains them")]
pub enum State {
    Listen,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    LastAck,
    Closing,
    TimeWait,
    Closed,
}

#[cfg(target_os = "linux")]
impl State {
    /// The state for which the kernel uses this number.
    fn from_number(number: u8) -> Option<Self> {
        procfs::net::TcpState::from_u8(number).map(Self::from)
    }
}

#[cfg(target_os = "linux")]
impl From<procfs::net::TcpState> for State {
    fn from(state: procfs::net::TcpState) -> Self {
        use procfs::net::TcpState;
        match state {
            TcpState::Listen => Self::Listen,
            TcpState::SynSent => Self::SynSent,
            TcpState::SynRecv | TcpState::NewSynRecv => Self::SynReceived,
            TcpState::Established => Self::Established,
            TcpState::FinWait1 => Self::FinWait1,
            TcpState::FinWait2 => Self::FinWait2,
            TcpState::CloseWait => Self::CloseWait,
            TcpState::LastAck => Self::LastAck,
            TcpState::Closing => Self::Closing,
            TcpState::TimeWait => Self::TimeWait,
            TcpState::Close => Self::Closed,
        }
    }
}

/// A row of the kernel's table: one end of a connection, or a listener.
#[derive(Debug, Clone, Copy)]
pub struct Socket {
    /// This end's address.
    pub local: SocketAddr,
    /// The other end's address; port 0 for a listener.
    pub remote: SocketAddr,
    /// The state of this end.
    pub state: State,
    /// Bytes received and not yet read. For a listener: connections not yet accepted.
    pub receive_queue: u32,
    /// Bytes sent and not yet acknowledged.
    pub send_queue: u32,
    /// The number of the socket's inode; 0 if no process holds the socket.
    pub inode: u64,
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            local,
            remote,
            state,
            receive_queue,
            send_queue,
            ..
        } = self;
        write!(
            f,
            "{state:?} {local} to {remote} (receive queue {receive_queue}, send queue {send_queue})"
        )
    }
}

/// The sockets with this local port. The list is empty if the table cannot be read. While other
/// programs open and close sockets, one may be missing, or be there twice: the kernel gives the
/// table out in pieces.
pub fn sockets_of_port(port: u16) -> Vec<Socket> {
    let mut sockets = table();
    sockets.retain(|socket| socket.local.port() == port);
    sockets
}

/// The two ends of a connection on this machine: the one with this local address, and the other.
/// An end is `None` if it is gone, or if the kernel does not show it.
pub fn ends(local: SocketAddr, remote: SocketAddr) -> (Option<Socket>, Option<Socket>) {
    #[cfg(target_os = "linux")]
    {
        let known = (
            sock_diag::find(local, remote),
            sock_diag::find(remote, local),
        );
        if known.0.is_some() || known.1.is_some() {
            return known;
        }
    }
    // The connection is gone, or this system does not answer such requests.
    let (mut this, mut there) = (None, None);
    for socket in table() {
        if (socket.local, socket.remote) == (local, remote) {
            this = Some(socket);
        } else if (socket.local, socket.remote) == (remote, local) {
            there = Some(socket);
        }
    }
    (this, there)
}

#[cfg(target_os = "linux")]
fn table() -> Vec<Socket> {
    // If IPv6 is switched off, its table is missing.
    let rows = procfs::net::tcp().into_iter().flatten();
    let rows = rows.chain(procfs::net::tcp6().into_iter().flatten());
    rows.map(|row| Socket {
        local: row.local_address,
        remote: row.remote_address,
        state: row.state.into(),
        receive_queue: row.rx_queue,
        send_queue: row.tx_queue,
        inode: row.inode,
    })
    .collect()
}

#[cfg(not(target_os = "linux"))]
fn table() -> Vec<Socket> {
    Vec::new()
}

/// The sockets among the open files of a process; none if it has ended.
#[cfg(target_os = "linux")]
fn inodes_of(process: i32) -> Vec<u64> {
    use procfs::process::{FDTarget, Process};

    let files = Process::new(process).and_then(|process| process.fd());
    let files = files.into_iter().flatten().flatten();
    files
        .filter_map(|file| match file.target {
            FDTarget::Socket(inode) => Some(inode),
            _ => None,
        })
        .collect()
}

/// The process that listens on an address, if it is a descendant of this one: a shell script
/// starts the server as a child, and waits for it.
#[cfg(target_os = "linux")]
pub(crate) fn wrapped_server(process: u32, address: SocketAddr) -> Option<u32> {
    let mut tree = crate::orphans::tree(process.cast_signed());
    if tree.len() == 1 {
        return None;
    }
    let mut sockets = table().into_iter();
    let listener =
        sockets.find(|socket| socket.state == State::Listen && socket.local == address)?;
    tree.retain(|&pid| inodes_of(pid).contains(&listener.inode));
    // A server may hand its listener on to processes of its own.
    let first = tree.first()?.cast_unsigned();
    (first != process).then_some(first)
}

/// Only Linux shows it.
#[cfg(not(target_os = "linux"))]
pub(crate) fn wrapped_server(_process: u32, _address: SocketAddr) -> Option<u32> {
    None
}

/// The listeners among the open files of a process and of all its descendants.
#[cfg(target_os = "linux")]
pub fn listeners_of(process: u32) -> Vec<SocketAddr> {
    let tree = crate::orphans::tree(process.cast_signed());
    let inodes: Vec<u64> = tree.into_iter().flat_map(inodes_of).collect();
    let listeners = table()
        .into_iter()
        .filter(|socket| socket.state == State::Listen);
    listeners
        .filter(|socket| inodes.contains(&socket.inode))
        .map(|socket| socket.local)
        .collect()
}

/// The listeners of a process, which only Linux shows.
#[cfg(not(target_os = "linux"))]
pub fn listeners_of(_process: u32) -> Vec<SocketAddr> {
    Vec::new()
}
