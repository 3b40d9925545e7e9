//! The chapters of the book as their files have them.

use book::site::Language;
use pulldown_cmark::{
    BlockQuoteKind, CodeBlockKind, Event, Options, Parser, Tag, TagEnd, TextMergeWithOffset,
};
use regex::Regex;
use std::fmt;
use std::fs;
use std::sync::LazyLock;

/// A file below `mdbook/src` or `mdbook/zh-CN`.
pub(crate) struct Chapter {
    /// The name of its file, the same in both languages: `02-server.md`.
    pub(crate) name: String,
    /// Its path, seen from the workspace.
    pub(crate) path: String,
    pub(crate) text: String,
    /// What it is made of, in order.
    pub(crate) parts: Vec<Part>,
}

/// Something in a chapter that is the same in both languages, and where it is.
pub(crate) struct Part {
    pub(crate) line: usize,
    pub(crate) kind: Kind,
}

/// What a part is.
pub(crate) enum Kind {
    /// A heading of a level from 1 to 6, and its text.
    Heading(usize, String),
    /// A block of code: what stands behind the fence (nothing if it is indented), and the code.
    Code(Option<String>, String),
    /// The cells of a table, row by row; the heading is the first row.
    Table(Vec<Vec<String>>),
    /// `> [!NOTE]` and its kin.
    Note(BlockQuoteKind),
    /// `<details class="question">`.
    Question,
}

impl fmt::Display for Kind {
    /// Tells what must be the same in both languages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Heading(level, _) => write!(f, "a heading of level {level}"),
            Self::Code(Some(info), _) => write!(f, "a block of code ```{info}"),
            Self::Code(None, _) => write!(f, "an indented block of code"),
            Self::Table(rows) => {
                let columns = rows.first().map_or(0, Vec::len);
                write!(f, "a table of {} rows and {columns} columns", rows.len())
            }
            Self::Note(kind) => write!(f, "a note ({kind:?})"),
            Self::Question => write!(f, "a question"),
        }
    }
}

/// An `{{#include FILE:ANCHOR}}`.
pub(crate) struct Include {
    pub(crate) line: usize,
    /// The whole of it, as it is written.
    pub(crate) text: String,
    /// The word after the `#`: mdBook knows more than `include`.
    pub(crate) word: String,
    pub(crate) file: String,
    pub(crate) anchor: Option<String>,
}

static INCLUDE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\{\{\s*#(\w+)\s+([^}\s:]+)(?::([^}\s]+))?[^}]*\}\}"));

/// Everything that a text includes, in order.
pub(crate) fn includes(text: &str) -> Vec<Include> {
    let lines = text.lines().zip(1..);
    lines
        .flat_map(|(text, line)| {
            INCLUDE.captures_iter(text).map(move |found| Include {
                line,
                text: found[0].to_string(),
                word: found[1].to_string(),
                file: found[2].to_string(),
                anchor: found.get(3).map(|anchor| anchor.as_str().to_string()),
            })
        })
        .collect()
}

/// A regular expression of the tests' own.
pub(crate) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is right")
}

/// A file of the workspace, by its path from there.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(workspace::root().join(path))
        .unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
}

/// The names of the files in a folder of the workspace that end in this, in order.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<String> {
    let entries = fs::read_dir(workspace::root().join(folder));
    let entries = entries.unwrap_or_else(|error| panic!("cannot read {folder}: {error}"));
    let names = entries.map(|entry| entry.expect("the folder can be read").file_name());
    let mut names: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.ends_with(ending))
        .collect();
    names.sort();
    names
}

/// The folder of a language, seen from the workspace.
pub(crate) fn folder(language: Language) -> String {
    format!("mdbook/{}", language.source())
}

/// All chapters of a language, by their names; `SUMMARY.md` is none.
pub(crate) fn chapters(language: Language) -> Vec<Chapter> {
    let names = files(&folder(language), ".md").into_iter();
    let names = names.filter(|name| name != "SUMMARY.md");
    names.map(|name| Chapter::read(language, name)).collect()
}

/// All chapters of both languages.
pub(crate) fn all() -> Vec<Chapter> {
    Language::ALL.into_iter().flat_map(chapters).collect()
}

/// Whether a chapter is that of a lesson, and not that of the project, which has no program.
pub(crate) fn is_lesson(chapter: &Chapter) -> bool {
    let folder = chapter.name.trim_end_matches(".md");
    workspace::root()
        .join("lessons")
        .join(folder)
        .join("src")
        .is_dir()
}

