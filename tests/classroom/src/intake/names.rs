//! What the names of files and folders say: whose they are, and for which exercise.

use super::attempts;
use super::listing::PartAttempt;
use super::numbers;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// What operating systems, editors, git and cargo leave in folders, and nobody hands in.
/// `vendor` has the dependencies of a handout for a classroom without internet.
const LITTER: [&str; 12] = [
    "target",
    ".git",
    "node_modules",
    "vendor",
    "__MACOSX",
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    "__pycache__",
    ".idea",
    ".vscode",
    ".vs",
];

/// Whether a file or folder of this name is left out without a word.
pub(super) fn is_litter(name: &str) -> bool {
    // `._NAME` is what macOS keeps beside NAME on foreign disks.
    LITTER.contains(&name) || name.starts_with("._")
}

/// The part of a path up to the first name that is left out.
pub(super) fn litter_in(path: &str) -> Option<&str> {
    let mut end = 0;
    for name in path.split('/') {
        end += name.len();
        if is_litter(name) {
            return Some(&path[..end]);
        }
        end += 1;
    }
    None
}

/// Whether something that is left out could be a student's all the same.
pub(super) fn may_be_a_student(name: &str) -> bool {
    ["target", "vendor"].contains(&name)
}

/// A name without its extension, and the extension in small letters; folders have none.
pub(super) fn split_extension(name: &str) -> (&str, String) {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, extension.to_lowercase()),
        _ => (name, String::new()),
    }
}

/// Archives that are not opened.
const OTHER_ARCHIVES: [&str; 8] = ["rar", "7z", "tar", "gz", "tgz", "xz", "bz2", "zst"];

/// What is written, drawn or counted, and not run.
const DOCUMENTS: [&str; 20] = [
    "", "bak", "csv", "doc", "docx", "gif", "htm", "html", "jpeg", "jpg", "json", "log", "md",
    "ods", "odt", "pdf", "png", "txt", "xls", "xlsx",
];

/// Whether a file can be a program, by its extension.
pub(super) fn may_be_program(name: &str) -> bool {
    !DOCUMENTS.contains(&split_extension(name).1.as_str())
}

/// How a file has to be opened, by its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A zip.
    Zip,
    /// An archive that is not opened.
    OtherArchive,
    /// Anything else.
    File,
}

impl Kind {
    pub(super) fn of(name: &str) -> Self {
        match split_extension(name).1.as_str() {
            "zip" => Self::Zip,
            other if OTHER_ARCHIVES.contains(&other) => Self::OtherArchive,
            _ => Self::File,
        }
    }
}

/// How sure it is that a file is the answer to an exercise; the surest come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    /// A teacher says so.
    Taken,
    /// It has just the name that is asked for.
    Exact,
    /// The name has something more: `05_final.rs`, `05 (1).rs`.
    More,
    /// It is the starter, as it was given: anything else is rather the answer.
    Starter,
}

/// The number in the name of an exercise: `exercise-05`, `exercise_05`, `ex05`, `05`, `5`,
/// `练习5`, `第三题`, and with more around it: `05-threaded`, `exercise-05 (1)`, `exercise05_v2`,
/// `2024-11-03_exercise-05`, `my exercise 05 final`.
pub(super) fn number(stem: &str) -> Option<(u32, Certainty)> {
    let plain = plain(stem);
    let plain = plain.trim();
    numbers::at_start(plain).or_else(|| numbers::after(plain))
}

