//! System errors, in the words of Linux and in the reader's language.

use super::{Argument, Message};
use crate::message;
use std::io;

/// An error as an argument: the message that it was made of, or one for the errors that learners
/// see often, and the system's text for all others.
pub(super) fn of_system(error: &io::Error) -> Argument {
    if let Some(message) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Message>())
    {
        return message.into();
    }
    let words = error.to_string();
    let Some(code) = error.raw_os_error() else {
        return match words.as_str() {
            "failed to fill whole buffer" => message!("failed to fill whole buffer").into(),
            "connection timed out" => message!("connection timed out").into(),
            _ => words.into(),
        };
    };
    let known = [
        message!("Connection refused (os error {code})", code),
        message!("Connection reset by peer (os error {code})", code),
        message!("Broken pipe (os error {code})", code),
        message!("Resource temporarily unavailable (os error {code})", code),
        message!("Address already in use (os error {code})", code),
        message!("No such file or directory (os error {code})", code),
        message!("Permission denied (os error {code})", code),
        message!("Exec format error (os error {code})", code),
        message!(
            "Transport endpoint is not connected (os error {code})",
            code
        ),
        message!("Too many open files (os error {code})", code),
    ];
    let found = known.into_iter().find(|known| known.to_string() == words);
    found.map_or_else(|| words.into(), Argument::from)
}
