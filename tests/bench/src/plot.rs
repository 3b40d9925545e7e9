//! The plots: SVG in the page's own colours, with a description for readers who cannot see them.
//!
//! Positions do not depend on the language, so that both have the same drawing.

use std::fmt::Write;

/// Where the bars begin, and where the longest ends.
const LEFT: f64 = 118.0;
const RIGHT: f64 = 392.0;

/// The height of a row, and of the heading of a group.
const ROW: f64 = 20.0;
const HEADING: f64 = 30.0;

/// The height of the title.
const TITLE: f64 = 18.0;

/// How a bar is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// The subject of the page.
    Strong,
    /// A variant of the subject.
    Medium,
    /// What the subject is compared with.
    Weak,
}

impl Tone {
    fn attributes(self) -> &'static str {
        match self {
            Self::Strong => r#"fill="var(--links)" fill-opacity="0.8""#,
            Self::Medium => r#"fill="var(--links)" fill-opacity="0.4""#,
            Self::Weak => r#"fill="currentColor" fill-opacity="0.3""#,
        }
    }
}

/// A row of a plot.
pub struct Row {
    /// Its name, the same in both languages.
    pub name: String,
    /// The pieces of a bar, one after the other, each with its start and its end; or a range.
    pub pieces: Vec<(f64, f64, Tone)>,
    /// The start and the end of a thin line that shows how far figures spread.
    pub line: Option<(f64, f64)>,
    /// The places of marks.
    pub marks: Vec<f64>,
    /// The text to the right of it.
    pub label: String,
}

/// A plot: rows in groups.
pub struct Plot {
    /// The name of its file, and of its ids.
    pub id: &'static str,
    /// Its title.
    pub title: String,
    /// A description of what it shows.
    pub description: String,
    /// Headings and rows.
    pub groups: Vec<(String, Vec<Row>)>,
    /// Whether the scale is logarithmic.
    pub is_logarithmic: bool,
    /// The smallest and the largest value that it shows.
    pub range: (f64, f64),
    /// Values that are marked by a line, each with the text at the line.
    pub ticks: Vec<(f64, String)>,
}

impl Plot {
    /// The horizontal position of a value.
    fn x(&self, value: f64) -> f64 {
        let (low, high) = self.range;
        let value = value.clamp(low, high);
        let part = if self.is_logarithmic {
            (value / low).ln() / (high / low).ln()
        } else {
            (value - low) / (high - low)
        };
        LEFT + part * (RIGHT - LEFT)
    }

    /// Draws it.
    pub fn svg(&self) -> String {
        let rows: usize = self.groups.iter().map(|(_, rows)| rows.len()).sum();
        let bottom = height(rows, self.groups.len());
        let total = bottom + 26.0;
        let id = self.id;
        let mut svg = format!(
            "<svg role=\"img\" viewBox=\"0 0 480 {total}\" aria-labelledby=\"{id}-title {id}-desc\" \
             xmlns=\"http://www.w3.org/2000/svg\" font-family=\"inherit\" font-size=\"12\" \
             fill=\"currentColor\" stroke=\"none\" \
             style=\"display:block;width:100%;max-width:640px;margin:1.5em auto\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n",
            escaped(&self.title),
            escaped(&self.description)
        );
        // Writing to a String cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"0\" y=\"14\">{}</text>",
            escaped(&self.title)
        );
        for (value, text) in &self.ticks {
            let x = self.x(*value);
            // Writing to a String cannot fail.
            let _ = writeln!(
                svg,
                "<path d=\"M{x:.1} 26 L{x:.1} {bottom}\" stroke=\"currentColor\" \
                 stroke-opacity=\"0.2\"/>\n<text x=\"{x:.1}\" y=\"{}\" \
                 text-anchor=\"middle\">{}</text>",
                bottom + 16.0,
                escaped(text)
            );
        }
        let mut y = TITLE;
        for (heading, rows) in &self.groups {
            let _ = writeln!(
                svg,
                "<text x=\"0\" y=\"{}\" font-weight=\"bold\">{}</text>",
                y + 20.0,
                escaped(heading)
            );
            y += HEADING;
            for row in rows {
                self.draw(&mut svg, row, y);
                y += ROW;
            }
        }
        svg.push_str("</svg>\n");
        svg
    }

    /// Draws a row whose upper edge is at `y`.
    fn draw(&self, svg: &mut String, row: &Row, y: f64) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" font-family=\"var(--mono-font, \
             monospace)\" font-size=\"11\">{}</text>",
            LEFT - 8.0,
            y + 14.0,
            escaped(&row.name)
        );
        for (from, to, tone) in &row.pieces {
            let (left, right) = (self.x(*from), self.x(*to));
            let _ = writeln!(
                svg,
                "<rect x=\"{left:.1}\" y=\"{}\" width=\"{:.1}\" height=\"14\" {}/>",
                y + 3.0,
                (right - left).max(1.0),
                tone.attributes()
            );
        }
        if let Some((from, to)) = row.line {
            let _ = writeln!(
                svg,
                "<path d=\"M{:.1} {mid} L{:.1} {mid}\" stroke=\"currentColor\" \
                 stroke-width=\"1.5\"/>",
                self.x(from),
                self.x(to),
                mid = y + 10.0
            );
        }
        for mark in &row.marks {
            let _ = writeln!(
                svg,
                "<path d=\"M{x:.1} {} L{x:.1} {}\" stroke=\"currentColor\" stroke-width=\"2\"/>",
                y + 4.0,
                y + 16.0,
                x = self.x(*mark)
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" font-size=\"11\">{}</text>",
            RIGHT + 8.0,
            y + 14.0,
            escaped(&row.label)
        );
    }
}

/// The height of this many rows in this many groups.
#[allow(clippy::cast_precision_loss, reason = "some rows")]
fn height(rows: usize, groups: usize) -> f64 {
    rows as f64 * ROW + groups as f64 * HEADING + TITLE + 6.0
}

/// A text, escaped for XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
