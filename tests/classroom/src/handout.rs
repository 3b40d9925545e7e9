//! `cargo grade handout`: the students' copy of the workspace, without any solution.
//!
//! [`make`] writes it. What it was made from stands in it: the package `update`, which is in
//! it too, compares with that, and brings the copy up to date.

pub mod files;
mod git;
mod leak;
mod manifest;
pub(crate) mod vendor;

use anyhow::{bail, ensure};
use files::{Purpose, Sources};
use grade::catalogue::say;
use grade::exercise::Exercise;
use grade::failed::{Because, Failed, in_words};
use grade::language::Language;
use harness::message;
use harness::message::Message;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use update::paths::exercise_of;
use update::record::CopyRecord;

pub use vendor::Vendored;

/// What a copy has that the workspace has not: where, and what.
const EXTRAS: [(&str, &str); 4] = [
    ("README.md", include_str!("handout/README.md")),
    ("README.zh-CN.md", include_str!("handout/README.zh-CN.md")),
    (".gitignore", include_str!("handout/gitignore.txt")),
    (".gitattributes", include_str!("handout/gitattributes.txt")),
];

/// Where a copy has the workflow for GitHub Classroom.
const CLASSROOM_WORKFLOW: &str = ".github/workflows/classroom.yml";

/// The workflow for GitHub Classroom, which reports the points of each of these exercises. What it
/// reports is in `language`.
pub fn classroom_workflow(exercises: &[Exercise], language: Language) -> String {
    let names: Vec<_> = exercises
        .iter()
        .map(|exercise| format!("exercise{:02}", exercise.number))
        .collect();
    let results: Vec<_> = names
        .iter()
        .map(|name| {
            let variable = name.to_uppercase();
            format!("{variable}_RESULTS: ${{{{ steps.grade.outputs.{name} }}}}")
        })
        .collect();
    include_str!("handout/classroom.yml")
        .replace("@RESULTS@", &results.join("\n          "))
        .replace("@RUNNERS@", &names.join(","))
        .replace(
            "@NOT_GRADED@",
            &say(&message!("it could not be graded"), language),
        )
}

/// The workflow that grades a class on many machines at once. It belongs to the teacher's
/// repository, and not to a copy.
pub const CLASS_WORKFLOW: &str = include_str!("handout/class.yml");

/// A students' copy that has been made.
#[derive(Debug)]
pub struct Made {
    /// Where it is.
    pub folder: PathBuf,
    /// How many files it has, without the dependencies.
    pub files: usize,
    /// How many bytes these have.
    pub bytes: u64,
    /// The dependencies, if they are in it.
    pub vendored: Option<Vendored>,
    /// Whether git has said which files belong to the workspace. Where it could not, the
    /// known kinds of files in the known folders have been taken.
    pub listed_by_git: bool,
    /// Files that would be in it if git tracked them.
    pub untracked: Vec<String>,
    /// Files in the folders of the lessons that are no part of a lesson.
    pub left_out: Vec<String>,
    /// Why it is no git repository, if it is none.
    pub no_repository: Option<Message>,
}

/// Writes the students' copy of a workspace, with the starters in a language.
///
/// It is made beside `folder` and moved there when it is whole: an error leaves nothing.
///
/// # Errors
///
/// If the folder has something in it already, a file cannot be read or written, cargo cannot
/// resolve or vendor the dependencies, or a line of a solution would be in the copy.
pub fn make(
    workspace: &Path,
    folder: &Path,
    vendor: bool,
    language: Language,
) -> anyhow::Result<Made> {
    let folder = &std::path::absolute(folder)
        .because(|| message!("cannot tell where {path} is", path = folder.display()))?;
    ensure_empty(folder)?;
    let parent = folder
        .parent()
        .because(|| message!("the root folder is not empty"))?;
    fs::create_dir_all(parent)
        .because(|| message!("cannot make {path}", path = parent.display()))?;
    let part = tempfile::Builder::new()
        .prefix(".handout-")
        .tempdir_in(parent)
        .because(|| message!("cannot make a folder in {path}", path = parent.display()))?;
    let sources = Sources::of(workspace, Purpose::Handout)?;
    let workflow = classroom_workflow(&Exercise::all(workspace)?, language);
    let extras = [&EXTRAS[..], &[(CLASSROOM_WORKFLOW, &workflow)]].concat();
    let Copied { files, bytes } = copy(&sources, part.path(), &extras, language)?;
    leak::refuse(workspace, part.path(), &files)?;
    let vendored = vendor
        .then(|| vendor::vendor(part.path(), &vendor::PLATFORMS))
        .transpose()?;
    CopyRecord::of(part.path(), &files)?.write(part.path())?;
    let no_repository = git::commit_all(part.path(), language)
        .err()
        .map(|e| in_words(&e));
    move_to(part, folder)?;
    Ok(Made {
        folder: folder.clone(),
        files: files.len() + 1,
        bytes,
        vendored,
        listed_by_git: sources.listed_by_git,
        untracked: sources.untracked,
        left_out: sources.left_out,
        no_repository,
    })
}

