//! The rubric of exercise 05: chat.

use assert_cmd::cargo::cargo_bin;
use harness::check::{Checked, Passed};
use harness::message::{Argument, Message};
use harness::{Connection, Program, Scenario, acknowledge_at_once, message};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

fn check(test: impl FnOnce(&Scenario) -> Checked) {
    harness::check(cargo_bin!("exercise-05"), test);
}

/// What a client waits for.
enum Awaited {
    /// Something with a name.
    Named(Message),
    /// These very bytes.
    Bytes(Argument),
}

impl From<Message> for Awaited {
    fn from(name: Message) -> Self {
        Self::Named(name)
    }
}

impl From<&[u8]> for Awaited {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl Awaited {
    /// That a client waits for it.
    fn step(&self, client: SocketAddr) -> Message {
        match self {
            Self::Named(name) => message!("{client} waits for {name}", client, name),
            Self::Bytes(bytes) => {
                message!("{client} waits for {bytes}", client, bytes = bytes.clone())
            }
        }
    }

    /// That a client receives it.
    fn expectation(&self, client: SocketAddr) -> Message {
        match self {
            Self::Named(name) => message!("{client} receives {name}", client, name),
            Self::Bytes(bytes) => {
                message!("{client} receives {bytes}", client, bytes = bytes.clone())
            }
        }
    }
}

/// A client, and what it has received and nobody has looked at yet.
struct Client {
    scenario: Scenario,
    connection: Connection,
    received: Vec<u8>,
}

impl Client {
    fn new(scenario: &Scenario, server: &Program) -> Self {
        Self {
            scenario: scenario.clone(),
            connection: server.connect(),
            received: Vec::new(),
        }
    }

    /// Connects, and waits for the first line, which should be the welcome: what is in it
    /// is the business of one check.
    fn connect(scenario: &Scenario, server: &Program) -> Self {
        let mut client = Self::new(scenario, server);
        client.line(message!("its first line, the welcome"));
        client
    }

    fn peer(&self) -> SocketAddr {
        self.connection.local()
    }

    fn send(&mut self, bytes: &[u8]) {
        self.connection.send(bytes);
    }

    /// The next line, without its `\n`.
    fn line(&mut self, awaited: impl Into<Awaited>) -> Vec<u8> {
        let awaited = awaited.into();
        self.scenario.step(awaited.step(self.peer()));
        loop {
            if let Some(end) = self.received.iter().position(|&byte| byte == b'\n') {
                let rest = self.received.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.received, rest);
                line.pop();
                return line;
            }
            let more = self.connection.receive(1 << 17);
            if more.is_empty() {
                let got = message!(
                    "{bytes}, then the end of the stream",
                    bytes = &self.received
                );
                self.scenario.fail(awaited.expectation(self.peer()), got);
            }
            self.received.extend(more);
        }
    }

    /// Expects this line next, to its last byte. Copies of what the client said itself do
    /// not count: they are the business of one check.
    fn expect(&mut self, expected: &[u8]) {
        let own = format!("{}: ", self.peer());
        let whole = [expected, b"\n"].concat();
        loop {
            let line = self.line(&whole[..]);
            if line == expected {
                return;
            }
            if !line.starts_with(own.as_bytes()) {
                self.fail(self.receives(&whole), &line);
            }
        }
    }

    /// That it receives these bytes.
    fn receives(&self, bytes: &[u8]) -> Message {
        Awaited::from(bytes).expectation(self.peer())
    }

    fn fail(&self, expected: Message, line: &[u8]) -> ! {
        self.scenario.fail(expected, [line, b"\n"].concat());
    }

    /// Expects that a client has said this.
    fn expect_from(&mut self, sender: SocketAddr, words: &[u8]) {
        self.expect(&[format!("{sender}: ").as_bytes(), words].concat());
    }

