//! Clients that come while others talk.
//!
//! A server welcomes a client, and puts it on its list. If a line comes between these two steps,
//! it either reaches the client before the welcome or never. The gap is short, so many clients
//! come, several at a time, and those who talk never pause.

use crate::stream::{Stream, explain};
use harness::message::{Argument, Message, Party};
use harness::{Program, Scenario, message};
use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How many clients talk.
const TALKERS: usize = 4;
/// How many numbers each of them says, at most, before another client comes. A server may drop
/// a client that does not receive for long, and on a busy machine a client may get its turn late.
const AHEAD: u64 = 12;
/// How many clients come at a time.
const AT_A_TIME: usize = 8;
/// How many clients come at most, and at least: a fast machine tries often. In a sandbox a server
/// with two threads for each client must stay below the limit of 256.
const MOST: usize = 240;
const MOST_IN_SANDBOX: usize = 104;
const LEAST: usize = AT_A_TIME;
/// The time after which no further clients come, once there are at least [`LEAST`].
const COMING: Duration = Duration::from_millis(900);

/// What a newcomer should have received, and what it has received instead.
type Complaint = (Message, Argument);

/// Runs the check.
pub(crate) fn come_while_others_talk(scenario: &Scenario) {
    let first = scenario.random().number(1..=1_000_000);
    let server = scenario.start_server();
    let talk = Talk::start(scenario, &server, first as u64);
    // They stay: how a client leaves is for other checks.
    let mut handles = Vec::new();
    let begin = Instant::now();
    let most = if scenario.is_sandboxed() {
        MOST_IN_SANDBOX
    } else {
        MOST
    };
    while handles.len() < most && (handles.len() < LEAST || begin.elapsed() < COMING) {
        scenario.step(message!(
            "{count} clients come at a time",
            count = AT_A_TIME
        ));
        talk.said.go_on();
        // All of them wait in the accept queue when the server gets to run again.
        let newcomers = server.while_stopped(|| {
            let open = |_| Stream::open(scenario, &server);
            (0..AT_A_TIME).map(open).collect::<io::Result<Vec<_>>>()
        });
        let newcomers = connected(scenario, newcomers);
        let (done, verdicts) = channel();
        for newcomer in newcomers {
            handles.push(connected(scenario, newcomer.handle()));
            let (said, done) = (Arc::clone(&talk.said), done.clone());
            thread::spawn(move || listen(newcomer, &said, &done));
        }
        drop(done);
        // Lines that come all the time keep a newcomer from noticing that one talker is silent.
        for _ in 0..AT_A_TIME {
            match verdicts.recv_timeout(scenario.limit()) {
                Ok(Ok(())) => {}
                Ok(Err((expected, got))) => scenario.fail(expected, got),
                Err(_) => scenario.fail(
                    message!("each newcomer receives a line of each talker"),
                    message!("not all of them have"),
                ),
            }
        }
    }
    talk.stop();
    for handle in handles {
        let _ = handle.shutdown(Shutdown::Both);
    }
}

fn connected<T>(scenario: &Scenario, result: io::Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => scenario.fail(message!("a connection to the server"), explain(&error)),
    }
}

/// Listens as a newcomer: to the welcome, to a line of each talker, and then to whatever comes,
/// so that the server never has to wait for it.
fn listen(mut newcomer: Stream, said: &Said, done: &Sender<Result<(), Complaint>>) {
    // Nobody waits for the verdict where the check has failed already.
    let _ = done.send(hear_all(&mut newcomer, said));
    while newcomer.hear(b'\n').is_ok() {}
}

fn hear_all(newcomer: &mut Stream, said: &Said) -> Result<(), Complaint> {
    let welcomed = |newcomer: &Stream| {
        let client = newcomer.name();
        message!("{client} receives its welcome first", client)
    };
    let first = match newcomer.hear(b'\n') {
        Ok(first) => first,
        Err(error) => return Err((welcomed(newcomer), explain(&error))),
    };
    // What is said from now on the server reads after it has sent the welcome.
    let before: Vec<u64> = said.talkers.iter().map(Talker::last).collect();
    if !first.starts_with(b"welcome") {
        return Err((welcomed(newcomer), first.as_slice().into()));
    }
    said.go_on();
    let mut heard = vec![false; before.len()];
    while heard.contains(&false) {
        let expected = |newcomer: &Stream| {
            let client = newcomer.name();
            message!("{client} receives a line of the talk", client)
        };
        let line = match newcomer.hear(b'\n') {
            Ok(line) => line,
            Err(error) => return Err((expected(newcomer), explain(&error))),
        };
        // Whether the server drops a client is not tested here.
        if line.ends_with(b" left\n") {
            continue;
        }
        let Some((talker, number)) = said.by_whom(&line) else {
            return Err((expected(newcomer), line.as_slice().into()));
        };
        if !heard[talker] && number > before[talker] + 1 {
            let expected = message!(
                "{client} receives all that {other} says after its welcome, from {number} on",
                client = newcomer.name(),
                other = &said.talkers[talker].name,
                number = before[talker] + 1
            );
            return Err((expected, line.as_slice().into()));
        }
        heard[talker] = true;
    }
    Ok(())
}

