//! Who has handed in what, by the names of files and folders.

use super::entries::{ClassEntry, class_entries};
use super::listing::Part;
use super::names::{self, Claim, Kind};
use super::people::{self, Match};
use super::submission::Submission;
use super::takes::{Taken, exercise_in_name};
use super::text::{list, shorten};
use crate::escape::escape_line;
use crate::record::Student;
use crate::take::{SetAside, Take};
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
    /// What may be a student's but was set aside, by the id in the roster.
    pub set_aside: BTreeMap<String, Vec<ClassSetAside>>,
    /// What is no part of a submission.
    pub not_understood: Vec<NotUnderstood>,
    /// What else a teacher should know: submissions of students who are not in the roster.
    pub notices: Vec<Message>,
    /// What a teacher has given to students whom nobody knows.
    pub not_taken: Vec<Take>,
    /// Who is no student of the class any more, as all that they had was given to others.
    pub(crate) retired: BTreeSet<String>,
}

/// Something that may be a student's, and is not taken for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassSetAside {
    /// What it is, and why.
    pub why: Message,
    /// The exercise that its name says, if it is a file.
    pub exercise: Option<u32>,
    /// How a teacher can take it.
    pub what: Option<SetAside>,
}

/// Something in the folder of the class that is no part of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotUnderstood {
    /// What it is.
    pub path: PathBuf,
    /// Why it is none.
    pub reason: Message,
    /// How a teacher can take it, if it may be an answer.
    pub what: Option<SetAside>,
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
    class_with(folder, report, roster, &[])
}

/// The same, with what a teacher has given to students whatever it is called.
///
/// # Errors
///
/// As [`class`].
pub fn class_with(
    folder: &Path,
    report: Option<&Path>,
    roster: Option<&[Student]>,
    takes: &[Take],
) -> anyhow::Result<Class> {
    let mut found = ClassSorter {
        folder,
        roster,
        found: Vec::new(),
        submissions: BTreeMap::new(),
        set_aside: BTreeMap::new(),
        not_understood: Vec::new(),
        not_taken: Vec::new(),
        notices: Vec::new(),
        retired: BTreeSet::new(),
    };
    // There is none before the first time.
    let report = report.and_then(|report| fs::canonicalize(report).ok());
    for entry in class_entries(folder, report.as_deref(), roster)? {
        found.sort(entry);
    }
    found.separate();
    let given = found.find_taken(takes);
    found.take_all();
    found.give(given);
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
    folder: &'a Path,
    roster: Option<&'a [Student]>,
    found: Vec<Found>,
    /// By the id.
    submissions: BTreeMap<String, Submission>,
    /// What may be a student's, and why it is not taken for that.
    set_aside: BTreeMap<String, Vec<(PathBuf, ClassSetAside)>>,
    not_understood: Vec<NotUnderstood>,
    not_taken: Vec<Take>,
    notices: Vec<Message>,
    retired: BTreeSet<String>,
}

