//! A session of the book beside the outcome of a run, with the lines that differ.

use std::collections::BTreeMap;

use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use wire::{Line, Rule, Rung};

use super::normal::Normaliser;
use super::player::Session;
use super::record::{Stop, Tried};
use super::replay::is_table;
use super::script::{Entry, Event, Script, WIRE};

/// The session of the book, and the outcome of the run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Beside {
    book: Side,
    came: Side,
    /// Whether they are the same, apart from what differs from run to run.
    is_same: bool,
    /// Why the session was ended before its end.
    stopped: Option<Stop>,
}

/// A session as a file has it.
#[derive(Debug, Serialize)]
struct Side {
    text: String,
    /// The indices of the lines that the other side does not have.
    differing: Vec<usize>,
}

/// The entries that differ on both sides, by their indices.
type Differing = [Vec<usize>; 2];

/// Compares a session with the outcome of a run: the packets, and each terminal by itself, since
/// the order of lines of different terminals has no meaning.
pub(super) fn compare(session: &Session, tried: &Tried) -> Beside {
    let scripts = [&session.script, &tried.script];
    let mut normaliser = session.normaliser.clone();
    let mut differing = Differing::default();
    let terminals = 1..=9;
    for terminal in terminals {
        let found = compare_terminal(scripts, terminal, &mut normaliser);
        for (all, found) in differing.iter_mut().zip(found) {
            all.extend(found);
        }
    }
    let is_ladder_same = match scripts.map(Script::wire) {
        [Some(expected), came] => {
            wire::compare(&expected, &came.unwrap_or_default(), session.rule).is_ok()
        }
        _ => true,
    };
    if !is_ladder_same {
        let found = compare_ladders(scripts, session.rule);
        for (all, found) in differing.iter_mut().zip(found) {
            all.extend(found);
        }
    }
    let is_same = is_ladder_same && differing.iter().all(Vec::is_empty) && tried.stopped.is_none();
    let [book, came] = differing;
    Beside {
        book: Side::new(scripts[0], &book),
        came: Side::new(scripts[1], &came),
        is_same,
        stopped: tried.stopped,
    }
}

impl Side {
    fn new(script: &Script, entries: &[usize]) -> Self {
        let mut text = String::new();
        let mut differing = Vec::new();
        let mut line = 0;
        for (index, entry) in script.entries.iter().enumerate() {
            let shown = format!("{entry}\n");
            let lines = shown.lines().count();
            if entries.contains(&index) {
                differing.extend(line..line + lines);
            }
            line += lines;
            text += &shown;
        }
        Self { text, differing }
    }
}

/// The entries of a terminal, each with the text that is compared. The rows of a table come in any
/// order, so they are sorted.
fn entries<'a>(
    script: &'a Script,
    terminal: u8,
    normaliser: &Normaliser,
) -> Vec<(usize, &'a Entry, String, bool)> {
    let mut in_table = false;
    let mut table = 0;
    let mut found = Vec::new();
    for (index, entry) in script.entries.iter().enumerate() {
        if entry.terminal != terminal {
            continue;
        }
        let key = match &entry.event {
            Event::Output(text) => normaliser.without_volatile(text),
            Event::Start(command) => {
                in_table = is_table(command);
                entry.to_string()
            }
            _ => entry.to_string(),
        };
        if !matches!(entry.event, Event::Output(_)) || !in_table {
            table += 1;
        }
        found.push((table, (index, entry, key, in_table)));
    }
    found.sort_by(|(one, (_, _, key, _)), (two, (_, _, other, _))| (one, key).cmp(&(two, other)));
    found.into_iter().map(|(_, entry)| entry).collect()
}

fn compare_terminal(scripts: [&Script; 2], terminal: u8, normaliser: &mut Normaliser) -> Differing {
    let [book, came] = scripts.map(|script| entries(script, terminal, normaliser));
    let keys = [&book, &came].map(|side| {
        let keys = side.iter().map(|(_, _, key, _)| key.clone());
        keys.collect::<Vec<_>>()
    });
    let mut differing = Differing::default();
    for (one, two) in pairs(&keys) {
        match (one.map(|one| &book[one]), two.map(|two| &came[two])) {
            // They differ at most in which port is which.
            (Some((one, expected, _, in_table)), Some((two, entry, ..))) => {
                if let (Event::Output(expected), Event::Output(text)) =
                    (&expected.event, &entry.event)
                    && !in_table
                    && !normaliser.matches(expected, text)
                {
                    differing[0].push(*one);
                    differing[1].push(*two);
                }
            }
            (one, two) => {
                differing[0].extend(one.map(|entry| entry.0));
                differing[1].extend(two.map(|entry| entry.0));
            }
        }
    }
    differing
}

/// The pairs of entries that are the same on both sides, and the entries of one side alone.
fn pairs(keys: &[Vec<String>; 2]) -> Vec<(Option<usize>, Option<usize>)> {
    let [old, new] = keys;
    let mut pairs = Vec::new();
    for operation in capture_diff_slices(Algorithm::Myers, old, new) {
        let (old, new) = (operation.old_range(), operation.new_range());
        if let DiffOp::Equal { .. } = operation {
            pairs.extend(old.zip(new).map(|(one, two)| (Some(one), Some(two))));
        } else {
            pairs.extend(old.map(|one| (Some(one), None)));
            pairs.extend(new.map(|two| (None, Some(two))));
        }
    }
    pairs
}

