//! Another witness of what goes over the wire: `tcpdump`, where it is installed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::line::Line;
use crate::packet::Packet;

/// How long its next line is waited for.
const LIMIT: Duration = Duration::from_secs(20);

/// A segment, as both tell of it: ports, flags, length.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment {
    /// The port of the sender.
    pub from: u16,
    /// The port of the receiver.
    pub to: u16,
    /// Those of the letters S, F and R whose flags it has.
    pub flags: String,
    /// How many bytes it carries.
    pub length: usize,
}

/// `tcpdump` while it watches the loopback interface of this network namespace.
#[derive(Debug)]
pub struct Tcpdump {
    child: Child,
    rows: Receiver<String>,
    errors: JoinHandle<Vec<String>>,
}

impl Tcpdump {
    /// Starts it, and waits until it watches; `None` where it is not installed, or may not watch.
    /// (As root it wants to be somebody else, which a namespace with a single user forbids.)
    pub fn start() -> Option<Self> {
        let mut command = Command::new("tcpdump");
        // Headers are enough, and a large buffer for them: 64 MB.
        command.args(["-i", "lo", "-nn", "-l", "--immediate-mode", "-s", "128"]);
        command.args(["-B", "65536", "-Z", "root", "tcp"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().ok()?;
        let mut errors = BufReader::new(child.stderr.take()?).lines();
        let listens = errors.any(|line| line.is_ok_and(|line| line.contains("listening on")));
        if !listens {
            // It has ended already.
            let _ = child.wait();
            return None;
        }
        let (sender, rows) = channel();
        let output = BufReader::new(child.stdout.take()?).lines();
        std::thread::spawn(move || {
            output
                .map_while(Result::ok)
                .try_for_each(|row| sender.send(row))
        });
        Some(Self {
            child,
            rows,
            errors: std::thread::spawn(move || errors.map_while(Result::ok).collect()),
        })
    }

    /// Waits for this many segments, ends it, and returns all that it has shown; `None` if the
    /// kernel has not given it all.
    pub fn finish(mut self, count: usize) -> Option<Vec<Segment>> {
        let mut rows = Vec::new();
        while rows.len() < count
            && let Ok(row) = self.rows.recv_timeout(LIMIT)
        {
            rows.push(row);
        }
        // Not killed, so that it tells how many it has missed.
        let interrupt = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        if !interrupt.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        rows.extend(self.rows.iter());
        let _ = self.child.wait();
        let errors = self.errors.join().unwrap_or_default();
        let missed = |line: &String| line.contains("dropped") && !line.starts_with("0 ");
        if errors.iter().any(missed) {
            return None;
        }
        // When it is interrupted, it ends the line of the terminal.
        rows.retain(|row| !row.is_empty());
        rows.iter().map(|row| Segment::of_row(row)).collect()
    }
}

impl Segment {
    /// A row of `tcpdump -nn`.
    fn of_row(row: &str) -> Option<Self> {
        let words: Vec<&str> = row.split_whitespace().collect();
        let port = |word: &str| word.trim_end_matches(':').rsplit('.').next()?.parse().ok();
        let (flags, _) = row.split_once("Flags [")?.1.split_once(']')?;
        let (_, length) = row.rsplit_once("length ")?;
        let digits: String = length.chars().take_while(char::is_ascii_digit).collect();
        let known = ["S", "F", "R"].into_iter();
        Some(Self {
            from: port(words.get(2)?)?,
            to: port(words.get(4)?)?,
            flags: known.filter(|flag| flags.contains(flag)).collect(),
            length: digits.parse().ok()?,
        })
    }

    /// A line of the ladder; nothing if it is no packet.
    pub fn of_line(line: &Line) -> Option<Self> {
        let Line::Rung(rung) = line else {
            return None;
        };
        let what = &rung.what;
        let (from, to) = if rung.to_right {
            (rung.left_port, rung.right_port)
        } else {
            (rung.right_port, rung.left_port)
        };
        Some(Self {
            from,
            to,
            flags: letters([what.syn, what.fin, what.rst]),
            length: what.data.as_ref().map_or(0, |data| data.length),
        })
    }

    /// A packet that was recorded.
    pub fn of_packet(packet: &Packet) -> Self {
        let flags = packet.flags;
        Self {
            from: packet.from.port(),
            to: packet.to.port(),
            flags: letters([flags.syn, flags.fin, flags.rst]),
            length: packet.length,
        }
    }
}

fn letters(flags: [bool; 3]) -> String {
    let letters = flags.into_iter().zip(["S", "F", "R"]);
    let set = letters.filter(|(is_set, _)| *is_set);
    set.map(|(_, letter)| letter).collect()
}

/// The segments of each direction of each connection, in their order. (On several processors two
/// witnesses need not agree on the order of packets in opposite directions.)
pub fn by_direction(segments: &[Segment]) -> BTreeMap<(u16, u16), Vec<&Segment>> {
    let mut directions: BTreeMap<_, Vec<&Segment>> = BTreeMap::new();
    for segment in segments {
        let direction = directions.entry((segment.from, segment.to));
        direction.or_default().push(segment);
    }
    directions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_tcpdump_writes_it() {
        let segment = |from, to, flags: &str, length| {
            let flags = flags.to_string();
            Some(Segment {
                from,
                to,
                flags,
                length,
            })
        };
        let row = "13:02:19.000000 IP 127.0.0.1.43118 > 127.0.0.1.9090: Flags [S], seq 1, win 65495, options [mss 65495,nop,wscale 7], length 0";
        assert_eq!(Segment::of_row(row), segment(43118, 9090, "S", 0));
        let row = "13:02:19.000000 IP6 ::1.9090 > ::1.43118: Flags [FP.], seq 1:6, ack 1, win 512, length 5: HTTP";
        assert_eq!(Segment::of_row(row), segment(9090, 43118, "F", 5));
        assert_eq!(Segment::of_row("listening on lo"), None);
    }
}
