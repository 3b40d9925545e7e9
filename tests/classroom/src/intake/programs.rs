//! The files of programs in other languages: by the names that files in Rust may have.

use super::attempts::{Attempt, Chosen, choose};
use super::choice::{differing, ignored};
use super::contents::SubmissionContents;
use super::names::{self, Certainty};
use super::originals;
use super::text::list;
use crate::take::SetAside;
use harness::message;
use harness::message::Message;
use std::path::Path;

/// The file that a command asks for, or why there is none.
#[derive(Debug, Default)]
pub struct Program<'a> {
    /// Where it is, in the files of the submission.
    pub path: Option<&'a Path>,
    /// What else may be it, and does not count.
    pub(crate) notices: Vec<Message>,
    /// Why nobody knows which file it is, though there are some.
    pub(crate) why: Option<Message>,
    /// Those files.
    pub(crate) set_aside: Vec<SetAside>,
}

impl SubmissionContents {
    /// The file that a command for an exercise asks for by this name: in the folder that was
    /// handed in, or deeper, as a zip often has one folder more. Without it, a file with the
    /// same extension whose name or first line says the exercise as that of a file in Rust may; or,
    /// if no other exercise is asked for, the only one with this extension, if it is called `main`.
    /// Of several attempts it is the newest.
    pub fn program(&self, name: &str, exercise: u32, is_asked_alone: bool) -> Program<'_> {
        let extension = Path::new(name).extension();
        let of_kind: Vec<&Path> = self
            .files
            .keys()
            .map(AsRef::as_ref)
            .filter(|path: &&Path| path.extension() == extension && !is_of_the_course(path))
            .collect();
        let certainty = |path: &Path| self.certainty(path, name, exercise);
        let answers = of_kind
            .iter()
            .filter_map(|path| Some((*path, certainty(path)?)));
        let answers = answers.map(|(path, certainty)| {
            let text = path.to_str().unwrap_or_default();
            let modified = self.origins.get(path).and_then(|origin| origin.modified);
            let attempt = Attempt::of(text, certainty, modified);
            (attempt.ranked(rank(path, name)), path)
        });
        let is_same = |one: &&Path, other: &&Path| self.files[*one] == self.files[*other];
        let chosen = choose(answers.collect(), is_same);
        if !chosen.best.is_empty() {
            return self.answer(&chosen);
        }
        let is_main = |path: &&Path| {
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            stem.is_some_and(names::is_main)
        };
        let unnamed = |path: &&Path| path.to_str().and_then(names::exercise_of).is_none();
        let unnamed: Vec<&Path> = of_kind.into_iter().filter(unnamed).collect();
        match unnamed[..] {
            [] => Program::default(),
            [path] if is_asked_alone && is_main(&path) => Program {
                path: Some(path),
                ..Program::default()
            },
            _ if extension.is_none() => Program::default(),
            _ => {
                let files = list(&shown(&unnamed));
                let why = message!(
                    "nothing says which exercise these files answer: {files}",
                    files
                );
                self.unclear(&unnamed, why)
            }
        }
    }

    /// Files for the exercise that are not in Rust, and no documents.
    pub(crate) fn in_other_languages(&self, exercise: u32) -> Vec<String> {
        let all = self.files.keys().filter_map(|path| path.to_str());
        let is_one = |path: &&str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            let number = names::exercise_of(path).map(|(number, _)| number);
            names::may_be_program(name)
                && names::Kind::of(name) == names::Kind::File
                && names::split_extension(name).1 != "rs"
                && number == Some(exercise)
                && !is_of_the_course(Path::new(path))
        };
        all.filter(is_one).map(String::from).collect()
    }

    /// How sure it is that a file is the program.
    fn certainty(&self, path: &Path, name: &str, exercise: u32) -> Option<Certainty> {
        let taken = self.origins.get(path).and_then(|origin| origin.taken);
        if let Some(number) = taken {
            return (number == exercise).then_some(Certainty::Taken);
        }
        if path.ends_with(name) {
            return Some(Certainty::Exact);
        }
        let named = names::exercise_of(path.to_str()?);
        let said = || Some((names::of_first_line(&self.files[path])?, Certainty::More));
        let (number, certainty) = named.or_else(said)?;
        (number == exercise).then_some(certainty)
    }

    /// The newest and surest file, if it is one.
    fn answer<'a>(&self, chosen: &Chosen<&'a Path>) -> Program<'a> {
        let best = &chosen.best;
        if best
            .iter()
            .any(|path| self.files[*path] != self.files[best[0]])
        {
            return self.unclear(best, differing(&shown(best)));
        }
        let (earlier, others) = (shown(&chosen.earlier), shown(&chosen.others));
        Program {
            path: Some(best[0]),
            notices: ignored(&shown(best), &earlier, &others),
            ..Program::default()
        }
    }

    fn unclear<'a>(&self, paths: &[&Path], why: Message) -> Program<'a> {
        let origins = paths.iter().filter_map(|path| self.origins.get(*path));
        Program {
            why: Some(why),
            set_aside: origins.filter_map(|origin| origin.what.clone()).collect(),
            ..Program::default()
        }
    }
}

fn shown(paths: &[&Path]) -> Vec<String> {
    paths
        .iter()
        .map(|path| path.display().to_string())
        .collect()
}

/// Which of equally sure names is to be taken: the one that is asked for comes first.
fn rank(path: &Path, name: &str) -> usize {
    match path {
        path if path == Path::new(name) => 0,
        path if path.ends_with(name) => 1,
        _ => 2,
    }
}

/// Whether a file is one that a copy of the handout has of its own, such as a lesson in Python.
fn is_of_the_course(path: &Path) -> bool {
    let Some(path) = path.to_str() else {
        return false;
    };
    let Some(root) = names::handout_root(path) else {
        return false;
    };
    let below = &path[root.len()..];
    originals::is_of_the_course(below) && !below.contains("/exercise/")
}
