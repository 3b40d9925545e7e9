//! A connection: what each side has sent, and the state that it is in.

use std::net::SocketAddr;

use crate::line::{Data, LABEL, Rung, What};
use crate::packet::Packet;
use crate::state::State;
use crate::text::quote;

/// A connection between two addresses.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    /// The side that has connected.
    left: Side,
    right: Side,
}

#[derive(Debug, Clone)]
struct Side {
    address: SocketAddr,
    /// Nothing before its first packet: a listener belongs to no connection.
    state: Option<State>,
    /// The sequence number of its SYN.
    first: Option<u32>,
    scale: Option<u8>,
    /// What it has sent.
    sent: Bytes,
    /// What the other side has got of that.
    arrived: Bytes,
    /// Where its FIN is.
    fin: Option<i64>,
    fin_has_arrived: bool,
    fin_is_acknowledged: bool,
    /// What it has acknowledged of the other side's bytes.
    acknowledged: i64,
    /// The window that it has announced last.
    window: Option<u32>,
}

/// Bytes from 0 on; a FIN counts as one.
#[derive(Debug, Clone, Default)]
struct Bytes {
    /// Everything before this one was seen.
    end: i64,
    /// What was seen behind a gap: from, to.
    beyond: Vec<(i64, i64)>,
}

impl Connection {
    /// A connection that begins with this packet.
    pub(crate) fn begin(packet: &Packet) -> Self {
        Self {
            left: Side::new(packet.from),
            right: Side::new(packet.to),
        }
    }

    /// Whether a packet belongs to it: a SYN with another number begins a new one.
    pub(crate) fn has(&self, packet: &Packet) -> bool {
        let is_to_right = (packet.from, packet.to) == (self.left.address, self.right.address);
        let is_to_left = (packet.from, packet.to) == (self.right.address, self.left.address);
        let begins = packet.flags.syn && !packet.flags.ack;
        if begins {
            return is_to_right && self.left.first == Some(packet.sequence);
        }
        is_to_right || is_to_left
    }

    /// Takes a packet into account.
    pub(crate) fn add(&mut self, packet: &Packet) -> Rung {
        let before = (self.left.state, self.right.state);
        let to_right = packet.from == self.left.address;
        let (sender, receiver) = if to_right {
            (&mut self.left, &mut self.right)
        } else {
            (&mut self.right, &mut self.left)
        };
        let what = exchange(sender, receiver, packet);
        let changed = |before, after| if before == after { None } else { after };
        Rung {
            left: changed(before.0, self.left.state),
            left_port: self.left.address.port(),
            to_right,
            what,
            right_port: self.right.address.port(),
            right: changed(before.1, self.right.state),
        }
    }

    /// Whether there are bytes that nobody has recorded, though they were sent: others came
    /// after them, or they were acknowledged.
    pub(crate) fn is_incomplete(&self) -> bool {
        let lacks = |sender: &Side, receiver: &Side| {
            !sender.sent.beyond.is_empty() || receiver.acknowledged > sender.sent.end
        };
        lacks(&self.left, &self.right) || lacks(&self.right, &self.left)
    }

    /// Its two addresses.
    pub(crate) fn addresses(&self) -> (SocketAddr, SocketAddr) {
        (self.left.address, self.right.address)
    }
}

/// Follows a packet from one side to the other, and says what it is.
fn exchange(sender: &mut Side, receiver: &mut Side, packet: &Packet) -> What {
    let flags = packet.flags;
    let mut what = What {
        syn: flags.syn,
        fin: flags.fin,
        rst: flags.rst,
        ack: flags.ack && (flags.syn || flags.rst),
        lost: packet.lost,
        ..What::default()
    };
    if flags.syn {
        what.again = sender.synchronise(packet);
        if !packet.lost {
            receiver.receive_syn(flags.ack);
        }
        return what;
    }
    if flags.rst {
        sender.close();
        if !packet.lost {
            receiver.close();
        }
        return what;
    }
    let start = sender.place(packet.sequence);
    let (length, is_known) = sender.send(packet, start);
    // A FIN that does not acknowledge the other side's was sent before that one had come: they
    // cross.
    if flags.fin
        && sender.state == Some(State::LastAck)
        && receiver
            .fin
            .is_some_and(|fin| receiver.place(packet.acknowledged) <= fin)
    {
        sender.state = Some(State::Closing);
    }
    what.again = length > 0 && is_known;
    let is_pure = what.is_pure_ack() && packet.length == 0;
    what.probe = is_pure && start == sender.sent.end - 1;
    if flags.ack {
        acknowledge(sender, receiver, packet, is_pure, &mut what);
    }
    if let Some(fin) = sender.fin
        && !sender.fin_has_arrived
        && sender.arrived.end > fin
    {
        sender.fin_has_arrived = true;
        receiver.change(State::after_receiving_fin);
    }
    if packet.length > 0 {
        what.data = Some(show(packet, &what));
    }
    what
}

