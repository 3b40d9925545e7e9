//! The rubric of exercise 05: chat.

#[path = "exercise_05/newcomers.rs"]
mod newcomers;
#[path = "exercise_05/stream.rs"]
mod stream;

use assert_cmd::cargo::cargo_bin;
use harness::check::{Checked, Passed, needs_ipv6};
use harness::message::{Argument, Message, Party};
use harness::random::Random;
use harness::{Connection, Program, Scenario, message};
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use stream::{Stream, explain};

fn check(test: impl FnOnce(&Scenario) -> Checked) {
    harness::check(cargo_bin!("exercise-05"), test);
}

/// What a client waits for.
enum Awaited {
    /// Something that is described, such as the welcome.
    Named(Message),
    /// Exactly these bytes.
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
    /// The step: a client waits for it.
    fn step(&self, client: &Party) -> Message {
        match self {
            Self::Named(name) => message!("{client} waits for {name}", client, name),
            Self::Bytes(bytes) => {
                message!("{client} waits for {bytes}", client, bytes = bytes.clone())
            }
        }
    }

    /// The expectation: a client receives it.
    fn expectation(&self, client: &Party) -> Message {
        match self {
            Self::Named(name) => message!("{client} receives {name}", client, name),
            Self::Bytes(bytes) => {
                message!("{client} receives {bytes}", client, bytes = bytes.clone())
            }
        }
    }
}

/// A client, and the bytes that it has received and that no expectation has taken yet.
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

    /// Connects, and waits for the first line, which should be the welcome. One check looks at its
    /// text.
    fn connect(scenario: &Scenario, server: &Program) -> Self {
        let mut client = Self::new(scenario, server);
        client.line(message!("its first line, the welcome"));
        client
    }

    fn peer(&self) -> SocketAddr {
        self.connection.local()
    }

    fn name(&self) -> &Party {
        self.connection.name()
    }

    fn send(&mut self, bytes: &[u8]) {
        self.connection.send(bytes);
    }

    fn say(&mut self, words: &[u8]) {
        self.send(&[words, b"\n"].concat());
    }

    /// The next line, without its `\n`.
    fn line(&mut self, awaited: impl Into<Awaited>) -> Vec<u8> {
        let awaited = awaited.into();
        self.scenario.step(awaited.step(self.name()));
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
                self.scenario.fail(awaited.expectation(self.name()), got);
            }
            self.received.extend(more);
        }
    }

    /// Expects exactly this line next. Copies of the client's own lines do not count: one check
    /// looks for them.
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

    /// The expectation that it receives these bytes.
    fn receives(&self, bytes: &[u8]) -> Message {
        Awaited::from(bytes).expectation(self.name())
    }

    fn fail(&self, expected: Message, line: &[u8]) -> ! {
        self.scenario.fail(expected, [line, b"\n"].concat());
    }

    /// Expects that a client has said this.
    fn expect_from(&mut self, sender: SocketAddr, words: &[u8]) {
        self.expect(&[format!("{sender}: ").as_bytes(), words].concat());
    }

    /// Says that it is here until all these have heard it. A server may put a client on its list a
    /// little after the welcome; what is said before that does not reach the client.
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

/// What somebody says: a few letters.
fn some_words(random: &mut Random) -> Vec<u8> {
    random.some_word().into_bytes()
}

/// A text to wait for.
fn quoted(text: &str) -> Awaited {
    Awaited::Bytes(Argument::quoted(text))
}

/// How long a client waits before it says again that it is here.
const SOON: Duration = Duration::from_millis(50);

/// Some clients, each of which was heard by all that had connected before it. So the server has all
/// of them on its list; how soon it had is tested by one check alone.
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
            // The line that the client before it has left may come first. Another check tests that.
            let line = loop {
                let line = client.line(message!("its first line, the welcome"));
                if !line.ends_with(b" left") {
                    break line;
                }
            };
            if line != welcome.as_bytes() {
                let expected = message!(
                    "{client} receives {welcome}",
                    client = client.name(),
                    welcome = Argument::quoted(&welcome)
                );
                client.fail(expected, &line);
            }
        }
        Ok(Passed)
    });
}

