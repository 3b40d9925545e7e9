//! The transcript of a failed test, as values, so that it can be shown in any language.

use crate::message;
use crate::message::{Argument, Message, Place, Translate};
use crate::text;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt::{self, Write};
use std::ops::Range;

/// Why a check has failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// The program did not do what it should, and here is what happened.
    Transcript(Transcript),
    /// The check itself has crashed or was killed.
    NoTranscript {
        /// What happened to it.
        what: Message,
        /// The output of the check, which was not written for readers.
        printed: String,
    },
}

impl Failure {
    /// All of it, in the reader's language.
    pub fn in_language(&self, translate: Translate) -> String {
        match self {
            Self::Transcript(transcript) => transcript.in_language(translate),
            Self::NoTranscript { what, printed } => {
                format!("{}\n\n{printed}", what.fill(translate))
            }
        }
    }

    /// What should have come, if there is a transcript that says so, and what came or happened,
    /// in the reader's language.
    pub fn in_short(&self, translate: Translate) -> (Option<String>, String) {
        match self {
            Self::Transcript(transcript) => {
                let (mut expected, mut got) = (transcript.expected.clone(), transcript.got.clone());
                let mut introduce = introduction();
                expected.visit(&mut introduce);
                got.visit(&mut introduce);
                (
                    Some(cut(&expected.fill(translate), translate)),
                    cut(&got.show(translate), translate),
                )
            }
            Self::NoTranscript { what, printed } => {
                let first = printed.trim_start().lines().next().unwrap_or_default();
                let what = what.fill(translate);
                (None, format!("{what}\n{first}").trim_end().to_string())
            }
        }
    }

    /// Visits each place in it that may contain an address, in the order of reading.
    pub fn visit(&mut self, visit: &mut dyn FnMut(Place)) {
        match self {
            Self::Transcript(transcript) => transcript.visit(visit),
            Self::NoTranscript { what, printed } => {
                what.visit(visit);
                visit(Place::Text(printed));
            }
        }
    }
}

/// All of it in English.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_language(&|_| None))
    }
}

/// What happened in a failed test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    /// The command that starts the program under test.
    pub(crate) command: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) programs: Vec<End>,
    pub(crate) expected: Message,
    pub(crate) got: Argument,
    pub(crate) likely_cause: Option<Message>,
}

/// A step of a test, and its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) what: Message,
    pub(crate) result: Option<Argument>,
}

/// The state of a program at the end of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    pub(crate) name: Message,
    pub(crate) streams: Vec<Stream>,
    /// How it ended, if it did, and a further remark about that if there is one.
    pub(crate) exit: Vec<Message>,
}

/// The output of a program on one of its streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stream {
    pub(crate) name: String,
    /// How many bytes it printed in total.
    pub(crate) total: u64,
    pub(crate) block: Block,
}

/// The lines of a text; the middle is left out if there are many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Block {
    /// The first lines, or all if there are few.
    pub(crate) head: Vec<String>,
    /// How many lines are left out after them.
    pub(crate) lines_left_out: usize,
    /// The last lines, if there are many.
    pub(crate) tail: Vec<String>,
    /// How many more bytes there were that were not kept.
    pub(crate) bytes_not_kept: u64,
}

impl Transcript {
    /// All of it, in the reader's language.
    pub fn in_language(&self, translate: Translate) -> String {
        let left_out = left_out(self.steps.len());
        let mut shown = self.clone();
        shown.steps.drain(left_out.clone());
        shown.visit(&mut introduction());
        let command = &self.command;
        let mut out = String::new();
        let mut put = |text: String| out.push_str(&text);
        put(message!("What the test did with `{command}`:", command).fill(translate));
        put("\n".to_string());
        for (index, step) in shown.steps.iter().enumerate() {
            if index == left_out.start && !left_out.is_empty() {
                let count = left_out.len();
                put(format!(
                    "      {}\n",
                    message!("... ({count} steps left out) ...", count).fill(translate)
                ));
            }
            let before = if index < left_out.start {
                0
            } else {
                left_out.len()
            };
            put(format!(
                "{:>4}. {}\n",
                before + index + 1,
                step.describe().fill(translate)
            ));
        }
        for program in &shown.programs {
            put(program.in_language(translate));
        }
        let mut hang = |label: Message, text: String| {
            let text = cut(&text, translate).replace('\n', "\n          ");
            put(format!("{}{text}\n", label.fill(translate)));
        };
        hang(message!("\nExpected: "), shown.expected.fill(translate));
        hang(message!("     Got: "), shown.got.show(translate));
        if let Some(cause) = &shown.likely_cause {
            hang(message!("   Cause: "), cause.fill(translate));
        }
        out
    }

