//! What the chapters show is what compiles, and what was run.

use crate::chapters::{
    Chapter, Include, Kind, Part, all, chapters, files, includes, pattern, read,
};
use crate::problems::Problems;
use book::differences;
use book::site::Language;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The file that a chapter includes, seen from the workspace; nothing if that is outside it.
fn file_of(chapter: &Chapter, include: &Include) -> Option<String> {
    let folder = Path::new(&chapter.path).parent().unwrap_or(Path::new(""));
    let mut path = PathBuf::new();
    for part in folder.join(&include.file).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => path.pop().then_some(())?,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path.to_string_lossy().into_owned())
}

/// What an include shows, as mdBook does it.
fn shown(chapter: &Chapter, include: &Include) -> Result<String, String> {
    if include.word != "include" {
        return Err("the book uses nothing but `#include`".to_string());
    }
    let file = file_of(chapter, include).ok_or("it leads out of the workspace")?;
    let path = workspace::root().join(&file);
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read {file}: {error}"))?;
    let Some(anchor) = &include.anchor else {
        return Ok(text);
    };
    if !anchor.starts_with(char::is_alphabetic) {
        return Err("numbers of lines change: name a piece by an ANCHOR".to_string());
    }
    let mark = |word: &str| text.lines().position(|line| is_mark(line, word, anchor));
    let missing = |word| format!("{file} has no line `{word}: {anchor}`");
    let start = mark("ANCHOR").ok_or_else(|| missing("ANCHOR"))?;
    let end = mark("ANCHOR_END").ok_or_else(|| missing("ANCHOR_END"))?;
    let lines = text.lines().take(end).skip(start + 1);
    Ok(lines.filter(|line| !line.contains("ANCHOR")).collect())
}

/// Whether a line is the mark where a piece begins (`ANCHOR`) or ends (`ANCHOR_END`).
fn is_mark(line: &str, word: &str, anchor: &str) -> bool {
    line.trim_start().trim_start_matches(['/', '#', ' ']) == format!("{word}: {anchor}")
}

#[test]
fn every_include_shows_something() {
    let mut problems = Problems::default();
    for chapter in all() {
        for include in chapter.includes() {
            let place = format!("{}: {}", chapter.place(include.line), include.text);
            match shown(&chapter, &include) {
                Ok(text) if text.trim().is_empty() => problems.add(place, "it shows nothing"),
                Ok(_) => {}
                Err(what) => problems.add(place, what),
            }
        }
    }
    problems.assert_none("include a file that is there, or a piece between its ANCHOR lines");
}

/// The pieces that are marked in a file: `(line, word, name)`.
fn marks(file: &str) -> Vec<(usize, String, String)> {
    let mark = pattern(r"(ANCHOR(?:_END)?): *(\S+)");
    let text = read(file);
    let lines = text.lines().zip(1..);
    lines
        .filter_map(|(text, line)| {
            let found = mark.captures(text)?;
            Some((line, found[1].to_string(), found[2].to_string()))
        })
        .collect()
}

/// The files of the lessons that chapters show pieces of.
fn sources() -> Vec<String> {
    let folders = files("lessons", "").into_iter();
    let lessons = folders.filter(|folder| folder.starts_with('0'));
    let paths = lessons.flat_map(|folder| {
        let examples = format!("lessons/{folder}/examples");
        let examples = if workspace::root().join(&examples).is_dir() {
            files(&examples, ".rs")
        } else {
            Vec::new()
        };
        let examples = examples.into_iter().map(|file| format!("examples/{file}"));
        let own = ["src/main.rs", "main.py", "exercise/main.rs"].map(String::from);
        own.into_iter()
            .chain(examples)
            .map(move |file| format!("lessons/{folder}/{file}"))
    });
    // The project has no program and no twin.
    paths
        .filter(|path| workspace::root().join(path).is_file())
        .collect()
}

