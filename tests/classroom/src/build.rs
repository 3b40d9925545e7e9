//! Builds students' files, in a clean tree and in a sandbox.
//!
//! A [`Builder`] holds the tree: the manifests, the lockfile, the starters, the rubrics and
//! the harness of the teacher, and no solution. Cargo builds it once, and tells how it calls
//! the compiler for each starter. A student's file is compiled by the same call with the
//! file in the place of the starter: that is four times as fast as cargo, and nothing but
//! the file is the student's.
//!
//! The compiler runs no code of a student: there is no build script and no procedural macro
//! of theirs, and a constant is interpreted. But it reads whatever a file names
//! (`include_str!`), and it can be kept busy: so it runs in a sandbox that holds the file
//! and what compiles it, and with limits.

mod built;
mod call;
mod compiler;
mod end;
mod lock;
mod tree;

use anyhow::{bail, ensure};
use built::Built;
use call::CompilerCall;
use end::{End, KILL, XCPU, XFSZ, is_out_of_memory, late};
use grade::exercise::{Exercise, digits};
use grade::failed::{Because, Failed};
use grade::rubric::Rubric;
use grade::sandbox::kind::Kind;
use harness::message;
use harness::message::Message;
use harness::{Stderr, Supervised};
use lock::FolderLock;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

pub use compiler::{FILE_SIZE, LIMIT, MEMORY};

/// How much is kept of what the compiler says, in bytes.
const MESSAGES: u64 = 64 << 10;

/// Below this much free space, in bytes, a compiler that fails may have failed for want of it.
const DISK_RESERVE: u64 = 128 << 20;

/// A folder in which a compilation was going on this long ago has been left by a grader that
/// was killed.
const LEFT_BEHIND: Duration = Duration::from_secs(600);

/// A clean tree in which students' files are compiled, and the rubrics that judge them.
pub struct Builder {
    work: PathBuf,
    fingerprint: String,
    toolchain: PathBuf,
    kind: Kind,
    rubrics: BTreeMap<u32, Rubric>,
    calls: BTreeMap<u32, CompilerCall>,
    /// Nobody changes what is built while this is open.
    lock: FolderLock,
}

/// What has become of a student's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiled {
    /// The program.
    Program(PathBuf),
    /// What the compiler said against it, at most 64 KB, or what has ended the compiler.
    Refused(Message),
    /// The compiler was not done after [`LIMIT`] of processor time, or waited for something else
    /// than a processor.
    TimedOut,
    /// The machine was so busy that the compiler got too little processor time, twice.
    Starved,
}

impl Builder {
    /// Copies what builds the exercises from `workspace` into the folder `work`, builds it
    /// there, and learns how the compiler is called for each exercise. Where that is done
    /// already, of the same files and by the same compiler, it takes half a second; else
    /// half a minute. Who opens it while another uses it and has to build it anew, waits.
    ///
    /// `exercises` are those whose rubrics and files will be asked for. With `sandboxed` the
    /// compiler runs in bubblewrap. Without, a file can read what its author could not:
    /// whatever the one who grades can read.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or written, something of the teacher's does not compile,
    /// cargo calls the compiler in a way that is not understood, or bubblewrap does not work.
    pub fn open(
        workspace: &Path,
        work: &Path,
        exercises: &[Exercise],
        sandboxed: bool,
    ) -> anyhow::Result<Self> {
        let kind = if sandboxed { Kind::find()? } else { Kind::None };
        fs::create_dir_all(work)
            .because(|| message!("cannot make {path}", path = work.display()))?;
        let work = fs::canonicalize(work)
            .because(|| message!("cannot find the folder {path}", path = work.display()))?;
        let toolchain = tree::toolchain(workspace)?;
        let files = tree::files(workspace)?;
        let fingerprint = tree::fingerprint(&files, &work, &toolchain)?;
        // Others may use what is built; nobody else may while it is being built.
        let lock = FolderLock::shared(&work)?;
        let mut found = Built::read(&work, &fingerprint);
        if found.is_none() {
            lock.make_exclusive()?;
            // Somebody else may have built it meanwhile.
            found = Built::read(&work, &fingerprint);
            if found.is_some() {
                lock.make_shared()?;
            }
        }
        let is_new = found.is_none();
        let units = match found {
            Some(built) => built.units,
            None => tree::build(workspace, &work, &files)?,
        };
        let built = Built { fingerprint, units };
        let builder = Self::of(&built, work, toolchain, kind, exercises, lock)?;
        builder.remove_leftovers()?;
        // All of them once; later one, because the sandbox may be another by now.
        let count = if is_new { exercises.len() } else { 1 };
        if let Err(error) = builder.try_starters(workspace, count) {
            // Somebody may have taken something out: the next one builds it anew.
            Built::remove(&builder.work)?;
            return Err(error);
        }
        if is_new {
            built.write(&builder.work)?;
            builder.lock.make_shared()?;
        }
        Ok(builder)
    }