impl Chapter {
    pub(crate) fn read(language: Language, name: String) -> Self {
        let path = format!("{}/{name}", folder(language));
        let text = read(&path);
        let parts = parts(&text);
        Self {
            name,
            path,
            text,
            parts,
        }
    }

    /// Where a line is: `FILE:LINE`.
    pub(crate) fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }

    /// Everything that it includes, in order.
    pub(crate) fn includes(&self) -> Vec<Include> {
        includes(&self.text)
    }

    /// The headings of a level, and the lines that they stand in.
    pub(crate) fn headings(&self, wanted: usize) -> Vec<(usize, &str)> {
        let parts = self.parts.iter();
        parts
            .filter_map(|part| match &part.kind {
                Kind::Heading(level, text) if *level == wanted => Some((part.line, text.as_str())),
                _ => None,
            })
            .collect()
    }

    /// The questions' lines.
    pub(crate) fn questions(&self) -> Vec<usize> {
        let parts = self.parts.iter();
        let questions = parts.filter(|part| matches!(part.kind, Kind::Question));
        questions.map(|part| part.line).collect()
    }

    /// The running text, in pieces between which there is markup or code, and their lines.
    pub(crate) fn prose(&self) -> Vec<(usize, String)> {
        static TAG: LazyLock<Regex> = LazyLock::new(|| pattern("<[^>]*>"));
        let lines = Lines::of(&self.text);
        let mut in_code = false;
        let mut pieces = Vec::new();
        for (event, range) in TextMergeWithOffset::new(parser(&self.text).into_offset_iter()) {
            let line = lines.number(range.start);
            match event {
                Event::Start(Tag::CodeBlock(_)) => in_code = true,
                Event::End(TagEnd::CodeBlock) => in_code = false,
                Event::Text(text) if !in_code => pieces.push((line, text.into_string())),
                Event::Html(html) => {
                    pieces.extend(TAG.split(&html).map(|text| (line, text.to_string())));
                }
                _ => {}
            }
        }
        pieces
    }
}

fn parser(text: &str) -> Parser<'_> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_GFM | Options::ENABLE_HEADING_ATTRIBUTES;
    Parser::new_ext(text, options)
}

/// Finds the number of the line that a byte of a text stands in.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(index, _)| index).collect())
    }

    fn number(&self, offset: usize) -> usize {
        self.0.partition_point(|newline| *newline < offset) + 1
    }
}

/// Finds the parts of a chapter.
fn parts(text: &str) -> Vec<Part> {
    let lines = Lines::of(text);
    let mut parts: Vec<Part> = Vec::new();
    // Whether text belongs to the last part.
    let mut is_open = false;
    for (event, range) in parser(text).into_offset_iter() {
        let line = lines.number(range.start);
        if let Some(kind) = begun(&event) {
            is_open = true;
            parts.push(Part { line, kind });
            continue;
        }
        let last = parts
            .last_mut()
            .filter(|_| is_open)
            .map(|part| &mut part.kind);
        match (event, last) {
            (Event::End(TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::Table), _) => {
                is_open = false;
            }
            (Event::Start(Tag::TableHead | Tag::TableRow), Some(Kind::Table(rows))) => {
                rows.push(Vec::new());
            }
            (Event::Start(Tag::TableCell), Some(Kind::Table(rows))) => {
                rows.last_mut()
                    .expect("a cell is in a row")
                    .push(String::new());
            }
            (Event::Text(text) | Event::Code(text), Some(kind)) => kind.add(&text),
            _ => {}
        }
    }
    parts
}

/// The part that begins here, if one does.
fn begun(event: &Event<'_>) -> Option<Kind> {
    match event {
        Event::Start(Tag::Heading { level, .. }) => {
            Some(Kind::Heading(*level as usize, String::new()))
        }
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
            Some(Kind::Code(Some(info.to_string()), String::new()))
        }
        Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => {
            Some(Kind::Code(None, String::new()))
        }
        Event::Start(Tag::Table(_)) => Some(Kind::Table(Vec::new())),
        Event::Start(Tag::BlockQuote(Some(kind))) => Some(Kind::Note(*kind)),
        Event::Html(html) if html.starts_with(r#"<details class="question""#) => {
            Some(Kind::Question)
        }
        _ => None,
    }
}

impl Kind {
    /// Adds text that belongs to it.
    fn add(&mut self, more: &str) {
        match self {
            Self::Heading(_, text) | Self::Code(_, text) => text.push_str(more),
            Self::Table(rows) => {
                let cell = rows.last_mut().and_then(|row| row.last_mut());
                cell.expect("text is in a cell").push_str(more);
            }
            Self::Note(_) | Self::Question => {}
        }
    }
}
