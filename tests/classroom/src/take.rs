//! `--take`: what was set aside, and the command that gives it to a student all the same.

use crate::escape::escape_line;
use crate::intake::exercise_in_name;
use crate::run::ClassOptions;
use grade::language::Language;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What a teacher has given to a student. The report keeps it, so that it counts in every later
/// run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Take {
    /// Where it is, seen from the folder or the zip of the class, where it is in that.
    pub path: String,
    /// The id of the student.
    pub student: String,
    /// The exercise that a file answers; without one, its names say which.
    pub exercise: Option<u32>,
}

/// The longest path that a command names, in bytes.
const LONGEST: usize = 1_024;

/// Something that was set aside and can be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// Where it is, seen from the folder or the zip of the class.
    pub path: String,
    /// Whether it is a folder or a zip, in which names say which exercises there are.
    pub is_whole: bool,
}

impl SetAside {
    /// What is at this path in the folder of the class. `None` where its name cannot be copied from
    /// a terminal.
    pub(crate) fn at(path: &Path, folder: &Path, is_whole: bool) -> Option<Self> {
        let path = path.strip_prefix(folder).unwrap_or(path).to_str()?;
        let is_plain = escape_line(path) == path && (1..=LONGEST).contains(&path.len());
        let path = path.to_string();
        is_plain.then_some(Self { path, is_whole })
    }
}

/// The command that takes something which was set aside.
#[derive(Debug, Clone, Default)]
pub struct TakeCommand {
    /// How the class was graded; nothing for parts that were put together, which were graded by a
    /// command each.
    graded_by: Option<GradedBy>,
}

#[derive(Debug, Clone)]
struct GradedBy {
    /// The command without the options that name exercises and students.
    words: Vec<String>,
    folder: PathBuf,
    only: Vec<u32>,
}

impl TakeCommand {
    /// The command that grades a class in this way. It names no path that is not text, which no
    /// terminal could show.
    pub(crate) fn of(options: &ClassOptions) -> Self {
        let mut words = ["cargo", "grade"].map(String::from).to_vec();
        if options.language != Language::of_locale() {
            let language = options.language.name();
            words.extend(["--lang", language].map(String::from));
        }
        words.extend(["class".to_string(), shown(&options.folder)]);
        let program = options.program.as_ref().map(|program| {
            let words = shlex::try_join(program.iter().map(String::as_str));
            words.unwrap_or_default()
        });
        let (part, of) = (options.partition.part, options.partition.of);
        let values = [
            ("--roster", options.roster.as_deref().map(shown)),
            ("--overrides", options.overrides.as_deref().map(shown)),
            ("--program", program),
            ("--partition", (of > 1).then(|| format!("{part}/{of}"))),
            ("--out", Some(shown(&options.report))),
        ];
        for (option, value) in values {
            words.extend(value.into_iter().flat_map(|it| [option.to_string(), it]));
        }
        if !options.sandbox {
            words.push("--no-sandbox".to_string());
        }
        if options.wire {
            words.push("--wire".to_string());
        }
        Self {
            graded_by: Some(GradedBy {
                words,
                folder: options.folder.clone(),
                only: options.only.clone(),
            }),
        }
    }

    /// The command, quoted for a shell; `ID` and `NN` stand for what only a teacher knows.
    pub fn taking(&self, what: &SetAside, student: Option<&str>, exercise: Option<u32>) -> String {
        let named = exercise.or_else(|| exercise_in_name(&what.path));
        let exercise = match named {
            _ if what.is_whole => String::new(),
            Some(number) => format!(":{number:02}"),
            None => ":NN".to_string(),
        };
        let id = student.unwrap_or("ID");
        let Some(by) = &self.graded_by else {
            let taken = format!("{}={id}{exercise}", what.path);
            // What stands between is the part's own.
            return format!("cargo grade class ... --take {}", quoted(&[taken]));
        };
        let path = shown(&by.folder.join(&what.path));
        let only = match named {
            Some(number) if !what.is_whole => vec![number],
            _ => by.only.clone(),
        };
        let mut words = by.words.clone();
        for number in only {
            words.extend(["--only".to_string(), number.to_string()]);
        }
        words.extend(["--student", id, "--take"].map(String::from));
        words.push(format!("{path}={id}{exercise}"));
        quoted(&words)
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Words as a shell reads them.
fn quoted(words: &[String]) -> String {
    // A path has no zero byte, which alone cannot be quoted.
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}
