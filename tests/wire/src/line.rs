//! A line of the ladder, and its form as text.

use std::fmt;
use std::time::Duration;

use crate::state::State;
use crate::text::unquote;

/// The columns of what a packet is, with the arrow behind it.
const MIDDLE: usize = 37;

/// How much of them a packet may take: a blank, a dash and the head of the arrow must follow.
pub(crate) const LABEL: usize = MIDDLE - 3;

/// How far a line in brackets is to the right.
const INDENT: usize = 18;

/// A line of the ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A packet.
    Rung(Rung),
    /// Nothing came for this long.
    Later(Duration),
    /// So many more connections follow, and what the last one did is what each of them does.
    Alike(usize),
}

/// A packet between two ports, and the states that it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// The new state of the left side, if it has changed.
    pub left: Option<State>,
    /// The port of the side that has connected.
    pub left_port: u16,
    /// Whether the packet goes from left to right.
    pub to_right: bool,
    /// What it is.
    pub what: What,
    /// The port of the side that was connected to.
    pub right_port: u16,
    /// The new state of the right side, if it has changed.
    pub right: Option<State>,
}

/// What a packet is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the bits of the header"
)]
pub struct What {
    /// It has the flag SYN.
    pub syn: bool,
    /// What it carries.
    pub data: Option<Data>,
    /// It has the flag FIN.
    pub fin: bool,
    /// It has the flag RST.
    pub rst: bool,
    /// It has the flag ACK beside SYN or RST. (All others but the first have it.)
    pub ack: bool,
    /// It acknowledges what comes before this byte, counted from 0; a FIN counts as a byte.
    pub acknowledged: Option<u64>,
    /// How many bytes its sender has room for, where that is worth telling.
    pub window: Option<u32>,
    /// It asks whether there is room again.
    pub probe: bool,
    /// It, or all it carries, has been sent before.
    pub again: bool,
    /// It does not arrive.
    pub lost: bool,
}

/// What a packet carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// How many bytes.
    pub length: usize,
    /// The first of them, escaped.
    pub shown: String,
    /// Whether there are more than those.
    pub is_cut: bool,
}

impl Line {
    /// Reads a line as [`fmt::Display`] writes it; nothing if it has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let line = parse_remark(text.trim()).or_else(|| Some(Self::Rung(Rung::parse(text)?)))?;
        // One form for each line, so that a file that is written again stays as it is.
        (line.to_string() == text).then_some(line)
    }

    /// The line for a time in which nothing came, rounded as it will be shown.
    pub(crate) fn later(time: Duration) -> Self {
        let millis = u64::try_from((time.as_micros() + 500) / 1000).unwrap_or(u64::MAX);
        let rounded = if millis < 1000 {
            millis
        } else {
            (millis + 50) / 100 * 100
        };
        Self::Later(Duration::from_millis(rounded))
    }
}

fn parse_remark(text: &str) -> Option<Line> {
    let inside = text.strip_prefix('(')?.strip_suffix(')')?;
    if let Some(count) = inside.strip_suffix(" more connections do the same") {
        return Some(Line::Alike(count.parse().ok()?));
    }
    let time = inside.strip_suffix(" later")?;
    if let Some(millis) = time.strip_suffix(" ms") {
        return Some(Line::Later(Duration::from_millis(millis.parse().ok()?)));
    }
    let (seconds, tenths) = time.strip_suffix(" s")?.split_once('.')?;
    let seconds: u64 = seconds.parse().ok()?;
    let tenths: u64 = tenths.parse().ok()?;
    let millis = seconds
        .checked_mul(1000)?
        .checked_add(tenths.checked_mul(100)?)?;
    Some(Line::Later(Duration::from_millis(millis)))
}

