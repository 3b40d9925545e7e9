//! The dependencies, put into a copy for a classroom without internet.

use super::manifest;
use super::record::sha256;
use anyhow::Context;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use toml_edit::{Item, Table, value};

/// Where they are in a copy.
pub(super) const FOLDER: &str = "vendor";

/// A dependency's list of its files with their checksums: cargo writes it, and checks it.
pub(super) const CHECKSUMS: &str = ".cargo-checksum.json";

/// What has been put into a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vendored {
    /// How many crates.
    pub crates: usize,
    /// How many bytes their files have.
    pub bytes: u64,
}

/// Puts all dependencies of a copy into it, and tells cargo to look for them there, and
/// nowhere else.
pub(super) fn vendor(folder: &Path) -> anyhow::Result<Vendored> {
    let arguments = ["vendor", "--quiet", "--locked", "--versioned-dirs"];
    manifest::run(
        manifest::cargo(folder)
            .args(arguments)
            // A mirror that the teacher has set up is where crates come from.
            .args(["--respect-source-config", FOLDER]),
    )
    .context("cannot get the dependencies")?;
    manifest::edit(folder, ".cargo/config.toml", |config| {
        // The names of the two are cargo's form for "that one instead of this one".
        let mut instead = Table::new();
        instead["replace-with"] = value("vendored");
        let mut here = Table::new();
        here["directory"] = value(FOLDER);
        let mut sources = Table::new();
        sources.set_implicit(true);
        sources["crates-io"] = Item::Table(instead);
        sources["vendored"] = Item::Table(here);
        config["source"] = Item::Table(sources);
    })?;
    let crates = crates(folder)?.len();
    let bytes = size(&folder.join(FOLDER))?;
    Ok(Vendored { crates, bytes })
}

/// The dependencies in a copy, each with the SHA-256 of its list of checksums; none where
/// there are none.
pub(super) fn crates(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let folder = folder.join(FOLDER);
    let cannot = || format!("cannot read {}", folder.display());
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error).with_context(cannot),
    };
    let mut crates = BTreeMap::new();
    for entry in entries {
        let entry = entry.with_context(cannot)?;
        let list = entry.path().join(CHECKSUMS);
        // Without it cargo takes it for no crate either: it is half-copied, or somebody's own.
        if let Ok(bytes) = fs::read(&list) {
            let name = entry.file_name().to_string_lossy().into_owned();
            crates.insert(name, sha256(&bytes));
        }
    }
    Ok(crates)
}

/// How many bytes the files in a folder have, and those below it.
fn size(folder: &Path) -> anyhow::Result<u64> {
    let cannot = || format!("cannot read {}", folder.display());
    let mut bytes = 0;
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        let data = entry.metadata().with_context(cannot)?;
        bytes += if data.is_dir() {
            size(&entry.path())?
        } else {
            data.len()
        };
    }
    Ok(bytes)
}
