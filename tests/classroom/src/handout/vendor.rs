//! The dependencies, put into a copy for a classroom without internet.

use super::manifest;
use grade::failed::Because;
use harness::message;
use serde::Deserialize;
use serde_json::{Map, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use toml_edit::{DocumentMut, Item, Table, value};
use update::vendored::{CHECKSUMS, FOLDER, crates};

/// What `.cargo/config.toml` calls the dependencies there.
pub(crate) const SOURCE: &str = "vendored";

/// What a copy must build on. Not Windows with GNU's linker: its import libraries alone are
/// two thirds of all that is below.
pub(crate) const PLATFORMS: [&str; 6] = [
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
];

/// What a machine that grades is.
pub(crate) const LINUX: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// What stands instead of a crate that none of the platforms needs.
const LEFT_OUT: &str =
    "compile_error!(\"left out of vendor/: this system is none of those that it was made for\");\n";

/// What has been put into a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vendored {
    /// How many crates.
    pub crates: usize,
    /// How many bytes their files have.
    pub bytes: u64,
}

/// Puts all dependencies of a copy into it, and tells cargo to look for them there, and
/// nowhere else. What no platform needs is there by name only: cargo wants every crate of the
/// lockfile.
pub(super) fn vendor(folder: &Path, platforms: &[&str]) -> anyhow::Result<Vendored> {
    let arguments = ["vendor", "--quiet", "--locked", "--versioned-dirs"];
    manifest::run(
        manifest::cargo(folder)
            .args(arguments)
            // A mirror that the teacher has set up is where crates come from.
            .args(["--respect-source-config", FOLDER]),
    )
    .because(|| message!("cannot get the dependencies"))?;
    manifest::edit(folder, ".cargo/config.toml", |config| {
        // The names of the two are cargo's form for "that one instead of this one".
        let mut instead = Table::new();
        instead["replace-with"] = value(SOURCE);
        let mut here = Table::new();
        here["directory"] = value(FOLDER);
        let mut sources = Table::new();
        sources.set_implicit(true);
        sources["crates-io"] = Item::Table(instead);
        sources[SOURCE] = Item::Table(here);
        config["source"] = Item::Table(sources);
    })?;
    let needed = needed(folder, platforms)?;
    let all = crates(folder)?;
    for name in all.keys() {
        let done = match needed.get(name) {
            None => leave_out(folder, name),
            Some(features) if name.starts_with("windows") => thin_out(folder, name, features),
            Some(_) => Ok(()),
        };
        done.because(|| message!("cannot leave out {name}", name))?;
    }
    let crates = all.len();
    let bytes = size(&folder.join(FOLDER))?;
    Ok(Vendored { crates, bytes })
}

/// What `cargo metadata` tells, as far as it is of interest.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    features: BTreeSet<String>,
}

/// The crates that some platform needs, by the names of their folders, with their features.
fn needed(folder: &Path, platforms: &[&str]) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
    let mut needed: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for platform in platforms {
        let mut cargo = manifest::cargo(folder);
        let arguments = ["metadata", "--offline", "--locked", "--format-version", "1"];
        cargo.args(arguments).args(["--filter-platform", platform]);
        let told: Metadata = serde_json::from_slice(&manifest::run(&mut cargo)?)
            .because(|| message!("{program}", program = "cargo metadata"))?;
        let nodes = told.resolve.nodes.into_iter();
        let mut used: BTreeMap<_, _> = nodes.map(|node| (node.id, node.features)).collect();
        for package in told.packages {
            if let Some(features) = used.remove(&package.id) {
                let name = format!("{}-{}", package.name, package.version);
                needed.entry(name).or_default().extend(features);
            }
        }
    }
    Ok(needed)
}

/// Takes those modules out of `windows` and `windows-sys` that are not compiled: nearly all of
/// their 130 MB. The module of a feature is the folder that it is named after
/// (`Win32_System_Threading`).
fn thin_out(folder: &Path, name: &str, features: &BTreeSet<String>) -> anyhow::Result<()> {
    let krate = folder.join(FOLDER).join(name);
    let modules = krate.join("src/Windows");
    let list = fs::read(krate.join(CHECKSUMS))?;
    let mut list: serde_json::Value = serde_json::from_slice(&list)?;
    let Some(files) = list["files"].as_object_mut() else {
        return Ok(());
    };
    let mut left = Map::new();
    for (path, checksum) in std::mem::take(files) {
        let file = krate.join(&path);
        let module = file
            .parent()
            .and_then(|parent| parent.strip_prefix(&modules).ok());
        let feature = module.map(|module| module.to_string_lossy().replace(['/', '\\'], "_"));
        match feature {
            Some(feature) if !feature.is_empty() && !features.contains(&feature) => {
                fs::remove_file(file)?;
            }
            _ => {
                left.insert(path, checksum);
            }
        }
    }
    *files = left;
    super::write(
        folder,
        &format!("{FOLDER}/{name}/{CHECKSUMS}"),
        list.to_string().as_bytes(),
    )
}

/// Takes all out of a crate but its name, version and dependencies, for which cargo asks.
fn leave_out(folder: &Path, name: &str) -> anyhow::Result<()> {
    let path = format!("{FOLDER}/{name}");
    let krate = folder.join(&path);
    let list: serde_json::Value = serde_json::from_slice(&fs::read(krate.join(CHECKSUMS))?)?;
    let text = fs::read_to_string(krate.join("Cargo.toml"))?;
    let mut manifest: DocumentMut = text.parse()?;
    for targets in ["bin", "example", "test", "bench"] {
        manifest.remove(targets);
    }
    manifest["lib"]["path"] = value("lib.rs");
    // A crate with `links` must have a build script.
    let has_build = manifest["package"].get("build").is_some_and(Item::is_str);
    if has_build {
        manifest["package"]["build"] = value("build.rs");
    }
    // What cargo needs is in memory: the rest goes.
    fs::remove_dir_all(&krate)?;
    let write =
        |name: &str, text: &str| super::write(folder, &format!("{path}/{name}"), text.as_bytes());
    write("Cargo.toml", &manifest.to_string())?;
    write("lib.rs", LEFT_OUT)?;
    if has_build {
        write("build.rs", "fn main() {}\n")?;
    }
    let list = json!({ "files": {}, "package": list["package"] });
    write(CHECKSUMS, &list.to_string())
}

/// How many bytes the files in a folder have, and those below it.
fn size(folder: &Path) -> anyhow::Result<u64> {
    let cannot = || message!("cannot read {path}", path = folder.display());
    let mut bytes = 0;
    for entry in fs::read_dir(folder).because(cannot)? {
        let entry = entry.because(cannot)?;
        let data = entry.metadata().because(cannot)?;
        bytes += if data.is_dir() {
            size(&entry.path())?
        } else {
            data.len()
        };
    }
    Ok(bytes)
}
