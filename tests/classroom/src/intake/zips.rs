//! Zips: nothing that they say of themselves is believed.

use super::attempts::Modified;
use super::files::{decode, open_file};
use anyhow::ensure;
use grade::failed::{Because, Failed};
use harness::message;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use zip::ZipArchive;

/// The largest zip of a student, in bytes: the list of a larger one may take gigabytes of
/// memory. One with a `target` folder by mistake has some 300 MB.
const ZIP_SIZE_LIMIT: u64 = 500_000_000;

/// How much of a student's zip is read as its list of files, in bytes. Each file has at least
/// 46, and takes some 500 in memory; 20,000 files of a `target` folder take 3 MB.
const LIST_LIMIT: u64 = 10_000_000;

/// Something to read from, at any place.
trait Source: Read + Seek + Send {}
impl<T: Read + Seek + Send> Source for T {}

/// Reads no more than it may.
struct Bounded {
    source: Box<dyn Source>,
    /// How many bytes are left.
    left: Arc<AtomicU64>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        let left = self.left.load(Ordering::Relaxed);
        match left.checked_sub(read as u64) {
            Some(left) => self.left.store(left, Ordering::Relaxed),
            None => return Err(io::Error::other(message!("its list of files is too long"))),
        }
        Ok(read)
    }
}

impl Seek for Bounded {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.source.seek(to)
    }
}

/// A zip.
pub(super) struct Zip(ZipArchive<Bounded>);

/// What an entry of a zip is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, a device, a socket.
    Other,
}

/// An entry of a zip.
pub(super) struct ZipEntry {
    /// Its path, with `/` between the parts. Nobody has looked where it leads.
    pub(super) name: String,
    /// What it is.
    pub(super) kind: EntryKind,
    /// What its size is said to be, in bytes.
    pub(super) declared: u64,
    /// When it is said to have been changed.
    pub(super) modified: Option<Modified>,
}

impl Zip {
    /// Opens a student's zip. No link is followed.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = open_file(path)?;
        let size = file.metadata()?.len();
        ensure!(
            size <= ZIP_SIZE_LIMIT,
            Failed::new(message!(
                "it is larger than {most} bytes",
                most = ZIP_SIZE_LIMIT
            ))
        );
        Self::new(Box::new(BufReader::new(file)), LIST_LIMIT)
    }

    /// Opens a zip with the submissions of a class: that is as long as it is.
    pub(super) fn of_class(path: &Path) -> anyhow::Result<Self> {
        Self::new(Box::new(BufReader::new(open_file(path)?)), u64::MAX)
    }

    /// A student's zip, in memory.
    pub(super) fn of(bytes: Vec<u8>) -> anyhow::Result<Self> {
        Self::new(Box::new(Cursor::new(bytes)), LIST_LIMIT)
    }

    fn new(source: Box<dyn Source>, limit: u64) -> anyhow::Result<Self> {
        let left = Arc::new(AtomicU64::new(limit));
        let bounded = Bounded {
            source,
            left: Arc::clone(&left),
        };
        let archive = ZipArchive::new(bounded).because(|| message!("it is no zip, or damaged"))?;
        // Which one counts is for every program to choose.
        ensure!(
            !archive.has_duplicate_names(),
            Failed::new(message!("two files in it have the same name"))
        );
        // What is read from now on is counted where it is unpacked.
        left.store(u64::MAX, Ordering::Relaxed);
        Ok(Self(archive))
    }

    /// How many entries it has.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// An entry.
    pub(super) fn entry(&self, index: usize) -> anyhow::Result<ZipEntry> {
        let entry = self.0.by_index_data(index)?;
        let name = name(entry.name_raw());
        // The bits of a file's type, as `stat` has them; none where the system that has made
        // the zip has none.
        let kind = match entry.unix_mode().unwrap_or_default() & 0o170_000 {
            0o120_000 => EntryKind::Link,
            0 | 0o100_000 if name.ends_with('/') => EntryKind::Folder,
            0 | 0o100_000 => EntryKind::File,
            0o040_000 => EntryKind::Folder,
            _ => EntryKind::Other,
        };
        Ok(ZipEntry {
            name,
            kind,
            declared: entry.size(),
            modified: entry.last_modified().map(Modified::of_zip),
        })
    }

    /// Unpacks a file, as far as one byte above the limit.
    pub(super) fn read(&mut self, index: usize, limit: u64) -> anyhow::Result<Vec<u8>> {
        let encrypted = self.0.by_index_data(index)?.encrypted();
        ensure!(!encrypted, Failed::new(message!("it is encrypted")));
        let mut bytes = Vec::new();
        let file = self.0.by_index(index)?;
        file.take(limit + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// The path of an entry. Windows' own tools write `\` (`Compress-Archive` of PowerShell 5),
/// and GBK where Chinese is spoken, without saying so.
fn name(raw: &[u8]) -> String {
    let name = match std::str::from_utf8(raw) {
        Ok(name) => name.to_string(),
        // In GBK, `\` may be the second byte of a character: first decode, then divide.
        Err(_) => decode(raw),
    };
    let name = name.replace('\\', "/");
    name.strip_prefix("./").unwrap_or(&name).to_string()
}