    /// Says that it is here until all these have heard it: a server may take a client in a
    /// little after its welcome, and what is said before that does not reach the client.
    fn be_heard(&mut self, others: &mut [Client]) {
        let peer = self.peer();
        let mut said = 0;
        let mut heard: Vec<Option<usize>> = vec![None; others.len()];
        let deadline = Instant::now() + EACH_LINE;
        while heard.contains(&None) {
            said += 1;
            self.send(format!("here {said}\n").as_bytes());
            for (other, heard) in others.iter_mut().zip(&mut heard) {
                // The last time it waits as long as it may, and fails.
                let is_last = Instant::now() > deadline;
                if heard.is_none() && (is_last || other.hears()) {
                    *heard = Some(other.expect_here(peer));
                }
            }
        }
        for (other, heard) in others.iter_mut().zip(heard) {
            for number in heard.unwrap_or(said) + 1..=said {
                other.expect_from(peer, format!("here {number}").as_bytes());
            }
        }
    }

    /// Whether it gets a line soon that it has not said itself.
    fn hears(&mut self) -> bool {
        let own = format!("{}: ", self.peer());
        loop {
            if self.received.starts_with(own.as_bytes()) && self.received.contains(&b'\n') {
                self.line(own.as_bytes());
            } else if !self.received.is_empty() {
                return true;
            } else if self.connection.has_something(SOON) {
                let more = self.connection.receive(1 << 17);
                if more.is_empty() {
                    return true; // The end of the stream: whoever expects a line will tell.
                }
                self.received.extend(more);
            } else {
                return false;
            }
        }
    }

    /// Expects one of the lines by which this client says that it is here, and returns its
    /// number.
    fn expect_here(&mut self, peer: SocketAddr) -> usize {
        let expected = format!("{peer}: here 1\n");
        let line = self.line(expected.as_bytes());
        let text = String::from_utf8_lossy(&line);
        let number = text.strip_prefix(&format!("{peer}: here "));
        match number.and_then(|number| number.parse().ok()) {
            Some(number) => number,
            None => self.fail(self.receives(expected.as_bytes()), &line),
        }
    }

    /// Expects that a client has left.
    fn expect_left(&mut self, peer: SocketAddr) {
        self.expect(format!("{peer} left").as_bytes());
    }
}

/// A text to wait for.
fn quoted(text: &str) -> Awaited {
    Awaited::Bytes(Argument::quoted(text))
}

/// How long a client waits before it says again that it is here.
const SOON: Duration = Duration::from_millis(50);

/// Some clients who have all been heard by those who came before them: so the server knows
/// that they are there, and no check but one depends on how soon it knew.
fn clients<const N: usize>(scenario: &Scenario, server: &Program) -> [Client; N] {
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..N {
        let mut client = Client::connect(scenario, server);
        client.be_heard(&mut clients);
        clients.push(client);
    }
    match clients.try_into() {
        Ok(clients) => clients,
        Err(_) => unreachable!("there are as many as were asked for"),
    }
}

#[test]
fn welcomes_each_client_with_its_own_address() {
    check(|scenario| {
        let server = scenario.start_server();
        for _ in 0..2 {
            let mut client = Client::new(scenario, &server);
            let welcome = format!("welcome {}", client.peer());
            // That the one before it has left may come first: that is for another check.
            let line = loop {
                let line = client.line(message!("its first line, the welcome"));
                if !line.ends_with(b" left") {
                    break line;
                }
            };
            if line != welcome.as_bytes() {
                let (peer, welcome) = (client.peer(), format!("{welcome:?}"));
                client.fail(
                    message!("{client} receives {welcome}", client = peer, welcome),
                    &line,
                );
            }
        }
        Ok(Passed)
    });
}

