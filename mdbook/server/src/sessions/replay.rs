//! Runs a session and compares: every line of the file must come, and no other.

use std::fmt;
use std::time::{Duration, Instant};

use wire::Rule;

use super::normal::Normaliser;
use super::recording::Recording;
use super::script::{Entry, Event, Script};
use super::stage::Stage;

/// The time limit of a line, of a table, or of the end of a command. It is long, so that only a wrong session
/// reaches it.
pub(super) const LIMIT: Duration = Duration::from_secs(20);

/// How long the terminals must be quiet at the end of the file, when all programs are at
/// rest: what they have printed is on its way.
const QUIET: Duration = Duration::from_millis(50);

/// How a session differs from its file.
#[derive(Debug)]
pub(super) struct Failure {
    /// The line of the file.
    pub(super) line: usize,
    expected: String,
    came: String,
    /// The session so far, as a file would have it.
    transcript: Vec<String>,
    unread: Vec<(u8, String)>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  expected: {}", self.expected)?;
        writeln!(f, "      came: {}", self.came)?;
        writeln!(f, "The session so far:")?;
        for line in &self.transcript {
            // A command may have several lines.
            writeln!(f, "    {}", line.replace('\n', "\n    "))?;
        }
        if !self.unread.is_empty() {
            writeln!(f, "Besides came:")?;
        }
        for (terminal, line) in &self.unread {
            writeln!(f, "    {terminal}   {line}")?;
        }
        Ok(())
    }
}

/// The outcome of a session or of one of its steps. (The box keeps it small.)
type Outcome<T = ()> = Result<T, Box<Failure>>;

/// Runs a session from its beginning to its end, and compares its packets, if they are recorded,
/// as this rule says.
pub(super) fn replay(
    script: &Script,
    normaliser: Normaliser,
    ladder: Option<(Recording, Rule)>,
    stage: Stage,
    limit: Duration,
) -> Outcome {
    let mut replay = Replay {
        stage,
        normaliser,
        ladder,
        limit,
        transcript: Vec::new(),
    };
    let mut rest = script.entries.as_slice();
    while let Some((entry, after)) = rest.split_first() {
        let done = match &entry.event {
            Event::Start(command) if is_table(command) => {
                replay.expect_table(entry, command, after)?
            }
            _ => {
                replay.entry(entry)?;
                0
            }
        };
        rest = &after[done..];
    }
    replay.expect_silence(script)
}

/// Whether a command shows the kernel's sockets.
pub(super) fn is_table(command: &str) -> bool {
    command.split_whitespace().next() == Some("ss")
}

struct Replay {
    stage: Stage,
    normaliser: Normaliser,
    ladder: Option<(Recording, Rule)>,
    limit: Duration,
    transcript: Vec<String>,
}

impl Replay {
    fn entry(&mut self, entry: &Entry) -> Outcome {
        let number = entry.terminal;
        if matches!(entry.event, Event::Start(_) | Event::Prompt) {
            self.expect_end(entry)?;
        }
        if entry.is_input() {
            self.stage.wait_for_rest();
        }
        let done = match &entry.event {
            Event::Start(command) => self.stage.start(number, command),
            Event::Prompt => Ok(()),
            // What goes over the wire is compared at the end.
            Event::Wire(_) => return Ok(()),
            Event::Output(text) => return self.expect_line(entry, text),
            Event::Type(text) => self.stage.type_line(number, text),
            Event::Press(key) => self.stage.press(number, *key),
            Event::Network(change) => {
                self.stage.change(change);
                Ok(())
            }
        };
        if let Err(error) = done {
            return self.fail(entry, &entry.to_string(), format!("{error:#}"));
        }
        self.transcript.push(entry.to_string());
        Ok(())
    }

    /// Waits for a line of output, and compares it.
    fn expect_line(&mut self, entry: &Entry, expected: &str) -> Outcome {
        let number = entry.terminal;
        let mut normaliser = self.normaliser.clone();
        let came = self.stage.wait(self.limit, |stage| {
            let finished = stage.read_line(number);
            let line = finished.or_else(|| {
                stage.read_unfinished(number, |text| normaliser.matches(expected, text))
            });
            match line {
                Some(line) => Some(Some(line)),
                None => (!stage.is_running(number)).then_some(None),
            }
        });
        let came = match came.flatten() {
            Some(line) if self.normaliser.matches(expected, &line) => {
                self.transcript.push(format!("{number}   {line}"));
                return Ok(());
            }
            Some(line) => format!("{number}   {line}"),
            None if self.stage.is_running(number) => {
                format!(
                    "nothing more for {:?}, and the command is running",
                    self.limit
                )
            }
            None => self.stage.fate(number),
        };
        self.fail(entry, &entry.to_string(), came)
    }

