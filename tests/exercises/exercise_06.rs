//! The rubric of exercise 06: a polite end.

#[path = "received.rs"]
mod received;

use assert_cmd::cargo::cargo_bin;
use harness::check::{Checked, Passed, needs_ipv6, needs_signals};
use harness::message::{Argument, Party};
use harness::random::Random;
use harness::{
    Connection, Program, Scenario, Signal, acknowledge_at_once, is_timeout, kernel, message,
    small_buffer_socket,
};
use received::{End, Received};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const GOODBYE: &[u8] = b"server: goodbye\n";

/// The task says that it must end within 2 s; the rest is for a busy machine.
const END: Duration = Duration::from_millis(2500);

fn check(test: impl FnOnce(&Scenario) -> Checked) {
    harness::check(cargo_bin!("exercise-06"), test);
}

/// Sends something, and waits for its echo.
fn talk(client: &mut Connection, bytes: &[u8]) {
    client.send(bytes);
    client.expect(bytes);
}

fn say_something(client: &mut Connection, random: &mut Random) {
    talk(client, random.some_word().as_bytes());
}

#[test]
fn echoes_what_a_client_sends() {
    check(|scenario| {
        let mut random = scenario.random();
        let server = scenario.start_server();
        let mut client = server.connect();
        say_something(&mut client, &mut random);
        // Bytes, not text, and with no end of a line to wait for.
        let mut bytes: Vec<u8> = (0..=255).collect();
        random.shuffle(&mut bytes);
        talk(&mut client, &bytes);
        talk(&mut client, &bytes.repeat(random.number(80..=120)));
        Ok(Passed)
    });
}

#[test]
fn echoes_clients_side_by_side() {
    check(|scenario| {
        let mut random = scenario.random();
        let server = scenario.start_server();
        let mut clients = [server.connect(), server.connect(), server.connect()];
        // The last one speaks first: a server that serves one after the other waits for the
        // first one.
        for client in clients.iter_mut().rev() {
            say_something(client, &mut random);
        }
        for client in &mut clients {
            say_something(client, &mut random);
        }
        Ok(Passed)
    });
}

#[test]
fn echoes_over_ipv6() {
    check(|scenario| {
        needs_ipv6()?;
        let server = scenario.start_server_on("[::1]:0");
        say_something(&mut server.connect(), &mut scenario.random());
        Ok(Passed)
    });
}

#[test]
fn says_goodbye_to_every_client_it_has_echoed() {
    check(|scenario| {
        needs_signals()?;
        let mut random = scenario.random();
        let server = scenario.start_server();
        let mut clients = [server.connect(), server.connect(), server.connect()];
        for client in &mut clients {
            say_something(client, &mut random);
        }
        server.signal(Signal::Int);
        for client in &mut clients {
            client.expect(GOODBYE);
            client.expect_end();
        }
        Ok(Passed)
    });
}

#[test]
fn exits_with_0_on_sigint_and_on_sigterm() {
    check(|scenario| {
        needs_signals()?;
        let mut random = scenario.random();
        for signal in [Signal::Int, Signal::Term] {
            let server = scenario.start_server();
            let mut client = server.connect();
            say_something(&mut client, &mut random);
            // No client is left: one check tests whether the server waits for clients.
            client.close();
            server.signal(signal);
            scenario.set_limit(END);
            server.expect_exit(0);
        }
        Ok(Passed)
    });
}

#[test]
fn says_no_goodbye_to_a_client_that_never_spoke() {
    check(|scenario| {
        needs_signals()?;
        let server = scenario.start_server();
        let mut silent = Client::connect(scenario, &server);
        let mut client = Client::connect(scenario, &server);
        // It was accepted after the other one, so that has been accepted as well.
        client.talk(scenario.random().some_word().as_bytes());
        server.signal(Signal::Int);
        client.read_to_goodbye();
        scenario.step(message!(
            "{client} receives until the end of the stream",
            client = silent.name()
        ));
        // The server must end it. Another check tests whether it waits for the client to leave.
        silent.patience(Duration::from_millis(500));
        let mut got = silent.read_to_end();
        if got.end == End::Nothing {
            silent.leave();
            client.leave();
            silent.patience(scenario.limit());
            got.bytes.extend(silent.read_to_end().bytes);
        }
        scenario.expect(
            message!(
                "{client}, which never sent a byte, receives nothing, and the end",
                client = silent.name()
            ),
            got.bytes.is_empty(),
            &got.bytes,
        );
        Ok(Passed)
    });
}

