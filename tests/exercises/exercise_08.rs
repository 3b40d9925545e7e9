//! The rubric of exercise 08: a server of your own, a key-value store.
//!
//! The core is that a receive is not a request: two checks look at that. In all others
//! a client sends one request at a time, in one piece, and waits until the server has received
//! it before it sends more.

#[path = "received.rs"]
mod received;

use assert_cmd::cargo::cargo_bin;
use harness::check::{Checked, Passed, needs_ipv6, needs_signals};
use harness::message::Party;
use harness::{
    Connection, Program, Scenario, Signal, acknowledge_at_once, kernel, message,
    small_buffer_socket,
};
use received::{End, Received};
use socket2::SockRef;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// The longest line, in bytes, without its `\n`.
const LONGEST: usize = 4096;

/// How many clients are served at once.
const MOST: usize = 100;

/// The task says that others get their answers within 2 s; the rest is for a busy machine.
const ANSWER: Duration = Duration::from_millis(2500);

/// The task says that it must end within 2 s; the rest is for a busy machine.
const END: Duration = Duration::from_millis(2500);

fn check(test: impl FnOnce(&Scenario) -> Checked) {
    harness::check(cargo_bin!("exercise-08"), test);
}

/// Sends a request, and expects this answer.
fn ask(client: &mut Connection, request: impl AsRef<[u8]>, answer: impl AsRef<[u8]>) {
    client.send(&[request.as_ref(), b"\n"].concat());
    client.expect(&[answer.as_ref(), b"\n"].concat());
}

/// Receives a line that begins with `ERROR`.
fn expect_error(scenario: &Scenario, client: &mut Connection) {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let more = client.receive(1024);
        if more.is_empty() {
            break;
        }
        line.extend(more);
    }
    // One line, and nothing after it.
    let is_line = line.iter().position(|&byte| byte == b'\n') == Some(line.len().wrapping_sub(1));
    scenario.expect(
        message!(
            "{client} receives one line that begins with ERROR",
            client = client.name()
        ),
        is_line && line.starts_with(b"ERROR"),
        &line,
    );
}

/// Sends something that is not a request, and expects an error.
fn ask_in_vain(scenario: &Scenario, client: &mut Connection, request: &[u8]) {
    client.send(&[request, b"\n"].concat());
    expect_error(scenario, client);
}

#[test]
fn answers_set_get_del_and_count() {
    check(|scenario| {
        let [tea, milk, sugar, green, black] = scenario.random().different_words();
        let server = scenario.start_server();
        let mut client = server.connect();
        ask(&mut client, "COUNT", "0");
        ask(&mut client, format!("GET {tea}"), "NONE");
        ask(&mut client, format!("SET {tea} {green}"), "OK");
        ask(&mut client, format!("GET {tea}"), format!("VALUE {green}"));
        ask(&mut client, format!("SET {tea} {black}"), "OK");
        ask(&mut client, format!("GET {tea}"), format!("VALUE {black}"));
        // A value is the rest of the line, with all its spaces, and may be empty.
        let spaces = format!(" {green}, or {black} ");
        ask(&mut client, format!("SET {milk} {spaces}"), "OK");
        ask(
            &mut client,
            format!("GET {milk}"),
            format!("VALUE {spaces}"),
        );
        ask(&mut client, format!("SET {sugar} "), "OK");
        ask(&mut client, format!("GET {sugar}"), "VALUE ");
        ask(&mut client, "COUNT", "3");
        ask(&mut client, format!("DEL {milk}"), "OK");
        ask(&mut client, format!("DEL {milk}"), "NONE");
        ask(&mut client, format!("GET {milk}"), "NONE");
        ask(&mut client, "COUNT", "2");
        // Any bytes; and one \r at the end does not count.
        ask(&mut client, b"SET \xc4\xe3 \xff\x00\r\t\xba\r\r", b"OK");
        ask(&mut client, b"GET \xc4\xe3\r", b"VALUE \xff\x00\r\t\xba\r");

        // A line that is not a request gets an error, and the connection goes on.
        for request in [
            format!("SET {tea}"),
            "SET".to_string(),
            format!("SET  {green}"),
            format!("GET {tea} {black}"),
            "GET".to_string(),
            "GET ".to_string(),
            format!("DEL {tea} {black}"),
            format!("COUNT {tea}"),
            format!("get {tea}"),
            format!("SETTLE {tea} {green}"),
            String::new(),
            "\r".to_string(),
        ] {
            ask_in_vain(scenario, &mut client, request.as_bytes());
        }
        ask(&mut client, format!("GET {tea}"), format!("VALUE {black}"));
        ask(&mut client, b"COUNT", b"3");
        Ok(Passed)
    });
}