/// What a ladder says in words, besides the fields of the packets' headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remark {
    /// Nothing came for this long.
    Later(Duration),
    /// So many more connections do the same as the last one.
    Alike(usize),
    /// So many packets of the connection with this port are not shown.
    PacketsLeftOut(usize, u16),
    /// So many lines are not shown.
    LinesLeftOut(usize),
    /// A packet carries so many bytes, which follow.
    Bytes(usize),
    /// Its sender has room for so many bytes.
    Window(u32),
    /// A packet has come before.
    Again,
    /// A packet has not arrived.
    Lost,
    /// A packet asks whether there is room again.
    Probe,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Later(_) => {
                let (number, unit) = self.time().unwrap_or_default();
                write!(f, "({number} {unit} later)")
            }
            Self::Alike(count) => write!(f, "({count} more connections do the same)"),
            Self::PacketsLeftOut(count, port) => write!(f, "({count} more packets of {port})"),
            Self::LinesLeftOut(count) => write!(f, "({count} more lines)"),
            Self::Bytes(1) => f.write_str("1 byte"),
            Self::Bytes(count) => write!(f, "{count} bytes"),
            Self::Window(bytes) => write!(f, "window {bytes}"),
            Self::Again => f.write_str("again"),
            Self::Lost => f.write_str("lost"),
            Self::Probe => f.write_str("probe"),
        }
    }
}

impl Remark {
    /// The time of [`Remark::Later`] as it is shown: a number, and `ms` or `s`.
    pub fn time(&self) -> Option<(String, &'static str)> {
        let Self::Later(time) = self else {
            return None;
        };
        let millis = time.as_millis();
        if millis < 1000 {
            return Some((millis.to_string(), "ms"));
        }
        let tenths = millis / 100;
        Some((format!("{}.{}", tenths / 10, tenths % 10), "s"))
    }

    /// As a line of its own.
    pub(crate) fn line(self, say: &dyn Fn(&Self) -> String) -> String {
        " ".repeat(INDENT) + &say(&self)
    }
}

impl Line {
    /// The line with its remarks in other words than those of [`fmt::Display`], such as another
    /// language's.
    pub fn tell(&self, say: &dyn Fn(&Remark) -> String) -> String {
        match self {
            Self::Rung(rung) => rung.tell(say),
            Self::Later(time) => Remark::Later(*time).line(say),
            Self::Alike(count) => Remark::Alike(*count).line(say),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tell(&Remark::to_string))
    }
}

impl Rung {
    fn parse(text: &str) -> Option<Self> {
        let (before, to_right, after) = match (text.split_once(" -- "), text.split_once(" <- ")) {
            (Some((before, after)), None) => (before, true, after),
            (None, Some((before, after))) => (before, false, after),
            // The other arrow is among the bytes of the packet.
            (Some(right), Some(left)) if right.0.len() < left.0.len() => (right.0, true, right.1),
            (Some(_), Some(left)) => (left.0, false, left.1),
            (None, None) => return None,
        };
        let (left_port, left) = parse_side(before.split_whitespace().rev())?;
        let (what, after) = What::parse(after)?;
        let (arrow, after) = after.strip_prefix(' ')?.split_once(' ')?;
        let dashes = arrow.strip_suffix('>').unwrap_or(arrow);
        if dashes.is_empty() || dashes.contains(|c| c != '-') {
            return None;
        }
        let (right_port, right) = parse_side(after.split_whitespace())?;
        Some(Self {
            left,
            left_port,
            to_right,
            what,
            right_port,
            right,
        })
    }
}

/// A port, and behind it perhaps a state.
fn parse_side<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<(u16, Option<State>)> {
    let port = words.next()?.parse().ok()?;
    let state = match words.next() {
        Some(name) => Some(State::of_name(name)?),
        None => None,
    };
    words.next().is_none().then_some((port, state))
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tell(&Remark::to_string))
    }
}

impl Rung {
    fn tell(&self, say: &dyn Fn(&Remark) -> String) -> String {
        let name = |state: Option<State>| state.map_or("", State::name);
        let what = self.what.tell(say);
        let dashes = "-".repeat(MIDDLE.saturating_sub(columns(&what) + 2).max(1));
        let line = format!(
            "{:>11} {:>5} {} {what} {dashes}{} {:<5} {}",
            name(self.left),
            self.left_port,
            if self.to_right { "--" } else { "<-" },
            if self.to_right { '>' } else { '-' },
            self.right_port,
            name(self.right),
        );
        line.trim_end().to_string()
    }
}

