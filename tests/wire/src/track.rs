//! From packets to the lines of the ladder.

use std::net::SocketAddr;
use std::time::Duration;

use crate::connection::Connection;
use crate::fold::fold;
use crate::line::Line;
use crate::packet::Packet;

/// From how long on a time without packets is shown.
const GAP: Duration = Duration::from_millis(30);

/// All connections of a recording.
#[derive(Debug, Clone, Default)]
pub struct Wire {
    connections: Vec<Connection>,
    /// When the last packet came, if nothing has interrupted since.
    last: Option<Duration>,
}

impl Wire {
    /// The lines of these packets, which follow those of the last call.
    pub fn lines(&mut self, packets: &[Packet]) -> Vec<Line> {
        let mut lines = Vec::new();
        for packet in packets {
            let gap = self
                .last
                .map_or(Duration::ZERO, |last| packet.at.saturating_sub(last));
            if gap >= GAP {
                lines.push((None, Line::later(gap)));
            }
            self.last = Some(packet.at);
            let index = self.connection(packet);
            let rung = self.connections[index].add(packet);
            lines.push((Some(index), Line::Rung(rung)));
        }
        fold(lines)
    }

    /// Something has interrupted: how long it is until the next packet comes tells nothing.
    pub fn interrupt(&mut self) {
        self.last = None;
    }

    /// The number of the connection that a packet belongs to, the latest first: ports are used
    /// again.
    fn connection(&mut self, packet: &Packet) -> usize {
        let known = self.connections.iter().rposition(|one| one.has(packet));
        known.unwrap_or_else(|| {
            self.connections.push(Connection::begin(packet));
            self.connections.len() - 1
        })
    }

    /// The ends of the first connection of which packets are missing that must have gone over the wire, if
    /// there is one: then the recording is worth nothing, and has to be made again.
    pub fn lost(&self) -> Option<(SocketAddr, SocketAddr)> {
        let incomplete = self.connections.iter().find(|one| one.is_incomplete())?;
        Some(incomplete.addresses())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Flags;

    /// Where the sequence numbers of both sides begin: they go round soon.
    const FIRST: [u32; 2] = [u32::MAX - 3, 7_000];

    /// A packet on its way: `client` says from whom, `flags` has the letters of tcpdump.
    #[derive(Clone, Copy)]
    struct Sent<'a> {
        client: bool,
        flags: &'a str,
        sequence: u32,
        acknowledged: u32,
        window: u16,
        bytes: &'a [u8],
        at: u64,
        lost: bool,
    }

    const SENT: Sent<'static> = Sent {
        client: true,
        flags: ".",
        sequence: 0,
        acknowledged: 0,
        window: 512,
        bytes: b"",
        at: 0,
        lost: false,
    };

    impl Sent<'_> {
        fn packet(self, client_port: u16) -> Packet {
            let client = SocketAddr::from(([127, 0, 0, 1], client_port));
            let server = SocketAddr::from(([127, 0, 0, 1], 9090));
            let [own, other] = if self.client {
                FIRST
            } else {
                [FIRST[1], FIRST[0]]
            };
            let flags = Flags {
                syn: self.flags.contains('S'),
                ack: self.flags.contains('.'),
                fin: self.flags.contains('F'),
                rst: self.flags.contains('R'),
            };
            let after_syn = u32::from(!flags.syn);
            Packet {
                at: Duration::from_millis(self.at),
                from: if self.client { client } else { server },
                to: if self.client { server } else { client },
                sequence: own.wrapping_add(self.sequence + after_syn),
                acknowledged: other.wrapping_add(self.acknowledged + 1),
                flags,
                window: self.window,
                scale: flags.syn.then_some(3),
                length: self.bytes.len(),
                beginning: self.bytes.iter().copied().take(40).collect(),
                lost: self.lost,
            }
        }
    }

    fn handshake() -> Vec<Sent<'static>> {
        let syn = Sent { flags: "S", ..SENT };
        let syn_ack = Sent {
            client: false,
            flags: "S.",
            ..SENT
        };
        vec![syn, syn_ack, SENT]
    }

    fn ladder(sent: &[Sent]) -> (String, Option<(SocketAddr, SocketAddr)>) {
        let packets: Vec<Packet> = sent.iter().map(|sent| sent.packet(40000)).collect();
        let mut wire = Wire::default();
        let lines = wire.lines(&packets);
        for line in &lines {
            assert_eq!(Line::parse(&line.to_string()).as_ref(), Some(line));
        }
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        (lines.join("\n"), wire.lost())
    }

    /// The ladder of a whole recording.
    fn whole(sent: &[Sent]) -> String {
        let (ladder, lost) = ladder(sent);
        assert_eq!(lost, None, "{ladder}");
        ladder
    }

    const OPENED: &str = "   \
   SYN-SENT 40000 -- SYN --------------------------------> 9090
