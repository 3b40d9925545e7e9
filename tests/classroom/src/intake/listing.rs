//! The files of a submission: in folders, in zips, alone. Nothing is written to disk, and no
//! size is believed.

use super::attempts::Modified;
use super::files::{name_text, read_file};
use super::names::{self, Kind};
use super::paths::{prefix_of_zip, unsafe_because};
use super::text::escaped;
use super::zips::{EntryKind, Zip, ZipEntry};
use crate::escape::escape_line;
use anyhow::ensure;
use grade::failed::Failed;
use harness::message;
use harness::message::Message;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The largest file that is read, in bytes.
pub const FILE_LIMIT: u64 = 1_000_000;

/// How much is read of a submission, in bytes.
pub const SUBMISSION_LIMIT: u64 = 20_000_000;

/// How many files a submission may have.
pub const FILE_COUNT_LIMIT: usize = 5_000;

/// How many names are looked at, also those that are left out at once: a zip may have a
/// `target` folder in it.
const NAME_LIMIT: usize = 200_000;

/// How many notices are kept of a submission's files: a zip can have one for each of its names.
pub(super) const NOTICE_LIMIT: usize = 100;

/// How many zips are opened for a submission.
const ZIP_LIMIT: usize = 20;

/// Where a part of a submission is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A folder, or a file.
    Disk(PathBuf),
    /// In a zip with the submissions of the class: a folder or a file with this path.
    Zip(PathBuf, String),
}

/// A part of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Where it is.
    pub(super) place: Place,
    /// What its own name is, after that of the student and what a platform has put there;
    /// empty if nothing is left.
    pub(super) name: String,
    /// The attempt that it belongs to, by the platform.
    pub(super) attempt: Option<PartAttempt>,
}

/// How a platform tells one attempt from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PartAttempt {
    /// By the time of all that was handed in at once.
    Whole(String),
    /// By a number for each file, also for different ones.
    File(String),
}

/// Where the bytes of a file are.
enum Contents {
    Disk(PathBuf),
    /// In one of the zips of the tree, with this number.
    Zip(usize, usize),
}

/// A file of a submission.
pub(super) struct Entry {
    /// Its path in the submission: relative, with `/`, and without anything that leads out.
    pub(super) path: String,
    bytes: Contents,
    /// Where it is.
    pub(super) origin: PathBuf,
    /// When it was changed.
    pub(super) modified: Option<Modified>,
    /// The exercise that it answers, if a teacher says so.
    pub(super) taken: Option<u32>,
    /// What its size is said to be, in bytes.
    declared: u64,
}

/// Why a file is not there.
pub(super) enum ReadError {
    /// Something is wrong with this file.
    Itself(Message),
    /// As much has been read as is read of a submission.
    Full,
}

/// The list of the files of a submission.
#[derive(Default)]
pub(super) struct Listing {
    /// The files.
    pub(super) entries: Vec<Entry>,
    /// What was left out, and why.
    pub(super) notices: Vec<Message>,
    /// How many notices there are besides.
    pub(super) more_notices: usize,
    /// Why there may be more in it than is known.
    pub(super) blocked: Vec<Message>,
    /// Folders that were not looked into for their name, and which could be a student's.
    pub(super) ignored: BTreeSet<String>,
    /// With their places.
    zips: Vec<(Zip, PathBuf)>,
    /// Where the zip of the class is, and its number.
    of_class: Option<(PathBuf, usize)>,
    /// How many names have been looked at.
    names_seen: usize,
    /// How many bytes have been read.
    read: u64,
    full: bool,
}

impl Listing {
    /// Lists a part of a submission. What cannot be listed stands in `blocked`.
    pub(super) fn add(&mut self, part: &Part) {
        match &part.place {
            Place::Disk(path) => self.add_from_disk(path, &part.name),
            Place::Zip(zip, inside) => {
                let shown = zip.display().to_string();
                match self.of_class(zip) {
                    Ok(index) => self.add_from_class(index, inside, &part.name),
                    Err(error) => self.cannot_open(&shown, &error),
                }
            }
        }
    }

