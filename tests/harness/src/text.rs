//! Text and bytes: GBK both ways, and both shown so that a person can read them.

use crate::message;
use crate::message::Message;
use crate::transcript::Block;
use encoding_rs::GBK;
use std::fmt::Write;

/// The bytes of a text in GBK.
///
/// # Panics
///
/// If GBK cannot hold the text: a test must not send what it does not mean.
pub fn gbk(text: &str) -> Vec<u8> {
    let (bytes, _, unencodable) = GBK.encode(text);
    assert!(!unencodable, "the test's own text {text:?} is not GBK");
    bytes.into_owned()
}

/// The text of bytes in GBK; U+FFFD stands for what is not GBK.
pub fn from_gbk(bytes: &[u8]) -> String {
    GBK.decode_without_bom_handling(bytes).0.into_owned()
}

/// How many bytes of a long piece of data [`show`] prints at each end.
const SHOWN: usize = 60;

/// Bytes as a person can read them: as text, with the numbers of what is not ASCII; or, if
/// they are no text, as escaped bytes.
pub fn show(bytes: &[u8]) -> String {
    let count = match bytes.len() {
        0 => return "nothing".to_string(),
        1 => "1 byte".to_string(),
        n => format!("{n} bytes"),
    };
    if bytes.len() > 4 * SHOWN {
        let (head, tail) = (&bytes[..SHOWN], &bytes[bytes.len() - SHOWN..]);
        return format!("{} ... {} ({count})", readable(head), readable(tail));
    }
    let text = readable(bytes);
    if bytes.is_ascii() || bytes.len() > 64 || !is_text(bytes) {
        return format!("{text} ({count})");
    }
    let mut hex = String::new();
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(hex, " {byte:02x}");
    }
    format!("{text} ({count}:{hex})")
}

/// Whether bytes are text in GBK, or nearly: a piece of it may begin or end inside a
/// character.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    let text = from_gbk(bytes);
    let strange = |c: &char| {
        (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || matches!(c, '\u{e000}'..='\u{f8ff}')
    };
    text.chars().filter(strange).count() * 8 <= text.chars().count()
}

pub(crate) fn readable(bytes: &[u8]) -> String {
    if is_text(bytes) {
        format!("{:?}", from_gbk(bytes))
    } else {
        format!("b\"{}\"", bytes.escape_ascii())
    }
}

/// Text that a program has printed, in quotes, and without the middle where it is long.
pub fn quote(text: &str) -> String {
    const SHOWN: usize = 500;
    let length = text.chars().count();
    if length <= 2 * SHOWN {
        return format!("{text:?}");
    }
    let head: String = text.chars().take(SHOWN).collect();
    let tail: String = text.chars().skip(length - SHOWN).collect();
    format!("{head:?} ... {tail:?} ({length} characters)")
}

/// How much of a line of output is shown.
const WIDTH: usize = 200;