#[test]
fn clients_share_the_store_side_by_side() {
    check(|scenario| {
        let server = scenario.start_server();
        let mut clients = [server.connect(), server.connect(), server.connect()];
        // The last one speaks first: it must not have to wait for those before it.
        let [one, two, three] = &mut clients;
        let mut random = scenario.random();
        let [tea, green, milk, cold] = random.different_words();
        ask(three, format!("SET {tea} {green}"), "OK");
        ask(two, format!("GET {tea}"), format!("VALUE {green}"));
        ask(one, format!("DEL {tea}"), "OK");
        ask(three, format!("GET {tea}"), "NONE");
        // A key stays when its client leaves.
        ask(one, format!("SET {milk} {cold}"), "OK");
        one.half_close();
        one.expect_gone();
        ask(two, format!("GET {milk}"), format!("VALUE {cold}"));

        // Two set the same key at once, and a third looks.
        let values = [900, 600].map(|most| {
            let length = random.number(most - 99..=most);
            random.word(length).into_bytes()
        });
        for _ in 0..10 {
            for (client, value) in [two as &mut Connection, three].into_iter().zip(&values) {
                client.send(&[b"SET key ", &value[..], b"\n"].concat());
            }
            two.expect(b"OK\n");
            three.expect(b"OK\n");
            two.send(b"GET key\n");
            let got = receive_line(scenario, two);
            let expected = message!(
                "{client} receives the value of one client, and not of both",
                client = two.name()
            );
            let is_one = |value: &Vec<u8>| got == [b"VALUE ", &value[..], b"\n"].concat();
            scenario.expect(expected, values.iter().any(is_one), &got);
        }
        Ok(Passed)
    });
}

/// Receives until the end of a line.
fn receive_line(scenario: &Scenario, client: &mut Connection) -> Vec<u8> {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let more = client.receive(1 << 16);
        if more.is_empty() {
            let expected = message!("{client} receives a line", client = client.name());
            scenario.fail(
                expected,
                message!("{bytes}, then the end of the stream", bytes = line),
            );
        }
        line.extend(more);
    }
    line
}

#[test]
fn requests_stay_whole_in_whatever_pieces_they_come() {
    check(|scenario| {
        let server = scenario.start_server();
        let mut client = server.connect();
        let mut random = scenario.random();
        let [tea, milk, green, black, cold] = random.different_words();
        let (begin, end) = green.split_at(random.number(1..=green.len() - 1));
        for piece in ["SE", &format!("T {tea} {begin}"), end, "\n"] {
            client.send(piece.as_bytes());
            client.let_it_receive();
        }
        client.expect(b"OK\n");
        for byte in format!("GET {tea}\n").bytes() {
            client.send(&[byte]);
            client.let_it_receive();
        }
        client.expect(format!("VALUE {green}\n").as_bytes());
        // A second client's pieces come between those of the first.
        let mut other = server.connect();
        client.send(format!("SET {milk} ").as_bytes());
        client.let_it_receive();
        let (begin, end) = black.split_at(random.number(1..=black.len() - 1));
        other.send(format!("SET {tea} {begin}").as_bytes());
        other.let_it_receive();
        client.send(format!("{cold}\n").as_bytes());
        client.expect(b"OK\n");
        other.send(format!("{end}\n").as_bytes());
        other.expect(b"OK\n");
        ask(&mut client, format!("GET {tea}"), format!("VALUE {black}"));
        ask(&mut other, format!("GET {milk}"), format!("VALUE {cold}"));
        Ok(Passed)
    });
}