ESTABLISHED 40000 <- SYN, ACK ---------------------------- 9090  SYN-RCVD
            40000 -- ACK 0 ------------------------------> 9090  ESTABLISHED";

    fn opened(more: &str) -> String {
        format!("{OPENED}\n{}", more.trim_matches('\n'))
    }

    #[test]
    fn a_connection_opens_talks_and_closes() {
        let mut sent = handshake();
        let server = Sent {
            client: false,
            ..SENT
        };
        sent.extend([
            Sent {
                bytes: b"hello",
                ..SENT
            },
            Sent {
                acknowledged: 5,
                ..server
            },
            Sent {
                acknowledged: 5,
                flags: "F.",
                bytes: b"bye",
                ..server
            },
            Sent {
                sequence: 5,
                acknowledged: 4,
                flags: "F.",
                ..SENT
            },
            Sent {
                sequence: 4,
                acknowledged: 6,
                ..server
            },
        ]);
        let expected = opened(
            r#"
            40000 -- 5 bytes "hello" --------------------> 9090
            40000 <- ACK 5 ------------------------------- 9090
 CLOSE-WAIT 40000 <- 3 bytes "bye", FIN ------------------ 9090  FIN-WAIT-1
   LAST-ACK 40000 -- FIN, ACK 4 -------------------------> 9090  TIME-WAIT
     CLOSED 40000 <- ACK 6 ------------------------------- 9090"#,
        );
        assert_eq!(whole(&sent), expected);
    }

    #[test]
    fn both_sides_may_close_at_once() {
        let server = Sent {
            client: false,
            ..SENT
        };
        let mut sent = handshake();
        sent.extend([
            Sent {
                flags: "F.",
                ..SENT
            },
            Sent {
                flags: "F.",
                ..server
            },
            Sent {
                sequence: 1,
                acknowledged: 1,
                ..SENT
            },
            Sent {
                sequence: 1,
                acknowledged: 1,
                ..server
            },
        ]);
        let expected = opened(
            r"
 FIN-WAIT-1 40000 -- FIN --------------------------------> 9090  CLOSE-WAIT
    CLOSING 40000 <- FIN --------------------------------- 9090  CLOSING
            40000 -- ACK 1 ------------------------------> 9090  TIME-WAIT
  TIME-WAIT 40000 <- ACK 1 ------------------------------- 9090",
        );
        assert_eq!(whole(&sent), expected);
    }

    #[test]
    fn a_syn_is_refused_or_sent_again() {
        let syn = handshake()[0];
        let sent = [
            syn,
            Sent { at: 1020, ..syn },
            Sent {
                client: false,
                flags: "R.",
                at: 1020,
                ..SENT
            },
        ];
        let expected = "   \
   SYN-SENT 40000 -- SYN --------------------------------> 9090
                  (1.0 s later)
            40000 -- SYN, again -------------------------> 9090
     CLOSED 40000 <- RST, ACK ---------------------------- 9090";
        assert_eq!(whole(&sent), expected);
    }

    #[test]
    fn what_is_lost_changes_nothing_at_the_other_side() {
        let syn = handshake()[0];
        let mut sent = vec![Sent { lost: true, ..syn }];
        sent.extend(handshake());
        let lost = Sent {
            bytes: b"hello",
            lost: true,
            ..SENT
        };
        let fin = Sent {
            sequence: 5,
            flags: "F.",
            ..SENT
        };
        let duplicate = Sent {
            client: false,
            ..SENT
        };
        let again = Sent {
            lost: false,
            ..lost
        };
        let acknowledged = Sent {
            acknowledged: 6,
            ..duplicate
        };
        sent.extend([lost, fin, duplicate, again, acknowledged]);
        let expected = r#"
   SYN-SENT 40000 -- SYN, lost --------------------------> 9090
            40000 -- SYN, again -------------------------> 9090
ESTABLISHED 40000 <- SYN, ACK ---------------------------- 9090  SYN-RCVD
            40000 -- ACK 0 ------------------------------> 9090  ESTABLISHED
            40000 -- 5 bytes "hello", lost --------------> 9090
 FIN-WAIT-1 40000 -- FIN --------------------------------> 9090
            40000 <- ACK 0 ------------------------------- 9090
            40000 -- 5 bytes "hello", again -------------> 9090  CLOSE-WAIT
 FIN-WAIT-2 40000 <- ACK 6 ------------------------------- 9090"#;
        assert_eq!(whole(&sent), expected.trim_start_matches('\n'));
    }

    #[test]
    fn a_window_closes_and_opens() {
        let server = Sent {
            client: false,
            acknowledged: 5,
            ..SENT
        };
        let mut sent = handshake();
        sent.extend([
            Sent {
                bytes: b"hello",
                ..SENT
            },
            Sent {
                window: 0,
                ..server
            },
            Sent {
                sequence: 4,
                at: 200,
                ..SENT
            },
            Sent {
                window: 0,
                at: 200,
                ..server
            },
            Sent {
                window: 100,
                at: 201,
                ..server
            },
            Sent {
                sequence: 5,
                bytes: b"world",
                at: 202,
                ..SENT
            },
        ]);
        let expected = opened(
            r#"
            40000 -- 5 bytes "hello" --------------------> 9090
            40000 <- ACK 5, window 0 --------------------- 9090
                  (200 ms later)
            40000 -- ACK 0, probe -----------------------> 9090
            40000 <- ACK 5 ------------------------------- 9090
            40000 <- ACK 5, window 800 ------------------- 9090
            40000 -- 5 bytes "world" --------------------> 9090"#,
        );
        assert_eq!(whole(&sent), expected);
    }

    #[test]
    fn missing_bytes_are_noticed_and_late_ones_are_not_missing() {
        let hello = Sent {
            bytes: b"hello",
            ..SENT
        };
        let world = Sent {
            sequence: 5,
            bytes: b"world",
            ..SENT
        };
        let acknowledged = Sent {
            client: false,
            acknowledged: 10,
            ..SENT
        };
        let recorded = |more: &[Sent]| {
            let mut sent = handshake();
            sent.extend(more);
            ladder(&sent).1
        };
        assert_eq!(recorded(&[hello, world, acknowledged]), None);
        assert_eq!(recorded(&[world, hello, acknowledged]), None);
        assert_eq!(recorded(&[acknowledged, world, hello]), None);
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let lost = Some((address(40000), address(9090)));
        assert_eq!(recorded(&[world]), lost);
        assert_eq!(recorded(&[hello, acknowledged]), lost);
    }

    #[test]
    fn what_is_sent_again_is_not_new() {
        let hello = Sent {
            bytes: b"hello",
            ..SENT
        };
        let fin = Sent {
            sequence: 5,
            flags: "F.",
            ..SENT
        };
        let mut sent = handshake();
        sent.extend([hello, hello, fin, fin]);
        let expected = opened(
            r#"
            40000 -- 5 bytes "hello" --------------------> 9090
            40000 -- 5 bytes "hello", again -------------> 9090
 FIN-WAIT-1 40000 -- FIN --------------------------------> 9090  CLOSE-WAIT
            40000 -- FIN, again -------------------------> 9090"#,
        );
        assert_eq!(whole(&sent), expected);
    }

    #[test]
    fn a_port_that_is_used_again_begins_a_new_connection() {
        let mut packets: Vec<Packet> = Vec::new();
        for begin in [0, 50_000] {
            for sent in handshake() {
                let mut packet = sent.packet(40000);
                packet.sequence = packet.sequence.wrapping_add(begin);
                packet.acknowledged = packet.acknowledged.wrapping_add(begin);
                packets.push(packet);
            }
        }
        let lines: Vec<String> = Wire::default()
            .lines(&packets)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(lines.join("\n"), format!("{OPENED}\n{OPENED}"));
    }

    #[test]
    fn many_connections_that_do_the_same_are_folded() {
        let handshakes = (40000..40010).flat_map(|port| {
            let sent = handshake().into_iter();
            sent.map(move |sent| sent.packet(port))
        });
        let packets: Vec<Packet> = handshakes.collect();
        let lines = Wire::default().lines(&packets);
        let shown: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let expected = format!("{OPENED}\n                  (9 more connections do the same)");
        assert_eq!(shown.join("\n"), expected);
        assert_eq!(Wire::default().lines(&packets[..12]).len(), 12);
    }
}
