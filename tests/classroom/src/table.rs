//! CSV files that teachers make, with Excel, with a learning platform, or by hand.

use anyhow::{bail, ensure};
use csv::{ReaderBuilder, StringRecord, Trim};
use encoding_rs::{GB18030, UTF_16BE, UTF_16LE};
use grade::failed::{Because, Failed};
use harness::message;
use std::borrow::Cow;
use std::fs;
use std::path::Path;
use unicode_normalization::UnicodeNormalization;

/// A cell's column is looked for under each of these headings, in this order.
pub(super) type Headings = &'static [&'static str];

/// A CSV file with a header.
pub(super) struct Table {
    /// The headings as they are compared: see [`heading`].
    headings: Vec<String>,
    /// The rows below, without the empty ones.
    pub(super) rows: Vec<Row>,
}

/// A row of a table.
pub(super) struct Row {
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    cells: StringRecord,
}

impl Row {
    /// A cell without the blanks around it; empty where the row is too short.
    pub(super) fn cell(&self, column: usize) -> &str {
        self.cells.get(column).unwrap_or_default().trim()
    }
}

impl Table {
    /// Reads a file whose header passes `fits`. Columns are separated by commas, semicolons
    /// (Excel where the comma is the decimal separator) or tabs: by what makes it fit. It is
    /// in UTF-8, in UTF-16 with a byte order mark (Excel's "Unicode text"), or else in GBK
    /// (Excel's CSV in China).
    pub(super) fn read(path: &Path, fits: impl Fn(&Self) -> bool) -> anyhow::Result<Self> {
        let bytes =
            fs::read(path).because(|| message!("cannot read {path}", path = path.display()))?;
        let text =
            decode(&bytes).because(|| message!("cannot read {path}", path = path.display()))?;
        ensure!(
            !text.trim().is_empty(),
            Failed::new(message!(
                "cannot read {path}: it is empty",
                path = path.display()
            ))
        );
        let mut found = Vec::new();
        for separator in *b",;\t" {
            let table = Self::parse(&text, separator)
                .because(|| message!("cannot read {path}", path = path.display()))?;
            if fits(&table) {
                return Ok(table);
            }
            if table.headings.len() > found.len() {
                found = table.headings;
            }
        }
        bail!(Failed::new(message!(
            "cannot read {path}: its first line must name the columns, and names {found}",
            path = path.display(),
            found = found.join(", ")
        )))
    }

    fn parse(text: &str, separator: u8) -> anyhow::Result<Self> {
        let mut reader = ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .has_headers(false)
            .trim(Trim::None)
            .from_reader(text.as_bytes());
        let mut headings = None;
        let mut rows = Vec::new();
        for cells in reader.records() {
            let cells = cells.because(|| message!("it is no CSV"))?;
            let line = cells.position().map_or(0, csv::Position::line);
            if cells.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            match headings {
                // Excel's own way to say what separates the columns.
                None if cells.iter().next().is_some_and(|c| c.starts_with("sep=")) => {}
                None => headings = Some(cells.iter().map(heading).collect()),
                Some(_) => rows.push(Row { line, cells }),
            }
        }
        Ok(Self {
            headings: headings.unwrap_or_default(),
            rows,
        })
    }

    /// The first column that has one of the headings.
    pub(super) fn column(&self, headings: Headings) -> Option<usize> {
        headings
            .iter()
            .find_map(|name| self.headings.iter().position(|heading| heading == name))
    }
}

/// A heading as it is compared: case, blanks, `_`, `-` and full-width letters do not count.
fn heading(cell: &str) -> String {
    let plain: String = cell.nfkc().flat_map(char::to_lowercase).collect();
    let words = plain.split(|c: char| c.is_whitespace() || c == '_' || c == '-');
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The text of a file.
fn decode(bytes: &[u8]) -> anyhow::Result<Cow<'_, str>> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return std::str::from_utf8(rest)
            .map(Cow::Borrowed)
            .because(|| message!("it says that it is UTF-8, and is not"));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text));
    }
    let (encoding, rest) = match bytes {
        [0xff, 0xfe, rest @ ..] => (UTF_16LE, rest),
        [0xfe, 0xff, rest @ ..] => (UTF_16BE, rest),
        // A superset of GBK.
        _ => (GB18030, bytes),
    };
    encoding
        .decode_without_bom_handling_and_without_replacement(rest)
        .because(|| message!("it is neither UTF-8 nor UTF-16 nor GBK: save it as CSV UTF-8"))
}