/// The columns that a text takes. What is not ASCII is Chinese: all else is escaped.
fn columns(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

impl What {
    /// Reads what a packet is from the beginning of a text, and returns what follows it.
    fn parse(text: &str) -> Option<(Self, &str)> {
        let mut what = Self::default();
        let mut rest = text;
        loop {
            rest = what.parse_part(rest)?;
            match rest.strip_prefix(", ") {
                Some(next) => rest = next,
                None => return Some((what, rest)),
            }
        }
    }

    fn parse_part<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let words = [
            ("SYN", &mut self.syn),
            ("FIN", &mut self.fin),
            ("RST", &mut self.rst),
            ("probe", &mut self.probe),
            ("again", &mut self.again),
            ("lost", &mut self.lost),
        ];
        for (word, is_there) in words {
            if let Some(rest) = text.strip_prefix(word) {
                *is_there = true;
                return Some(rest);
            }
        }
        if let Some(rest) = text.strip_prefix("window ") {
            let (number, rest) = leading_number(rest)?;
            self.window = Some(u32::try_from(number).ok()?);
            return Some(rest);
        }
        if let Some(rest) = text.strip_prefix("ACK") {
            if let Some((number, rest)) = rest.strip_prefix(' ').and_then(leading_number) {
                self.acknowledged = Some(number);
                return Some(rest);
            }
            self.ack = true;
            return Some(rest);
        }
        let (length, rest) = leading_number(text)?;
        let rest = rest.strip_prefix(" byte")?;
        let (shown, rest) = unquote(rest.strip_prefix('s').unwrap_or(rest).strip_prefix(' ')?)?;
        let after_dots = rest.strip_prefix("...");
        self.data = Some(Data {
            length: usize::try_from(length).ok()?,
            shown: shown.to_string(),
            is_cut: after_dots.is_some(),
        });
        Some(after_dots.unwrap_or(rest))
    }

    /// Whether it only acknowledges, or asks for an acknowledgement.
    pub fn is_pure_ack(&self) -> bool {
        !self.syn && !self.fin && !self.rst && self.data.is_none()
    }
}

/// A number at the beginning of a text, and what follows it.
fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tell(&Remark::to_string))
    }
}

