//! The rubric of exercise 07: both ways at once.

use assert_cmd::cargo::cargo_bin;
use harness::check::{Checked, Passed, needs_ipv6, needs_memory_figures};
use harness::message::Message;
use harness::random::Random;
use harness::{Program, Scenario, message};
use std::hint;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

fn check(test: impl FnOnce(&Scenario) -> Checked) {
    harness::check(cargo_bin!("exercise-07"), test);
}

fn some_lines<const N: usize>(random: &mut Random) -> [Vec<u8>; N] {
    [(); N].map(|()| (random.some_word() + "\n").into_bytes())
}

#[test]
fn sends_stdin_and_prints_what_comes_back() {
    check(|scenario| {
        let server = scenario.listen();
        let [question, answer] = some_lines(&mut scenario.random());
        let program = scenario.start_with_stdin([&server.address().to_string()]);
        program.write_stdin(&*question);
        // Other checks test how it ends, and the order of events.
        program.close_stdin();
        let mut connection = server.accept();
        connection.expect(&question);
        connection.let_it_end_its_half();
        connection.send(&answer);
        connection.half_close();
        program.expect_output(&answer);
        Ok(Passed)
    });
}

#[test]
fn connects_to_ipv6() {
    check(|scenario| {
        needs_ipv6()?;
        let server = scenario.listen_on("[::1]:0");
        let [line] = some_lines(&mut scenario.random());
        let program = scenario.start_with_stdin([&server.address().to_string()]);
        program.write_stdin(&*line);
        program.close_stdin();
        server.accept().expect(&line);
        Ok(Passed)
    });
}

#[test]
fn half_closes_at_the_end_of_stdin_and_exits_with_0_when_the_server_ends() {
    check(|scenario| {
        let server = scenario.listen();
        let program = scenario.start_with_stdin([&server.address().to_string()]);
        let mut connection = server.accept();
        let [question, one, two] = some_lines(&mut scenario.random());
        program.write_stdin(&*question);
        program.close_stdin();
        connection.expect(&question);
        // The server knows now that the question is whole, and answers.
        connection.expect_end();
        // A program that does not wait for the server has time to end now.
        thread::sleep(MOMENT);
        program.expect_running();
        connection.send(&one);
        connection.send(&two);
        connection.close();
        program.expect_output(&[one, two].concat());
        program.expect_exit(0);
        ends_well_when_the_server_ends_right_after_it(scenario);
        Ok(Passed)
    });
}

/// For how long the program is started to meet a server that ends right after it: the server's end
/// may come while the program still remembers that stdin has ended, but not each time.
const STARTS: Duration = Duration::from_secs(1);

fn ends_well_when_the_server_ends_right_after_it(scenario: &Scenario) {
    let server = Server::listen(
        scenario,
        message!("a server that ends right after its client"),
    );
    let address = server.address.to_string();
    thread::spawn(move || {
        // An error means that the connection has ended. The expectations below show what the
        // program does then.
        for stream in server.listener.incoming() {
            let _ = stream.and_then(|stream| end_right_after(&stream));
        }
    });
    scenario.again_and_again(STARTS, || {
        let program = scenario.start_with_stdin([&address]);
        program.close_stdin();
        program.expect_exit(0);
    });
}

/// Waits for the client's end without going to sleep, as waking up would take some time.
fn end_right_after(mut stream: &TcpStream) -> io::Result<()> {
    stream.set_nonblocking(true)?;
    loop {
        match stream.read(&mut [0; 64]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => hint::spin_loop(),
            Ok(0) | Err(_) => return Ok(()),
            Ok(_) => {}
        }
    }
}

#[test]
fn sends_at_once_while_stdin_is_open() {
    check(|scenario| {
        let server = scenario.listen();
        let program = scenario.start_with_stdin([&server.address().to_string()]);
        let mut connection = server.accept();
        let mut random = scenario.random();
        let pieces = [
            random.some_word() + "\n",
            random.some_word(),
            random.word(1),
        ];
        // With a newline and without one, and each when the one before has come.
        for piece in pieces {
            program.write_stdin(piece.as_bytes());
            connection.expect(piece.as_bytes());
        }
        Ok(Passed)
    });
}

