//! What each connection of a ladder does.

use crate::compare::Rule;
use crate::event::{Event, Piece, join};
use crate::line::{Line, Rung};
use crate::state::State;

/// What a connection did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Story {
    /// Not known of one that was folded.
    ports: Option<(u16, u16)>,
    events: Vec<Event>,
    left: Option<State>,
    right: Option<State>,
    /// Who has announced a window of 0, the right side first.
    shut: [bool; 2],
    /// What of whom is lost, the right side first.
    lacks: [bool; 2],
    /// What each side has acknowledged last, and how often more.
    acknowledged: [(Option<u64>, usize); 2],
    /// Who has repeated an acknowledgement three times, while packets to that side were lost.
    duplicates: [bool; 2],
    /// Whether a FIN was sent again.
    has_fin_again: bool,
}

impl Story {
    fn add(&mut self, rung: &Rung) {
        self.has_fin_again |= rung.what.fin && rung.what.again;
        if self.is_stray(rung) {
            return;
        }
        self.left = rung.left.or(self.left);
        self.right = rung.right.or(self.right);
        let what = &rung.what;
        let to_right = rung.to_right;
        self.shut[usize::from(to_right)] |= what.window == Some(0);
        if what.syn {
            let ack = what.ack;
            let again = what.again;
            let event = Event::Syn {
                to_right,
                ack,
                again,
            };
            // How often it is sent again depends on the time.
            if again {
                self.push_once(event);
            } else {
                self.events.push(event);
            }
        }
        self.add_loss(rung);
        if what.again {
            return;
        }
        if let Some(data) = &what.data {
            self.events.push(Event::Data {
                to_right,
                length: data.length,
                shown: vec![Piece {
                    offset: 0,
                    text: data.shown.clone(),
                    is_cut: data.is_cut,
                }],
            });
        }
        if what.fin {
            self.events.push(Event::Fin { to_right });
        }
        if what.rst {
            let ack = what.ack;
            self.events.push(Event::Rst { to_right, ack });
        }
    }

    /// Whether this is the reset that a repeated FIN causes: its acknowledgement finds the other
    /// side closed. How long a FIN waits before it is repeated depends on how busy the machine is.
    fn is_stray(&self, rung: &Rung) -> bool {
        let is_fin = |event: &&Event| matches!(event, Event::Fin { .. });
        let fins = self.events.iter().filter(is_fin).count();
        rung.what.rst && fins == 2 && self.has_fin_again
    }

    /// Notes what is lost, and what is done about it.
    fn add_loss(&mut self, rung: &Rung) {
        let what = &rung.what;
        let to_right = rung.to_right;
        let (own, other) = (usize::from(to_right), usize::from(!to_right));
        if what.lost && (!what.is_pure_ack() || what.probe) {
            self.lacks[own] = true;
            self.push_once(Event::Lost { to_right });
        } else if what.again && self.lacks[own] {
            self.lacks[own] = false;
            self.push_once(Event::Again { to_right });
        }
        if what.is_pure_ack() {
            let (last, count) = self.acknowledged[own];
            let is_duplicate = last == what.acknowledged && self.lacks[other];
            let count = if is_duplicate { count + 1 } else { 0 };
            self.acknowledged[own] = (what.acknowledged, count);
            self.duplicates[own] |= count >= 3;
        }
    }

    fn push_once(&mut self, event: Event) {
        if self.events.last() != Some(&event) {
            self.events.push(event);
        }
    }

    /// What a rule compares.
    pub(crate) fn events(&self, rule: Rule) -> Vec<Event> {
        let mut events = self.events.clone();
        for to_right in [false, true] {
            if self.shut[usize::from(to_right)] {
                events.push(Event::Shut { to_right });
            }
            if self.duplicates[usize::from(to_right)] {
                events.push(Event::Duplicates { to_right });
            }
        }
        match rule {
            Rule::InOrder => events.push(Event::End(self.left, self.right)),
            Rule::EitherClosesFirst => {
                let mut fins = Vec::new();
                events.retain(|event| {
                    let is_late = matches!(event, Event::Rst { .. }) && fins.len() == 2;
                    if let Event::Fin { to_right } = event {
                        fins.push(*to_right);
                    }
                    !is_late && !matches!(event, Event::Fin { .. })
                });
                fins.sort_unstable();
                let fins = fins.into_iter().map(|to_right| Event::Fin { to_right });
                events.extend(fins);
            }
        }
        join(events)
    }
}

/// All connections, in the order of their first packets.
pub(crate) fn connections(parts: &[Vec<Line>]) -> Vec<Story> {
    let mut all = Stories::default();
    for part in parts {
        all.read(part);
    }
    all.stories
}

fn ports(rung: &Rung) -> (u16, u16) {
    (rung.left_port, rung.right_port)
}

fn begins(rung: &Rung) -> bool {
    rung.what.syn && !rung.what.ack && !rung.what.again
}

#[derive(Default)]
struct Stories {
    stories: Vec<Story>,
    /// The one that was told of last.
    last: usize,
}

impl Stories {
    fn read(&mut self, part: &[Line]) {
        // What the connection of the last line has done without interruption.
        let mut block: Vec<&Rung> = Vec::new();
        for line in part {
            match line {
                Line::Later(_) => block.clear(),
                Line::Rung(rung) => {
                    if block.last().is_some_and(|last| ports(last) != ports(rung)) {
                        block.clear();
                    }
                    block.push(rung);
                    let story = self.of(rung);
                    self.stories[story].add(rung);
                }
                Line::Alike(count) => {
                    for _ in 0..*count {
                        self.add_folded(&block);
                    }
                    block.clear();
                }
            }
        }
    }

    /// The connection of a packet. Ports that are not known yet are those of a connection that
    /// was folded when it began: of the next one, if there is one.
    fn of(&mut self, rung: &Rung) -> usize {
        let has_ports = |wanted| move |story: &Story| story.ports == wanted;
        let known = self.stories.iter().rposition(has_ports(Some(ports(rung))));
        let index = match known {
            Some(known) if !begins(rung) => known,
            _ if begins(rung) => self.begin(),
            _ => {
                let mut next = self.stories.iter().skip(self.last + 1);
                let next = next.position(has_ports(None));
                let next = next.map(|distance| self.last + 1 + distance);
                let any = || self.stories.iter().position(has_ports(None));
                next.or_else(any).unwrap_or_else(|| self.begin())
            }
        };
        self.stories[index].ports = Some(ports(rung));
        self.last = index;
        index
    }

    fn begin(&mut self) -> usize {
        self.stories.push(Story::default());
        self.stories.len() - 1
    }

    /// The connection after the last one does the same as is told in this block.
    fn add_folded(&mut self, block: &[&Rung]) {
        let starts = block.first().is_some_and(|rung| begins(rung));
        let next = self.last + 1;
        self.last = if starts || next >= self.stories.len() {
            self.begin()
        } else {
            next
        };
        for rung in block {
            self.stories[self.last].add(rung);
        }
    }
}
