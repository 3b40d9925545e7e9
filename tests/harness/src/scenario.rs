//! A test's program, and the means to start it and to talk to it.

use crate::connection::Connection;
use crate::listener::{Listener, Refusing};
use crate::log::Log;
use crate::mark::FOLDER;
use crate::message;
use crate::program::Program;
use crate::program::start::Launch;
use crate::request::sandbox_command;
use std::net::{SocketAddr, TcpStream};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A test in progress: the program that it is about, and the [`Log`] of what it has done, whose
/// methods it has, too.
///
/// Cloning it is cheap and gives another handle to the same scenario.
#[derive(Clone)]
pub struct Scenario {
    log: Log,
    launch: Arc<Launch>,
    /// The empty folder that the programs of a check run in.
    _folder: Option<Arc<TempDir>>,
}

impl Deref for Scenario {
    type Target = Log;

    fn deref(&self) -> &Log {
        &self.log
    }
}

impl Scenario {
    /// A scenario with a program: the command in the environment variable `PROGRAM`, split
    /// as a shell splits words, or, where that is not set, the given binary.
    ///
    /// # Panics
    ///
    /// If `PROGRAM` is set and is no command.
    pub fn of(binary: impl AsRef<Path>) -> Self {
        Self::of_command(command(binary.as_ref()))
    }

    /// A scenario with this very command, whatever `PROGRAM` says.
    ///
    /// # Panics
    ///
    /// If the environment variable `HARNESS_LIMIT` is set and is no number of seconds.
    pub fn of_command<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Self {
        let command: Vec<String> = command.into_iter().map(Into::into).collect();
        Self {
            log: Log::new(&command, None),
            launch: Arc::new(Launch {
                command,
                folder: folder(),
                sandbox: Vec::new(),
                has_memory_limit: false,
            }),
            _folder: None,
        }
    }

    /// The scenario of a check of a rubric: as [`of`](Self::of), with so much time from now on
    /// for all of it, and with programs that run in an empty folder of their own, in the sandbox
    /// that the grader asks for.
    ///
    /// # Panics
    ///
    /// If there can be no such folder, or `PROGRAM` is set and is no command.
    pub(crate) fn of_check(binary: &Path, limit: Duration) -> Self {
        let command = command(binary);
        let folder = TempDir::with_prefix("check-").expect("a temporary folder");
        Self {
            log: Log::new(&command, Some(limit)),
            launch: Arc::new(Launch {
                command,
                folder: folder.path().to_path_buf(),
                sandbox: sandbox_command(),
                has_memory_limit: true,
            }),
            _folder: Some(Arc::new(folder)),
        }
    }

    /// The words of the command that starts the program under test.
    pub fn command(&self) -> &[String] {
        &self.launch.command
    }

    /// Starts the program with these arguments.
    #[track_caller]
    pub fn start<S: AsRef<str>>(&self, arguments: impl IntoIterator<Item = S>) -> Program {
        self.start_program(arguments, None)
    }

    /// Starts the program with these arguments, and with a stdin that can be written to.
    #[track_caller]
    pub fn start_with_stdin<S: AsRef<str>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Program {
        self.start_copying(arguments, Vec::new())
    }

    /// Starts the program with these arguments, and with a stdin that can be written to.
    /// Its stdout is expected to be this block of bytes, again and again: see
    /// [`Program::expect_copied`].
    #[track_caller]
    pub fn start_copying<S: AsRef<str>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        block: Vec<u8>,
    ) -> Program {
        self.start_program(arguments, Some(block))
    }

    #[track_caller]
    fn start_program<S: AsRef<str>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        block: Option<Vec<u8>>,
    ) -> Program {
        let arguments = arguments.into_iter();
        let arguments: Vec<String> = arguments.map(|word| word.as_ref().to_string()).collect();
        Program::start(&self.log, &self.launch, &arguments, block)
    }

    /// Starts the program on a free port of 127.0.0.1, and waits until it listens.
    #[track_caller]
    pub fn start_server(&self) -> Program {
        self.start_server_on("127.0.0.1:0")
    }

    /// Starts the program on this address, and waits until it listens.
    #[track_caller]
    pub fn start_server_on(&self, address: &str) -> Program {
        let program = self.start([address]);
        program.expect_listening();
        program
    }

    /// Listens on a free port of 127.0.0.1, for a program that is a client.
    #[track_caller]
    pub fn listen(&self) -> Listener {
        self.listen_on("127.0.0.1:0")
    }

    /// Listens on a free port of 127.0.0.1, for connections that take some 30 KB of what is
    /// sent, and no more until the test receives.
    #[track_caller]
    pub fn listen_narrow(&self) -> Listener {
        Listener::narrow(&self.log)
    }

    /// Listens on this address, for a program that is a client.
    #[track_caller]
    pub fn listen_on(&self, address: &str) -> Listener {
        Listener::new(&self.log, address)
    }

    /// Listens on this address, unless somebody has it.
    #[track_caller]
    pub fn listen_if_free(&self, address: &str) -> Option<Listener> {
        Listener::if_free(&self.log, address)
    }

    /// An address at which nobody listens, and nobody can as long as it is held.
    #[track_caller]
    pub fn hold_refusing_port(&self) -> Refusing {
        Refusing::new(&self.log)
    }

    /// Connects to an address.
    #[track_caller]
    pub fn connect(&self, address: SocketAddr) -> Connection {
        Connection::open(&self.log, address)
    }

    /// Expects that a connection to this address is refused.
    #[track_caller]
    pub fn expect_refused(&self, address: SocketAddr) {
        self.step(message!(
            "a connection to {address} should be refused",
            address
        ));
        let expected = message!("{address} refuses connections", address);
        match TcpStream::connect_timeout(&address, self.limit()) {
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
            Err(error) => self.fail(expected, error),
            Ok(_) => self.fail(expected, message!("it accepted one")),
        }
    }
}

/// The command in `PROGRAM`, or else this binary.
fn command(binary: &Path) -> Vec<String> {
    match std::env::var("PROGRAM") {
        Ok(program) => match shlex::split(&program) {
            Some(words) if !words.is_empty() => {
                let folder = folder();
                let words = words.into_iter();
                words
                    .map(|word| find_file(&folder, &word).unwrap_or(word))
                    .collect()
            }
            _ => panic!("PROGRAM is set to {program:?}, which is no command"),
        },
        Err(std::env::VarError::NotPresent) => vec![binary.to_string_lossy().into_owned()],
        Err(error) => panic!("cannot read the environment variable PROGRAM: {error}"),
    }
}

/// The folder that [`FOLDER`] names, or else the current one.
fn folder() -> PathBuf {
    let named = std::env::var_os(FOLDER).map(PathBuf::from);
    // The system knows what `.` is, also where it does not tell its name.
    named
        .or_else(|| std::env::current_dir().ok())
        .unwrap_or_else(|| PathBuf::from("."))
}

/// The whole path of a file that a word of `PROGRAM` names, seen from this folder: the program
/// itself may run in another one.
fn find_file(folder: &Path, word: &str) -> Option<String> {
    let path = folder.join(word);
    let is_relative = Path::new(word).is_relative() && !word.is_empty();
    (is_relative && path.is_file()).then(|| path.to_string_lossy().into_owned())
}