#[test]
fn a_line_goes_to_every_other_client_and_not_back() {
    check(|scenario| {
        let mut random = scenario.random();
        let server = scenario.start_server();
        let [mut one, mut two, mut three] = clients(scenario, &server);
        // The last one speaks first: it must not have to wait for those before it.
        for _ in 0..2 {
            let words = some_words(&mut random);
            three.say(&words);
            one.expect_from(three.peer(), &words);
            two.expect_from(three.peer(), &words);
            let words = some_words(&mut random);
            one.say(&words);
            two.expect_from(one.peer(), &words);
            three.expect_from(one.peer(), &words);
        }
        // A copy of its own line would come before the answer to it.
        for _ in 0..random.number(2..=4) {
            let (question, answer) = (some_words(&mut random), some_words(&mut random));
            one.say(&question);
            two.expect_from(one.peer(), &question);
            two.say(&answer);
            let expected = [format!("{}: ", two.peer()).as_bytes(), &answer].concat();
            // Not `expect`: here a copy counts.
            let line = one.line(message!("the answer, and no copy of its question"));
            if line != expected {
                let (client, answer) = (one.name(), &expected[..]);
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
fn talks_over_ipv6() {
    check(|scenario| {
        needs_ipv6()?;
        let mut random = scenario.random();
        let server = scenario.start_server_on("[::1]:0");
        let [mut one, mut two] = clients(scenario, &server);
        let words = some_words(&mut random);
        one.say(&words);
        two.expect_from(one.peer(), &words);
        Ok(Passed)
    });
}

#[test]
fn a_line_that_comes_in_pieces_stays_whole() {
    check(|scenario| {
        let mut random = scenario.random();
        let server = scenario.start_server();
        let [mut one, mut two] = clients(scenario, &server);
        let mut pieces = vec![some_words(&mut random)];
        for _ in 0..random.number(2..=4) {
            pieces.push([b" ", &some_words(&mut random)[..]].concat());
        }
        for piece in &pieces {
            one.send(piece);
            one.connection.let_it_receive();
        }
        one.send(b"\n");
        two.expect_from(one.peer(), &pieces.concat());
        // As long as a line may be.
        let long: Vec<u8> = random.word(65536).into_bytes();
        one.send(&[&long[..], b"\n"].concat());
        two.expect_from(one.peer(), &long);
        Ok(Passed)
    });
}

#[test]
fn lines_that_come_at_once_stay_apart() {
    check(|scenario| {
        let mut random = scenario.random();
        let server = scenario.start_server();
        let [mut one, mut two] = clients(scenario, &server);
        let mut lines: Vec<Vec<u8>> = (0..random.number(2..=5))
            .map(|_| some_words(&mut random))
            .collect();
        // A line may have any bytes, or none.
        lines.push([&some_words(&mut random)[..], b"\r"].concat());
        lines.push(Vec::new());
        lines.push([&b" \xc4\xe3\xff\x00"[..], &some_words(&mut random), b" "].concat());
        random.shuffle(&mut lines);
        // Only a part of the last one has been sent.
        let last = some_words(&mut random);
        let (begin, end) = last.split_at(random.number(1..=last.len() - 1));
        one.send(&[&lines.join(&b'\n')[..], b"\n", begin].concat());
        for line in &lines {
            two.expect_from(one.peer(), line);
        }
        one.send(&[end, b"\n"].concat());
        two.expect_from(one.peer(), &last);
        Ok(Passed)
    });
}

#[test]
fn says_who_left_after_the_last_line() {
    check(|scenario| {
        let mut random = scenario.random();
        let last_words = some_words(&mut random);
        let server = scenario.start_server();
        let [mut one, mut two, mut three] = clients(scenario, &server);
        three.send(b"I have to go\n");
        for client in [&mut one, &mut two] {
            client.expect_from(three.peer(), b"I have to go");
        }
        three.send(&last_words);
        three.connection.half_close();
        for client in [&mut one, &mut two] {
            client.expect_from(three.peer(), &last_words);
            client.expect_left(three.peer());
        }
        // The server closes its side as well.
        three.connection.expect_gone();
        // There is no unfinished line, so nothing is added.
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
        // The task does not say whether the others hear of such a client.
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
                // If they do, the welcome may come after that. Another check tests this.
                if text.starts_with("welcome") {
                    continue;
                }
                if !text.starts_with(&own) && left.is_none_or(|peer| !passers_by.contains(&peer)) {
                    client.fail(quoted(&expected).expectation(client.name()), &line);
                }
            }
        };
        // A client that comes after them hears the others, and is heard.
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

#[test]
fn a_newcomer_gets_its_welcome_first_and_every_line_after_it() {
    check(|scenario| {
        newcomers::come_while_others_talk(scenario);
        Ok(Passed)
    });
}

/// The time in which the others get each line, according to the task.
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
        // A client that is heard is on the list. Another check tests how soon.
        if let Err(error) = two.say(b"here\n").and_then(|()| one.hear(b'\n')) {
            scenario.fail(
                message!(
                    "{client} hears {other}",
                    client = one.name(),
                    other = two.name()
                ),
                explain(&error),
            );
        }
        // Other checks look at the text of lines. Here `y` ends a round, and `zy` the last one.
        // Copies of a client's own lines are received as well.
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
                    client = who.name(),
                    duration = EACH_LINE
                ),
                got,
            )
        };

        scenario.step(message!(
            "{one} sends {rounds} times {lines} lines of {length} bytes; {two} receives them, and \
             {other} receives nothing any more",
            one = one.name(),
            rounds = ROUNDS,
            lines = LINES,
            length = LENGTH,
            two = two.name(),
            other = never_reads.name()
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
            let receives = two.set_patience(EACH_LINE);
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
            // A server that sends copies may drop a client that does not receive them fast enough.
            // So the test waits for them as well.
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
            client = two.name(),
            other = one.name()
        ));
        let sent = two.say(b"zy\n");
        let answered = || match answer.join() {
            Ok(answered) => answered,
            Err(_) => Err(io::Error::other(message!("the check has panicked"))),
        };
        if let Err(error) = sent.and_then(|()| answered()) {
            held_up(&one, explain(&error));
        }
        Ok(Passed)
    });
}
