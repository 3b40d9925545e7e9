//! The built book: every link leads somewhere, and nothing comes from another host.

use crate::chapters::pattern;
use crate::problems::Problems;
use book::site::Source;
use regex::Regex;
use scraper::{Html, Selector};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};
use tempfile::TempDir;

/// Attributes by which a page loads something, and the elements that have them.
const LOADED: [(&str, &str); 9] = [
    ("link", "href"),
    ("script", "src"),
    ("img", "src"),
    ("source", "src"),
    ("video", "src"),
    ("iframe", "src"),
    ("embed", "src"),
    ("object", "data"),
    ("use", "href"),
];

/// The site, built once for all tests.
pub(crate) struct Site {
    folder: TempDir,
    /// The pages by their paths in the site: `zh-CN/01-client.html`.
    pages: BTreeMap<String, Page>,
}

/// What a page says that has to be right.
#[derive(Default)]
struct Page {
    language: String,
    title: String,
    /// Where its links start from, if not from the page.
    base: Option<String>,
    ids: Vec<String>,
    /// Where the reader can go.
    links: Vec<String>,
    /// What the browser loads, as `<img src>` and address.
    loaded: Vec<(String, String)>,
    /// Scripts and styles that stand in the page.
    inline: String,
}

pub(crate) fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| {
        let folder = TempDir::with_prefix("book-").expect("a temporary folder");
        let built = Source::at(workspace::root()).build_all(&folder.path().join("site"), "/");
        built.unwrap_or_else(|error| panic!("the book cannot be built: {error:#}"));
        Site::read(folder)
    })
}

/// The files below a folder whose names end in this, by their paths in it, with their text.
pub(crate) fn below(root: &Path, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the site can be read") {
            let path = entry.expect("the site can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let text = fs::read_to_string(&path).expect("a page can be read");
                let path = path.strip_prefix(root).expect("it is below the root");
                found.push((path.to_string_lossy().into_owned(), text));
            }
        }
    }
    found.sort();
    found
}

impl Page {
    fn of(text: &str) -> Self {
        let html = Html::parse_document(text);
        let all = |element: &str, name: &str| -> Vec<String> {
            let selector =
                Selector::parse(&format!("{element}[{name}]")).expect("it is a selector");
            let found = html.select(&selector);
            found
                .filter_map(|element| element.attr(name).map(str::to_string))
                .collect()
        };
        let text_of = |element: &str| -> String {
            let selector = Selector::parse(element).expect("it is a selector");
            html.select(&selector)
                .flat_map(|element| element.text())
                .collect()
        };
        let loaded = LOADED.into_iter().flat_map(|(element, name)| {
            let addresses = all(element, name).into_iter();
            addresses.map(move |address| (format!("<{element} {name}>"), address))
        });
        Self {
            language: all("html", "lang").concat(),
            title: text_of("head > title"),
            base: all("base", "href").pop(),
            ids: all("*", "id"),
            links: all("a", "href"),
            loaded: loaded.collect(),
            inline: text_of("script") + &text_of("style"),
        }
    }
}

impl Site {
    /// The site in the folder `site` of this one.
    pub(crate) fn read(folder: TempDir) -> Site {
        let pages = below(&folder.path().join("site"), "html").into_iter();
        let pages = pages.map(|(path, text)| (path, Page::of(&text))).collect();
        Site { folder, pages }
    }

    /// Its folder.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    /// Fails if a page loads something that is not there, or is not in the site.
    pub(crate) fn assert_complete(&self) {
        let mut problems = Problems::default();
        for (path, page) in &self.pages {
            for (element, address) in &page.loaded {
                if address.starts_with("data:") {
                    continue;
                }
                let what = if is_elsewhere(address) {
                    Some("it comes from another host".to_string())
                } else {
                    self.wrong_with(path, address)
                };
                if let Some(what) = what {
                    problems.add(path, format!("{element} {address:?}: {what}"));
                }
            }
        }
        problems.assert_none("keep it in the book, below mdbook/theme or beside the chapters");
    }

    /// What is wrong with an address in a page of the site, if anything.
    fn wrong_with(&self, page: &str, address: &str) -> Option<String> {
        let (address, fragment) = address.split_once('#').unwrap_or((address, ""));
        let (address, _query) = address.split_once('?').unwrap_or((address, ""));
        let base = self.pages.get(page).and_then(|page| page.base.as_deref());
        let Some(target) = resolve(base.unwrap_or(page), address, page) else {
            return Some("it leads out of the book".to_string());
        };
        if !self.root().join(&target).is_file() {
            return Some(format!("there is no {target}"));
        }
        let ids = self.pages.get(&target).map(|page| &page.ids);
        let is_there = fragment.is_empty()
            || ids.is_none_or(|ids| ids.iter().any(|id| *id == decoded(fragment)));
        (!is_there).then(|| format!("{target} has no id {:?}", decoded(fragment)))
    }
}

/// The path in the site that an address stands for, seen from a page or from its base; an
/// empty address is the page itself. Nothing if it is outside the site.
fn resolve(from: &str, address: &str, page: &str) -> Option<String> {
    if address.is_empty() {
        return Some(page.to_string());
    }
    let mut parts: Vec<&str> = match address.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => from.trim_start_matches('/').split('/').collect(),
    };
    // The page itself, or what stands behind the last slash of the base.
    parts.pop();
    for part in address.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    if address.ends_with(['/', '.']) {
        parts.push("index.html");
    }
    Some(decoded(&parts.join("/")))
}