/// Writes the sources of a workspace that a machine needs for grading: a copy without the
/// book, with the dependencies, for [`crate::gradescope`]. Returns what they come to.
///
/// # Errors
///
/// As [`make`].
pub(crate) fn make_bundle(workspace: &Path, folder: &Path) -> anyhow::Result<Vendored> {
    let sources = Sources::of(workspace, Purpose::Grading)?;
    let Copied { files, .. } = copy(&sources, folder, &[], Language::En)?;
    leak::refuse(workspace, folder, &files)?;
    vendor::vendor(folder, &vendor::LINUX)
}

/// Files that have been copied, as paths with `/` between the parts.
struct Copied {
    files: Vec<String>,
    bytes: u64,
}

/// Copies the files, puts the starters in, and makes the manifests and the lockfile fit.
fn copy(
    sources: &Sources,
    to: &Path,
    extras: &[(&str, &str)],
    language: Language,
) -> anyhow::Result<Copied> {
    let mut files = sources.files.clone();
    for path in &sources.files {
        write(to, path, &sources.read(path)?)?;
    }
    for (path, text) in extras {
        write(to, path, text.as_bytes())?;
        files.push((*path).to_string());
    }
    files.extend(starters(sources, to, language)?);
    manifest::fit(to, &files)?;
    files.sort();
    let mut bytes = 0;
    for path in &files {
        let file = to.join(path);
        let data =
            fs::metadata(&file).because(|| message!("cannot see {path}", path = file.display()))?;
        bytes += data.len();
    }
    Ok(Copied { files, bytes })
}

/// How many exercises a copy had when the grader was still in `tests/grader`. The update of such
/// a copy takes the starters of new exercises from there, and without them no command of cargo
/// would work any more.
const EARLIER: u32 = 7;

/// Puts the starters where the students work, whatever the teacher has there.
fn starters(sources: &Sources, to: &Path, language: Language) -> anyhow::Result<Vec<String>> {
    let mut written = Vec::new();
    for path in &sources.files {
        let Some((folder, number)) = exercise_of(path) else {
            continue;
        };
        let starter = grade::exercise::starter_in(language, number);
        let text = sources.read(&starter)?;
        let mut files = vec![format!("{folder}/main.rs")];
        if number > EARLIER {
            files.push(format!("tests/grader/starters/{number:02}.rs"));
        }
        for file in files {
            write(to, &file, &text)?;
            written.push(file);
        }
    }
    ensure!(
        !written.is_empty(),
        Failed::new(message!("there are no exercises to hand out"))
    );
    Ok(written)
}

/// Writes a file, and the folders that it is in.
pub(crate) fn write(folder: &Path, path: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let file = folder.join(path);
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent)
            .because(|| message!("cannot make {path}", path = parent.display()))?;
    }
    fs::write(&file, bytes).because(|| message!("cannot write {path}", path = file.display()))
}

/// Refuses a folder that has something in it.
fn ensure_empty(folder: &Path) -> anyhow::Result<()> {
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(error).because(|| message!("cannot read {path}", path = folder.display()));
        }
    };
    let Some(entry) = entries.next() else {
        return Ok(());
    };
    let entry = entry.because(|| message!("cannot read {path}", path = folder.display()))?;
    let (folder, name) = (folder.display(), entry.file_name());
    let name = name.to_string_lossy().into_owned();
    bail!(Failed::new(message!(
        "{folder} is not empty ({name} is in it): name a folder that does not exist yet",
        folder,
        name
    )));
}

/// Moves what is whole to where it should be.
fn move_to(part: tempfile::TempDir, folder: &Path) -> anyhow::Result<()> {
    // It is empty, or does not exist; not everywhere can a folder be put over another one.
    match fs::remove_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error)
                .because(|| message!("cannot replace {path}", path = folder.display()));
        }
        _ => {}
    }
    fs::rename(part.path(), folder)
        .because(|| message!("cannot make {path}", path = folder.display()))?;
    open_to_others(folder)?;
    // Nothing is there any more that could be removed.
    let _ = part.keep();
    Ok(())
}

/// Gives a folder that was made for temporary use the rights that any other has.
fn open_to_others(folder: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
            .because(|| message!("cannot set the rights of {path}", path = folder.display()))?;
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
