//! The newer copy: a folder, a zip or a git repository.

use crate::hash::sha256;
use crate::record::{CopyRecord, FILE};
use crate::{git, vendored};
use anyhow::{Context, bail, ensure};
use grade::language::Language;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A newer copy, opened for reading.
pub(crate) struct Source {
    pub(crate) folder: PathBuf,
    /// The temporary folder into which it was unpacked, which is removed on drop.
    _unpacked: Option<TempDir>,
}

impl Source {
    pub(crate) fn open(from: &str, language: Language) -> anyhow::Result<Self> {
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

    /// Reads the record of the copy, and verifies that every file is there and unchanged.
    pub(crate) fn record(&self, language: Language) -> anyhow::Result<CopyRecord> {
        if !self.folder.join(FILE).exists() {
            let folder = self.folder.display();
            match language {
                Language::En => bail!("{folder} is no copy for students: it has no {FILE}"),
                Language::Zh => bail!("{folder} 不是发给学生的副本：没有 {FILE}"),
            }
        }
        let record = CopyRecord::read(&self.folder)?;
        let crates = vendored::crates(&self.folder)?;
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

    pub(crate) fn read(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let file = self.folder.join(path);
        let is_plain = fs::symlink_metadata(&file).is_ok_and(|data| data.is_file());
        ensure!(is_plain, "the newer copy lacks the file {path}");
        fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
    }
}

/// Whether git can fetch from this.
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

/// The folder of the copy inside the unpacked zip: a zip of a folder contains that folder.
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
