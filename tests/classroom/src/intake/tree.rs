//! The files of a submission: in folders, in zips, alone. Nothing is written to disk, and no
//! size is believed.

use super::names::{self, Kind};
use super::said;
use super::zips::{self, Item, Zip};
use anyhow::{bail, ensure};
use grade::language::Text;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
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

/// The longest path, in bytes: a folder to put it in must fit before it (4,096 on Linux).
const PATH_LIMIT: usize = 1_024;

/// The longest name, in bytes: what file systems can do.
const NAME_LENGTH_LIMIT: usize = 255;

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
}

/// Where the bytes of a file are.
enum Bytes {
    Disk(PathBuf),
    /// In one of the zips of the tree, with this number.
    Zip(usize, usize),
}

/// A file of a submission.
pub(super) struct Entry {
    /// Its path in the submission: relative, with `/`, and without anything that leads out.
    pub(super) path: String,
    bytes: Bytes,
    /// What its size is said to be, in bytes.
    declared: u64,
}

/// Why a file is not there.
pub(super) enum Unread {
    /// Something is wrong with this file.
    Itself(Text),
    /// As much has been read as is read of a submission.
    Full,
}

/// The list of the files of a submission.
#[derive(Default)]
pub(super) struct Tree {
    /// The files.
    pub(super) entries: Vec<Entry>,
    /// What was left out, and why.
    pub(super) notices: Vec<Text>,
    /// How many notices there are besides.
    pub(super) unsaid: usize,
    /// Why there may be more in it than is known.
    pub(super) blocked: Vec<Text>,
    /// Folders that were not looked into for their name, and which could be a student's.
    pub(super) passed_over: BTreeSet<String>,
    zips: Vec<Zip>,
    /// Where the zip of the class is, and its number.
    of_class: Option<(PathBuf, usize)>,
    /// How many names have been looked at.
    looked_at: usize,
    /// How many bytes have been read.
    read: u64,
    full: bool,
}

impl Tree {
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

    /// The zip of the class, which is opened once: a platform has a part for each file.
    fn of_class(&mut self, path: &Path) -> anyhow::Result<usize> {
        match &self.of_class {
            Some((known, index)) if known == path => Ok(*index),
            _ => {
                let index = self.keep(Zip::of_class(path)?)?;
                self.of_class = Some((path.to_path_buf(), index));
                Ok(index)
            }
        }
    }

