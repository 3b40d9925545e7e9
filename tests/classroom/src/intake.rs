//! What students have handed in.
//!
//! [`class`] finds out who has handed in what, by the names of files and folders, in the
//! shapes that people really get: a folder, a zip or a file for each student, or the download
//! of a learning platform (Moodle, Canvas). [`Submission::open`] reads what one student has
//! handed in, into memory: nothing is written to disk, nothing outside is read, and what does
//! not count is named.

mod names;
pub mod originals;
mod people;
mod tree;
mod zips;

use super::record::Student;
use crate::hash::hexadecimal;
use anyhow::{Context, ensure};
use grade::exercise::Exercise;
use grade::language::{Language, Text};
use names::{Certainty, Claim, Kind};
use originals::{Originals, Standing};
use people::Match;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use tree::{Entry, NOTICE_LIMIT, Part, Place, Tree, Unread, shown};
use zips::Zip;

pub use tree::{FILE_COUNT_LIMIT, FILE_LIMIT, SUBMISSION_LIMIT, printable};

/// A sentence in both languages, with the same variables in it.
macro_rules! said {
    ($en:literal, $zh:literal) => {
        grade::language::Text {
            en: format!($en),
            zh: format!($zh),
        }
    };
}
use said;

/// How much stack [`Submission::open`] may need, in bytes. A student's TOML can be 6,400 tables
/// deep, as its crate limits nested tables and the dots of a key to 80 each, and what is so deep
/// is compared and dropped level by level.
pub const STACK: usize = 256 << 20;

/// How many names are told of those that have the same to be said about.
const NAMES_TOLD: usize = 10;

/// What a class has handed in.
#[derive(Debug)]
pub struct Class {
    /// Who has handed in what, in the order of the ids.
    pub submissions: Vec<Submission>,
    /// Who is in the roster and has handed in nothing, in the order of the ids.
    pub missing: Vec<Student>,
    /// What is no part of a submission.
    pub not_understood: Vec<NotUnderstood>,
    /// What else a teacher should know: submissions of students who are not in the roster.
    pub notices: Vec<String>,
}

/// Something in the folder of the class that is no part of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotUnderstood {
    /// What it is.
    pub path: PathBuf,
    /// Why it is none.
    pub reason: String,
}

/// What a student has handed in.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Who.
    pub student: Student,
    /// Folders and files: a platform may give one for each exercise.
    pub paths: Vec<PathBuf>,
    parts: Vec<Part>,
    /// That the student is not in the roster, if there is one.
    unknown: Option<Text>,
}

/// A submission, read.
#[derive(Debug)]
pub struct Handed {
    /// What was found for each exercise; an exercise that is not in it was not handed in.
    pub exercises: BTreeMap<u32, Found>,
    /// All regular files, by relative paths that lead nowhere else, for programs in other
    /// languages. If all are in one folder, this is the folder that they are relative to.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    /// What does not count, and why: changed tests and manifests, build scripts, links, paths
    /// that lead outside.
    pub notices: Vec<String>,
    /// The same of files that count for programs in other languages only.
    pub for_other_languages: Option<String>,
    /// The SHA-256 of all of the above, in hexadecimal digits, for telling whether a result is
    /// out of date. It does not depend on the language.
    pub hash: String,
}

/// What was handed in for an exercise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The student's file.
    Source(Vec<u8>),
    /// Why nobody knows what it is.
    NotUnderstood(String),
}

/// Finds out who has handed in what.
///
/// `folder` is the folder of the class, or a zip of it; the folder of the `report` may be in it,
/// and is left out. Everything else in it is either part of a
/// submission or named in `not_understood`, except for what operating systems and editors
/// leave behind. With a roster, submissions are matched by the id, then by the name; whoever
/// is not in it is a submission all the same. Texts are in `language`.
///
/// # Errors
///
/// If the folder cannot be read, or is rather one student's copy of the handout.
pub fn class(
    folder: &Path,
    report: Option<&Path>,
    roster: Option<&[Student]>,
    language: Language,
) -> anyhow::Result<Class> {
    let mut found = Sorting {
        roster,
        language,
        submissions: BTreeMap::new(),
        not_understood: Vec::new(),
    };
    // There is none before the first time.
    let report = report.and_then(|report| fs::canonicalize(report).ok());
    for item in items(folder, report.as_deref(), roster)? {
        found.sort(item);
    }
    Ok(found.finish())
}