/// Takes an acknowledgement and a window into account.
fn acknowledge(
    sender: &mut Side,
    receiver: &mut Side,
    packet: &Packet,
    is_pure: bool,
    what: &mut What,
) {
    let acknowledged = receiver.place(packet.acknowledged);
    let is_new = acknowledged > sender.acknowledged;
    sender.acknowledged = sender.acknowledged.max(acknowledged);
    if is_pure || is_new {
        what.acknowledged = u64::try_from(acknowledged).ok();
    }
    let shift = sender.scale.and(receiver.scale).and(sender.scale);
    let window = u32::from(packet.window) << shift.unwrap_or(0);
    let was_shut = sender.window == Some(0);
    // An acknowledgement that acknowledges nothing new is there to tell of the window.
    let is_update = is_pure && !is_new && !what.probe && sender.window.is_some_and(|w| w != window);
    if (window == 0) != was_shut || is_update {
        what.window = Some(window);
    }
    sender.window = Some(window);
    if packet.lost {
        return;
    }
    if receiver.state == Some(State::SynReceived) {
        receiver.state = Some(State::Established);
    }
    if let Some(fin) = receiver.fin
        && acknowledged > fin
        && !receiver.fin_is_acknowledged
    {
        receiver.fin_is_acknowledged = true;
        receiver.change(State::after_fin_is_acknowledged);
    }
}

/// What a packet carries, in the columns that the rest of the line leaves.
fn show(packet: &Packet, what: &What) -> Data {
    let rest = what.to_string();
    let taken = if rest.is_empty() { 0 } else { rest.len() + 2 };
    let count = format!("{} bytes ", packet.length).len();
    let columns = LABEL.saturating_sub(taken + count);
    let quoted = quote(
        &packet.beginning,
        packet.length > packet.beginning.len(),
        columns,
    );
    let is_cut = quoted.ends_with("...");
    let shown = quoted.trim_end_matches("...");
    Data {
        length: packet.length,
        shown: shown[1..shown.len() - 1].to_string(),
        is_cut,
    }
}

impl Side {
    fn new(address: SocketAddr) -> Self {
        Self {
            address,
            state: None,
            first: None,
            scale: None,
            sent: Bytes::default(),
            arrived: Bytes::default(),
            fin: None,
            fin_has_arrived: false,
            fin_is_acknowledged: false,
            acknowledged: 0,
            window: None,
        }
    }

    fn change(&mut self, next: impl Fn(State) -> State) {
        self.state = self.state.map(next);
    }

    fn close(&mut self) {
        self.change(|_| State::Closed);
    }

    /// Sends a SYN; says whether that has been sent before.
    fn synchronise(&mut self, packet: &Packet) -> bool {
        let again = self.first.is_some();
        self.first = Some(packet.sequence);
        self.scale = packet.scale;
        match (self.state, packet.flags.ack) {
            (None, false) => self.state = Some(State::SynSent),
            (None | Some(State::SynSent), true) => self.state = Some(State::SynReceived),
            _ => {}
        }
        again
    }

    /// Only a SYN that acknowledges changes anything: a listener may still drop the other.
    fn receive_syn(&mut self, acknowledges: bool) {
        if acknowledges && self.state == Some(State::SynSent) {
            self.state = Some(State::Established);
        }
    }

    /// Where a sequence number is, counted from the first byte; it is not far from the last.
    fn place(&mut self, sequence: u32) -> i64 {
        // Where the beginning was not seen, it is here.
        let first = *self.first.get_or_insert(sequence.wrapping_sub(1));
        let expected = first.wrapping_add(1).wrapping_add(low_half(self.sent.end));
        let distance = sequence.wrapping_sub(expected).cast_signed();
        self.sent.end + i64::from(distance)
    }

    /// Notes what a packet carries, its FIN with it: how much that is, and whether it was seen
    /// before.
    fn send(&mut self, packet: &Packet, start: i64) -> (usize, bool) {
        let length = packet.length + usize::from(packet.flags.fin);
        let end = start + i64::try_from(length).unwrap_or(i64::MAX / 2);
        let is_known = end <= self.sent.end;
        if packet.flags.fin && self.fin.is_none() {
            self.fin = Some(end - 1);
            self.change(State::after_sending_fin);
        }
        self.sent.add(start, end);
        if !packet.lost {
            self.arrived.add(start, end);
        }
        (length, is_known)
    }
}

impl Bytes {
    /// Adds those from `start` on, up to `end`.
    fn add(&mut self, start: i64, end: i64) {
        if end > start {
            self.beyond.push((start, end));
        }
        self.beyond.sort_unstable();
        while let Some(&(from, to)) = self.beyond.first()
            && from <= self.end
        {
            self.end = self.end.max(to);
            self.beyond.remove(0);
        }
    }
}

/// The lower 32 bits of a number of bytes: sequence numbers go round.
fn low_half(bytes: i64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "that is what it is for"
    )]
    let low = bytes as u32;
    low
}