    fn add_from_disk(&mut self, path: &Path, name: &str) {
        let shown = path.file_name().map(shown).unwrap_or_default();
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
                self.open(&name, Zip::open(path), &prefix);
            }
            Kind::OtherArchive => self.block(other_archive(&name)),
            Kind::File => self.file(name, Bytes::Disk(path.to_path_buf()), data.len()),
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
        let name = shown(&entry.file_name());
        let path = format!("{prefix}{name}");
        if self.passes_over(&path) || !self.look_at() {
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
                    self.open(&path, Zip::open(&entry.path()), &prefix);
                }
                Kind::OtherArchive => self.block(other_archive(&path)),
                Kind::File => self.file(path, Bytes::Disk(entry.path()), data.len()),
            }
        }
        None
    }

    /// Lists a student's zip, which lies in no other one.
    fn open(&mut self, path: &str, zip: anyhow::Result<Zip>, prefix: &str) {
        match zip.and_then(|zip| self.keep(zip)) {
            Ok(index) => self.list(index, path, prefix),
            Err(error) => self.cannot_open(path, &error),
        }
    }

    fn keep(&mut self, zip: Zip) -> anyhow::Result<usize> {
        ensure!(
            self.zips.len() < ZIP_LIMIT,
            "there are more than {ZIP_LIMIT} zips"
        );
        self.zips.push(zip);
        Ok(self.zips.len() - 1)
    }

    /// Lists the files in a zip. A zip in it stays closed.
    fn list(&mut self, zip: usize, shown: &str, prefix: &str) {
        for index in 0..self.zips[zip].len() {
            if !self.look_at() {
                return;
            }
            let item = match self.zips[zip].item(index) {
                Ok(item) => item,
                Err(error) => return self.cannot_open(shown, &error),
            };
            let path = format!("{prefix}{}", item.name);
            match self.kind(&item, &item.name, &path) {
                Some(Kind::Zip | Kind::OtherArchive) => {
                    let (zip, path) = (printable(shown), printable(&path));
                    self.block(said!(
                        "{path} stays closed: it is an archive in the archive {zip}",
                        "{path} 没有打开：它是压缩包 {zip} 里的压缩包"
                    ));
                }
                Some(Kind::File) => self.file(path, Bytes::Zip(zip, index), item.declared),
                None => {}
            }
        }
    }

    /// Lists what belongs to a student in the zip of the class: all in the folder `inside`,
    /// or the file `inside`, which may be a zip itself.
    fn add_from_class(&mut self, zip: usize, inside: &str, name: &str) {
        for index in 0..self.zips[zip].len() {
            let item = match self.zips[zip].item(index) {
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
            if !self.look_at() {
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
                    self.open(below, inner, &prefix);
                }
                Some(Kind::OtherArchive) => self.block(other_archive(below)),
                Some(Kind::File) => {
                    let bytes = Bytes::Zip(zip, index);
                    self.file(below.to_string(), bytes, item.declared);
                }
                None => {}
            }
        }
    }

    /// Takes a student's zip out of the zip of the class, into memory.
    fn unpack(&mut self, zip: usize, index: usize) -> anyhow::Result<Zip> {
        let left = SUBMISSION_LIMIT - self.read;
        let bytes = self.zips[zip].read(index, left)?;
        let length = bytes.len() as u64;
        ensure!(length <= left, "it is larger than {SUBMISSION_LIMIT} bytes");
        self.read += length;
        Zip::of(bytes)
    }

    /// What an entry of a zip is, if it is a file that is to be looked at.
    fn kind(&mut self, item: &Item, path: &str, shown: &str) -> Option<Kind> {
        if self.passes_over(path) {
            return None;
        }
        match item.what {
            zips::What::Link => self.note(link(shown)),
            zips::What::Other => self.note(no_file(shown)),
            zips::What::File if self.is_safe(path) => return Some(Kind::of(path)),
            // What is not safe has been named.
            zips::What::File | zips::What::Folder => {}
        }
        None
    }

    fn file(&mut self, path: String, bytes: Bytes, declared: u64) {
        if self.is_safe(&path) {
            self.entries.push(Entry {
                path,
                bytes,
                declared,
            });
        }
    }

    /// Whether a path stays in the submission, on every system.
    fn is_safe(&mut self, path: &str) -> bool {
        let Some(why) = unsafe_because(path) else {
            return true;
        };
        let path = printable(path);
        let (en, zh) = (&why.en, &why.zh);
        self.note(said!("{path} does not count: {en}", "{path} 不计入：{zh}"));
        false
    }

    /// Whether something is left out for its name, or that of a folder that it is in.
    fn passes_over(&mut self, path: &str) -> bool {
        let Some(litter) = names::litter_in(path) else {
            return false;
        };
        let name = litter.rsplit('/').next().unwrap_or(litter);
        if names::may_be_a_student(name) && self.passed_over.len() < FILE_COUNT_LIMIT {
            self.passed_over.insert(litter.to_string());
        }
        true
    }

    /// Whether one more name may be looked at.
    fn look_at(&mut self) -> bool {
        self.looked_at += 1;
        !self.is_too_much()
    }

    /// Whether there are too many files. Then nobody knows what else there would be.
    fn is_too_much(&mut self) -> bool {
        let too_much = self.entries.len() > FILE_COUNT_LIMIT || self.looked_at > NAME_LIMIT;
        if too_much && !self.full {
            self.full = true;
            self.entries.clear();
            self.block(said!(
                "there are more than {FILE_COUNT_LIMIT} files",
                "文件超过 {FILE_COUNT_LIMIT} 个"
            ));
        }
        too_much || self.full
    }

    fn cannot_open(&mut self, path: &str, error: &anyhow::Error) {
        let path = printable(path);
        let error = printable(&format!("{error:#}"));
        self.block(said!(
            "{path} cannot be read: {error}",
            "{path} 无法读取：{error}"
        ));
    }

    fn block(&mut self, why: Text) {
        if self.blocked.len() < NOTICE_LIMIT {
            self.blocked.push(why.clone());
        }
        self.note(why);
    }

    /// Keeps a notice, unless there are too many.
    fn note(&mut self, notice: Text) {
        if self.notices.len() < NOTICE_LIMIT {
            self.notices.push(notice);
        } else {
            self.unsaid += 1;
        }
    }

    /// Reads a file.
    pub(super) fn read(&mut self, entry: Entry) -> Result<Vec<u8>, Unread> {
        let Entry {
            path,
            bytes,
            declared,
        } = entry;
        let too_large = || {
            let path = printable(&path);
            Unread::Itself(said!(
                "{path} does not count: it is larger than {FILE_LIMIT} bytes",
                "{path} 不计入：超过 {FILE_LIMIT} 字节"
            ))
        };
        if declared > FILE_LIMIT {
            return Err(too_large());
        }
        let left = SUBMISSION_LIMIT - self.read;
        let limit = left.min(FILE_LIMIT);
        let found = match bytes {
            Bytes::Disk(path) => read_file(&path, limit),
            Bytes::Zip(zip, index) => {
                let found = self.zips[zip].read(index, limit);
                if found.is_err() {
                    // How much of it was unpacked before it turned out to be damaged, nobody
                    // knows.
                    self.read += limit;
                }
                found
            }
        };
        let found = found.map_err(|error| {
            let path = printable(&path);
            let error = printable(&format!("{error:#}"));
            Unread::Itself(said!(
                "{path} cannot be read: {error}",
                "{path} 无法读取：{error}"
            ))
        })?;
        let length = found.len() as u64;
        self.read = (self.read + length).min(SUBMISSION_LIMIT);
        match length {
            length if length > left => Err(Unread::Full),
            length if length > FILE_LIMIT => Err(too_large()),
            _ => Ok(found),
        }
    }
}