    /// Notes that a teacher says which exercise a file answers, and lists it, if it is not one of
    /// the student's own.
    pub(super) fn take(&mut self, part: &Part, origin: &Path, exercise: u32) {
        let is_this = |entry: &&mut Entry| entry.origin == origin;
        if let Some(own) = self.entries.iter_mut().find(is_this) {
            own.taken = Some(exercise);
            return;
        }
        let before = self.entries.len();
        self.add(part);
        for entry in self.entries.iter_mut().skip(before) {
            entry.taken = Some(exercise);
            // Beside the student's own files, which may have the same name.
            entry.path = format!("taken-{exercise:02}/{}", entry.path);
        }
    }

    /// The zip of the class, which is opened once: a platform has a part for each file.
    fn of_class(&mut self, path: &Path) -> anyhow::Result<usize> {
        match &self.of_class {
            Some((known, index)) if known == path => Ok(*index),
            _ => {
                let index = self.keep(Zip::of_class(path)?, path.to_path_buf())?;
                self.of_class = Some((path.to_path_buf(), index));
                Ok(index)
            }
        }
    }

    fn add_from_disk(&mut self, path: &Path, name: &str) {
        let shown = path.file_name().map(name_text).unwrap_or_default();
        let data = match fs::symlink_metadata(path) {
            Ok(data) => data,
            Err(error) => {
                let error = anyhow::Error::new(error);
                return self.cannot_open(&shown, &error);
            }
        };
        if data.is_dir() {
            let prefix = if name.is_empty() {
                String::new()
            } else {
                format!("{name}/")
            };
            self.walk(path, &prefix);
            return;
        }
        if !data.is_file() {
            self.block(no_file(&shown));
            return;
        }
        let name = if name.is_empty() {
            shown
        } else {
            name.to_string()
        };
        match Kind::of(&name) {
            Kind::Zip => {
                let prefix = prefix_of_zip(&name);
                self.open(&name, Zip::open(path), path.to_path_buf(), &prefix);
            }
            Kind::OtherArchive => self.block(other_archive(&name)),
            Kind::File => {
                let bytes = Contents::Disk(path.to_path_buf());
                let origin = (path.to_path_buf(), Modified::of_disk(&data));
                self.file(name, bytes, origin, data.len());
            }
        }
    }

