//! `cargo book`: builds the book in both languages and serves it.

use std::path::PathBuf;
use std::process::ExitCode;

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
}

#[derive(Subcommand)]
enum Command {
    /// Builds a static site.
    Build {
        /// Where to; the folder is replaced. [default: mdbook/book in the workspace]
        #[arg(long)]
        out: Option<PathBuf>,
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
        None => book::serve::run(&source, arguments.port, arguments.open),
        Some(Command::Build { out }) => {
            source.build_all(&out.unwrap_or_else(|| source.book().join("book")))
        }
        Some(Command::Update { sessions }) => update(&sessions),
        Some(Command::Play { session }) => book::sessions::play(&session),
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
