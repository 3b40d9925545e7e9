//! What counts of a packet when two ladders are compared.

use std::fmt;

use crate::state::State;

/// How many bytes in a row are counted. How many more fit into the buffers of both kernels
/// depends on the kernels.
const COUNTED: usize = 0x1_0000;

/// What counts of a connection's packets.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Syn {
        to_right: bool,
        ack: bool,
        again: bool,
    },
    Data {
        to_right: bool,
        length: usize,
        /// What is known of the bytes.
        shown: Vec<Piece>,
    },
    Fin {
        to_right: bool,
    },
    Rst {
        to_right: bool,
        ack: bool,
    },
    /// The states at the end.
    End(Option<State>, Option<State>),
    /// Packets that do not arrive, however many. (How often something is sent again depends on
    /// the time.)
    Lost {
        to_right: bool,
    },
    /// What was lost arrives after all.
    Again {
        to_right: bool,
    },
    /// While something was lost, the other side has acknowledged the same bytes three times more.
    Duplicates {
        to_right: bool,
    },
    /// A side had no more room at some time. (How often, and after how many bytes, depends on
    /// the kernel.)
    Shut {
        to_right: bool,
    },
}

/// Some of the bytes that follow each other.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    /// How many bytes are before them.
    pub(crate) offset: usize,
    /// The bytes, escaped.
    pub(crate) text: String,
    /// Whether those behind them are not known.
    pub(crate) is_cut: bool,
}

impl Piece {
    /// Whether two pieces could be of the same bytes. One may go on further than the other.
    fn fits(&self, other: &Self) -> bool {
        let known = self.text.len().min(other.text.len());
        self.offset != other.offset
            || self.text.as_bytes()[..known] == other.text.as_bytes()[..known]
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        if let (
            Self::Data {
                to_right,
                length,
                shown,
            },
            Self::Data {
                to_right: to_right_2,
                length: length_2,
                shown: shown_2,
            },
        ) = (self, other)
        {
            let counted = |length: &usize| (*length).min(COUNTED);
            let mut pairs = shown
                .iter()
                .flat_map(|one| shown_2.iter().map(move |two| (one, two)));
            return (to_right, counted(length)) == (to_right_2, counted(length_2))
                && pairs.all(|(one, two)| one.fits(two));
        }
        // All others say everything when they are shown.
        self.to_string() == other.to_string()
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = |to_right: bool| if to_right { "->" } else { "<-" };
        match self {
            Self::Syn {
                to_right,
                ack,
                again,
            } => {
                let ack = if *ack { ", ACK" } else { "" };
                let again = if *again { ", again" } else { "" };
                write!(f, "{} SYN{ack}{again}", arrow(*to_right))
            }
            Self::Data {
                to_right,
                length,
                shown,
            } => {
                write!(f, "{} {length} bytes", arrow(*to_right))?;
                let piece = |piece: &Piece| {
                    let dots = if piece.is_cut { "..." } else { "" };
                    format!(" \"{}\"{dots}", piece.text)
                };
                f.write_str(&shown.iter().map(piece).collect::<String>())
            }
            Self::Fin { to_right } => write!(f, "{} FIN", arrow(*to_right)),
            Self::Rst { to_right, ack } => {
                let ack = if *ack { ", ACK" } else { "" };
                write!(f, "{} RST{ack}", arrow(*to_right))
            }
            Self::Lost { to_right } => write!(f, "{} lost", arrow(*to_right)),
            Self::Again { to_right } => write!(f, "{} what was lost, again", arrow(*to_right)),
            Self::Duplicates { to_right } => {
                write!(f, "{} three duplicate ACKs at some time", arrow(*to_right))
            }
            Self::Shut { to_right } => write!(f, "{} window 0 at some time", arrow(*to_right)),
            Self::End(left, right) => {
                let name = |state: &Option<State>| state.map_or("no state", State::name);
                write!(f, "in the end: {} and {}", name(left), name(right))
            }
        }
    }
}

/// Puts bytes together that follow each other in one direction.
pub(crate) fn join(events: Vec<Event>) -> Vec<Event> {
    let mut joined: Vec<Event> = Vec::new();
    for event in events {
        if let (
            Some(Event::Data {
                to_right,
                length,
                shown,
            }),
            Event::Data {
                to_right: to_right_2,
                length: more,
                shown: shown_2,
            },
        ) = (joined.last_mut(), &event)
            && to_right == to_right_2
        {
            for piece in shown_2 {
                match shown.last_mut() {
                    Some(last) if !last.is_cut => {
                        last.text += &piece.text;
                        last.is_cut = piece.is_cut;
                    }
                    _ => shown.push(Piece {
                        offset: *length + piece.offset,
                        ..piece.clone()
                    }),
                }
            }
            *length += more;
        } else {
            joined.push(event);
        }
    }
    joined
}