/// Something in the folder of a class.
struct Item {
    name: String,
    path: PathBuf,
    place: Place,
    is_folder: bool,
    /// Why it is not looked into.
    refused: Option<Text>,
}

/// What is in the folder of the class, in the order of the names.
fn items(
    folder: &Path,
    report: Option<&Path>,
    roster: Option<&[Student]>,
) -> anyhow::Result<Vec<Item>> {
    let data = fs::metadata(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    if data.is_file() {
        ensure!(
            Kind::of(&shown(folder.file_name().unwrap_or_default())) == Kind::Zip,
            "cannot read {}: a class is a folder, or a zip of one",
            folder.display()
        );
        return items_of_zip(folder);
    }
    let mut items = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
        let name = shown(&entry.file_name());
        // A student may be called `vendor`: nobody's folder is left out in silence.
        let is_litter = names::is_litter(&name);
        if is_litter && !names::may_be_a_student(&name) {
            continue;
        }
        let path = entry.path();
        if report.is_some() && fs::canonicalize(&path).ok().as_deref() == report {
            continue;
        }
        let kind = entry
            .file_type()
            .with_context(|| format!("cannot read {}", path.display()))?;
        let refused = if is_litter {
            Some(litter_text())
        } else if kind.is_symlink() {
            Some(said!(
                "it is a link, and links are not followed",
                "这是链接，不会跟随链接"
            ))
        } else if kind.is_dir() || kind.is_file() {
            None
        } else {
            Some(said!(
                "it is neither a file nor a folder",
                "既不是文件，也不是文件夹"
            ))
        };
        items.push(Item {
            name,
            place: Place::Disk(path.clone()),
            path,
            is_folder: kind.is_dir(),
            refused,
        });
    }
    items.sort_by(|a, b| a.name.cmp(&b.name));
    ensure!(
        !items
            .iter()
            .any(|item| item.name == "lessons" && item.is_folder),
        "{} is a copy of the handout, and not the folder of a class: name the folder in which \
         there is one for each student",
        folder.display()
    );
    // A platform's download is a zip; it may have been put into a folder. But the zip of the
    // first student who has handed in is alone, too, whatever is in it.
    if let [only] = items.as_slice() {
        let is_zip = only.refused.is_none() && Kind::of(&only.name) == Kind::Zip;
        if is_zip && !only.is_folder && !is_of_one_student(&only.name, roster) {
            let inside = items_of_zip(&only.path).unwrap_or_default();
            let is_download = |item: &Item| names::of_platform(&item.name).is_some();
            if !inside.is_empty() && inside.iter().all(is_download) {
                return Ok(inside);
            }
        }
    }
    Ok(items)
}

/// Whether a zip has the name of a student.
fn is_of_one_student(name: &str, roster: Option<&[Student]>) -> bool {
    let (stem, _) = names::split_extension(name);
    let is_in = |roster: &[Student]| people::find(roster, &names::whole(stem)) != Match::Nobody;
    names::of_platform(name).is_some() || roster.is_some_and(is_in)
}

