//! Compares lines of output, apart from what differs from run to run.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use anyhow::Context;
use regex::Regex;

/// The ephemeral ports of Linux: a new network namespace has this range in
/// `/proc/sys/net/ipv4/ip_local_port_range`.
const EPHEMERAL: RangeInclusive<u32> = 32768..=60999;

/// Patterns of what differs from run to run. If a pattern has a group, only the group is left out.
const VOLATILE: [&str; 7] = [
    // Addresses in memory.
    r"\b0x[0-9a-f]{6,}\b",
    // Processes, as `ss -p`, `strace -f` and a shell name them.
    r"\bpid[= ] *(\d+)",
    r"\bProcess (\d+)",
    // Socket numbers of `ss -e`.
    r"\b(?:ino|sk|cgroup):([0-9a-f]+)",
    // Timers of `ss -o`: which one it is stays.
    r"\btimer:\(\w+,([^)]*)\)",
    // Times of day, and how long a system call took (`strace -T`).
    r"\b\d\d:\d\d:\d\d(?:\.\d+)?\b|<\d+\.\d+>",
    r"\b\d+(?:\.\d+)? ?(?:ns|µs|us|ms|s|sec|secs|seconds?)\b",
];

/// A port behind an address, as `ss`, `strace` and Python write them.
const PORT: &str = r#"(?:\d+\.\d+\.\d+\.\d+:|\]:|\*:|htons\(|['"], |\bport )(\d{1,5})\b"#;

/// Stands for what is left out of the comparison.
const MARK: &str = "\u{2026}";

/// Compares lines. It remembers which port of the file belongs to which port of this run: they must
/// match one to one throughout a session.
#[derive(Debug, Clone)]
pub(super) struct Normaliser {
    volatile: Vec<Regex>,
    port: Regex,
    came: BTreeMap<u32, u32>,
    expected: BTreeMap<u32, u32>,
}

impl Normaliser {
    /// A normaliser that also leaves out what these patterns find.
    ///
    /// # Errors
    ///
    /// If one is not a regular expression.
    pub(super) fn new(patterns: &[String]) -> anyhow::Result<Self> {
        let patterns = patterns.iter().map(String::as_str).chain(VOLATILE);
        let regex = |pattern| {
            Regex::new(pattern)
                .with_context(|| format!("cannot normalise by the pattern {pattern:?}"))
        };
        Ok(Self {
            volatile: patterns.map(regex).collect::<Result<_, _>>()?,
            port: regex(PORT)?,
            came: BTreeMap::new(),
            expected: BTreeMap::new(),
        })
    }

    /// Whether a line of output is the expected one. If so, their ports belong together from now
    /// on.
    pub(super) fn matches(&mut self, expected: &str, came: &str) -> bool {
        let (expected_text, expected_ports) = self.skeleton(expected);
        let (came_text, came_ports) = self.skeleton(came);
        if expected_text != came_text || expected_ports.len() != came_ports.len() {
            return false;
        }
        let mut next = self.clone();
        let mut pairs = expected_ports.into_iter().zip(came_ports);
        let fits = pairs.all(|(expected, came)| {
            *next.came.entry(expected).or_insert(came) == came
                && *next.expected.entry(came).or_insert(expected) == expected
        });
        if fits {
            *self = next;
        }
        fits
    }

    /// Whether these tables are the same: the heading first, the rows in any order. (The
    /// kernel keeps its sockets in a hash table, `ss` prints them as it finds them.)
    pub(super) fn matches_table(&mut self, expected: &[String], came: &[String]) -> bool {
        if expected.len() != came.len() {
            return false;
        }
        let (Some((heading, rows)), Some((came_heading, came_rows))) =
            (expected.split_first(), came.split_first())
        else {
            return true;
        };
        let mut next = self.clone();
        let came_rows: Vec<&String> = came_rows.iter().collect();
        let fits = next.matches(heading, came_heading) && next.matches_rows(rows, &came_rows);
        if fits {
            *self = next;
        }
        fits
    }

    fn matches_rows(&mut self, expected: &[String], came: &[&String]) -> bool {
        let Some((row, rest)) = expected.split_first() else {
            return came.is_empty();
        };
        (0..came.len()).any(|chosen| {
            let mut next = self.clone();
            let mut left = came.to_vec();
            let fits = next.matches(row, left.remove(chosen)) && next.matches_rows(rest, &left);
            if fits {
                *self = next;
            }
            fits
        })
    }

    /// A line without what differs from run to run.
    pub(super) fn without_volatile(&self, line: &str) -> String {
        self.skeleton(line).0
    }

    /// A line without what differs from run to run, and the ephemeral ports in it.
    fn skeleton(&self, line: &str) -> (String, Vec<u32>) {
        let mut text = line.to_string();
        for pattern in &self.volatile {
            text = replace(pattern, &text, |_| true);
        }
        let mut ports = Vec::new();
        let text = replace(&self.port, &text, |number| {
            let port = number.parse().ok().filter(|port| EPHEMERAL.contains(port));
            ports.extend(port);
            port.is_some()
        });
        // Widths of columns depend on what stands in them; `ss` may leave no blank at all.
        let text = text.replace("PortProcess", "Port Process");
        let words: Vec<&str> = text.split_whitespace().collect();
        let indent = if text.starts_with(char::is_whitespace) {
            " "
        } else {
            ""
        };
        (indent.to_string() + &words.join(" "), ports)
    }
}

