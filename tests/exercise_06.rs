//! The rubric of exercise 06: a polite end.

use assert_cmd::cargo::cargo_bin;
use harness::{Connection, Program, Resources, Signal, Story, kernel, text};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const GOODBYE: &[u8] = b"server: goodbye\n";

/// Within 2 s it has to end, says the contract; the rest is for a busy machine.
const END: Duration = Duration::from_millis(2500);

fn check(test: impl FnOnce(&Story)) {
    harness::check(cargo_bin!("exercise-06"), test);
}

/// Sends something, and waits for its echo.
fn talk(client: &mut Connection, bytes: &[u8]) {
    client.send(bytes);
    client.expect(bytes);
}

#[test]
fn echoes_what_a_client_sends() {
    check(|story| {
        let server = story.start_server();
        let mut client = server.connect();
        talk(&mut client, b"hello");
        // Bytes, not text, and with no end of a line to wait for.
        let bytes: Vec<u8> = (0..=255).rev().collect();
        talk(&mut client, &bytes);
        talk(&mut client, &bytes.repeat(100));
    });
}

#[test]
fn echoes_clients_side_by_side() {
    check(|story| {
        let server = story.start_server();
        let mut clients = [server.connect(), server.connect(), server.connect()];
        // The last one speaks first: a server that serves one after the other waits for the
        // first one.
        for client in clients.iter_mut().rev() {
            talk(client, b"hello");
        }
        for client in &mut clients {
            talk(client, b"hello again");
        }
    });
}

#[test]
fn says_goodbye_to_every_client_it_has_echoed() {
    check(|story| {
        if !harness::has_signals() {
            return;
        }
        let server = story.start_server();
        let mut clients = [server.connect(), server.connect(), server.connect()];
        for client in &mut clients {
            talk(client, b"hello");
        }
        server.signal(Signal::Int);
        for client in &mut clients {
            client.expect(GOODBYE);
            client.expect_end();
        }
    });
}

#[test]
fn exits_with_0_on_sigint_and_on_sigterm() {
    check(|story| {
        if !harness::has_signals() {
            return;
        }
        for signal in [Signal::Int, Signal::Term] {
            let server = story.start_server();
            let mut client = server.connect();
            talk(&mut client, b"hello");
            // Nobody is there any more: who waits for clients is the business of one check.
            client.close();
            server.signal(signal);
            story.set_limit(END);
            server.expect_exit(0);
        }
    });
}

#[test]
fn says_no_goodbye_to_a_client_that_never_spoke() {
    check(|story| {
        if !harness::has_signals() {
            return;
        }
        let server = story.start_server();
        let mut silent = Client::connect(story, &server);
        let mut client = Client::connect(story, &server);
        // Accepted after the other one, which so has been accepted as well.
        client.talk(b"hello");
        server.signal(Signal::Int);
        story.step(format!("{} receives what there is", client.peer));
        // Whatever it is: the server has heard of the signal.
        client.read_some();
        story.step(format!(
            "{} receives until the end of the stream",
            silent.peer
        ));
        // The server ends it. Some wait for the client to go, which is for another check.
        silent.patience(Duration::from_millis(500));
        let mut got = silent.read_to_end();
        if got.end == End::Nothing {
            silent.leave();
            client.leave();
            silent.patience(story.limit());
            got.bytes.extend(silent.read_to_end().bytes);
        }
        story.expect(
            &format!(
                "{}, which never sent a byte, receives nothing, and the end",
                silent.peer
            ),
            got.bytes.is_empty(),
            &text::show(&got.bytes),
        );
    });
}

#[test]
fn takes_no_new_connections_after_the_signal() {
    check(|story| {
        if !harness::has_signals() {
            return;
        }
        let server = story.start_server();
        let mut client = Client::connect(story, &server);
        client.talk(b"hello");
        // This one may give the server something to wait for.
        let mut never_reads = Client::connect(story, &server);
        never_reads.send_until_full(&vec![b'x'; 1 << 25]);
        server.signal(Signal::Int);
        story.step(format!("{} receives what there is", client.peer));
        // Whatever it is: the server has heard of the signal.
        client.read_some();
        story.step("another client tries to connect, and would say hello");
        let Ok(mut late) = Client::try_connect(story, &server) else {
            return; // Refused.
        };
        // It may still wait in the queue of a listener that is about to close.
        let _ = late.stream.write_all(b"hello");
        let got = late.read_to_end();
        let expected = format!("{}, which came after the signal, is not served", late.peer);
        if !got.bytes.is_empty() {
            story.fail(&expected, &text::show(&got.bytes));
        }
        if got.end == End::Nothing {
            story.fail(&expected, "its connection stays open");
        }
    });
}

