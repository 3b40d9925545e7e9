//! The steps of an update, in an order in which an interruption does no harm.

use crate::disk::{copy_folder, keep, remove_folder, replace, sum_of};
use crate::record::CopyRecord;
use crate::source::Source;
use crate::{Updated, paths, vendored};
use grade::failed::Because;
use harness::message;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The steps of an update, all of which are determined before the first one is taken.
#[derive(Default)]
pub(crate) struct Plan {
    /// Files to write.
    write: Vec<String>,
    /// Those of the files to write that do not exist yet.
    added: BTreeSet<String>,
    /// Files to remove.
    remove: Vec<String>,
    /// Files that the student has changed, whose versions are kept first.
    keep: Vec<String>,
    /// Starters of new exercises.
    starters: Vec<(String, String)>,
    /// Dependencies to copy; `old_crates` are those that are no longer needed.
    crates: Vec<String>,
    old_crates: Vec<String>,
}

impl Plan {
    pub(crate) fn make(
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
        let here = vendored::crates(folder)?;
        let is_missing = |(name, sum): &(&String, &String)| here.get(*name) != Some(*sum);
        let missing = new.vendored.iter().filter(is_missing);
        plan.crates = missing.map(|(name, _)| name.clone()).collect();
        let is_old = |name: &&String| !new.vendored.contains_key(*name);
        plan.old_crates = old.vendored.keys().filter(is_old).cloned().collect();
        Ok(plan)
    }

    /// Plans to copy the starter of a new exercise. A file that a student has there is kept.
    fn starter(&mut self, folder: &Path, path: &str, source: &Source) {
        let Some((exercise, number)) = paths::exercise_of(path) else {
            return;
        };
        let (from, to) = (
            grade::exercise::starter(number),
            format!("{exercise}/main.rs"),
        );
        let is_new = self.added.contains(path) && !folder.join(&to).exists();
        if is_new && source.folder.join(&from).is_file() {
            self.starters.push((from, to));
        }
    }

    pub(crate) fn carry_out(
        self,
        folder: &Path,
        old: &CopyRecord,
        new: &CopyRecord,
        source: &Source,
        from: String,
    ) -> anyhow::Result<Updated> {
        // Copy new dependencies before the lockfile that requires them.
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
            fs::remove_file(&file)
                .because(|| message!("cannot remove {path}", path = file.display()))?;
        }
        for name in &self.old_crates {
            remove_folder(&folder.join(vendored::FOLDER).join(name))?;
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

/// Copies a dependency. Its list of checksums is copied last: without the list, the dependency
/// counts as missing.
fn copy_crate(from: &Path, to: &Path, name: &str) -> anyhow::Result<()> {
    let (from, to) = [from, to]
        .map(|f| f.join(vendored::FOLDER).join(name))
        .into();
    remove_folder(&to)?;
    copy_folder(&from, &to, vendored::CHECKSUMS)?;
    let list = vendored::CHECKSUMS;
    let bytes = fs::read(from.join(list))
        .because(|| message!("cannot read {path}", path = from.join(list).display()))?;
    replace(&to.join(list), &bytes)
}
