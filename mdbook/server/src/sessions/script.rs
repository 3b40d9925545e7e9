//! The file format of a session: what was typed in which terminal, and what came.

use std::fmt;

use super::network::{Change, Layout};

/// A session as its file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    /// The entries in the order of the file.
    pub(super) entries: Vec<Entry>,
}

/// A line of the file; a command may go on over more lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The number of its line in the file, from 1.
    pub(super) line: usize,
    /// Whether there is a blank line before it.
    pub(super) after_blank: bool,
    /// The terminal that it is about, 1 to 9; or [`WIRE`], or [`NETWORK`].
    pub(super) terminal: u8,
    /// What happens in that terminal.
    pub(super) event: Event,
}

/// What happens in a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// `N $ command`: a command is started, after the one before has ended.
    Start(String),
    /// `N $`: the prompt is back; the command has ended.
    Prompt,
    /// `N   text`: a line of output, stdout or stderr.
    Output(String),
    /// `N > text`: a line typed on the command's stdin.
    Type(String),
    /// `N ^C` or `N ^D`.
    Press(Key),
    /// `w line`: a line of the ladder; `w` alone asks for one to be written.
    Wire(Option<wire::Line>),
    /// `n sentence`: a change of the network.
    Network(Change),
}

/// The number of the terminal for lines about packets.
pub(super) const WIRE: u8 = 0;

/// The number of the terminal for lines about the network.
pub(super) const NETWORK: u8 = 10;

/// A key that is not text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// `^C`: SIGINT to the command and whatever runs with it.
    Interrupt,
    /// `^D`: the end of stdin.
    EndOfInput,
}

impl Script {
    /// Reads a session.
    ///
    /// # Errors
    ///
    /// If a line has none of the forms above, with its number.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut after_blank = false;
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                after_blank = true;
                continue;
            }
            let (terminal, event) = parse_line(line).ok_or_else(|| {
                anyhow::anyhow!(
                    "line {}: {line:?} is none of `N $ command`, `N $`, `N   output`, \
                     `N > typed`, `N ^C`, `N ^D`, a line of the ladder, or one of the network",
                    index + 1
                )
            })?;
            if let (Some(last), Event::Type(more)) = (entries.last_mut(), &event)
                && let Event::Start(command) = &mut last.event
                && last.terminal == terminal
                && !after_blank
                && is_unfinished(command)
            {
                command.push('\n');
                command.push_str(more);
                continue;
            }
            entries.push(Entry {
                line: index + 1,
                after_blank,
                terminal,
                event,
            });
            after_blank = false;
        }
        anyhow::ensure!(!entries.is_empty(), "the session is empty");
        check_network(&entries)?;
        Ok(Self { entries })
    }

    /// The lines of the ladder, in the parts into which other lines divide it; `None` if the
    /// session neither has a ladder nor asks for one.
    pub(super) fn wire(&self) -> Option<Vec<Vec<wire::Line>>> {
        let is_wire = |entry: &Entry| matches!(entry.event, Event::Wire(_));
        let parts = self
            .entries
            .chunk_by(|one, two| is_wire(one) == is_wire(two));
        let parts = parts.filter(|part| part.iter().any(is_wire));
        let lines = parts.map(|part| {
            let lines = part.iter().map(|entry| match &entry.event {
                Event::Wire(line) => line.clone(),
                _ => None,
            });
            lines.flatten().collect()
        });
        let lines: Vec<Vec<wire::Line>> = lines.collect();
        (!lines.is_empty()).then_some(lines)
    }

    /// The hosts of the session; `None` if all terminals are on one host.
    pub(super) fn hosts(&self) -> Option<&Layout> {
        match &self.entries.first()?.event {
            Event::Network(Change::Hosts(layout)) => Some(layout),
            _ => None,
        }
    }

    /// The line of the file with the first line of the ladder.
    pub(super) fn first_wire_line(&self) -> Option<usize> {
        let mut entries = self.entries.iter();
        let first = entries.find(|entry| entry.terminal == WIRE)?;
        Some(first.line)
    }
}

impl Entry {
    /// Whether it is an input, and not output to wait for.
    pub(super) fn is_input(&self) -> bool {
        match self.event {
            Event::Start(_) | Event::Type(_) | Event::Press(_) | Event::Network(_) => true,
            Event::Prompt | Event::Output(_) | Event::Wire(_) => false,
        }
    }
}

/// Checks that the hosts are in the first line; later lines can only change the network.
fn check_network(entries: &[Entry]) -> anyhow::Result<()> {
    let network = |entry: &Entry| match &entry.event {
        Event::Network(change) => Some(matches!(change, Change::Hosts(_))),
        _ => None,
    };
    let has_hosts = network(&entries[0]) == Some(true);
    for (index, entry) in entries.iter().enumerate() {
        let fits = match network(entry) {
            None => true,
            Some(is_hosts) => has_hosts && is_hosts == (index == 0),
        };
        let line = entry.line;
        anyhow::ensure!(
            fits,
            "line {line}: the hosts stand in the first line, and only there"
        );
    }
    Ok(())
}