/// What is in the zip of a class, in the order of the names. If all of it is in one folder
/// that is not a student's, then what is in that.
fn items_of_zip(path: &Path) -> anyhow::Result<Vec<Item>> {
    let cannot = || format!("cannot read {}", path.display());
    let zip = Zip::of_class(path).with_context(cannot)?;
    let (mut names, mut litter) = (Vec::new(), Vec::new());
    for index in 0..zip.len() {
        let item = zip.item(index).with_context(cannot)?;
        match names::litter_in(&item.name) {
            None => names.push(item.name),
            Some(folder) => litter.push(folder.to_string()),
        }
    }
    let mut prefix = String::new();
    let first = names.first().and_then(|name| name.split_once('/'));
    if let Some((folder, _)) = first {
        let wrapper = format!("{folder}/");
        let is_around = names.iter().all(|name| name.starts_with(&wrapper));
        let is_of_students = |name: &String| {
            let is_below = name.matches('/').count() > 1 && !name.starts_with("lessons/");
            let own = name.strip_prefix(&wrapper).unwrap_or_default();
            is_below || Kind::of(own) == Kind::Zip || names::of_platform(own).is_some()
        };
        let has_folders = names.iter().any(is_of_students);
        if is_around && has_folders && names::of_platform(folder).is_none() {
            prefix = wrapper;
        }
    }
    let (mut tops, mut from_root) = (BTreeMap::new(), Vec::new());
    for name in &names {
        let below = name.strip_prefix(&prefix).unwrap_or(name);
        if below.starts_with('/') {
            from_root.push(name);
            continue;
        }
        let (top, rest) = below
            .split_once('/')
            .map_or((below, None), |(t, r)| (t, Some(r)));
        if !top.is_empty() {
            *tops.entry(top.to_string()).or_insert(false) |= rest.is_some();
        }
    }
    let item = |(name, is_folder): (String, bool)| {
        let inside = format!("{prefix}{name}");
        Item {
            path: path.join(&inside),
            place: Place::Zip(path.to_path_buf(), inside),
            name,
            is_folder,
            refused: None,
        }
    };
    let refused = |name: &str, why: Text| Item {
        path: path.join(name.trim_start_matches('/')),
        place: Place::Zip(path.to_path_buf(), name.to_string()),
        name: name.to_string(),
        is_folder: false,
        refused: Some(why),
    };
    let mut items: Vec<Item> = tops.into_iter().map(item).collect();
    for name in from_root {
        let why = said!(
            "its path in the zip begins with /",
            "它在压缩包里的路径以 / 开头"
        );
        items.push(refused(name, why));
    }
    // As in a folder; what is deeper is said of whose it is.
    let students: BTreeSet<&String> = litter
        .iter()
        .filter(|folder| {
            let own = folder.strip_prefix(&prefix).unwrap_or(folder);
            names::may_be_a_student(own)
        })
        .collect();
    items.extend(
        students
            .into_iter()
            .map(|name| refused(name, litter_text())),
    );
    Ok(items)
}

/// Why a folder that may be a student's is left out.
fn litter_text() -> Text {
    said!(
        "it is left out for its name, which is that of a folder of dependencies or builds",
        "按名字是依赖或编译产物的文件夹，没有评分"
    )
}

/// Whose something is.
enum Owner {
    /// A student's, with what is left of the name, and why the student is not known.
    Student(Student, String, Option<Text>),
    /// Nobody's, and why.
    Nobody(Text),
}

/// A class that is being sorted.
struct Sorting<'a> {
    roster: Option<&'a [Student]>,
    language: Language,
    /// By the id.
    submissions: BTreeMap<String, Submission>,
    not_understood: Vec<NotUnderstood>,
}