#[test]
fn takes_no_new_connections_after_the_signal() {
    check(|scenario| {
        needs_signals()?;
        let server = scenario.start_server();
        let mut client = Client::connect(scenario, &server);
        client.talk(scenario.random().some_word().as_bytes());
        // This one may give the server something to wait for.
        let mut never_reads = Client::connect_with_small_buffers(scenario, &server);
        never_reads.send_until_stuck(&server, &vec![b'x'; 1 << 25]);
        server.signal(Signal::Int);
        client.read_to_goodbye();
        scenario.step(message!(
            "another client tries to connect, and would say hello"
        ));
        let Ok(mut late) = Client::try_connect(scenario, &server) else {
            return Ok(Passed); // Refused.
        };
        // It may still wait in the queue of a listener that is about to close.
        let _ = late.stream.write_all(b"hello");
        let got = late.read_to_end();
        let expected = message!(
            "{client}, which came after the signal, is not served",
            client = late.name()
        );
        if !got.bytes.is_empty() {
            scenario.fail(expected, &got.bytes);
        }
        if got.end == End::Nothing {
            scenario.fail(expected, message!("its connection stays open"));
        }
        Ok(Passed)
    });
}

#[test]
fn ends_within_2_seconds_whoever_is_connected() {
    check(|scenario| {
        needs_signals()?;
        let mut random = scenario.random();
        let server = scenario.start_server();
        let silent = Client::connect_with_small_buffers(scenario, &server);
        let mut client = Client::connect(scenario, &server);
        scenario.step(message!(
            "{client} is silent, and stays",
            client = silent.name()
        ));
        client.talk(random.some_word().as_bytes());
        server.signal(Signal::Int);
        scenario.set_limit(END);
        expect_end_of_program(scenario, &server);

        // On a busy machine a server may seem to be stuck and is not. Then there was nothing
        // that it could have waited for.
        let was_stuck = (0..5).any(|_| ends_with_a_client_that_never_reads(scenario, &mut random));
        if !was_stuck {
            scenario.fail(
                message!("a client that never reads does not get all of its echo"),
                message!("it got all, five times"),
            );
        }
        Ok(Passed)
    });
}

/// Expects that the program ends although it cannot send all of an echo. Returns whether that
/// was so.
fn ends_with_a_client_that_never_reads(scenario: &Scenario, random: &mut Random) -> bool {
    let server = scenario.start_server();
    let mut never_reads = Client::connect_with_small_buffers(scenario, &server);
    let mut client = Client::connect(scenario, &server);
    let sent = never_reads.send_until_stuck(&server, &vec![b'x'; 1 << 25]);
    client.talk(random.some_word().as_bytes());
    server.signal(Signal::Int);
    scenario.set_limit(END);
    expect_end_of_program(scenario, &server);
    never_reads.read_to_end().bytes.len() < sent
}

/// Waits for the end of the program, with any status. Another check looks at that.
fn expect_end_of_program(scenario: &Scenario, server: &Program) {
    scenario.wait_until(
        message!("the program has ended, within 2 s"),
        || server.has_ended().then_some(()),
        || message!("it still runs").into(),
    );
}

#[test]
fn echoes_in_full_before_the_goodbye() {
    check(|scenario| {
        needs_signals()?;
        let mut random = scenario.random();
        let mut bytes: Vec<u8> = (0..=250).collect();
        random.shuffle(&mut bytes);
        let bytes = bytes.repeat(120_000);
        let server = scenario.start_server();
        // The echo for the first one is complete, and waits to be received.
        let mut done = Client::connect(scenario, &server);
        let all = &bytes[..random.number(18_000..=20_000)];
        scenario.step(message!(
            "{client} sends {count} bytes",
            client = done.name(),
            count = all.len()
        ));
        done.send(all);
        scenario.wait_until(
            message!(
                "the server has sent all of the echo for {client}",
                client = done.name()
            ),
            || (done.to_receive(all.len()) == all.len()).then_some(()),
            || {
                message!(
                    "{count} bytes have come",
                    count = done.to_receive(all.len())
                )
                .into()
            },
        );
        // The second one gives the server more than it can send back: it is busy with that.
        // But not much more: what is not received when a connection is closed makes a reset
        // of its end, and that destroys what is on its way.
        let mut busy = Client::connect(scenario, &server);
        let sent = busy.send_until_stuck(&server, &bytes);
        let received = sent.saturating_sub(busy.not_received(&server));
        // The third one is not finished yet.
        let mut talking = Client::connect(scenario, &server);
        talking.talk(random.some_word().as_bytes());
        server.signal(Signal::Int);
        // Now all receive, at once and side by side: the server may not wait for long.
        let [done, busy] = [done, busy].map(|mut client| {
            thread::spawn(move || {
                let got = client.read_to_end();
                (client, got)
            })
        });
        talking.read_to_goodbye();
        scenario.step(message!(
            "{client} sends more, and receives until the end",
            client = talking.name()
        ));
        // It fails where the connection is closed, which is as it should be.
        let _ = talking.stream.write_all(random.some_word().as_bytes());
        let got = talking.read_to_end();
        scenario.expect(
            message!(
                "{client} receives nothing after the goodbye",
                client = talking.name()
            ),
            got.bytes.is_empty(),
            &got.bytes,
        );
        let (Ok((done, got_done)), Ok((busy, got_busy))) = (done.join(), busy.join()) else {
            scenario.fail(message!("the test can receive"), message!("it cannot"));
        };
        compare_echo(scenario, &done, all, &got_done, all.len(), false);
        compare_echo(scenario, &busy, &bytes[..sent], &got_busy, received, true);
        Ok(Passed)
    });
}