#[test]
fn a_line_goes_to_every_other_client() {
    check(|scenario| {
        let server = scenario.start_server();
        let [mut one, mut two, mut three] = clients(scenario, &server);
        // The last one speaks first: nobody has to wait for those before.
        three.send(b"hello\n");
        one.expect_from(three.peer(), b"hello");
        two.expect_from(three.peer(), b"hello");
        one.send(b"hello yourself\n");
        two.expect_from(one.peer(), b"hello yourself");
        three.expect_from(one.peer(), b"hello yourself");
        for words in [&b"first"[..], b"second", b"third"] {
            two.send(&[words, b"\n"].concat());
            one.expect_from(two.peer(), words);
            three.expect_from(two.peer(), words);
        }
        Ok(Passed)
    });
}

#[test]
fn the_sender_gets_no_copy() {
    check(|scenario| {
        let server = scenario.start_server();
        let [mut one, mut two] = clients(scenario, &server);
        for (question, answer) in [("who is there?", "me"), ("who is me?", "you are")] {
            one.send(format!("{question}\n").as_bytes());
            two.expect_from(one.peer(), question.as_bytes());
            two.send(format!("{answer}\n").as_bytes());
            // Not `expect`: here a copy would count.
            let expected = format!("{}: {answer}", two.peer());
            let line = one.line(message!("the answer, and no copy of its question"));
            if line != expected.as_bytes() {
                let (client, answer) = (one.peer(), format!("{expected:?}"));
                one.fail(
                    message!("{client} receives {answer} next", client, answer),
                    &line,
                );
            }
        }
        Ok(Passed)
    });
}

#[test]
fn lines_stay_whole_however_they_come() {
    check(|scenario| {
        let server = scenario.start_server();
        let [mut one, mut two] = clients(scenario, &server);
        for piece in [&b"in"[..], b" pie", b"ces\n"] {
            one.send(piece);
            one.connection.let_it_receive();
        }
        two.expect_from(one.peer(), b"in pieces");
        // Several at once, and the first piece of another one.
        one.send(b"one\ntwo\r\n\nthr");
        two.expect_from(one.peer(), b"one");
        two.expect_from(one.peer(), b"two\r");
        two.expect_from(one.peer(), b"");
        one.send(b"ee\n \xc4\xe3\xff\x00 \n");
        two.expect_from(one.peer(), b"three");
        two.expect_from(one.peer(), b" \xc4\xe3\xff\x00 ");
        // As long as a line may be.
        let long: Vec<u8> = (b'a'..=b'z').cycle().take(65536).collect();
        one.send(&[&long[..], b"\n"].concat());
        two.expect_from(one.peer(), &long);
        Ok(Passed)
    });
}

#[test]
fn says_who_left_after_the_last_line() {
    check(|scenario| {
        let server = scenario.start_server();
        let [mut one, mut two, mut three] = clients(scenario, &server);
        three.send(b"I have to go\n");
        for client in [&mut one, &mut two] {
            client.expect_from(three.peer(), b"I have to go");
        }
        three.send(b"bye");
        three.connection.half_close();
        for client in [&mut one, &mut two] {
            client.expect_from(three.peer(), b"bye");
            client.expect_left(three.peer());
        }
        // The server closes its side as well.
        three.connection.expect_gone();
        // Without an unfinished line nothing is added.
        two.send(b"me too\n");
        two.connection.half_close();
        one.expect_from(two.peer(), b"me too");
        one.expect_left(two.peer());
        Ok(Passed)
    });
}

