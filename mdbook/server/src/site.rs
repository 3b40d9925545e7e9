//! Builds the book: both languages, each a book of mdBook's with a `book.toml` of its own.
//!
//! English is at the root of the site, Chinese below `zh-CN/`. Plain mdBook builds either of
//! them, without the switch between them: `mdbook serve mdbook`, `mdbook serve mdbook/zh-CN`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;

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

    /// Its `book.toml`, read as if it stood in `book`, the folder that both languages share.
    fn config(self, book: &Path) -> anyhow::Result<Config> {
        let file = match self {
            Language::English => book.join("book.toml"),
            Language::Chinese => book.join("zh-CN/book.toml"),
        };
        let mut config = Config::from_disk(&file)?;
        config.set("book.src", self.source())?;
        config.set("output.html.theme", "theme")?;
        // For its page that says that there is no such page.
        config.set("output.html.site-url", self.path())?;
        Ok(config)
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
    /// With `is_served`, pages reload when the server says so (see [`crate::serve`]).
    ///
    /// # Errors
    ///
    /// If a chapter includes what does not exist, or mdBook fails.
    pub fn build(&self, language: Language, out: &Path, is_served: bool) -> anyhow::Result<()> {
        let book = self.book();
        includes::check(&book.join(language.source()))?;

        let mut config = language.config(&book)?;
        config.set("build.build-dir", out)?;
        // What shows the switch: only here are both languages built.
        config.set("output.html.additional-js", ["theme/both-languages.js"])?;
        if is_served {
            let endpoint = format!("{}live-reload", &language.path()[1..]);
            config.set("output.html.live-reload-endpoint", endpoint)?;
        }
        MDBook::load_with_config(book, config)
            .and_then(|book| book.build())
            .with_context(|| format!("cannot build the book in {}", language.name()))?;
        // mdBook copies what stands beside the chapters.
        match fs::remove_file(out.join("book.toml")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
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
