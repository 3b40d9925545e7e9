//! The vendored dependencies of a copy, for a classroom without internet.

use crate::hash::sha256;
use grade::failed::Because;
use harness::message;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The folder of a copy that contains them.
pub const FOLDER: &str = "vendor";

/// A dependency's list of its files with their checksums, which cargo writes and checks.
pub const CHECKSUMS: &str = ".cargo-checksum.json";

/// The dependencies in a copy, each with the SHA-256 of its list of checksums; empty if the
/// copy has none.
///
/// # Errors
///
/// If their folder cannot be read.
pub fn crates(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let folder = folder.join(FOLDER);
    let cannot = || message!("cannot read {path}", path = folder.display());
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error).because(cannot),
    };
    let mut crates = BTreeMap::new();
    for entry in entries {
        let entry = entry.because(cannot)?;
        let list = entry.path().join(CHECKSUMS);
        // Cargo does not accept a crate without the list either: such a folder is half-copied, or
        // belongs to the user.
        if let Ok(bytes) = fs::read(&list) {
            let name = entry.file_name().to_string_lossy().into_owned();
            crates.insert(name, sha256(&bytes));
        }
    }
    Ok(crates)
}
