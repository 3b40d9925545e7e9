//! Says whether two ladders tell the same, apart from what differs from run to run.

use std::collections::VecDeque;
use std::fmt;

use crate::line::{Line, Rung};
use crate::state::State;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Each connection's packets in their order. Left aside are acknowledgements, what came
    /// before, and where bytes that follow each other were divided.
    InOrder,
    /// The same for connections that both sides may be the first to close: where the FINs stand
    /// does not count, nor do the states at the end, nor a RST after both FINs.
    EitherClosesFirst,
}

/// Where two ladders differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The connection by its first packet, from 1.
    pub connection: usize,
    /// What should have come there.
    pub expected: String,
    /// What came.
    pub came: String,
}

/// Compares two ladders, each in the parts that [`Wire::lines`](crate::Wire::lines) has returned
/// one after the other; they may be divided at other places. Which ports the system has chosen
/// does not count.
///
/// # Errors
///
/// The first place where they differ.
pub fn compare(expected: &[Vec<Line>], came: &[Vec<Line>], rule: Rule) -> Result<(), Difference> {
    let expected = connections(expected);
    let came = connections(came);
    for index in 0..expected.len().max(came.len()) {
        let one = expected.get(index).map(|story| story.events(rule));
        let two = came.get(index).map(|story| story.events(rule));
        if one != two {
            return Err(difference(
                index + 1,
                one.unwrap_or_default(),
                two.unwrap_or_default(),
            ));
        }
    }
    Ok(())
}

fn difference(connection: usize, expected: Vec<Event>, came: Vec<Event>) -> Difference {
    let same = expected.iter().zip(&came).take_while(|(a, b)| a == b);
    let same = same.count();
    let tell = |events: Vec<Event>| match events.get(same) {
        Some(event) => event.to_string(),
        None if same == 0 => "no such connection".to_string(),
        None => "nothing more".to_string(),
    };
    Difference {
        connection,
        expected: tell(expected),
        came: tell(came),
    }
}

/// What counts of a connection's packets.
#[derive(Debug, Clone)]
enum Event {
    Syn {
        to_right: bool,
        ack: bool,
        again: bool,
    },
    Data {
        to_right: bool,
        length: usize,
        /// What is known of the bytes.
        shown: String,
        is_cut: bool,
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
    /// A side had no more room at some time. (How often, and after how many bytes, depends on
    /// the kernel.)
    Shut {
        to_right: bool,
    },
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        if let (
            Self::Data {
                to_right,
                length,
                shown,
                ..
            },
            Self::Data {
                to_right: to_right_2,
                length: length_2,
                shown: shown_2,
                ..
            },
        ) = (self, other)
        {
            // Bytes that were divided otherwise are shown up to another place.
            let known = shown.len().min(shown_2.len());
            return (to_right, length) == (to_right_2, length_2)
                && shown.as_bytes()[..known] == shown_2.as_bytes()[..known];
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
                is_cut,
            } => {
                let dots = if *is_cut { "..." } else { "" };
                write!(f, "{} {length} bytes \"{shown}\"{dots}", arrow(*to_right))
            }
            Self::Fin { to_right } => write!(f, "{} FIN", arrow(*to_right)),
            Self::Rst { to_right, ack } => {
                let ack = if *ack { ", ACK" } else { "" };
                write!(f, "{} RST{ack}", arrow(*to_right))
            }
            Self::Shut { to_right } => write!(f, "{} window 0 at some time", arrow(*to_right)),
            Self::End(left, right) => {
                let name = |state: &Option<State>| state.map_or("no state", State::name);
                write!(f, "in the end: {} and {}", name(left), name(right))
            }
        }
    }
}

/// What a connection did.
#[derive(Debug, Clone, Default)]
struct Story {
    /// Not known of one that was folded.
    ports: Option<(u16, u16)>,
    events: Vec<Event>,
    left: Option<State>,
    right: Option<State>,
    /// Who has announced a window of 0, the right side first.
    shut: [bool; 2],
}

