//! The number of an exercise among what else people put into a name: words, dates, versions.

use super::names::Certainty;

/// Words that stand before the number of an exercise; the longer ones come first.
const WORDS: [&str; 13] = [
    "exercise", "homework", "lesson", "task", "hw", "ex", "练习", "习题", "作业", "任务", "题目",
    "第", "题",
];

/// Words for numbers, and the numbers.
const NUMBERS: [(&str, u32); 20] = [
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("一", 1),
    ("二", 2),
    ("三", 3),
    ("四", 4),
    ("五", 5),
    ("六", 6),
    ("七", 7),
    ("八", 8),
    ("九", 9),
    ("十", 10),
];

/// Words that a number of an attempt may follow.
const VERSIONS: [&str; 6] = ["v", "ver", "version", "rev", "attempt", "try"];

const SEPARATORS: [char; 5] = [' ', '-', '_', '.', '#'];

/// The number that a name in small letters begins with, after a date or a word for exercise.
pub(super) fn at_start(name: &str) -> Option<(u32, Certainty)> {
    let undated = without_date(name);
    let (number, certainty) = match WORDS.iter().find_map(|word| undated.strip_prefix(word)) {
        Some(rest) => after_word(rest)?,
        None => digits(undated).and_then(with_more)?,
    };
    let is_dated = undated.len() < name.len();
    Some((number, if is_dated { Certainty::More } else { certainty }))
}

/// The number behind a word for exercise that is not the first word.
pub(super) fn after(name: &str) -> Option<(u32, Certainty)> {
    let found = WORDS.iter().flat_map(|word| {
        let places = name.match_indices(word);
        places.filter_map(|(at, _)| {
            let begins = name[..at].ends_with(SEPARATORS) || !word.is_ascii();
            let rest = &name[at + word.len()..];
            after_word(rest).filter(|_| begins)
        })
    });
    found.map(|(number, _)| (number, Certainty::More)).next()
}

/// The number that follows a word for exercise.
fn after_word(rest: &str) -> Option<(u32, Certainty)> {
    let rest = rest.trim_start_matches(SEPARATORS);
    let in_words = || {
        let word = |(word, number): &(&str, u32)| Some((*number, rest.strip_prefix(word)?));
        NUMBERS.iter().find_map(word)
    };
    digits(rest).or_else(in_words).and_then(with_more)
}

/// The number of one or two digits at the start, and what is behind it.
fn digits(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (digits, more) = text.split_at(end.unwrap_or(text.len()));
    (digits.len() <= 2).then_some(())?;
    Some((digits.parse().ok()?, more))
}

/// A number, if what is behind it may follow the number of an exercise.
fn with_more((number, more): (u32, &str)) -> Option<(u32, Certainty)> {
    let own = more.trim_start_matches(['题', '课']);
    match own {
        "" => Some((number, Certainty::Exact)),
        own if own.starts_with([' ', '-', '_', '(', '.']) && !has_number(own) => {
            Some((number, Certainty::More))
        }
        // `ex5v2`
        own if own.starts_with('v') && !has_number(&format!("_{own}")) => {
            Some((number, Certainty::More))
        }
        _ => None,
    }
}

/// Whether there is a number that may be another exercise's, and is not that of a copy in
/// brackets, as browsers put it there, nor of a version, nor a date.
fn has_number(more: &str) -> bool {
    let in_brackets = more.trim().strip_prefix('(');
    let in_brackets = in_brackets.and_then(|rest| rest.strip_suffix(')'));
    if let Some(copy) = in_brackets {
        return copy.is_empty();
    }
    let more = more.trim_start_matches(SEPARATORS);
    let mut after_version = false;
    without_date(more).split(SEPARATORS).any(|word| {
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let has_digits = word.contains(|c: char| c.is_ascii_digit());
        let is_version = VERSIONS.contains(&letters) || letters.is_empty() && after_version;
        after_version = VERSIONS.contains(&word);
        has_digits && !is_version
    })
}

/// A name without a date at its start: `2024-11-03_05`, `20241103 05`.
fn without_date(name: &str) -> &str {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let in_range = |text: &str, most: u32| text.parse().is_ok_and(|n| (1..=most).contains(&n));
    let is_date = |year: &str, month: &str, day: &str| {
        year.starts_with("20") && in_range(month, 12) && in_range(day, 31)
    };
    let rest = match digits(name) {
        8 if is_date(&name[..4], &name[4..6], &name[6..8]) => &name[8..],
        4 => {
            let mut parts = name.splitn(3, ['-', '_', '.']);
            let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next())
            else {
                return name;
            };
            let (day, rest) = rest.split_at(digits(rest));
            if !is_date(year, month, day) {
                return name;
            }
            rest
        }
        _ => return name,
    };
    rest.trim_start_matches(SEPARATORS)
}
