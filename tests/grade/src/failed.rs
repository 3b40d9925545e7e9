//! Errors in words of ours, which can be said in the learner's language.
//!
//! [`Because::because`] gives an error such words, as anyhow's `with_context` does; where there
//! is no error below, `bail!(Failed::new(message!(..)))` makes one.

use crate::rubric::DoesNotCompile;
use harness::message;
use harness::message::Message;
use std::error::Error;
use std::fmt;
use std::io;

/// An error in words of ours, and the error that has caused it, if there is one.
#[derive(Debug)]
pub struct Failed {
    message: Message,
    source: Option<anyhow::Error>,
}

impl Failed {
    /// An error that no other has caused.
    pub fn new(message: Message) -> Self {
        Self {
            message,
            source: None,
        }
    }
}

/// The error in English, without its cause.
impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(f)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(AsRef::as_ref)
    }
}

/// Says what an error, or a missing value, means for the reader.
pub trait Because<T> {
    /// The value, or an error with these words, which are made only if they are needed.
    ///
    /// # Errors
    ///
    /// [`Failed`] if there is no value.
    fn because(self, words: impl FnOnce() -> Message) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Because<T> for Result<T, E> {
    fn because(self, words: impl FnOnce() -> Message) -> anyhow::Result<T> {
        self.map_err(|error| {
            let (message, source) = (words(), Some(error.into()));
            Failed { message, source }.into()
        })
    }
}

impl<T> Because<T> for Option<T> {
    fn because(self, words: impl FnOnce() -> Message) -> anyhow::Result<T> {
        self.ok_or_else(|| Failed::new(words()).into())
    }
}

/// An error and its causes as one message. Words that are not ours are the same in every language,
/// except for common errors of the system.
pub fn in_words(error: &anyhow::Error) -> Message {
    let causes = error.chain().skip(1).map(link_in_words).rev();
    let why = causes.reduce(|why, what| message!("{what}: {why}", what, why));
    let what = link_in_words(error.as_ref());
    match why {
        Some(why) => message!("{what}: {why}", what, why),
        None => what,
    }
}

/// An error as a message, without its cause.
pub(crate) fn link_in_words(error: &(dyn Error + 'static)) -> Message {
    match error.downcast_ref::<Failed>() {
        Some(failed) => failed.message.clone(),
        None if error.is::<DoesNotCompile>() => message!("it does not compile"),
        None => match error.downcast_ref::<io::Error>() {
            Some(error) => message!("{words}", words = error),
            None => message!("{words}", words = error.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::say;
    use crate::language::Language;
    use anyhow::Context;

    fn said(error: &anyhow::Error) -> [String; 2] {
        [Language::En, Language::Zh].map(|language| say(&in_words(error), language))
    }

    #[test]
    fn each_error_of_ours_is_translated_and_those_of_others_stay() {
        let error = Err::<(), _>(io::Error::other("the disk is full"));
        let error = error.context("a word of others");
        let error = error.because(|| message!("this program was asked to end"));
        let error = error.because(|| message!("{name}", name = "exercise-01"));
        let error = error.expect_err("it is one");
        let [english, chinese] = said(&error);
        assert_eq!(english, format!("{error:#}"));
        assert_eq!(
            english,
            "exercise-01: this program was asked to end: a word of others: the disk is full"
        );
        assert_eq!(
            chinese,
            "exercise-01：程序被要求结束：a word of others：the disk is full"
        );
    }

    #[test]
    fn a_missing_value_is_an_error_without_a_cause() {
        let error = None::<()>.because(|| message!("no connection"));
        let error = error.expect_err("it is one");
        assert_eq!(said(&error), ["no connection", "没有连接"]);
        assert!(error.source().is_none());
    }

    #[test]
    fn a_system_error_that_is_made_of_a_message_is_translated() {
        let error = Err::<(), _>(io::Error::other(message!("no connection")));
        let error = error.because(|| message!("{name}", name = "exercise-01"));
        assert_eq!(
            said(&error.expect_err("it is one")),
            ["exercise-01: no connection", "exercise-01：没有连接"]
        );
    }

    #[test]
    fn what_does_not_compile_is_named_below_other_errors() {
        let messages = "error: expected `;`".to_string();
        let error = Err::<(), _>(DoesNotCompile {
            messages,
            reason: None,
        });
        let error = error.because(|| message!("{name}", name = "exercise-01"));
        assert_eq!(
            said(&error.expect_err("it is one")),
            ["exercise-01: it does not compile", "exercise-01：无法编译"]
        );
    }
}