impl Story {
    fn add(&mut self, rung: &Rung) {
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
            if !again || self.events.last() != Some(&event) {
                self.events.push(event);
            }
        }
        if what.again {
            return;
        }
        if let Some(data) = &what.data {
            self.events.push(Event::Data {
                to_right,
                length: data.length,
                shown: data.shown.clone(),
                is_cut: data.is_cut,
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

    /// What a rule compares.
    fn events(&self, rule: Rule) -> Vec<Event> {
        let mut events = self.events.clone();
        for to_right in [false, true] {
            if self.shut[usize::from(to_right)] {
                events.push(Event::Shut { to_right });
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

/// Puts bytes together that follow each other in one direction.
fn join(events: Vec<Event>) -> Vec<Event> {
    let mut joined: Vec<Event> = Vec::new();
    for event in events {
        if let (
            Some(Event::Data {
                to_right,
                length,
                shown,
                is_cut,
            }),
            Event::Data {
                to_right: to_right_2,
                length: more,
                shown: shown_2,
                is_cut: is_cut_2,
            },
        ) = (joined.last_mut(), &event)
            && to_right == to_right_2
        {
            *length += more;
            if !*is_cut {
                *shown += shown_2;
                *is_cut = *is_cut_2;
            }
        } else {
            joined.push(event);
        }
    }
    joined
}

/// All connections, in the order of their first packets.
fn connections(parts: &[Vec<Line>]) -> Vec<Story> {
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
    /// Those that were folded when they began, in their order. Where one of them does something
    /// else later, it is the first that has not done so.
    folded: VecDeque<usize>,
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

    /// The connection of a packet.
    fn of(&mut self, rung: &Rung) -> usize {
        let known = || {
            let mut stories = self.stories.iter();
            stories.rposition(|story| story.ports == Some(ports(rung)))
        };
        let index = if begins(rung) {
            self.begin()
        } else if let Some(known) = known() {
            known
        } else if let Some(folded) = self.folded.pop_front() {
            folded
        } else {
            self.begin()
        };
        self.stories[index].ports = Some(ports(rung));
        index
    }

    fn begin(&mut self) -> usize {
        self.stories.push(Story::default());
        self.stories.len() - 1
    }

    /// Another connection that does the same as the one in this block.
    fn add_folded(&mut self, block: &[&Rung]) {
        let starts = block.first().is_some_and(|rung| begins(rung));
        let known = if starts {
            None
        } else {
            self.folded.pop_front()
        };
        let index = known.unwrap_or_else(|| self.begin());
        if starts {
            self.folded.push_back(index);
        }
        for rung in block {
            self.stories[index].add(rung);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LADDER: &str = r#"
   SYN-SENT 58936 -- SYN --------------------------------> 9090
ESTABLISHED 58936 <- SYN, ACK ---------------------------- 9090  SYN-RCVD
            58936 -- ACK 0 ------------------------------> 9090  ESTABLISHED
            58936 -- 5 bytes "hello" --------------------> 9090
            58936 <- ACK 5 ------------------------------- 9090
            58936 <- 8 bytes "server: " ------------------ 9090
            58936 <- 14 bytes "hello, client!" ----------- 9090
 CLOSE-WAIT 58936 <- FIN, ACK 5 -------------------------- 9090  FIN-WAIT-1
            58936 -- ACK 23 -----------------------------> 9090  FIN-WAIT-2
   LAST-ACK 58936 -- FIN --------------------------------> 9090  TIME-WAIT
     CLOSED 58936 <- ACK 6 ------------------------------- 9090
   SYN-SENT 58940 -- SYN --------------------------------> 9091
     CLOSED 58940 <- RST, ACK ---------------------------- 9091
"#;

    fn lines(text: &str) -> Vec<Line> {
        let lines = text.lines().filter(|line| !line.is_empty());
        let read = |line| Line::parse(line).unwrap_or_else(|| panic!("it is a line:\n{line}"));
        lines.map(read).collect()
    }

    fn differs(one: &[Line], two: &[Line], rule: Rule) -> bool {
        let [one, two] = [one, two].map(|lines| [lines.to_vec()]);
        assert_eq!(
            compare(&one, &two, rule).is_err(),
            compare(&two, &one, rule).is_err()
        );
        compare(&one, &two, rule).is_err()
    }

    /// Both rules say that the ladder is the same after this change of its text.
    fn stays(change: impl Fn(&str) -> String) {
        let changed = change(LADDER);
        assert_ne!(changed, LADDER);
        for rule in [Rule::InOrder, Rule::EitherClosesFirst] {
            assert!(
                !differs(&lines(LADDER), &lines(&changed), rule),
                "{changed}"
            );
        }
    }

    fn without(text: &str, part: &str) -> String {
        let lines = text.lines().filter(|line| !line.contains(part));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_differs_from_run_to_run_is_left_aside() {
        stays(|ladder| ladder.replace("58936", "41000").replace("58940", "41001"));
        stays(|ladder| without(ladder, "<- ACK 5 -"));
        let divided = "\
            58936 <- 8 bytes \"server: \" ------------------ 9090
            58936 <- 14 bytes \"hello, client!\" ----------- 9090";
        let whole = "            58936 <- 22 bytes \"server: hello, client!\" --- 9090";
        stays(|ladder| ladder.replace(divided.trim_start(), whole.trim_start()));
        let again = "            58936 -- 5 bytes \"hello\", again -------------> 9090\n";
        stays(|ladder| ladder.to_string() + again);
        stays(|ladder| ladder.to_string() + "                  (40 ms later)\n");
    }

    #[test]
    fn a_flag_that_is_flipped_is_noticed() {
        let ladder = lines(LADDER);
        let mut changed = 0;
        for index in 0..ladder.len() {
            let flips: [fn(&mut Rung); 3] = [
                |rung| rung.what.syn = !rung.what.syn,
                |rung| rung.what.fin = !rung.what.fin,
                |rung| rung.what.rst = !rung.what.rst,
            ];
            for flip in flips {
                let mut other = ladder.clone();
                let Line::Rung(rung) = &mut other[index] else {
                    continue;
                };
                flip(rung);
                changed += 1;
                assert!(differs(&ladder, &other, Rule::InOrder), "{}", other[index]);
            }
        }
        assert_eq!(changed, 3 * ladder.len());
    }

    #[test]
    fn a_direction_or_an_ack_that_is_flipped_is_noticed() {
        let ladder = lines(LADDER);
        for index in 0..ladder.len() {
            let Line::Rung(rung) = &ladder[index] else {
                continue;
            };
            let differs = |changed: Rung| {
                let mut other = ladder.clone();
                other[index] = Line::Rung(changed);
                differs(&ladder, &other, Rule::InOrder)
            };
            let mut turned = rung.clone();
            turned.to_right = !turned.to_right;
            assert_eq!(differs(turned), !rung.what.is_pure_ack(), "{rung}");
            let mut flipped = rung.clone();
            flipped.what.ack = !flipped.what.ack;
            assert_eq!(differs(flipped), rung.what.syn || rung.what.rst, "{rung}");
        }
    }

    #[test]
    fn a_line_that_is_dropped_is_noticed() {
        let ladder = lines(LADDER);
        for index in 0..ladder.len() {
            let mut other = ladder.clone();
            let Line::Rung(dropped) = other.remove(index) else {
                continue;
            };
            // Only an acknowledgement that changes no state at the end may be missing.
            let counts = !dropped.what.is_pure_ack() || dropped.left == Some(State::Closed);
            assert_eq!(
                differs(&ladder, &other, Rule::InOrder),
                counts,
                "{}",
                ladder[index]
            );
        }
    }

    #[test]
    fn two_lines_that_are_swapped_are_noticed() {
        let ladder = lines(LADDER);
        let counting: Vec<usize> = (0..ladder.len())
            .filter(|index| matches!(&ladder[*index], Line::Rung(rung) if !rung.what.is_pure_ack()))
            .collect();
        assert_eq!(counting.len(), 9);
        for pair in counting.windows(2) {
            let mut other = ladder.clone();
            other.swap(pair[0], pair[1]);
            assert!(
                differs(&ladder, &other, Rule::InOrder),
                "{}\n{}",
                ladder[pair[0]],
                ladder[pair[1]]
            );
        }
    }

    #[test]
    fn a_byte_that_is_changed_is_noticed() {
        let ladder = lines(LADDER);
        for (old, new) in [
            ("hello\"", "hallo\""),
            ("server: ", "server; "),
            ("client!", "client?"),
        ] {
            let other = lines(&LADDER.replacen(old, new, 1));
            for rule in [Rule::InOrder, Rule::EitherClosesFirst] {
                assert!(differs(&ladder, &other, rule), "{old}");
            }
        }
    }

    #[test]
    fn who_closes_first_counts_only_in_order() {
        let ladder = lines(LADDER);
        let flipped: Vec<Line> = ladder
            .iter()
            .cloned()
            .map(|line| match line {
                Line::Rung(mut rung) if rung.what.fin => {
                    rung.to_right = !rung.to_right;
                    Line::Rung(rung)
                }
                line => line,
            })
            .collect();
        assert!(differs(&ladder, &flipped, Rule::InOrder));
        assert!(!differs(&ladder, &flipped, Rule::EitherClosesFirst));
    }

    #[test]
    fn a_window_that_was_shut_counts_once() {
        let shut = |bytes: usize| {
            let line =
                format!("            58936 <- ACK {bytes}, window 0 ------------------ 9090");
            LADDER.to_string() + &line
        };
        let [one, two] = [shut(1000), shut(4000)].map(|text| lines(&text));
        for rule in [Rule::InOrder, Rule::EitherClosesFirst] {
            assert!(!differs(&one, &two, rule));
            assert!(differs(&one, &lines(LADDER), rule));
        }
    }

    #[test]
    fn a_connection_more_or_less_is_noticed() {
        let ladder = lines(LADDER);
        let fewer = [ladder[..ladder.len() - 2].to_vec()];
        let difference = compare(&[ladder], &fewer, Rule::InOrder).expect_err("one is missing");
        assert_eq!(difference.connection, 2);
        assert_eq!(difference.expected, "-> SYN");
        assert_eq!(difference.came, "no such connection");
    }

    #[test]
    fn what_is_folded_counts_wherever_the_fold_is() {
        let syn = |port: u16| {
            format!("   SYN-SENT {port} -- SYN --------------------------------> 9090\n")
        };
        let rst = |port: u16| {
            format!("     CLOSED {port} <- RST, ACK ---------------------------- 9090\n")
        };
        let alike =
            |count: usize| format!("                  ({count} more connections do the same)\n");
        let one = syn(40000) + &alike(9) + &rst(40000) + &alike(9);
        let two = syn(50000) + &alike(9) + &rst(50000) + &alike(4) + &rst(50005) + &alike(4);
        assert!(!differs(&lines(&one), &lines(&two), Rule::InOrder));
        let fewer = syn(40000) + &alike(9) + &rst(40000) + &alike(8);
        assert!(differs(&lines(&one), &lines(&fewer), Rule::InOrder));
    }
}