#[test]
fn ends_within_2_seconds_whoever_is_connected() {
    check(|story| {
        if !harness::has_signals() {
            return;
        }
        for never_reads in [false, true] {
            let server = story.start_server();
            let mut holding = Client::connect(story, &server);
            let mut client = Client::connect(story, &server);
            if never_reads {
                holding.send_until_full(&vec![b'x'; 1 << 25]);
            } else {
                story.step(format!("{} is silent, and stays", holding.peer));
            }
            client.talk(b"hello");
            server.signal(Signal::Int);
            story.set_limit(END);
            expect_end_of_program(story, &server);
        }
    });
}

/// Waits for the end of the program, with whatever status: that is for another check.
fn expect_end_of_program(story: &Story, server: &Program) {
    if !cfg!(target_os = "linux") {
        server.expect_exit(0);
        return;
    }
    // What has ended has no memory any more. It is still there: nobody has reaped it yet.
    let has_ended = || Resources::of(server.id()).is_none_or(|resources| resources.mappings == 0);
    story.wait_until(
        "the program has ended, within 2 s",
        || has_ended().then_some(()),
        || "it still runs".to_string(),
    );
}

#[test]
fn echoes_in_full_before_the_goodbye() {
    check(|story| {
        if !harness::has_signals() {
            return;
        }
        let bytes: Vec<u8> = (0..=250).collect::<Vec<u8>>().repeat(120_000);
        let server = story.start_server();
        // All that the first one has sent the server has received, and the echo is on its way.
        let mut done = Client::connect(story, &server);
        let all = &bytes[..100_000];
        story.step(format!("{} sends {} bytes", done.peer, all.len()));
        done.send(all);
        story.wait_until(
            &format!("the server has received what {} has sent", done.peer),
            || (done.not_received(&server) == 0).then_some(()),
            || format!("{} bytes are left", done.not_received(&server)),
        );
        // The second one gives the server more than it can send back: it is busy with that.
        let mut busy = Client::connect(story, &server);
        let sent = busy.send_until_full(&bytes);
        let received = sent - busy.not_received(&server);
        server.signal(Signal::Int);
        for client in [&busy, &done] {
            story.step(format!("{} receives until the end", client.peer));
        }
        // Now they read, and at once: the server may not wait for long.
        let reader = thread::spawn(move || (busy.read_to_end(), busy));
        let got = done.read_to_end();
        judge(story, &done, all, &got, all.len(), false);
        match reader.join() {
            Ok((got, busy)) => judge(story, &busy, &bytes[..sent], &got, received, true),
            Err(_) => story.fail("the test can receive", "it cannot"),
        }
    });
}

/// Whether all this is an echo, and then the goodbye.
fn judge(
    story: &Story,
    client: &Client,
    sent: &[u8],
    got: &Received,
    received: usize,
    may_be_reset: bool,
) {
    let peer = client.peer;
    let echo = common(sent, &got.bytes);
    let rest = &got.bytes[echo..];
    story.step(format!(
        "{peer} has received {echo} bytes of its echo, then {}, then {}",
        text::show(rest),
        got.end.words()
    ));
    let expected = format!("{peer} receives its echo, then the goodbye, then the end");
    if rest.len() > GOODBYE.len() && rest.starts_with(GOODBYE) {
        let more = text::show(&rest[GOODBYE.len()..]);
        story.fail(&expected, &format!("after the goodbye {more}"));
    }
    if !GOODBYE.starts_with(rest) {
        let got = format!("after {echo} bytes of the echo {}", text::show(rest));
        story.fail(&expected, &got);
    }
    match got.end {
        End::Nothing => story.fail(&expected, "no end"),
        // The server has closed while there was more to receive from the client: a reset
        // destroys what is on its way, and nothing can be said about that.
        End::Reset if may_be_reset => return,
        End::Reset => story.fail(&expected, &format!("a reset after {echo} bytes")),
        End::Fin => {}
    }
    if rest != GOODBYE {
        story.fail(&expected, &format!("after the echo {}", text::show(rest)));
    }
    // This much had been received before the signal.
    if echo < received {
        let got = format!("a goodbye after {echo} bytes");
        story.fail(
            &format!("all {received} bytes that the server had received are echoed"),
            &got,
        );
    }
}

/// How many bytes two pieces have in common, from the beginning.
fn common(one: &[u8], two: &[u8]) -> usize {
    let mut length = 0;
    // Whole blocks first: byte by byte it would take its time.
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
    story: Story,
    stream: TcpStream,
    peer: SocketAddr,
}

