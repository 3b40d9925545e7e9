//! The clean tree: what of the teacher's workspace builds the exercises, and no more.

use super::built::{Built, Unit};
use super::call::cargo_calls;
use crate::disk::remove;
use crate::fingerprint::Fingerprint;
use anyhow::ensure;
use grade::exercise::Exercise;
use grade::failed::{Because, Failed};
use harness::message;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use toml::{Table, Value};

/// The files of the tree, by their paths in it.
pub(super) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Grows with every change here that makes another tree, or other calls, of the same files.
const VERSION: u32 = 1;

/// Files that are taken as they are, where they are there.
const AS_THEY_ARE: [&str; 4] = [
    "Cargo.lock",
    ".cargo/config.toml",
    "rust-toolchain.toml",
    "rust-toolchain",
];

/// The starter of an exercise, as it is handed out.
pub(super) fn starter(workspace: &Path, exercise: u32) -> PathBuf {
    workspace.join(format!("tests/grade/starters/{exercise:02}.rs"))
}

/// The folder of the libraries.
pub(super) fn libraries(work: &Path) -> PathBuf {
    work.join("libraries")
}

/// The files that build the exercises of a workspace: their manifests, the starters, the
/// rubrics and the harness. What stands in an exercise's `main.rs` may be a solution.
pub(super) fn files(workspace: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    let read = |path: &Path| {
        let path = workspace.join(path);
        fs::read(&path).because(|| message!("cannot read {path}", path = path.display()))
    };
    let mut members = vec![Value::from("tests/harness")];
    for exercise in Exercise::all(workspace)? {
        let folder = exercise.folder.strip_prefix(workspace);
        let folder = folder.because(|| message!("an exercise is not in the workspace"))?;
        members.push(Value::from(&*folder.to_string_lossy()));
        let manifest = folder.join("Cargo.toml");
        files.insert(manifest.clone(), read(&manifest)?);
        let starter = starter(Path::new(""), exercise.number);
        files.insert(folder.join("main.rs"), read(&starter)?);
    }
    // A rubric may have modules beside it.
    add_folder(&mut files, workspace, Path::new("tests/exercises"))?;
    add_folder(&mut files, workspace, Path::new("tests/harness/src"))?;
    for name in AS_THEY_ARE.map(Path::new) {
        if workspace.join(name).is_file() {
            files.insert(name.to_path_buf(), read(name)?);
        }
    }
    let manifest = root_manifest(table(&workspace.join("Cargo.toml"))?, members);
    files.insert("Cargo.toml".into(), manifest.to_string().into());
    let harness = Path::new("tests/harness/Cargo.toml");
    files.insert(harness.to_path_buf(), read(harness)?);
    Ok(files)
}

/// Adds the files of a folder, and of those in it.
fn add_folder(files: &mut Files, workspace: &Path, folder: &Path) -> anyhow::Result<()> {
    let read = |files: &mut Files| -> anyhow::Result<()> {
        for entry in fs::read_dir(workspace.join(folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                add_folder(files, workspace, &path)?;
            } else {
                files.insert(path, fs::read(entry.path())?);
            }
        }
        Ok(())
    };
    read(files).because(|| message!("cannot read the folder {path}", path = folder.display()))
}

fn table(path: &Path) -> anyhow::Result<Table> {
    let text = fs::read_to_string(path)
        .because(|| message!("cannot read {path}", path = path.display()))?;
    text.parse()
        .because(|| message!("{path} is no TOML", path = path.display()))
}

/// The workspace's manifest with these members, and a profile for programs that are built
/// fast, and once.
fn root_manifest(mut manifest: Table, members: Vec<Value>) -> Table {
    if let Some(Value::Table(workspace)) = manifest.get_mut("workspace") {
        workspace.insert("members".into(), Value::Array(members));
        workspace.remove("default-members");
    }
    let profile = manifest
        .entry("profile")
        .or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(profile) = profile {
        let dev = profile
            .entry("dev")
            .or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(dev) = dev {
            dev.insert("debug".into(), Value::Integer(0));
            dev.insert("incremental".into(), Value::Boolean(false));
        }
    }
    manifest
}