    /// Waits until the command in the entry's terminal has ended. All its output must have
    /// been read.
    fn expect_end(&mut self, entry: &Entry) -> Outcome {
        self.wait_for_end(entry)?;
        match self.stage.read_line(entry.terminal) {
            None => Ok(()),
            Some(line) => {
                let came = format!("{}   {line}", entry.terminal);
                self.fail(entry, "no more output of the command before it", came)
            }
        }
    }

    fn wait_for_end(&mut self, entry: &Entry) -> Outcome {
        let number = entry.terminal;
        let has_ended = |stage: &mut Stage| (!stage.is_running(number)).then_some(());
        if self.stage.wait(self.limit, has_ended).is_some() {
            return Ok(());
        }
        let came = format!("the command is running, after {:?}", self.limit);
        self.fail(entry, "the command has ended", came)
    }

    /// Runs a command that shows the kernel's sockets until it shows what the file says
    /// directly after it. Returns how many entries that were.
    fn expect_table(&mut self, entry: &Entry, command: &str, after: &[Entry]) -> Outcome<usize> {
        let number = entry.terminal;
        let rows = after.iter().map_while(|entry| match &entry.event {
            Event::Output(text) if entry.terminal == number => Some(text.clone()),
            _ => None,
        });
        let expected: Vec<String> = rows.collect();
        self.expect_end(entry)?;
        let deadline = Instant::now() + self.limit;
        loop {
            let came = self.table(entry, command)?;
            let fits = self.normaliser.matches_table(&expected, &came);
            if fits {
                let lines = came.iter().map(|line| format!("{number}   {line}"));
                self.transcript.push(entry.to_string());
                self.transcript.extend(lines);
                return Ok(expected.len());
            }
            if Instant::now() > deadline {
                let indent = "\n            ";
                let expected = format!("in any order{indent}{}", expected.join(indent));
                let came = format!("to the last{indent}{}", came.join(indent));
                return self.fail(entry, &expected, came);
            }
            // The kernel's states follow a moment after what programs print, and nothing tells when
            // its tables change.
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs a command to its end, and returns its output.
    fn table(&mut self, entry: &Entry, command: &str) -> Outcome<Vec<String>> {
        let number = entry.terminal;
        if let Err(error) = self.stage.start(number, command) {
            return self.fail(entry, &entry.to_string(), format!("{error:#}"));
        }
        self.wait_for_end(entry)?;
        Ok(std::iter::from_fn(|| self.stage.read_line(number)).collect())
    }

    /// Expects no more output at the end of the file.
    fn expect_silence(mut self, script: &Script) -> Outcome {
        self.stage.wait_for_rest();
        while self.stage.listen(QUIET) {}
        let unread = self.stage.read_all().into_iter().next();
        if let (Some((number, line)), Some(last)) = (unread, script.entries.last()) {
            let came = format!("{number}   {line}");
            return self.fail(last, "no more output after the last line", came);
        }
        self.expect_ladder(script)
    }

    /// Expects the packets of the file.
    fn expect_ladder(&mut self, script: &Script) -> Outcome {
        let (Some((recording, rule)), Some(expected)) = (self.ladder.take(), script.wire()) else {
            return Ok(());
        };
        let (expected, came, ladder) = match recording.finish() {
            Err(lost) => ("all packets".to_string(), lost.to_string(), Vec::new()),
            Ok(came) => match wire::compare(&expected, std::slice::from_ref(&came), rule) {
                Ok(()) => return Ok(()),
                Err(different) => {
                    let connection = different.connection;
                    let expected = format!("on the wire, connection {connection}");
                    let expected = format!("{expected}: {}", different.expected);
                    (expected, different.came, came)
                }
            },
        };
        Err(Box::new(Failure {
            line: script.first_wire_line().unwrap_or(1),
            expected,
            came,
            transcript: ladder.iter().map(|line| format!("w {line}")).collect(),
            unread: Vec::new(),
        }))
    }

    fn fail<T>(&mut self, entry: &Entry, expected: &str, came: String) -> Outcome<T> {
        Err(Box::new(Failure {
            line: entry.line,
            expected: expected.to_string(),
            came,
            transcript: std::mem::take(&mut self.transcript),
            unread: self.stage.read_all(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Runs a session of ordinary programs here, without a network of its own.
    fn run(text: &str) -> Outcome {
        let script = Script::parse(text).expect("it has the right form");
        let normaliser = Normaliser::new(&[]).expect("the built-in patterns are right");
        replay(
            &script,
            normaliser,
            None,
            Stage::new(Path::new("/built"), None),
            Duration::from_secs(1),
        )
    }

    /// A session that must fail at this line, with these words.
    fn fails(text: &str, line: usize, words: &[&str]) {
        let failure = run(text).expect_err(&format!("it must fail:\n{text}"));
        let told = failure.to_string();
        assert_eq!(failure.line, line, "{told}");
        for word in words {
            assert!(told.contains(word), "{word:?} is not in:\n{told}");
        }
    }

    #[test]
    fn a_session_goes_as_the_file_says() {
        let passed = run("\
1 $ cat
1 > one
1   one
2 $ echo two; echo three >&2; exit 3
2   two
2   three
1 > four
2 $ echo $?
2   3
1   four
1 ^D
1 $
1 $ printf 'no newline'
1   no newline
1 $ printf 'name? '; read -r name; echo \"hi $name\"
1   name?
1 > you
1   hi you
1 $ trap - INT; echo ready; while :; do sleep 1; done
1   ready
1 ^C
1 $ echo $?
1   130
1 $ trap 'echo bye; exit 4' INT; echo ready; while :; do sleep 1; done
1   ready
1 ^C
1   bye
1 $ echo $?
1   4
1 $ sh -c 'trap \"echo bye; exit 5\" INT; echo ready; while :; do sleep 1; done'
1   ready
1 ^C
1   bye
1 $ echo $?
1   5
3 $ exec sleep 100
");
        assert!(passed.is_ok(), "{}", passed.expect_err("it failed"));
    }

    #[test]
    fn a_wrong_line_fails_and_is_told() {
        let text = "1 $ echo one; echo two\n1   one\n1   three\n";
        fails(
            text,
            3,
            &["expected: 1   three", "came: 1   two", "    1   one\n"],
        );
    }

    #[test]
    fn a_missing_line_fails_when_the_command_has_ended() {
        let text = "1 $ echo one; exit 7\n1   one\n1   two\n";
        fails(
            text,
            3,
            &[
                "expected: 1   two",
                "came: the command has ended with status 7",
            ],
        );
    }

    #[test]
    fn a_missing_line_fails_when_the_command_hangs() {
        let text = "1 $ echo one; exec sleep 100\n1   one\n1   two\n";
        fails(
            text,
            3,
            &["came: nothing more for 1s, and the command is running"],
        );
    }

    #[test]
    fn a_line_too_many_fails() {
        let more = "no more output";
        fails(
            "1 $ echo one; echo two\n1   one\n",
            2,
            &[more, "came: 1   two"],
        );
        fails(
            "1 $ echo one; echo two\n1   one\n1 $\n",
            3,
            &[more, "came: 1   two"],
        );
        fails(
            "1 $ echo one; echo two\n1   one\n1 $ true\n",
            3,
            &[more, "came: 1   two"],
        );
        fails(
            "2 $ true\n1 $ echo one; exec sleep 100\n",
            2,
            &[more, "came: 1   one"],
        );
    }

    #[test]
    fn a_program_that_hangs_fails_at_the_prompt() {
        let text = "1 $ exec sleep 100\n1 $\n";
        fails(text, 2, &["the command has ended", "is running, after 1s"]);
        fails(
            "1 $ exec sleep 100\n1 $ echo one\n",
            2,
            &["is running, after 1s"],
        );
    }

    #[test]
    fn what_cannot_be_typed_fails() {
        fails("1 $ true\n1 $\n1 ^C\n", 3, &["nothing runs in terminal 1"]);
        fails("2 > hello\n", 1, &["nothing runs in terminal 2"]);
        fails(
            "1 $ exec sleep 100\n1 ^D\n1 > hello\n",
            3,
            &["its stdin has ended"],
        );
    }

    #[test]
    fn a_table_that_never_comes_fails() {
        let text = "1 $ ss --version\n1   none such\n";
        fails(text, 1, &["none such", "ss utility"]);
    }
}