impl ClassSorter<'_> {
    fn sort(&mut self, entry: ClassEntry) {
        let owner = match &entry.refused {
            Some(why) => Owner::Nobody(why.clone()),
            None => self.owner(&entry),
        };
        match owner {
            Owner::Nobody(why) => self.refuse(entry, why),
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
            self.set_aside(&one.student, &one.entry, &why);
            match kept_apart(one.claim, why, roster) {
                Owner::Student(student, claim, unknown) => self.found.push(Found {
                    entry: one.entry,
                    student,
                    claim,
                    unknown,
                }),
                Owner::Nobody(why) => self.refuse(one.entry, why),
            }
        }
    }

    fn set_aside(&mut self, student: &Student, entry: &ClassEntry, why: &Message) {
        let name = shorten(&escape_line(&entry.name));
        let is_whole = entry.is_whole();
        let one = ClassSetAside {
            why: message!("{name}: {why}", name, why),
            exercise: exercise_in_name(&entry.name).filter(|_| !is_whole),
            what: SetAside::at(&entry.path, self.folder, is_whole),
        };
        let of_student = self.set_aside.entry(student.id.clone()).or_default();
        of_student.push((entry.path.clone(), one));
    }

    /// A submission of which the roster does not say whose it is. It counts all the same, unless
    /// it would be taken for another student's.
    fn unmatched(
        &mut self,
        entry: &ClassEntry,
        claim: Claim,
        found: &Match,
        roster: &[Student],
    ) -> Owner {
        let why = why_unmatched(found);
        match found {
            Match::Several(students) => {
                for student in students {
                    self.set_aside(student, entry, &why);
                }
            }
            Match::Contradiction(one, other) => {
                self.set_aside(one, entry, &why);
                self.set_aside(other, entry, &why);
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
                self.refuse(one.entry, why);
                continue;
            }
            self.take(one);
        }
    }

    fn refuse(&mut self, entry: ClassEntry, reason: Message) {
        let may_be_taken = entry.is_whole() || names::may_be_program(&entry.name);
        let what = SetAside::at(&entry.path, self.folder, entry.is_whole());
        self.not_understood.push(NotUnderstood {
            path: entry.path,
            reason,
            what: what.filter(|_| may_be_taken && entry.is_regular),
        });
    }

    fn take(&mut self, found: Found) {
        let Found {
            entry,
            student,
            claim,
            unknown,
        } = found;
        let Student { id, name, .. } = student.clone();
        let submission = self.submissions.entry(id);
        let submission =
            submission.or_insert_with(|| Submission::of(student, self.folder, unknown));
        if submission.student.name != name {
            let student = &submission.student;
            let (id, name) = (escape_line(&student.id), escape_line(&student.name));
            let why = message!("its id {id} is that of {name} already", id, name);
            return self.refuse(entry, why);
        }
        submission.paths.push(entry.path);
        submission.parts.push(Part {
            place: entry.place,
            name: claim.rest,
            attempt: claim.attempt,
        });
    }

    /// Whose a file or a folder is, by its name.
    fn owner(&mut self, entry: &ClassEntry) -> Owner {
        let (name, is_folder) = (entry.name.as_str(), entry.is_folder);
        if let Some(claim) = names::of_platform(name) {
            return match self.roster {
                None => known(claim),
                Some(roster) => match people::find(roster, &claim) {
                    Match::One(student) => Owner::Student(student.clone(), claim, None),
                    other => self.unmatched(entry, claim, &other, roster),
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
            return self.unmatched(entry, claim, &other, roster);
        }
        match splits.into_iter().next() {
            Some(split) if is_source => self.unmatched(entry, split, &Match::Nobody, roster),
            _ if is_folder || Kind::of(name) == Kind::Zip => {
                self.unmatched(entry, whole, &Match::Nobody, roster)
            }
            _ => Owner::Nobody(not_a_students(name)),
        }
    }

    /// Finds what a teacher has given to students, and takes it away from where it was.
    fn find_taken(&mut self, takes: &[Take]) -> Vec<Taken> {
        let mut given = Vec::new();
        for take in takes {
            match Taken::find(take, self.folder) {
                Some(found) => given.push(found),
                None => self.notices.push(message!(
                    "{path}, which was taken for {student}, is not there any more",
                    path = escape_line(&take.path),
                    student = escape_line(&take.student)
                )),
            }
        }
        let is_taken = |path: &Path| given.iter().any(|one: &Taken| one.path == path);
        let (gone, found) = std::mem::take(&mut self.found)
            .into_iter()
            .partition(|one: &Found| is_taken(&one.entry.path));
        self.found = found;
        self.retired = gone.into_iter().map(|one: Found| one.student.id).collect();
        self.not_understood.retain(|one| !is_taken(&one.path));
        for all in self.set_aside.values_mut() {
            all.retain(|(path, _)| !is_taken(path));
        }
        self.set_aside.retain(|_, all| !all.is_empty());
        given
    }

    /// Gives students what a teacher has found to be theirs.
    fn give(&mut self, taken: Vec<Taken>) {
        for taken in taken {
            let id = &taken.take.student;
            let of_roster = self.roster.into_iter().flatten();
            let mut students = of_roster.chain(self.submissions.values().map(|one| &one.student));
            let Some(student) = students.find(|student| student.id == *id).cloned() else {
                self.not_taken.push(taken.take);
                continue;
            };
            let submission = self
                .submissions
                .entry(id.clone())
                .or_insert_with(|| Submission::of(student, self.folder, None));
            submission.paths.push(taken.path.clone());
            submission.give(taken);
        }
        let submissions = &self.submissions;
        self.retired.retain(|id| !submissions.contains_key(id));
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
            let what = list(&paths);
            Some(message!("{what}: {why}", what, why))
        });
        let set_aside = self.set_aside.into_iter().map(|(id, all)| {
            let all = all.into_iter().map(|(_, one)| one);
            (id, all.collect())
        });
        Class {
            set_aside: set_aside.collect(),
            notices: notices.chain(self.notices).collect(),
            not_taken: self.not_taken,
            retired: self.retired,
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
