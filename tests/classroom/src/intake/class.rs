//! Who has handed in what, by the names of files and folders.

use super::entries::{ClassEntry, class_entries};
use super::listing::Part;
use super::names::{self, Claim, Kind};
use super::people::{self, Match};
use super::submission::Submission;
use super::text::shorten;
use crate::escape::escape_line;
use crate::record::Student;
use harness::message;
use harness::message::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What a class has handed in.
#[derive(Debug)]
pub struct Class {
    /// Who has handed in what, in the order of the ids.
    pub submissions: Vec<Submission>,
    /// Who is in the roster and has handed in nothing, in the order of the ids.
    pub missing: Vec<Student>,
    /// What may be a student's but was set aside, and why, by the id in the roster.
    pub set_aside: BTreeMap<String, Message>,
    /// What is no part of a submission.
    pub not_understood: Vec<NotUnderstood>,
    /// What else a teacher should know: submissions of students who are not in the roster.
    pub notices: Vec<Message>,
}

/// Something in the folder of the class that is no part of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotUnderstood {
    /// What it is.
    pub path: PathBuf,
    /// Why it is none.
    pub reason: Message,
}

/// Finds out who has handed in what.
///
/// `folder` is the folder of the class, or a zip of it; the folder of the `report` may be in it,
/// and is left out. Everything else in it is either part of a
/// submission or named in `not_understood`, except for what operating systems and editors
/// leave behind. With a roster, submissions are matched by the id, then by the name; whoever
/// is not in it is a submission all the same.
///
/// # Errors
///
/// If the folder cannot be read, or is rather one student's copy of the handout.
pub fn class(
    folder: &Path,
    report: Option<&Path>,
    roster: Option<&[Student]>,
) -> anyhow::Result<Class> {
    let mut found = ClassSorter {
        roster,
        found: Vec::new(),
        submissions: BTreeMap::new(),
        set_aside: BTreeMap::new(),
        not_understood: Vec::new(),
    };
    // There is none before the first time.
    let report = report.and_then(|report| fs::canonicalize(report).ok());
    for entry in class_entries(folder, report.as_deref(), roster)? {
        found.sort(entry);
    }
    found.separate();
    found.take_all();
    Ok(found.finish())
}

/// Whose something is.
enum Owner {
    /// A student's, by what the name says, and why the student is not known.
    Student(Student, Claim, Option<Message>),
    /// Nobody's, and why.
    Nobody(Message),
}

/// Something that has an owner.
struct Found {
    entry: ClassEntry,
    student: Student,
    claim: Claim,
    unknown: Option<Message>,
}

/// A class that is being sorted.
struct ClassSorter<'a> {
    roster: Option<&'a [Student]>,
    found: Vec<Found>,
    /// By the id.
    submissions: BTreeMap<String, Submission>,
    /// What may be a student's, and why it is not taken for that.
    set_aside: BTreeMap<String, Vec<Message>>,
    not_understood: Vec<NotUnderstood>,
}

