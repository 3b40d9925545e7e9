//! Paths in submissions: those that may be used, and what they mean.

use super::names;
use harness::message;
use harness::message::Message;

/// The longest path, in bytes: a folder to put it in must fit before it (4,096 on Linux).
const PATH_LIMIT: usize = 1_024;

/// The longest name, in bytes: what file systems can do.
const NAME_LENGTH_LIMIT: usize = 255;

/// Why a path cannot be that of a file in a submission.
pub(super) fn unsafe_because(path: &str) -> Option<Message> {
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    if path.starts_with('/') || drive {
        return Some(message!("its path leads outside"));
    }
    if path.len() > PATH_LIMIT || path.split('/').any(|name| name.len() > NAME_LENGTH_LIMIT) {
        return Some(message!("its path is too long"));
    }
    if path.split('/').any(|name| name == "..") {
        return Some(message!("its path leads outside"));
    }
    let odd = |name: &str| matches!(name, "" | ".") || name.contains(['\\', ':']);
    if path.split('/').any(odd) || path.chars().any(char::is_control) {
        return Some(message!("not every system can have such a name"));
    }
    None
}

/// What the name of a zip means for the files in it: `05.zip` is like a folder `05`.
pub(super) fn prefix_of_zip(name: &str) -> String {
    let (stem, _) = names::split_extension(name);
    match names::number(stem) {
        Some(_) => format!("{stem}/"),
        None => String::new(),
    }
}