    /// Lists a folder and all below it. Links are not followed.
    fn walk(&mut self, folder: &Path, prefix: &str) {
        let mut folders = vec![(folder.to_path_buf(), prefix.to_string())];
        while let Some((folder, prefix)) = folders.pop() {
            let entries =
                fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<fs::DirEntry>>>);
            let mut entries = match entries {
                Ok(entries) => entries,
                Err(error) => {
                    let shown = if prefix.is_empty() { "." } else { &prefix };
                    self.cannot_open(shown, &anyhow::Error::new(error));
                    continue;
                }
            };
            entries.sort_by_key(fs::DirEntry::file_name);
            for entry in entries {
                if let Some(below) = self.walk_entry(&entry, &prefix) {
                    folders.push(below);
                }
            }
            if self.is_too_much() {
                return;
            }
        }
    }

    /// Lists an entry of a folder. Returns it with its prefix if it is a folder itself.
    fn walk_entry(&mut self, entry: &fs::DirEntry, prefix: &str) -> Option<(PathBuf, String)> {
        let name = name_text(&entry.file_name());
        let path = format!("{prefix}{name}");
        if self.ignores(&path) || !self.count_name() {
            return None;
        }
        // Of the entry itself, and not of what a link leads to.
        let data = match entry.metadata() {
            Ok(data) => data,
            Err(error) => {
                self.cannot_open(&path, &anyhow::Error::new(error));
                return None;
            }
        };
        if data.is_symlink() {
            self.note(link(&path));
        } else if data.is_dir() {
            return self
                .is_safe(&path)
                .then(|| (entry.path(), format!("{path}/")));
        } else if !data.is_file() {
            self.note(no_file(&path));
        } else {
            match Kind::of(&name) {
                Kind::Zip => {
                    let prefix = format!("{prefix}{}", prefix_of_zip(&name));
                    self.open(&path, Zip::open(&entry.path()), entry.path(), &prefix);
                }
                Kind::OtherArchive => self.block(other_archive(&path)),
                Kind::File => {
                    let bytes = Contents::Disk(entry.path());
                    let origin = (entry.path(), Modified::of_disk(&data));
                    self.file(path, bytes, origin, data.len());
                }
            }
        }
        None
    }

    /// Lists a student's zip, which lies in no other one.
    fn open(&mut self, path: &str, zip: anyhow::Result<Zip>, place: PathBuf, prefix: &str) {
        match zip.and_then(|zip| self.keep(zip, place)) {
            Ok(index) => self.list(index, path, prefix),
            Err(error) => self.cannot_open(path, &error),
        }
    }

    fn keep(&mut self, zip: Zip, place: PathBuf) -> anyhow::Result<usize> {
        ensure!(
            self.zips.len() < ZIP_LIMIT,
            Failed::new(message!(
                "there are more than {most} zips",
                most = ZIP_LIMIT
            ))
        );
        self.zips.push((zip, place));
        Ok(self.zips.len() - 1)
    }

    /// Lists the files in a zip. A zip in it stays closed.
    fn list(&mut self, zip: usize, shown: &str, prefix: &str) {
        for index in 0..self.zips[zip].0.len() {
            if !self.count_name() {
                return;
            }
            let item = match self.zips[zip].0.entry(index) {
                Ok(item) => item,
                Err(error) => return self.cannot_open(shown, &error),
            };
            let path = format!("{prefix}{}", item.name);
            match self.kind(&item, &item.name, &path) {
                Some(Kind::Zip | Kind::OtherArchive) => {
                    let (zip, path) = (escape_line(shown), escape_line(&path));
                    self.block(message!(
                        "{path} stays closed: it is an archive in the archive {zip}",
                        path,
                        zip
                    ));
                }
                Some(Kind::File) => {
                    let origin = self.zips[zip].1.join(&item.name);
                    let bytes = Contents::Zip(zip, index);
                    self.file(path, bytes, (origin, item.modified), item.declared);
                }
                None => {}
            }
        }
    }

    /// Lists what belongs to a student in the zip of the class: all in the folder `inside`,
    /// or the file `inside`, which may be a zip itself.
    fn add_from_class(&mut self, zip: usize, inside: &str, name: &str) {
        for index in 0..self.zips[zip].0.len() {
            let item = match self.zips[zip].0.entry(index) {
                Ok(item) => item,
                Err(error) => return self.cannot_open(inside, &error),
            };
            let Some(below) = item.name.strip_prefix(inside) else {
                continue;
            };
            let own = item.name.rsplit('/').next().unwrap_or_default();
            let below = match (below.strip_prefix('/'), name) {
                (Some(below), "") => below.to_string(),
                (Some(below), name) => format!("{name}/{below}"),
                (None, _) if !below.is_empty() => continue,
                (None, "") => own.to_string(),
                (None, name) => name.to_string(),
            };
            let below = below.as_str();
            if !self.count_name() {
                return;
            }
            match self.kind(&item, below, below) {
                Some(Kind::Zip) => {
                    let (folder, file) = match below.rfind('/') {
                        Some(at) => below.split_at(at + 1),
                        None => ("", below),
                    };
                    let prefix = format!("{folder}{}", prefix_of_zip(file));
                    let inner = self.unpack(zip, index);
                    let place = self.zips[zip].1.join(&item.name);
                    self.open(below, inner, place, &prefix);
                }
                Some(Kind::OtherArchive) => self.block(other_archive(below)),
                Some(Kind::File) => {
                    let bytes = Contents::Zip(zip, index);
                    let origin = self.zips[zip].1.join(&item.name);
                    self.file(
                        below.to_string(),
                        bytes,
                        (origin, item.modified),
                        item.declared,
                    );
                }
                None => {}
            }
        }
    }

    /// Takes a student's zip out of the zip of the class, into memory.
    fn unpack(&mut self, zip: usize, index: usize) -> anyhow::Result<Zip> {
        let left = SUBMISSION_LIMIT - self.read;
        let bytes = self.zips[zip].0.read(index, left)?;
        let length = bytes.len() as u64;
        ensure!(
            length <= left,
            Failed::new(message!(
                "it is larger than {most} bytes",
                most = SUBMISSION_LIMIT
            ))
        );
        self.read += length;
        Zip::of(bytes)
    }

    /// What an entry of a zip is, if it is a file that is to be looked at.
    fn kind(&mut self, entry: &ZipEntry, path: &str, shown: &str) -> Option<Kind> {
        if self.ignores(path) {
            return None;
        }
        match entry.kind {
            EntryKind::Link => self.note(link(shown)),
            EntryKind::Other => self.note(no_file(shown)),
            EntryKind::File if self.is_safe(path) => return Some(Kind::of(path)),
            // What is not safe has been named.
            EntryKind::File | EntryKind::Folder => {}
        }
        None
    }

    /// Lists a file: where it is, and when it was changed.
    fn file(
        &mut self,
        path: String,
        bytes: Contents,
        (origin, modified): (PathBuf, Option<Modified>),
        declared: u64,
    ) {
        if self.is_safe(&path) {
            self.entries.push(Entry {
                path,
                bytes,
                origin,
                modified,
                taken: None,
                declared,
            });
        }
    }

    /// Whether a path stays in the submission, on every system.
    fn is_safe(&mut self, path: &str) -> bool {
        let Some(why) = unsafe_because(path) else {
            return true;
        };
        let path = escape_line(path);
        self.note(message!("{path} does not count: {why}", path, why));
        false
    }

    /// Whether something is left out for its name, or that of a folder that it is in.
    fn ignores(&mut self, path: &str) -> bool {
        let Some(litter) = names::litter_in(path) else {
            return false;
        };
        let name = litter.rsplit('/').next().unwrap_or(litter);
        if names::may_be_a_student(name) && self.ignored.len() < FILE_COUNT_LIMIT {
            self.ignored.insert(litter.to_string());
        }
        true
    }

    /// Whether one more name may be looked at.
    fn count_name(&mut self) -> bool {
        self.names_seen += 1;
        !self.is_too_much()
    }

    /// Whether there are too many files. Then nobody knows what else there would be.
    fn is_too_much(&mut self) -> bool {
        let too_much = self.entries.len() > FILE_COUNT_LIMIT || self.names_seen > NAME_LIMIT;
        if too_much && !self.full {
            self.full = true;
            self.entries.clear();
            self.block(message!(
                "there are more than {most} files",
                most = FILE_COUNT_LIMIT
            ));
        }
        too_much || self.full
    }

    fn cannot_open(&mut self, path: &str, error: &anyhow::Error) {
        let path = escape_line(path);
        let error = escaped(error);
        self.block(message!("{path} cannot be read: {error}", path, error));
    }

    fn block(&mut self, why: Message) {
        if self.blocked.len() < NOTICE_LIMIT {
            self.blocked.push(why.clone());
        }
        self.note(why);
    }

    /// Keeps a notice, unless there are too many.
    fn note(&mut self, notice: Message) {
        if self.notices.len() < NOTICE_LIMIT {
            self.notices.push(notice);
        } else {
            self.more_notices += 1;
        }
    }

    /// Reads a file.
    pub(super) fn read(&mut self, entry: Entry) -> Result<Vec<u8>, ReadError> {
        let Entry {
            path,
            bytes,
            declared,
            ..
        } = entry;
        let too_large = || {
            let path = escape_line(&path);
            ReadError::Itself(message!(
                "{path} does not count: it is larger than {most} bytes",
                path,
                most = FILE_LIMIT
            ))
        };
        if declared > FILE_LIMIT {
            return Err(too_large());
        }
        let left = SUBMISSION_LIMIT - self.read;
        let limit = left.min(FILE_LIMIT);
        let found = match bytes {
            Contents::Disk(path) => read_file(&path, limit),
            Contents::Zip(zip, index) => {
                let found = self.zips[zip].0.read(index, limit);
                if found.is_err() {
                    // How much of it was unpacked before it turned out to be damaged, nobody
                    // knows.
                    self.read += limit;
                }
                found
            }
        };
        let found = found.map_err(|error| {
            let path = escape_line(&path);
            let error = escaped(&error);
            ReadError::Itself(message!("{path} cannot be read: {error}", path, error))
        })?;
        let length = found.len() as u64;
        self.read = (self.read + length).min(SUBMISSION_LIMIT);
        match length {
            length if length > left => Err(ReadError::Full),
            length if length > FILE_LIMIT => Err(too_large()),
            _ => Ok(found),
        }
    }
}

fn link(path: &str) -> Message {
    let path = escape_line(path);
    message!(
        "{path} does not count: it is a link, and links are not followed",
        path
    )
}

fn no_file(path: &str) -> Message {
    let path = escape_line(path);
    message!(
        "{path} does not count: it is neither a file nor a folder",
        path
    )
}

fn other_archive(path: &str) -> Message {
    let path = escape_line(path);
    message!("{path} stays closed: of archives, only zip is read", path)
}