#[test]
fn prints_at_once_while_stdin_is_open() {
    check(|scenario| {
        let server = scenario.listen();
        let program = scenario.start_with_stdin([&server.address().to_string()]);
        let mut connection = server.accept();
        // The server speaks first, and nothing has come on stdin.
        let mut random = scenario.random();
        let mut printed = Vec::new();
        for piece in [random.some_word() + ":", " \n".to_string(), random.word(1)] {
            connection.send(piece.as_bytes());
            printed.extend(piece.bytes());
            program.expect_output(&printed);
        }
        // Its end comes at once as well. Another check tests what the program does then.
        connection.close();
        scenario.set_limit(LOST);
        scenario.wait_until(
            message!("the program has ended, within 2 s of the server's end"),
            || program.has_ended().then_some(()),
            || message!("it still runs").into(),
        );
        Ok(Passed)
    });
}

/// How long the test waits for what should not happen. A wrong program that takes
/// longer is not found; a right one never waits.
const MOMENT: Duration = Duration::from_millis(50);

/// Bytes that are changed where they are taken for text.
const BYTES: &[u8] =
    b"\r\n\r\xff\xfe\x00 \xc4\xe3\x80\x1a\xe4\xbd\xa0\xef\xbb\xbf\n\n \x04\x1b[0m\r\n";

#[test]
fn leaves_every_byte_as_it_is() {
    check(|scenario| {
        let server = scenario.listen();
        let program = scenario.start_with_stdin([&server.address().to_string()]);
        let mut random = scenario.random();
        let bytes = [BYTES, random.some_word().as_bytes(), BYTES].concat();
        program.write_stdin(&*bytes);
        program.close_stdin();
        let mut connection = server.accept();
        connection.expect(&bytes);
        connection.let_it_end_its_half();
        connection.send(&bytes);
        connection.half_close();
        program.expect_output(&bytes);
        Ok(Passed)
    });
}

/// The block of 1 MB that goes both ways again and again. It is text and ends with a newline: other
/// checks find a program that changes other bytes, or holds them back.
fn block(random: &mut Random) -> Vec<u8> {
    let word = random.word(8);
    let lines = (0..1024).map(|number| format!("{word}{number:01015}\n"));
    lines.collect::<String>().into_bytes()
}

const BLOCKS: usize = 64;

/// 64 MB.
fn total() -> u64 {
    (BLOCKS as u64) << 20
}

/// Writes all blocks to the program's stdin, without waiting for it.
fn write_blocks(program: &Program, block: &[u8]) {
    program.write_stdin(block.repeat(BLOCKS));
}

/// A server in its own threads: its connections carry too much for each action to be a step.
struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    fn listen(scenario: &Scenario, what: Message) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listening = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
        match listening {
            Ok((address, listener)) => {
                scenario.step(message!(
                    "{server} listens on {address}",
                    server = what,
                    address
                ));
                Self { listener, address }
            }
            Err(error) => scenario.fail(message!("the test can listen"), error),
        }
    }

    /// Serves one client, in a thread.
    fn serve(self, work: impl FnOnce(TcpStream) -> io::Result<()> + Send + 'static) {
        // An error means that the connection has ended. The expectations below show what the
        // program does then.
        thread::spawn(move || work(self.listener.accept()?.0));
    }
}