/// The compiler's own folder: what `rustc` is may depend on the folder that it is called in.
pub(super) fn toolchain(workspace: &Path) -> anyhow::Result<PathBuf> {
    let output = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()))
        .args(["--print", "sysroot"])
        .current_dir(workspace)
        .output()
        .because(|| message!("cannot run rustc"))?;
    ensure!(
        output.status.success(),
        Failed::new(message!(
            "rustc --print sysroot: {told}",
            told = String::from_utf8_lossy(&output.stderr).trim_end()
        ))
    );
    let sysroot = String::from_utf8_lossy(&output.stdout);
    Ok(PathBuf::from(sysroot.trim_end()))
}

/// The compiler.
pub(super) fn rustc(toolchain: &Path) -> PathBuf {
    let name = format!("rustc{}", std::env::consts::EXE_SUFFIX);
    toolchain.join("bin").join(name)
}

/// The fingerprint of all that the built tree depends on.
pub(super) fn fingerprint(files: &Files, work: &Path, toolchain: &Path) -> anyhow::Result<String> {
    let rustc = rustc(toolchain);
    let version = Command::new(&rustc)
        .arg("-vV")
        .output()
        .because(|| message!("cannot run {path}", path = rustc.display()))?;
    let mut fingerprint = Fingerprint::default();
    fingerprint.add(&VERSION.to_le_bytes());
    fingerprint.add(&version.stdout);
    fingerprint.add(work.as_os_str().as_encoded_bytes());
    fingerprint.add(toolchain.as_os_str().as_encoded_bytes());
    for (path, content) in files {
        fingerprint.add(path.as_os_str().as_encoded_bytes());
        fingerprint.add(content);
    }
    Ok(fingerprint.finish())
}

/// Writes the tree into the folder `work`, and builds it. Returns what there is for each
/// exercise.
pub(super) fn build(
    workspace: &Path,
    work: &Path,
    files: &Files,
) -> anyhow::Result<BTreeMap<u32, Unit>> {
    // First, so that an interrupted build counts as not built.
    Built::remove(work)?;
    let tree = work.join("tree");
    write(&tree, files)?;
    link_vendored(workspace, &tree)?;
    let exercises = Exercise::all(workspace)?;
    let log = cargo(&tree, &work.join("target"), &exercises)?;
    same_versions(workspace, &tree)?;

    let calls = cargo_calls(&log);
    let mut units = BTreeMap::new();
    let mut folders = BTreeSet::new();
    for exercise in &exercises {
        let name = exercise.rubric();
        let find = |is_test| {
            calls
                .iter()
                .find(|calls| calls.is(&name, is_test))
                .because(|| message!("cargo does not tell how it builds {name}", name = &name))
        };
        let (program, rubric) = (find(false)?, find(true)?);
        let unit = Unit {
            call: program.for_student(work)?,
            starter: program.executable()?,
            rubric: rubric.executable()?,
        };
        folders.extend(unit.starter.parent().map(Path::to_path_buf));
        units.insert(exercise.number, unit);
    }
    collect_libraries(&folders, &libraries(work))?;
    Ok(units)
}

/// Writes the tree anew: all of its files are younger than whatever was built of an older
/// one, so cargo builds all that is in it, and tells all calls.
fn write(tree: &Path, files: &Files) -> anyhow::Result<()> {
    remove(tree)?;
    for (path, content) in files {
        let path = tree.join(path);
        let folder = path.parent().unwrap_or(tree);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, content))
            .because(|| message!("cannot write {path}", path = path.display()))?;
    }
    Ok(())
}

/// Shows the tree the dependencies that lie in the workspace, for a room without internet:
/// `.cargo/config.toml` names them relative to itself.
fn link_vendored(workspace: &Path, tree: &Path) -> anyhow::Result<()> {
    let vendored = workspace.join("vendor");
    if !vendored.is_dir() {
        return Ok(());
    }
    let link = tree.join("vendor");
    let vendored = fs::canonicalize(&vendored)
        .because(|| message!("cannot find {path}", path = vendored.display()))?;
    #[cfg(unix)]
    let linked: std::io::Result<()> = std::os::unix::fs::symlink(vendored, &link);
    #[cfg(not(unix))]
    let linked: std::io::Result<()> = {
        let _ = vendored;
        Err(std::io::Error::from(std::io::ErrorKind::Unsupported))
    };
    linked.because(|| message!("cannot make the link {path}", path = link.display()))
}

