//! Parts of texts about submissions: lists of names, and errors.

use crate::escape::{escape_line, escape_message};
use grade::failed::in_words;
use harness::message::Message;

/// How many names are listed in one notice.
const NAMES_LISTED: usize = 10;

/// How many characters are shown of a name or a path.
const NAME_SHOWN: usize = 120;

/// A name, cut if it is long: the start says whose it is, and the end what it is.
pub fn shorten(name: &str) -> String {
    let count = name.chars().count();
    if count <= NAME_SHOWN {
        return name.to_string();
    }
    let start: String = name.chars().take(NAME_SHOWN / 2).collect();
    let end: String = name.chars().skip(count - NAME_SHOWN / 2).collect();
    format!("{start}…{end}")
}

/// Some of the names, and how many more there are.
pub fn list(paths: &[String]) -> String {
    let names = paths
        .iter()
        .take(NAMES_LISTED)
        .map(|path| shorten(&escape_line(path)));
    let mut list: Vec<_> = names.collect();
    if paths.len() > NAMES_LISTED {
        list.push(format!("… (+{})", paths.len() - NAMES_LISTED));
    }
    list.join(", ")
}

/// An error, which may name a student's files, as a part of a line.
pub(super) fn escaped(error: &anyhow::Error) -> Message {
    escape_message(in_words(error))
}
