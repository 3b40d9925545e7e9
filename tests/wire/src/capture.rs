//! Records the TCP packets of the network namespace that this process is in.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use crate::packet::Packet;
use crate::recorded::{LOOK, Shared};

/// `ETH_P_ALL` of `linux/if_ether.h` in network order: packets of every protocol, in and out.
/// (One socket for IPv4 and another for IPv6 would not agree about the order of packets.)
const EVERY_PROTOCOL: u16 = 0x0003_u16.to_be();

/// A segment on loopback has up to 65,483 bytes.
const LONGEST: usize = 128 * 1024;

/// What the kernel may keep until it is read; it allows `net.core.rmem_max` at most.
const QUEUE: usize = 4 * 1024 * 1024;

/// A recording that is going on. It begins with the first packet after [`Capture::start`], and
/// ends when it is dropped.
#[derive(Debug)]
pub struct Capture {
    shared: Arc<Shared>,
    reader: Option<JoinHandle<()>>,
}

impl Capture {
    /// Begins to record all TCP packets of this network namespace.
    ///
    /// # Errors
    ///
    /// If a packet socket is not allowed: it needs `CAP_NET_RAW` in the user namespace that owns
    /// the network, which `unshare --map-root-user --net` gives to ordinary users.
    pub fn start() -> io::Result<Self> {
        // DGRAM, for a packet socket: without the header of the link, which differs.
        let socket = packet_socket(Type::DGRAM)?;
        let shared = Arc::new(Shared::new(1));
        let for_reader = Arc::clone(&shared);
        let reader = std::thread::Builder::new()
            .name("wire".to_string())
            .spawn(move || read_all(socket, &for_reader))?;
        Ok(Self {
            shared,
            reader: Some(reader),
        })
    }

    /// All packets that have been recorded so far.
    pub fn packets(&self) -> Vec<Packet> {
        self.shared.packets()
    }

    /// How many packets have been recorded, if there were too many to record all of them.
    pub fn cut(&self) -> Option<usize> {
        self.shared.cut()
    }

    /// Waits until no packet has come for this time, and no longer than the limit. A FIN may be
    /// acknowledged 40 ms after it.
    pub fn wait_for_quiet(&self, quiet: Duration, limit: Duration) {
        self.shared.wait_for_quiet(quiet, limit);
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.shared.stop();
        if let Some(reader) = self.reader.take() {
            // A reader that has panicked has nothing more to tell.
            let _ = reader.join();
        }
    }
}

/// A socket that receives what comes in on all interfaces, whatever it is.
pub(crate) fn packet_socket(kind: Type) -> io::Result<Socket> {
    let protocol = Protocol::from(i32::from(EVERY_PROTOCOL));
    let socket = Socket::new(Domain::PACKET, kind, Some(protocol))?;
    socket.attach_filter(&incoming())?;
    // A smaller queue is no error. What it loses is noticed: see `Wire::lost`.
    let _ = socket.set_recv_buffer_size(QUEUE);
    socket.set_read_timeout(Some(LOOK))?;
    Ok(socket)
}

/// A filter for the kernel that drops outgoing packets: on loopback each packet goes out and
/// comes in, and would be seen twice.
fn incoming() -> [SockFilter; 4] {
    // `SKF_AD_OFF + SKF_AD_PKTTYPE` of `linux/filter.h`.
    const TYPE_OF_PACKET: u32 = 0xffff_f004;
    // `PACKET_OUTGOING` of `linux/if_packet.h`.
    const OUTGOING: u32 = 4;
    const LOAD_HALF_WORD: u16 = 0x28;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    [
        SockFilter::new(LOAD_HALF_WORD, 0, 0, TYPE_OF_PACKET),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, OUTGOING),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, 0x4_0000),
    ]
}

/// Reads until the recording is over and nothing is left.
fn read_all(mut socket: Socket, shared: &Shared) {
    let mut buffer = vec![0; LONGEST];
    loop {
        match receive(&mut socket, &mut buffer) {
            Ok(Some(length)) => shared.add(&buffer[..length], |_| {}),
            Ok(None) if shared.is_over() => return,
            Ok(None) => shared.found_nothing(0),
            Err(_) => return,
        }
    }
}

/// The length of the next packet; nothing where none came for the time of a look.
pub(crate) fn receive(socket: &mut Socket, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    loop {
        return match socket.read(buffer) {
            Ok(length) => Ok(Some(length)),
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => continue,
                ErrorKind::WouldBlock | ErrorKind::TimedOut => Ok(None),
                _ => Err(error),
            },
        };
    }
}
