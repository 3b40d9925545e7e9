//! Text and bytes: GBK both ways, and both shown so that a person can read them.

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
fn is_text(bytes: &[u8]) -> bool {
    let text = from_gbk(bytes);
    let strange = |c: &char| {
        (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || matches!(c, '\u{e000}'..='\u{f8ff}')
    };
    text.chars().filter(strange).count() * 8 <= text.chars().count()
}

fn readable(bytes: &[u8]) -> String {
    if is_text(bytes) {
        format!("{:?}", from_gbk(bytes))
    } else {
        format!("b\"{}\"", bytes.escape_ascii())
    }
}

/// A text without the middle, where it is long.
pub(crate) fn cut(text: &str) -> String {
    const SHOWN: usize = 1000;
    let length = text.chars().count();
    if length <= 2 * SHOWN {
        return text.to_string();
    }
    let head: String = text.chars().take(SHOWN).collect();
    let tail: String = text.chars().skip(length - SHOWN).collect();
    format!(
        "{head}\n... ({} characters left out) ...\n{tail}",
        length - 2 * SHOWN
    )
}

/// A program's output as an indented block, cut in the middle where it is long.
pub(crate) fn block(bytes: &[u8], total: u64) -> String {
    const LINES: usize = 30;
    const WIDTH: usize = 200;
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::new();
    let mut put = |line: &str| {
        let mut chars = line.chars();
        // A terminal that shows a failed test must not be steered by the program.
        let shown: String = chars
            .by_ref()
            .take(WIDTH)
            .flat_map(|c| {
                if c.is_control() {
                    c.escape_default().collect::<Vec<_>>()
                } else {
                    vec![c]
                }
            })
            .collect();
        let rest = if chars.next().is_some() { " ..." } else { "" };
        let _ = writeln!(out, "    | {shown}{rest}");
    };
    if lines.len() <= LINES {
        for line in &lines {
            put(line);
        }
    } else {
        lines[..LINES / 2].iter().for_each(|line| put(line));
        put(&format!("... ({} lines left out) ...", lines.len() - LINES));
        lines[lines.len() - LINES / 2..]
            .iter()
            .for_each(|line| put(line));
    }
    if total > bytes.len() as u64 {
        put(&format!(
            "... ({} more bytes, not kept) ...",
            total - bytes.len() as u64
        ));
    }
    out
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
    fn a_block_is_cut_and_harmless() {
        assert_eq!(block(b"one\n\x1b[2J\n", 9), "    | one\n    | \\u{1b}[2J\n");
        let long = "line\n".repeat(10_000);
        let shown = block(long.as_bytes(), 1_000_000);
        assert!(shown.lines().count() < 40, "{shown}");
        assert!(shown.contains("(9970 lines left out)"), "{shown}");
        assert!(shown.contains("(950000 more bytes, not kept)"), "{shown}");
    }
}
