//! The arguments of messages.

use super::{Message, Translate, errors};
use crate::message;
use crate::text;
use serde::{Deserialize, Serialize};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An argument of a message, as a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Argument {
    /// Another message.
    Message(Box<Message>),
    /// A text that is the same in every language: a name, an option, or the system's words.
    Text(String),
    /// A number.
    Number(i64),
    /// Bytes that went over the network, whose text is GBK.
    Bytes(Excerpt),
    /// Bytes that a program has printed, or read from its stdin, whose text is UTF-8.
    Terminal(Excerpt),
    /// An address.
    Address(SocketAddr),
    /// Somebody with whom the program talks.
    Party(Party),
    /// How long something took, or may take.
    Duration(Duration),
}

impl Argument {
    /// Bytes of a program's stdin or stdout.
    pub fn terminal(bytes: &[u8]) -> Self {
        Self::Terminal(bytes.into())
    }

    /// Text that a program has printed, in quotes; the middle is left out if it is long.
    pub fn quoted(text: &str) -> Self {
        const KEPT: usize = 500;
        let length = text.chars().count();
        if length <= 2 * KEPT {
            return format!("{text:?}").into();
        }
        let head: String = text.chars().take(KEPT).collect();
        let tail: String = text.chars().skip(length - KEPT).collect();
        message!(
            "{head} ... {tail} ({length} characters)",
            head = format!("{head:?}"),
            tail = format!("{tail:?}"),
            length
        )
        .into()
    }

    /// Lines that a program has printed, each between backticks; the middle is left out if there
    /// are many, and long lines are truncated.
    pub fn lines(lines: &[String]) -> Self {
        const KEPT: usize = 5;
        let show = |lines: &[String]| {
            let lines = lines.iter().map(|line| text::harmless(line));
            let lines: Vec<_> = lines.map(|line| format!("`{line}`")).collect();
            lines.join("\n")
        };
        if lines.len() <= 2 * KEPT {
            return show(lines).into();
        }
        message!(
            "{head}\n... ({count} lines left out) ...\n{tail}",
            head = show(&lines[..KEPT]),
            count = lines.len() - 2 * KEPT,
            tail = show(&lines[lines.len() - KEPT..])
        )
        .into()
    }

    /// Visits each place in it that may contain an address.
    pub(crate) fn visit(&mut self, visit: &mut dyn FnMut(Place)) {
        match self {
            Self::Message(message) => message.visit(visit),
            Self::Text(text) => visit(Place::Text(text)),
            Self::Number(_) | Self::Duration(_) => {}
            Self::Bytes(bytes) | Self::Terminal(bytes) => {
                visit(Place::Bytes(&mut bytes.head));
                visit(Place::Bytes(&mut bytes.tail));
            }
            Self::Address(address) => visit(Place::Address(address)),
            Self::Party(party) => visit(Place::Party(&mut party.address)),
        }
    }

    /// The argument as it is shown to a reader of this language.
    pub(crate) fn show(&self, translate: Translate) -> String {
        match self {
            Self::Message(message) => message.fill(translate),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Bytes(bytes) => bytes.describe(text::from_gbk).fill(translate),
            Self::Terminal(bytes) => bytes.describe(text::from_utf8).fill(translate),
            Self::Address(address) => address.to_string(),
            Self::Party(party) => party.describe().fill(translate),
            Self::Duration(duration) => describe(*duration).fill(translate),
        }
    }
}

/// A duration in the words of the standard library, which are English for its unit.
fn describe(duration: Duration) -> Message {
    let words = format!("{duration:?}");
    let number = words.trim_end_matches(char::is_alphabetic);
    match &words[number.len()..] {
        "s" => message!("{number}s", number),
        "ms" => message!("{number}ms", number),
        _ => message!("{words}", words),
    }
}

/// A client or a server of a test: a name, and an address, which is shown where the party is named
/// first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    name: Box<Message>,
    address: Option<SocketAddr>,
}

impl Party {
    /// A party with this name and address.
    pub(crate) fn new(name: Message, address: SocketAddr) -> Self {
        Self {
            name: Box::new(name),
            address: Some(address),
        }
    }

    /// The client that was the first to connect (number 0), or the second, and so on.
    pub(crate) fn client(number: usize, address: SocketAddr) -> Self {
        Self::new(
            message!("client {letter}", letter = letters(number)),
            address,
        )
    }

    fn describe(&self) -> Message {
        let party = &*self.name;
        match self.address {
            Some(address) => message!("{party} ({address})", party, address),
            None => party.clone(),
        }
    }
}

/// A to Z, and then AA, AB and so on.
fn letters(number: usize) -> String {
    let last = char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[number % 26]);
    let before = (number / 26).checked_sub(1).map(letters);
    before.unwrap_or_default() + &last.to_string()
}