#[test]
fn a_reset_is_offline_and_harms_nobody() {
    check(|scenario| {
        let server = scenario.start_server();
        let [mut one, mut two, mut three] = clients(scenario, &server);
        three.send(b"last words\n");
        one.expect_from(three.peer(), b"last words");
        two.expect_from(three.peer(), b"last words");
        let gone = three.peer();
        three.connection.reset();
        one.expect_left(gone);
        two.expect_left(gone);

        // The kernel hands out connections that were cut before anybody accepted them.
        let passers_by: Vec<SocketAddr> = server.while_stopped(|| {
            let pass_by = |_| {
                let connection = server.connect();
                let peer = connection.local();
                connection.reset();
                peer
            };
            (0..3).map(pass_by).collect()
        });
        // Whether the others hear of such a client is not laid down.
        let next = |client: &mut Client, sender: SocketAddr, words: &str| {
            let expected = format!("{sender}: {words}");
            let own = format!("{}: ", client.peer());
            loop {
                let line = client.line(quoted(&expected));
                let text = String::from_utf8_lossy(&line);
                let left = text
                    .strip_suffix(" left")
                    .and_then(|peer| peer.parse().ok());
                if text == expected {
                    return;
                }
                // If they hear of it, the welcome may come after that: for another check.
                if text.starts_with("welcome") {
                    continue;
                }
                if !text.starts_with(&own) && left.is_none_or(|peer| !passers_by.contains(&peer)) {
                    client.fail(quoted(&expected).expectation(client.peer()), &line);
                }
            }
        };
        // Who comes after them finds the others, and is found.
        let mut four = Client::connect(scenario, &server);
        four.send(b"is anybody there?\n");
        next(&mut one, four.peer(), "is anybody there?");
        next(&mut two, four.peer(), "is anybody there?");
        one.send(b"yes\n");
        next(&mut two, one.peer(), "yes");
        next(&mut four, one.peer(), "yes");
        Ok(Passed)
    });
}

/// How many clients come, at most, while others talk.
const NEWCOMERS: u32 = 30;
/// How long that may take, at most: a fast machine tries often, a slow one at least 3 times.
const COMING: Duration = Duration::from_millis(200);

#[test]
fn a_newcomer_gets_its_welcome_first_and_every_line_after_it() {
    check(|scenario| {
        let server = scenario.start_server();
        let talk = Talk::start(scenario, &server);
        let talker = talk.talker;
        // They stay: how a client leaves is for other checks.
        let mut newcomers = Vec::new();
        let begin = Instant::now();
        for number in 0..NEWCOMERS {
            if number >= 3 && begin.elapsed() > COMING {
                break;
            }
            talk.go_on();
            let mut newcomer = Client::new(scenario, &server);
            let peer = newcomer.peer();
            let first = newcomer.line(message!("the welcome, before anything else"));
            // What is said from now on the server reads after it has sent the welcome.
            let said = talk.said.load(SeqCst);
            talk.go_on();
            if !first.starts_with(b"welcome") {
                newcomer.fail(
                    message!("{client} receives its welcome first", client = peer),
                    &first,
                );
            }
            let line = newcomer.line(message!("a line of the talk"));
            let text = String::from_utf8_lossy(&line);
            let prefix = format!("{talker}: ");
            let heard = text
                .strip_prefix(&prefix)
                .and_then(|number| number.parse::<u64>().ok());
            match heard {
                Some(heard) if heard <= said + 1 => {}
                Some(_) => newcomer.fail(
                    message!(
                        "{client} receives all that is said after its welcome, from {number} on",
                        client = peer,
                        number = said + 1
                    ),
                    &line,
                ),
                None => newcomer.fail(
                    message!("{client} receives a line of the talk", client = peer),
                    &line,
                ),
            }
            newcomers.push(newcomer);
        }
        talk.stop();
        Ok(Passed)
    });
}

/// Two clients: the first one says numbers, each as soon as the second one has heard the
/// number before.
struct Talk {
    scenario: Scenario,
    talker: SocketAddr,
    /// The number that was said last, or is being said.
    said: Arc<AtomicU64>,
    /// Where the talk stops, until it is told to go on.
    until: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    thread: thread::JoinHandle<io::Result<()>>,
}

