//! Reads the files of a submission, and names those that do not count.

use super::attempts::Modified;
use super::contents::{Answers, Origin, Read, SubmissionContents};
use super::listing::{Entry, Listing, NOTICE_LIMIT, ReadError, SUBMISSION_LIMIT};
use super::names::{self, Certainty};
use super::originals::{self, Originals, Standing};
use super::submission::Submission;
use super::text::list;
use crate::escape::escape_line;
use crate::take::SetAside;
use grade::exercise::{Exercise, digits};
use harness::message;
use harness::message::Message;
use std::collections::{BTreeMap, BTreeSet};

/// A file that may be the answer to an exercise.
pub(super) struct Candidate {
    pub(super) path: String,
    pub(super) certainty: Certainty,
    pub(super) modified: Option<Modified>,
    pub(super) source: Result<Vec<u8>, Message>,
}

/// A submission that is being read.
pub(super) struct SubmissionReader<'a> {
    pub(super) exercises: &'a [Exercise],
    pub(super) originals: &'a Originals,
    submission: &'a Submission,
    pub(super) candidates: BTreeMap<u32, Vec<Candidate>>,
    files: BTreeMap<String, Vec<u8>>,
    /// Where the files come from.
    origins: BTreeMap<String, Origin>,
    /// What a teacher could take, and for which exercise, if that is known.
    put_aside: Vec<(Option<u32>, SetAside)>,
    pub(super) notices: Vec<Message>,
    for_other_languages: Option<Message>,
    set_aside: Vec<String>,
}

impl<'a> SubmissionReader<'a> {
    pub(super) fn new(
        exercises: &'a [Exercise],
        originals: &'a Originals,
        submission: &'a Submission,
    ) -> Self {
        Self {
            exercises,
            originals,
            submission,
            candidates: BTreeMap::new(),
            files: BTreeMap::new(),
            origins: BTreeMap::new(),
            put_aside: Vec::new(),
            notices: Vec::new(),
            for_other_languages: None,
            set_aside: Vec::new(),
        }
    }

    /// What has been read, with these answers.
    pub(super) fn into_contents(self, answers: Answers) -> SubmissionContents {
        let read = Read {
            files: self.files,
            origins: self.origins,
            notices: self.notices,
            for_other_languages: self.for_other_languages,
            set_aside: self.set_aside,
            put_aside: self.put_aside,
        };
        SubmissionContents::new(answers, read)
    }

    /// Notes that a teacher could take a file for an exercise, or for any.
    pub(super) fn put_aside(&mut self, path: &str, exercise: Option<u32>) {
        let what = self
            .origins
            .get(path)
            .and_then(|origin| origin.what.clone());
        self.put_aside.extend(what.map(|what| (exercise, what)));
    }

    /// Takes over the notices of the listing, and drops those above the limit.
    pub(super) fn add_notices(&mut self, listing: &mut Listing) {
        self.notices.append(&mut listing.notices);
        let dropped = listing.more_notices + self.notices.len().saturating_sub(NOTICE_LIMIT);
        self.notices.truncate(NOTICE_LIMIT);
        if dropped > 0 {
            self.notices.push(message!(
                "there is as much to be said about {dropped} more",
                dropped
            ));
        }
    }

    /// Reads the files, and first those that may be answers.
    pub(super) fn read(&mut self, listing: &mut Listing) {
        let entries = std::mem::take(&mut listing.entries);
        let roots = entries.iter().filter_map(|e| names::handout_root(&e.path));
        let roots: BTreeSet<String> = roots.map(String::from).collect();
        for path in &listing.ignored {
            // In the root of a copy of the course it is what cargo has made there.
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if !roots
                .iter()
                .any(|root| root.trim_end_matches('/') == folder)
            {
                let path = escape_line(path);
                self.notices.push(message!(
                    "{path} was not looked at: a folder of this name has dependencies or builds",
                    path
                ));
            }
        }
        let (mut answers, mut others) = (Vec::new(), Vec::new());
        for entry in entries {
            let taken = entry.taken.map(|number| (number, Certainty::Taken));
            match taken.or_else(|| self.exercise(&entry.path, &roots)) {
                Some(found) => answers.push((entry, Some(found))),
                None => others.push((entry, None)),
            }
        }
        let mut left_out = Vec::new();
        for (entry, found) in answers.into_iter().chain(others) {
            let path = entry.path.clone();
            if let Some(path) = self.read_one(listing, entry, path, found) {
                left_out.push(path);
            }
        }
        if !left_out.is_empty() {
            let names = list(&left_out);
            self.notices.push(message!(
                "there are more than {most} bytes; these files are too much: {names}",
                most = SUBMISSION_LIMIT,
                names
            ));
        }
    }

