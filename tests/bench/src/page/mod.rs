//! Makes the tables and plots of the book's page *Measured* from the kept figures alone: the same
//! figures give the same files.

mod figures;
mod format;
mod goals;
mod grader_tables;
mod plots;
mod server_tables;
mod tables;

pub use goals::goals;

use crate::results::{self, Results};
use anyhow::Context;
use grade::language::Language;
use std::fs;
use std::path::{Path, PathBuf};

/// A file of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path in the workspace.
    pub path: PathBuf,
    /// Its contents.
    pub text: String,
}

/// The text for this language, of an English and a Chinese one: the page is a part of the book, and
/// not of what programs say.
fn pick<'a>(language: Language, en: &'a str, zh: &'a str) -> &'a str {
    match language {
        Language::En => en,
        Language::Zh => zh,
    }
}

/// All files of the page, in both languages.
pub fn files(results: &Results) -> Vec<File> {
    let mut files = Vec::new();
    for (language, folder) in [(Language::En, "mdbook/src"), (Language::Zh, "mdbook/zh-CN")] {
        let folder = Path::new(folder);
        for (name, text) in tables::all(results, language) {
            files.push(File {
                path: folder.join("measured").join(format!("{name}.md")),
                text,
            });
        }
        for plot in plots::all(results, language) {
            files.push(File {
                path: folder.join("diagrams").join(format!("{}.svg", plot.id)),
                text: plot.svg(),
            });
        }
    }
    files
}

/// Writes all files of the page from the figures that the project keeps.
///
/// # Errors
///
/// If the figures cannot be read, or a file cannot be written.
pub fn write() -> anyhow::Result<()> {
    for file in files(&Results::read(&results::folder())?) {
        let path = workspace::root().join(&file.path);
        let folder = path.parent().context("a file is in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(&path, file.text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
