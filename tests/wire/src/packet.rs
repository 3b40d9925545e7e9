//! A TCP packet, read from its bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// How many bytes of what a packet carries are kept: more than a line of the ladder shows.
const KEPT: usize = 40;

/// The number of TCP in the headers of IPv4 and IPv6.
const TCP: u8 = 6;

/// A TCP packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// When it came, counted from the beginning of the recording.
    pub at: Duration,
    /// Who has sent it.
    pub from: SocketAddr,
    /// Who receives it.
    pub to: SocketAddr,
    /// The number of its first byte.
    pub sequence: u32,
    /// The number of the next byte that the sender expects, if [`Flags::ack`] is set.
    pub acknowledged: u32,
    /// Its flags.
    pub flags: Flags,
    /// The window as it stands in the header: not scaled.
    pub window: u16,
    /// By how many bits windows of this sender are shifted; only a SYN can say so.
    pub scale: Option<u8>,
    /// How many bytes it carries.
    pub length: usize,
    /// The first of these bytes.
    pub beginning: Vec<u8>,
    /// Whether it is lost on its way: nobody receives it.
    pub lost: bool,
}

/// The flags that change what a connection does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the bits of the header"
)]
pub struct Flags {
    /// The first packet of each side.
    pub syn: bool,
    /// The acknowledgement number counts.
    pub ack: bool,
    /// Nothing more comes from this side.
    pub fin: bool,
    /// The connection is over at once.
    pub rst: bool,
}

impl Packet {
    /// Reads a packet that begins with the header of IPv4 or IPv6; nothing if it is not TCP, or
    /// not whole.
    pub fn parse(bytes: &[u8], at: Duration) -> Option<Self> {
        let (from, to, segment) = match bytes.first()? >> 4 {
            4 => parse_v4(bytes)?,
            6 => parse_v6(bytes)?,
            _ => return None,
        };
        let header_length = usize::from(segment.get(12)? >> 4) * 4;
        let options = segment.get(20..header_length)?;
        let payload = segment.get(header_length..)?;
        let flags = segment[13];
        Some(Self {
            at,
            from: SocketAddr::new(from, two_bytes(segment, 0)?),
            to: SocketAddr::new(to, two_bytes(segment, 2)?),
            sequence: four_bytes(segment, 4)?,
            acknowledged: four_bytes(segment, 8)?,
            flags: Flags {
                fin: flags & 0x01 != 0,
                syn: flags & 0x02 != 0,
                rst: flags & 0x04 != 0,
                ack: flags & 0x10 != 0,
            },
            window: two_bytes(segment, 14)?,
            scale: window_scale(options),
            length: payload.len(),
            beginning: payload[..payload.len().min(KEPT)].to_vec(),
            lost: false,
        })
    }
}

/// The addresses and the TCP segment of an IPv4 packet.
fn parse_v4(bytes: &[u8]) -> Option<(IpAddr, IpAddr, &[u8])> {
    let header_length = usize::from(bytes[0] & 0x0f) * 4;
    let address = |start| Some(Ipv4Addr::from(four_bytes(bytes, start)?));
    // Only the first fragment has ports; loopback makes no fragments of TCP.
    let is_later_fragment = two_bytes(bytes, 6)? & 0x1fff != 0;
    if *bytes.get(9)? != TCP || is_later_fragment {
        return None;
    }
    let end = match usize::from(two_bytes(bytes, 2)?) {
        // Too long for the field: Linux writes 0 then.
        0 => bytes.len(),
        length => length,
    };
    let segment = bytes.get(header_length..end)?;
    Some((address(12)?.into(), address(16)?.into(), segment))
}

/// The addresses and the TCP segment of an IPv6 packet without extension headers.
fn parse_v6(bytes: &[u8]) -> Option<(IpAddr, IpAddr, &[u8])> {
    let address = |start: usize| {
        let octets: [u8; 16] = bytes.get(start..start + 16)?.try_into().ok()?;
        Some(Ipv6Addr::from(octets))
    };
    if *bytes.get(6)? != TCP {
        return None;
    }
    let end = 40 + usize::from(two_bytes(bytes, 4)?);
    let segment = bytes.get(40..end)?;
    Some((address(8)?.into(), address(24)?.into(), segment))
}

/// The option "window scale" among the options of a TCP header.
fn window_scale(mut options: &[u8]) -> Option<u8> {
    const END: u8 = 0;
    const PADDING: u8 = 1;
    const WINDOW_SCALE: u8 = 3;
    loop {
        match *options {
            [] | [END, ..] => return None,
            [PADDING, ..] => options = &options[1..],
            [WINDOW_SCALE, 3, shift, ..] => return Some(shift),
            [_, length, ..] => options = options.get(usize::from(length).max(2)..)?,
            [_] => return None,
        }
    }
}

