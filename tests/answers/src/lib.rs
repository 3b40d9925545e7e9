//! Right and wrong answers to the exercises, which prove the rubrics.
//!
//! `right/NN/` has programs that must get full marks: a model solution, and others that
//! got there another way. `wrong/NN.toml` has mistakes, each as small edits of a right
//! answer, and which checks a program with this mistake must fail: these, and no others.
//!
//! The file also names the core of the exercise: one or two checks of what the exercise is about.
//! A program that does everything else fails these, and no others.
//!
//! `ends/` has programs that end, or listen and end on a signal, and do nothing else.
//!
//! Wrong answers are written to a package of their own under `target/`, and built there.

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that answers an exercise.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its name, such as `model.rs` or `utf-8`.
    pub name: String,
    /// The command that runs it.
    pub program: Vec<String>,
    /// The checks that it must fail: none for a right answer.
    pub fails: BTreeSet<String>,
    /// Whether its mistake is a race, which a check can miss (see [`Wrong::racy`]).
    pub racy: bool,
}

/// A wrong answer, as `wrong/NN.toml` has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// A short name, unique in the file.
    pub name: String,
    /// What is wrong with it, in a line.
    pub mistake: String,
    /// The right answer that it is made of.
    pub base: String,
    /// The checks that it must fail.
    pub fails: BTreeSet<String>,
    /// Whether the mistake is a race, which a check can miss. It finds it nearly always, but less
    /// often in a sandbox, where fewer clients come, or fewer starts fit in a second.
    #[serde(default)]
    pub racy: bool,
    /// What makes it wrong.
    pub edit: Vec<Edit>,
}

/// A change of the base.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// A text that occurs exactly once in the base.
    pub find: String,
    /// The text that takes its place.
    pub replace: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrongFile {
    core: Option<BTreeSet<String>>,
    wrong: Vec<Wrong>,
}

/// The folder of this package.
const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// The packages that answers may use: those of the right answers.
const DEPENDENCIES: [&str; 7] = [
    "anyhow",
    "ctrlc",
    "encoding_rs",
    "mio",
    "signal-hook",
    "socket2",
    "tokio",
];

/// The folder of an exercise's right answers.
fn right_folder(exercise: u32) -> PathBuf {
    Path::new(HERE).join("right").join(format!("{exercise:02}"))
}

/// The files of an exercise's right answers, in the order of their names.
///
/// # Errors
///
/// If the folder cannot be read.
pub fn right_files(exercise: u32) -> anyhow::Result<BTreeSet<PathBuf>> {
    let folder = right_folder(exercise);
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let is_answer = |path: &PathBuf| {
        path.extension()
            .is_some_and(|end| end == "rs" || end == "py")
    };
    let paths = entries.map(|entry| Ok(entry?.path()));
    let paths: BTreeSet<_> = paths.collect::<std::io::Result<_>>()?;
    Ok(paths.into_iter().filter(is_answer).collect())
}

/// The name that the program of a right answer in Rust has.
pub fn right_program(exercise: u32, name: &str) -> String {
    format!("right-{exercise:02}-{name}")
}

/// An exercise's wrong answers, as the file has them.
///
/// # Errors
///
/// If the file cannot be read, or is not as it should be.
pub fn wrong_answers(exercise: u32) -> anyhow::Result<Vec<Wrong>> {
    Ok(wrong_file(exercise)?.wrong)
}

/// The checks that are the core of an exercise, if its file of wrong answers names them.
///
/// # Errors
///
/// If the file cannot be read, or is not as it should be.
pub fn core(exercise: u32) -> anyhow::Result<Option<BTreeSet<String>>> {
    Ok(wrong_file(exercise)?.core)
}

fn wrong_file(exercise: u32) -> anyhow::Result<WrongFile> {
    let path = Path::new(HERE)
        .join("wrong")
        .join(format!("{exercise:02}.toml"));
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let file: WrongFile = toml::from_str(&text)
        .with_context(|| format!("{} is not as it should be", path.display()))?;
    let names: BTreeSet<_> = file.wrong.iter().map(|wrong| &wrong.name).collect();
    ensure!(
        names.len() == file.wrong.len(),
        "{} has a name twice",
        path.display()
    );
    for wrong in &file.wrong {
        ensure!(
            !wrong.fails.is_empty(),
            "{}: `fails` of {} names no check",
            path.display(),
            wrong.name
        );
    }
    Ok(file)
}

impl Wrong {
    /// Whether it is in Rust. If not, it is in Python.
    pub fn is_rust(&self) -> bool {
        Path::new(&self.base)
            .extension()
            .is_some_and(|end| end == "rs")
    }

    /// The text of the wrong answer.
    ///
    /// # Errors
    ///
    /// If the base cannot be read, or an edit does not fit.
    pub fn source(&self, exercise: u32) -> anyhow::Result<String> {
        let path = right_folder(exercise).join(&self.base);
        let mut source =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for Edit { find, replace } in &self.edit {
            let count = source.matches(find.as_str()).count();
            ensure!(
                count == 1,
                "wrong answer {} of exercise {exercise:02}: the text of `find` must occur once in {}, \
                 and occurs {count} times:\n{find}",
                self.name,
                self.base
            );
            source = source.replacen(find.as_str(), replace, 1);
        }
        Ok(source)
    }

    /// The name of its program.
    fn program(&self, exercise: u32) -> String {
        format!("wrong-{exercise:02}-{}", self.name)
    }
}

