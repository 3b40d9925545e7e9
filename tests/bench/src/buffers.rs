//! Compares exercise 07's model solution with `nc`, `socat`, and the limit of the machine.
//!
//! A program copies a file to a connection whose other end this process reads, or a
//! connection that this process writes to `/dev/null`. The limit is how much a bare pair of
//! `write` and `read` moves through loopback with buffers of the same size.

use crate::command::{self, say, shown};
use crate::server::LIMIT;
use crate::statistics::round;
use anyhow::{Context, ensure};
use harness::ProcessGroup;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

/// The size of the model solution's buffers, in bytes.
const BUFFER: usize = 1 << 16;

/// The options of a measurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The number of rounds: each program is measured once in each.
    pub rounds: usize,
    /// How many megabytes (2²⁰ bytes) are moved.
    pub megabytes: usize,
}

/// The figures of the programs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The options.
    pub settings: Settings,
    /// Megabytes per second from stdin to the connection, one figure for each round.
    pub sends: BTreeMap<String, Vec<f64>>,
    /// Megabytes per second from the connection to stdout, one figure for each round.
    pub receives: BTreeMap<String, Vec<f64>>,
    /// The programs that this machine does not have.
    pub missing: Vec<String>,
}

/// The name of the pair of `write` and `read`.
pub const BARE: &str = "write/read";

/// The name of the model solution.
pub const MODEL: &str = "exercise-07";

/// Which way the bytes go.
#[derive(Clone, Copy)]
enum Way {
    Sends,
    Receives,
}

/// Measures.
///
/// # Errors
///
/// If a program fails, or not all bytes come through it.
pub fn measure(settings: &Settings) -> anyhow::Result<Figures> {
    say("building exercise 07's model solution");
    let model = answers::right_program(7, "model");
    let built = command::build(&["build", "--release", "-p", "answers", "--bin", &model])?;
    let model = &built
        .get(&model)
        .context("cargo has built no model solution")?
        .path;
    let model = model.to_string_lossy().into_owned();
    // How each is told where to connect, and to end its sending half at the end of stdin.
    let mut programs = vec![(MODEL, vec![model, "ADDRESS".into()])];
    let mut missing = Vec::new();
    for (name, words) in [
        ("nc", vec!["nc", "-N", "IP", "PORT"]),
        ("socat", vec!["socat", "-b", "65536", "-", "TCP:ADDRESS"]),
    ] {
        if Command::new(name).arg("-h").output().is_ok() {
            programs.push((name, words.into_iter().map(String::from).collect()));
        } else {
            harness::skip(&format!("there is no {name}"));
            missing.push(name.to_string());
        }
    }

    let mut figures = Figures {
        settings: settings.clone(),
        sends: BTreeMap::new(),
        receives: BTreeMap::new(),
        missing,
    };
    let input = input(settings.megabytes)?;
    for number in 1..=settings.rounds {
        say(&format!("buffers: round {number} of {}", settings.rounds));
        let speed = bare(settings.megabytes)?;
        for found in [&mut figures.sends, &mut figures.receives] {
            found.entry(BARE.to_string()).or_default().push(speed);
        }
        for (name, words) in &programs {
            for way in [Way::Sends, Way::Receives] {
                let speed = through(words, way, &input, settings.megabytes)
                    .with_context(|| format!("cannot measure {name}"))?;
                let found = match way {
                    Way::Sends => &mut figures.sends,
                    Way::Receives => &mut figures.receives,
                };
                found.entry((*name).to_string()).or_default().push(speed);
            }
        }
        // Each round begins with another one.
        programs.rotate_left(1);
    }
    Ok(figures)
}

/// A file of this many megabytes, which is in the kernel's page cache.
fn input(megabytes: usize) -> anyhow::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new().context("cannot make a file")?;
    let block = vec![b'x'; 1 << 20];
    for _ in 0..megabytes {
        file.write_all(&block).context("cannot write a file")?;
    }
    file.flush().context("cannot write a file")?;
    Ok(file)
}

/// Megabytes per second since then.
#[allow(clippy::cast_precision_loss, reason = "some thousand megabytes")]
fn speed(megabytes: usize, start: Instant) -> f64 {
    round(megabytes as f64 / start.elapsed().as_secs_f64(), 1)
}

