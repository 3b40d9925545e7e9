//! What measures measures right, and the page shows what was measured.

use bench::load::{Clients, MESSAGE, REPLY, open_and_close};
use bench::results::{self, Results};
use bench::server::{Kind, Servers};
use bench::servers;
use bench::statistics::{Latencies, Spread, ratios};
use bench::{page, steady};
use grade::language::Language;
use harness::Scenario;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// The servers that a test builds: without `--release`.
const KINDS: [Kind; 5] = [
    Kind::C,
    Kind::Lesson05Debug,
    Kind::Lesson06Debug,
    Kind::Python05,
    Kind::Python06,
];

#[test]
fn the_c_server_says_what_the_lessons_say() {
    let servers = Servers::build(&KINDS).expect("the servers can be built");
    let messages: [(&[u8], &str); 5] = [
        (MESSAGE, "你好, server!"),
        (b"hello", "hello"),
        // A terminal's escape sequence, quotes, and whitespace.
        (b"\x1B[2J\"\\\t\r\n", r#"\u{1b}[2J\"\\\t\r\n"#),
        (b"a\0b\x7F", r"a\0b\u{7f}"),
        // No GBK.
        (b"\xFFa", "\u{FFFD}a"),
    ];
    for kind in servers.kinds() {
        let command = servers.command(kind).expect("it was built");
        let scenario = Scenario::of_command(command.to_vec());
        let server = scenario.start_server();
        let mut clients = [server.connect(), server.connect()];
        for (bytes, text) in messages {
            for client in &mut clients {
                client.send(bytes);
                client.expect_text("server: hello, client!");
                server.expect_line(&format!("{} sent \"{text}\"", client.local()));
            }
        }
    }
}

#[test]
fn servers_are_measured_and_no_request_fails() {
    let settings = servers::Settings {
        rounds: 2,
        seconds: 0.05,
        connections: vec![1, 20],
        rate: 1000,
        opened: 40,
        idle: (10, 30),
        leaving: 20,
        cores: servers::Cores::Shared,
    };
    let kinds = [Kind::C, Kind::Lesson05Debug, Kind::Lesson06Debug];
    let figures = servers::measure(&settings, &kinds).expect("they can be measured");
    for (kind, of) in figures.servers {
        assert_eq!(of.failed_idle, 0, "{kind:?}");
        assert_eq!(of.opened.len(), 2, "{kind:?}");
        assert_eq!(of.exit.is_empty(), !kind.leaves_clients(), "{kind:?}");
        assert!(
            of.resident
                .iter()
                .all(|(few, many)| *few > 0 && many >= few),
            "{kind:?}"
        );
        for (connections, load) in of.load {
            assert_eq!(load.failed, 0, "{kind:?}, {connections} clients");
            assert!(
                load.requests.iter().all(|rate| *rate > 0.0),
                "{kind:?}: {load:?}"
            );
            // 1,000 a second for 50 ms, twice.
            assert_eq!(load.response.count, 100, "{kind:?}, {connections} clients");
        }
    }
}

/// What a server answers: it is given how many messages the connection has had before.
type Answer = fn(usize, &mut TcpStream);

/// A server that answers as this function does.
fn answering(answer: Answer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a test can listen");
    let address = listener.local_addr().expect("a listener has an address");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || serve(stream, answer));
        }
    });
    address
}

fn serve(mut stream: TcpStream, answer: Answer) {
    let mut buffer = [0; 1024];
    for number in 0.. {
        match stream.read(&mut buffer) {
            Ok(length) if &buffer[..length] == MESSAGE => answer(number, &mut stream),
            _ => return,
        }
    }
}

fn right(stream: &mut TcpStream) {
    // A client that has left does not want it.
    let _ = stream.write_all(REPLY);
}

#[test]
fn wrong_answers_are_failures() {
    let answers: [(&str, Answer); 4] = [
        ("another text", |number, stream| match number {
            0 => right(stream),
            _ => drop(stream.write_all(b"server: hello, Client!")),
        }),
        ("too much", |number, stream| {
            right(stream);
            if number > 0 {
                drop(stream.write_all(b"!"));
            }
        }),
        ("the end", |number, stream| match number {
            0 => right(stream),
            _ => drop(stream.shutdown(std::net::Shutdown::Both)),
        }),
        ("half of it, and the end", |number, stream| {
            let length = if number == 0 { REPLY.len() } else { 10 };
            drop(stream.write_all(&REPLY[..length]));
            if number > 0 {
                drop(stream.shutdown(std::net::Shutdown::Both));
            }
        }),
    ];
    for (what, answer) in answers {
        let mut clients = Clients::of(answering(answer)).expect("sockets can be waited for");
        clients.connect(3).expect("the first answer is right");
        // Twice: a byte too many may come after the answer.
        let mut failed = 0;
        for _ in 0..2 {
            failed += clients.once().expect("sockets can be waited for").failed;
        }
        assert!(failed >= 3, "{what}: {failed} of 6 requests have failed");
    }
}