    /// Reads a file. Returns its path if there is too much of the submission.
    fn read_one(
        &mut self,
        listing: &mut Listing,
        entry: Entry,
        path: String,
        found: Option<(u32, Certainty)>,
    ) -> Option<String> {
        let modified = entry.modified;
        self.note_origin(&entry);
        let (bytes, too_much) = match listing.read(entry) {
            Ok(bytes) => (Ok(bytes), false),
            Err(ReadError::Itself(why)) => {
                self.notices.push(why.clone());
                (Err(why), false)
            }
            Err(ReadError::Full) => {
                let shown = escape_line(&path);
                let why = message!(
                    "{shown} was not read: the submission has more than {most} bytes",
                    shown,
                    most = SUBMISSION_LIMIT
                );
                (Err(why), true)
            }
        };
        let mut found = found;
        if let Ok(bytes) = &bytes {
            self.keep(&path, bytes);
            found = found.or_else(|| self.by_first_line(&path, bytes));
        }
        if let Some((number, certainty)) = found {
            self.candidates.entry(number).or_default().push(Candidate {
                path: path.clone(),
                certainty,
                modified,
                source: bytes,
            });
        }
        too_much.then_some(path)
    }

    /// Notes where a file comes from, and that a teacher has taken it.
    fn note_origin(&mut self, entry: &Entry) {
        if let Some(number) = entry.taken {
            let own = format!("taken-{}/", digits(number));
            let path = entry.path.strip_prefix(&own).unwrap_or(&entry.path);
            self.notices.push(message!(
                "{path} counts for exercise {number}: the teacher says so",
                path = escape_line(path),
                number = digits(number)
            ));
        }
        let origin = Origin {
            what: SetAside::at(&entry.origin, &self.submission.folder, false),
            modified: entry.modified,
            taken: entry.taken,
        };
        // Of files of one name the first one counts.
        self.origins.entry(entry.path.clone()).or_insert(origin);
    }

    /// The exercise that a source of no telling name answers, by its first line. A `main.rs` that
    /// is alone answers the only exercise that was asked for.
    fn by_first_line(&self, path: &str, bytes: &[u8]) -> Option<(u32, Certainty)> {
        let name = path.rsplit('/').next().unwrap_or_default();
        let (stem, extension) = names::split_extension(name);
        let is_kept = name.starts_with("main.before-reset-");
        if extension != "rs" || is_kept || names::exercise(path).is_some() {
            return None;
        }
        let is_of_handout = names::handout_root(path).is_some();
        let said = names::of_first_line(bytes).filter(|_| !is_of_handout);
        let is_main = names::is_main(stem);
        let asked = || self.submission.only.filter(|_| is_main && !is_of_handout);
        let number = said.or_else(asked)?;
        let is_known = self.exercises.iter().any(|one| one.number == number);
        is_known.then_some((number, Certainty::More))
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
        let shown = escape_line(path);
        match self.files.get(path) {
            Some(other) if other == bytes => return,
            Some(_) => {
                return self.notices.push(message!(
"{shown} is there twice, and different: the first one counts for programs in other languages",
shown
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
            return self.notices.push(message!(
                "{shown} does not count: a file and a folder have the same name",
                shown
            ));
        }
        self.files.insert(path.to_string(), bytes.to_vec());
    }

    /// Names what does not count.
    pub(super) fn note_ignored_files(&mut self) {
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
        self.set_aside.clone_from(&sources);
        for path in &sources {
            self.put_aside(path, None);
        }
        self.add_ignored_notices(&changed, &sources, &others);
    }

    fn add_ignored_notices(&mut self, changed: &[String], sources: &[String], others: &[String]) {
        if !changed.is_empty() {
            let names = list(changed);
            self.notices.push(message!(
"tests, manifests, build scripts and settings do not count, the teacher's are used instead of: {names}",
names
));
        }
        if !sources.is_empty() {
            let names = list(sources);
            self.notices.push(message!(
"these do not count, as neither file nor folder names an exercise (an exercise is one file, such as exercise-05.rs): {names}",
names
));
        }
        if !others.is_empty() {
            let names = list(others);
            self.for_other_languages = Some(message!(
                "these count only for programs in other languages: {names}",
                names
            ));
        }
    }
}