#[test]
fn many_requests_at_once_are_answered_in_order() {
    check(|scenario| {
        let server = scenario.start_server();
        let mut client = server.connect();
        let mut random = scenario.random();
        let [tea, green, black, key, value] = random.different_words();
        let requests = format!("SET {tea} {green}\nGET {tea}\nCOUNT\nDEL {tea}\nGET {tea}\n");
        client.send(requests.as_bytes());
        client.expect(format!("OK\nVALUE {green}\n1\nOK\nNONE\n").as_bytes());
        // The last one is not complete yet.
        let (begin, end) = tea.split_at(random.number(1..=tea.len() - 1));
        client.send(format!("SET {tea} {black}\nGET {begin}").as_bytes());
        client.expect(b"OK\n");
        client.send(format!("{end}\nCOUNT\n").as_bytes());
        client.expect(format!("VALUE {black}\n1\n").as_bytes());
        // More than fits into one receive.
        let mut requests = Vec::new();
        let mut answers = Vec::new();
        let many = random.number(900..=1000);
        for number in 1..=many {
            requests.extend(format!("SET {key}{number} {value}{number}\n").bytes());
            requests.extend(format!("GET {key}{number}\n").bytes());
            answers.extend(format!("OK\nVALUE {value}{number}\n").bytes());
        }
        client.send(&requests);
        client.expect(&answers);
        ask(&mut client, "COUNT", (1 + many).to_string());
        Ok(Passed)
    });
}

#[test]
fn a_line_that_is_too_long_ends_the_connection() {
    check(|scenario| {
        let server = scenario.start_server();
        let mut stays = server.connect();
        // As long as a line may be; a \r counts.
        let value = |length| vec![b'x'; length - b"SET tea ".len()];
        let with_end = [b"SET tea ", &value(LONGEST - 1)[..], b"\r"].concat();
        ask(&mut stays, &with_end, b"OK");
        let longest = value(LONGEST);
        ask(&mut stays, [b"SET tea ", &longest[..]].concat(), b"OK");
        let answer = [b"VALUE ", &longest[..]].concat();
        ask(&mut stays, b"GET tea", &answer);

        // One byte more, and no end of the line: there is nothing to wait for.
        let mut client = server.connect();
        client.send(&[b"SET tea ", &value(LONGEST + 1)[..]].concat());
        expect_error(scenario, &mut client);
        client.expect_end();
        ask(&mut stays, b"GET tea", &answer);

        push_64_mb(scenario, &server);
        ask(&mut stays, b"COUNT", b"1");
        Ok(Passed)
    });
}

/// Pushes 64 MB without the end of a line at the server, and expects that it ends the
/// connection, and keeps little of them.
fn push_64_mb(scenario: &Scenario, server: &Program) {
    const TOTAL: usize = 64 << 20;
    const GROWTH: u64 = 16 << 20;

    let before = server.peak_memory();
    let mut client = Client::connect(scenario, server);
    scenario.step(message!(
        "{client} pushes 64 MB without the end of a line",
        client = client.name()
    ));
    let piece = vec![b'x'; 1 << 16];
    // It fails where the server has ended the connection.
    for _ in 0..TOTAL / piece.len() {
        if client.stream.write_all(&piece).is_err() {
            break;
        }
    }
    let received = client.read_to_end();
    scenario.expect(
        message!(
            "the server ends the connection of {client}",
            client = client.name()
        ),
        received.end != End::Nothing,
        message!("it is still there"),
    );
    if let (Some(before), Some(after)) = (before, server.peak_memory()) {
        let growth = after.saturating_sub(before);
        scenario.expect(
            message!("the memory of the program grows by less than 16 MB"),
            growth < GROWTH,
            message!("it has grown by {megabytes} MB", megabytes = growth >> 20),
        );
    }
}

