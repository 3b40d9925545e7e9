//! Names of students' files.

use crate::hash::sha256;

/// How long an ID may be to be a file's name as it is, and how much is left of a longer one.
const LONGEST: usize = 40;

/// A file name for the files of a student with this ID, without its extension: ASCII letters in lower case,
/// digits, `-` and `_`, so that it is the same on every system and in every archive. An ID that
/// is of these already stays as it is; any other is followed by a hash, which tells `A1` from
/// `a1`, and 李 from 王.
pub(crate) fn stem(id: &str) -> String {
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
    if plain == id && !is_taken(id) {
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
