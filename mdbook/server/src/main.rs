//! `cargo book`: builds the book in both languages and serves it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use book::site::Source;
use clap::{Parser, Subcommand};

/// Builds the book in both languages and serves it on this machine.
#[derive(Parser)]
#[command(name = "cargo book", bin_name = "cargo book")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The port on 127.0.0.1; the next free one is taken where it is in use.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Opens the book in the browser.
    #[arg(long)]
    open: bool,
    /// Another workspace to make the book from: for tests.
    #[arg(long, hide = true, global = true)]
    workspace: Option<PathBuf>,
    /// How many seconds a session may take that a page asks for: for tests.
    #[arg(long, hide = true, default_value_t = 30)]
    session_limit: u64,
}

#[derive(Subcommand)]
enum Command {
    /// Builds a static site.
    Build {
        /// Where to; only what an earlier build has made is replaced. [default: mdbook/book in
        /// the workspace]
        #[arg(long)]
        out: Option<PathBuf>,
        /// Where the site will be: a path, as /sockets/, or a whole address.
        #[arg(long, default_value = "/")]
        site_url: String,
    },
    /// Runs the terminal sessions anew and writes the differences between the lessons.
    Update {
        /// Only these sessions, by name (`02-run`); all, and the differences, without.
        sessions: Vec<String>,
    },
    /// Runs a terminal session of the book here, step by step: Enter goes on, Ctrl-C ends it.
    Play {
        /// Its name, such as 02-run; a wrong one shows all names.
        session: String,
    },
    /// Runs a session for a page of the book, which shows what comes.
    #[command(hide = true)]
    Mine {
        /// Its name.
        session: String,
    },
}

fn update(sessions: &[String]) -> anyhow::Result<()> {
    if sessions.is_empty() {
        book::differences::update()?;
    }
    book::sessions::update(sessions)
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    // The book of the folder in which the command is run: a copied or renamed project has its own.
    let workspace = match arguments.workspace {
        Some(workspace) => workspace,
        None => workspace::find().map_err(anyhow::Error::msg)?,
    };
    let source = Source::at(workspace);
    match arguments.command {
        None => {
            let limit = Duration::from_secs(arguments.session_limit);
            book::serve::run(&source, arguments.port, arguments.open, limit)
        }
        Some(Command::Build { out, site_url }) => {
            let out = out.unwrap_or_else(|| source.book().join("book"));
            source.build_all(&out, &site_url)
        }
        Some(Command::Update { sessions }) => update(&sessions),
        Some(Command::Play { session }) => book::sessions::play(&session),
        Some(Command::Mine { session }) => book::sessions::run_mine(&session),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // What mdBook has to say: it logs where it should fail.
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .init();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo book: {error:#}");
            ExitCode::FAILURE
        }
    }
}