/// Puts a mark in the place of what a pattern finds (its group, where it has one), if it
/// is wanted.
fn replace(pattern: &Regex, text: &str, mut wanted: impl FnMut(&str) -> bool) -> String {
    let mut out = String::new();
    let mut copied = 0;
    for found in pattern.captures_iter(text) {
        let Some(part) = found.iter().skip(1).flatten().next().or(found.get(0)) else {
            continue;
        };
        if wanted(part.as_str()) {
            out.push_str(&text[copied..part.start()]);
            out.push_str(MARK);
            copied = part.end();
        }
    }
    out.push_str(&text[copied..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normaliser() -> Normaliser {
        Normaliser::new(&[]).expect("the built-in patterns are right")
    }

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_string).collect()
    }

    #[test]
    fn ephemeral_ports_go_together_one_to_one() {
        let mut normaliser = normaliser();
        let connected = |port| format!("client connected: 127.0.0.1:{port}");
        assert!(normaliser.matches(&connected(50312), &connected(40000)));
        assert!(normaliser.matches("[::1]:50312 sent \"a\"", "[::1]:40000 sent \"a\""));
        assert!(normaliser.matches("('127.0.0.1', 50312)", "('127.0.0.1', 40000)"));
        assert!(normaliser.matches("sin_port=htons(50312)", "sin_port=htons(40000)"));
        assert!(
            !normaliser.matches(&connected(50312), &connected(40001)),
            "another port came"
        );
        assert!(
            !normaliser.matches(&connected(50313), &connected(40000)),
            "it is another's"
        );
        assert!(
            normaliser.matches(&connected(50313), &connected(40001)),
            "a second client"
        );
    }

    #[test]
    fn other_ports_and_numbers_are_what_they_are() {
        let mut normaliser = normaliser();
        assert!(!normaliser.matches("listening on 127.0.0.1:9090", "listening on 127.0.0.1:9091"));
        assert!(!normaliser.matches(
            "listening on 127.0.0.1:9090",
            "listening on 127.0.0.1:50000"
        ));
        assert!(!normaliser.matches("sent 50000 bytes", "sent 50001 bytes"));
        assert!(!normaliser.matches("LISTEN 0 128", "LISTEN 1 128"));
    }

    #[test]
    fn what_differs_from_run_to_run_is_left_aside() {
        let mut normaliser = normaliser();
        for (expected, came) in [
            ("State   Recv-Q  ", "State Recv-Q"),
            (
                "users:((\"lesson-02\",pid=7,fd=3))",
                "users:((\"lesson-02\",pid=4711,fd=3))",
            ),
            ("[pid    12] accept4(3)", "[pid 345] accept4(3)"),
            (
                "timer:(timewait,59sec,0) ino:0 sk:a",
                "timer:(timewait,1min2sec,0) ino:0 sk:bc",
            ),
            ("took 12.5 ms", "took 900 µs"),
            ("close(3) = 0 <0.000012>", "close(3) = 0 <0.1>"),
        ] {
            assert!(
                normaliser.matches(expected, came),
                "{expected:?} and {came:?}"
            );
        }
        assert!(!normaliser.matches("timer:(timewait,59sec,0)", "timer:(on,59sec,0)"));
        assert!(!normaliser.matches("  indented", "indented"));
        assert!(!normaliser.matches("fd=3", "fd=4"));
    }

    #[test]
    fn a_session_has_patterns_of_its_own() {
        let patterns = ["accepted (\\d+)".to_string()];
        let mut normaliser = Normaliser::new(&patterns).expect("the pattern is right");
        assert!(normaliser.matches("accepted 5 = 5", "accepted 6 = 5"));
        assert!(!normaliser.matches("accepted 5 = 5", "accepted 6 = 6"));
        let error = Normaliser::new(&["(".to_string()]).expect_err("it is no pattern");
        assert!(error.to_string().contains("\"(\""), "{error}");
    }

    #[test]
    fn rows_of_a_table_come_in_any_order() {
        let expected =
            lines("State\nLISTEN 0.0.0.0:9090\nESTAB 127.0.0.1:50001\nESTAB 127.0.0.1:50002");
        let came =
            lines("State\nESTAB 127.0.0.1:40001\nLISTEN 0.0.0.0:9090\nESTAB 127.0.0.1:40002");
        let mut normaliser = normaliser();
        assert!(normaliser.matches("127.0.0.1:50001", "127.0.0.1:40002"));
        assert!(
            normaliser.matches_table(&expected, &came),
            "it tries the other way round"
        );
        assert!(!normaliser.matches("127.0.0.1:50002", "127.0.0.1:40002"));
        assert!(!normaliser.matches_table(&expected, &came[..3]));
        assert!(!normaliser.matches_table(&lines("State\nA\nA"), &lines("State\nA\nB")));
    }
}