/// The packets that differ between two ladders.
fn compare_ladders(scripts: [&Script; 2], rule: Rule) -> Differing {
    let [book, came] = scripts.map(|script| packets(script, rule));
    let keys = [&book, &came].map(|side| side.iter().map(|(_, key)| key.clone()).collect());
    let mut differing = Differing::default();
    for pair in pairs(&keys) {
        match pair {
            (Some(_), Some(_)) => {}
            (one, two) => {
                differing[0].extend(one.map(|one| book[one].0));
                differing[1].extend(two.map(|two| came[two].0));
            }
        }
    }
    differing
}

/// The packets that are compared, each with the text that is compared.
fn packets(script: &Script, rule: Rule) -> Vec<(usize, String)> {
    let mut clients = BTreeMap::new();
    let entries = script.entries.iter().enumerate();
    let packets = entries.filter(|(_, entry)| entry.terminal == WIRE);
    packets
        .filter_map(|(index, entry)| match &entry.event {
            Event::Wire(Some(Line::Rung(rung))) => {
                let count = clients.len();
                let client = *clients.entry(rung.left_port).or_insert(count);
                let counts = !rung.what.is_pure_ack() && !rung.what.again;
                counts.then(|| (index, key(rung, client, rule)))
            }
            _ => None,
        })
        .collect()
}

fn key(rung: &Rung, client: usize, rule: Rule) -> String {
    let what = &rung.what;
    let data = what.data.as_ref();
    let data = data.map(|data| (data.length, &data.shown));
    let states = (rule == Rule::InOrder).then_some((rung.left, rung.right));
    let flags = (what.syn, what.fin, what.rst);
    let (to_right, port) = (rung.to_right, rung.right_port);
    format!("{client} {port} {to_right} {flags:?} {data:?} {states:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOK: &str = "\
1 $ cargo run -p lesson-02
1   listening on 127.0.0.1:9090
2 $ ss -tn
2   State Peer
2   ESTAB 127.0.0.1:50001
2   LISTEN 0.0.0.0:9090
1   client connected: 127.0.0.1:50001
w    SYN-SENT 50001 -- SYN --------------------------------> 9090
w ESTABLISHED 50001 <- SYN, ACK ---------------------------- 9090  SYN-RCVD
w             50001 -- ACK 0 ------------------------------> 9090  ESTABLISHED
w             50001 -- 5 bytes \"hello\" --------------------> 9090
1   127.0.0.1:50001 sent \"hello\"
";

    /// What differs when this comes in place of the book's session.
    fn differing(came: &str) -> [Vec<String>; 2] {
        let script = |text| Script::parse(text).expect("it has the right form");
        let session = Session {
            script: script(BOOK),
            normaliser: Normaliser::new(&[]).expect("the built-in patterns are right"),
            rule: Rule::InOrder,
        };
        let tried = Tried {
            script: script(came),
            stopped: None,
        };
        let beside = compare(&session, &tried);
        let lines = [beside.book, beside.came].map(|side| {
            let lines: Vec<&str> = side.text.lines().collect();
            let lines = side.differing.iter().map(|line| lines[*line].to_string());
            lines.collect::<Vec<_>>()
        });
        assert_eq!(beside.is_same, lines.iter().all(Vec::is_empty));
        lines
    }

    #[test]
    fn what_differs_from_run_to_run_is_not_marked() {
        let rows = (
            "ESTAB 127.0.0.1:50001\n2   LISTEN 0.0.0.0:9090",
            "LISTEN 0.0.0.0:9090\n2   ESTAB 127.0.0.1:50001",
        );
        let came = BOOK.replace(rows.0, rows.1).replace("50001", "40000");
        assert_eq!(differing(&came), [const { Vec::<String>::new() }; 2]);
        // What is printed in another terminal may come before or after.
        let connected = "1   client connected: 127.0.0.1:40000\n";
        let came = came
            .replace(connected, "")
            .replace("2 $ ss", &format!("{connected}2 $ ss"));
        assert_eq!(differing(&came), [const { Vec::<String>::new() }; 2]);
    }

    #[test]
    fn a_line_that_is_another_one_is_marked_on_both_sides() {
        let came = BOOK.replace("sent \"hello\"", "sent \"hallo\"");
        assert_eq!(
            differing(&came),
            [
                ["1   127.0.0.1:50001 sent \"hello\""],
                ["1   127.0.0.1:50001 sent \"hallo\""]
            ]
        );
    }

    #[test]
    fn a_line_that_is_missing_or_too_many_is_marked_where_it_is() {
        let connected = "1   client connected: 127.0.0.1:50001\n";
        let [book, came] = differing(&BOOK.replace(connected, ""));
        assert_eq!(book, [connected.trim_end()]);
        assert!(came.is_empty(), "{came:?}");
        let [book, came] = differing(&format!("{BOOK}2   CLOSE-WAIT\n"));
        assert!(book.is_empty(), "{book:?}");
        assert_eq!(came, ["2   CLOSE-WAIT"]);
    }

    #[test]
    fn a_port_that_is_another_client_s_is_marked() {
        let came = BOOK.replace("127.0.0.1:50001 sent", "127.0.0.1:50002 sent");
        let [_, came] = differing(&came);
        assert_eq!(came, ["1   127.0.0.1:50002 sent \"hello\""]);
    }

    #[test]
    fn a_packet_that_is_another_one_is_marked() {
        let came = BOOK.replace("\"hello\" ----", "\"hallo\" ----");
        let [book, came] = differing(&came);
        assert!(book.len() == 1 && book[0].contains("hello"), "{book:?}");
        assert!(came.len() == 1 && came[0].contains("hallo"), "{came:?}");
    }
}
