//! The pages have parts that others have made: *Reference* says which, and under which licence.

use crate::chapters::{folder, pattern, read};
use crate::problems::Problems;
use crate::site::{below, site};
use book::site::{Language, Source};
use std::fs;

/// What others have made: its name, its licence, and its scripts and styles on the site. Icons
/// stand in the pages themselves, and have no file.
const PARTS: [(&str, &str, &[&str]); 6] = [
    (
        "mdBook",
        "MPL-2.0",
        &[
            "book.js",
            "searcher.js",
            "toc.js",
            "css/chrome.css",
            "css/general.css",
            "css/print.css",
        ],
    ),
    ("Font Awesome Free", "CC BY 4.0", &[]),
    ("elasticlunr.js", "MIT", &["elasticlunr.min.js"]),
    ("mark.js", "MIT", &["mark.min.js"]),
    ("clipboard.js", "MIT", &["clipboard.min.js"]),
    ("highlight.js", "BSD-3-Clause", &["highlight.js"]),
];

/// What the book's own text is made into, for search.
const INDEX: &str = "searchindex.js";

/// The scripts and styles of the site by the names that they had before mdBook added a hash.
fn scripts_and_styles() -> Vec<String> {
    let hash = pattern(r"-[0-9a-f]{8}\b");
    let root = site().root();
    let all = ["js", "css"].map(|extension| below(&root, extension));
    all.into_iter()
        .flatten()
        .map(|(path, _)| {
            let path = path.strip_prefix("zh-CN/").unwrap_or(&path);
            hash.replace(path, "").into_owned()
        })
        .collect()
}

#[test]
fn every_script_and_style_is_ours_or_has_a_known_licence() {
    let theme = Source::at(workspace::root()).book().join("theme");
    let mut problems = Problems::default();
    for file in scripts_and_styles() {
        let is_known = PARTS.iter().any(|(_, _, files)| files.contains(&&*file));
        let ours = file.strip_prefix("theme/").unwrap_or(&file);
        if !is_known && file != INDEX && !theme.join(ours).is_file() {
            problems.add(&file, "it comes from mdBook, and nothing says who made it");
        }
    }
    problems.assert_none("find out its licence, and add it to PARTS and to the chapter Reference");
}

#[test]
fn what_others_have_made_is_on_the_site() {
    let files = scripts_and_styles();
    let pages = below(&site().root(), "html");
    let mut problems = Problems::default();
    for (name, _, its_files) in PARTS {
        let is_in_pages = || pages.iter().any(|(_, text)| text.contains(name));
        if its_files.is_empty() && !is_in_pages() {
            problems.add(name, "no page names it any more");
        }
        for file in its_files {
            if !files.iter().any(|found| found == file) {
                problems.add(name, format!("there is no {file} any more"));
            }
        }
    }
    problems.assert_none("take it out of PARTS and of the chapter Reference");
}

#[test]
fn the_reference_names_what_others_have_made_and_its_licence() {
    let mut problems = Problems::default();
    for language in Language::ALL {
        let path = format!("{}/reference.md", folder(language));
        let text = read(&path);
        for (name, licence, _) in PARTS {
            let mut rows = text.lines().filter(|line| line.starts_with('|'));
            if !rows.any(|row| row.contains(name) && row.contains(licence)) {
                problems.add(&path, format!("no row names {name} and {licence}"));
            }
        }
        // Who wants the source needs the very version.
        let version = format!("https://github.com/rust-lang/mdBook/tree/v{}", mdbook());
        if !text.contains(&version) {
            problems.add(&path, format!("it does not lead to {version}"));
        }
    }
    problems.assert_none("name it in the last part of the chapter");
}

/// The version of mdBook.
fn mdbook() -> String {
    let lock = Source::at(workspace::root()).workspace().join("Cargo.lock");
    let lock: toml::Table = fs::read_to_string(lock)
        .expect("Cargo.lock can be read")
        .parse()
        .expect("it is TOML");
    let packages = lock["package"].as_array().expect("it has packages");
    let mdbook = packages
        .iter()
        .find(|package| package["name"].as_str() == Some("mdbook-driver"));
    let version = mdbook.and_then(|package| package["version"].as_str());
    version.expect("the book uses mdBook").to_string()
}