    fn visit(&mut self, visit: &mut dyn FnMut(Place)) {
        visit(Place::Text(&mut self.command));
        for step in &mut self.steps {
            step.what.visit(visit);
            step.result
                .iter_mut()
                .for_each(|result| result.visit(visit));
        }
        for program in &mut self.programs {
            for Stream { block, .. } in &mut program.streams {
                let lines = block.head.iter_mut().chain(&mut block.tail);
                lines.for_each(|line| visit(Place::Text(line)));
            }
            program.exit.iter_mut().for_each(|exit| exit.visit(visit));
        }
        self.expected.visit(visit);
        self.got.visit(visit);
        self.likely_cause
            .iter_mut()
            .for_each(|cause| cause.visit(visit));
    }
}

/// A visitor that takes an address from each party after its first mention, so that it is shown
/// there alone.
fn introduction() -> impl FnMut(Place) {
    let mut shown = HashSet::new();
    move |place| match place {
        Place::Address(address) => _ = shown.insert(*address),
        Place::Party(address) => *address = address.filter(|address| shown.insert(*address)),
        Place::Text(_) | Place::Bytes(_) => {}
    }
}

/// The steps of a long transcript that are left out: what led to the failure stands at its end.
fn left_out(steps: usize) -> Range<usize> {
    const FIRST: usize = 10;
    const LAST: usize = 40;
    if steps <= FIRST + LAST {
        return 0..0;
    }
    FIRST..steps - LAST
}

/// All of it in English.
impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_language(&|_| None))
    }
}

impl Step {
    fn describe(&self) -> Message {
        let step = &self.what;
        match &self.result {
            Some(result) => message!("{step}: {result}", step, result = result.clone()),
            None => step.clone(),
        }
    }
}

impl End {
    fn in_language(&self, translate: Translate) -> String {
        let mut out = String::new();
        for Stream { name, total, block } in &self.streams {
            let program = &self.name;
            let what = match total {
                0 => message!("The {name} of {program}: nothing", name, program),
                1 => message!("The {name} of {program}, 1 byte:", name, program),
                &count => message!(
                    "The {name} of {program}, {count} bytes:",
                    name,
                    program,
                    count
                ),
            };
            // Writing to a String cannot fail.
            let _ = writeln!(out, "\n{}", what.fill(translate));
            block.in_language(translate, &mut out);
        }
        for (index, exit) in self.exit.iter().enumerate() {
            let gap = if index == 0 { "\n" } else { "" };
            let exit = message!("{program} {exit}", program = &self.name, exit);
            let _ = writeln!(out, "{gap}{}", exit.fill(translate));
        }
        out
    }
}

impl Block {
    /// A program's output, of which `total` bytes were printed; the middle is left out if it is
    /// long.
    pub(crate) fn of(bytes: &[u8], total: u64) -> Self {
        const LINES: usize = 30;
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> = text.lines().collect();
        let (head, tail) = if lines.len() <= LINES {
            (&lines[..], &[][..])
        } else {
            (&lines[..LINES / 2], &lines[lines.len() - LINES / 2..])
        };
        let show = |lines: &[&str]| lines.iter().map(|line| text::harmless(line)).collect();
        Self {
            head: show(head),
            lines_left_out: lines.len() - head.len() - tail.len(),
            tail: show(tail),
            bytes_not_kept: total.saturating_sub(bytes.len() as u64),
        }
    }

    /// Formats the output as an indented block. The program's lines have a bar; remarks about
    /// them have none.
    pub(crate) fn in_language(&self, translate: Translate, out: &mut String) {
        let put = |out: &mut String, bar: &str, line: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "    {bar} {line}");
        };
        self.head.iter().for_each(|line| put(out, "|", line));
        if self.lines_left_out > 0 {
            let count = self.lines_left_out;
            let what = message!("... ({count} lines left out) ...", count);
            put(out, " ", &what.fill(translate));
        }
        self.tail.iter().for_each(|line| put(out, "|", line));
        if self.bytes_not_kept > 0 {
            let count = self.bytes_not_kept;
            let what = message!("... ({count} more bytes, not kept) ...", count);
            put(out, " ", &what.fill(translate));
        }
    }
}