#[test]
fn takes_100_clients_and_refuses_the_101st() {
    check(|scenario| {
        let server = scenario.start_server();
        let mut clients = Vec::new();
        // A few at a time: a server may have a short accept queue, or a slow network.
        while clients.len() < MOST {
            let mut few: Vec<_> = (0..10).map(|_| server.connect()).collect();
            for client in &mut few {
                client.send(b"COUNT\n");
            }
            for client in &mut few {
                client.expect(b"0\n");
            }
            clients.extend(few);
        }
        for _ in 0..2 {
            // It says nothing: the server speaks first.
            let mut surplus = server.connect();
            expect_error(scenario, &mut surplus);
            surplus.expect_end();
        }
        // The others are not disturbed.
        for client in [0, MOST / 2, MOST - 1] {
            ask(&mut clients[client], b"COUNT", b"0");
        }
        // However a client leaves, there is room again.
        let mut leaves = clients.remove(MOST - 1);
        leaves.half_close();
        leaves.expect_gone();
        let _first = expect_room(scenario, &server);
        clients.remove(0).reset();
        let _second = expect_room(scenario, &server);
        let mut surplus = server.connect();
        expect_error(scenario, &mut surplus);
        surplus.expect_end();
        Ok(Passed)
    });
}

/// Expects that one more client is served, as soon as the server knows that another has left.
fn expect_room(scenario: &Scenario, server: &Program) -> Client {
    let serve_one = || {
        let mut client = Client::try_connect(scenario, server).ok()?;
        // A client that is refused may not be able to send.
        client.stream.write_all(b"COUNT\n").ok()?;
        let mut answer = [0; 2];
        client.stream.read_exact(&mut answer).ok()?;
        (answer == *b"0\n").then_some(client)
    };
    scenario.wait_until(
        message!("there is room for one more client, who sends COUNT"),
        serve_one,
        || message!("no new client is answered").into(),
    )
}

#[test]
fn a_client_that_resets_or_never_reads_holds_nobody_up() {
    check(|scenario| {
        let server = scenario.start_server();
        let mut stays = store_value(&server);
        let mut leaves = server.connect();
        ask(&mut leaves, b"COUNT", b"1");
        leaves.reset();
        // The kernel hands out connections that were cut before anybody accepted them.
        server.while_stopped(|| {
            for _ in 0..3 {
                server.connect().reset();
            }
        });
        ask(&mut stays, b"COUNT", b"1");

        let mut never_reads = Client::connect_with_small_buffers(scenario, &server);
        never_reads.ask_for_too_much(&server);
        scenario.set_limit(ANSWER);
        let [milk, cold] = scenario.random().different_words();
        ask(&mut stays, format!("SET {milk} {cold}"), "OK");
        let mut comes = server.connect();
        ask(&mut comes, format!("GET {milk}"), format!("VALUE {cold}"));
        ask(&mut comes, format!("DEL {milk}"), "OK");
        ask(&mut stays, b"COUNT", b"1");
        Ok(Passed)
    });
}

/// Long enough for a server to block soon if a client does not read.
const VALUE: usize = 4000;