fn parse_line(line: &str) -> Option<(u8, Event)> {
    if line.trim_end() == "w" {
        return Some((WIRE, Event::Wire(None)));
    }
    if let Some(line) = line.strip_prefix("w ") {
        return Some((WIRE, Event::Wire(Some(wire::Line::parse(line)?))));
    }
    if let Some(sentence) = line.strip_prefix("n ") {
        return Some((NETWORK, Event::Network(Change::parse(sentence)?)));
    }
    let digit = line.chars().next()?.to_digit(10)?;
    let terminal = u8::try_from(digit).ok().filter(|number| *number > 0)?;
    let rest = line[1..].trim_end();
    let event = match rest {
        "" => Event::Output(String::new()),
        " $" => Event::Prompt,
        " >" => Event::Type(String::new()),
        " ^C" => Event::Press(Key::Interrupt),
        " ^D" => Event::Press(Key::EndOfInput),
        _ => {
            if let Some(text) = rest.strip_prefix("   ") {
                Event::Output(text.to_string())
            } else if let Some(command) = rest.strip_prefix(" $ ") {
                Event::Start(command.trim_start().to_string())
            } else {
                Event::Type(rest.strip_prefix(" > ")?.to_string())
            }
        }
    };
    Some((terminal, event))
}

/// Whether the shell would ask for more of this command: a quote is open.
fn is_unfinished(command: &str) -> bool {
    shlex::split(command).is_none()
}

impl fmt::Display for Script {
    /// Writes the session as a file has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.entries.iter().enumerate() {
            if entry.after_blank && index > 0 {
                writeln!(f)?;
            }
            writeln!(f, "{entry}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.terminal {
            WIRE => write!(f, "w")?,
            NETWORK => write!(f, "n")?,
            number => write!(f, "{number}")?,
        }
        match &self.event {
            Event::Start(command) => {
                // A command of several lines goes on after the shell's second prompt.
                let next = format!("\n{} > ", self.terminal);
                write!(f, " $ {}", command.replace('\n', &next))
            }
            Event::Prompt => write!(f, " $"),
            Event::Output(text) if text.is_empty() => Ok(()),
            Event::Output(text) => write!(f, "   {text}"),
            Event::Type(text) if text.is_empty() => write!(f, " >"),
            Event::Type(text) => write!(f, " > {text}"),
            Event::Press(Key::Interrupt) => write!(f, " ^C"),
            Event::Press(Key::EndOfInput) => write!(f, " ^D"),
            Event::Wire(None) => Ok(()),
            Event::Wire(Some(line)) => write!(f, " {line}"),
            Event::Network(change) => write!(f, " {change}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "\
n terminal 1 on 10.0.0.1, terminals 2 and 3 on 10.0.0.2, 25 ms apart
1 $ cargo run -p lesson-02
1   listening on 127.0.0.1:9090
1
1     two more blanks

2 $ python3 -c '
2 > import sys
2 > print(sys.stdin.read())'
2 > typed
2 >
2 ^D
2 $
w    SYN-SENT 58936 -- SYN --------------------------------> 9090
w                   (1.0 s later)
w
n packet 3 with data is lost
n the cable is pulled
n the router forgets its connections
1 ^C
";

    #[test]
    fn a_session_is_read_and_written_as_it_was() {
        let script = Script::parse(EXAMPLE).expect("it has the right form");
        assert_eq!(script.to_string(), EXAMPLE);
        let events: Vec<&Event> = script.entries.iter().map(|entry| &entry.event).collect();
        assert_eq!(
            events[5],
            &Event::Start("python3 -c '\nimport sys\nprint(sys.stdin.read())'".to_string())
        );
        assert_eq!(events[4], &Event::Output("  two more blanks".to_string()));
        assert_eq!(events[6], &Event::Type("typed".to_string()));
        assert_eq!(events[8], &Event::Press(Key::EndOfInput));
        assert_eq!(script.entries[6].line, 10);
        assert!(script.entries[5].after_blank);
    }

    #[test]
    fn a_line_of_another_form_is_an_error_that_names_it() {
        for line in [
            "x $ ls",
            "0 $ ls",
            "1 hello",
            "1$ ls",
            "1  two blanks",
            "w $ ls",
            "w    SYN-SENT 58936 -- SYN ---> 9090",
            "1 ^Z",
            "n the cable is eaten",
            "n the cable is pulled",
            "n terminal 1 on 10.0.0.1, terminal 2 on 10.0.0.2, 25 ms apart",
        ] {
            let text = format!("1 $ ls\n{line}\n");
            let error = Script::parse(&text).expect_err("it is wrong").to_string();
            assert!(error.starts_with("line 2: "), "{error}");
        }
        assert!(Script::parse("\n\n").is_err());
    }
}
