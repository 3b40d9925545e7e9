//! Texts of others, made fit for a terminal, a page or XML.

use harness::message::{Message, Place};

/// A text for one line of a terminal or a page: control characters, and those that change the
/// direction of the text behind them, are shown as Rust writes them: `\u{1b}`.
pub fn escape_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || changes_direction(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A message whose texts are fit for one line.
pub(crate) fn escape_message(mut message: Message) -> Message {
    message.visit(&mut |place| {
        if let Place::Text(text) = place {
            *text = escape_line(text);
        }
    });
    message
}

/// Characters that turn the direction of the text behind them.
fn changes_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text of several lines for a page, a terminal or XML: control characters but for newlines and
/// tabs (XML 1.0 forbids most of them), characters that change the direction of the text around
/// them, and those that Unicode assigns to nobody are shown as Rust writes them: `\u{1b}`.
pub(crate) fn escape_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        // The end of a line, as Windows has it.
        if c == '\r' && chars.peek() == Some(&'\n') {
            continue;
        }
        if is_kept(c) {
            shown.push(c);
        } else {
            shown.extend(c.escape_unicode());
        }
    }
    shown
}

fn is_kept(c: char) -> bool {
    match c {
        '\n' | '\t' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fdd0}'..='\u{fdef}' => false,
        _ => !c.is_control() && (u32::from(c) & 0xfffe) != 0xfffe,
    }
}
