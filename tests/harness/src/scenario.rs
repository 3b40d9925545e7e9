//! A test's program, and the methods that start it and talk to it.

use crate::connection::Connection;
use crate::listener::{Listener, Refusing};
use crate::log::Log;
use crate::mark::FOLDER;
use crate::message;
use crate::program::Program;
use crate::program::start::Launch;
use crate::random::{FIXED_SEED, Random};
use crate::request::sandbox_command;
use std::net::{SocketAddr, TcpStream};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A test in progress: the program under test, and the [`Log`] of the test, whose methods it
/// has as well.
///
/// Cloning it is cheap and gives another handle to the same scenario.
#[derive(Clone)]
pub struct Scenario {
    log: Log,
    launch: Arc<Launch>,
    seed: u64,
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
    /// into words as in a shell, or, if that is not set, the given binary.
    ///
    /// # Panics
    ///
    /// If `PROGRAM` is set and is not a command.
    pub fn of(binary: impl AsRef<Path>) -> Self {
        Self::of_command(command(binary.as_ref()))
    }

    /// A scenario with exactly this command, regardless of `PROGRAM`.
    ///
    /// # Panics
    ///
    /// If the environment variable `HARNESS_LIMIT` is set and is not a number of seconds.
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
            seed: FIXED_SEED,
            _folder: None,
        }
    }

    /// The scenario of a check of a rubric: like [`of`](Self::of), but from now on the whole check
    /// has this much time, and its programs run in a new empty folder, in the sandbox that the
    /// grader asks for. What it chooses at random follows from the seed.
    ///
    /// # Panics
    ///
    /// If the folder cannot be created, or if `PROGRAM` is set and is not a command.
    pub(crate) fn of_check(binary: &Path, limit: Duration, seed: u64) -> Self {
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
            seed,
            _folder: Some(Arc::new(folder)),
        }
    }

    /// What this test chooses at random. A step names the seed, so that a failure can be repeated.
    pub fn random(&self) -> Random {
        self.step(message!(
            "choose texts, numbers and sizes by seed {seed}",
            seed = self.seed
        ));
        Random::new(self.seed)
    }

    /// The words of the command that starts the program under test.
    pub fn command(&self) -> &[String] {
        &self.launch.command
    }

    /// Whether its programs run in a sandbox, where the number of processes and threads is limited.
    pub fn is_sandboxed(&self) -> bool {
        !self.launch.sandbox.is_empty()
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
    /// Its stdout is expected to repeat this block of bytes: see
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

    /// Listens on a free port of 127.0.0.1, for connections that take about 30 KB and then no
    /// more until the test receives.
    #[track_caller]
    pub fn listen_with_small_buffers(&self) -> Listener {
        Listener::with_small_buffers(&self.log)
    }

    /// Listens on this address, for a program that is a client.
    #[track_caller]
    pub fn listen_on(&self, address: &str) -> Listener {
        Listener::new(&self.log, address)
    }

    /// Listens on this address, unless it is in use.
    #[track_caller]
    pub fn listen_if_free(&self, address: &str) -> Option<Listener> {
        Listener::if_free(&self.log, address)
    }

    /// An address that has no listener, and can have none as long as the value lives.
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

/// The command in `PROGRAM`, or this binary if that is not set.
fn command(binary: &Path) -> Vec<String> {
    match std::env::var("PROGRAM") {
        Ok(program) => match crate::words::split(&program) {
            Some(words) if !words.is_empty() => {
                let folder = folder();
                let mut words = words.into_iter();
                let program = words.next().into_iter();
                let program =
                    program.map(|word| find(&folder, &word, Path::is_file).unwrap_or(word));
                // Python runs a folder, too.
                let words = words.map(|word| find(&folder, &word, Path::exists).unwrap_or(word));
                program.chain(words).collect()
            }
            _ => panic!("PROGRAM is set to {program:?}, which is no command"),
        },
        Err(std::env::VarError::NotPresent) => {
            vec![built(binary).to_string_lossy().into_owned()]
        }
        Err(error) => panic!("cannot read the environment variable PROGRAM: {error}"),
    }
}

/// The program that cargo has built beside this test. The path in the test is that of the day when
/// it was compiled; the workspace may have been copied or renamed since.
fn built(binary: &Path) -> PathBuf {
    let name = binary.file_name().unwrap_or_default();
    let test = std::env::current_exe().unwrap_or_default();
    // A test is in the folder `deps` of the folder of programs.
    let beside = test.parent().and_then(Path::parent);
    let beside = beside.map(|folder| folder.join(name));
    match beside {
        Some(beside) if beside.is_file() => beside,
        _ => binary.to_path_buf(),
    }
}

/// The folder that [`FOLDER`] names, or the current one if that is not set.
fn folder() -> PathBuf {
    let named = std::env::var_os(FOLDER).map(PathBuf::from);
    // The system resolves `.` even when it cannot report the folder's name.
    named
        .or_else(|| std::env::current_dir().ok())
        .unwrap_or_else(|| PathBuf::from("."))
}

/// The absolute path of what a word of `PROGRAM` names relative to this folder. It must be absolute
/// because the program may run in another folder.
fn find(folder: &Path, word: &str, is_there: fn(&Path) -> bool) -> Option<String> {
    let path = folder.join(word);
    let is_relative = Path::new(word).is_relative() && !word.is_empty();
    (is_relative && is_there(&path)).then(|| path.to_string_lossy().into_owned())
}