/// Whether a name begins with a word for exercise, and is not a number alone.
fn has_word(stem: &str) -> bool {
    !stem.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether what follows a student in a name is an exercise, or a `main.rs` that may say which.
fn follows_student(rest: &str, extension: &str) -> bool {
    let plain = plain(rest);
    match numbers::at_start(plain.trim()) {
        Some((_, Certainty::Exact)) => true,
        Some(_) => has_word(rest),
        None => plain == "main" && SOURCES.contains(&extension),
    }
}

/// The extensions of programs that may have any of the names here.
const SOURCES: [&str; 2] = ["rs", "py"];

/// The exercise that a file in a submission answers, by its path.
pub(super) fn exercise(path: &str) -> Option<(u32, Certainty)> {
    let (_, extension) = split_extension(path.rsplit('/').next()?);
    (extension == "rs").then(|| exercise_of(path)).flatten()
}

/// The exercise that a path names, whatever its extension.
pub(super) fn exercise_of(path: &str) -> Option<(u32, Certainty)> {
    let parts: Vec<&str> = path.split('/').collect();
    let (name, folders) = parts.split_last()?;
    let (stem, _) = split_extension(name);
    let is_attempt = |folder: &&str| attempts::of_folder(&plain(folder)).is_some();
    let folders: Vec<_> = folders
        .iter()
        .copied()
        .filter(|one| !is_attempt(one))
        .collect();
    if is_main(stem) {
        return of_main(&folders);
    }
    number(stem).or_else(|| of_task(folders.last()?))
}

/// Whether a file is called `main`, also behind what a platform has put there.
pub(super) fn is_main(stem: &str) -> bool {
    let stem = stem.to_lowercase();
    stem == "main" || stem.ends_with("_main")
}

/// The exercise of a source of any name in a folder that is called `Exercise 05`, as a task of a
/// platform is.
fn of_task(folder: &str) -> Option<(u32, Certainty)> {
    let plain = plain(folder);
    let is_task = plain.starts_with("exercise") || plain.starts_with("练习");
    let (number, certainty) = numbers::at_start(plain.trim()).filter(|_| is_task)?;
    (certainty == Certainty::Exact).then_some((number, Certainty::More))
}

/// A name in small letters, of which those that are the same to readers are equal.
fn plain(name: &str) -> String {
    name.nfkc().flat_map(char::to_lowercase).collect()
}

/// The exercise that the first line of a source names, as that of a starter does:
/// `//! Exercise 05: chat.` or `//! 练习 05：聊天室。`
pub(super) fn of_first_line(source: &[u8]) -> Option<u32> {
    let line = source.split(|b| *b == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let words = line.trim_start_matches('\u{feff}').trim();
    let words = words
        .strip_prefix("//!")
        .or(words.strip_prefix('#'))?
        .trim();
    let is_named = |name| words.strip_prefix(name);
    let words = is_named("Exercise ").or_else(|| is_named("练习 "))?;
    let (number, _) = words.split_once([':', '：'])?;
    number.trim().parse().ok()
}

/// The exercise of a `main.rs` in these folders.
fn of_main(folders: &[&str]) -> Option<(u32, Certainty)> {
    let (last, above) = folders.split_last()?;
    match (*last, above.last()) {
        // A lesson has `src/main.rs`, and its exercise `exercise/main.rs`.
        ("exercise", Some(lesson)) => lesson_number(lesson)
            .map(|number| (number, Certainty::Exact))
            .or_else(|| number(lesson)),
        ("src", Some(package)) if lesson_number(package).is_none() => number(package),
        _ => lesson_number(last)
            .map(|number| (number, Certainty::Exact))
            .or_else(|| number(last)),
    }
}

/// The number of a lesson's folder, such as `05-threaded`.
pub(super) fn lesson_number(folder: &str) -> Option<u32> {
    let (number, name) = folder.split_once('-')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase());
    (number.len() == 2 && is_name)
        .then(|| number.parse().ok())
        .flatten()
}

/// Where a copy of the handout begins, if this path is in its lessons: what is before
/// `lessons/05-threaded/`.
pub(super) fn handout_root(path: &str) -> Option<&str> {
    let mut from = 0;
    while let Some(found) = path[from..].find("lessons/") {
        let at = from + found;
        let below = &path[at + "lessons/".len()..];
        let starts = at == 0 || path[..at].ends_with('/');
        if starts && below.split('/').next().and_then(lesson_number).is_some() {
            return Some(&path[..at]);
        }
        from = at + "lessons/".len();
    }
    None
}

/// What the name of something in the class folder says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    /// The id, or what has to do for one.
    pub(super) id: String,
    /// The name.
    pub(super) name: String,
    /// What is left for the file's own name, if it is a file.
    pub(super) rest: String,
    /// The attempt that it belongs to, where a platform says so.
    pub(super) attempt: Option<PartAttempt>,
    /// Whether a learning platform has made the name, and id and name are two things.
    pub(super) by_platform: bool,
}

/// What a learning platform has put into a name.
pub(super) fn of_platform(name: &str) -> Option<Claim> {
    // What is behind Canvas' numbers is a student's own name for a file, and may look like
    // anything.
    of_canvas(name)
        .or_else(|| of_blackboard(name))
        .or_else(|| of_moodle(name))
}

/// Blackboard: `TITLE_USERNAME_attempt_2024-11-03-10-20-30_FILE`, where the student has chosen
/// FILE; without it, it is Blackboard's own text about the attempt.
fn of_blackboard(name: &str) -> Option<Claim> {
    let (owner, attempt) = name.split_once("_attempt_")?;
    let (title, user) = owner.rsplit_once('_')?;
    let is_moodles = owner.contains("_assignsubmission_");
    let end = attempt.find(|c: char| !c.is_ascii_digit() && c != '-');
    let (date, file) = attempt.split_at(end.unwrap_or(attempt.len()));
    let is_date = date.split('-').count() == 6 && date.split('-').all(|part| !part.is_empty());
    let rest = match file.strip_prefix('_') {
        // The title may say which exercise it is; not every system can have it in a name.
        Some(file) => format!("{}/{file}", title.replace([':', '\\'], "_")),
        None => format!("attempt{file}"),
    };
    (is_date && !is_moodles && !user.trim().is_empty()).then(|| Claim {
        id: user.trim().to_string(),
        // There is no name in it that could speak for or against the id.
        name: String::new(),
        rest,
        attempt: Some(PartAttempt::Whole(date.to_string())),
        by_platform: true,
    })
}