/// Opens a regular file. A link is not followed, and a pipe is not waited for.
pub(super) fn open_file(path: &Path) -> anyhow::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits();
        options.custom_flags(i32::try_from(flags).unwrap_or_default());
    }
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        bail!("it is no regular file");
    }
    Ok(file)
}

/// The bytes of a file, and no more than one above the limit.
fn read_file(path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_file(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The name of a file of this system.
pub(super) fn shown(name: &std::ffi::OsStr) -> String {
    match name.to_str() {
        Some(name) => name.to_string(),
        None => zips::decode(name.as_encoded_bytes()),
    }
}

/// Control characters, quoted: they do things to terminals and to pages.
pub fn printable(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        if c.is_control() || is_direction(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Characters that turn the direction of the text behind them.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Why a path cannot be that of a file in a submission.
fn unsafe_because(path: &str) -> Option<Text> {
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    if path.starts_with('/') || drive {
        return Some(said!("its path leads outside", "路径指向外面"));
    }
    if path.len() > PATH_LIMIT || path.split('/').any(|name| name.len() > NAME_LENGTH_LIMIT) {
        return Some(said!("its path is too long", "路径太长"));
    }
    if path.split('/').any(|name| name == "..") {
        return Some(said!("its path leads outside", "路径指向外面"));
    }
    let odd = |name: &str| matches!(name, "" | ".") || name.contains(['\\', ':']);
    if path.split('/').any(odd) || path.chars().any(char::is_control) {
        return Some(said!(
            "not every system can have such a name",
            "有的系统不允许这样的文件名"
        ));
    }
    None
}

/// What the name of a zip means for the files in it: `05.zip` is like a folder `05`.
fn prefix_of_zip(name: &str) -> String {
    let (stem, _) = names::split_extension(name);
    match names::number(stem) {
        Some(_) => format!("{stem}/"),
        None => String::new(),
    }
}

fn link(path: &str) -> Text {
    let path = printable(path);
    said!(
        "{path} does not count: it is a link, and links are not followed",
        "{path} 不计入：这是链接，不会跟随链接"
    )
}

fn no_file(path: &str) -> Text {
    let path = printable(path);
    said!(
        "{path} does not count: it is neither a file nor a folder",
        "{path} 不计入：既不是文件，也不是文件夹"
    )
}

fn other_archive(path: &str) -> Text {
    let path = printable(path);
    said!(
        "{path} stays closed: of archives, only zip is read",
        "{path} 没有打开：压缩包只支持 zip 格式"
    )
}
