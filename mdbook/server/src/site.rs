//! Builds the book in both languages. For mdBook each is a separate book with its own `book.toml`.
//!
//! English is at the root of the site, Chinese below `zh-CN/`. Plain mdBook builds either of
//! them, without the switch between them: `mdbook serve mdbook`, `mdbook serve mdbook/zh-CN`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Context, ensure};
use mdbook_driver::MDBook;
use mdbook_driver::book::Chapter;
use mdbook_driver::config::Config;

use regex::Regex;

use crate::{includes, output};

/// A language of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// At the root of the site.
    English,
    /// Below `zh-CN/`.
    Chinese,
}

impl Language {
    /// Both, in the order in which they have to be built into one folder: building English
    /// empties it.
    pub const ALL: [Language; 2] = [Language::English, Language::Chinese];

    /// The folder of its chapters, in `mdbook/`.
    pub fn source(self) -> &'static str {
        match self {
            Language::English => "src",
            Language::Chinese => "zh-CN",
        }
    }

    /// Its path on the site, with a slash at both ends.
    pub fn path(self) -> &'static str {
        match self {
            Language::English => "/",
            Language::Chinese => "/zh-CN/",
        }
    }

    /// Its own name.
    pub fn name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::Chinese => "中文",
        }
    }

    /// Its `book.toml`, read as if it were in `book`, the folder that both languages share.
    fn config(self, book: &Path) -> anyhow::Result<Config> {
        let file = match self {
            Language::English => book.join("book.toml"),
            Language::Chinese => book.join("zh-CN/book.toml"),
        };
        let mut config = Config::from_disk(&file)?;
        config.set("book.src", self.source())?;
        config.set("output.html.theme", "theme")?;
        Ok(config)
    }
}

/// The source of the book: a workspace with `mdbook/` and `lessons/`.
#[derive(Clone, Debug)]
pub struct Source {
    workspace: PathBuf,
}

impl Source {
    /// This workspace.
    pub fn at(workspace: impl Into<PathBuf>) -> Source {
        Source {
            workspace: workspace.into(),
        }
    }

    /// The root folder of the workspace.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// The folder of `book.toml`.
    pub fn book(&self) -> PathBuf {
        self.workspace.join("mdbook")
    }

    /// Builds a language into `out`, which is emptied first, to be served: its pages reload when
    /// the server says so (see [`crate::serve`]), and their sessions can be run with the reader's
    /// code (see `run.rs`).
    ///
    /// # Errors
    ///
    /// If a chapter includes what does not exist, or mdBook fails.
    pub fn build(&self, language: Language, out: &Path) -> anyhow::Result<()> {
        self.make(language, out, |config| {
            // For the page that says that there is no such page: it may be shown at any depth.
            config.set("output.html.site-url", language.path())?;
            let endpoint = format!("{}live-reload", &language.path()[1..]);
            config.set("output.html.live-reload-endpoint", endpoint)?;
            // What it does needs this server.
            let scripts = ["theme/both-languages.js", "theme/run.js"];
            config.set("output.html.additional-js", scripts)?;
            config.set("output.html.additional-css", ["theme/run.css"])
        })
    }

    /// Builds a language into `out`, after `adapt` has changed its configuration.
    fn make(
        &self,
        language: Language,
        out: &Path,
        adapt: impl FnOnce(&mut Config) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let book = self.book();
        includes::check(&book.join(language.source()))?;

        let mut config = language.config(&book)?;
        config.set("build.build-dir", out)?;
        // What shows the switch: only here are both languages built.
        config.set("output.html.additional-js", ["theme/both-languages.js"])?;
        adapt(&mut config)?;
        let build = || {
            let mut book = MDBook::load_with_config(book, config)?;
            book.book.for_each_chapter_mut(name_sessions);
            book.build()
        };
        build().with_context(|| format!("cannot build the book in {}", language.name()))?;
        // mdBook copies what stands beside the chapters.
        match fs::remove_file(out.join("book.toml")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Builds both languages into `out`, as a static site, which will be at `site_url`: a path
    /// (`/sockets/`) or a whole address.
    ///
    /// What an earlier build has left there is replaced once the new site is complete; nothing
    /// else is touched.
    ///
    /// # Errors
    ///
    /// If `out` contains something that no build has made, or as [`Source::build`].
    pub fn build_all(&self, out: &Path, site_url: &str) -> anyhow::Result<()> {
        ensure!(
            site_url.starts_with('/') || site_url.contains("://"),
            "--site-url is a path that begins with a slash, or a whole address: {site_url:?} is \
             neither"
        );
        output::check(out)?;
        let new = tempfile::Builder::new().prefix("book-").tempdir();
        let new = new.context("cannot make a temporary folder")?;
        for language in Language::ALL {
            let folder = new.path().join(language.path().trim_matches('/'));
            let is_at = format!("{}{}", site_url.trim_end_matches('/'), language.path());
            self.make(language, &folder, |config| {
                config.set("output.html.site-url", is_at)
            })?;
        }
        output::replace(new.path(), out)
    }
}

/// Adds the names of sessions to a chapter: `session,named-NAME` becomes a class in its HTML.
fn name_sessions(chapter: &mut Chapter) {
    static SESSION: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r"```session\n\{\{#include \.\./sessions/([\w-]+)\.txt\}\}";
        Regex::new(pattern).expect("the pattern is right")
    });
    let named = SESSION.replace_all(
        &chapter.content,
        "```session,named-$1\n{{#include ../sessions/$1.txt}}",
    );
    chapter.content = named.into_owned();
}
