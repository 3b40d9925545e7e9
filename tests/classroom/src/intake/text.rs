//! Parts of texts about submissions: lists of names, and errors.

use crate::escape::escape_line;
use grade::failed::in_words;
use harness::message::{Message, Place};

/// How many names are listed in one notice.
const NAMES_LISTED: usize = 10;

/// Some of the names, and how many more there are.
pub(super) fn list(paths: &[String]) -> String {
    let names = paths
        .iter()
        .take(NAMES_LISTED)
        .map(|path| escape_line(path));
    let mut list: Vec<_> = names.collect();
    if paths.len() > NAMES_LISTED {
        list.push(format!("… (+{})", paths.len() - NAMES_LISTED));
    }
    list.join(", ")
}

/// An error, which may name a student's files, as a part of a line.
pub(super) fn escaped(error: &anyhow::Error) -> Message {
    let mut words = in_words(error);
    words.visit(&mut |place| {
        if let Place::Text(text) = place {
            *text = escape_line(text);
        }
    });
    words
}