#[test]
fn answers_what_it_has_read_and_ends_within_2_seconds() {
    check(|scenario| {
        needs_signals()?;
        // Two servers, side by side, since each may take 2 s to end.
        let [one, two] =
            [message!("the first server"), message!("the second server")].map(|name| {
                let server = scenario.start(["127.0.0.1:0"]);
                server.set_name(name);
                server
            });
        for server in [&one, &two] {
            server.expect_listening();
        }
        let mut silent_too = store_value(&two);
        let mut never_reads = Client::connect_with_small_buffers(scenario, &two);
        never_reads.ask_for_too_much(&two);
        let mut silent = store_value(&one);
        // After some 200 ms the kernel may find room for another answer. Of three clients one
        // still waits then.
        let asked = [(); 3].map(|()| {
            let mut reads = Client::connect_with_small_buffers(scenario, &one);
            let asked = reads.ask_until_stuck(&one);
            (reads, asked)
        });

        one.signal(Signal::Int);
        two.signal(Signal::Term);
        let signalled = Instant::now();
        // A server that ends at once does so before anybody receives. One that ends silent
        // connections late is not waited for.
        silent.has_something(Duration::from_millis(100));
        let reading = asked.map(|(mut reads, asked)| {
            scenario.step(message!(
                "{client} receives until the end",
                client = reads.name()
            ));
            thread::spawn(move || (reads.name(), reads.read_to_end(), asked))
        });
        // The server has heard of the signal when it ends this connection.
        silent_too.expect_gone();
        expect_no_service(scenario, &two);
        silent.expect_gone();
        for reading in reading {
            let Ok((client, received, asked)) = reading.join() else {
                scenario.fail(message!("the test can receive"), message!("it cannot"));
            };
            expect_whole_answers(scenario, &client, &received, &asked);
        }
        for server in [&one, &two] {
            scenario.set_limit(END.saturating_sub(signalled.elapsed()));
            server.expect_exit(0);
        }
        Ok(Passed)
    });
}

/// Stores the value that [`Client::ask_until_stuck`] asks for, and returns the client that has
/// done it. It is silent from now on.
fn store_value(server: &Program) -> Connection {
    let mut silent = server.connect();
    let value = vec![b'x'; VALUE];
    ask(&mut silent, [b"SET tea ", &value[..]].concat(), b"OK");
    silent
}

/// Expects that a client that comes now is not served.
fn expect_no_service(scenario: &Scenario, server: &Program) {
    scenario.step(message!("another client tries to connect, and sends COUNT"));
    let Ok(mut late) = Client::try_connect(scenario, server) else {
        return; // Refused.
    };
    // It may still wait in the queue of a listener that is about to close.
    let _ = late.stream.write_all(b"COUNT\n");
    let got = late.read_to_end();
    let expected = message!(
        "{client}, which came after the signal, is not served",
        client = late.name()
    );
    // An error counts as not served.
    if !got.bytes.is_empty() && !got.bytes.starts_with(b"ERROR") {
        scenario.fail(expected, &got.bytes);
    }
    if got.end == End::Nothing {
        scenario.fail(expected, message!("its connection stays open"));
    }
}

/// Expects an answer to each request that the server had received, and then the end.
fn expect_whole_answers(scenario: &Scenario, client: &Party, received: &Received, asked: &Asked) {
    let answer = [b"VALUE ", &[b'x'; VALUE][..], b"\n"].concat();
    let answers = received.bytes.chunks(answer.len());
    let whole = answers.filter(|&bytes| bytes == answer).count();
    let is_whole = whole >= asked.received && received.bytes.len() == whole * answer.len();
    scenario.expect(
        message!(
            "{client} receives {count} whole answers, then the end of the stream",
            client,
            count = asked.received
        ),
        match received.end {
            End::Fin => is_whole,
            // A request that was not received makes a reset of the end, and that destroys
            // answers.
            End::Reset => asked.received < asked.sent,
            End::Nothing => false,
        },
        message!(
            "{count} whole answers, {bytes} bytes in all, then {end}",
            count = whole,
            bytes = received.bytes.len(),
            end = received.end.describe()
        ),
    );
}