/// Moodle: `NAME_ID_assignsubmission_file_` is a folder; with something behind it, it is a
/// file (downloaded without the option *Download submissions in folders*). The id is of the
/// participation, and no number of the university's.
fn of_moodle(name: &str) -> Option<Claim> {
    let (owner, plugin) = name.split_once("_assignsubmission_")?;
    let (name, id) = owner.rsplit_once('_')?;
    let rest = plugin.split_once('_').map_or("", |(_, rest)| rest);
    // Somebody has zipped the folder: nothing stands before the extension.
    let rest = if rest.starts_with('.') {
        format!("submission{rest}")
    } else {
        rest.to_string()
    };
    let is_id = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
    (is_id && !name.trim().is_empty()).then(|| Claim {
        id: id.to_string(),
        name: name.trim().to_string(),
        rest,
        attempt: None,
        by_platform: true,
    })
}

/// Canvas: `lastfirst_USER_SUBMISSION_FILE`, or `lastfirst_LATE_USER_SUBMISSION_FILE`, where
/// the numbers are Canvas' own; a file that was handed in again is called `FILE-1`.
fn of_canvas(name: &str) -> Option<Claim> {
    let (owner, rest) = name.split_once('_')?;
    let rest = rest
        .strip_prefix("late_")
        .or_else(|| rest.strip_prefix("LATE_"))
        .unwrap_or(rest);
    let mut parts = rest.splitn(3, '_');
    let (user, submission, file) = (parts.next()?, parts.next()?, parts.next()?);
    // Short numbers are rather exercises.
    let is_id = |text: &str| text.len() >= 3 && text.bytes().all(|b| b.is_ascii_digit());
    let is_moodles = file.starts_with("assignsubmission_");
    let is_canvas = !owner.is_empty() && is_id(user) && is_id(submission);
    (is_canvas && !file.is_empty() && !is_moodles).then(|| Claim {
        id: user.to_string(),
        name: owner.to_string(),
        rest: without_again(file).into_owned(),
        attempt: Some(PartAttempt::File(submission.to_string())),
        by_platform: true,
    })
}

/// A name without the `-1` of Canvas.
fn without_again(file: &str) -> Cow<'_, str> {
    let (stem, extension) = split_extension(file);
    let shorter = stem.rsplit_once('-').filter(|(shorter, again)| {
        let is_count = !again.is_empty() && again.bytes().all(|b| b.is_ascii_digit());
        let is_whole = *shorter == "main"
            || extension == "zip"
            || matches!(number(shorter), Some((_, Certainty::Exact)));
        // `exercise-05.zip` is an exercise, and not the fifth `exercise.zip`.
        is_count && is_whole && !matches!(number(stem), Some((_, Certainty::Exact)))
    });
    match shorter {
        Some((shorter, _)) => Cow::Owned(format!("{shorter}.{extension}")),
        None => Cow::Borrowed(file),
    }
}

/// What a name that no platform has made says, if all of it is the student.
pub(super) fn whole(stem: &str) -> Claim {
    Claim {
        id: stem.trim().to_string(),
        name: stem.trim().to_string(),
        rest: String::new(),
        attempt: None,
        by_platform: false,
    }
}

/// The ways to take a name apart into a student and an exercise: `alice_05.rs`. Where the
/// name is not that of a source, the exercise must be called one: `team_5.zip` is from team
/// five.
pub(super) fn with_exercise(name: &str, is_folder: bool) -> Vec<Claim> {
    let (stem, extension) = if is_folder {
        (name, String::new())
    } else {
        split_extension(name)
    };
    let needs_word = is_folder || Kind::of(name) != Kind::File;
    let separators = stem.match_indices([' ', '-', '_']);
    let splits = separators.map(|(at, separator)| (&stem[..at], &stem[at + separator.len()..]));
    splits
        .filter(|(owner, rest)| {
            let is_exercise = follows_student(rest, &extension);
            !owner.trim().is_empty() && is_exercise && (has_word(rest) || !needs_word)
        })
        .map(|(owner, rest)| Claim {
            rest: if is_folder {
                rest.to_string()
            } else {
                format!("{rest}.{extension}")
            },
            ..whole(owner.trim_end_matches([' ', '-', '_']))
        })
        .collect()
}