#[test]
fn a_wrong_first_answer_is_told() {
    let wrong = answering(|_, stream| drop(stream.write_all(b"server: hello, Client!")));
    let mut clients = Clients::of(wrong).expect("sockets can be waited for");
    let error = clients.connect(1).expect_err("the answer is wrong");
    assert!(format!("{error:#}").contains("hello, Client!"), "{error:#}");
    let error = open_and_close(wrong, 1).expect_err("the answer is wrong");
    assert!(format!("{error:#}").contains("hello, Client!"), "{error:#}");
}

#[test]
fn every_message_of_both_loops_is_counted() {
    let address = answering(|_, stream| right(stream));
    let mut clients = Clients::of(address).expect("sockets can be waited for");
    clients.connect(5).expect("all are answered");
    let once = clients.once().expect("sockets can be waited for");
    assert_eq!((once.answered, once.failed), (5, 0));
    let open = clients.open(2000, Duration::from_millis(100));
    let open = open.expect("sockets can be waited for");
    assert_eq!((open.answered, open.failed), (200, 0));
    assert_eq!(open.response.percentiles().count, 200);
    open_and_close(address, 50).expect("all are answered");
}

#[test]
fn a_stall_is_seen_by_the_messages_that_were_due_meanwhile() {
    // It is what this server does that is measured: it stalls for 200 ms, once.
    let address = answering(|number, stream| {
        if number == 50 {
            thread::sleep(Duration::from_millis(200));
        }
        right(stream);
    });
    let mut clients = Clients::of(address).expect("sockets can be waited for");
    clients.connect(1).expect("it is answered");
    let load = clients.open(1000, Duration::from_millis(500));
    let load = load.expect("sockets can be waited for");
    let (service, response) = (load.service.percentiles(), load.response.percentiles());
    // 500 messages, 100 of which were due in the first half of the stall.
    assert!(response.p99 > 100_000.0, "{response:?}");
    assert!(service.p50 < response.p99, "{service:?}, {response:?}");
    assert!(
        service.p99 <= response.p99 && service.max >= 200_000.0,
        "{service:?}"
    );
}

#[test]
#[allow(clippy::float_cmp, reason = "a thousandth is exact")]
fn percentiles_are_those_of_a_known_distribution() {
    let mut latencies = Latencies::default();
    let mut others = Latencies::default();
    for microseconds in 1..=1000 {
        let collected = if microseconds % 2 == 0 {
            &mut latencies
        } else {
            &mut others
        };
        collected.add(Duration::from_micros(microseconds));
    }
    latencies.add_all(&others);
    let found = latencies.percentiles();
    assert_eq!(found.count, 1000);
    for (found, expected) in [
        (found.p50, 500.0),
        (found.p99, 990.0),
        (found.p999, 999.0),
        (found.max, 1000.0),
    ] {
        // To three digits.
        assert!(
            (found - expected).abs() <= expected / 1000.0 + 0.1,
            "{found}, not {expected}"
        );
    }
}

#[test]
fn medians_spreads_and_ratios_are_right() {
    let spread = Spread::of(&[5.0, 1.0, 4.0, 2.0, 3.0]);
    let expected = Spread {
        low: 2.0,
        median: 3.0,
        high: 4.0,
    };
    assert_eq!(spread, Some(expected));
    assert_eq!(Spread::of(&[]), None);
    assert_eq!(
        Spread::of(&[1.0, 2.0]).map(|spread| spread.median),
        Some(1.5)
    );
    // Pair by pair; a round without a figure has no ratio.
    assert_eq!(ratios(&[2.0, 9.0, 1.0], &[1.0, 3.0, 0.0]), [2.0, 3.0]);
}