impl Talk {
    fn start(scenario: &Scenario, server: &Program) -> Self {
        let mut listener = Stream::connect(scenario, server);
        let mut stream = Stream::connect(scenario, server);
        let talker = stream.peer;
        scenario.step(message!("{client} says 1, 2, 3 and so on", client = talker));
        let said = Arc::new(AtomicU64::new(0));
        let until = Arc::new(AtomicU64::new(0));
        let over = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (said, until, over) = (Arc::clone(&said), Arc::clone(&until), Arc::clone(&over));
            move || {
                while !over.load(SeqCst) {
                    if said.load(SeqCst) >= until.load(SeqCst) {
                        thread::sleep(Duration::from_micros(100));
                        continue;
                    }
                    let number = said.fetch_add(1, SeqCst) + 1;
                    stream.say(format!("{number}\n").as_bytes())?;
                    let line = format!("{talker}: {number}\n");
                    while listener.hear(b'\n')? != line.as_bytes() {}
                }
                Ok(())
            }
        });
        Self {
            scenario: scenario.clone(),
            talker,
            said,
            until,
            over,
            thread,
        }
    }

    /// Lets the two say more, without a pause, but not for ever: a server may drop whom it
    /// cannot send to for long, and a newcomer's turn may come late on a busy machine.
    fn go_on(&self) {
        const MORE: u64 = 64;
        self.until.store(self.said.load(SeqCst) + MORE, SeqCst);
    }

    fn stop(self) {
        self.over.store(true, SeqCst);
        if !matches!(self.thread.join(), Ok(Ok(()))) {
            let said = self.said.load(SeqCst);
            self.scenario.fail(
                message!("the talk of two clients goes on while others come"),
                message!(
                    "nobody has heard the line {number} of {client}",
                    number = said,
                    client = self.talker
                ),
            );
        }
    }
}

/// A socket whose bytes are acknowledged as soon as they are received.
struct Prompt(TcpStream);

impl Read for Prompt {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.0.read(buffer)?;
        acknowledge_at_once(&self.0);
        Ok(length)
    }
}

/// A client that does too much for each step to be told.
struct Stream {
    socket: BufReader<Prompt>,
    peer: SocketAddr,
}

impl Stream {
    /// Connects, and waits for the welcome.
    fn connect(scenario: &Scenario, server: &Program) -> Self {
        Self::try_connect(scenario, server).unwrap_or_else(|error| {
            scenario.fail(message!("one more client is welcomed"), explain(&error))
        })
    }

    fn try_connect(scenario: &Scenario, server: &Program) -> io::Result<Self> {
        let socket = TcpStream::connect_timeout(&server.address(), scenario.limit())?;
        socket.set_read_timeout(Some(scenario.limit()))?;
        socket.set_write_timeout(Some(scenario.limit()))?;
        let peer = socket.local_addr()?;
        scenario.step(message!(
            "client {client} connects, and waits for its welcome",
            client = peer
        ));
        let mut stream = Self {
            socket: BufReader::with_capacity(1 << 17, Prompt(socket)),
            peer,
        };
        stream.hear(b'\n')?;
        Ok(stream)
    }

    fn try_clone(&self) -> io::Result<Self> {
        let socket = self.socket.get_ref().0.try_clone()?;
        let peer = self.peer;
        let socket = BufReader::with_capacity(1 << 17, Prompt(socket));
        Ok(Self { socket, peer })
    }

    fn say(&mut self, lines: &[u8]) -> io::Result<()> {
        self.socket.get_mut().0.write_all(lines)
    }

    /// Receives until this byte has come, and returns what has come.
    fn hear(&mut self, last: u8) -> io::Result<Vec<u8>> {
        let mut heard = Vec::new();
        self.socket.read_until(last, &mut heard)?;
        if heard.last() != Some(&last) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(heard)
    }
}

/// What went wrong, in plain words.
fn explain(error: &io::Error) -> Argument {
    match error.kind() {
        _ if harness::is_timeout(error) => message!("nothing came in time").into(),
        ErrorKind::UnexpectedEof => message!("the end of the stream").into(),
        _ => error.into(),
    }
}

/// Within this time the others get each line, says the contract.
const EACH_LINE: Duration = Duration::from_secs(2);

