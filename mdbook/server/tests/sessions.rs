//! Every terminal session of the book goes as its file says: a test for each.
//!
//! ```sh
//! cargo test -p book --test sessions            # all
//! cargo test -p book --test sessions 05         # lesson 05's
//! ```

use libtest_mimic::{Arguments, Trial};

fn main() -> anyhow::Result<()> {
    let mut arguments = Arguments::from_args();
    // They wait for programs more than they compute.
    let cores = std::thread::available_parallelism()?.get();
    arguments.test_threads.get_or_insert(3 * cores);
    let trials = trials()?;
    libtest_mimic::run(&arguments, trials).exit()
}

#[cfg(target_os = "linux")]
fn trials() -> anyhow::Result<Vec<Trial>> {
    use book::sessions::{Player, names};
    use std::path::Path;
    use std::sync::{Arc, LazyLock};

    // Made by the first test that needs it: a list of the tests does not build the lessons.
    let player = || Player::new(Path::new(env!("CARGO_BIN_EXE_book")));
    let player: Arc<LazyLock<Player>> = Arc::new(LazyLock::new(player));
    let trial = |name: String| {
        let player = Arc::clone(&player);
        Trial::test(name.clone(), move || {
            player
                .replay(&name)
                .map_err(|error| format!("{error:#}").into())
        })
    };
    Ok(names()?.into_iter().map(trial).collect())
}

#[cfg(not(target_os = "linux"))]
fn trials() -> anyhow::Result<Vec<Trial>> {
    let sessions = book::sessions::names()?;
    eprintln!(
        "skipped: {} sessions: they can be run on Linux only",
        sessions.len()
    );
    Ok(Vec::new())
}