impl Sorting<'_> {
    fn sort(&mut self, item: Item) {
        let owner = match &item.refused {
            Some(why) => Owner::Nobody(why.clone()),
            None => self.owner(&item.name, item.is_folder),
        };
        match owner {
            Owner::Nobody(why) => self.refuse(item.path, &why),
            Owner::Student(student, rest, unknown) => self.take(item, student, rest, unknown),
        }
    }

    fn refuse(&mut self, path: PathBuf, why: &Text) {
        self.not_understood.push(NotUnderstood {
            path,
            reason: why.get(self.language).to_string(),
        });
    }

    fn take(&mut self, item: Item, student: Student, rest: String, unknown: Option<Text>) {
        let Student { id, name, .. } = student.clone();
        let submission = self.submissions.entry(id).or_insert_with(|| Submission {
            student,
            paths: Vec::new(),
            parts: Vec::new(),
            unknown,
        });
        if submission.student.name != name {
            let student = &submission.student;
            let (id, name) = (printable(&student.id), printable(&student.name));
            let why = said!(
                "its id {id} is that of {name} already",
                "编号 {id} 已经是 {name} 的了"
            );
            return self.refuse(item.path, &why);
        }
        submission.paths.push(item.path);
        submission.parts.push(Part {
            place: item.place,
            name: rest,
        });
    }

    /// Whose a file or a folder is, by its name.
    fn owner(&self, name: &str, is_folder: bool) -> Owner {
        if let Some(claim) = names::of_platform(name) {
            return match self.roster {
                None => known(claim),
                Some(roster) => match people::find(roster, &claim) {
                    Match::One(student) => Owner::Student(student.clone(), claim.rest, None),
                    other => unmatched(claim, &other, roster),
                },
            };
        }
        let whole = if is_folder {
            names::whole(name)
        } else {
            names::whole(names::split_extension(name).0)
        };
        let splits = names::with_exercise(name, is_folder);
        let Some(roster) = self.roster else {
            return match splits.into_iter().next() {
                Some(split) if is_folder || names::may_be_program(name) => known(split),
                _ if is_folder || Kind::of(name) != Kind::File => known(whole),
                _ => Owner::Nobody(not_a_students(name)),
            };
        };
        let mut first = None;
        let is_source = is_folder || names::may_be_program(name);
        let mut claims = vec![whole.clone()];
        claims.extend(splits.clone());
        // A file has to name its exercise; an id among all of its words would hide that.
        if !is_folder && Kind::of(name) == Kind::File {
            claims.rotate_left(1);
        }
        for claim in claims.into_iter().filter(|_| is_source) {
            match people::find(roster, &claim) {
                Match::One(student) => return Owner::Student(student.clone(), claim.rest, None),
                Match::Nobody => {}
                other => first = first.or(Some((claim, other))),
            }
        }
        if let Some((claim, other)) = first {
            return unmatched(claim, &other, roster);
        }
        match splits.into_iter().next() {
            Some(split) if is_source => unmatched(split, &Match::Nobody, roster),
            _ if is_folder || Kind::of(name) == Kind::Zip => {
                unmatched(whole, &Match::Nobody, roster)
            }
            _ => Owner::Nobody(not_a_students(name)),
        }
    }

    fn finish(self) -> Class {
        let language = self.language;
        let submissions: Vec<_> = self.submissions.into_values().collect();
        let handed_in: BTreeSet<_> = submissions.iter().map(|s| &s.student).collect();
        let mut missing: Vec<_> = self
            .roster
            .unwrap_or_default()
            .iter()
            .filter(|student| !handed_in.contains(student))
            .cloned()
            .collect();
        missing.sort();
        let notices = submissions.iter().filter_map(|submission| {
            let unknown = submission.unknown.as_ref()?.get(language);
            let paths = submission.paths.iter();
            let paths: Vec<_> = paths.map(|path| path.display().to_string()).collect();
            Some(format!(
                "{}{}{unknown}",
                printable(&paths.join(", ")),
                language.pick(": ", "：")
            ))
        });
        Class {
            notices: notices.collect(),
            missing,
            not_understood: self.not_understood,
            submissions,
        }
    }
}

/// A student of whom nothing is known but the name of the submission.
fn known(claim: Claim) -> Owner {
    let student = Student {
        id: claim.id,
        name: claim.name,
        language: None,
    };
    Owner::Student(student, claim.rest, None)
}