/// A line that a program has printed. A terminal that shows a failed test must not be steered
/// by the program.
fn harmless(line: &str) -> String {
    let mut chars = line.chars();
    let mut shown = String::new();
    for c in chars.by_ref().take(WIDTH) {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    let rest = if chars.next().is_some() { " ..." } else { "" };
    shown + rest
}

/// Lines that a program has printed, each between backticks, and without the middle where
/// they are many.
pub(crate) fn lines(lines: &[String]) -> String {
    const ENDS: usize = 5;
    let show = |lines: &[String]| {
        let lines = lines.iter().map(|line| format!("`{}`", harmless(line)));
        lines.collect::<Vec<_>>().join("\n")
    };
    if lines.len() <= 2 * ENDS {
        return show(lines);
    }
    let (head, tail) = (&lines[..ENDS], &lines[lines.len() - ENDS..]);
    format!(
        "{}\n... ({} lines left out) ...\n{}",
        show(head),
        lines.len() - 2 * ENDS,
        show(tail)
    )
}

/// Text that a program has printed, in quotes, and without the middle where it is long.
pub(crate) fn quoted(text: &str) -> Message {
    const SHOWN: usize = 500;
    let length = text.chars().count();
    if length <= 2 * SHOWN {
        return message!("{text}", text = format!("{text:?}"));
    }
    let head: String = text.chars().take(SHOWN).collect();
    let tail: String = text.chars().skip(length - SHOWN).collect();
    let (head, tail) = (format!("{head:?}"), format!("{tail:?}"));
    message!(
        "{head} ... {tail} ({length} characters)",
        head,
        tail,
        length
    )
}

/// Lines that a program has printed, each between backticks, and without the middle where
/// they are many.
pub(crate) fn listed(lines: &[String]) -> Message {
    const ENDS: usize = 5;
    let show = |lines: &[String]| {
        let lines = lines.iter().map(|line| format!("`{}`", harmless(line)));
        lines.collect::<Vec<_>>().join("\n")
    };
    if lines.len() <= 2 * ENDS {
        return message!("{lines}", lines = show(lines));
    }
    let (head, tail) = (&lines[..ENDS], &lines[lines.len() - ENDS..]);
    let count = lines.len() - 2 * ENDS;
    message!(
        "{head}\n... ({count} lines left out) ...\n{tail}",
        head = show(head),
        count,
        tail = show(tail),
    )
}

/// The arguments of a program, without the middle where they are long.
pub(crate) fn shorten(arguments: &str) -> String {
    const SHOWN: usize = 100;
    let length = arguments.chars().count();
    if length <= 2 * SHOWN {
        return arguments.to_string();
    }
    let head: String = arguments.chars().take(SHOWN).collect();
    let tail: String = arguments.chars().skip(length - SHOWN).collect();
    format!("{head} ... {tail} ({length} characters)")
}

/// A text without the middle, where it is long: for what nothing else has cut.
pub(crate) fn cut(text: &str) -> String {
    const SHOWN: usize = 1500;
    let length = text.chars().count();
    if length <= 2 * SHOWN {
        return text.to_string();
    }
    let head: String = text.chars().take(SHOWN).collect();
    let tail: String = text.chars().skip(length - SHOWN).collect();
    let left_out = length - 2 * SHOWN;
    format!("{head}\n... ({left_out} characters left out) ...\n{tail}")
}

/// A program's output, cut in the middle where it is long.
pub(crate) fn block(bytes: &[u8], total: u64) -> Block {
    const LINES: usize = 30;
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    let (head, tail) = if lines.len() <= LINES {
        (&lines[..], &[][..])
    } else {
        (&lines[..LINES / 2], &lines[lines.len() - LINES / 2..])
    };
    let show = |lines: &[&str]| lines.iter().map(|line| harmless(line)).collect();
    Block {
        head: show(head),
        lines_left_out: lines.len() - head.len() - tail.len(),
        tail: show(tail),
        bytes_not_kept: total.saturating_sub(bytes.len() as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_to_gbk_and_back() {
        assert_eq!(gbk("你好"), [0xc4, 0xe3, 0xba, 0xc3]);
        assert_eq!(from_gbk(&[0xc4, 0xe3, 0xba, 0xc3]), "你好");
        assert_eq!(from_gbk(b"\xffa\xc4"), "\u{fffd}a\u{fffd}");
    }

    #[test]
    fn bytes_are_shown_as_text_and_numbers() {
        assert_eq!(show(b""), "nothing");
        assert_eq!(show(b"a"), "\"a\" (1 byte)");
        assert_eq!(show(b"hi\n"), "\"hi\\n\" (3 bytes)");
        assert_eq!(show(&gbk("你")), "\"你\" (2 bytes: c4 e3)");
        assert_eq!(show(&[0, 1, 255]), "b\"\\x00\\x01\\xff\" (3 bytes)");
        assert!(show("x".repeat(100_000).as_bytes()).len() < 500);
    }

    #[test]
    fn what_was_printed_is_cut_and_harmless() {
        assert_eq!(quote("a\n\"b\""), "\"a\\n\\\"b\\\"\"");
        assert!(quote(&"x".repeat(5000)).ends_with("x\" (5000 characters)"));
        let few = ["one", "\x1b[2J"].map(String::from);
        assert_eq!(lines(&few), "`one`\n`\\u{1b}[2J`");
        let many = vec!["line".to_string(); 1000];
        assert!(lines(&many).contains("\n... (990 lines left out) ...\n"));
        assert_eq!(shorten("127.0.0.1:0 hello"), "127.0.0.1:0 hello");
        assert!(shorten(&"x".repeat(5000)).len() < 300);
    }

    #[test]
    fn a_block_is_cut_and_harmless() {
        let block = |bytes: &[u8], total| {
            let mut out = String::new();
            let say = |_, sentence: &str| sentence.to_string();
            super::block(bytes, total).tell(&say, &mut out);
            out
        };
        assert_eq!(block(b"one\n\x1b[2J\n", 9), "    | one\n    | \\u{1b}[2J\n");
        let long = "line\n".repeat(10_000);
        let shown = block(long.as_bytes(), 1_000_000);
        assert!(shown.lines().count() < 40, "{shown}");
        assert!(shown.contains("(9970 lines left out)"), "{shown}");
        assert!(shown.contains("(950000 more bytes, not kept)"), "{shown}");
    }
}