/// Receives to the end, and hands on each piece.
fn receive(
    mut stream: &TcpStream,
    mut piece: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => piece(&buffer[..length])?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Waits until the program has ended its sending half, for half a second at most.
fn let_it_end_its_half(stream: &TcpStream) {
    // If anything fails here, the next call will fail as well.
    let _ = stream.set_read_timeout(Some(Duration::from_millis(500)));
    while stream
        .peek(&mut [0])
        .is_err_and(|error| error.kind() == ErrorKind::Interrupted)
    {}
    let _ = stream.set_read_timeout(None);
}

#[test]
fn copies_64_mb_through_an_echo_server() {
    check(|scenario| {
        let server = Server::listen(
            scenario,
            message!("an echo server, which does not read while it cannot write,"),
        );
        let block = block(&mut scenario.random());
        let program = scenario.start_copying([server.address.to_string()], block.clone());
        server.serve(|stream| {
            let mut left = total();
            receive(&stream, |bytes| {
                left = left.saturating_sub(bytes.len() as u64);
                if left == 0 {
                    // A client that does not receive until the end has left by now.
                    let_it_end_its_half(&stream);
                }
                (&stream).write_all(bytes)
            })?;
            stream.shutdown(Shutdown::Write)
        });
        write_blocks(&program, &block);
        program.close_stdin();
        program.expect_copied(total());
        Ok(Passed)
    });
}

/// What 64 MB may add to the memory of the program.
const MEMORY: u64 = 32 << 20;

#[test]
fn keeps_little_of_64_mb_in_memory() {
    check(|scenario| {
        let server = Server::listen(
            scenario,
            message!("a server that sends and receives at once"),
        );
        let block = block(&mut scenario.random());
        let program = scenario.start_copying([server.address.to_string()], block.clone());
        let to_send = block.clone();
        // It sends whether anything comes or not, and receives whatever comes: no program
        // waits here because of the order in which it does things.
        let received = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&received);
        let (accepted, connected) = channel();
        let (begin, started) = channel::<()>();
        let (send_last, has_sent_all) = channel::<()>();
        server.serve(move |stream| {
            let sending = stream.try_clone()?;
            // Fails if the check has ended.
            let _ = accepted.send(());
            let _ = started.recv();
            thread::spawn(move || {
                for _ in 1..BLOCKS {
                    (&sending).write_all(&to_send)?;
                }
                let _ = has_sent_all.recv();
                (&sending).write_all(&to_send)
            });
            receive(&stream, |bytes| {
                count.fetch_add(bytes.len() as u64, SeqCst);
                Ok(())
            })?;
            // The connection stays open until the check has ended.
            let _ = started.recv();
            Ok(())
        });
        let is_connected = scenario.wait_until(
            message!("the program connects"),
            || match connected.try_recv() {
                Ok(()) => Some(true),
                Err(_) => program.has_ended().then_some(false),
            },
            || message!("no connection").into(),
        );
        if !is_connected {
            scenario.fail(
                message!("the program connects"),
                message!("the program has ended"),
            );
        }
        let before = program.peak_memory();
        let _ = begin.send(());
        write_blocks(&program, &block);
        program.close_stdin();
        scenario.wait_until(
            message!("the server has received {count} bytes", count = total()),
            || (received.load(SeqCst) >= total()).then_some(()),
            || message!("{count} bytes", count = received.load(SeqCst)).into(),
        );
        // The last block comes when nothing more is to come from the program: it must still be
        // there, and one that ends at the end of stdin has time to do so.
        program.let_it_wait();
        let _ = send_last.send(());
        program.expect_copied(total());
        // It cannot have ended: the connection is still open.
        program.expect_running();
        needs_memory_figures()?;
        let (before, after) = (
            before.unwrap_or(0),
            program.peak_memory().unwrap_or(u64::MAX),
        );
        let grown = after.saturating_sub(before);
        scenario.expect(
            message!("its peak memory has grown by less than 32 MB since it was connected"),
            grown < MEMORY,
            message!("{megabytes} MB more", megabytes = grown >> 20),
        );
        Ok(Passed)
    });
}

/// The task says that the program must end within 2 s of the loss; the rest is for a busy machine.
const LOST: Duration = Duration::from_millis(2500);

#[test]
fn a_lost_connection_is_told_and_is_a_failure() {
    check(|scenario| {
        let server = scenario.listen();
        let address = server.address().to_string();
        let start = || {
            let program = scenario.start_with_stdin([&address]);
            (program, server.accept())
        };
        // A reset while there may still be something to receive.
        let [line] = some_lines(&mut scenario.random());
        let (receiving, mut connection) = start();
        receiving.write_stdin(&*line);
        receiving.close_stdin();
        connection.expect(&line);
        connection.let_it_end_its_half();
        thread::sleep(MOMENT);
        connection.reset();
        // A reset, and an end, while there is still something to send.
        let (sending, connection) = start();
        connection.reset();
        let (last, connection) = start();
        connection.close();
        // Each may take this time, but they take it at the same time.
        scenario.set_limit(LOST);
        send_in_vain(&sending);
        send_in_vain(&last);
        for program in [&receiving, &sending, &last] {
            program.expect_exit_failure();
            program.expect_any_stderr();
        }
        Ok(Passed)
    });
}

/// Makes the program send on a lost connection, unless it ends first. So it notices the loss even
/// if it does not receive meanwhile, which other checks test. After an end the first send still
/// succeeds.
fn send_in_vain(program: &Program) {
    for _ in 0..5 {
        let deadline = Instant::now() + 2 * MOMENT;
        while Instant::now() < deadline {
            if program.has_ended() {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
        program.write_stdin(*b"is anybody there?\n");
    }
}
