//! A folder that several graders may use, and that one at a time may change.

use anyhow::Context;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A file in a folder, locked while the folder is in use. Dropping it ends the lock.
pub(super) struct FolderLock {
    file: File,
    path: PathBuf,
}

impl FolderLock {
    /// Waits until nobody changes the folder, and lets nobody change it.
    pub(super) fn shared(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(".lock");
        let file =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let lock = Self { file, path };
        lock.context(lock.file.lock_shared())?;
        Ok(lock)
    }

    /// Lets others change the folder, and then waits until nobody else uses it. Changing a lock
    /// in one step would have no defined outcome ([`File::lock`]).
    pub(super) fn make_exclusive(&self) -> anyhow::Result<()> {
        self.context(self.file.unlock())?;
        self.context(self.file.lock())
    }

    /// Lets others change the folder, and then waits until nobody does.
    pub(super) fn make_shared(&self) -> anyhow::Result<()> {
        self.context(self.file.unlock())?;
        self.context(self.file.lock_shared())
    }

    fn context(&self, result: std::io::Result<()>) -> anyhow::Result<()> {
        result.with_context(|| format!("cannot lock {}", self.path.display()))
    }
}
