//! Keeps figures as JSON, from which the page of the book is made.

use crate::machine::Machine;
use crate::{buffers, cold, grader, servers, steady};
use anyhow::Context;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Figures, and the machine that they were measured on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured<T> {
    /// The machine.
    pub machine: Machine,
    /// The figures.
    pub figures: T,
}

/// All figures; `None` for those that have not been measured yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Results {
    /// `servers.json`
    pub servers: Option<Measured<servers::Figures>>,
    /// `buffers.json`
    pub buffers: Option<Measured<buffers::Figures>>,
    /// `grader.json`
    pub grader: Option<Measured<grader::Figures>>,
    /// `steady.json`
    pub steady: Option<Measured<steady::Figures>>,
    /// `cold.json`
    pub cold: Option<Measured<cold::Figures>>,
}

/// The folder of the figures that the page shows.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("results")
}

impl Results {
    /// Reads the figures in a folder.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or is invalid.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            servers: read(folder, "servers")?,
            buffers: read(folder, "buffers")?,
            grader: read(folder, "grader")?,
            steady: read(folder, "steady")?,
            cold: read(folder, "cold")?,
        })
    }
}

fn read<T: DeserializeOwned>(folder: &Path, name: &str) -> anyhow::Result<Option<T>> {
    let path = folder.join(format!("{name}.json"));
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        text => text.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let value = serde_json::from_str(&text);
    value
        .map(Some)
        .with_context(|| format!("{} is not what was written: measure anew", path.display()))
}

/// Writes figures that were measured on this machine just now.
///
/// # Errors
///
/// If they cannot be written.
pub fn write<T: Serialize>(folder: &Path, name: &str, figures: T) -> anyhow::Result<()> {
    let measured = Measured {
        machine: Machine::here(),
        figures,
    };
    let path = folder.join(format!("{name}.json"));
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut text = serde_json::to_string_pretty(&measured)?;
    text.push('\n');
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
