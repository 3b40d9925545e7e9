//! Bytes as a line of the ladder shows them: printable ASCII, the rest escaped.

use std::fmt::Write;

/// Bytes in quotes, in at most so many columns. What does not fit is left out, and three dots
/// stand behind the quotes; so they do where there are more bytes than these.
pub(crate) fn quote(bytes: &[u8], has_more: bool, columns: usize) -> String {
    let escaped: Vec<String> = bytes.iter().map(|byte| escape(*byte)).collect();
    let width: usize = escaped.iter().map(String::len).sum();
    if !has_more && width + 2 <= columns {
        return format!("\"{}\"", escaped.concat());
    }
    let mut text = String::new();
    for piece in escaped {
        if text.len() + piece.len() + 5 > columns {
            break;
        }
        text += &piece;
    }
    format!("\"{text}\"...")
}

fn escape(byte: u8) -> String {
    match byte {
        b'\n' => "\\n".to_string(),
        b'\r' => "\\r".to_string(),
        b'\t' => "\\t".to_string(),
        b'"' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => {
            let mut text = String::new();
            let _ = write!(text, "\\x{byte:02x}");
            text
        }
    }
}

/// What stands in the quotes at the beginning of a text, still escaped, and what follows them.
pub(crate) fn unquote(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut is_escaped = false;
    for (index, character) in inside.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return Some((&inside[..index], &inside[index + 1..])),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_in_ascii() {
        assert_eq!(quote(b"hello", false, 34), "\"hello\"");
        assert_eq!(quote(b"a\"\\\n\r\t\x00", false, 34), r#""a\"\\\n\r\t\x00""#);
        assert_eq!(quote("é".as_bytes(), false, 34), r#""\xc3\xa9""#);
    }

    #[test]
    fn what_does_not_fit_is_left_out_as_a_whole() {
        assert_eq!(quote(b"hello", false, 7), "\"hello\"");
        assert_eq!(quote(b"hello", false, 6), "\"h\"...");
        assert_eq!(quote(b"hello", true, 34), "\"hello\"...");
        assert_eq!(quote("éé".as_bytes(), false, 16), r#""\xc3\xa9"..."#);
    }

    #[test]
    fn quotes_end_where_they_are_not_escaped() {
        assert_eq!(unquote(r#""a\"b\\", FIN"#), Some((r#"a\"b\\"#, ", FIN")));
        assert_eq!(unquote(r#""a\""#), None);
        assert_eq!(unquote("a"), None);
    }
}