fn two_bytes(bytes: &[u8], start: usize) -> Option<u16> {
    let two = bytes.get(start..start + 2)?;
    Some(u16::from_be_bytes(two.try_into().ok()?))
}

fn four_bytes(bytes: &[u8], start: usize) -> Option<u32> {
    let four = bytes.get(start..start + 4)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A TCP header from port 40000 to 9090 with these flags and options, and five bytes.
    fn segment(flags: u8, options: &[u8]) -> Vec<u8> {
        let mut segment = vec![0x9c, 0x40, 0x23, 0x82];
        segment.extend(1_000_000_u32.to_be_bytes());
        segment.extend(2_000_000_u32.to_be_bytes());
        let words = u8::try_from(5 + options.len() / 4).expect("they are few");
        segment.extend([words << 4, flags, 0xff, 0xd7, 0, 0, 0, 0]);
        segment.extend(options);
        segment.extend(b"hello");
        segment
    }

    fn v4(segment: &[u8]) -> Vec<u8> {
        let length = u16::try_from(20 + segment.len()).expect("it is short");
        let mut packet = vec![0x45, 0];
        packet.extend(length.to_be_bytes());
        packet.extend([0, 1, 0x40, 0, 64, TCP, 0, 0, 127, 0, 0, 1, 127, 0, 0, 2]);
        packet.extend(segment);
        packet
    }

    #[test]
    fn a_packet_of_ipv4_is_read() {
        let options = [2, 4, 0xff, 0xd7, 4, 2, 1, 1, 1, 3, 3, 7];
        let mut bytes = v4(&segment(0x12, &options));
        // A frame may be padded behind the packet.
        bytes.extend([0, 0, 0]);
        let packet = Packet::parse(&bytes, Duration::from_millis(7)).expect("it is TCP");
        let expected = Packet {
            at: Duration::from_millis(7),
            from: "127.0.0.1:40000".parse().expect("an address"),
            to: "127.0.0.2:9090".parse().expect("an address"),
            sequence: 1_000_000,
            acknowledged: 2_000_000,
            flags: Flags {
                syn: true,
                ack: true,
                ..Flags::default()
            },
            window: 0xffd7,
            scale: Some(7),
            length: 5,
            beginning: b"hello".to_vec(),
            lost: false,
        };
        assert_eq!(packet, expected);
    }

    #[test]
    fn a_packet_of_ipv6_is_read() {
        let segment = segment(0x05, &[]);
        let mut bytes = vec![0x60, 0, 0, 0, 0, 25, TCP, 64];
        bytes.extend(Ipv6Addr::LOCALHOST.octets());
        bytes.extend(Ipv6Addr::LOCALHOST.octets());
        bytes.extend(segment);
        let packet = Packet::parse(&bytes, Duration::ZERO).expect("it is TCP");
        assert_eq!(packet.from.to_string(), "[::1]:40000");
        assert_eq!(packet.to.to_string(), "[::1]:9090");
        let flags = packet.flags;
        assert!(flags.fin && flags.rst && !flags.syn && !flags.ack);
        assert_eq!((packet.scale, packet.length), (None, 5));
    }

    #[test]
    fn what_is_not_a_whole_tcp_packet_is_left_out() {
        let whole = v4(&segment(0x10, &[]));
        for length in 0..whole.len() {
            let cut = Packet::parse(&whole[..length], Duration::ZERO);
            assert_eq!(cut, None, "after {length} bytes");
        }
        let mut udp = whole.clone();
        udp[9] = 17;
        assert_eq!(Packet::parse(&udp, Duration::ZERO), None);
        let mut fragment = whole;
        fragment[7] = 1;
        assert_eq!(Packet::parse(&fragment, Duration::ZERO), None);
    }

    #[test]
    fn a_long_packet_keeps_its_beginning() {
        let mut long = segment(0x10, &[]);
        long.extend([b'x'; 1000]);
        let packet = Packet::parse(&v4(&long), Duration::ZERO).expect("it is TCP");
        assert_eq!((packet.length, packet.beginning.len()), (1005, KEPT));
    }

    #[test]
    fn options_that_lie_about_their_length_end_the_search() {
        assert_eq!(window_scale(&[2, 200, 3, 3]), None);
        assert_eq!(window_scale(&[9, 0, 3, 3, 7]), Some(7));
        assert_eq!(window_scale(&[0, 3, 3, 7]), None);
    }
}
