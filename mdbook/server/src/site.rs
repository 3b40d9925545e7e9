//! Builds the book: both languages, each a book of mdBook's, from one `book.toml`.
//!
//! English is at the root of the site, Chinese below `zh-CN/`. Plain mdBook builds either of
//! them, without the switch between them:
//!
//! ```sh
//! mdbook serve mdbook
//! MDBOOK_BOOK__SRC=zh-CN MDBOOK_BOOK__LANGUAGE=zh-CN MDBOOK_BOOK__TITLE='TCP 套接字，一步一步来' \
//!     mdbook serve mdbook
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Context, ensure};
use mdbook_driver::MDBook;
use mdbook_driver::book::Chapter;
use mdbook_driver::config::Config;

use regex::Regex;

use crate::includes;

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

    /// Where it is on the site, with a slash at both ends.
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

    /// Sets what differs from `book.toml`, which is the English book's.
    fn configure(self, config: &mut Config) -> anyhow::Result<()> {
        if self == Language::Chinese {
            config.set("book.src", self.source())?;
            config.set("book.language", "zh-CN")?;
            config.set("book.title", "TCP 套接字，一步一步来")?;
            config.set(
                "book.description",
                "用 Rust 和 Python 写的七节 TCP 套接字课程",
            )?;
            // For its page that says that there is no such page.
            config.set("output.html.site-url", self.path())?;
        }
        Ok(())
    }
}

/// Where the book is made from: a workspace with `mdbook/` and `lessons/`.
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

    /// The folder that has `book.toml`.
    pub fn book(&self) -> PathBuf {
        self.workspace.join("mdbook")
    }

    /// Builds a language into `out`, which is emptied first.
    ///
    /// With `is_served`, pages reload when the server says so (see [`crate::serve`]), and their
    /// sessions can be run with the reader's code (see `run.rs`).
    ///
    /// # Errors
    ///
    /// If a chapter includes what does not exist, or mdBook fails.
    pub fn build(&self, language: Language, out: &Path, is_served: bool) -> anyhow::Result<()> {
        let book = self.book();
        includes::check(&book.join(language.source()))?;

        let mut config = Config::from_disk(book.join("book.toml"))?;
        language.configure(&mut config)?;
        config.set("build.build-dir", out)?;
        // What shows the switch: only here are both languages built.
        let mut scripts: Vec<PathBuf> =
            config.get("output.html.additional-js")?.unwrap_or_default();
        scripts.insert(0, "theme/both-languages.js".into());
        if is_served {
            // After ladder.js, which it draws with. It needs this server.
            scripts.push("theme/run.js".into());
            let mut styles: Vec<PathBuf> = config
                .get("output.html.additional-css")?
                .unwrap_or_default();
            styles.push("theme/run.css".into());
            config.set("output.html.additional-css", styles)?;
        }
        config.set("output.html.additional-js", scripts)?;
        if is_served {
            let endpoint = format!("{}live-reload", &language.path()[1..]);
            config.set("output.html.live-reload-endpoint", endpoint)?;
        }
        let build = || {
            let mut book = MDBook::load_with_config(book, config)?;
            if is_served {
                book.book.for_each_chapter_mut(name_sessions);
            }
            book.build()
        };
        build().with_context(|| format!("cannot build the book in {}", language.name()))
    }

    /// Builds both languages into `out`, as a static site.
    ///
    /// What was there before is replaced once the new site is complete.
    ///
    /// # Errors
    ///
    /// If `out` has something in it that is not a book, or as [`Source::build`].
    pub fn build_all(&self, out: &Path) -> anyhow::Result<()> {
        ensure!(
            is_free(out)?,
            "{} has something in it, and it is not a book: choose another folder",
            out.display()
        );
        // Beside `out`, so that renaming is enough.
        let out = std::path::absolute(out)?;
        let parent = out.parent().context("cannot write to the root folder")?;
        fs::create_dir_all(parent).with_context(|| cannot_write(parent))?;
        let work = tempfile::Builder::new()
            .prefix(".book-")
            .tempdir_in(parent)
            .with_context(|| cannot_write(parent))?;
        let new = work.path().join("new");
        for language in Language::ALL {
            let out = new.join(language.path().trim_matches('/'));
            self.build(language, &out, false)?;
        }
        if out.exists() {
            fs::rename(&out, work.path().join("old")).with_context(|| cannot_write(&out))?;
        }
        fs::rename(&new, &out).with_context(|| cannot_write(&out))
    }
}

/// Has the page of a chapter know which sessions it shows: `session,named-NAME` becomes a class.
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

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

/// Whether `out` may be replaced: it does not exist, is empty, or is a book.
fn is_free(out: &Path) -> io::Result<bool> {
    match fs::read_dir(out) {
        Ok(mut entries) => Ok(entries.next().is_none() || out.join("toc.html").exists()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}
