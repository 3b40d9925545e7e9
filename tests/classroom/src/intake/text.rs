//! Texts about submissions, in both languages.

use crate::escape::escape_line;

/// A sentence in both languages, with the same variables in it.
macro_rules! said {
    ($en:literal, $zh:literal) => {
        grade::language::Text {
            en: format!($en),
            zh: format!($zh),
        }
    };
}
pub(super) use said;

/// How many names are listed in one notice.
const NAMES_LISTED: usize = 10;

/// Some of the names, and how many more there are.
pub(super) fn list(paths: &[String]) -> String {
    let names = paths
        .iter()
        .take(NAMES_LISTED)
        .map(|path| escape_line(path));
    let mut list: Vec<_> = names.collect();
    if paths.len() > NAMES_LISTED {
        list.push(format!("… (+{})", paths.len() - NAMES_LISTED));
    }
    list.join(", ")
}