#[test]
fn failures_are_found_by_name() {
    let told = "\nrunning 3 tests\ntest a::first ... ok\ntest second ... FAILED\n\
                test third ... ignored\n\nfailures:\n\n---- second stdout ----\nthe story\n";
    let (all, failed) = steady::outcomes(told);
    assert_eq!(all, ["a::first", "second", "third"]);
    assert_eq!(failed, ["second"]);
}

fn kept() -> Results {
    Results::read(&results::folder()).expect("the figures can be read")
}

#[test]
fn the_page_is_made_of_the_figures_that_are_kept() {
    let files = page::files(&kept());
    for file in &files {
        let path = workspace::root().join(&file.path);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let name = file.path.display();
        assert_eq!(
            text, file.text,
            "{name} is stale: `cargo run -p bench -- page`"
        );
    }
    for folder in ["mdbook/src/measured", "mdbook/zh-CN/measured"] {
        let entries = fs::read_dir(workspace::root().join(folder)).expect("it is there");
        for entry in entries {
            let name = entry.expect("it can be read").file_name();
            let path = Path::new(folder).join(name);
            let is_made = files.iter().any(|file| file.path == path);
            assert!(is_made, "{} is made of nothing", path.display());
        }
    }
}

#[test]
fn everything_was_measured() {
    let kept = kept();
    assert!(kept.servers.is_some(), "servers.json is missing");
    assert!(kept.buffers.is_some(), "buffers.json is missing");
    assert!(kept.grader.is_some(), "grader.json is missing");
    assert!(kept.steady.is_some(), "steady.json is missing");
    assert!(kept.cold.is_some(), "cold.json is missing");
}

#[test]
fn runs_can_be_added_to_earlier_ones() {
    let of = |runs, failed: &[(&str, usize)]| {
        let failures: BTreeMap<_, _> = failed
            .iter()
            .map(|&(name, count)| (name.to_string(), count))
            .collect();
        let sitting = steady::Sitting {
            date: "2026-01-31".to_string(),
            commit: format!("commit-{runs}"),
            runs,
            failures: failures.values().sum(),
        };
        steady::Figures {
            settings: steady::Settings {
                runs,
                minutes: 1,
                hogs: None,
            },
            runs,
            at_once: 2,
            hogs: 2,
            tests: runs,
            answers: 0,
            checks: 0,
            took: 1.5,
            failures,
            sittings: vec![sitting],
        }
    };
    let earlier = of(20, &[("a", 1), ("b", 1)]);
    let both = of(30, &[("b", 2)]).added_to(earlier.clone());
    let both = both.expect("they were as busy");
    assert_eq!((both.runs, both.tests), (50, 30));
    assert!((both.took - 3.0).abs() < 1e-9);
    let failed = [("a".to_string(), 1), ("b".to_string(), 3)];
    assert_eq!(both.failures, failed.into());
    let sittings: Vec<_> = both.sittings.iter().map(|one| one.runs).collect();
    assert_eq!(sittings, [20, 30]);
    let calm = steady::Figures { hogs: 0, ..earlier };
    assert!(both.added_to(calm).is_err());
}

#[test]
fn what_falls_short_is_said() {
    let mut results = kept();
    let goal = |results: &Results| {
        let mut goals = page::goals(results, Language::En).into_iter();
        goals
            .find(|goal| goal.what.contains("Ctrl-C"))
            .expect("there is such a goal")
    };
    let Some(servers) = &mut results.servers else {
        panic!("servers.json is missing");
    };
    servers.figures.settings.leaving = 1000;
    let of = servers.figures.servers.get_mut(&Kind::Lesson06);
    of.expect("the lesson was measured").exit = vec![0.02, 0.1, 0.03];
    assert!(goal(&results).is_met, "{:?}", goal(&results));
    let servers = results.servers.as_mut().expect("as above");
    let of = servers.figures.servers.get_mut(&Kind::Lesson06);
    of.expect("the lesson was measured").exit = vec![0.02, 0.101, 0.03];
    assert!(!goal(&results).is_met, "{:?}", goal(&results));
    results.servers = None;
    assert_eq!(goal(&results).found, None);
}

#[test]
fn all_figures_have_goals_in_both_languages() {
    let results = kept();
    let [english, chinese] =
        [Language::En, Language::Zh].map(|language| page::goals(&results, language));
    assert_eq!(english.len(), chinese.len());
    for (english, chinese) in english.iter().zip(&chinese) {
        assert_eq!(
            (&english.wanted, english.is_met),
            (&chinese.wanted, chinese.is_met)
        );
        assert_ne!(english.what, chinese.what);
    }
}
