//! Leaves out the middle of long connections, and of a long ladder.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::line::{Line, Remark};

/// A line of a ladder that is not shown as a whole. As a value it is kept in its text form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Shown {
    /// A line of the ladder.
    Line(Line),
    /// So many packets of the connection with this port are left out here.
    PacketsLeftOut(usize, u16),
    /// So many lines are left out here, whatever their connections.
    LinesLeftOut(usize),
}

impl Shown {
    /// The line with its remarks in other words than those of [`fmt::Display`], such as another
    /// language's.
    pub fn tell(&self, say: &dyn Fn(&Remark) -> String) -> String {
        match self {
            Self::Line(line) => line.tell(say),
            Self::PacketsLeftOut(count, port) => Remark::PacketsLeftOut(*count, *port).line(say),
            Self::LinesLeftOut(count) => Remark::LinesLeftOut(*count).line(say),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tell(&Remark::to_string))
    }
}

impl From<Shown> for String {
    fn from(shown: Shown) -> Self {
        shown.to_string()
    }
}

impl TryFrom<String> for Shown {
    type Error = NoLine;

    fn try_from(text: String) -> Result<Self, NoLine> {
        text.parse()
    }
}

impl FromStr for Shown {
    type Err = NoLine;

    fn from_str(text: &str) -> Result<Self, NoLine> {
        let left_out = || {
            let inside = text.trim_start().strip_prefix('(')?.strip_suffix(')')?;
            let (count, what) = inside.split_once(" more ")?;
            let count = count.parse().ok()?;
            match what.strip_prefix("packets of ") {
                Some(port) => Some(Self::PacketsLeftOut(count, port.parse().ok()?)),
                None => (what == "lines").then_some(Self::LinesLeftOut(count)),
            }
        };
        let line = Line::parse(text).map(Self::Line);
        line.or_else(left_out).ok_or(NoLine)
    }
}

/// A text is no line of a ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoLine;

impl fmt::Display for NoLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a line of a ladder")
    }
}

impl std::error::Error for NoLine {}

/// Of each connection the first and the last `keep` packets, and of all these lines the first
/// and the last `most`. A line in brackets says how many are left out.
pub fn shorten(lines: &[Line], keep: usize, most: usize) -> Vec<Shown> {
    let mut shown = leave_out_packets(lines, keep);
    if let Some(left_out) = shown.len().checked_sub(2 * most).filter(|count| *count > 0) {
        shown.splice(most..most + left_out, [Shown::LinesLeftOut(left_out)]);
    }
    shown
}

fn leave_out_packets(lines: &[Line], keep: usize) -> Vec<Shown> {
    let mut all: HashMap<(u16, u16), usize> = HashMap::new();
    for connection in lines.iter().filter_map(ports) {
        *all.entry(connection).or_default() += 1;
    }
    let mut before: HashMap<(u16, u16), usize> = HashMap::new();
    let mut shown = Vec::new();
    for line in lines {
        let Some(connection) = ports(line) else {
            shown.push(Shown::Line(line.clone()));
            continue;
        };
        let count = before.entry(connection).or_default();
        let (index, all) = (*count, all[&connection]);
        *count += 1;
        if index < keep || index + keep >= all {
            shown.push(Shown::Line(line.clone()));
        } else if index == keep {
            shown.push(Shown::PacketsLeftOut(all - 2 * keep, connection.0));
        }
    }
    shown
}

fn ports(line: &Line) -> Option<(u16, u16)> {
    match line {
        Line::Rung(rung) => Some((rung.left_port, rung.right_port)),
        Line::Later(_) | Line::Alike(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More lines than there are.
    const ALL: usize = 100;

    fn line(port: u16, number: usize) -> Line {
        let what = format!("ACK {number}");
        let dashes = "-".repeat(35 - what.len());
        let text = format!("            {port} <- {what} {dashes}- 9090");
        Line::parse(&text).unwrap_or_else(|| panic!("it is a line:\n{text}"))
    }

    /// The lines as text, which can be read again.
    fn texts(shown: &[Shown]) -> Vec<String> {
        let texts: Vec<String> = shown.iter().map(ToString::to_string).collect();
        let read: Result<Vec<Shown>, _> = texts.iter().map(|text| text.parse()).collect();
        assert_eq!(read.as_deref(), Ok(shown));
        texts
    }

    #[test]
    fn the_middle_of_each_connection_is_left_out() {
        let mut lines: Vec<Line> = (0..10).map(|number| line(40000, number)).collect();
        lines.insert(4, line(50000, 0));
        let shown = shorten(&lines, 3, ALL);
        let whole = |number: usize| lines[number].to_string();
        let expected = [
            whole(0),
            whole(1),
            whole(2),
            "                  (4 more packets of 40000)".to_string(),
            whole(4),
            whole(8),
            whole(9),
            whole(10),
        ];
        assert_eq!(texts(&shown), expected);
        assert_eq!(shorten(&lines, 5, ALL).len(), lines.len());
    }

    #[test]
    fn the_middle_of_a_long_ladder_is_left_out() {
        let lines: Vec<Line> = (40000..40010).map(|port| line(port, 0)).collect();
        let expected = [
            lines[0].to_string(),
            lines[1].to_string(),
            "                  (6 more lines)".to_string(),
            lines[8].to_string(),
            lines[9].to_string(),
        ];
        assert_eq!(texts(&shorten(&lines, 3, 2)), expected);
        assert_eq!(shorten(&lines, 3, 5).len(), lines.len());
    }

    #[test]
    fn another_text_is_no_line() {
        for text in [
            "",
            "(4 more packets of x)",
            "(4 more words)",
            "(more lines)",
        ] {
            assert_eq!(text.parse::<Shown>(), Err(NoLine), "{text}");
        }
    }
}