#[test]
fn serves_clients_over_ipv6() {
    check(|scenario| {
        needs_ipv6()?;
        let server = scenario.start_server_on("[::1]:0");
        let [tea, green] = scenario.random().different_words();
        let mut client = server.connect();
        ask(&mut client, format!("SET {tea} {green}"), "OK");
        let mut other = server.connect();
        ask(&mut other, format!("GET {tea}"), format!("VALUE {green}"));
        Ok(Passed)
    });
}

/// How many requests a client has sent, and how many of them the server has received.
struct Asked {
    sent: usize,
    received: usize,
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
            // A request does not wait for the acknowledgement of the one before it.
            socket.set_tcp_nodelay(true)?;
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
        stream.set_write_timeout(Some(scenario.limit()))?;
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

    /// Sends GET again and again, each time when the server has received the one before, and
    /// receives no answer, until the server cannot send any more.
    fn ask_until_stuck(&mut self, server: &Program) -> Asked {
        /// More would be more than any buffer is expected to hold.
        const MOST: usize = 4000;

        self.scenario.step(message!(
            "{client} sends {request} again and again, and never receives, until the server \
             can send no more",
            client = self.name(),
            request = &b"GET tea\n"[..]
        ));
        let mut asked = Asked {
            sent: 0,
            received: 0,
        };
        let deadline = Instant::now() + Duration::from_secs(2);
        while asked.sent < MOST && Instant::now() < deadline {
            if let Err(error) = self.stream.write_all(b"GET tea\n") {
                self.scenario
                    .fail(message!("{client} can send", client = self.name()), error);
            }
            asked.sent += 1;
            let (is_received, is_stuck) = self.wait_for_answer(server, asked.sent);
            asked.received += usize::from(is_received);
            if is_stuck {
                break;
            }
        }
        self.scenario.step(message!(
            "the server has received {count} requests",
            count = asked.received
        ));
        asked
    }

    /// Asks until the server cannot send any more, and for so much more that this stays so: the
    /// kernel may find more room after some time.
    fn ask_for_too_much(&mut self, server: &Program) {
        self.ask_until_stuck(server);
        // It fails where the server has dropped the client, as it may.
        let _ = self.stream.write_all(&b"GET tea\n".repeat(100));
    }

    /// Waits until the kernels hold the answers to so many requests, or until the server is
    /// stuck before that. Returns whether it has received the last request, and whether it is
    /// stuck. Only Linux shows that; elsewhere it counts as stuck at once.
    fn wait_for_answer(&self, server: &Program, requests: usize) -> (bool, bool) {
        /// The server is stuck if it has slept for this long, and has sent nothing more.
        const STUCK: Duration = Duration::from_millis(30);

        let answers = requests * (b"VALUE \n".len() + VALUE);
        // What comes is acknowledged soon: until then its bytes are counted twice.
        acknowledge_at_once(&self.stream);
        let mut before = 0;
        let mut since = Instant::now();
        let deadline = Instant::now() + Duration::from_millis(500);
        loop {
            let (Some(this), Some(there)) = kernel::ends(self.peer, server.address()) else {
                return (!kernel::is_visible(), true);
            };
            let is_received = this.send_queue == 0 && there.receive_queue == 0;
            // For a moment bytes that are not yet acknowledged are in both queues.
            let sent = this.receive_queue as usize + there.send_queue as usize;
            if is_received && sent == answers {
                return (true, false);
            }
            // On a busy machine it may be ready to send, and not get a processor.
            if sent != before || sent > answers || this.send_queue > 0 || !server.sleeps() {
                since = Instant::now();
            }
            before = sent;
            if since.elapsed() > STUCK || Instant::now() > deadline {
                return (is_received, true);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Receives until the end.
    fn read_to_end(&mut self) -> Received {
        // Its receive buffer may be small. If it stays so, receiving takes a little longer.
        let _ = SockRef::from(&self.stream).set_recv_buffer_size(1 << 20);
        received::read_to_end(&mut self.stream)
    }
}
