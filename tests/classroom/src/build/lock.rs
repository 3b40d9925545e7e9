//! A folder that several graders may use, and that one at a time may change.

use grade::failed::Because;
use harness::message;
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
        let file = File::create(&path)
            .because(|| message!("cannot write {path}", path = path.display()))?;
        let lock = Self { file, path };
        lock.named(lock.file.lock_shared())?;
        Ok(lock)
    }

    /// Lets others change the folder, and then waits until nobody else uses it. Changing a lock
    /// in one step would have no defined outcome ([`File::lock`]).
    pub(super) fn make_exclusive(&self) -> anyhow::Result<()> {
        self.named(self.file.unlock())?;
        self.named(self.file.lock())
    }

    /// Lets others change the folder, and then waits until nobody does.
    pub(super) fn make_shared(&self) -> anyhow::Result<()> {
        self.named(self.file.unlock())?;
        self.named(self.file.lock_shared())
    }

    fn named(&self, result: std::io::Result<()>) -> anyhow::Result<()> {
        result.because(|| message!("cannot lock {path}", path = self.path.display()))
    }
}
