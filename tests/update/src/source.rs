//! The newer copy: a folder, a zip or a git repository.

use crate::hash::sha256;
use crate::record::{CopyRecord, FILE};
use crate::{git, vendored};
use anyhow::{bail, ensure};
use grade::failed::{Because, Failed};
use harness::message;
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
    pub(crate) fn open(from: &str) -> anyhow::Result<Self> {
        let path = Path::new(from);
        if path.is_dir() {
            return Ok(Self {
                folder: path.to_path_buf(),
                _unpacked: None,
            });
        }
        let temporary =
            tempfile::tempdir().because(|| message!("cannot make a temporary folder"))?;
        let folder = temporary.path().join("handout");
        if path.is_file() {
            unzip(path, &folder)?;
        } else if is_address(from) {
            git::clone(from, &folder)?;
        } else {
            bail!(Failed::new(message!(
                "there is no folder or file {from}, and it is no address",
                from
            )));
        }
        Ok(Self {
            folder: root_of(folder)?,
            _unpacked: Some(temporary),
        })
    }

    /// Reads the record of the copy, and verifies that every file is there and unchanged.
    pub(crate) fn record(&self) -> anyhow::Result<CopyRecord> {
        if !self.folder.join(FILE).exists() {
            let folder = self.folder.display();
            bail!(Failed::new(message!(
                "{folder} is no copy for students: it has no {file}",
                folder,
                file = FILE
            )));
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
            bail!(Failed::new(message!(
                "nothing is changed: the newer copy is damaged, {path} is missing or not as it was made",
                path
            )));
        }
        Ok(record)
    }

    pub(crate) fn read(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let file = self.folder.join(path);
        let is_plain = fs::symlink_metadata(&file).is_ok_and(|data| data.is_file());
        ensure!(
            is_plain,
            Failed::new(message!("the newer copy lacks the file {path}", path))
        );
        fs::read(&file).because(|| message!("cannot read {path}", path = file.display()))
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
    let cannot = || message!("cannot read {path} as a zip", path = file.display());
    let archive =
        fs::File::open(file).because(|| message!("cannot read {path}", path = file.display()))?;
    let mut archive = zip::ZipArchive::new(archive).because(cannot)?;
    archive.extract(to).because(cannot)
}

/// The folder of the copy inside the unpacked zip: a zip of a folder contains that folder.
fn root_of(folder: PathBuf) -> anyhow::Result<PathBuf> {
    if folder.join(FILE).exists() {
        return Ok(folder);
    }
    let entries = fs::read_dir(&folder)
        .because(|| message!("cannot read {path}", path = folder.display()))?;
    for entry in entries {
        let inner = entry
            .because(|| message!("cannot read {path}", path = folder.display()))?
            .path();
        if inner.join(FILE).exists() {
            return Ok(inner);
        }
    }
    Ok(folder)
}
