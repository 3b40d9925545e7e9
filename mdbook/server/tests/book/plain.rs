//! Plain mdBook makes a whole book of either language, too: `mdbook serve mdbook` and
//! `mdbook serve mdbook/zh-CN`.

use crate::site::{Site, below};
use book::site::Source;
use mdbook_driver::MDBook;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Builds the book whose `book.toml` is in a folder: with the `mdbook` that is installed, if it
/// is of our version, and with its library if not.
fn build(book: &Path, out: &Path) {
    let version = Command::new("mdbook").arg("--version").output();
    let is_ours = |said: &[u8]| String::from_utf8_lossy(said).starts_with("mdbook v0.5.");
    if version.is_ok_and(|version| is_ours(&version.stdout)) {
        let mut mdbook = Command::new("mdbook");
        let built = mdbook.arg("build").args([book, Path::new("-d"), out]);
        let built = built.output().expect("mdbook runs");
        let said = String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success(), "{said}");
        let complains = said.contains("WARN") || said.contains("ERROR");
        assert!(!complains, "{said}");
    } else {
        let mut built = MDBook::load(book).expect("a book");
        built.config.build.build_dir = out.to_path_buf();
        built.build().expect("it can be built");
    }
}

/// The folders that the README names for `mdbook serve`, and the languages of their books.
fn books() -> [(PathBuf, &'static str); 2] {
    let book = Source::at(workspace::root()).book();
    [(book.clone(), "en"), (book.join("zh-CN"), "zh-CN")]
}

#[test]
fn plain_mdbook_builds_both_books_with_all_that_their_pages_load() {
    for (book, language) in books() {
        let folder = TempDir::with_prefix("book-").expect("a temporary folder");
        build(&book, &folder.path().join("site"));
        let site = Site::read(folder);
        site.assert_complete();
        let page = fs::read_to_string(site.root().join("index.html")).expect("a first page");
        assert!(page.contains(&format!("<html lang=\"{language}\"")));
        // The interface in Chinese, and search for it.
        for script in ["fonts/chinese-", "fonts/search-", "searcher-"] {
            assert!(page.contains(script), "{language}: {script}");
        }
        // A switch would lead nowhere.
        assert!(!page.contains("both-languages"), "{language}");
        let indexes = below(&site.root(), "js").into_iter();
        let index: String = indexes
            .filter(|(path, _)| path.starts_with("searchindex-"))
            .map(|(_, text)| text)
            .collect();
        let word = if language == "en" {
            "accept queue"
        } else {
            "全连接队列"
        };
        assert!(index.contains(word), "{language}: the index lacks {word}");
    }
}

#[test]
fn both_books_are_shown_in_the_same_way() {
    let [english, chinese] = books().map(|(book, _)| {
        let text = fs::read_to_string(book.join("book.toml")).expect("book.toml can be read");
        let mut output: toml::Table = text.parse().expect("it is TOML");
        output.remove("output").expect("it has [output]")
    });
    let mut chinese = chinese;
    let html = chinese["html"].as_table_mut().expect("it is a table");
    // Both have the same theme: it is beside English's own book.toml.
    assert_eq!(html.remove("theme"), Some("../theme".into()));
    assert_eq!(english, chinese);
}