/// A submission of which the roster does not say whose it is. It counts all the same, unless
/// it would be taken for another student's.
fn unmatched(claim: Claim, found: &Match, roster: &[Student]) -> Owner {
    let named = |student: &Student| printable(&format!("{} ({})", student.name, student.id));
    let why = match found {
        Match::Contradiction(one, other) => {
            let (one, other) = (named(one), named(other));
            said!(
                "the roster has its id as that of {one}, and its name as that of {other}",
                "按编号是名单里的 {one}，按名字却是 {other}"
            )
        }
        Match::Several(students) => {
            let all: Vec<_> = students.iter().map(|student| named(student)).collect();
            let all = all.join(", ");
            said!(
                "it may be from any of these of the roster: {all}",
                "名单里有几个人都对得上：{all}"
            )
        }
        Match::One(_) | Match::Nobody => {
            said!("the student is not in the roster", "名单里没有这名学生")
        }
    };
    if roster.iter().any(|student| student.id == claim.id) {
        return Owner::Nobody(why);
    }
    match known(claim) {
        Owner::Student(student, rest, _) => Owner::Student(student, rest, Some(why)),
        nobody @ Owner::Nobody(_) => nobody,
    }
}

fn not_a_students(name: &str) -> Text {
    let (stem, _) = names::split_extension(name);
    if names::number(stem).is_some() {
        return said!(
            "its name does not say whose it is: alice_05.rs would",
            "文件名没有说是谁的：alice_05.rs 这样的名字才行"
        );
    }
    said!(
        "it is neither a student's folder, nor a zip, nor a file with a name such as alice_05.rs",
        "既不是学生的文件夹，也不是 zip，也不是 alice_05.rs 这样命名的文件"
    )
}

/// A file that may be the answer to an exercise.
struct Candidate {
    path: String,
    certainty: Certainty,
    source: Result<Vec<u8>, Text>,
}

/// A submission that is being read.
struct Reading<'a> {
    exercises: &'a [Exercise],
    originals: &'a Originals,
    candidates: BTreeMap<u32, Vec<Candidate>>,
    files: BTreeMap<String, Vec<u8>>,
    notices: Vec<Text>,
    for_other_languages: Option<Text>,
}

impl Submission {
    /// Reads what was handed in, for all exercises of the course; `originals` are the
    /// teacher's files. Texts are in `language`.
    ///
    /// A file of more than [`FILE_LIMIT`] bytes does not count; of a submission no more than
    /// [`SUBMISSION_LIMIT`] bytes are read, answers to exercises first; one of more than
    /// [`FILE_COUNT_LIMIT`] files is not understood.
    /// What cannot be read is not understood, either, and the reason is said.
    pub fn open(
        &self,
        exercises: &[Exercise],
        originals: &Originals,
        language: Language,
    ) -> Handed {
        let mut tree = Tree::default();
        for part in &self.parts {
            tree.add(part);
        }
        let mut reading = Reading {
            exercises,
            originals,
            candidates: BTreeMap::new(),
            files: BTreeMap::new(),
            notices: Vec::new(),
            for_other_languages: None,
        };
        reading.notices.extend(self.unknown.clone());
        if tree.entries.is_empty() && tree.blocked.is_empty() {
            reading
                .notices
                .push(said!("there are no files in it", "里面没有文件"));
        }
        reading.read(&mut tree);
        reading.notices.append(&mut tree.notices);
        let unsaid = tree.unsaid + reading.notices.len().saturating_sub(NOTICE_LIMIT);
        reading.notices.truncate(NOTICE_LIMIT);
        if unsaid > 0 {
            reading.notices.push(said!(
                "there is as much to be said about {unsaid} more",
                "另外还有 {unsaid} 条类似的情况"
            ));
        }
        reading.look_at_the_rest();
        let exercises = reading.choose(&tree.blocked);
        Handed::new(exercises, reading, language)
    }
}