impl What {
    fn tell(&self, say: &dyn Fn(&Remark) -> String) -> String {
        let word = |is_there: bool, word: &str| is_there.then(|| word.to_string());
        let parts = [
            word(self.syn, "SYN"),
            self.data.as_ref().map(|data| data.tell(say)),
            word(self.fin, "FIN"),
            word(self.rst, "RST"),
            word(self.ack, "ACK"),
            self.acknowledged.map(|number| format!("ACK {number}")),
            self.window.map(|bytes| say(&Remark::Window(bytes))),
            self.probe.then(|| say(&Remark::Probe)),
            self.again.then(|| say(&Remark::Again)),
            self.lost.then(|| say(&Remark::Lost)),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join(", ")
    }
}

impl Data {
    fn tell(&self, say: &dyn Fn(&Remark) -> String) -> String {
        let bytes = say(&Remark::Bytes(self.length));
        let dots = if self.is_cut { "..." } else { "" };
        format!("{bytes} \"{}\"{dots}", self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LADDER: &str = r#"
   SYN-SENT 58936 -- SYN --------------------------------> 9090
                  (1.0 s later)
            58936 -- SYN, again -------------------------> 9090
                  (40 ms later)
ESTABLISHED 58936 <- SYN, ACK ---------------------------- 9090  SYN-RCVD
            58936 -- ACK 0 ------------------------------> 9090  ESTABLISHED
                  (127 more connections do the same)
            58936 -- 1 byte "\n" ------------------------> 9090
            58936 -- 5 bytes "hello", again -------------> 9090
            58936 <- 22 bytes "server: hello, client!" --- 46713
            58936 -- 65483 bytes "xxxxxxxxxxxxxxx"... ---> 46713
            58936 -- 24 bytes " <- \" -- \\ ", FIN ------> 9090
            58936 <- ACK 6144, window 0 ------------------ 46713
            58936 -- ACK 0, probe -----------------------> 46713
            58936 <- RST, ACK ---------------------------- 46713
     CLOSED    80 <- FIN, ACK 6 -------------------------- 80    FIN-WAIT-1
"#;

    #[test]
    fn what_is_read_is_written_as_it_was() {
        for text in LADDER.lines().skip(1) {
            let line = Line::parse(text).unwrap_or_else(|| panic!("it has the form:\n{text}"));
            assert_eq!(line.to_string(), text);
            assert!(text.len() <= 76 && text.is_ascii(), "{text}");
        }
    }

    #[test]
    fn all_that_a_line_says_is_read() {
        let text = r#"  FIN-WAIT-1 1 <- 9 bytes "a"..., FIN, ACK 7, window 8, probe, again, lost - 2 TIME-WAIT"#;
        let rung = Rung::parse(text).expect("it can be read");
        let expected = Rung {
            left: Some(State::FinWait1),
            left_port: 1,
            to_right: false,
            what: What {
                data: Some(Data {
                    length: 9,
                    shown: "a".to_string(),
                    is_cut: true,
                }),
                fin: true,
                acknowledged: Some(7),
                window: Some(8),
                probe: true,
                again: true,
                lost: true,
                ..What::default()
            },
            right_port: 2,
            right: Some(State::TimeWait),
        };
        assert_eq!(rung, expected);
    }

    #[test]
    fn another_form_is_not_read() {
        let good = "            58936 -- SYN --------------------------------> 9090";
        assert!(Line::parse(good).is_some());
        for (old, new) in [
            ("SYN", "SIN"),
            ("SYN", "SYN ACK"),
            (" -- ", " -> "),
            ("9090", ""),
            ("9090", "90900"),
            ("9090", "9090  LISTENING"),
            ("->", ">"),
            ("            ", ""),
        ] {
            let bad = good.replace(old, new);
            assert_eq!(Line::parse(&bad), None, "{bad}");
        }
        assert_eq!(Line::parse(""), None);
        assert_eq!(Line::parse("                  (soon later)"), None);
    }

    #[test]
    fn remarks_in_another_language_keep_the_columns() {
        let say = |remark: &Remark| match remark {
            Remark::Again => "重发".to_string(),
            Remark::Later(_) => "（过了一会儿）".to_string(),
            Remark::Bytes(count) => format!("{count} 字节"),
            Remark::Window(bytes) => format!("窗口 {bytes}"),
            other => other.to_string(),
        };
        let told = LADDER.lines().filter_map(Line::parse);
        let told: Vec<String> = told.map(|line| line.tell(&say)).collect();
        let again = "            58936 -- SYN, 重发 --------------------------> 9090";
        assert!(told.contains(&again.to_string()), "{told:#?}");
        let carries = "            58936 <- 22 字节 \"server: hello, client!\" ---- 46713";
        assert!(told.contains(&carries.to_string()), "{told:#?}");
        let shut = "            58936 <- ACK 6144, 窗口 0 -------------------- 46713";
        assert!(told.contains(&shut.to_string()), "{told:#?}");
        let later = "                  （过了一会儿）";
        assert_eq!(told.iter().filter(|line| *line == later).count(), 2);
    }

    #[test]
    fn times_are_rounded_as_they_are_shown() {
        let shown = |micros| Line::later(Duration::from_micros(micros)).to_string();
        assert_eq!(shown(40_400).trim(), "(40 ms later)");
        assert_eq!(shown(999_600).trim(), "(1.0 s later)");
        assert_eq!(shown(12_345_678).trim(), "(12.3 s later)");
    }
}
