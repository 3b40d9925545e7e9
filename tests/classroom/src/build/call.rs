//! How cargo calls the compiler for a program, and how it is called for a student's file.
//!
//! Cargo says so itself, with `-vv`: a line ``Running `NAME=VALUE ... rustc ...` `` for each
//! call, quoted for a shell. (A wrapper, `RUSTC_WORKSPACE_WRAPPER`, would have to be a
//! program: a shell drops the variable `CARGO_BIN_EXE_exercise-05`, whose name is none to
//! it.) Whether it was understood shows at once: the starters are compiled by these calls.

use anyhow::ensure;
use grade::failed::{Because, Failed};
use harness::message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The name of a student's file, as the compiler's messages have it.
pub(super) const SOURCE: &str = "main.rs";

/// Stands in an argument for the folder of the libraries.
const LIBRARIES: &str = "{libraries}";

/// A call of the compiler for a student's file; where the program goes is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CompilerCall {
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
}

/// A call of the compiler, as cargo tells it.
#[derive(Debug)]
pub(super) struct CargoCall {
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
}

/// The calls in what cargo has told.
pub(super) fn cargo_calls(log: &str) -> Vec<CargoCall> {
    let lines = log.lines().filter_map(|line| {
        let call = line.trim().strip_prefix("Running `")?.strip_suffix('`')?;
        let words = shlex::split(call)?;
        let assigned = |word: &String| {
            let (name, value) = word.split_once('=')?;
            (!name.contains('/')).then(|| (name.to_string(), value.to_string()))
        };
        let environment: BTreeMap<_, _> = words.iter().map_while(assigned).collect();
        // The compiler itself is the next word.
        let arguments = words.into_iter().skip(environment.len() + 1).collect();
        Some(CargoCall {
            arguments,
            environment,
        })
    });
    lines.collect()
}

impl CargoCall {
    /// The value that follows an argument.
    fn value(&self, name: &str) -> Option<&str> {
        let mut arguments = self.arguments.iter().skip_while(|word| *word != name);
        arguments.nth(1).map(String::as_str)
    }

    /// Whether this is the call for a crate, as a program or as a test.
    pub(super) fn is(&self, name: &str, is_test: bool) -> bool {
        let has_test = self.arguments.iter().any(|word| word == "--test");
        let is_program = self.value("--crate-type") == Some("bin");
        self.value("--crate-name") == Some(name) && has_test == is_test && (is_test || is_program)
    }

    /// The executable that this call makes.
    pub(super) fn executable(&self) -> anyhow::Result<PathBuf> {
        let find = || {
            let name = self.value("--crate-name")?;
            let folder = self.value("--out-dir")?;
            let extra = self
                .arguments
                .iter()
                .find_map(|word| word.strip_prefix("extra-filename="))?;
            let name = format!("{name}{extra}{}", std::env::consts::EXE_SUFFIX);
            Some(Path::new(folder).join(name))
        };
        find().because(|| {
            message!(
                "cargo does not say where the compiler puts its work: {call}",
                call = format!("{self:?}")
            )
        })
    }

    /// The same call for a student's file.
    ///
    /// # Errors
    ///
    /// If it needs something of the folder `work` that is not among the libraries.
    pub(super) fn for_student(&self, work: &Path) -> anyhow::Result<CompilerCall> {
        let work = work.to_string_lossy();
        let built = self
            .value("--out-dir")
            .because(|| message!("cargo tells the compiler no folder"))?;
        let mut arguments = Vec::new();
        let mut words = self.arguments.iter();
        while let Some(next) = words.next() {
            match next.as_str() {
                "--out-dir" => {
                    words.next();
                }
                "-C" => {
                    let option = words.next().map(String::as_str).unwrap_or_default();
                    if !is_of_cargo(option) {
                        arguments.extend(["-C".to_string(), option.to_string()]);
                    }
                }
                it if is_about_output(it) => {}
                it if !it.starts_with('-') && it.ends_with(SOURCE) => {
                    arguments.push(SOURCE.to_string());
                }
                it => arguments.push(it.replace(built, LIBRARIES)),
            }
        }
        // One unit is the fastest where several compilers run at once. Warnings would be
        // dropped: so nobody looks for them. (Not by `--cap-lints`, which would allow what
        // the manifest forbids, and a file that denies its warnings must be refused.)
        let own = [
            "-C",
            "codegen-units=1",
            "--emit=link",
            "--error-format=human",
            "--color=never",
            "--allow=warnings",
        ];
        arguments.extend(own.map(str::to_string));
        ensure!(
            arguments.iter().any(|word| word == SOURCE),
            Failed::new(message!(
                "cargo gives the compiler no {source}: {call}",
                source = SOURCE,
                call = format!("{self:?}")
            ))
        );
        let foreign = arguments.iter().find(|word| word.contains(&*work));
        ensure!(
            foreign.is_none(),
            Failed::new(message!(
                "the compiler needs what a student's file is not compiled with: {foreign}",
                foreign = format!("{foreign:?}")
            ))
        );
        Ok(CompilerCall {
            arguments,
            environment: self.environment_of_student(),
        })
    }

    /// What `env!` finds: of cargo's, what says nothing of this machine.
    fn environment_of_student(&self) -> BTreeMap<String, String> {
        let is_harmless = |name: &str| {
            name.starts_with("CARGO_PKG_")
                || [
                    "CARGO_CRATE_NAME",
                    "CARGO_BIN_NAME",
                    "CARGO_PRIMARY_PACKAGE",
                ]
                .contains(&name)
        };
        let mut environment = self.environment.clone();
        environment.retain(|name, _| is_harmless(name));
        let places = [
            ("CARGO_MANIFEST_DIR", "/student"),
            ("CARGO_MANIFEST_PATH", "/student/Cargo.toml"),
        ];
        let places = places.map(|(name, value)| (name.to_string(), value.to_string()));
        environment.extend(places);
        environment
    }
}

/// Whether an option of code generation is about the files of cargo.
fn is_of_cargo(option: &str) -> bool {
    ["extra-filename=", "incremental=", "codegen-units="]
        .iter()
        .any(|name| option.starts_with(name))
}

/// Whether an argument is about what the compiler writes and says.
fn is_about_output(word: &str) -> bool {
    [
        "--emit",
        "--json",
        "--error-format",
        "--color",
        "--diagnostic-width",
    ]
    .iter()
    .any(|name| word.starts_with(name))
}

impl CompilerCall {
    /// The arguments, where the libraries are in this folder.
    pub(super) fn arguments(&self, libraries: &Path) -> impl Iterator<Item = String> {
        let libraries = libraries.to_string_lossy().into_owned();
        self.arguments
            .iter()
            .map(move |word| word.replace(LIBRARIES, &libraries))
    }

    /// The names of the crates that the student's file may use.
    pub(super) fn crates(&self) -> impl Iterator<Item = &str> {
        let externs = self.arguments.iter().zip(self.arguments.iter().skip(1));
        externs
            .filter(|(word, _)| *word == "--extern")
            .filter_map(|(_, value)| value.split_once('='))
            .map(|(name, _)| name)
    }

    /// The environment.
    pub(super) fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }
}