/// The right answers to an exercise, ready to run.
///
/// # Errors
///
/// If they cannot be found or built.
pub fn right(exercise: u32, python: &str) -> anyhow::Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for path in right_files(exercise)? {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let program = match name.strip_suffix(".rs") {
            Some(stem) => vec![sibling(&right_program(exercise, stem))?],
            None => vec![
                python.to_string(),
                "-S".to_string(),
                path.to_string_lossy().into_owned(),
            ],
        };
        answers.push(Answer {
            name,
            program,
            fails: BTreeSet::new(),
            racy: false,
        });
    }
    Ok(answers)
}

/// The programs that only end: at once, or on the first signal, when they have listened.
///
/// # Errors
///
/// If they cannot be found.
pub fn only_end(python: &str) -> anyhow::Result<Vec<Vec<String>>> {
    let script = |name: &str| {
        let path = Path::new(HERE).join("ends").join(name);
        let path = path.to_string_lossy().into_owned();
        vec![python.to_string(), "-S".to_string(), path]
    };
    Ok(vec![
        vec![sibling("ends-at-once")?],
        vec![sibling("ends-on-a-signal")?],
        script("at_once.py"),
        script("on_a_signal.py"),
    ])
}

/// A program of this package. Cargo builds it before it builds a test that runs it.
fn sibling(name: &str) -> anyhow::Result<String> {
    let test = std::env::current_exe().context("cannot find this test's own path")?;
    let folder = test
        .ancestors()
        .nth(2)
        .context("this test is in no folder")?;
    let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    ensure!(
        path.is_file(),
        "{} is missing: is it listed in Cargo.toml?",
        path.display()
    );
    Ok(path.to_string_lossy().into_owned())
}

/// The wrong answers to the exercises, ready to run: built all at once.
///
/// # Errors
///
/// If an edit does not fit, or an answer does not compile.
pub fn build_wrong(exercises: &[u32], python: &str) -> anyhow::Result<Vec<(u32, Answer)>> {
    let folder = workspace::root().join("target").join("answers");
    let sources = folder.join("src");
    fs::create_dir_all(&sources).with_context(|| format!("cannot make {}", sources.display()))?;
    let mut manifest = manifest()?;
    let mut answers = Vec::new();
    for &exercise in exercises {
        for wrong in wrong_answers(exercise)? {
            let program = wrong.program(exercise);
            let is_rust = wrong.is_rust();
            let file = sources.join(format!("{program}.{}", if is_rust { "rs" } else { "py" }));
            write_if_new(&file, &wrong.source(exercise)?)?;
            let command = if is_rust {
                // Writing to a String cannot fail.
                let _ = write!(
                    manifest,
                    "\n[[bin]]\nname = \"{program}\"\npath = \"src/{program}.rs\"\n"
                );
                let exe = format!("{program}{}", std::env::consts::EXE_SUFFIX);
                vec![
                    folder
                        .join("target")
                        .join("debug")
                        .join(exe)
                        .to_string_lossy()
                        .into_owned(),
                ]
            } else {
                vec![
                    python.to_string(),
                    "-S".into(),
                    file.to_string_lossy().into_owned(),
                ]
            };
            let answer = Answer {
                name: wrong.name,
                program: command,
                fails: wrong.fails,
                racy: wrong.racy,
            };
            answers.push((exercise, answer));
        }
    }
    write_if_new(&folder.join("Cargo.toml"), &manifest)?;
    let lock = workspace::root().join("Cargo.lock");
    let lock = fs::read_to_string(&lock).context("cannot read Cargo.lock")?;
    if !folder.join("Cargo.lock").exists() {
        write_if_new(&folder.join("Cargo.lock"), &lock)?;
    }
    compile(&folder)?;
    Ok(answers)
}

/// The manifest of the package of the wrong answers, without its programs: the same
/// versions and features as in the workspace, and programs that are built fast.
fn manifest() -> anyhow::Result<String> {
    let path = workspace::root().join("Cargo.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let workspace: toml::Table = text
        .parse()
        .with_context(|| format!("cannot read {}", path.display()))?;
    let all = workspace
        .get("workspace")
        .and_then(|table| table.get("dependencies"));
    let mut dependencies = toml::Table::new();
    for name in DEPENDENCIES {
        match all.and_then(|all| all.get(name)) {
            Some(value) => dependencies.insert(name.to_string(), value.clone()),
            None => bail!("{name} is not in workspace.dependencies"),
        };
    }
    let dependencies = toml::Table::from_iter([("dependencies".to_string(), dependencies.into())]);
    Ok(format!(
        "[package]\nname = \"wrong-answers\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         autobins = false\n\n[workspace]\n\n[profile.dev]\ndebug = 0\nincremental = false\n\n\
         [profile.dev.package.encoding_rs]\nopt-level = 3\n\n{dependencies}"
    ))
}

/// Writes a file, unless it is as it should be: then cargo has nothing to build.
fn write_if_new(path: &Path, text: &str) -> anyhow::Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn compile(folder: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    let output = harness::outside(&mut command)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        // A wrong answer may well have an unused variable.
        .env("RUSTFLAGS", "--cap-lints=allow")
        .args(["build", "--bins", "--quiet", "--offline"])
        .output()
        .context("cannot run cargo")?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "the wrong answers do not compile:\n{told}"
    );
    Ok(())
}
