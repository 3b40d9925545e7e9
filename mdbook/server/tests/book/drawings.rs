//! The drawings: well-formed SVG in the page's own colours, with words for who cannot see
//! them, and the same drawing in both languages.

use crate::chapters::{Chapter, chapters, files, folder, pattern, read};
use crate::problems::Problems;
use book::site::Language;
use regex::Regex;
use roxmltree::{Document, Node};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Attributes that hold a colour.
const COLOURS: [&str; 6] = [
    "fill",
    "stroke",
    "color",
    "stop-color",
    "flood-color",
    "lighting-color",
];

/// A colour wherever it stands, as in a `style`.
static FIXED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)(?:^|[\s:;,(])#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklch|color)\(")
});

/// The drawings of a language: path and text.
fn drawings(language: Language) -> Vec<(String, String)> {
    let folder = format!("{}/diagrams", folder(language));
    let names = files(&folder, ".svg").into_iter();
    names
        .map(|name| format!("{folder}/{name}"))
        .map(|path| (path.clone(), read(&path)))
        .collect()
}

fn all() -> impl Iterator<Item = (String, String)> {
    Language::ALL.into_iter().flat_map(drawings)
}

#[test]
fn every_drawing_says_what_it_shows() {
    let mut problems = Problems::default();
    for (path, text) in all() {
        match Document::parse(&text) {
            Ok(drawing) => {
                for what in unspoken(&drawing) {
                    problems.add(&path, what);
                }
            }
            Err(error) => problems.add(&path, format!("it is not well-formed: {error}")),
        }
    }
    problems.assert_none(
        "<svg role=\"img\" aria-labelledby=\"NAME-title NAME-desc\"> begins with a <title> and \
         a <desc>",
    );
}

/// What is missing for who cannot see a drawing.
fn unspoken(drawing: &Document<'_>) -> Vec<String> {
    let root = drawing.root_element();
    let mut problems = Vec::new();
    if root.attribute("role") != Some("img") {
        problems.push("<svg> has no role=\"img\"".to_string());
    }
    let labels: Vec<&str> = root
        .attribute("aria-labelledby")
        .unwrap_or_default()
        .split(' ')
        .collect();
    for name in ["title", "desc"] {
        let child = root
            .children()
            .find(|child| child.has_tag_name((SVG, name)));
        match child {
            Some(child) if child.text().is_some_and(|text| !text.trim().is_empty()) => {
                if !child.attribute("id").is_some_and(|id| labels.contains(&id)) {
                    problems.push(format!("<svg> is not labelled by its <{name}>"));
                }
            }
            _ => problems.push(format!("it has no <{name}>")),
        }
    }
    problems
}

/// The namespace of SVG.
const SVG: &str = "http://www.w3.org/2000/svg";

#[test]
fn every_drawing_has_the_colours_of_the_page() {
    let mut problems = Problems::default();
    for (path, text) in all() {
        let Ok(drawing) = Document::parse(&text) else {
            continue;
        };
        for node in drawing.descendants().filter(Node::is_element) {
            let line = drawing.text_pos_at(node.range().start).row;
            for (name, value) in node.attributes().map(|found| (found.name(), found.value())) {
                let is_colour = COLOURS.contains(&name) && !is_of_the_page(value);
                if is_colour || FIXED.is_match(value) {
                    problems.add(format!("{path}:{line}"), format!("{name}={value:?}"));
                }
            }
            if node.has_tag_name((SVG, "style")) {
                problems.add(
                    format!("{path}:{line}"),
                    "a <style> holds for the whole page",
                );
            }
        }
    }
    problems.assert_none("use none, currentColor, or a variable of the theme, var(--links)");
}

fn is_of_the_page(value: &str) -> bool {
    ["none", "currentColor", "inherit", "transparent"].contains(&value)
        || value.starts_with("var(--")
        || value.starts_with("url(#")
}

#[test]
fn no_drawing_has_a_blank_line() {
    let mut problems = Problems::default();
    for (path, text) in all() {
        for (line, number) in text.trim_end().lines().zip(1..) {
            if line.trim().is_empty() {
                problems.add(format!("{path}:{number}"), "a blank line");
            }
        }
    }
    problems.assert_none("take it out: to mdBook it ends the drawing");
}

/// A drawing's elements with their attributes, and where each is; all but the words.
fn outline(drawing: &Document<'_>) -> Vec<(u32, String)> {
    let elements = drawing.descendants().filter(Node::is_element);
    elements
        .map(|node| {
            let line = drawing.text_pos_at(node.range().start).row;
            let attributes = node.attributes();
            let attributes =
                attributes.map(|found| format!(" {}={:?}", found.name(), found.value()));
            let tag = format!(
                "<{}{}>",
                node.tag_name().name(),
                attributes.collect::<String>()
            );
            (line, tag)
        })
        .collect()
}

#[test]
fn both_languages_have_the_same_drawings() {
    let mut problems = Problems::default();
    let [english, chinese] = Language::ALL.map(drawings);
    for (path, text) in &english {
        let other = path.replacen(&folder(Language::English), &folder(Language::Chinese), 1);
        // Who has only one of them is told by another test.
        let Some((_, other_text)) = chinese.iter().find(|(path, _)| *path == other) else {
            continue;
        };
        let (Ok(left), Ok(right)) = (Document::parse(text), Document::parse(other_text)) else {
            continue;
        };
        let (left, right) = (outline(&left), outline(&right));
        let differs = left
            .iter()
            .zip(&right)
            .find(|(left, right)| left.1 != right.1);
        if let Some(((line, tag), (other_line, other_tag))) = differs {
            let what = format!("{tag}, but in Chinese ({other}:{other_line}): {other_tag}");
            problems.add(format!("{path}:{line}"), what);
        } else if left.len() != right.len() {
            let what = format!(
                "{} elements, but in Chinese ({other}): {}",
                left.len(),
                right.len()
            );
            problems.add(path, what);
        }
    }
    problems.assert_none("draw the same in both, and change only the words");
}

#[test]
fn every_drawing_is_shown() {
    let mut problems = Problems::default();
    for language in Language::ALL {
        let chapters = chapters(language);
        let includes = chapters.iter().flat_map(Chapter::includes);
        let shown: BTreeSet<String> = includes.map(|include| include.file).collect();
        for name in files(&format!("{}/diagrams", folder(language)), ".svg") {
            if !shown.contains(&format!("diagrams/{name}")) {
                let place = format!("{}/diagrams/{name}", folder(language));
                problems.add(place, "no chapter shows it");
            }
        }
    }
    problems.assert_none("include it in a chapter, or delete it");
}
