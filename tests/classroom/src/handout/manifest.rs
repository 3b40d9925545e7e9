//! Manifests, lockfile and configuration of cargo, made to fit a copy that lacks some of the
//! workspace.

use anyhow::bail;
use grade::failed::{Because, Failed};
use harness::message;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use toml_edit::{DocumentMut, Item};

/// Aliases of cargo that lead to what a copy lacks, or are for who works on the project.
const ALIASES: [&str; 2] = ["proofs", "lint"];

/// Makes the manifests of a copy speak only of the files that it has, and the lockfile only of
/// the packages that they need.
pub(super) fn fit(folder: &Path, files: &[String]) -> anyhow::Result<()> {
    let present: BTreeSet<&str> = files.iter().map(String::as_str).collect();
    edit(folder, "Cargo.toml", |root| fit_root(root, &present))?;
    for path in files {
        if let Some(package) = path.strip_suffix("/Cargo.toml") {
            edit(folder, path, |manifest| {
                fit_package(manifest, package, &present);
            })?;
        }
    }
    edit(folder, ".cargo/config.toml", |config| {
        if let Some(aliases) = config.get_mut("alias").and_then(Item::as_table_mut) {
            for name in ALIASES {
                aliases.remove(name);
            }
        }
    })?;
    prune_lock(folder)
}

/// Changes a TOML file; its comments stay.
pub(super) fn edit(
    folder: &Path,
    path: &str,
    change: impl FnOnce(&mut DocumentMut),
) -> anyhow::Result<()> {
    let file = folder.join(path);
    let text = fs::read_to_string(&file)
        .because(|| message!("cannot read {path}", path = file.display()))?;
    let mut document: DocumentMut = text
        .parse()
        .because(|| message!("{path} is no TOML", path = file.display()))?;
    change(&mut document);
    fs::write(&file, document.to_string())
        .because(|| message!("cannot write {path}", path = file.display()))
}

/// Leaves out the members that a copy lacks, also where others could depend on them.
fn fit_root(root: &mut DocumentMut, present: &BTreeSet<&str>) {
    let is_there = |package: &str| present.contains(format!("{package}/Cargo.toml").as_str());
    for key in ["members", "default-members"] {
        let members = root.get_mut("workspace").and_then(|w| w.get_mut(key));
        if let Some(members) = members.and_then(Item::as_array_mut) {
            members.retain(|member| is_there(member.as_str().unwrap_or_default()));
        }
    }
    let dependencies = root
        .get_mut("workspace")
        .and_then(|it| it.get_mut("dependencies"))
        .and_then(Item::as_table_like_mut);
    if let Some(dependencies) = dependencies {
        let lacking: Vec<String> = dependencies
            .iter()
            .filter(|(_, it)| {
                it.get("path")
                    .and_then(Item::as_str)
                    .is_some_and(|path| !is_there(path))
            })
            .map(|(name, _)| name.to_string())
            .collect();
        for name in lacking {
            dependencies.remove(&name);
        }
    }
}

/// Leaves out the tests that a copy lacks, and, of a package without any, what only tests need.
fn fit_package(manifest: &mut DocumentMut, package: &str, present: &BTreeSet<&str>) {
    let folder = format!("{package}/tests/");
    let mut has_tests = present.iter().any(|path| path.starts_with(&folder));
    let tests = manifest.get_mut("test");
    if let Some(tests) = tests.and_then(Item::as_array_of_tables_mut) {
        tests.retain(|test| {
            let path = test.get("path").and_then(Item::as_str);
            path.is_none_or(|path| present.contains(normal(package, path).as_str()))
        });
        has_tests |= !tests.is_empty();
    }
    if !has_tests {
        manifest.remove("test");
        manifest.remove("dev-dependencies");
    }
}

/// A path that is seen from a package, seen from the root.
fn normal(package: &str, path: &str) -> String {
    let mut normal = PathBuf::new();
    for part in Path::new(package).join(path).components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    let parts: Vec<_> = normal.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// Takes out of the lockfile what no member needs any more. The versions stay.
fn prune_lock(folder: &Path) -> anyhow::Result<()> {
    // Whoever has built the workspace has what is needed on this machine already.
    let arguments = ["update", "--workspace", "--quiet"];
    if cargo(folder)
        .args(arguments)
        .arg("--offline")
        .output()
        .is_ok_and(|o| o.status.success())
    {
        return Ok(());
    }
    run(cargo(folder).args(arguments)).because(|| message!("cannot make Cargo.lock fit"))?;
    Ok(())
}

/// A cargo command in a folder.
pub(super) fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    harness::outside(&mut command).current_dir(folder);
    command
}

/// Runs a command to its end, and returns what it has written on stdout.
pub(super) fn run(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command
        .output()
        .because(|| message!("cannot run {command}", command = format!("{command:?}")))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        bail!(Failed::new(message!(
            "{program} failed: {told}",
            program = format!("{command:?}"),
            told = told.trim()
        )));
    }
    Ok(output.stdout)
}