/// Expects that a client has received the echo of what it sent, and then the goodbye.
fn compare_echo(
    scenario: &Scenario,
    client: &Client,
    sent: &[u8],
    got: &Received,
    received: usize,
    may_be_reset: bool,
) {
    let client = &client.name();
    let echo = common(sent, &got.bytes);
    let rest = &got.bytes[echo..];
    scenario.step(message!(
        "{client} has received {echo} bytes of its echo, then {rest}, then {end}",
        client,
        echo,
        rest,
        end = got.end.describe()
    ));
    let expected = message!(
        "{client} receives its echo, then the goodbye, then the end",
        client
    );
    if rest.len() > GOODBYE.len() && rest.starts_with(GOODBYE) {
        let more = &rest[GOODBYE.len()..];
        scenario.fail(expected, message!("after the goodbye {more}", more));
    }
    if !GOODBYE.starts_with(rest) {
        let got = message!("after {echo} bytes of the echo {rest}", echo, rest);
        scenario.fail(expected, got);
    }
    match got.end {
        End::Nothing => scenario.fail(expected, message!("no end")),
        // The server has closed while there was more to receive from the client: a reset
        // destroys what is on its way, and nothing can be said about that.
        End::Reset if may_be_reset => return,
        End::Reset => scenario.fail(expected, message!("a reset after {echo} bytes", echo)),
        End::Fin => {}
    }
    if rest != GOODBYE {
        scenario.fail(expected, message!("after the echo {rest}", rest));
    }
    // This much had been received before the signal.
    if echo < received {
        scenario.fail(
            message!(
                "all {received} bytes that the server had received are echoed",
                received
            ),
            message!("a goodbye after {echo} bytes", echo),
        );
    }
}

/// How many bytes two pieces have in common, from the beginning.
fn common(one: &[u8], two: &[u8]) -> usize {
    let mut length = 0;
    // Whole blocks first, since byte by byte is slow.
    for (a, b) in one.chunks(4096).zip(two.chunks(4096)) {
        if a != b {
            break;
        }
        length += a.len();
    }
    let same = one[length..].iter().zip(&two[length..]);
    length + same.take_while(|(a, b)| a == b).count()
}

/// A client for what a [`Connection`] does not do.
struct Client {
    scenario: Scenario,
    stream: TcpStream,
    peer: SocketAddr,
}

impl Client {
    fn connect(scenario: &Scenario, server: &Program) -> Self {
        Self::connected(scenario, Self::try_connect(scenario, server))
    }

    /// Connects, and takes little of what the server sends without being received: the
    /// server has to wait soon.
    fn connect_with_small_buffers(scenario: &Scenario, server: &Program) -> Self {
        let open = || {
            let socket = small_buffer_socket()?;
            socket.connect_timeout(&server.address().into(), scenario.limit())?;
            Self::new(scenario, socket.into())
        };
        Self::connected(scenario, open())
    }

