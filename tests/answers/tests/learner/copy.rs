//! Copies of the workspace, as learners have them, which tests may break.

use assert_cmd::assert::{Assert, OutputAssertExt};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;

/// The exercise that the tests solve.
pub(crate) const FILE: &str = "lessons/02-server/exercise/main.rs";

/// A copy of the workspace.
pub(crate) struct Copy {
    pub(crate) folder: PathBuf,
    target: PathBuf,
    /// Removes the folder when the copy is dropped, unless it is the one that is kept.
    _temporary: Option<TempDir>,
}

/// The copy that is kept from run to run, since its build takes a while. One test at a time has
/// it, and finds the starter in it.
pub(crate) fn kept() -> MutexGuard<'static, Copy> {
    static KEPT: LazyLock<Mutex<Copy>> = LazyLock::new(|| Mutex::new(Copy::make()));
    // The next test writes everything anew that a failed one may have left.
    let copy = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    fs::write(copy.file(), copy.starter()).expect("the file can be written");
    copy
}

impl Copy {
    fn make() -> Self {
        let target = workspace::root().join("target");
        fs::create_dir_all(&target).expect("the target folder can be made");
        let folder = target.canonicalize().expect("it is there").join("learner");
        // What was built there before stays, and saves most of the time.
        for name in [
            "lessons",
            "tests",
            "mdbook",
            "Cargo.toml",
            "Cargo.lock",
            ".cargo",
        ] {
            let path = folder.join(name);
            let _ = if path.is_dir() {
                fs::remove_dir_all(path)
            } else {
                fs::remove_file(path)
            };
        }
        copy_workspace(&folder);
        let copy = Self {
            target: folder.join("target"),
            folder,
            _temporary: None,
        };
        copy.cargo(&["build", "--quiet", "--package", "grade"])
            .success();
        copy
    }

    /// A copy of this copy, with all that was built in it and with all times.
    pub(crate) fn duplicate(&self) -> Self {
        let mut copy = self.without_target();
        copy_all(&self.target, &copy.folder);
        copy.target = copy.folder.join("target");
        copy
    }

    /// A copy of this copy that builds in the same target folder.
    pub(crate) fn without_target(&self) -> Self {
        let parent = self.folder.parent().expect("it is in a folder");
        let temporary = TempDir::with_prefix_in("copy-", parent).expect("a folder can be made");
        let folder = temporary.path().join("project");
        fs::create_dir(&folder).expect("a folder can be made");
        let entries = fs::read_dir(&self.folder).expect("the folder can be read");
        let entries = entries.flatten().map(|entry| entry.path());
        for entry in entries.filter(|path| *path != self.target) {
            copy_all(&entry, &folder);
        }
        Self {
            target: self.target.clone(),
            folder,
            _temporary: Some(temporary),
        }
    }

    /// This copy under another name.
    pub(crate) fn renamed(mut self) -> Self {
        let folder = self.folder.with_file_name("renamed");
        fs::rename(&self.folder, &folder).expect("a folder can be renamed");
        self.target = folder.join("target");
        self.folder = folder;
        self
    }

    /// Another folder, such as a worktree, built in the target folder of this copy.
    pub(crate) fn at(&self, folder: PathBuf) -> Self {
        Self {
            folder,
            target: self.target.clone(),
            _temporary: None,
        }
    }

    /// A command in the folder of the copy.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        harness::outside(&mut command).current_dir(&self.folder);
        command
            .env("CARGO_TARGET_DIR", &self.target)
            .env("LC_ALL", "C.UTF-8");
        command
    }

    /// The grader that was built for this copy.
    pub(crate) fn grader(&self) -> PathBuf {
        self.target.join("debug/grade")
    }

    /// Runs the grader in the folder of the copy.
    pub(crate) fn grade(&self, arguments: &[&str]) -> Assert {
        self.command(self.grader()).args(arguments).assert()
    }

    /// Runs cargo in the folder of the copy.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Assert {
        self.command("cargo").args(arguments).assert()
    }

    /// The learner's file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// The starter of the learner's file.
    pub(crate) fn starter(&self) -> String {
        self.read("tests/grade/starters/02.rs")
    }

    /// A right answer.
    pub(crate) fn answer(&self) -> String {
        self.read("tests/answers/right/02/model.rs")
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).expect("the file can be read")
    }
}

/// Copies a file or a folder into a folder, with all times.
fn copy_all(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.expect("cp can be run").success());
}

/// Copies the files that git knows, or would know, to a folder.
fn copy_workspace(to: &Path) {
    let list = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(workspace::root())
        .output()
        .expect("git lists the files");
    for name in String::from_utf8_lossy(&list.stdout).split_terminator('\0') {
        let (from, to) = (workspace::root().join(name), to.join(name));
        fs::create_dir_all(to.parent().expect("a file is in a folder")).expect("a folder");
        // A file that has been removed, but not from git yet, does not belong to the copy.
        if from.is_file() {
            fs::copy(&from, &to).expect("a file can be copied");
        }
    }
}