    /// A builder of what has been built.
    fn of(
        built: &Built,
        work: PathBuf,
        toolchain: PathBuf,
        kind: Kind,
        exercises: &[Exercise],
        lock: FolderLock,
    ) -> anyhow::Result<Self> {
        let (mut rubrics, mut calls) = (BTreeMap::new(), BTreeMap::new());
        for exercise in exercises {
            let unit = built.units.get(&exercise.number);
            let unit =
                unit.because(|| message!("{package} was not built", package = exercise.package()))?;
            let rubric = Rubric::built(exercise, unit.rubric.clone(), unit.starter.clone())?;
            rubrics.insert(exercise.number, rubric);
            calls.insert(exercise.number, unit.call.clone());
        }
        Ok(Self {
            work,
            fingerprint: built.fingerprint.clone(),
            toolchain,
            kind,
            rubrics,
            calls,
            lock,
        })
    }

    /// The fingerprint of what rubrics and programs are built of.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// A folder of its own for a program, on the disk where programs are made.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn folder(&self) -> anyhow::Result<TempDir> {
        TempDir::with_prefix_in("program-", self.compilations()).because(|| {
            message!(
                "cannot make a folder for a program in {path}",
                path = self.compilations().display()
            )
        })
    }

    /// The rubric of an exercise, built; `None` if it was not asked for.
    pub fn rubric(&self, exercise: u32) -> Option<&Rubric> {
        self.rubrics.get(&exercise)
    }

    /// Compiles a student's file, and puts the program at `out`, whole or not at all. That
    /// must be on the same disk as the work folder. Many threads may do so at once, each with
    /// another `out`.
    ///
    /// # Errors
    ///
    /// If the exercise was not asked for when the builder was opened, the compiler or its
    /// sandbox cannot be run, or the disk is full. Whatever the file is to blame for is no
    /// error.
    pub fn compile(&self, exercise: u32, source: &[u8], out: &Path) -> anyhow::Result<Compiled> {
        let call = self.calls.get(&exercise).because(|| {
            message!(
                "the builder is not open for exercise {exercise}",
                exercise = digits(exercise)
            )
        })?;
        // What was starved is compiled again: by then others may be done.
        match self.compile_once(call, source, out)? {
            Compiled::Starved => self.compile_once(call, source, out),
            compiled => Ok(compiled),
        }
    }

    fn compile_once(
        &self,
        call: &CompilerCall,
        source: &[u8],
        out: &Path,
    ) -> anyhow::Result<Compiled> {
        let bench = self.bench(source)?;
        let mut command = compiler::command(
            self.kind,
            call,
            &self.toolchain,
            &self.libraries(),
            bench.path(),
        )?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let running = Supervised::start(&mut command, MESSAGES)
            .because(|| message!("cannot run the compiler's sandbox"))?;
        let ended = running
            .wait(compiler::WALL_LIMIT)
            .because(|| message!("cannot wait for the compiler"))?;
        if !ended.in_time {
            return Ok(late(ended.held_up));
        }
        if End::of(ended.status) == End::Signal(XCPU) {
            return Ok(Compiled::TimedOut);
        }
        let compiled = self.judge(ended.status, &messages(ended.stderr), bench.path())?;
        if let Some(message) = compiled {
            return Ok(Compiled::Refused(message));
        }
        hand_out(
            &bench.path().join(compiler::OUT).join(compiler::PROGRAM),
            out,
        )?;
        Ok(Compiled::Program(out.to_path_buf()))
    }

    /// A folder of its own for a compilation, with the student's file in it.
    fn bench(&self, source: &[u8]) -> anyhow::Result<TempDir> {
        let make = || -> std::io::Result<TempDir> {
            let bench = TempDir::with_prefix_in("compile-", self.compilations())?;
            fs::create_dir(bench.path().join(compiler::STUDENT))?;
            fs::create_dir(bench.path().join(compiler::OUT))?;
            fs::write(
                bench.path().join(compiler::STUDENT).join(call::SOURCE),
                source,
            )?;
            compiler::prepare(self.kind, bench.path())?;
            Ok(bench)
        };
        make().because(|| {
            message!(
                "cannot make a folder for the compiler in {path}",
                path = self.compilations().display()
            )
        })
    }

    fn compilations(&self) -> PathBuf {
        self.work.join("compiling")
    }

    fn libraries(&self) -> PathBuf {
        tree::libraries(&self.work)
    }

    /// Makes the folder of the compilations, and takes out what a grader that was killed has
    /// left in it.
    fn remove_leftovers(&self) -> anyhow::Result<()> {
        let compilations = self.compilations();
        let remove_leftovers = || -> std::io::Result<()> {
            fs::create_dir_all(&compilations)?;
            // What programs may read in it is nobody else's business.
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                fs::set_permissions(&compilations, fs::Permissions::from_mode(0o700))?;
            }
            for entry in fs::read_dir(&compilations)? {
                let entry = entry?;
                // What is in use may be gone by now.
                let Ok(modified) = entry.metadata().and_then(|folder| folder.modified()) else {
                    continue;
                };
                let age = SystemTime::now().duration_since(modified);
                if age.is_ok_and(|age| age > LEFT_BEHIND)
                    && let Err(error) = fs::remove_dir_all(entry.path())
                    && error.kind() != std::io::ErrorKind::NotFound
                {
                    return Err(error);
                }
            }
            Ok(())
        };
        remove_leftovers()
            .because(|| message!("cannot clean up {path}", path = compilations.display()))
    }

    /// Compiles starters as if they were students' files: if that does not go well, it is
    /// the builder that is to blame, and no student shall be.
    fn try_starters(&self, workspace: &Path, count: usize) -> anyhow::Result<()> {
        for (&exercise, call) in self.calls.iter().take(count) {
            let starter = tree::starter(workspace, exercise);
            let mut source = fs::read_to_string(&starter)
                .because(|| message!("cannot read {path}", path = starter.display()))?;
            // A starter need not use all crates that an answer uses.
            for name in call.crates() {
                let _ = write!(source, "\nextern crate {name} as _;");
            }
            let folder = TempDir::with_prefix_in("compile-", self.compilations())
                .because(|| message!("cannot make a folder"))?;
            match self.compile(exercise, source.as_bytes(), &folder.path().join("starter"))? {
                Compiled::Program(_) => {}
                Compiled::Refused(message) => bail!(Failed::new(message!(
                    "the starter of exercise {exercise} does not compile as students' files are compiled:\n{told}",
                    exercise = digits(exercise),
                    told = message
                ))),
                Compiled::TimedOut | Compiled::Starved => bail!(Failed::new(message!(
                    "the starter of exercise {exercise} was not compiled within {limit}: is this machine busy with something else?",
                    exercise = digits(exercise),
                    limit = LIMIT
                ))),
            }
        }
        Ok(())
    }

    /// What the end of the compiler means: `None` that it has made a program, and otherwise
    /// what there is to say.
    fn judge(
        &self,
        status: ExitStatus,
        messages: &str,
        bench: &Path,
    ) -> anyhow::Result<Option<Message>> {
        let ended = End::of(status);
        if ended == End::Exit(0) {
            return Ok(None);
        }
        let free = free_space(&self.work);
        ensure!(
            free.is_none_or(|free| free > DISK_RESERVE),
            Failed::new(message!(
                "the disk of {path} is nearly full: the compiler may have failed for that",
                path = self.work.display()
            ))
        );
        ensure!(
            !harness::sandbox::has_failed(messages),
            Failed::new(message!(
                "the compiler's sandbox cannot be started: {messages}",
                messages = messages.trim_end()
            ))
        );
        let told = self.anonymous(messages, bench);
        let refused = match ended {
            // The second is a panic of the compiler: it says so itself.
            End::Exit(1 | 101) => message!("{words}", words = told),
            End::Signal(XFSZ) => message!(
                "What the compiler made of this file was bigger than 64 MB, and the compiler was ended.\n\n{told}",
                told
            ),
            // The kernel ends so what takes too much memory.
            End::Signal(signal) if signal == KILL || is_out_of_memory(messages) => message!(
                "The compiler needed more than 2 GB of memory for this file, and was ended.\n\n{told}",
                told
            ),
            // What it says is about itself, and not about the file.
            End::Signal(signal) => message!(
                "The compiler crashed on this file (signal {signal}): it may be nested too deeply.",
                signal
            ),
            End::Exit(code) => bail!(Failed::new(message!(
                "the compiler cannot be run (exit status {code}): {messages}",
                code,
                messages = messages.trim_end()
            ))),
        };
        Ok(Some(refused))
    }

    /// What the compiler said, without the folders of this machine. In the sandbox there are
    /// none.
    fn anonymous(&self, messages: &str, bench: &Path) -> String {
        let folders = [
            (bench.join(compiler::OUT), "/out"),
            (bench.join(compiler::STUDENT), "/student"),
            (self.libraries(), "/libraries"),
            (self.toolchain.clone(), "/toolchain"),
            (self.work.clone(), "/workshop"),
        ];
        folders
            .iter()
            .fold(messages.to_string(), |text, (folder, name)| {
                text.replace(&*folder.to_string_lossy(), name)
            })
    }
}

/// The free space of the disk that a folder is on, in bytes; `None` if the system does not
/// tell.
fn free_space(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let disk = rustix::fs::statvfs(folder).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

/// Moves a program to where it is wanted, so that it is there whole or not at all. It is not
/// copied: a child that another thread starts meanwhile holds the open file for a moment,
/// and a program that is open for writing cannot be run.
fn hand_out(program: &Path, out: &Path) -> anyhow::Result<()> {
    let hand_out = || -> anyhow::Result<()> {
        // The compiler has made it: a link would be its mistake, and is not followed.
        let metadata = fs::symlink_metadata(program)?;
        ensure!(
            metadata.is_file(),
            Failed::new(message!("the compiler has made no program"))
        );
        compiler::take_over(program)?;
        fs::rename(program, out)?;
        Ok(())
    };
    hand_out().because(|| message!("cannot put a program at {path}", path = out.display()))
}

/// What the compiler has said; what is cut off is cut at the end of a line.
fn messages(said: Stderr) -> String {
    let mut text = said.text;
    if said.left_out > 0 {
        text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
        text.push_str("...\n");
    }
    text
}
