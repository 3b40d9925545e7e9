//! Lesson 07: the send buffer and the receive buffer.
//!
//! `lesson-07 [BUFFER]` holds both ends of a connection and shows, in three acts, what
//! is between a send and a receive: two tanks in the kernel, and no message boundaries.

use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use encoding_rs::GBK;
use socket2::{Domain, SockRef, Socket, Type};

const USAGE: &str = "usage: lesson-07 [BUFFER]
  BUFFER  bytes to ask for as send buffer and as receive buffer, default 4096";

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).unwrap_or("4096".into());
    let argument = argument.to_string_lossy();
    let buffer: NonZeroUsize = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as a buffer size\n{USAGE}"))?;

    // The option is a C int; the kernel has a limit of its own, far below.
    let buffer = buffer.get().min(i32::MAX as usize);
    two_tanks(buffer).context("act 1, two tanks")?;
    no_message_boundaries().context("act 2, no message boundaries")?;
    half_a_character().context("act 3, half a character")
}

/// Act 1: a sender writes while nobody reads. Two tanks fill up; then the receiver drains.
fn two_tanks(buffer: usize) -> anyhow::Result<()> {
    let (sender, receiver) = connection(Some(buffer))?;
    // ANCHOR: fill
    // From here on a send that finds the tank full says `WouldBlock` and does not wait.
    sender.set_nonblocking(true)?;
    receiver.set_nonblocking(true)?;
    let send_tank = SockRef::from(&sender).send_buffer_size()?;
    let receive_tank = SockRef::from(&receiver).recv_buffer_size()?;
    println!("== Act 1: two tanks ==");
    println!("asked for {buffer} bytes each: the kernel made the send buffer {send_tank}");
    println!("and the receive buffer {receive_tank} (its own bookkeeping included)");
    let mut tanks = Tanks {
        sender,
        receiver,
        accepted: 0,
        read: 0,
    };

    println!("-- the sender writes, nobody reads --");
    let chunk = send_tank / 4;
    while tanks.write(chunk)? > 0 {}
    println!("the kernel takes no more: a blocking send would wait here");
    // ANCHOR_END: fill

    println!("-- the receiver drains, the sender goes on --");
    let total = 2 * tanks.accepted;
    while tanks.read < total {
        tanks.drain()?;
        while tanks.accepted < total && tanks.write(chunk.min(total - tanks.accepted))? > 0 {}
    }
    println!("every byte has arrived, in order: {total} of {total}");
    Ok(())
}

/// The two ends of a connection, and how many bytes have gone in and come out.
struct Tanks {
    sender: TcpStream,
    receiver: TcpStream,
    accepted: usize,
    read: usize,
}

impl Tanks {
    // ANCHOR: write
    /// Sends up to `length` bytes, and returns how many the kernel took: 0 if it is full.
    fn write(&mut self, length: usize) -> anyhow::Result<usize> {
        let bytes = pattern(self.accepted, length);
        let taken = match self.sender.write(&bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            taken => taken?,
        };
        self.accepted += taken;
        self.report(&format!("write {length}: took {taken}"))?;
        Ok(taken)
    }
    // ANCHOR_END: write

    /// Receives all that is in the receive buffer, and checks it.
    fn drain(&mut self) -> anyhow::Result<()> {
        let before = self.read;
        let mut bytes = vec![0; 65536];
        loop {
            let length = match self.receiver.read(&mut bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                length => length?,
            };
            let right = bytes[..length] == pattern(self.read, length);
            ensure!(right, "a byte after byte {} is wrong", self.read);
            self.read += length;
        }
        self.report(&format!("drain: got {}", self.read - before))
    }

    /// Prints one line about the step, once the queues have settled.
    fn report(&self, step: &str) -> anyhow::Result<()> {
        let (accepted, read) = (self.accepted, self.read);
        let step = format!("{step:<22} accepted {accepted:>5}");
        let deadline = Instant::now() + Duration::from_secs(2);
        let mut before = None;
        loop {
            let now = queues(&self.sender, &self.receiver)?;
            let Some((sending, receiving)) = now else {
                let between = accepted - read;
                println!("{step} = read {read:>5} + in both buffers, not shown here, {between:>5}");
                return Ok(());
            };
            // ANCHOR: settle
            // What was sent stays in the send buffer until it is acknowledged: for a
            // moment the same bytes are in both queues, and the sum is too high.
            let settled = now == before && accepted == read + sending + receiving;
            if settled || Instant::now() > deadline {
                let sign = if settled { " =" } else { ", not settled:" };
                let buffers = format!("send buffer {sending:>5} + receive buffer {receiving:>5}");
                println!("{step}{sign} read {read:>5} + {buffers}");
                return Ok(());
            }
            before = now;
            thread::sleep(Duration::from_millis(5));
            // ANCHOR_END: settle
        }
    }
}

/// The bytes from a position of the stream on: 0 to 250, again and again.
fn pattern(position: usize, length: usize) -> Vec<u8> {
    let cycle: Vec<u8> = (0..=250).collect();
    let start = position % 251;
    let enough = cycle.repeat((start + length) / 251 + 1);
    enough[start..start + length].to_vec()
}