impl Reading<'_> {
    /// Reads the files, and first those that may be answers.
    fn read(&mut self, tree: &mut Tree) {
        let entries = std::mem::take(&mut tree.entries);
        let roots = entries.iter().filter_map(|e| names::handout_root(&e.path));
        let roots: BTreeSet<String> = roots.map(String::from).collect();
        for path in &tree.passed_over {
            // In the root of a copy of the course it is what cargo has made there.
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if !roots
                .iter()
                .any(|root| root.trim_end_matches('/') == folder)
            {
                let path = printable(path);
                self.notices.push(said!(
                    "{path} was not looked at: a folder of this name has dependencies or builds",
                    "{path} 没有查看：这个名字的文件夹存放依赖或编译产物"
                ));
            }
        }
        let (mut answers, mut others) = (Vec::new(), Vec::new());
        for entry in entries {
            match self.exercise(&entry.path, &roots) {
                Some(found) => answers.push((entry, Some(found))),
                None => others.push((entry, None)),
            }
        }
        let mut left_out = Vec::new();
        for (entry, found) in answers.into_iter().chain(others) {
            let path = entry.path.clone();
            if let Some(path) = self.read_one(tree, entry, path, found) {
                left_out.push(path);
            }
        }
        if !left_out.is_empty() {
            let names = list(&left_out);
            self.notices.push(said!(
                "there are more than {SUBMISSION_LIMIT} bytes; these files are too much: {names}",
                "总共超过 {SUBMISSION_LIMIT} 字节；这些文件不计入：{names}"
            ));
        }
    }

    /// Reads a file. Returns its path if there is too much of the submission.
    fn read_one(
        &mut self,
        tree: &mut Tree,
        entry: Entry,
        path: String,
        found: Option<(u32, Certainty)>,
    ) -> Option<String> {
        let (bytes, too_much) = match tree.read(entry) {
            Ok(bytes) => (Ok(bytes), false),
            Err(Unread::Itself(why)) => {
                self.notices.push(why.clone());
                (Err(why), false)
            }
            Err(Unread::Full) => {
                let shown = printable(&path);
                let why = said!(
                    "{shown} was not read: the submission has more than {SUBMISSION_LIMIT} bytes",
                    "{shown} 没有读取：提交的内容超过 {SUBMISSION_LIMIT} 字节"
                );
                (Err(why), true)
            }
        };
        if let Ok(bytes) = &bytes {
            self.keep(&path, bytes);
        }
        if let Some((number, certainty)) = found {
            self.candidates.entry(number).or_default().push(Candidate {
                path: path.clone(),
                certainty,
                source: bytes,
            });
        }
        too_much.then_some(path)
    }

    /// The exercise that a file answers.
    fn exercise(&self, path: &str, roots: &BTreeSet<String>) -> Option<(u32, Certainty)> {
        // A copy may lie in another one: the inner one counts, which comes later in the order.
        let below = roots
            .iter()
            .rev()
            .find_map(|root| path.strip_prefix(root.as_str()));
        let is_answer = names::handout_root(path).is_some() && path.ends_with("/exercise/main.rs");
        if !is_answer && below.is_some_and(originals::is_of_the_course) {
            return None;
        }
        let found = names::exercise(path)?;
        let is_one = |exercise: &Exercise| exercise.number == found.0;
        self.exercises.iter().any(is_one).then_some(found)
    }

    /// Keeps a file, unless it cannot lie beside those that are there.
    fn keep(&mut self, path: &str, bytes: &[u8]) {
        let shown = printable(path);
        match self.files.get(path) {
            Some(other) if other == bytes => return,
            Some(_) => {
                return self.notices.push(said!(
                    "{shown} is there twice, and different: the first one counts for programs \
                     in other languages",
                    "{shown} 有两份，内容不同：其他语言的程序用第一份"
                ));
            }
            None => {}
        }
        let is_folder = self
            .files
            .range(format!("{path}/")..)
            .next()
            .is_some_and(|(other, _)| other.starts_with(&format!("{path}/")));
        let above = path.match_indices('/').map(|(at, _)| &path[..at]);
        if is_folder
            || above
                .into_iter()
                .any(|above| self.files.contains_key(above))
        {
            return self.notices.push(said!(
                "{shown} does not count: a file and a folder have the same name",
                "{shown} 不计入：文件和文件夹重名"
            ));
        }
        self.files.insert(path.to_string(), bytes.to_vec());
    }

    /// Names what does not count.
    fn look_at_the_rest(&mut self) {
        let roots = self.files.keys().filter_map(|p| names::handout_root(p));
        let roots: BTreeSet<String> = roots.map(String::from).collect();
        let records: BTreeMap<&String, _> = roots
            .iter()
            .map(|root| {
                let bytes = self.files.get(&originals::record_of(root));
                (root, originals::record(bytes))
            })
            .collect();
        let (mut changed, mut sources, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (path, bytes) in &self.files {
            let is_answer = |candidate: &Candidate| candidate.path == *path;
            if self.candidates.values().flatten().any(is_answer) {
                continue;
            }
            let root = roots
                .iter()
                .rev()
                .find(|root| path.starts_with(root.as_str()));
            let standing = match root {
                Some(root) => {
                    let below = &path[root.len()..];
                    self.originals.standing(below, bytes, &records[root])
                }
                None if originals::can_judge(path) => Standing::Changed,
                None => Standing::Students,
            };
            let name = path.rsplit('/').next().unwrap_or_default();
            let (_, extension) = names::split_extension(name);
            // What `cargo grade reset` keeps.
            let is_kept = name.starts_with("main.before-reset-");
            match standing {
                Standing::Changed => changed.push(path.clone()),
                Standing::Students if is_kept => {}
                Standing::Students if extension == "rs" => sources.push(path.clone()),
                Standing::Students => others.push(path.clone()),
                Standing::Teachers => {}
            }
        }
        self.tell_rest(&changed, &sources, &others);
    }

    fn tell_rest(&mut self, changed: &[String], sources: &[String], others: &[String]) {
        if !changed.is_empty() {
            let names = list(changed);
            self.notices.push(said!(
                "tests, manifests, build scripts and settings do not count, the teacher's are \
                 used instead of: {names}",
                "测试、清单、构建脚本和设置不计入，用的是老师的，而不是：{names}"
            ));
        }
        if !sources.is_empty() {
            let names = list(sources);
            self.notices.push(said!(
                "these do not count, as neither file nor folder names an exercise (an exercise \
                 is one file, such as exercise-05.rs): {names}",
                "这些不计入，因为文件名和文件夹名都没有说明是哪个练习（一个练习就是一个文件，\
                 例如 exercise-05.rs）：{names}"
            ));
        }
        if !others.is_empty() {
            let names = list(others);
            self.for_other_languages = Some(said!(
                "these count only for programs in other languages: {names}",
                "这些只对其他语言的程序有用：{names}"
            ));
        }
    }

    /// Chooses the answer to each exercise.
    fn choose(&mut self, blocked: &[Text]) -> BTreeMap<u32, Result<Vec<u8>, Text>> {
        let mut chosen = BTreeMap::new();
        let mut candidates = std::mem::take(&mut self.candidates);
        for exercise in self.exercises {
            let mut candidates = candidates.remove(&exercise.number).unwrap_or_default();
            for candidate in &mut candidates {
                let is_starter = |s: &Vec<u8>| self.originals.is_starter(exercise, s);
                if candidate.source.as_ref().is_ok_and(is_starter) {
                    candidate.certainty = Certainty::Starter;
                }
            }
            if let Some(found) = self.best(candidates) {
                chosen.insert(exercise.number, found);
            } else if !blocked.is_empty() {
                let all = |language| {
                    let whys: Vec<_> = blocked.iter().map(|why| why.get(language)).collect();
                    whys.join("; ")
                };
                let (en, zh) = (all(Language::En), all(Language::Zh));
                chosen.insert(exercise.number, Err(Text { en, zh }));
            }
        }
        chosen
    }

    /// The surest of some files, if there is one.
    fn best(&mut self, candidates: Vec<Candidate>) -> Option<Result<Vec<u8>, Text>> {
        let surest = candidates.iter().map(|c| c.certainty).min()?;
        let (best, others): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|c| c.certainty == surest);
        let names = |some: &[Candidate]| {
            let paths: Vec<_> = some.iter().map(|c| c.path.clone()).collect();
            list(&paths)
        };
        let all = names(&best);
        let others: Vec<_> = others
            .into_iter()
            .filter(|other| other.certainty != Certainty::Starter)
            .collect();
        if !others.is_empty() {
            let others = names(&others);
            self.notices.push(said!(
                "these do not count beside {all}: {others}",
                "有了 {all}，这些不计入：{others}"
            ));
        }
        let mut best = best.into_iter();
        let first = best.next()?;
        let same =
            |other: Candidate| matches!((&first.source, &other.source), (Ok(a), Ok(b)) if a == b);
        let is_one = best.all(same);
        Some(match first.source {
            Ok(_) if !is_one => Err(said!(
                "there are several files for this exercise, and they differ: {all}",
                "这个练习有几个不同的文件：{all}"
            )),
            Ok(source) if source.starts_with(b"\xff\xfe") || source.starts_with(b"\xfe\xff") => {
                Err(said!(
                    "{all} is in UTF-16, which Windows calls Unicode: save it as UTF-8",
                    "{all} 是 UTF-16 编码（Windows 称之为 Unicode）：请另存为 UTF-8"
                ))
            }
            found => found,
        })
    }
}