/// What has come, and how it ended.
#[derive(Default)]
struct Received {
    bytes: Vec<u8>,
    end: End,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The end of the stream.
    Fin,
    Reset,
    /// No end in time.
    #[default]
    Nothing,
}

impl End {
    fn words(self) -> &'static str {
        match self {
            End::Fin => "the end of the stream",
            End::Reset => "a reset",
            End::Nothing => "nothing more",
        }
    }
}

impl Client {
    fn connect(story: &Story, server: &Program) -> Self {
        match Self::try_connect(story, server) {
            Ok(client) => {
                story.step(format!("client {} connects", client.peer));
                client
            }
            Err(error) => story.fail("a connection to the server", &error.to_string()),
        }
    }

    fn try_connect(story: &Story, server: &Program) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&server.address(), story.limit())?;
        stream.set_read_timeout(Some(story.limit()))?;
        let peer = stream.local_addr()?;
        let story = story.clone();
        Ok(Self {
            story,
            stream,
            peer,
        })
    }

    fn send(&mut self, bytes: &[u8]) {
        if let Err(error) = self.stream.write_all(bytes) {
            self.story
                .fail(&format!("{} can send", self.peer), &error.to_string());
        }
    }

    /// Sends something, and waits for its echo.
    fn talk(&mut self, bytes: &[u8]) {
        self.story.step(format!(
            "{} sends {}, and waits for the echo",
            self.peer,
            text::show(bytes)
        ));
        self.send(bytes);
        let mut echo = vec![0; bytes.len()];
        let received = self.stream.read_exact(&mut echo);
        if received.is_err() || echo != bytes {
            let got = match received {
                Ok(()) => text::show(&echo),
                Err(error) => error.to_string(),
            };
            self.story
                .fail(&format!("{} receives its echo", self.peer), &got);
        }
    }

    /// Sends until nobody takes more, and returns how many bytes that were.
    fn send_until_full(&mut self, bytes: &[u8]) -> usize {
        /// Nothing has been taken for so long: nobody takes more.
        const STALL: Duration = Duration::from_millis(50);

        self.story.step(format!(
            "{} sends until nobody takes more, and receives nothing",
            self.peer
        ));
        let mut sent = 0;
        let mut last = Instant::now();
        let blocking = self.stream.set_nonblocking(true);
        while blocking.is_ok() && sent < bytes.len() && last.elapsed() < STALL {
            match self.stream.write(&bytes[sent..]) {
                Ok(length) => {
                    sent += length;
                    last = Instant::now();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    thread::sleep(Duration::from_millis(2));
                }
                Err(error) => self
                    .story
                    .fail(&format!("{} can send", self.peer), &error.to_string()),
            }
        }
        if let Err(error) = blocking.and_then(|()| self.stream.set_nonblocking(false)) {
            self.story.fail("the test can wait", &error.to_string());
        }
        self.story.step(format!("{sent} bytes have been taken"));
        sent
    }

    /// How many of its bytes the server has not received. Only Linux shows that; elsewhere
    /// none, and the check is less sharp.
    fn not_received(&self, server: &Program) -> usize {
        let (here, there) = (self.peer, server.address());
        let ends = kernel::sockets_of_port(here.port());
        let sending = ends.iter().find(|end| end.remote == there);
        let ends = kernel::sockets_of_port(there.port());
        let receiving = ends.iter().find(|end| end.remote == here);
        let sending = sending.map_or(0, |end| end.send_queue);
        let receiving = receiving.map_or(0, |end| end.receive_queue);
        // Bytes that are not yet acknowledged are in both queues: that is not too few.
        (sending + receiving) as usize
    }

    /// How long it waits from now on for something to receive.
    fn patience(&mut self, limit: Duration) {
        if let Err(error) = self.stream.set_read_timeout(Some(limit)) {
            self.story.fail("the test can wait", &error.to_string());
        }
    }

    /// Receives once. What it is does not matter, but there must be something: bytes, or an
    /// end.
    fn read_some(&mut self) {
        let mut buffer = [0; 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => {
                    let expected = format!("{} receives a goodbye", self.peer);
                    self.story.fail(&expected, "nothing at all");
                }
                _ => return,
            }
        }
    }

    /// Receives until the end.
    fn read_to_end(&mut self) -> Received {
        let mut received = Received::default();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => received.end = End::Fin,
                Ok(length) => {
                    received.bytes.extend_from_slice(&buffer[..length]);
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if is_timeout(&error) => {}
                Err(_) => received.end = End::Reset,
            }
            return received;
        }
    }

    /// Ends its sending half. It fails where the server has ended the connection.
    fn leave(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}

/// Whether an error says that the time set for a socket is over.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
