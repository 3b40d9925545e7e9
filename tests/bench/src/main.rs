//! `cargo run --release -p bench`: measures, and writes what it has found into the book.

use anyhow::ensure;
use bench::command::say;
use bench::{buffers, cold, grader, page, results, server, servers, steady};
use clap::{Parser, ValueEnum};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Measures the project on this machine, keeps the figures, and makes the tables and plots of
/// the book's page of them.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    /// What to measure
    what: What,
    /// How often each thing is measured, in turn
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// How long each load on a server runs
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// How many clients a server has at once
    #[arg(long, value_delimiter = ',', default_value = "1,50,500")]
    connections: Vec<usize>,
    /// Messages per second of the open loop
    #[arg(long, default_value_t = 5000)]
    rate: u32,
    /// How many connections are opened and closed in a round
    #[arg(long, default_value_t = 2000)]
    opened: usize,
    /// How many idle clients there are when memory is measured: first and then
    #[arg(long, value_delimiter = ',', default_value = "1000,5000")]
    idle: Vec<usize>,
    /// How many clients are connected at Ctrl-C
    #[arg(long, default_value_t = 1000)]
    leaving: usize,
    /// Where a server and the load on it compute
    #[arg(long, value_enum, default_value_t = servers::Cores::Shared)]
    cores: servers::Cores,
    /// How many megabytes are moved through a buffer
    #[arg(long, default_value_t = 512)]
    megabytes: usize,
    /// How many students a class has; 0 leaves it out
    #[arg(long, default_value_t = 100)]
    students: usize,
    /// How often `steady` runs everything, and `cold` everything from nothing [default: 20, 3]
    #[arg(long)]
    runs: Option<usize>,
    /// After so many minutes no run of `steady` begins any more
    #[arg(long, default_value_t = 24 * 60)]
    minutes: u64,
    /// Add the runs of `steady` to those that are kept, instead of beginning anew
    #[arg(long)]
    add: bool,
    /// Threads that compute while `steady` runs [default: one on each core]
    #[arg(long)]
    hogs: Option<usize>,
    /// Keep the figures in this folder, and leave the book as it is
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Lessons 05 and 06 beside their Python twins and a C server
    Servers,
    /// Exercise 07's model solution beside nc, socat and the machine's own limit
    Buffers,
    /// From a save to the verdict, the suite, a class
    Grader,
    /// Everything again and again on a busy machine
    Steady,
    /// From a fresh clone
    Cold,
    /// All of these
    All,
    /// Nothing: make the page anew of the figures that there are
    Page,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    arguments.check()?;
    if cfg!(debug_assertions) && matches!(arguments.what, What::All | What::Servers | What::Buffers)
    {
        say(
            "bench: without --release the load is slower than the servers: do not keep these figures",
        );
    }
    let folder = arguments.out.clone().unwrap_or_else(results::folder);
    let wants = |what| arguments.what == what || arguments.what == What::All;
    if wants(What::Servers) {
        let figures = servers::measure(&arguments.servers(), &server::Kind::ALL)?;
        results::write(&folder, "servers", figures)?;
    }
    if wants(What::Buffers) {
        let figures = buffers::measure(&buffers::Settings {
            rounds: arguments.rounds,
            megabytes: arguments.megabytes,
        })?;
        results::write(&folder, "buffers", figures)?;
    }
    if wants(What::Grader) {
        let figures = grader::measure(&grader::Settings {
            // Each compiles six times: five rounds are enough for a median.
            rounds: arguments.rounds.min(5),
            students: arguments.students,
        })?;
        results::write(&folder, "grader", figures)?;
    }
    if wants(What::Cold) {
        let figures = cold::measure(arguments.runs.unwrap_or(3).min(3))?;
        results::write(&folder, "cold", figures)?;
    }
    let failures = if wants(What::Steady) {
        arguments.run_steady(&folder)?
    } else {
        0
    };
    if arguments.out.is_none() {
        page::write()?;
    }
    ensure!(
        failures == 0,
        "{failures} failure(s): the stories are in {}",
        steady::folder().display()
    );
    Ok(())
}

impl Arguments {
    /// Everything that is asked for is bounded, and makes sense.
    fn check(&self) -> anyhow::Result<()> {
        let most = 5000;
        ensure!(self.rounds > 0, "--rounds must be 1 or more");
        ensure!(
            self.seconds > 0.0 && self.seconds <= 60.0,
            "--seconds must be more than 0 and at most 60"
        );
        let counts = self.connections.iter().chain(&self.idle);
        ensure!(
            counts
                .chain([&self.leaving])
                .all(|count| (1..=most).contains(count)),
            "there can be 1 to {most} clients"
        );
        ensure!(
            self.idle.len() == 2 && self.idle[0] < self.idle[1],
            "--idle takes two numbers, such as 1000,5000, and the first is the smaller one"
        );
        ensure!(
            (1..=100_000).contains(&self.rate),
            "--rate must be 1 to 100000"
        );
        ensure!(
            (1..=20_000).contains(&self.opened),
            "--opened must be 1 to 20000"
        );
        ensure!(
            (1..=4096).contains(&self.megabytes),
            "--megabytes must be 1 to 4096"
        );
        ensure!(self.runs != Some(0), "--runs must be 1 or more");
        Ok(())
    }

    /// Runs everything again and again, and keeps what was found. Returns how many tests and
    /// checks have failed.
    fn run_steady(&self, folder: &Path) -> anyhow::Result<usize> {
        // First: hours later would be a bad time to find that they cannot be read.
        let earlier = if self.add {
            results::Results::read(folder)?.steady
        } else {
            None
        };
        let figures = steady::measure(&steady::Settings {
            runs: self.runs.unwrap_or(20),
            minutes: self.minutes,
            hogs: self.hogs,
        })?;
        // Of the runs of today, before they are mixed with others.
        let failures = figures.failures.values().sum();
        let figures = match earlier {
            Some(earlier) => figures.added_to(earlier.figures)?,
            None => figures,
        };
        results::write(folder, "steady", figures)?;
        Ok(failures)
    }

    fn servers(&self) -> servers::Settings {
        servers::Settings {
            rounds: self.rounds,
            seconds: self.seconds,
            connections: self.connections.clone(),
            rate: self.rate,
            opened: self.opened,
            idle: (self.idle[0], self.idle[1]),
            leaving: self.leaving,
            cores: self.cores,
        }
    }
}
