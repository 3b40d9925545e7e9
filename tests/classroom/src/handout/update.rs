//! `cargo grade update`: brings a students' copy up to date, and leaves the student's work.

use super::record::{self, CopyRecord, FILE, replace};
use super::{files, git, vendor};
use crate::hash::sha256;
use anyhow::{Context, bail, ensure};
use grade::language::Language;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

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

/// A newer copy, opened.
struct Source {
    folder: PathBuf,
    /// What it was unpacked into: it goes when this goes.
    _unpacked: Option<TempDir>,
}

impl Source {
    fn open(from: &str, language: Language) -> anyhow::Result<Self> {
        let path = Path::new(from);
        if path.is_dir() {
            return Ok(Self {
                folder: path.to_path_buf(),
                _unpacked: None,
            });
        }
        let temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
        let folder = temporary.path().join("handout");
        if path.is_file() {
            unzip(path, &folder)?;
        } else if is_address(from) {
            git::clone(from, &folder)?;
        } else {
            match language {
                Language::En => bail!("there is no folder or file {from}, and it is no address"),
                Language::Zh => bail!("没有文件夹或文件 {from}，它也不是一个地址"),
            }
        }
        Ok(Self {
            folder: root_of(folder)?,
            _unpacked: Some(temporary),
        })
    }

    /// What it was made from; and that it is whole: every file is there, as it was.
    fn record(&self, language: Language) -> anyhow::Result<CopyRecord> {
        if !self.folder.join(FILE).exists() {
            let folder = self.folder.display();
            match language {
                Language::En => bail!("{folder} is no copy for students: it has no {FILE}"),
                Language::Zh => bail!("{folder} 不是发给学生的副本：没有 {FILE}"),
            }
        }
        let record = CopyRecord::read(&self.folder)?;
        let crates = vendor::crates(&self.folder)?;
        let is_other = |(path, sum): &(&String, &String)| {
            !self.read(path).is_ok_and(|bytes| sha256(&bytes) == **sum)
        };
        let file = record.files.iter().find(is_other).map(|(path, _)| path);
        let mut vendored = record.vendored.iter();
        let krate = vendored.find(|(name, sum)| crates.get(*name) != Some(*sum));
        if let Some(path) = file.or(krate.map(|(name, _)| name)) {
            match language {
                Language::En => bail!(
                    "nothing is changed: the newer copy is damaged, {path} is missing or not as it was made"
                ),
                Language::Zh => {
                    bail!("什么都没有改动：新的副本已损坏，{path} 缺失或被改动过")
                }
            }
        }
        Ok(record)
    }

    fn read(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let file = self.folder.join(path);
        let is_plain = fs::symlink_metadata(&file).is_ok_and(|data| data.is_file());
        ensure!(is_plain, "the newer copy lacks the file {path}");
        fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
    }
}

/// Whether this is something that git can fetch from.
fn is_address(from: &str) -> bool {
    let is_ssh = from
        .split_once(':')
        .is_some_and(|(host, _)| host.contains('@'));
    from.contains("://") || is_ssh
}

fn unzip(file: &Path, to: &Path) -> anyhow::Result<()> {
    let cannot = || format!("cannot read {} as a zip", file.display());
    let archive =
        fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut archive = zip::ZipArchive::new(archive).with_context(cannot)?;
    archive.extract(to).with_context(cannot)
}

/// The folder of the copy in what was unpacked: a zip of a folder has the folder in it.
fn root_of(folder: PathBuf) -> anyhow::Result<PathBuf> {
    if folder.join(FILE).exists() {
        return Ok(folder);
    }
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let inner = entry
            .with_context(|| format!("cannot read {}", folder.display()))?
            .path();
        if inner.join(FILE).exists() {
            return Ok(inner);
        }
    }
    Ok(folder)
}

/// What is to be done, found out before anything is done.
#[derive(Default)]
struct Plan {
    /// Files that are written.
    write: Vec<String>,
    /// Those of them that do not exist yet.
    added: BTreeSet<String>,
    /// Files that are removed.
    remove: Vec<String>,
    /// Files that the student has changed: kept first.
    keep: Vec<String>,
    /// Starters of exercises that are new.
    starters: Vec<(String, String)>,
    /// Dependencies that are copied, and such as nobody needs any more.
    crates: Vec<String>,
    old_crates: Vec<String>,
}