impl ClassSorter<'_> {
    fn sort(&mut self, entry: ClassEntry) {
        let owner = match &entry.refused {
            Some(why) => Owner::Nobody(why.clone()),
            None => self.owner(&entry.name, entry.is_folder),
        };
        match owner {
            Owner::Nobody(why) => self.refuse(entry.path, why),
            Owner::Student(student, claim, unknown) => self.found.push(Found {
                entry,
                student,
                claim,
                unknown,
            }),
        }
    }

    /// Takes from the students of the roster what may be somebody else's: a participant of the
    /// same name, or a file of which an id is only one word among others.
    fn separate(&mut self) {
        let Some(roster) = self.roster else {
            return;
        };
        let doubts = doubts(&self.found);
        let found = std::mem::take(&mut self.found);
        for (one, doubt) in found.into_iter().zip(doubts) {
            let Some(why) = doubt else {
                self.found.push(one);
                continue;
            };
            self.set_aside(&one.student, &one.entry.name, &why);
            match kept_apart(one.claim, why, roster) {
                Owner::Student(student, claim, unknown) => self.found.push(Found {
                    entry: one.entry,
                    student,
                    claim,
                    unknown,
                }),
                Owner::Nobody(why) => self.refuse(one.entry.path, why),
            }
        }
    }

    fn set_aside(&mut self, student: &Student, name: &str, why: &Message) {
        let name = shorten(&escape_line(name));
        let of_student = self.set_aside.entry(student.id.clone()).or_default();
        of_student.push(message!("{name}: {why}", name, why));
    }

    /// A submission of which the roster does not say whose it is. It counts all the same, unless
    /// it would be taken for another student's.
    fn unmatched(&mut self, name: &str, claim: Claim, found: &Match, roster: &[Student]) -> Owner {
        let why = why_unmatched(found);
        match found {
            Match::Several(students) => {
                for student in students {
                    self.set_aside(student, name, &why);
                }
            }
            Match::Contradiction(one, other) => {
                self.set_aside(one, name, &why);
                self.set_aside(other, name, &why);
            }
            Match::One(_) | Match::Nobody => {}
        }
        kept_apart(claim, why, roster)
    }

    fn take_all(&mut self) {
        for one in std::mem::take(&mut self.found) {
            let by_id = self.roster.is_some() && one.has_students_id();
            let others = self.submissions.get(&one.student.id);
            let other = others.and_then(|submission| submission.paths.first());
            if let Some(other) = other.filter(|path| path.parent() != one.entry.path.parent())
                && !by_id
            {
                let other = shorten(&escape_line(&other.display().to_string()));
                let why = message!("{other} of another group has the same name", other);
                self.refuse(one.entry.path, why);
                continue;
            }
            self.take(one.entry, one.student, one.claim.rest, one.unknown);
        }
    }

    fn refuse(&mut self, path: PathBuf, reason: Message) {
        self.not_understood.push(NotUnderstood { path, reason });
    }

    fn take(
        &mut self,
        entry: ClassEntry,
        student: Student,
        rest: String,
        unknown: Option<Message>,
    ) {
        let Student { id, name, .. } = student.clone();
        let submission = self.submissions.entry(id).or_insert_with(|| Submission {
            student,
            paths: Vec::new(),
            parts: Vec::new(),
            unknown,
            only: None,
        });
        if submission.student.name != name {
            let student = &submission.student;
            let (id, name) = (escape_line(&student.id), escape_line(&student.name));
            let why = message!("its id {id} is that of {name} already", id, name);
            return self.refuse(entry.path, why);
        }
        submission.paths.push(entry.path);
        submission.parts.push(Part {
            place: entry.place,
            name: rest,
        });
    }

    /// Whose a file or a folder is, by its name.
    fn owner(&mut self, name: &str, is_folder: bool) -> Owner {
        if let Some(claim) = names::of_platform(name) {
            return match self.roster {
                None => known(claim),
                Some(roster) => match people::find(roster, &claim) {
                    Match::One(student) => Owner::Student(student.clone(), claim, None),
                    other => self.unmatched(name, claim, &other, roster),
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
                Match::One(student) => return Owner::Student(student.clone(), claim, None),
                Match::Nobody => {}
                other => first = first.or(Some((claim, other))),
            }
        }
        if let Some((claim, other)) = first {
            return self.unmatched(name, claim, &other, roster);
        }
        match splits.into_iter().next() {
            Some(split) if is_source => self.unmatched(name, split, &Match::Nobody, roster),
            _ if is_folder || Kind::of(name) == Kind::Zip => {
                self.unmatched(name, whole, &Match::Nobody, roster)
            }
            _ => Owner::Nobody(not_a_students(name)),
        }
    }

    fn finish(self) -> Class {
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
            let why = submission.unknown.as_ref()?;
            let paths = submission.paths.iter();
            let paths: Vec<_> = paths.map(|path| path.display().to_string()).collect();
            let what = escape_line(&paths.join(", "));
            Some(message!("{what}: {why}", what, why))
        });
        let set_aside = self.set_aside.into_iter();
        let set_aside = set_aside.filter_map(|(id, whys)| Some((id, Message::list(whys)?)));
        Class {
            set_aside: set_aside.collect(),
            notices: notices.collect(),
            missing,
            not_understood: self.not_understood,
            submissions,
        }
    }
}