/// Has cargo build the rubrics, and the starters with them. Returns what it told.
fn cargo(tree: &Path, target: &Path, exercises: &[Exercise]) -> anyhow::Result<String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    harness::outside(&mut command);
    // What is set in a terminal must not decide how students' files are built.
    for (name, _) in std::env::vars_os() {
        if is_of_a_build(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    command
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", target)
        .args(["test", "--no-run", "-vv", "--color", "never"]);
    for exercise in exercises {
        command.args(["--package", &exercise.package()]);
        command.args(["--test", &exercise.rubric()]);
    }
    let output = command.output().because(|| message!("cannot run cargo"))?;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_noise = |line: &&str| !line.trim_start().starts_with("Running `");
    ensure!(
        output.status.success(),
        Failed::new(message!(
            "the rubrics and the starters cannot be built:\n{told}",
            told = log.lines().filter(is_noise).collect::<Vec<_>>().join("\n")
        ))
    );
    Ok(log)
}

/// Whether an environment variable changes how cargo and the compiler build.
fn is_of_a_build(name: &str) -> bool {
    let starts = [
        "CARGO_BUILD_",
        "CARGO_PROFILE_",
        "CARGO_TARGET_",
        "CARGO_TERM_",
        "CARGO_UNSTABLE_",
    ];
    let names = [
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_INCREMENTAL",
        "RUSTC_BOOTSTRAP",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
        "RUSTFLAGS",
    ];
    starts.iter().any(|start| name.starts_with(start)) || names.contains(&name)
}

/// Holds the lockfile, from which cargo has taken what the tree does not need, to that of
/// the workspace. (`--locked` would refuse to take anything out.)
fn same_versions(workspace: &Path, tree: &Path) -> anyhow::Result<()> {
    let versions = |folder: &Path| -> anyhow::Result<BTreeSet<String>> {
        let lock = table(&folder.join("Cargo.lock"))?;
        let packages = lock.get("package").and_then(Value::as_array);
        let packages = packages.into_iter().flatten();
        let field = |package: &Value, name: &str| {
            let value = package.get(name).and_then(Value::as_str);
            value.unwrap_or_default().to_string()
        };
        Ok(packages
            .map(|package| format!("{} {}", field(package, "name"), field(package, "version")))
            .collect())
    };
    let (ours, theirs) = (versions(tree)?, versions(workspace)?);
    let other: Vec<_> = ours.difference(&theirs).cloned().collect();
    ensure!(
        other.is_empty(),
        Failed::new(message!(
            "these are not in {path}: {other}. Is it up to date?",
            path = workspace.join("Cargo.lock").display(),
            other = other.join(", ")
        ))
    );
    Ok(())
}

/// Puts the libraries into a folder of their own, which students' files are compiled with:
/// where cargo keeps them are the rubrics, too.
fn collect_libraries(folders: &BTreeSet<PathBuf>, libraries: &Path) -> anyhow::Result<()> {
    let collect = || -> std::io::Result<()> {
        fs::create_dir_all(libraries)?;
        for folder in folders {
            for entry in fs::read_dir(folder)? {
                let from = entry?.path();
                // A library can need a procedural macro, which is a dynamic one.
                let ends = ["rlib", std::env::consts::DLL_EXTENSION];
                let is_library = from
                    .extension()
                    .is_some_and(|it| ends.iter().any(|end| it == *end));
                if let (true, Some(name)) = (is_library, from.file_name()) {
                    let to = libraries.join(name);
                    // A link is nearly free; but not every disk has them.
                    fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(|_| ()))?;
                }
            }
        }
        Ok(())
    };
    remove(libraries)?;
    collect().because(|| message!("cannot fill the folder {path}", path = libraries.display()))
}
