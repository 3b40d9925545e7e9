//! `cargo grade update`: brings a students' copy up to date, and keeps the student's work.
//!
//! Each copy records what it was made from in [`record::FILE`], and [`update`] compares with that.
//! This is a separate package because it needs crates that a learner's first verdict does not
//! need; `cargo grade` builds it on demand. The package `classroom`, which makes the copies,
//! shares it.

pub mod disk;
pub mod git;
pub mod hash;
pub mod paths;
mod plan;
pub mod record;
mod source;
pub mod vendored;

use anyhow::bail;
use grade::failed::{Because, Failed};
use harness::message;
use plan::Plan;
use record::{CopyRecord, FILE};
use source::Source;
use std::fs;
use std::path::Path;

/// The changes that an update has made.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Updated {
    /// Where the newer copy came from.
    pub from: String,
    /// New files.
    pub added: Vec<String>,
    /// Changed files.
    pub changed: Vec<String>,
    /// Removed files.
    pub removed: Vec<String>,
    /// The teacher's files that the student had changed, each with the path at which the
    /// student's version is kept.
    pub kept: Vec<(String, String)>,
    /// Exercises whose rubric has another version now: package, old version (`None` if the
    /// exercise is new), new version.
    pub rubrics: Vec<(String, Option<u32>, u32)>,
}

impl Updated {
    /// Whether there was nothing to do.
    pub fn is_nothing(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// Updates a copy from a newer one, which is a folder, a zip or a git repository. `None` means
/// the source of the last update.
///
/// A student's `main.rs` is never touched. Each file is replaced atomically, and the record is
/// written last, so an interrupted update is completed by running it again.
///
/// # Errors
///
/// If the folder or the newer one is not a students' copy, the newer one is damaged or older, or
/// a file cannot be read or written.
pub fn update(folder: &Path, from: Option<&str>) -> anyhow::Result<Updated> {
    let old = ours(folder)?;
    let from = source_name(from, &old)?;
    let source = Source::open(&from)?;
    let new = source.record()?;
    ensure_newer(&old, &new, &from)?;
    let plan = Plan::make(folder, &old, &new, &source)?;
    plan.carry_out(folder, &old, &new, &source, from)
}

/// The record in the folder that is to be updated.
fn ours(folder: &Path) -> anyhow::Result<CopyRecord> {
    if !folder.join(FILE).exists() {
        bail!(Failed::new(message!(
            "this is no copy for students (`cargo grade handout` makes one): it has no .handout.toml. The workspace itself is brought up to date by git"
        )));
    }
    CopyRecord::read(folder)
}

/// The source of the newer copy: the given one, or the one of the last update.
fn source_name(from: Option<&str>, old: &CopyRecord) -> anyhow::Result<String> {
    match (from, &old.from) {
        // The path is stored, and the next update may run in another folder.
        (Some(from), _) if Path::new(from).exists() => {
            let path = fs::canonicalize(from).because(|| message!("cannot find {from}", from))?;
            Ok(path.to_string_lossy().into_owned())
        }
        (Some(from), _) => Ok(from.to_string()),
        (None, Some(from)) => Ok(from.clone()),
        (None, None) => bail!(Failed::new(message!(
            "say where the newer copy is: cargo grade update --from FOLDER, ZIP or git address"
        ))),
    }
}

/// Rejects an older copy, and one that would need what this classroom may not have.
fn ensure_newer(old: &CopyRecord, new: &CopyRecord, from: &str) -> anyhow::Result<()> {
    for (package, version) in &old.rubrics {
        let other = new.rubrics.get(package).copied().unwrap_or(0);
        if other < *version {
            bail!(Failed::new(message!(
                "nothing is changed: {from} is older than this copy (rubric of {package}: version {other}, here {version})",
                from,
                package,
                other,
                version = *version
            )));
        }
    }
    if !old.vendored.is_empty() && new.vendored.is_empty() {
        bail!(Failed::new(message!(
            "nothing is changed: this copy has its dependencies in vendor/, and {from} has none: ask for one made with --vendor",
            from
        )));
    }
    Ok(())
}
