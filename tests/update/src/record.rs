//! The record of what a copy was made from, which is a file in the copy itself.

use crate::disk::replace;
use crate::hash::sha256;
use crate::{paths, vendored};
use anyhow::bail;
use grade::exercise::Exercise;
use grade::failed::{Because, Failed};
use harness::message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path};

/// The name of the record's file, in the root of a copy.
pub const FILE: &str = ".handout.toml";

const PREFACE: &str =
    "# What this copy was made from: `cargo grade update` compares with it. Do not change it.\n\n";

/// The record of what a copy was made from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyRecord {
    /// The version of the project.
    pub version: String,
    /// Where the last update came from: a folder, a zip or a git repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The version of each exercise's rubric, by the package of the exercise.
    pub rubrics: BTreeMap<String, u32>,
    /// The SHA-256 of each file that belongs to the teacher, in hexadecimal digits, by its path.
    /// A student's `main.rs` is not among them.
    pub files: BTreeMap<String, String>,
    /// The dependencies in `vendor/`, each with the SHA-256 of its list of checksums.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vendored: BTreeMap<String, String>,
}

/// The part of the workspace's manifest that is needed here.
#[derive(Deserialize)]
struct Manifest {
    workspace: Workspace,
}

#[derive(Deserialize)]
struct Workspace {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    version: String,
}

impl CopyRecord {
    /// Describes a copy that has these files.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or is invalid.
    pub fn of(folder: &Path, files: &[String]) -> anyhow::Result<Self> {
        let path = folder.join("Cargo.toml");
        let text = fs::read_to_string(&path)
            .because(|| message!("cannot read {path}", path = path.display()))?;
        let manifest: Manifest = toml::from_str(&text)
            .because(|| message!("{path} names no version", path = path.display()))?;
        let rubrics = Exercise::all(folder)?
            .iter()
            .map(|exercise| (exercise.package(), exercise.version))
            .collect();
        let mut sums = BTreeMap::new();
        for path in files.iter().filter(|path| !paths::is_students(path)) {
            let file = folder.join(path);
            let bytes = fs::read(&file)
                .because(|| message!("cannot read {path}", path = file.display()))?;
            sums.insert(path.clone(), sha256(&bytes));
        }
        Ok(Self {
            version: manifest.workspace.package.version,
            from: None,
            rubrics,
            files: sums,
            vendored: vendored::crates(folder)?,
        })
    }

    /// Reads the record of a copy.
    ///
    /// # Errors
    ///
    /// If the file does not exist or is invalid.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let text = fs::read_to_string(&path)
            .because(|| message!("cannot read {path}", path = path.display()))?;
        let record: Self = toml::from_str(&text)
            .because(|| message!("{path} is not as it should be", path = path.display()))?;
        let mut paths = record.files.keys().chain(record.vendored.keys());
        let stranger = paths.find(|name| !is_below(name) || paths::is_students(name));
        if let Some(name) = stranger {
            bail!(Failed::new(message!(
                "{path} names {name}, which is none of it",
                path = path.display(),
                name = format!("{name:?}")
            )));
        }
        Ok(record)
    }

    /// Writes the record's file atomically.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let text = toml::to_string(self).because(|| message!("cannot write TOML"))?;
        replace(&folder.join(FILE), format!("{PREFACE}{text}").as_bytes())
    }
}

/// Whether a path, joined to a folder, stays below that folder on every system.
fn is_below(path: &str) -> bool {
    let is_plain = |part: Component| matches!(part, Component::Normal(_));
    !path.is_empty()
        && !path.contains(['\\', ':', '\0'])
        && Path::new(path).components().all(is_plain)
}