/// An address without its `%E7%9B%AE`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(code) if byte == b'%' => {
                bytes.push(code);
                rest = &after[2..];
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether an address names a host, or is of a kind that is no file (`mailto:`).
fn is_elsewhere(address: &str) -> bool {
    static SCHEME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|//)"));
    SCHEME.is_match(address)
}

#[test]
fn every_link_leads_somewhere() {
    let site = site();
    let mut problems = Problems::default();
    for (path, page) in &site.pages {
        for address in page.links.iter().filter(|address| !is_elsewhere(address)) {
            if let Some(what) = site.wrong_with(path, address) {
                problems.add(path, format!("the link {address:?}: {what}"));
            }
        }
    }
    problems
        .assert_none("link to a chapter by its file, `02-server.md#run-it`, and to an id in it");
}

#[test]
fn everything_that_a_page_loads_is_there() {
    site().assert_complete();
}

#[test]
fn styles_and_scripts_load_nothing_from_another_host() {
    let site = site();
    let url = pattern(r#"(?:url\(\s*|@import\s+)["']?([^"')\s]+)"#);
    let call = pattern(
        r#"(?x)
        (?: \bfetch | \bimport | importScripts | Worker | EventSource | WebSocket | sendBeacon
            | \.open ) \( \s* (?: ["'`] \w+ ["'`], \s* )? ["'`] (?: https?: | wss?: )? //
        | \. (?:src|href) \s* = \s* ["'`] (?: https?: )? //"#,
    );
    let mut problems = Problems::default();
    for (path, text) in below(&site.root(), "css") {
        for found in url.captures_iter(&text) {
            let address = &found[1];
            if address.starts_with("data:") || address.starts_with('#') {
                continue;
            }
            let what = if is_elsewhere(address) {
                Some("it comes from another host".to_string())
            } else {
                site.wrong_with(&path, address)
            };
            if let Some(what) = what {
                problems.add(&path, format!("url({address}): {what}"));
            }
        }
    }
    let inline = site
        .pages
        .iter()
        .map(|(path, page)| (path.clone(), page.inline.clone()));
    for (path, text) in below(&site.root(), "js").into_iter().chain(inline) {
        for found in call.captures_iter(&text) {
            problems.add(&path, format!("`{}` asks another host", &found[0]));
        }
    }
    problems.assert_none("keep it in the book: it must work without any network");
}

#[test]
fn every_id_is_there_once() {
    let mut problems = Problems::default();
    for (path, page) in &site().pages {
        let mut seen = BTreeSet::new();
        for id in &page.ids {
            if !seen.insert(id) {
                problems.add(path, format!("the id {id:?} is there twice"));
            }
        }
    }
    problems.assert_none("give one of the headings, or the parts of a drawing, another id");
}

#[test]
fn every_page_has_a_title_and_its_language() {
    let mut problems = Problems::default();
    for (path, page) in &site().pages {
        let language = if path.starts_with("zh-CN/") {
            "zh-CN"
        } else {
            "en"
        };
        if page.language != language {
            problems.add(
                path,
                format!("lang={:?} where {language:?} is right", page.language),
            );
        }
        // The list of chapters is shown in a frame where there are no scripts.
        let is_frame = path.ends_with("toc.html");
        if page.title.trim().is_empty() && !is_frame {
            problems.add(path, "it has no <title>");
        }
    }
    problems.assert_none("see mdbook/server/src/site.rs, which tells mdBook both");
}

#[test]
fn broken_addresses_are_found() {
    assert_eq!(
        resolve("zh-CN/a.html", "b.html", "zh-CN/a.html").as_deref(),
        Some("zh-CN/b.html")
    );
    assert_eq!(
        resolve("zh-CN/a.html", "../b.html", "").as_deref(),
        Some("b.html")
    );
    assert_eq!(
        resolve("zh-CN/a.html", "/b.css", "").as_deref(),
        Some("b.css")
    );
    assert_eq!(
        resolve("/zh-CN/", "b.css", "").as_deref(),
        Some("zh-CN/b.css")
    );
    assert_eq!(
        resolve("zh-CN/a.html", "./", "").as_deref(),
        Some("zh-CN/index.html")
    );
    assert_eq!(
        resolve("zh-CN/a.html", "", "zh-CN/a.html").as_deref(),
        Some("zh-CN/a.html")
    );
    assert_eq!(resolve("a.html", "../b.html", ""), None);
    assert_eq!(decoded("%E7%9B%AE-a%"), "目-a%");
    assert!(is_elsewhere("https://example.org/") && is_elsewhere("//example.org/a.js"));
    assert!(!is_elsewhere("02-server.html") && !is_elsewhere("/a//b"));

    let site = site();
    assert_eq!(site.wrong_with("01-client.html", "02-server.html"), None);
    assert!(site.wrong_with("01-client.html", "none.html").is_some());
    assert!(
        site.wrong_with("01-client.html", "02-server.html#none")
            .is_some()
    );
}
