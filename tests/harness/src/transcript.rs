//! What a failed test has to tell, in parts: so that it can be told in other languages.
//!
//! A test, and whoever writes one, knows English only. Each sentence is one string, and goes
//! through a function, [`Say`], that says it in the reader's language; this module puts the
//! sentences together. What the program has printed never goes through it.

use serde::{Deserialize, Serialize};
use std::fmt::{self, Write};

/// Which part of a tale a sentence is: the same words need not mean the same in two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What holds a tale together.
    Heading,
    /// What the test did.
    Step,
    /// What came of a step.
    Result,
    /// What should have come.
    Expected,
    /// What came.
    Got,
    /// What is probably wrong.
    Hint,
}

/// Says a sentence in some language.
pub type Say<'a> = &'a dyn Fn(Part, &str) -> String;

/// Why a check has failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// The program is not as it should be, and there is a story about it.
    Transcript(Transcript),
    /// The check itself has come to a bad end.
    NoTranscript {
        /// A sentence that says how.
        what: String,
        /// What the check has printed, which nobody has written for readers.
        printed: String,
    },
}

impl Failure {
    /// All of it, in the words of `say`.
    pub fn tell(&self, say: Say) -> String {
        match self {
            Self::Transcript(transcript) => transcript.tell(say),
            Self::NoTranscript { what, printed } => {
                format!("{}\n\n{printed}", say(Part::Heading, what))
            }
        }
    }

    /// What should have come, where there is a story that says so, and what came or has
    /// happened, in the words of `say`.
    pub fn in_short(&self, say: Say) -> (Option<String>, String) {
        match self {
            Self::Transcript(transcript) => (
                Some(say(Part::Expected, &transcript.expected)),
                say(Part::Got, &transcript.got),
            ),
            Self::NoTranscript { what, printed } => {
                let first = printed.trim_start().lines().next().unwrap_or_default();
                let what = say(Part::Heading, what);
                (None, format!("{what}\n{first}").trim_end().to_string())
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tell(&in_english))
    }
}

/// As it was written.
fn in_english(_part: Part, sentence: &str) -> String {
    sentence.to_string()
}

/// The story of a failed test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    /// The command that starts the program under test.
    pub(crate) command: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) programs: Vec<End>,
    pub(crate) expected: String,
    pub(crate) got: String,
    pub(crate) hint: Option<String>,
}

/// What a test did, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) what: String,
    pub(crate) result: Option<String>,
}

/// Where a program stood at the end of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    pub(crate) name: String,
    pub(crate) streams: Vec<Stream>,
    /// How it has ended, if it has, and what else there is to say about that.
    pub(crate) exit: Vec<String>,
}

/// What a program has printed on one of its streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stream {
    pub(crate) name: String,
    /// How many bytes that were.
    pub(crate) total: u64,
    pub(crate) block: Block,
}

/// The lines of a text, without the middle where they are many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Block {
    pub(crate) head: Vec<String>,
    pub(crate) lines_left_out: usize,
    pub(crate) tail: Vec<String>,
    pub(crate) bytes_not_kept: u64,
}

impl Transcript {
    /// All of it, in the words of `say`.
    pub fn tell(&self, say: Say) -> String {
        let heading = |sentence: &str| say(Part::Heading, sentence);
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}\n", heading("the program is not as it should be"));
        let did = format!("What the test did with `{}`:", self.command);
        let _ = writeln!(out, "{}", heading(&did));
        for (index, step) in self.steps.iter().enumerate() {
            let _ = write!(out, "{:>4}. {}", index + 1, say(Part::Step, &step.what));
            if let Some(result) = &step.result {
                let _ = write!(out, "{}{}", heading(": "), say(Part::Result, result));
            }
            out.push('\n');
        }
        for program in &self.programs {
            program.tell(say, &mut out);
        }
        let mut hang = |label: &str, text: String| {
            let text = text.replace('\n', "\n          ");
            let _ = writeln!(out, "{}{text}", heading(label));
        };
        hang("\nExpected: ", say(Part::Expected, &self.expected));
        hang("     Got: ", say(Part::Got, &self.got));
        if let Some(hint) = &self.hint {
            hang("    Hint: ", say(Part::Hint, hint));
        }
        out
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tell(&in_english))
    }
}

impl End {
    fn tell(&self, say: Say, out: &mut String) {
        for Stream { name, total, block } in &self.streams {
            let what = match total {
                0 => format!("The {name} of {}: nothing", self.name),
                1 => format!("The {name} of {}, 1 byte:", self.name),
                _ => format!("The {name} of {}, {total} bytes:", self.name),
            };
            let _ = writeln!(out, "\n{}", say(Part::Heading, &what));
            block.tell(say, out);
        }
        for (index, exit) in self.exit.iter().enumerate() {
            let gap = if index == 0 { "\n" } else { "" };
            let exit = format!("{} {exit}", self.name);
            let _ = writeln!(out, "{gap}{}", say(Part::Heading, &exit));
        }
    }
}

impl Block {
    /// As an indented block. What is said of it has no bar, which the program's lines have.
    pub(crate) fn tell(&self, say: Say, out: &mut String) {
        let put = |out: &mut String, bar: &str, line: &str| {
            let _ = writeln!(out, "    {bar} {line}");
        };
        self.head.iter().for_each(|line| put(out, "|", line));
        if self.lines_left_out > 0 {
            let what = format!("... ({} lines left out) ...", self.lines_left_out);
            put(out, " ", &say(Part::Heading, &what));
        }
        self.tail.iter().for_each(|line| put(out, "|", line));
        if self.bytes_not_kept > 0 {
            let what = format!("... ({} more bytes, not kept) ...", self.bytes_not_kept);
            put(out, " ", &say(Part::Heading, &what));
        }
    }
}