#[test]
fn a_client_that_never_reads_holds_nobody_up() {
    check(|scenario| {
        const LENGTH: usize = 4000;
        const LINES: usize = 14;
        const ROUNDS: usize = (16 << 20) / (LENGTH * LINES) + 1;

        let server = scenario.start_server();
        // It reads its welcome, so that it is there before the others, and then nothing.
        let never_reads = Stream::connect(scenario, &server);
        let mut one = Stream::connect(scenario, &server);
        let mut two = Stream::connect(scenario, &server);
        // Who is heard is there: how soon that is so is for another check.
        if let Err(error) = two.say(b"here\n").and_then(|()| one.hear(b'\n')) {
            scenario.fail(
                message!(
                    "{client} hears {other}",
                    client = one.peer,
                    other = two.peer
                ),
                explain(&error),
            );
        }
        // How lines look is for other checks: the `y` is the end of a round, and the `zy` that
        // of all. Copies of what a client said itself are received as well.
        let line = [&[b'x'; LENGTH][..], b"\n"].concat();
        let lines = [&line.repeat(LINES)[..], b"y\n"].concat();
        let (copy_heard, echoes) = mpsc::channel();
        let answer = match one.try_clone() {
            Ok(mut one) => thread::spawn(move || {
                while !one.hear(b'y')?.ends_with(b"zy") {
                    let _ = copy_heard.send(());
                }
                Ok(())
            }),
            Err(error) => scenario.fail(message!("the test can receive"), explain(&error)),
        };
        let held_up = |who: &Stream, got: Argument| -> ! {
            scenario.fail(
                message!(
                    "{client} gets each line within {duration}",
                    client = who.peer,
                    duration = EACH_LINE
                ),
                got,
            )
        };

        scenario.step(message!(
            "{one} sends {rounds} times {lines} lines of {length} bytes; {two} receives them, and \
             {other} receives nothing any more",
            one = one.peer,
            rounds = ROUNDS,
            lines = LINES,
            length = LENGTH,
            two = two.peer,
            other = never_reads.peer
        ));
        let (mut bytes, mut copied) = (0, 0);
        for round in 0..=ROUNDS {
            // Always two rounds on their way: the kernel holds back the end of what a server
            // sends until more follows, or all before it is acknowledged (Nagle's algorithm).
            let sent = if round < ROUNDS {
                one.say(&lines)
            } else {
                Ok(())
            };
            // This, and not the whole round, must not take longer: a line is not longer.
            let receives = two.socket.get_ref().0.set_read_timeout(Some(EACH_LINE));
            let heard = match sent.and(receives) {
                Ok(()) if round == 0 => continue,
                Ok(()) => two.hear(b'y'),
                Err(error) => Err(error),
            };
            match heard {
                Ok(heard) => bytes += heard.len(),
                Err(error) => {
                    let (rounds, trouble) = (round - 1, explain(&error));
                    let got = message!("after {rounds} rounds: {trouble}", rounds, trouble);
                    held_up(&two, got.into());
                }
            }
            // A server that sends copies may drop who falls behind with receiving them: the
            // test waits for them as well, and does not ask for more than is received.
            copied += echoes.try_iter().count();
            while copied > 0 && copied + 2 < round && echoes.recv_timeout(EACH_LINE).is_ok() {
                copied += 1;
            }
        }
        if bytes < ROUNDS * lines.len() {
            let all = ROUNDS * lines.len();
            let got = message!("only {count} bytes of {all}", count = bytes, all);
            held_up(&two, got.into());
        }
        scenario.step(message!(
            "{client} answers, and {other} receives that",
            client = two.peer,
            other = one.peer
        ));
        let sent = two.say(b"zy\n");
        let answered = || match answer.join() {
            Ok(answered) => answered,
            Err(_) => Err(io::Error::other("the check has panicked")),
        };
        if let Err(error) = sent.and_then(|()| answered()) {
            held_up(&one, explain(&error));
        }
        Ok(Passed)
    });
}
