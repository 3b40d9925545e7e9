//! Records the TCP packets of the network namespace that this process is in.

use std::io::{self, ErrorKind, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use crate::packet::Packet;

/// `ETH_P_ALL` of `linux/if_ether.h` in network order: packets of every protocol, in and out.
/// (One socket for IPv4 and another for IPv6 would not agree about the order of packets.)
const EVERY_PROTOCOL: u16 = 0x0003_u16.to_be();

/// A segment on loopback has up to 65,483 bytes.
const LONGEST: usize = 128 * 1024;

/// What the kernel may keep until it is read; it allows `net.core.rmem_max` at most.
const QUEUE: usize = 4 * 1024 * 1024;

/// How long the reader waits for a packet before it says that there was none.
const LOOK: Duration = Duration::from_millis(20);

/// A recording that is going on. It begins with the first packet after [`Capture::start`], and
/// ends when it is dropped.
#[derive(Debug)]
pub struct Capture {
    shared: Arc<Shared>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    recorded: Mutex<Recorded>,
    news: Condvar,
    is_over: AtomicBool,
}

#[derive(Debug, Default)]
struct Recorded {
    packets: Vec<Packet>,
    /// How often the reader has looked and found no packet.
    looks: u32,
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
        let protocol = Protocol::from(i32::from(EVERY_PROTOCOL));
        let socket = Socket::new(Domain::PACKET, Type::DGRAM, Some(protocol))?;
        socket.attach_filter(&incoming())?;
        // A smaller queue is no error. What it loses is noticed: see `Wire::lost`.
        let _ = socket.set_recv_buffer_size(QUEUE);
        socket.set_read_timeout(Some(LOOK))?;
        let shared = Arc::new(Shared::default());
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
        self.shared.recorded().packets.clone()
    }

    /// Waits until no packet has come for this time, and no longer than the limit. A FIN may be
    /// acknowledged 40 ms after it.
    ///
    /// On a busy machine the reader may be late. So its looks are counted, and not the time.
    pub fn wait_for_quiet(&self, quiet: Duration, limit: Duration) {
        let deadline = Instant::now() + limit;
        // A look may have begun before this call.
        let looks = u32::try_from(quiet.as_micros().div_ceil(LOOK.as_micros()));
        let looks = looks.unwrap_or(u32::MAX).saturating_add(1);
        let mut recorded = self.shared.recorded();
        let mut count = recorded.packets.len();
        let mut first = recorded.looks;
        while recorded.looks.wrapping_sub(first) < looks {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return;
            };
            let waited = self.shared.news.wait_timeout(recorded, left);
            recorded = waited.unwrap_or_else(PoisonError::into_inner).0;
            if recorded.packets.len() > count {
                count = recorded.packets.len();
                first = recorded.looks;
            }
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            // A reader that has panicked has nothing more to tell.
            let _ = reader.join();
        }
    }
}

impl Shared {
    fn recorded(&self) -> MutexGuard<'_, Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
    let begun = Instant::now();
    let mut buffer = vec![0; LONGEST];
    loop {
        match socket.read(&mut buffer) {
            Ok(length) => {
                let packet = Packet::parse(&buffer[..length], begun.elapsed());
                shared.recorded().packets.extend(packet);
                shared.news.notify_all();
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if shared.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let mut recorded = shared.recorded();
                recorded.looks = recorded.looks.wrapping_add(1);
                shared.news.notify_all();
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
