//! Texts of others, made fit for a page, a terminal, XML and a file system.

use crate::hash::sha256;
use crate::record::Student;

/// A text without what steers its reader: control characters but for newlines and tabs (XML 1.0
/// forbids most of them), characters that reverse the order of the text around them, and those
/// that Unicode does not assign to anybody. They are shown as Rust writes them: `\u{1b}`.
pub(crate) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        // The end of a line, as Windows has it.
        if c == '\r' && chars.peek() == Some(&'\n') {
            continue;
        }
        if is_harmless(c) {
            shown.push(c);
        } else {
            shown.extend(c.escape_unicode());
        }
    }
    shown
}

fn is_harmless(c: char) -> bool {
    match c {
        '\n' | '\t' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fdd0}'..='\u{fdef}' => false,
        _ => !c.is_control() && (u32::from(c) & 0xfffe) != 0xfffe,
    }
}

/// How long an ID may be to be a file's name as it is, and how much is left of a longer one.
const LONGEST: usize = 40;

/// A file name for a student's files, without its extension: ASCII letters in lower case,
/// digits, `-` and `_`, so that it is the same on every system and in every archive. An ID that
/// is of these already stays as it is; any other is followed by a hash, which tells `A1` from
/// `a1`, and 李 from 王.
pub fn file_stem(student: &Student) -> String {
    let id = &student.id;
    let mut plain = String::new();
    for c in id.chars() {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9' | '_') => plain.push(c),
            _ if plain.is_empty() || plain.ends_with('-') => {}
            _ => plain.push('-'),
        }
        if plain.len() == LONGEST {
            break;
        }
    }
    if plain == *id && !is_taken(id) {
        return plain;
    }
    let plain = plain.trim_end_matches('-');
    let plain = if plain.is_empty() { "student" } else { plain };
    format!("{plain}-{}", hash(id))
}

/// How many digits a hash has: 48 bits.
const DIGITS: usize = 12;

fn hash(text: &str) -> String {
    let mut digits = sha256(text.as_bytes());
    digits.truncate(DIGITS);
    digits
}

/// Whether a name means something else: a device on Windows, or nothing, or an ID with its hash.
fn is_taken(id: &str) -> bool {
    let is_device = matches!(id, "" | "con" | "prn" | "aux" | "nul")
        || (id.len() == 4
            && (id.starts_with("com") || id.starts_with("lpt"))
            && id.ends_with(|c: char| c.is_ascii_digit()));
    let is_hashed = id.rsplit_once('-').is_some_and(|(_, hash)| {
        hash.len() == DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    is_device || is_hashed || id.ends_with('-')
}
