//! Formats numbers and tables for the page.

use crate::statistics::Spread;

/// A table; ` | ` separates the headings. All columns except the first are aligned to the right.
pub(super) fn table(headings: &str, rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = format!("| {headings} |\n|---|");
    text.push_str(&"---:|".repeat(headings.matches(" | ").count()));
    text.push('\n');
    text.extend(rows.iter().map(|row| line(row)));
    text
}

/// A number with commas: `12,345`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with this many digits after the point; with none, it has commas.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a figure of a table"
)]
pub(super) fn decimal(number: f64, digits: usize) -> String {
    if digits == 0 && number >= 0.0 {
        thousands(number.round() as u64)
    } else {
        format!("{number:.digits$}")
    }
}

/// Seconds, in milliseconds.
pub(super) fn milliseconds(seconds: f64) -> String {
    format!("{} ms", decimal(seconds * 1000.0, 1))
}

/// A number of megabytes.
pub(super) fn megabytes(megabytes: u64) -> String {
    format!("{} MB", thousands(megabytes))
}

/// A ratio and its quartiles: `1.02 (0.99–1.05)`.
pub(super) fn ratio(spread: Spread) -> String {
    spread_of(spread, 2)
}

/// The median and the quartiles.
fn spread_of(spread: Spread, digits: usize) -> String {
    let show = |number| decimal(number, digits);
    let Spread { low, median, high } = spread;
    format!("{} ({}–{})", show(median), show(low), show(high))
}

/// The spread of some figures; a dash where there are none.
pub(super) fn shown(figures: &[f64], digits: usize) -> String {
    Spread::of(figures).map_or_else(dash, |spread| spread_of(spread, digits))
}

/// The median of some figures; a dash where there are none.
pub(super) fn middle(figures: &[f64], digits: usize) -> String {
    Spread::of(figures).map_or_else(dash, |spread| decimal(spread.median, digits))
}

pub(super) fn dash() -> String {
    "–".to_string()
}

pub(super) fn code(text: &str) -> String {
    format!("`{text}`")
}