/// A client that says numbers.
struct Talker {
    name: Party,
    peer: SocketAddr,
    /// The number that it said last, or is saying.
    said: AtomicU64,
    /// The number that it has heard all others say.
    heard: AtomicU64,
}

impl Talker {
    fn last(&self) -> u64 {
        self.said.load(SeqCst)
    }
}

/// What the talkers have said.
struct Said {
    talkers: Vec<Talker>,
    /// The number at which they stop, until they are told to go on.
    until: AtomicU64,
    over: AtomicBool,
}

impl Said {
    /// Lets them say more.
    fn go_on(&self) {
        let last = self.talkers.iter().map(Talker::last).max();
        self.until.fetch_max(last.unwrap_or(0) + AHEAD, SeqCst);
    }

    /// The client that has said a line, and the number in it.
    fn by_whom(&self, line: &[u8]) -> Option<(usize, u64)> {
        let text = String::from_utf8_lossy(line);
        let (peer, number) = text.trim_end().split_once(": ")?;
        let peer: SocketAddr = peer.parse().ok()?;
        let talker = self.talkers.iter().position(|one| one.peer == peer)?;
        Some((talker, number.parse().ok()?))
    }
}

/// Clients that say numbers, each the next one when all have heard the one before.
struct Talk {
    scenario: Scenario,
    said: Arc<Said>,
    handles: Vec<TcpStream>,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

impl Talk {
    fn start(scenario: &Scenario, server: &Program, first: u64) -> Self {
        let connect = |_| Stream::connect(scenario, server);
        let streams: Vec<Stream> = (0..TALKERS).map(connect).collect();
        scenario.step(message!(
            "these clients say {number} and so on, each number when they have heard one another \
             say the one before",
            number = first
        ));
        let handles = streams.iter().map(Stream::handle);
        let handles = connected(scenario, handles.collect());
        let talker = |stream: &Stream| Talker {
            name: stream.name(),
            peer: stream.peer,
            said: AtomicU64::new(first - 1),
            heard: AtomicU64::new(first - 1),
        };
        let said = Arc::new(Said {
            talkers: streams.iter().map(talker).collect(),
            until: AtomicU64::new(0),
            over: AtomicBool::new(false),
        });
        let deadline = Instant::now() + scenario.limit();
        let threads = streams.into_iter().enumerate().map(|(index, stream)| {
            let said = Arc::clone(&said);
            thread::spawn(move || {
                let result = talk(stream, index, &said, deadline);
                if said.over.load(SeqCst) {
                    Ok(())
                } else {
                    result
                }
            })
        });
        Self {
            scenario: scenario.clone(),
            threads: threads.collect(),
            said,
            handles,
        }
    }

    /// Ends the talk, which must have gone on until now.
    fn stop(self) {
        self.said.over.store(true, SeqCst);
        for handle in &self.handles {
            let _ = handle.shutdown(Shutdown::Both);
        }
        for (thread, talker) in self.threads.into_iter().zip(&self.said.talkers) {
            if !matches!(thread.join(), Ok(Ok(()))) {
                self.scenario.fail(
                    message!("the talk goes on while others come"),
                    message!(
                        "{client} has said {number}, and has not heard all others say it",
                        client = &talker.name,
                        number = talker.last()
                    ),
                );
            }
        }
    }
}

/// Says numbers, each when all have heard all say the number before: a server that has not read
/// that could take the two for one.
fn talk(mut stream: Stream, own: usize, said: &Said, deadline: Instant) -> io::Result<()> {
    let mut heard: Vec<u64> = said.talkers.iter().map(Talker::last).collect();
    while !said.over.load(SeqCst) && Instant::now() < deadline {
        let last = heard[own];
        if heard.iter().any(|&number| number < last) {
            // Another check looks for copies of its own lines.
            match said.by_whom(&stream.hear(b'\n')?) {
                Some((talker, number)) if talker != own => heard[talker] = number,
                _ => {}
            }
            continue;
        }
        said.talkers[own].heard.store(last, SeqCst);
        let mut talkers = said.talkers.iter();
        let is_heard = talkers.all(|talker| talker.heard.load(SeqCst) >= last);
        if is_heard && last < said.until.load(SeqCst) {
            said.talkers[own].said.store(last + 1, SeqCst);
            heard[own] = last + 1;
            stream.say(format!("{}\n", last + 1).as_bytes())?;
        } else {
            thread::sleep(Duration::from_micros(50));
        }
    }
    Ok(())
}