/// A text to show, with the middle left out if it is long: an argument may be any text.
fn cut(text: &str, translate: Translate) -> String {
    const SHOWN: usize = 1500;
    let length = text.chars().count();
    if length <= 2 * SHOWN {
        return text.to_string();
    }
    let head: String = text.chars().take(SHOWN).collect();
    let tail: String = text.chars().skip(length - SHOWN).collect();
    let left_out = message!(
        "... ({count} characters left out) ...",
        count = length - 2 * SHOWN
    );
    format!("{head}\n{}\n{tail}", left_out.fill(translate))
}

#[cfg(test)]
mod tests {
    use super::{Block, Failure, Step, Transcript};
    use crate::message;
    use crate::message::{Message, Party};
    use std::net::SocketAddr;

    #[test]
    fn a_block_is_cut_and_harmless() {
        let block = |bytes: &[u8], total| {
            let mut out = String::new();
            Block::of(bytes, total).in_language(&|_| None, &mut out);
            out
        };
        assert_eq!(block(b"one\n\x1b[2J\n", 9), "    | one\n    | \\u{1b}[2J\n");
        let long = "line\n".repeat(10_000);
        let shown = block(long.as_bytes(), 1_000_000);
        assert!(shown.lines().count() < 40, "{shown}");
        assert!(shown.contains("(9970 lines left out)"), "{shown}");
        assert!(shown.contains("(950000 more bytes, not kept)"), "{shown}");
    }

    fn client(number: u16) -> Party {
        let address = SocketAddr::from(([127, 0, 0, 1], 50_000 + number));
        Party::client(number.into(), address)
    }

    fn transcript(steps: impl IntoIterator<Item = Message>, expected: Message) -> Transcript {
        let step = |what| Step { what, result: None };
        Transcript {
            command: "program".to_string(),
            steps: steps.into_iter().map(step).collect(),
            programs: Vec::new(),
            expected,
            got: message!("none").into(),
            likely_cause: None,
        }
    }

    #[test]
    fn a_client_is_named_once_with_its_address_and_then_without() {
        let steps =
            [0, 1, 0, 27].map(|number| message!("{client} speaks", client = client(number)));
        let told = transcript(steps, message!("{client} hears", client = client(1)));
        let shown = told.to_string();
        let expected = "\n   1. client A (127.0.0.1:50000) speaks\
                        \n   2. client B (127.0.0.1:50001) speaks\
                        \n   3. client A speaks\
                        \n   4. client AB (127.0.0.1:50027) speaks\
                        \n\nExpected: client B hears\n";
        assert!(shown.contains(expected), "{shown}");
        let (expected, _) = Failure::Transcript(told).in_short(&|_| None);
        assert_eq!(
            expected.as_deref(),
            Some("client B (127.0.0.1:50001) hears")
        );
    }

    #[test]
    fn a_client_whose_first_step_is_left_out_has_its_address_in_a_later_one() {
        let speak = |number| message!("{client} speaks", client = client(number));
        let steps = (0..100).map(|step| speak(u16::from(step >= 15 && step != 99)));
        let steps = steps.collect::<Vec<_>>();
        let shown = transcript(steps, speak(1)).to_string();
        let expected = "\n  61. client B (127.0.0.1:50001) speaks\n  62. client B speaks\n";
        assert!(shown.contains(expected), "{shown}");
        assert!(shown.contains("\n 100. client A speaks\n"), "{shown}");
    }

    #[test]
    fn an_address_that_a_step_has_named_is_not_named_again_with_the_server() {
        let address = SocketAddr::from(([127, 0, 0, 1], 50_000));
        let server = Party::new(message!("the test's server"), address);
        let steps = [
            message!("the test's server listens on {address}", address),
            message!("{server} waits", server),
        ];
        let shown = transcript(steps, message!("an end")).to_string();
        assert!(
            shown.contains("\n   2. the test's server waits\n"),
            "{shown}"
        );
    }

    #[test]
    fn a_long_transcript_keeps_its_beginning_and_its_end() {
        let told = |steps: u64| {
            let steps = (1..=steps).map(|number| message!("step {number}", number));
            transcript(steps, message!("an end")).to_string()
        };
        assert!(!told(50).contains("left out"), "{}", told(50));
        let long = told(300);
        let gap = "\n  10. step 10\n      ... (250 steps left out) ...\n 261. step 261\n";
        assert!(long.contains(gap), "{long}");
        assert!(long.contains("\n 300. step 300\n"), "{long}");
    }
}