#[test]
fn every_piece_of_a_lesson_is_marked_once_and_shown_in_both_languages() {
    let mut problems = Problems::default();
    let shown = Language::ALL.map(|language| (language, pieces_shown(language)));
    for file in sources() {
        let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
        for (line, word, name) in marks(&file) {
            let place = format!("{file}:{line}");
            let count = counts.entry((word.clone(), name.clone())).or_default();
            *count += 1;
            if *count > 1 {
                problems.add(&place, format!("`{word}: {name}` is there twice"));
            }
            for (language, pieces) in &shown {
                if word == "ANCHOR" && !pieces.contains(&(file.clone(), name.clone())) {
                    let what = format!("no {} chapter shows the piece {name}", language.name());
                    problems.add(&place, what);
                }
            }
        }
    }
    problems.assert_none("include the piece in the lesson's chapter, or take its marks away");
}

/// The pieces that a language's chapters show: file and name.
fn pieces_shown(language: Language) -> BTreeSet<(String, String)> {
    let mut pieces = BTreeSet::new();
    for chapter in chapters(language) {
        for include in chapter.includes() {
            let file = file_of(&chapter, &include);
            pieces.extend(file.zip(include.anchor));
        }
    }
    pieces
}

/// The kinds of code that chapters include, and from which files.
const INCLUDED: [(&str, &str); 4] = [
    ("rust", ".rs"),
    ("python", ".py"),
    ("session", ".txt"),
    ("diff", ".diff"),
];

/// The kinds of code that may stand in a chapter itself.
const INLINE: [&str; 2] = ["text", "sh"];

#[test]
fn code_is_included_and_never_copied() {
    let mut problems = Problems::default();
    for chapter in all() {
        for Part { line, kind } in &chapter.parts {
            if let Kind::Code(info, text) = kind
                && let Some(what) = wrong_with_code(info.as_deref(), text)
            {
                problems.add(chapter.place(*line), what);
            }
        }
    }
    problems.assert_none(
        "include the code from the file that is compiled or run; short commands stand in \
         ```sh, what is neither in ```text",
    );
}

fn wrong_with_code(info: Option<&str>, text: &str) -> Option<String> {
    let Some(info) = info else {
        return Some("an indented block of code has no language: fence it".to_string());
    };
    let kind = info.split([',', ' ']).next().unwrap_or_default();
    if INLINE.contains(&kind) {
        return None;
    }
    let Some((_, ending)) = INCLUDED.iter().find(|(name, _)| *name == kind) else {
        return Some(format!("```{info} is none of the book's kinds of code"));
    };
    let is_included = |line: &str| match includes(line).as_slice() {
        [include] => include.text == line.trim() && include.file.ends_with(ending),
        _ => false,
    };
    let copied = text.lines().find(|line| !is_included(line));
    match copied {
        Some(line) => Some(format!(
            "{line:?} in ```{info} is not included from a *{ending}"
        )),
        None if text.is_empty() => Some(format!("```{info} is empty")),
        None => None,
    }
}

#[test]
fn every_session_is_shown_in_both_languages() {
    let mut problems = Problems::default();
    let names = book::sessions::names().expect("the sessions can be read");
    for language in Language::ALL {
        let chapters = chapters(language);
        let shown = chapters.iter().flat_map(|chapter| {
            let includes = chapter.includes().into_iter();
            includes.filter_map(|include| file_of(chapter, &include))
        });
        let shown: BTreeSet<String> = shown.collect();
        for name in &names {
            let file = format!("mdbook/sessions/{name}.txt");
            if !shown.contains(&file) {
                problems.add(file, format!("no {} chapter shows it", language.name()));
            }
        }
    }
    for settings in files("mdbook/sessions", ".toml") {
        if !names.iter().any(|name| settings == format!("{name}.toml")) {
            problems.add(
                format!("mdbook/sessions/{settings}"),
                "it belongs to no session",
            );
        }
    }
    problems.assert_none("include the session in a chapter, or delete it");
}

#[test]
fn every_difference_is_current() {
    let mut problems = Problems::default();
    for (path, expected) in differences::all().expect("the lessons can be read") {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let file = format!("{}/{name}", differences::FOLDER);
        match fs::read_to_string(&path) {
            Ok(written) if written == expected => {}
            Ok(written) => {
                let same = written.lines().zip(expected.lines());
                let line = same.take_while(|(old, new)| old == new).count() + 1;
                problems.add(
                    format!("{file}:{line}"),
                    "it is not what the lessons differ in now",
                );
            }
            Err(error) => problems.add(file, error),
        }
    }
    problems.assert_none("`cargo book update` writes it anew");
}