    fn try_connect(scenario: &Scenario, server: &Program) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&server.address(), scenario.limit())?;
        Self::new(scenario, stream)
    }

    fn connected(scenario: &Scenario, client: io::Result<Self>) -> Self {
        match client {
            Ok(client) => {
                scenario.step(message!("{client} connects", client = client.name()));
                client
            }
            Err(error) => scenario.fail(message!("a connection to the server"), error),
        }
    }

    fn new(scenario: &Scenario, stream: TcpStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(scenario.limit()))?;
        let peer = stream.local_addr()?;
        let scenario = scenario.clone();
        Ok(Self {
            scenario,
            stream,
            peer,
        })
    }

    /// What the transcript calls it.
    fn name(&self) -> Party {
        self.scenario.client(self.peer)
    }

    fn send(&mut self, bytes: &[u8]) {
        if let Err(error) = self.stream.write_all(bytes) {
            self.scenario
                .fail(message!("{client} can send", client = self.name()), error);
        }
    }

    /// Sends something, and waits for its echo.
    fn talk(&mut self, bytes: &[u8]) {
        self.scenario.step(message!(
            "{client} sends {bytes}, and waits for the echo",
            client = self.name(),
            bytes
        ));
        self.send(bytes);
        let mut echo = vec![0; bytes.len()];
        let received = self.stream.read_exact(&mut echo);
        if received.is_err() || echo != bytes {
            let got = match received {
                Ok(()) => Argument::from(echo),
                Err(error) => Argument::from(error),
            };
            self.scenario.fail(
                message!("{client} receives its echo", client = self.name()),
                got,
            );
        }
    }

    /// Sends until the server no longer receives, and returns how many bytes that were.
    /// After the first 3 MB it sends a piece only when the server has received all before
    /// it.
    fn send_until_stuck(&mut self, server: &Program, bytes: &[u8]) -> usize {
        /// The server is stuck if it has slept for this long although it could have received.
        const STUCK: Duration = Duration::from_millis(30);
        const FREELY: usize = 3 << 20;

        self.scenario.step(message!(
            "{client} sends until the server no longer receives, and receives nothing itself",
            client = self.name()
        ));
        let mut sent = 0;
        let mut left = 0;
        let mut stuck_since = Instant::now();
        let deadline = Instant::now() + self.scenario.limit();
        let blocking = self.stream.set_nonblocking(true);
        while blocking.is_ok() && sent < bytes.len() && Instant::now() < deadline {
            let mut taken = 0;
            if sent < FREELY || left == 0 {
                let piece = &bytes[sent..bytes.len().min(sent + (1 << 16))];
                match self.stream.write(piece) {
                    Ok(length) => taken = length,
                    Err(error) if is_timeout(&error) => {}
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => self
                        .scenario
                        .fail(message!("{client} can send", client = self.name()), error),
                }
                sent += taken;
            }
            if taken > 0 && sent < FREELY {
                stuck_since = Instant::now();
                continue;
            }
            let before = std::mem::replace(&mut left, self.left_to_receive(server));
            // Where the system does not show what is left, only what is taken counts.
            let receives = cfg!(target_os = "linux") && left == 0;
            // On a busy machine it may be ready to receive, and not get a processor.
            if taken > 0 || receives || left != before || !server.sleeps() {
                stuck_since = Instant::now();
            } else if stuck_since.elapsed() > STUCK {
                break;
            } else {
                thread::sleep(Duration::from_millis(2));
            }
        }
        if let Err(error) = blocking.and_then(|()| self.stream.set_nonblocking(false)) {
            self.scenario.fail(message!("the test can wait"), error);
        }
        self.scenario
            .step(message!("{count} bytes have been taken", count = sent));
        sent
    }

    /// How many of its bytes are in the server's receive buffer. Only Linux shows that;
    /// elsewhere none, and the check is less sharp.
    fn left_to_receive(&self, server: &Program) -> usize {
        let (_, there) = kernel::ends(self.peer, server.address());
        there.map_or(0, |there| there.receive_queue as usize)
    }

    /// How many of its bytes the server has not received: those in its own send buffer, too.
    fn not_received(&self, server: &Program) -> usize {
        let (this, there) = kernel::ends(self.peer, server.address());
        // Bytes that are not yet acknowledged are in both buffers: that is not too few.
        this.map_or(0, |this| this.send_queue as usize)
            + there.map_or(0, |there| there.receive_queue as usize)
    }

    /// How many bytes have come for it that it has not received, at most this many.
    fn to_receive(&self, most: usize) -> usize {
        self.stream.peek(&mut vec![0; most]).unwrap_or(0)
    }

    /// How long it waits from now on for something to receive.
    fn patience(&mut self, limit: Duration) {
        if let Err(error) = self.stream.set_read_timeout(Some(limit)) {
            self.scenario.fail(message!("the test can wait"), error);
        }
    }

    /// Receives until the goodbye, or the end: the server has heard of the signal then. What
    /// comes before does not matter: it may be the rest of an echo.
    fn read_to_goodbye(&mut self) {
        self.scenario.step(message!(
            "{client} receives until the goodbye",
            client = self.name()
        ));
        let mut got = Vec::new();
        let mut buffer = [0; 4096];
        while !got.ends_with(GOODBYE) {
            match self.stream.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => {
                    let expected = message!(
                        "{client} receives a goodbye, and the end",
                        client = self.name()
                    );
                    let got = message!("{bytes}, and nothing more", bytes = got);
                    self.scenario.fail(expected, got);
                }
                Ok(0) | Err(_) => return,
                Ok(length) => {
                    acknowledge_at_once(&self.stream);
                    got.extend_from_slice(&buffer[..length]);
                }
            }
        }
    }

    /// Receives until the end.
    fn read_to_end(&mut self) -> Received {
        received::read_to_end(&mut self.stream)
    }

    /// Ends its sending half. It fails where the server has ended the connection.
    fn leave(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}