/// For each thing that has an owner, why it may be somebody else's.
fn doubts(found: &[Found]) -> Vec<Option<Message>> {
    let known = |one: &&Found| one.unknown.is_none();
    let mut numbers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in found
        .iter()
        .filter(known)
        .filter(|one| one.claim.by_platform)
    {
        let of_student = numbers.entry(&one.student.id).or_default();
        of_student.insert(&one.claim.id);
    }
    let certain = found.iter().filter(known).filter(|one| one.is_certain());
    let certain: BTreeSet<&str> = certain.map(|one| one.student.id.as_str()).collect();
    let doubt = |one: &Found| {
        let id = one.student.id.as_str();
        let student = one.student.words();
        let has_namesakes = numbers.get(id).is_some_and(|numbers| numbers.len() > 1);
        if one.unknown.is_some() {
            None
        } else if one.claim.by_platform && has_namesakes && !one.has_students_id() {
            let why = message!(
                "its name is that of {student} of the roster, but several participants of the \
                 platform have this name, and its number is not the id in the roster",
                student
            );
            Some(why)
        } else if !one.is_certain() && certain.contains(id) {
            let why = message!(
                "the id of {student} is only one word among others in its name, and other \
                 files are certainly from that student",
                student
            );
            Some(why)
        } else {
            None
        }
    };
    found.iter().map(doubt).collect()
}

impl Found {
    /// Whether the id that is claimed is the student's in the roster.
    fn has_students_id(&self) -> bool {
        people::find_id(std::slice::from_ref(&self.student), &self.claim.id).is_some()
    }

    /// Whether nothing in the name can be somebody else's.
    fn is_certain(&self) -> bool {
        self.claim.by_platform || people::is_all_of(&self.student, &self.claim)
    }
}

/// A student of whom nothing is known but the name of the submission.
fn known(claim: Claim) -> Owner {
    let student = Student {
        id: claim.id.clone(),
        name: if claim.name.is_empty() {
            claim.id.clone()
        } else {
            claim.name.clone()
        },
        language: None,
    };
    Owner::Student(student, claim, None)
}

/// Why something is nobody's of the roster.
fn why_unmatched(found: &Match) -> Message {
    match found {
        Match::Contradiction(one, other) => {
            let (one, other) = (one.words(), other.words());
            message!(
                "the roster has its id as that of {one}, and its name as that of {other}",
                one,
                other
            )
        }
        Match::Several(students) => {
            let all = Message::list(students.iter().map(|student| student.words()));
            let all =
                all.map(|all| message!("it may be from any of these of the roster: {all}", all));
            all.unwrap_or_else(not_in_the_roster)
        }
        Match::One(_) | Match::Nobody => not_in_the_roster(),
    }
}

fn not_in_the_roster() -> Message {
    message!("the student is not in the roster")
}

/// A submission of its own, unless it would be taken for that of a student of the roster.
fn kept_apart(claim: Claim, why: Message, roster: &[Student]) -> Owner {
    if people::find_id(roster, &claim.id).is_some() {
        return Owner::Nobody(why);
    }
    match known(claim) {
        Owner::Student(student, claim, _) => Owner::Student(student, claim, Some(why)),
        nobody @ Owner::Nobody(_) => nobody,
    }
}

fn not_a_students(name: &str) -> Message {
    let (stem, _) = names::split_extension(name);
    if names::number(stem).is_some() {
        return message!("its name does not say whose it is: alice_05.rs would");
    }
    message!(
        "it is neither a student's folder, nor a zip, nor a file with a name such as alice_05.rs"
    )
}