// ANCHOR: queues
/// The bytes in the sender's send buffer and in the receiver's receive buffer.
#[cfg(target_os = "linux")]
fn queues(sender: &TcpStream, receiver: &TcpStream) -> anyhow::Result<Option<(usize, usize)>> {
    let (from, to) = (sender.local_addr()?, receiver.local_addr()?);
    let table = procfs::net::tcp().context("cannot read /proc/net/tcp")?;
    let row = |local: SocketAddr, remote: SocketAddr| {
        let mut rows = table.iter();
        rows.find(|row| row.local_address == local && row.remote_address == remote)
            .with_context(|| format!("{local} is not in /proc/net/tcp"))
    };
    let sending = row(from, to)?.tx_queue;
    let receiving = row(to, from)?.rx_queue;
    Ok(Some((sending as usize, receiving as usize)))
}
// ANCHOR_END: queues

/// Only Linux has `/proc/net/tcp`.
#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps, reason = "the same type as on Linux")]
fn queues(_: &TcpStream, _: &TcpStream) -> anyhow::Result<Option<(usize, usize)>> {
    Ok(None)
}

/// Act 2: three sends, one receive.
fn no_message_boundaries() -> anyhow::Result<()> {
    println!("== Act 2: no message boundaries ==");
    let (mut sender, mut receiver) = connection(None)?;
    // ANCHOR: boundaries
    for message in ["one", "two", "three"] {
        sender.write_all(message.as_bytes())?;
        println!("send: {message:?}");
    }
    wait_for(&receiver, 11)?;
    let mut buffer = [0; 1024];
    let length = receiver.read(&mut buffer)?;
    let text = String::from_utf8_lossy(&buffer[..length]);
    println!("receive: {text:?}");
    // ANCHOR_END: boundaries
    println!("3 sends, 1 receive: TCP carries a stream of bytes, not messages");
    Ok(())
}

/// Act 3: a receive ends in the middle of a character.
fn half_a_character() -> anyhow::Result<()> {
    println!("== Act 3: half a character ==");
    let (mut sender, mut receiver) = connection(None)?;
    // Every Chinese character is two bytes: it is the `a` that makes 1024 fall inside one.
    let text = format!("a{}", "套接字".repeat(200));
    let (bytes, _, _) = GBK.encode(&text);
    sender.write_all(&bytes)?;
    let length = bytes.len();
    println!("send: \"a\" and 600 Chinese characters, {length} bytes");
    wait_for(&receiver, length)?;
    drop(sender);

    // ANCHOR: decode
    let mut piece_by_piece = String::new();
    let mut as_a_stream = String::with_capacity(2 * text.len());
    let mut decoder = GBK.new_decoder_without_bom_handling();
    let mut buffer = [0; 1024];
    loop {
        let length = receiver.read(&mut buffer)?;
        // The wrong way: each piece for itself.
        let (piece, _) = GBK.decode_without_bom_handling(&buffer[..length]);
        piece_by_piece.push_str(&piece);
        // The right way: the decoder keeps half a character until the next piece. The
        // last piece is empty. (The String must have room: the decoder does not grow it.)
        let last = length == 0;
        let _ = decoder.decode_to_string(&buffer[..length], &mut as_a_stream, last);
        if last {
            break;
        }
        println!("receive: {length} bytes");
    }
    // ANCHOR_END: decode
    let ways = ["piece by piece", "as a stream"];
    for (way, decoded) in ways.iter().zip([piece_by_piece, as_a_stream]) {
        let verdict = if decoded == text { "whole" } else { "broken" };
        let around: String = decoded.chars().skip(509).take(6).collect();
        println!("decoded {way}: {verdict}, around the cut it says {around}");
    }
    Ok(())
}

// ANCHOR: connection
/// Both ends of a new connection to ourselves: the sender and the receiver.
fn connection(size: Option<usize>) -> anyhow::Result<(TcpStream, TcpStream)> {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    let sender = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    if let Some(size) = size {
        // Before the connection is made. What `accept` returns has the listener's sizes.
        let refused = || format!("the system refuses a buffer of {size} bytes: ask for less");
        listener.set_recv_buffer_size(size).with_context(refused)?;
        sender.set_send_buffer_size(size).with_context(refused)?;
    }
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    listener.listen(1)?;
    sender.connect(&listener.local_addr()?)?;
    let listener: TcpListener = listener.into();
    let (receiver, _) = listener.accept()?;
    Ok((sender.into(), receiver))
}
// ANCHOR_END: connection

// ANCHOR: peek
/// Waits until that many bytes are in the receive buffer, and leaves them there.
fn wait_for(receiver: &TcpStream, length: usize) -> io::Result<()> {
    let deadline = Instant::now() + Duration::from_millis(500);
    let mut buffer = vec![0; length];
    while receiver.peek(&mut buffer)? < length {
        if Instant::now() > deadline {
            println!("(this system does not show whether all {length} bytes have come)");
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
// ANCHOR_END: peek
