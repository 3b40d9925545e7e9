//! Which of several attempts is the newest: by what platforms and people write into names, else by
//! the times of the files.

use super::names::Certainty;
use std::time::SystemTime;
use unicode_normalization::UnicodeNormalization;

/// How much newer than the others a file must be, in seconds. Unpacking a download makes files that
/// are some seconds apart, in any order.
const NEWER: i64 = 60;

/// When a file was changed, in seconds. A zip has local times, which are compared with each other
/// alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Modified {
    Disk(i64),
    Zip(i64),
}

impl Modified {
    pub(super) fn of_disk(data: &std::fs::Metadata) -> Option<Self> {
        let since = data.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH);
        Some(Self::Disk(i64::try_from(since.ok()?.as_secs()).ok()?))
    }

    /// In an order, and with distances that are right within a month.
    pub(super) fn of_zip(time: zip::DateTime) -> Self {
        let days =
            i64::from(time.year()) * 372 + i64::from(time.month()) * 31 + i64::from(time.day());
        let minutes = (days * 24 + i64::from(time.hour())) * 60 + i64::from(time.minute());
        Self::Zip(minutes * 60 + i64::from(time.second()))
    }
}

/// What tells one attempt from another.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    /// Of a folder that a platform has made for the attempt: `Version 2`, or a date.
    folder: Option<Vec<u64>>,
    /// A date in the name, and the numbers behind it.
    date: Option<Vec<u64>>,
    /// `_v2`; a name without a version is the first.
    version: u64,
    /// `(1)`, as browsers and platforms call what has come again.
    copy: u64,
    certainty: Certainty,
    /// Which of equally sure names is to be taken, from 0.
    rank: usize,
    modified: Option<Modified>,
}

/// Some candidates for an exercise.
pub(super) struct Chosen<T> {
    /// The newest, and surest: several, if nothing tells them apart.
    pub(super) best: Vec<T>,
    /// Those of earlier attempts.
    pub(super) earlier: Vec<T>,
    /// Those that are rather something else.
    pub(super) others: Vec<T>,
}

impl Attempt {
    pub(super) fn of(path: &str, certainty: Certainty, modified: Option<Modified>) -> Self {
        let plain: String = path.nfkc().flat_map(char::to_lowercase).collect();
        let mut parts: Vec<&str> = plain.split('/').collect();
        let name = parts.pop().unwrap_or_default();
        let (stem, _) = super::names::split_extension(name);
        Self {
            folder: parts.iter().rev().find_map(|part| of_folder(part)),
            date: date(stem),
            version: version(stem).unwrap_or(1),
            copy: copy(stem),
            certainty,
            rank: 0,
            modified,
        }
    }

    pub(super) fn ranked(self, rank: usize) -> Self {
        Self { rank, ..self }
    }
}

/// Chooses the newest and surest of some candidates; `is_same` tells whether two are alike.
pub(super) fn choose<T>(all: Vec<(Attempt, T)>, is_same: impl Fn(&T, &T) -> bool) -> Chosen<T> {
    let mut chosen = Chosen {
        best: Vec::new(),
        earlier: Vec::new(),
        others: Vec::new(),
    };
    let is_rest = |certainty| matches!(certainty, Certainty::Exact | Certainty::More);
    let class = |one: &Attempt| match one.certainty {
        certainty if is_rest(certainty) => Certainty::Exact,
        certainty => certainty,
    };
    let all = keep(all, class, &mut chosen.others, false);
    let all = keep_if_all(all, |one| one.folder.clone(), &mut chosen.earlier);
    let all = keep_if_all(all, |one| one.date.clone(), &mut chosen.earlier);
    let all = keep(all, |one| one.version, &mut chosen.earlier, true);
    let all = keep(
        all,
        |one| (one.certainty, one.rank),
        &mut chosen.others,
        false,
    );
    let mut all = keep(all, |one| one.copy, &mut chosen.earlier, true);
    let differ = all.windows(2).any(|two| !is_same(&two[0].1, &two[1].1));
    if let Some(newest) = newest(&all).filter(|_| differ) {
        let best = all.swap_remove(newest);
        chosen.earlier.extend(all.drain(..).map(|(_, one)| one));
        all.push(best);
    }
    chosen.best = all.into_iter().map(|(_, one)| one).collect();
    chosen
}

