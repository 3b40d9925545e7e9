//! `cargo grade update`: brings a students' copy up to date, and leaves the student's work.
//!
//! What a copy was made from stands in it, in [`record::FILE`]: [`update`] compares with that.
//! This is a package of its own because it needs crates that a learner's first verdict does
//! without; `cargo grade` builds it when it is asked for. The package `classroom`, which makes
//! the copies, shares it.

pub mod disk;
pub mod git;
pub mod hash;
pub mod paths;
mod plan;
pub mod record;
mod source;
pub mod vendored;

use anyhow::{Context, bail};
use grade::language::Language;
use plan::Plan;
use record::{CopyRecord, FILE};
use source::Source;
use std::fs;
use std::path::Path;

/// What an update has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Updated {
    /// Where the newer copy came from.
    pub from: String,
    /// Files that are new.
    pub added: Vec<String>,
    /// Files that are different now.
    pub changed: Vec<String>,
    /// Files that are gone.
    pub removed: Vec<String>,
    /// Files of the teacher's that the student had changed, and where the student's version is
    /// kept.
    pub kept: Vec<(String, String)>,
    /// Exercises whose rubric has another version now: package, version before (`None` if the
    /// exercise is new), version now.
    pub rubrics: Vec<(String, Option<u32>, u32)>,
}

impl Updated {
    /// Whether there was nothing to do.
    pub fn is_nothing(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// Brings a copy up to date from a newer one: a folder, a zip or a git repository; `None`: from
/// where it came the last time.
///
/// A student's `main.rs` is never touched. Each file is put into its place all at once, and what
/// the copy was made from is written last: after an interruption it is done by doing it again.
///
/// # Errors
///
/// If the folder or the newer one is no copy for students, the newer one is damaged or older, or
/// a file cannot be read or written.
pub fn update(folder: &Path, from: Option<&str>, language: Language) -> anyhow::Result<Updated> {
    let old = ours(folder, language)?;
    let from = source_name(from, &old, language)?;
    let source = Source::open(&from, language)?;
    let new = source.record(language)?;
    ensure_newer(&old, &new, &from, language)?;
    let plan = Plan::make(folder, &old, &new, &source)?;
    plan.carry_out(folder, &old, &new, &source, from)
}

/// What a folder says it was made from.
fn ours(folder: &Path, language: Language) -> anyhow::Result<CopyRecord> {
    if !folder.join(FILE).exists() {
        bail!(
            "{}",
            language.pick(
                "this is no copy for students (`cargo grade handout` makes one): it has no .handout.toml. The workspace itself is brought up to date by git",
                "这里不是发给学生的副本（副本由 `cargo grade handout` 生成）：没有 .handout.toml。项目本身请用 git 更新"
            )
        );
    }
    CopyRecord::read(folder)
}

/// Where the newer copy is: as told, or as remembered.
fn source_name(from: Option<&str>, old: &CopyRecord, language: Language) -> anyhow::Result<String> {
    match (from, &old.from) {
        // It is remembered, and the next time one may stand in another folder.
        (Some(from), _) if Path::new(from).exists() => {
            let path = fs::canonicalize(from).with_context(|| format!("cannot find {from}"))?;
            Ok(path.to_string_lossy().into_owned())
        }
        (Some(from), _) => Ok(from.to_string()),
        (None, Some(from)) => Ok(from.clone()),
        (None, None) => bail!(
            "{}",
            language.pick(
                "say where the newer copy is: cargo grade update --from FOLDER, ZIP or git address",
                "请说明新的副本在哪里：cargo grade update --from 文件夹、ZIP 文件或 git 地址"
            )
        ),
    }
}

/// An older copy is not taken, nor one that would need what this classroom may not have.
fn ensure_newer(
    old: &CopyRecord,
    new: &CopyRecord,
    from: &str,
    language: Language,
) -> anyhow::Result<()> {
    for (package, version) in &old.rubrics {
        let other = new.rubrics.get(package).copied().unwrap_or(0);
        if other < *version {
            match language {
                Language::En => bail!(
                    "nothing is changed: {from} is older than this copy (rubric of {package}: version {other}, here {version})"
                ),
                Language::Zh => bail!(
                    "什么都没有改动：{from} 比这个副本旧（{package} 的评分标准：版本 {other}，这里是 {version}）"
                ),
            }
        }
    }
    if !old.vendored.is_empty() && new.vendored.is_empty() {
        match language {
            Language::En => bail!(
                "nothing is changed: this copy has its dependencies in vendor/, and {from} has none: ask for one made with --vendor"
            ),
            Language::Zh => bail!(
                "什么都没有改动：这个副本自带依赖（vendor/），而 {from} 没有：请向老师要一个用 --vendor 生成的副本"
            ),
        }
    }
    Ok(())
}
