//! Text and bytes: converts to and from GBK, and shows both in readable form.

use encoding_rs::GBK;

/// Encodes a text in GBK.
///
/// # Panics
///
/// If GBK cannot encode the text: a test must not send other text than it means to.
pub fn gbk(text: &str) -> Vec<u8> {
    let (bytes, _, unencodable) = GBK.encode(text);
    assert!(!unencodable, "the test's own text {text:?} is not GBK");
    bytes.into_owned()
}

/// Decodes bytes in GBK; U+FFFD stands for bytes that are not GBK.
pub fn from_gbk(bytes: &[u8]) -> String {
    GBK.decode_without_bom_handling(bytes).0.into_owned()
}

/// The text of bytes in UTF-8; U+FFFD stands for what is not UTF-8.
pub(crate) fn from_utf8(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether what was decoded is text, or nearly: a piece of it may begin or end inside a
/// character.
pub(crate) fn is_text(text: &str) -> bool {
    let strange = |c: &char| {
        (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || matches!(c, '\u{e000}'..='\u{f8ff}')
    };
    text.chars().filter(strange).count() * 8 <= text.chars().count()
}

/// Bytes as text in quotes, or, if they are no text, escaped.
pub(crate) fn readable(bytes: &[u8], decode: fn(&[u8]) -> String) -> String {
    let text = decode(bytes);
    if is_text(&text) {
        format!("{text:?}")
    } else {
        format!("b\"{}\"", bytes.escape_ascii())
    }
}

/// How many characters of a line of output are shown.
const WIDTH: usize = 200;

/// A line that a program has printed, made safe to show: the program must not control the
/// terminal on which a failed test is shown.
pub(crate) fn harmless(line: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_to_gbk_and_back() {
        assert_eq!(gbk("你好"), [0xc4, 0xe3, 0xba, 0xc3]);
        assert_eq!(from_gbk(&[0xc4, 0xe3, 0xba, 0xc3]), "你好");
        assert_eq!(from_gbk(b"\xffa\xc4"), "\u{fffd}a\u{fffd}");
    }
}