fn listener() -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen")?;
    let address = listener.local_addr().context("cannot tell the address")?;
    Ok((listener, address))
}

/// Moves this many megabytes with nothing but `write` and `read`.
fn bare(megabytes: usize) -> anyhow::Result<f64> {
    let (listener, address) = listener()?;
    let sender = thread::spawn(move || {
        let mut stream = TcpStream::connect(address).context("cannot connect")?;
        stream
            .set_write_timeout(Some(LIMIT))
            .context("cannot set a limit")?;
        send(&mut stream, megabytes)
    });
    let (mut stream, _) = listener.accept().context("cannot accept")?;
    let start = Instant::now();
    receive(&mut stream, megabytes)?;
    let speed = speed(megabytes, start);
    sender
        .join()
        .map_err(|_| anyhow::anyhow!("the sender has panicked"))??;
    Ok(speed)
}

/// Sends this many megabytes, and then the end.
fn send(stream: &mut TcpStream, megabytes: usize) -> anyhow::Result<()> {
    let buffer = vec![b'x'; BUFFER];
    for _ in 0..megabytes * ((1 << 20) / BUFFER) {
        stream.write_all(&buffer).context("cannot send")?;
    }
    stream
        .shutdown(std::net::Shutdown::Write)
        .context("cannot end the sending half")
}

/// Receives until the end, and expects this many megabytes.
fn receive(stream: &mut TcpStream, megabytes: usize) -> anyhow::Result<()> {
    stream
        .set_read_timeout(Some(LIMIT))
        .context("cannot set a limit")?;
    let mut buffer = vec![0; BUFFER];
    let mut received = 0;
    loop {
        match stream.read(&mut buffer).context("cannot receive")? {
            0 => break,
            length => received += length,
        }
    }
    let expected = megabytes << 20;
    ensure!(
        received == expected,
        "{received} bytes of {expected} have come"
    );
    Ok(())
}

/// Moves this many megabytes through a program.
fn through(
    words: &[String],
    way: Way,
    input: &tempfile::NamedTempFile,
    megabytes: usize,
) -> anyhow::Result<f64> {
    let (listener, address) = listener()?;
    let mut command = program(words, address);
    let stdin = match way {
        Way::Sends => Stdio::from(File::open(input.path()).context("cannot open the input")?),
        Way::Receives => Stdio::null(),
    };
    // As a whole: a file for stdout would be written to a disk.
    command
        .stdin(stdin)
        .stdout(File::create("/dev/null").context("cannot open /dev/null")?);
    command.stderr(Stdio::null());
    let (group, mut child) = ProcessGroup::start(&mut command)
        .with_context(|| format!("cannot start {}", shown(&command)))?;
    let (mut stream, _) = listener.accept().context("cannot accept")?;
    let start = Instant::now();
    let moved = match way {
        Way::Sends => receive(&mut stream, megabytes),
        Way::Receives => {
            stream
                .set_write_timeout(Some(LIMIT))
                .context("cannot set a limit")?;
            send(&mut stream, megabytes).and_then(|()| receive(&mut stream, 0))
        }
    };
    drop(stream);
    // From the first byte until the program has taken, or given, the last one.
    let deadline = Instant::now() + LIMIT;
    while !harness::has_ended(&mut child).context("cannot watch the program")? {
        ensure!(
            Instant::now() < deadline,
            "{} does not end",
            shown(&command)
        );
        thread::sleep(std::time::Duration::from_micros(200));
    }
    let speed = speed(megabytes, start);
    let status = group.end(&mut child).context("cannot tell how it ended")?;
    moved.with_context(|| shown(&command))?;
    ensure!(status.success(), "{} exits with {status}", shown(&command));
    Ok(speed)
}

/// A command with the address to connect to in its arguments.
fn program(words: &[String], address: SocketAddr) -> Command {
    let fill = |word: &String| {
        word.replace("ADDRESS", &address.to_string())
            .replace("IP", &address.ip().to_string())
            .replace("PORT", &address.port().to_string())
    };
    let words: Vec<String> = words.iter().map(fill).collect();
    let mut command = Command::new(Path::new(&words[0]));
    command.args(&words[1..]);
    command
}