impl Handed {
    fn new(
        exercises: BTreeMap<u32, Result<Vec<u8>, Text>>,
        reading: Reading,
        language: Language,
    ) -> Self {
        let hash = hash(&exercises, &reading.files, &reading.notices);
        let exercises = exercises.into_iter().map(|(number, found)| {
            let found = match found {
                Ok(source) => Found::Source(source),
                Err(why) => Found::NotUnderstood(why.get(language).to_string()),
            };
            (number, found)
        });
        let common = common_folder(reading.files.keys());
        let files = reading.files.into_iter().map(|(path, bytes)| {
            let path = PathBuf::from(&path[common.len()..]);
            (path, bytes)
        });
        let notices = reading.notices.iter();
        Self {
            exercises: exercises.collect(),
            files: files.collect(),
            notices: notices.map(|n| n.get(language).to_string()).collect(),
            for_other_languages: reading
                .for_other_languages
                .map(|notice| notice.get(language).to_string()),
            hash,
        }
    }
}

/// Each thing with its length before it: so no two submissions make the same bytes.
fn hash(
    exercises: &BTreeMap<u32, Result<Vec<u8>, Text>>,
    files: &BTreeMap<String, Vec<u8>>,
    notices: &[Text],
) -> String {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for (number, found) in exercises {
        add(&number.to_le_bytes());
        match found {
            Ok(source) => add(source),
            Err(why) => add(format!("not understood: {}", why.en).as_bytes()),
        }
    }
    add(b"files");
    for (path, bytes) in files {
        add(path.as_bytes());
        add(bytes);
    }
    add(b"notices");
    for notice in notices {
        add(notice.en.as_bytes());
    }
    hexadecimal(&hash.finalize())
}

/// The folder that all files are in, with a `/` at its end: that a zip was made of a folder
/// means nothing. A folder that names an exercise stays.
fn common_folder<'a>(mut paths: impl Iterator<Item = &'a String>) -> String {
    let Some(first) = paths.next() else {
        return String::new();
    };
    let end = first.rfind('/').map_or(0, |at| at + 1);
    let mut common = &first[..end];
    for path in paths {
        while !path.starts_with(common) {
            let shorter = common.trim_end_matches('/').rfind('/');
            common = &common[..shorter.map_or(0, |at| at + 1)];
        }
    }
    let mut kept = 0;
    for folder in common.split_inclusive('/') {
        let name = folder.trim_end_matches('/');
        if names::number(name).is_some() || matches!(name, "lessons" | "src") {
            break;
        }
        kept += folder.len();
    }
    common[..kept].to_string()
}

/// Some of the names, and how many more there are.
fn list(paths: &[String]) -> String {
    let names = paths.iter().take(NAMES_TOLD).map(|path| printable(path));
    let mut list: Vec<_> = names.collect();
    if paths.len() > NAMES_TOLD {
        list.push(format!("… (+{})", paths.len() - NAMES_TOLD));
    }
    list.join(", ")
}
