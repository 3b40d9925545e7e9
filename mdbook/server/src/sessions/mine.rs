//! Runs a session with the lessons as they are now, for a page of the book.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;
use workspace::build::{Built, try_build};

use super::namespace::{self, Task};
use super::player::read;
use super::script::Script;
use super::stage::{check_tools, used_programs};

/// Why sessions cannot be run on this machine, in the words of the system; `None` if they can be.
#[must_use]
pub fn why_not() -> Option<String> {
    namespace::why_not()
}

/// The output of the compiler if a program cannot be built.
#[derive(Serialize)]
struct Rejected {
    compiler: String,
}

/// Builds the lessons that a session uses, prints `built`, and runs the session. At the end prints
/// its outcome beside the session of the book, as JSON.
///
/// # Errors
///
/// If it cannot be run.
pub fn run(name: &str) -> anyhow::Result<()> {
    let script = read(name)?.script;
    check_tools(&script)?;
    let programs = match build(&script)? {
        Ok(programs) => programs,
        Err(compiler) => {
            println!("{}", serde_json::to_string(&Rejected { compiler })?);
            return Ok(());
        }
    };
    println!("{}", crate::run::BUILT);
    let book = std::env::current_exe().context("cannot find the program `book`")?;
    print!("{}", Task::Try.run(&book, &programs, name)?);
    Ok(())
}

/// Builds the programs of a session, and returns their folder, or the output of the compiler. Other
/// lessons do not have to compile.
fn build(script: &Script) -> anyhow::Result<Result<PathBuf, String>> {
    let (lessons, examples) = used_programs(script);
    let mut folder = PathBuf::new();
    if !lessons.is_empty() {
        let built = try_build(&["--bins", "--keep-going"])?;
        for lesson in lessons {
            match path(&built, &lesson) {
                Some(path) => folder = path.with_file_name(""),
                None => return Ok(Err(plain(&built))),
            }
        }
    }
    for (example, package) in examples {
        // Those of the lessons all at once: so no shared crate is built anew.
        let built = if package.starts_with("lesson") {
            try_build(&["--examples", "--keep-going"])?
        } else {
            try_build(&["--package", &package, "--examples", "--keep-going"])?
        };
        match path(&built, &example).and_then(Path::parent) {
            Some(examples) => folder = examples.with_file_name(""),
            None => return Ok(Err(plain(&built))),
        }
    }
    Ok(Ok(folder))
}

fn path<'a>(built: &'a Built, name: &str) -> Option<&'a Path> {
    built.executable(name).map(|built| built.path.as_path())
}

/// The output of the compiler without its colours.
fn plain(built: &Built) -> String {
    anstream::adapter::strip_str(&built.messages).to_string()
}