/// A place in a message that may contain an address.
pub enum Place<'a> {
    /// An address.
    Address(&'a mut SocketAddr),
    /// The address of a party. Without it, the party is shown by its name alone.
    Party(&'a mut Option<SocketAddr>),
    /// Text that may contain addresses.
    Text(&'a mut String),
    /// Bytes from the network that may contain addresses.
    Bytes(&'a mut Vec<u8>),
}

/// Bytes; the middle is left out if there are many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// All of them, or the first of many.
    pub head: Vec<u8>,
    /// The last of many; empty if `head` has all of them.
    pub tail: Vec<u8>,
    /// How many there are.
    pub length: usize,
}

/// How many bytes of a long piece of data are kept at each end.
const KEPT: usize = 60;

impl From<&[u8]> for Excerpt {
    fn from(bytes: &[u8]) -> Self {
        let (head, tail) = if bytes.len() > 4 * KEPT {
            (&bytes[..KEPT], &bytes[bytes.len() - KEPT..])
        } else {
            (bytes, &[][..])
        };
        Self {
            head: head.to_vec(),
            tail: tail.to_vec(),
            length: bytes.len(),
        }
    }
}

impl Excerpt {
    /// The bytes as a person can read them: as text, with the numbers of what is not ASCII, or,
    /// if they are no text, as escaped bytes.
    fn describe(&self, decode: fn(&[u8]) -> String) -> Message {
        let (text, count) = (text::readable(&self.head, decode), self.length);
        if !self.tail.is_empty() {
            let end = text::readable(&self.tail, decode);
            return message!("{text} ... {end} ({count} bytes)", text, end, count);
        }
        if count == 0 {
            return message!("nothing");
        }
        let is_plain = self.head.is_ascii() || count > 64 || !text::is_text(&decode(&self.head));
        let hex: Vec<String> = self.head.iter().map(|byte| format!("{byte:02x}")).collect();
        match (count, is_plain) {
            (1, true) => message!("{text} (1 byte)", text),
            (1, false) => message!("{text} (1 byte: {hex})", text, hex = hex.join(" ")),
            (_, true) => message!("{text} ({count} bytes)", text, count),
            (_, false) => {
                message!(
                    "{text} ({count} bytes: {hex})",
                    text,
                    count,
                    hex = hex.join(" ")
                )
            }
        }
    }
}

macro_rules! arguments {
    ($($value:ident: $kind:ty => $argument:expr;)*) => {$(
        impl From<$kind> for Argument {
            fn from($value: $kind) -> Self {
                $argument
            }
        }
    )*};
}

arguments! {
    message: Message => Self::Message(Box::new(message));
    message: &Message => message.clone().into();
    argument: &Argument => argument.clone();
    text: &str => Self::Text(text.to_string());
    text: &String => text.as_str().into();
    text: String => Self::Text(text);
    path: &Path => path.display().into();
    path: &PathBuf => path.display().into();
    path: std::path::Display<'_> => Self::Text(path.to_string());
    bytes: &[u8] => Self::Bytes(bytes.into());
    bytes: &Vec<u8> => bytes.as_slice().into();
    bytes: Vec<u8> => bytes.as_slice().into();
    address: SocketAddr => Self::Address(address);
    party: Party => Self::Party(party);
    party: &Party => party.clone().into();
    duration: Duration => Self::Duration(duration);
    // For a system error another language may have its own words.
    error: &io::Error => errors::of_system(error);
    error: io::Error => (&error).into();
    number: i64 => Self::Number(number);
    number: i32 => i64::from(number).into();
    number: u16 => i64::from(number).into();
    number: u32 => i64::from(number).into();
    // These are counts, far below the limit.
    number: u64 => i64::try_from(number).unwrap_or(i64::MAX).into();
    number: usize => i64::try_from(number).unwrap_or(i64::MAX).into();
}

impl<const N: usize> From<&[u8; N]> for Argument {
    fn from(bytes: &[u8; N]) -> Self {
        bytes.as_slice().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_as_text_and_numbers() {
        let show = |bytes: &[u8]| Argument::from(bytes).show(&|_| None);
        assert_eq!(show(b""), "nothing");
        assert_eq!(show(b"a"), "\"a\" (1 byte)");
        assert_eq!(show(b"hi\n"), "\"hi\\n\" (3 bytes)");
        assert_eq!(show(&text::gbk("你")), "\"你\" (2 bytes: c4 e3)");
        let printed = Argument::terminal("你".as_bytes()).show(&|_| None);
        assert_eq!(printed, "\"你\" (3 bytes: e4 bd a0)");
        assert_eq!(show(&[0, 1, 255]), "b\"\\x00\\x01\\xff\" (3 bytes)");
        assert!(show("x".repeat(100_000).as_bytes()).len() < 500);
    }

    #[test]
    fn a_duration_is_as_the_standard_library_has_it() {
        for nanoseconds in [
            0,
            5,
            1_500,
            20_000_000,
            500_123_000,
            2_000_000_000,
            90_000_000_000,
        ] {
            let duration = Duration::from_nanos(nanoseconds);
            let shown = Argument::from(duration).show(&|_| None);
            assert_eq!(shown, format!("{duration:?}"));
        }
    }

    #[test]
    fn what_was_printed_is_cut_and_harmless() {
        let quote = |text: &str| Argument::quoted(text).show(&|_| None);
        assert_eq!(quote("a\n\"b\""), "\"a\\n\\\"b\\\"\"");
        assert!(quote(&"x".repeat(5000)).ends_with("x\" (5000 characters)"));
        let lines = |lines: &[String]| Argument::lines(lines).show(&|_| None);
        let few = ["one", "\x1b[2J"].map(String::from);
        assert_eq!(lines(&few), "`one`\n`\\u{1b}[2J`");
        let many = vec!["line".to_string(); 1000];
        assert!(lines(&many).contains("\n... (990 lines left out) ...\n"));
    }
}