/// Keeps those with the largest key, or with the smallest.
fn keep<T, K: Ord>(
    all: Vec<(Attempt, T)>,
    key: impl Fn(&Attempt) -> K,
    rest: &mut Vec<T>,
    is_largest: bool,
) -> Vec<(Attempt, T)> {
    let keys = all.iter().map(|(attempt, _)| key(attempt));
    let Some(best) = (if is_largest { keys.max() } else { keys.min() }) else {
        return all;
    };
    let (kept, others): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|(attempt, _)| key(attempt) == best);
    rest.extend(others.into_iter().map(|(_, one)| one));
    kept
}

/// Keeps those with the largest key, if all have one.
fn keep_if_all<T>(
    all: Vec<(Attempt, T)>,
    key: impl Fn(&Attempt) -> Option<Vec<u64>>,
    rest: &mut Vec<T>,
) -> Vec<(Attempt, T)> {
    if all.iter().any(|(attempt, _)| key(attempt).is_none()) {
        return all;
    }
    keep(all, key, rest, true)
}

/// The one that was changed later than all others.
fn newest<T>(all: &[(Attempt, T)]) -> Option<usize> {
    let times: Option<Vec<_>> = all.iter().map(|(attempt, _)| attempt.modified).collect();
    let times = times?;
    let is_disk = |time: &Modified| matches!(time, Modified::Disk(_));
    if !times.iter().all(is_disk) && times.iter().any(is_disk) {
        return None;
    }
    let seconds = times.iter().map(|time| match time {
        Modified::Disk(seconds) | Modified::Zip(seconds) => *seconds,
    });
    let mut order: Vec<_> = seconds
        .enumerate()
        .map(|(index, time)| (time, index))
        .collect();
    order.sort_unstable();
    let (last, index) = order.pop()?;
    let (before, _) = order.pop()?;
    (last - before >= NEWER).then_some(index)
}

/// The numbers in the name of a folder that is one attempt: `Version 2`, `attempt 2024-11-03`,
/// `第2次提交`.
pub(super) fn of_folder(name: &str) -> Option<Vec<u64>> {
    let words = ["version", "attempt", "submission", "第", "提交"];
    let rest = words.iter().find_map(|word| name.strip_prefix(word))?;
    let is_counted = !name.starts_with('第') || rest.contains('次') || rest.contains('版');
    let numbers: Vec<u64> = numbers(rest).map(|(_, number)| number).collect();
    (is_counted && !numbers.is_empty()).then_some(numbers)
}

/// The first date in a name, and all numbers behind it, which may be a time.
fn date(stem: &str) -> Option<Vec<u64>> {
    let all: Vec<_> = numbers(stem).collect();
    let is_date = |year: u64, month: u64, day: u64| {
        (2000..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)
    };
    for (index, (digits, number)) in all.iter().enumerate() {
        let rest = |from: usize| all[from..].iter().map(|(_, number)| *number);
        let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
        if *digits == 8 && is_date(year, month, day) {
            return Some(
                [year, month, day]
                    .into_iter()
                    .chain(rest(index + 1))
                    .collect(),
            );
        }
        if let [(4, year), (_, month), (_, day), ..] = all[index..]
            && is_date(year, month, day)
        {
            return Some(rest(index).collect());
        }
    }
    None
}

/// The number of the version: `_v2`, `version 3`, `第2次`.
fn version(stem: &str) -> Option<u64> {
    let words = ["version", "attempt", "try", "rev", "ver", "v", "第"];
    let found = words.iter().flat_map(|word| {
        stem.match_indices(word).filter_map(|(at, _)| {
            let (before, rest) = (&stem[..at], &stem[at + word.len()..]);
            // `ex5v2`, but not the end of another word.
            let begins = !before.ends_with(char::is_alphabetic) || !word.is_ascii();
            let rest = rest.trim_start_matches([' ', '-', '_', '.']);
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            let (digits, more) = rest.split_at(end);
            let is_counted = word.is_ascii() || more.starts_with(['次', '版']);
            digits.parse().ok().filter(|_| begins && is_counted)
        })
    });
    found.max()
}

/// The number of a copy: `05 (1)`.
fn copy(stem: &str) -> u64 {
    let in_brackets = stem.trim_end().strip_suffix(')');
    let number = in_brackets.and_then(|rest| rest.rsplit_once('(')?.1.parse().ok());
    number.unwrap_or(0)
}

/// The numbers in a name, and how many digits each has.
fn numbers(name: &str) -> impl Iterator<Item = (usize, u64)> {
    let pieces = name.split(|c: char| !c.is_ascii_digit());
    pieces.filter_map(|digits| Some((digits.len(), digits.parse().ok()?)))
}
