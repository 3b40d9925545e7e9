//! What has been built, as `workshop.json` in the work folder has it.

use super::call::CompilerCall;
use crate::disk;
use grade::failed::Because;
use harness::message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The file that says what has been built.
const FILE: &str = "workshop.json";

/// What has been built.
#[derive(Serialize, Deserialize)]
pub(super) struct Built {
    /// The fingerprint of what it was built of.
    #[serde(rename = "made_of")]
    pub(super) fingerprint: String,
    /// What there is for each exercise, by its number.
    pub(super) units: BTreeMap<u32, Unit>,
}

/// What has been built for an exercise.
#[derive(Serialize, Deserialize)]
pub(super) struct Unit {
    /// How the compiler is called for the starter.
    pub(super) call: CompilerCall,
    /// The program that the starter became.
    pub(super) starter: PathBuf,
    /// The rubric.
    pub(super) rubric: PathBuf,
}

impl Built {
    /// What has been built in a work folder, if it was built of what has this fingerprint.
    pub(super) fn read(work: &Path, fingerprint: &str) -> Option<Self> {
        let text = fs::read(work.join(FILE)).ok()?;
        let built: Self = serde_json::from_slice(&text).ok()?;
        let is_there = |unit: &Unit| unit.rubric.is_file() && unit.starter.is_file();
        (built.fingerprint == fingerprint && built.units.values().all(is_there)).then_some(built)
    }

    /// Keeps it in the work folder.
    pub(super) fn write(&self, work: &Path) -> anyhow::Result<()> {
        let path = work.join(FILE);
        let write = || -> anyhow::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(work)?;
            serde_json::to_writer(&mut file, self)?;
            file.persist(&path)?;
            Ok(())
        };
        write().because(|| message!("cannot write {path}", path = path.display()))
    }

    /// Forgets it: the next grader builds it anew.
    pub(super) fn remove(work: &Path) -> anyhow::Result<()> {
        disk::remove(&work.join(FILE))
    }
}
