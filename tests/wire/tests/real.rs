//! Real connections, each in a network namespace of its own: the states are those that `ss`
//! shows, and the packets those that `tcpdump` shows.

#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use wire::tcpdump::{Segment, Tcpdump};
use wire::{Capture, Line, State, Wire};

/// Tells this program that it has a namespace.
const INSIDE: &str = "WIRE_TEST_INSIDE";

/// A FIN may be acknowledged 40 ms after it.
const QUIET: Duration = Duration::from_millis(100);
const LIMIT: Duration = Duration::from_secs(20);

/// Runs a test in a namespace of its own, by starting this program once more.
fn in_namespace(name: &str, test: fn()) {
    if std::env::var_os(INSIDE).is_some() {
        return test();
    }
    let mut unshare = Command::new("unshare");
    unshare
        // Not as root: then tcpdump wants to be somebody else, which cannot be here.
        .args(["--map-user=65534", "--map-group=65534", "--keep-caps"])
        .args(["--net", "--", "sh", "-c"])
        .args(["ip link set lo up && echo ready && exec \"$@\"", "sh"])
        .arg(std::env::current_exe().expect("this program has a path"))
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1");
    let output = match unshare.output() {
        Ok(output) if output.stdout.starts_with(b"ready\n") => output,
        Ok(output) => {
            return skip(name, &String::from_utf8_lossy(&output.stderr));
        }
        Err(error) => return skip(name, &error.to_string()),
    };
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}{errors}");
    assert!(printed.contains("1 passed"), "{printed}{errors}");
}