impl Plan {
    fn make(
        folder: &Path,
        old: &CopyRecord,
        new: &CopyRecord,
        source: &Source,
    ) -> anyhow::Result<Self> {
        let mut plan = Self::default();
        for (path, sum) in &new.files {
            let here = sum_of(&folder.join(path))?;
            if here.as_ref() == Some(sum) {
                continue;
            }
            match here {
                None => {
                    plan.added.insert(path.clone());
                }
                Some(here) if old.files.get(path) != Some(&here) => plan.keep.push(path.clone()),
                Some(_) => {}
            }
            plan.write.push(path.clone());
            plan.starter(folder, path, source);
        }
        for (path, sum) in &old.files {
            if new.files.contains_key(path) {
                continue;
            }
            if let Some(here) = sum_of(&folder.join(path))? {
                if here != *sum {
                    plan.keep.push(path.clone());
                }
                plan.remove.push(path.clone());
            }
        }
        let here = vendor::crates(folder)?;
        let is_missing = |(name, sum): &(&String, &String)| here.get(*name) != Some(*sum);
        let missing = new.vendored.iter().filter(is_missing);
        plan.crates = missing.map(|(name, _)| name.clone()).collect();
        let is_old = |name: &&String| !new.vendored.contains_key(*name);
        plan.old_crates = old.vendored.keys().filter(is_old).cloned().collect();
        Ok(plan)
    }

    /// A new exercise begins with its starter. Whatever a student has in its place stays.
    fn starter(&mut self, folder: &Path, path: &str, source: &Source) {
        let Some((exercise, number)) = files::exercise_of(path) else {
            return;
        };
        let (from, to) = (files::starter(number), format!("{exercise}/main.rs"));
        let is_new = self.added.contains(path) && !folder.join(&to).exists();
        if is_new && source.folder.join(&from).is_file() {
            self.starters.push((from, to));
        }
    }

    fn carry_out(
        self,
        folder: &Path,
        old: &CopyRecord,
        new: &CopyRecord,
        source: &Source,
        from: String,
    ) -> anyhow::Result<Updated> {
        // New dependencies before the lockfile that asks for them.
        for name in &self.crates {
            copy_crate(&source.folder, folder, name)?;
        }
        let mut kept = Vec::new();
        for path in &self.keep {
            kept.push((path.clone(), keep(folder, path)?));
        }
        for path in &self.write {
            replace(&folder.join(path), &source.read(path)?)?;
        }
        for (starter, path) in &self.starters {
            replace(&folder.join(path), &source.read(starter)?)?;
        }
        for path in &self.remove {
            let file = folder.join(path);
            fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        }
        for name in &self.old_crates {
            remove_folder(&folder.join(vendor::FOLDER).join(name))?;
        }
        let record = CopyRecord {
            from: Some(from.clone()),
            ..new.clone()
        };
        record.write(folder)?;
        let changed = self
            .write
            .into_iter()
            .filter(|path| !self.added.contains(path));
        Ok(Updated {
            from,
            changed: changed.collect(),
            added: self.added.into_iter().collect(),
            removed: self.remove,
            kept,
            rubrics: rises(old, new),
        })
    }
}

/// The exercises whose rubric has another version.
fn rises(old: &CopyRecord, new: &CopyRecord) -> Vec<(String, Option<u32>, u32)> {
    let versions = new.rubrics.iter().map(|(package, version)| {
        let before = old.rubrics.get(package).copied();
        (package.clone(), before, *version)
    });
    versions
        .filter(|(_, before, now)| *before != Some(*now))
        .collect()
}

/// The SHA-256 of a file; `None` if there is none.
fn sum_of(file: &Path) -> anyhow::Result<Option<String>> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(sha256(&bytes))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// Keeps the student's version of a file beside it, and returns where. A version that is kept
/// already, by an update that was interrupted, is not kept twice.
fn keep(folder: &Path, path: &str) -> anyhow::Result<String> {
    let file = folder.join(path);
    let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let first = std::iter::once(format!("{path}.yours"));
    let names = first.chain((2..).map(|number: u32| format!("{path}.yours-{number}")));
    for name in names {
        let copy = folder.join(&name);
        if sum_of(&copy)?.is_none_or(|sum| sum == sha256(&bytes)) {
            record::replace(&copy, &bytes)?;
            return Ok(name);
        }
    }
    bail!("there is no name left to keep {path} under")
}

/// Copies a dependency. Its list of checksums comes last: without it, it counts as not there.
fn copy_crate(from: &Path, to: &Path, name: &str) -> anyhow::Result<()> {
    let (from, to) = [from, to].map(|f| f.join(vendor::FOLDER).join(name)).into();
    remove_folder(&to)?;
    copy_folder(&from, &to)?;
    let list = vendor::CHECKSUMS;
    let bytes = fs::read(from.join(list))
        .with_context(|| format!("cannot read {}", from.join(list).display()))?;
    replace(&to.join(list), &bytes)
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let cannot = || format!("cannot read {}", from.display());
    for entry in fs::read_dir(from).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().with_context(cannot)?.is_dir() {
            copy_folder(&path, &target)?;
        } else if entry.file_name() != vendor::CHECKSUMS {
            fs::copy(&path, &target)
                .with_context(|| format!("cannot write {}", target.display()))?;
        }
    }
    Ok(())
}

fn remove_folder(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
