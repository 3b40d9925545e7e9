//! A message kept as a value, a template and its arguments, until it is shown to a reader.
//!
//! [`message!`](crate::message!) makes one: `message!("{client} sends {bytes}", client, bytes)`.
//! Printed, it is English. [`Message::fill`] puts it into another language, whose templates have
//! the same arguments and are looked up by the English ones (as in gettext).
//!
//! Each use of the macro registers its template, so a program can list all of its messages:
//! [`templates`].

mod argument;
mod errors;

pub use argument::{Argument, Excerpt, Party, Place};
pub use inventory;

use crate::message;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

/// Finds the template of another language by the English one.
pub type Translate<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A template with named placeholders, and an argument for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    template: Cow<'static, str>,
    arguments: Vec<(Cow<'static, str>, Argument)>,
}

impl Message {
    /// Makes a message. Use [`message!`](crate::message!) instead, which also registers the
    /// template and compares its placeholders with the arguments at compile time.
    pub fn new<const N: usize>(
        template: &'static str,
        arguments: [(&'static str, Argument); N],
    ) -> Self {
        let arguments = arguments.into_iter();
        Self {
            template: template.into(),
            arguments: arguments
                .map(|(name, value)| (name.into(), value))
                .collect(),
        }
    }

    /// Messages one after the other; `None` if there are none.
    pub fn list(messages: impl IntoIterator<Item = Self>) -> Option<Self> {
        let messages = messages.into_iter();
        messages.reduce(|some, next| message!("{some}; {next}", some, next))
    }

    /// Texts one after the other, as `01, 02, 03`.
    pub fn series(texts: impl IntoIterator<Item = String>) -> Argument {
        let texts = texts.into_iter().map(Argument::from);
        let series = texts.reduce(|some, next| message!("{some}, {next}", some, next).into());
        series.unwrap_or_else(|| String::new().into())
    }

    /// The English template.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// Visits each place in the arguments that may contain an address.
    pub fn visit(&mut self, visit: &mut dyn FnMut(Place)) {
        let arguments = self.arguments.iter_mut();
        arguments.for_each(|(_, argument)| argument.visit(visit));
    }

    /// The message in the language of these templates, or in English where one is missing.
    pub fn fill(&self, translate: Translate) -> String {
        let template = translate(&self.template);
        let template = template.as_deref().unwrap_or(&self.template);
        let mut out = String::new();
        for (index, piece) in pieces(template).enumerate() {
            if index % 2 == 0 {
                out.push_str(piece);
                continue;
            }
            match self.arguments.iter().find(|(name, _)| name == piece) {
                Some((_, argument)) => out.push_str(&argument.show(translate)),
                None => out.extend(["{", piece, "}"]),
            }
        }
        out
    }
}

/// The message in English.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fill(&|_| None))
    }
}

/// An [`io::Error`](std::io::Error) can be made of a message. As an argument of another message, it is
/// shown in the reader's language.
impl std::error::Error for Message {}

/// The names of a template's placeholders.
pub fn placeholders(template: &str) -> BTreeSet<String> {
    let names = pieces(template).skip(1).step_by(2);
    names.map(str::to_string).collect()
}

/// Splits a template at its braces: text, the name of an argument, text and so on.
fn pieces(template: &str) -> impl Iterator<Item = &str> {
    template.split(['{', '}'])
}

/// A template that a program can use. [`message!`](crate::message!) submits each one.
pub struct Registered(pub &'static str);

inventory::collect!(Registered);

/// The templates of all messages that this program can make, in order.
pub fn templates() -> BTreeSet<&'static str> {
    inventory::iter::<Registered>
        .into_iter()
        .map(|registered| registered.0)
        .collect()
}

/// Makes a [`Message`] from a template and its arguments. `name` is short for `name = name`.
///
/// A placeholder without an argument, or an argument without a placeholder, does not compile. A
/// literal brace has to be in an argument.
///
/// ```
/// use harness::message;
///
/// let client = "127.0.0.1:4711".parse::<std::net::SocketAddr>().unwrap();
/// let message = message!("{client} sends {bytes}", client, bytes = b"hello");
/// assert_eq!(message.to_string(), "127.0.0.1:4711 sends \"hello\" (5 bytes)");
/// ```
///
/// ```compile_fail
/// harness::message!("{client} sends {bytes}", client = 1);
/// ```
///
/// ```compile_fail
/// harness::message!("{client} sends", client = 1, bytes = 2);
/// ```
#[macro_export]
macro_rules! message {
    (@value $name:ident) => { $name };
    (@value $name:ident $value:expr) => { $value };
    ($template:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {{
        // Never run: the compiler compares the placeholders with the names.
        const _: fn() = || _ = ::std::format_args!($template $(, $name = "")*);
        $crate::message::inventory::submit! { $crate::message::Registered($template) }
        $crate::message::Message::new(
            $template,
            [$((
                stringify!($name),
                $crate::message::Argument::from($crate::message!(@value $name $($value)?)),
            )),*],
        )
    }};
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn chinese(template: &str) -> Option<String> {
        let known = [
            ("{client} waits {patience}", "{patience}，{client} 一直在等"),
            ("for {duration}", "等了 {duration}"),
            ("{number}s", "{number} 秒"),
            ("{text} ({count} bytes)", "{text}（{count} 字节）"),
        ];
        let found = known.iter().find(|(english, _)| *english == template);
        found.map(|(_, chinese)| (*chinese).to_string())
    }

    #[test]
    fn a_message_is_said_in_the_order_of_the_language() {
        let patience = message!("for {duration}", duration = Duration::from_secs(2));
        let client = std::net::SocketAddr::from(([127, 0, 0, 1], 5));
        let message = message!("{client} waits {patience}", client, patience);
        assert_eq!(message.to_string(), "127.0.0.1:5 waits for 2s");
        assert_eq!(message.fill(&chinese), "等了 2 秒，127.0.0.1:5 一直在等");
    }

    #[test]
    fn a_message_survives_being_written_down() {
        let bytes = Argument::from(vec![b'x'; 1000]);
        let message = message!("{a} and {c}", a = bytes, c = message!("no arguments"));
        let json = serde_json::to_string(&message).expect("it can be written");
        assert!(json.len() < 2000, "{json}");
        let read: Message = serde_json::from_str(&json).expect("it can be read");
        assert_eq!(read, message);
        assert!(read.to_string().ends_with(" and no arguments"));
    }

    #[test]
    fn a_program_knows_what_it_can_say() {
        assert!(templates().contains("{client} waits {patience}"));
        assert_eq!(
            placeholders("{a} {c}{a}"),
            BTreeSet::from(["a".to_string(), "c".to_string()])
        );
    }
}