fn skip(name: &str, reason: &str) {
    // Not `eprintln!`: what a passing test prints with that is not shown.
    let line = format!(
        "skipped: {name}: no network of its own: {}\n",
        reason.trim()
    );
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// A client, the server's end of its connection, and the listener.
fn pair(address: &str) -> (TcpStream, TcpStream, TcpListener) {
    let listener = TcpListener::bind(address).expect("nobody else is here");
    let address = listener.local_addr().expect("it is bound");
    let client = TcpStream::connect(address).expect("it listens");
    let (server, _) = listener.accept().expect("it has connected");
    (client, server, listener)
}

/// The ladder of what has been recorded.
fn ladder(capture: &Capture) -> Vec<Line> {
    capture.wait_for_quiet(QUIET, LIMIT);
    let mut wire = Wire::default();
    let lines = wire.lines(&capture.packets());
    assert_eq!(wire.lost(), None);
    for line in &lines {
        let text = line.to_string();
        assert!(text.len() <= 76 && text.is_ascii(), "{text}");
        assert_eq!(Line::parse(&text).as_ref(), Some(line), "{text}");
    }
    lines
}

/// The ladder without the client's port and the lengths of arrows.
fn words(lines: &[Line]) -> Vec<String> {
    let words = lines.iter().map(|line| {
        let text = line.to_string();
        let words = text.split_whitespace().filter(|word| {
            let is_arrow = word.trim_end_matches('>').chars().all(|c| c == '-');
            let is_port = word.parse::<u16>().is_ok_and(|port| port > 9999);
            let is_head = *word == "--" || *word == "<-";
            is_head || !(is_arrow || is_port)
        });
        words.collect::<Vec<_>>().join(" ")
    });
    words.collect()
}

#[test]
fn a_conversation_is_recorded_from_its_first_packet() {
    in_namespace("a_conversation_is_recorded_from_its_first_packet", || {
        for address in ["127.0.0.1:9090", "[::1]:9090"] {
            let capture = Capture::start().expect("it is allowed here");
            let (mut client, mut server, _listener) = pair(address);
            client.write_all(b"hello").expect("it is connected");
            server.read_exact(&mut [0; 5]).expect("it is sent");
            capture.wait_for_quiet(QUIET, LIMIT);
            client.shutdown(Shutdown::Write).expect("it is connected");
            capture.wait_for_quiet(QUIET, LIMIT);
            server.write_all(b"bye").expect("it is half open");
            client.read_exact(&mut [0; 3]).expect("it is sent");
            capture.wait_for_quiet(QUIET, LIMIT);
            drop(server);
            let lines = words(&ladder(&capture));
            let lines: Vec<&String> = lines
                .iter()
                .filter(|line| !line.ends_with("later)"))
                .collect();
            let expected = [
                "SYN-SENT -- SYN 9090",
                "ESTABLISHED <- SYN, ACK 9090 SYN-RCVD",
                "-- ACK 0 9090 ESTABLISHED",
                "-- 5 bytes \"hello\" 9090",
                "<- ACK 5 9090",
                "FIN-WAIT-1 -- FIN 9090 CLOSE-WAIT",
                "FIN-WAIT-2 <- ACK 6 9090",
                "<- 3 bytes \"bye\" 9090",
                "-- ACK 3 9090",
                "TIME-WAIT <- FIN 9090 LAST-ACK",
                "-- ACK 4 9090 CLOSED",
            ];
            assert_eq!(lines, expected);
        }
    });
}

#[test]
fn a_recording_of_many_bytes_is_complete() {
    in_namespace("a_recording_of_many_bytes_is_complete", || {
        let capture = Capture::start().expect("it is allowed here");
        let (mut client, mut server, _listener) = pair("127.0.0.1:9090");
        let sender = std::thread::spawn(move || {
            client
                .write_all(&vec![b'x'; 3_000_000])
                .expect("it is read");
        });
        let mut received = Vec::new();
        server.read_to_end(&mut received).expect("it is sent");
        sender.join().expect("it has sent all");
        let sum: usize = ladder(&capture)
            .iter()
            .filter_map(|line| match line {
                Line::Rung(rung) if !rung.what.again => Some(rung.what.data.as_ref()?.length),
                _ => None,
            })
            .sum();
        assert_eq!(sum, 3_000_000);
    });
}

/// The last state of both sides in a ladder, by their ports.
fn last_states(lines: &[Line]) -> [Option<State>; 2] {
    let mut states = [None; 2];
    for line in lines {
        if let Line::Rung(rung) = line {
            states[0] = rung.left.or(states[0]);
            states[1] = rung.right.or(states[1]);
        }
    }
    states
}

/// The states that `ss` shows for the connection between the ports of a client and a server.
fn states_of_ss(client: SocketAddr, server: SocketAddr) -> [Option<State>; 2] {
    let output = Command::new("ss").args(["-Htan"]).output();
    let output = output.expect("ss can be started").stdout;
    let output = String::from_utf8(output).expect("it is text");
    let of = |local: SocketAddr, peer: SocketAddr| {
        let mut rows = output.lines().map(|row| row.split_whitespace());
        let name = rows.find_map(|row| {
            let words: Vec<&str> = row.collect();
            let fits = words[3] == local.to_string() && words[4] == peer.to_string();
            fits.then(|| words[0].to_string())
        });
        match name.as_deref() {
            // The kernel has forgotten it.
            None => Some(State::Closed),
            Some("ESTAB") => Some(State::Established),
            Some("SYN-RECV") => Some(State::SynReceived),
            Some(name) => Some(State::of_name(name).expect("a state")),
        }
    };
    [of(client, server), of(server, client)]
}

#[test]
fn states_are_those_that_ss_shows() {
    if Command::new("ss").arg("--version").output().is_err() {
        return skip("states_are_those_that_ss_shows", "no ss");
    }
    in_namespace("states_are_those_that_ss_shows", || {
        /// What one side does in the end.
        type Step = fn(&mut Option<TcpStream>, &mut Option<TcpStream>, &Capture);
        let steps: [(&str, Step); 6] = [
            ("nothing", |_, _, _| {}),
            ("the client shuts down", |client, _, _| {
                let client = client.as_ref().expect("it is there");
                client.shutdown(Shutdown::Write).expect("it is connected");
            }),
            ("the client closes", |client, _, _| drop(client.take())),
            (
                "the client closes, then the server",
                |client, server, capture| {
                    drop(client.take());
                    capture.wait_for_quiet(QUIET, LIMIT);
                    drop(server.take());
                },
            ),
            ("both shut down at once", |client, server, _| {
                for side in [client, server] {
                    let side = side.as_ref().expect("it is there");
                    side.shutdown(Shutdown::Write).expect("it is connected");
                }
            }),
            (
                "the server closes with unread bytes",
                |client, server, _| {
                    let client = client.as_mut().expect("it is there");
                    client.write_all(b"unread").expect("it is connected");
                    let server = server.take().expect("it is there");
                    server.peek(&mut [0; 1]).expect("they have come");
                },
            ),
        ];
        for (number, (what, step)) in steps.into_iter().enumerate() {
            let capture = Capture::start().expect("it is allowed here");
            let (client, server, _listener) = pair(&format!("127.0.0.1:{}", 9090 + number));
            let near = client.local_addr().expect("it is connected");
            let far = server.local_addr().expect("it is connected");
            let mut sides = (Some(client), Some(server));
            step(&mut sides.0, &mut sides.1, &capture);
            // On a busy machine an acknowledgement may come between the two looks.
            let deadline = Instant::now() + LIMIT;
            let (lines, shown) = loop {
                let lines = ladder(&capture);
                let shown = states_of_ss(near, far);
                if last_states(&lines) == shown || Instant::now() > deadline {
                    break (lines, shown);
                }
            };
            assert_eq!(last_states(&lines), shown, "{what}: {:#?}", words(&lines));
        }
    });
}

#[test]
fn packets_are_those_that_tcpdump_shows() {
    if Command::new("tcpdump").arg("--version").output().is_err() {
        return skip("packets_are_those_that_tcpdump_shows", "no tcpdump");
    }
    in_namespace("packets_are_those_that_tcpdump_shows", || {
        let tcpdump = Tcpdump::start().expect("it is installed");
        let capture = Capture::start().expect("it is allowed here");
        for address in ["127.0.0.1:9090", "[::1]:9090"] {
            let (mut client, mut server, listener) = pair(address);
            client.write_all(b"hello").expect("it is connected");
            server.read_exact(&mut [0; 5]).expect("it is sent");
            server
                .write_all(&vec![b'x'; 100_000])
                .expect("there is room");
            client.read_exact(&mut [0; 1]).expect("it is sent");
            capture.wait_for_quiet(QUIET, LIMIT);
            // Unread bytes: it resets.
            drop(client);
            let address = listener.local_addr().expect("it is bound");
            drop(listener);
            TcpStream::connect(address).expect_err("nobody listens");
        }
        let lines = ladder(&capture);
        let ours: Vec<Segment> = lines.iter().filter_map(Segment::of_line).collect();
        let theirs = tcpdump.finish(ours.len()).expect("it has seen all");
        assert_eq!(ours, theirs);
    });
}
