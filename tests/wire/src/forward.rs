//! A slow wire between two network interfaces: it delays packets, may lose them, and records
//! them as they set out.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{SockaddrLike, bind};
use socket2::{Socket, Type};

use crate::capture::{packet_socket, receive};
use crate::packet::Packet;
use crate::recorded::Shared;

/// The header of Ethernet, and the type of IPv4 in it.
const ETHERNET: usize = 14;
const IPV4: [u8; 2] = [0x08, 0x00];

/// The longest frame that is forwarded: the interfaces must not hand over longer ones.
const LONGEST: usize = 2048;

/// A wire between two hosts, until it is dropped.
#[derive(Debug)]
pub struct Forwarder {
    shared: Arc<Shared>,
    condition: Arc<Mutex<Condition>>,
    threads: Vec<JoinHandle<()>>,
}

/// What the wire does to packets.
#[derive(Debug, Default)]
struct Condition {
    is_pulled: bool,
    /// The packet with data that is lost, counted down from now.
    loses: Option<u32>,
    /// The connections whose SYN was seen, each by both of its ends in order.
    known: HashSet<[SocketAddr; 2]>,
}

/// A frame, and when it is due at the other end.
struct Frame {
    bytes: Vec<u8>,
    due: Instant,
}

impl Forwarder {
    /// Joins two interfaces of this network namespace. Each packet takes `delay`, and in each
    /// direction `queue` packets at most are on their way: more are lost.
    ///
    /// The interfaces must hand over single packets (`gso_max_segs 1`).
    ///
    /// # Errors
    ///
    /// If there is no such interface, or packet sockets are not allowed.
    pub fn start(interfaces: [&str; 2], delay: Duration, queue: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(2));
        let condition = Arc::new(Mutex::new(Condition::default()));
        let [one, two] = [open(interfaces[0])?, open(interfaces[1])?];
        let ways = [(one.try_clone()?, two.try_clone()?), (two, one)];
        let mut threads = Vec::new();
        for (reader, (from, to)) in ways.into_iter().enumerate() {
            let (sender, frames) = sync_channel(queue);
            threads.push(spawn(move || send_all(&to, &frames))?);
            let shared = Arc::clone(&shared);
            let condition = Arc::clone(&condition);
            let way = Way {
                reader,
                shared,
                condition,
                delay,
                sender,
            };
            threads.push(spawn(move || way.read_all(from))?);
        }
        Ok(Self {
            shared,
            condition,
            threads,
        })
    }

    /// All packets that have set out so far.
    pub fn packets(&self) -> Vec<Packet> {
        self.shared.packets()
    }

    /// Waits until no packet has set out for this time, and no longer than the limit. What is on
    /// its way arrives meanwhile if the time is longer than the delay.
    pub fn wait_for_quiet(&self, quiet: Duration, limit: Duration) {
        self.shared.wait_for_quiet(quiet, limit);
    }

    /// From now on all packets are lost.
    pub fn pull(&self) {
        condition(&self.condition).is_pulled = true;
    }

    /// Of the packets with data that set out from now on, loses this one, counted from 1.
    pub fn lose(&self, number: u32) {
        condition(&self.condition).loses = Some(number);
    }

    /// Forgets all connections, as a router with NAT does after some time: it lets no packet of
    /// them through any more.
    pub fn forget(&self) {
        condition(&self.condition).known.clear();
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.shared.stop();
        for thread in self.threads.drain(..) {
            // One that has panicked has nothing more to tell.
            let _ = thread.join();
        }
    }
}

impl Condition {
    /// Whether a packet is lost.
    fn loses(&mut self, packet: &Packet) -> bool {
        let mut ends = [packet.from, packet.to];
        ends.sort_unstable();
        if packet.flags.syn && !packet.flags.ack {
            self.known.insert(ends);
        }
        let mut is_lost = self.is_pulled || !self.known.contains(&ends);
        if let Some(left) = &mut self.loses
            && packet.length > 0
        {
            *left -= 1;
            if *left == 0 {
                self.loses = None;
                is_lost = true;
            }
        }
        is_lost
    }
}

