//! The packets of a session, recorded while it runs.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use wire::tcpdump::{Segment, Tcpdump, by_direction};
use wire::{Capture, Forwarder, Line, Packet, Wire};

/// The text in the error of a recording that lacks packets, which is then repeated.
pub(super) const LOST: &str = "packets were lost while they were recorded";

/// The wire is quiet if no packet comes for this long: a FIN may be acknowledged 40 ms after it.
const QUIET: Duration = Duration::from_millis(100);

/// How long to wait until the wire is quiet: a connection may never be.
const LIMIT: Duration = Duration::from_secs(2);

/// A recording of the packets of a session.
pub(super) struct Recording {
    source: Source,
    wire: Wire,
    told: usize,
    /// `tcpdump`, which must see the same packets, if the lines are compared with a file.
    witness: Option<Tcpdump>,
}

/// Where packets are recorded.
enum Source {
    /// On loopback.
    Capture(Capture),
    /// Between two hosts.
    Forwarder(Arc<Forwarder>),
}

impl Source {
    fn packets(&self) -> Vec<Packet> {
        match self {
            Self::Capture(capture) => capture.packets(),
            Self::Forwarder(forwarder) => forwarder.packets(),
        }
    }
}

impl Recording {
    /// Begins to record the packets in this network namespace.
    ///
    /// # Errors
    ///
    /// If that is not allowed.
    pub(super) fn start() -> anyhow::Result<Self> {
        let capture = Capture::start().context("cannot record what goes over the wire")?;
        Ok(Self::from(Source::Capture(capture)))
    }

    /// Records the packets between two hosts.
    pub(super) fn of(forwarder: Arc<Forwarder>) -> Self {
        Self::from(Source::Forwarder(forwarder))
    }

    fn from(source: Source) -> Self {
        Self {
            source,
            wire: Wire::default(),
            told: 0,
            witness: None,
        }
    }

    /// The same beside `tcpdump`, where it is installed: at the end both must have seen the same.
    pub(super) fn start_with_witness() -> anyhow::Result<Self> {
        let witness = Tcpdump::start();
        Ok(Self {
            witness,
            ..Self::start()?
        })
    }

    /// Waits until no more packets come, and returns the lines of those that have come since the
    /// last call.
    pub(super) fn lines(&mut self) -> Vec<Line> {
        match &self.source {
            Source::Capture(capture) => capture.wait_for_quiet(QUIET, LIMIT),
            Source::Forwarder(forwarder) => forwarder.wait_for_quiet(QUIET, LIMIT),
        }
        let packets = self.source.packets();
        let new = &packets[self.told..];
        self.told = packets.len();
        self.wire.lines(new)
    }

    /// Records that something is typed: the time until then has nothing to do with the network.
    pub(super) fn interrupt(&mut self) {
        self.wire.interrupt();
    }

    /// The last of these lines.
    ///
    /// # Errors
    ///
    /// With [`LOST`] if packets are missing; or if `tcpdump` has seen others.
    pub(super) fn finish(mut self) -> anyhow::Result<Vec<Line>> {
        let lines = self.lines();
        if let Some((one, other)) = self.wire.lost() {
            anyhow::bail!("{LOST}: between {one} and {other}");
        }
        if let Some(witness) = self.witness {
            let packets = self.source.packets();
            let ours = drawn(&packets);
            let theirs = witness.finish(ours.len());
            let theirs = theirs.with_context(|| format!("{LOST}: by tcpdump"))?;
            let (ours, theirs) = (by_direction(&ours), by_direction(&theirs));
            anyhow::ensure!(
                ours == theirs,
                "not what tcpdump shows: {theirs:?}, but {ours:?}"
            );
        }
        Ok(lines)
    }
}

