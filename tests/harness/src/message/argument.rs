//! What a message may have as an argument.

use super::{Message, Translate, errors};
use crate::message;
use crate::text;
use serde::{Deserialize, Serialize};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// An argument of a message, as a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Argument {
    /// Another message.
    Message(Box<Message>),
    /// A text that is the same in every language: a name, an option, words of the system.
    Text(String),
    /// A number.
    Number(i64),
    /// Bytes that went over the wire, whose text is GBK.
    Bytes(Excerpt),
    /// A text that a program has printed, in quotes.
    Quoted(String),
    /// Lines that a program has printed, each between backticks.
    Lines(Vec<String>),
    /// An address.
    Address(SocketAddr),
    /// How long something took, or may take.
    Duration(Duration),
}

impl Argument {
    /// Text that a program has printed: it is shown in quotes.
    pub fn quoted(text: &str) -> Self {
        Self::Quoted(text.to_string())
    }

    /// Lines that a program has printed.
    pub fn lines(lines: &[String]) -> Self {
        Self::Lines(lines.to_vec())
    }

    /// The argument as a reader of this language sees it.
    pub(super) fn show(&self, translate: Translate) -> String {
        match self {
            Self::Message(message) => message.fill(translate),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Bytes(bytes) => bytes.describe().fill(translate),
            Self::Quoted(quoted) => text::quoted(quoted).fill(translate),
            Self::Lines(lines) => text::listed(lines).fill(translate),
            Self::Address(address) => address.to_string(),
            Self::Duration(duration) => format!("{duration:?}"),
        }
    }
}

/// Bytes, without the middle where they are many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// All of them, or the first of many.
    pub head: Vec<u8>,
    /// The last of many; nothing where `head` has all.
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
    fn describe(&self) -> Message {
        let (text, count) = (text::readable(&self.head), self.length);
        if !self.tail.is_empty() {
            let end = text::readable(&self.tail);
            return message!("{text} ... {end} ({count} bytes)", text, end, count);
        }
        if count == 0 {
            return message!("nothing");
        }
        let is_plain = self.head.is_ascii() || count > 64 || !text::is_text(&self.head);
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

impl From<Message> for Argument {
    fn from(message: Message) -> Self {
        Self::Message(Box::new(message))
    }
}

impl From<&Message> for Argument {
    fn from(message: &Message) -> Self {
        message.clone().into()
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Text(text.to_string())
    }
}

impl From<&String> for Argument {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Argument {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl<const N: usize> From<&[u8; N]> for Argument {
    fn from(bytes: &[u8; N]) -> Self {
        bytes.as_slice().into()
    }
}

impl From<&Vec<u8>> for Argument {
    fn from(bytes: &Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}

impl From<Vec<u8>> for Argument {
    fn from(bytes: Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}

impl From<SocketAddr> for Argument {
    fn from(address: SocketAddr) -> Self {
        Self::Address(address)
    }
}

impl From<Duration> for Argument {
    fn from(duration: Duration) -> Self {
        Self::Duration(duration)
    }
}

/// An error of the system, which many languages have their own words for.
impl From<&io::Error> for Argument {
    fn from(error: &io::Error) -> Self {
        errors::of_system(error)
    }
}

impl From<io::Error> for Argument {
    fn from(error: io::Error) -> Self {
        (&error).into()
    }
}

macro_rules! numbers {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Argument {
            fn from(number: $kind) -> Self {
                // What is counted here is far below the limit.
                Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
            }
        }
    )*};
}

numbers!(i32, i64, u16, u32, u64, usize);