/// One direction of the wire.
struct Way {
    reader: usize,
    shared: Arc<Shared>,
    condition: Arc<Mutex<Condition>>,
    delay: Duration,
    sender: SyncSender<Frame>,
}

impl Way {
    fn read_all(&self, mut socket: Socket) {
        let mut buffer = [0; LONGEST];
        while !self.shared.is_over() {
            match receive(&mut socket, &mut buffer) {
                Ok(Some(length)) => self.take(&mut buffer[..length]),
                Ok(None) => self.shared.found_nothing(self.reader),
                Err(_) => return,
            }
        }
    }

    /// Records a frame, and sends it on its way if it is not lost.
    fn take(&self, bytes: &mut [u8]) {
        let Some((ethernet, packet)) = bytes.split_at_mut_checked(ETHERNET) else {
            return;
        };
        if !ethernet.ends_with(&IPV4) {
            return;
        }
        complete_checksum(packet);
        let frame = Frame {
            bytes: [&*ethernet, &*packet].concat(),
            due: Instant::now() + self.delay,
        };
        self.shared.add(packet, |packet| {
            let Some(packet) = packet else { return };
            packet.lost = condition(&self.condition).loses(packet) || !self.forward(frame);
        });
    }

    /// Whether there was a place for the frame.
    fn forward(&self, frame: Frame) -> bool {
        self.sender.try_send(frame).is_ok()
    }
}

/// Sends frames when they are due, until there will be no more.
fn send_all(socket: &Socket, frames: &Receiver<Frame>) {
    for frame in frames {
        thread::sleep(frame.due.saturating_duration_since(Instant::now()));
        // An interface that is gone receives nothing.
        let _ = socket.send(&frame.bytes);
    }
}

fn condition(condition: &Mutex<Condition>) -> MutexGuard<'_, Condition> {
    condition.lock().unwrap_or_else(PoisonError::into_inner)
}

fn spawn(run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("wire".to_string()).spawn(run)
}

/// A packet socket that sends to this interface, and receives what comes in on it.
fn open(interface: &str) -> io::Result<Socket> {
    let socket = packet_socket(Type::RAW)?;
    let all = getifaddrs()?.filter(|one| one.interface_name == interface);
    let mut addresses = all.filter_map(|one| one.address);
    let link = addresses.find_map(|address| address.as_link_addr().copied());
    let link = link.ok_or_else(|| io::Error::other(format!("no interface {interface}")))?;
    let address: &dyn SockaddrLike = &link;
    bind(socket.as_raw_fd(), address)?;
    Ok(socket)
}

/// Computes the checksum of a TCP packet of IPv4: the kernel leaves it to the network card,
/// which a virtual interface does not have.
fn complete_checksum(packet: &mut [u8]) {
    const TCP: u8 = 6;
    const CHECKSUM: usize = 16;
    let header = packet
        .first()
        .map_or(0, |first| usize::from(first & 0x0f) * 4);
    let length = packet.get(2..4).map_or(0, |two| usize::from(word(two)));
    if header < 20 || packet[9] != TCP || length > packet.len() || length < header + 20 {
        return;
    }
    let (head, rest) = packet.split_at_mut(header);
    let segment = &mut rest[..length - header];
    segment[CHECKSUM..CHECKSUM + 2].fill(0);
    let addresses = head[12..20].chunks(2);
    let words = addresses
        .chain(segment.chunks(2))
        .map(|two| u64::from(word(two)));
    let mut sum = words.sum::<u64>() + u64::from(TCP) + (length - header) as u64;
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    let bytes = (!sum).to_be_bytes();
    segment[CHECKSUM..CHECKSUM + 2].copy_from_slice(&bytes[6..]);
}

/// Two bytes as a number; a single one is the first of two.
fn word(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes.get(1).copied().unwrap_or(0)])
}