/// The segments of the ladder that is drawn of packets; of the packets themselves where it has one
/// connection stand for many.
fn drawn(packets: &[Packet]) -> Vec<Segment> {
    let lines = Wire::default().lines(packets);
    if lines.iter().any(|line| matches!(line, Line::Alike(_))) {
        return packets.iter().map(Segment::of_packet).collect();
    }
    lines.iter().filter_map(Segment::of_line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::player::read;
    use wire::{Line, Rule, Rung};

    type Parts = Vec<Vec<Line>>;

    /// The place of a packet: the part of the ladder, and its line there.
    type Place = (usize, usize);

    /// A ladder of the book, and what its session compares.
    struct Ladder {
        name: String,
        parts: Parts,
        rule: Rule,
    }

    impl Ladder {
        fn all() -> Vec<Self> {
            let names = crate::sessions::names().expect("the sessions can be read");
            let ladders = names.into_iter().filter_map(|name| {
                let session = read(&name).expect("it has the right form");
                let parts = session.script.wire()?;
                let rule = session.rule;
                Some(Self { name, parts, rule })
            });
            ladders.collect()
        }

        /// The packets that count: no acknowledgements, and nothing that came before.
        fn packets(&self) -> Vec<(Place, &Rung)> {
            let parts = self.parts.iter().enumerate();
            let lines = parts.flat_map(|(part, lines)| {
                let lines = lines.iter().enumerate();
                lines.map(move |(index, line)| ((part, index), line))
            });
            let packets = lines.filter_map(|(place, line)| match line {
                Line::Rung(rung) if !rung.what.is_pure_ack() && !rung.what.again => {
                    Some((place, rung))
                }
                _ => None,
            });
            packets.collect()
        }

        fn assert_noticed(&self, changed: &Parts, what: &str) {
            let compared = wire::compare(&self.parts, changed, self.rule);
            assert!(compared.is_err(), "{}: {what} is not noticed", self.name);
        }

        fn assert_change_is_noticed(&self, (part, index): Place, change: impl Fn(&mut Rung)) {
            let mut changed = self.parts.clone();
            let Line::Rung(rung) = &mut changed[part][index] else {
                return;
            };
            change(rung);
            let what = format!("{rung}");
            self.assert_noticed(&changed, &what);
        }
    }

    #[test]
    fn a_ladder_of_the_book_is_the_same_as_itself() {
        let ladders = Ladder::all();
        assert!(ladders.len() > 8, "{} sessions have ladders", ladders.len());
        for ladder in ladders {
            let same = wire::compare(&ladder.parts, &ladder.parts, ladder.rule);
            assert_eq!(same, Ok(()), "{}", ladder.name);
            let whole = [ladder.parts.concat()];
            let same = wire::compare(&ladder.parts, &whole, ladder.rule);
            assert_eq!(same, Ok(()), "{}", ladder.name);
        }
    }

    #[test]
    fn a_flag_that_is_flipped_in_the_book_is_noticed() {
        for ladder in Ladder::all() {
            for (place, _) in ladder.packets() {
                ladder.assert_change_is_noticed(place, |rung| rung.what.syn = !rung.what.syn);
                ladder.assert_change_is_noticed(place, |rung| rung.what.fin = !rung.what.fin);
                // A reset after both FINs is left aside where either side may be the first.
                if ladder.rule == Rule::InOrder {
                    ladder.assert_change_is_noticed(place, |rung| rung.what.rst = !rung.what.rst);
                }
            }
        }
    }

    #[test]
    fn a_packet_that_is_dropped_from_the_book_is_noticed() {
        for ladder in Ladder::all() {
            for ((part, index), rung) in ladder.packets() {
                // How many there are of many bytes is not compared.
                if rung
                    .what
                    .data
                    .as_ref()
                    .is_some_and(|data| data.length > 30_000)
                {
                    continue;
                }
                let mut changed = ladder.parts.clone();
                changed[part].remove(index);
                ladder.assert_noticed(&changed, &format!("without {rung}"));
            }
        }
    }

    #[test]
    fn two_packets_that_are_swapped_in_the_book_are_noticed() {
        let mut swapped = 0;
        for ladder in Ladder::all() {
            let packets = ladder.packets();
            for pair in packets.windows(2) {
                let [(one, first), (two, second)] = [pair[0], pair[1]];
                let is_one_connection = first.left_port == second.left_port;
                let may_be_either = |rung: &Rung| rung.what.fin || rung.what.rst;
                let is_open = ladder.rule == Rule::EitherClosesFirst
                    && (may_be_either(first) || may_be_either(second));
                // The same bytes: where they were divided does not count.
                let is_equal = first.to_right == second.to_right
                    && first.what.data.is_some()
                    && second.what.data.as_ref().is_some_and(|data| data.is_cut);
                if !is_one_connection || is_open || is_equal {
                    continue;
                }
                let mut changed = ladder.parts.clone();
                changed[one.0][one.1] = Line::Rung(second.clone());
                changed[two.0][two.1] = Line::Rung(first.clone());
                ladder.assert_noticed(&changed, &format!("{second} before {first}"));
                swapped += 1;
            }
        }
        assert!(swapped > 30, "{swapped} pairs were swapped");
    }

    #[test]
    fn a_byte_that_is_changed_in_the_book_is_noticed() {
        let mut bytes = 0;
        for ladder in Ladder::all() {
            for (place, rung) in ladder.packets() {
                let Some(data) = &rung.what.data else {
                    continue;
                };
                for index in 0..data.shown.len() {
                    ladder.assert_change_is_noticed(place, |rung| {
                        if let Some(data) = &mut rung.what.data {
                            data.shown.replace_range(index..=index, "#");
                        }
                    });
                    bytes += 1;
                }
            }
        }
        assert!(bytes > 100, "{bytes} bytes were changed");
    }
}
