//! Lesson 01 is the client: it connects, sends one message, receives one reply, prints it and
//! ends.
//!
//! The tests are its servers. They look at the bytes on the wire, which are GBK and not
//! UTF-8, and at what the client says where something goes wrong.

use assert_cmd::cargo::cargo_bin;
use harness::Scenario;
use harness::text::gbk;
use predicates::prelude::*;

fn lesson() -> Scenario {
    Scenario::of(cargo_bin!("lesson-01"))
}

#[test]
fn sends_the_message_receives_the_reply_prints_it_and_exits_with_0() {
    let scenario = lesson();
    let listener = scenario.listen();
    let client = scenario.start([&listener.address().to_string(), "ping"]);
    let mut connection = listener.accept();
    connection.expect(b"ping");
    connection.send(b"pong");
    // Closed by the client, and not only because the test closes.
    connection.expect_end();
    client.expect_exit(0);
    client.expect_stdout(&predicate::eq("pong\n"));
    client.expect_stderr(&predicate::str::is_empty());
}

#[test]
fn the_message_is_hello_where_none_is_given() {
    let scenario = lesson();
    let listener = scenario.listen();
    let client = scenario.start([&listener.address().to_string()]);
    let mut connection = listener.accept();
    connection.expect(b"hello");
    connection.send(b"hi");
    client.expect_exit(0);
}

#[test]
fn the_address_is_127_0_0_1_9090_where_none_is_given() {
    let scenario = lesson();
    let Some(listener) = scenario.listen_if_free("127.0.0.1:9090") else {
        return harness::skip("somebody has port 9090");
    };
    let client = scenario.start::<&str>([]);
    let mut connection = listener.accept();
    connection.expect(b"hello");
    connection.send(b"hi");
    connection.expect_end();
    client.expect_exit(0);
}

#[test]
fn the_kernel_gives_each_client_a_port_of_its_own() {
    let scenario = lesson();
    let listener = scenario.listen();
    let address = listener.address().to_string();
    // Both are there at once: what the program has chosen for itself they would share.
    let clients = [scenario.start([&address]), scenario.start([&address])];
    let mut connections = [listener.accept(), listener.accept()];
    let [one, two] = connections.each_ref().map(harness::Connection::remote);
    assert_eq!(one.ip(), listener.address().ip());
    assert_eq!(two.ip(), listener.address().ip());
    assert_ne!(one.port(), two.port());
    for connection in &mut connections {
        connection.expect(b"hello");
        connection.send(b"hi");
    }
    for client in &clients {
        client.expect_exit(0);
    }
}

#[test]
fn text_on_the_wire_is_gbk_both_ways() {
    let scenario = lesson();
    let listener = scenario.listen();
    let client = scenario.start([&listener.address().to_string(), "你好，世界"]);
    let mut connection = listener.accept();
    connection.expect(b"\xc4\xe3\xba\xc3\xa3\xac\xca\xc0\xbd\xe7");
    connection.send(&gbk("服务器：你好，客户端！"));
    client.expect_exit(0);
    client.expect_stdout(&predicate::eq("服务器：你好，客户端！\n"));
}

#[test]
fn bytes_that_are_not_gbk_are_printed_as_replacement_characters() {
    for (reply, printed) in [(&b"\xffa"[..], "\u{fffd}a\n"), (b"a\xc4", "a\u{fffd}\n")] {
        let scenario = lesson();
        let listener = scenario.listen();
        let client = scenario.start([&listener.address().to_string()]);
        let mut connection = listener.accept();
        connection.expect(b"hello");
        connection.send(reply);
        client.expect_exit(0);
        client.expect_stdout(&predicate::eq(printed));
    }
}

#[test]
fn a_byte_order_mark_is_text_like_any_other() {
    // In UTF-8 these three bytes are a byte order mark. In GBK they are one character and
    // the first half of another.
    let scenario = lesson();
    let listener = scenario.listen();
    let client = scenario.start([&listener.address().to_string()]);
    let mut connection = listener.accept();
    connection.expect(b"hello");
    connection.send(b"\xef\xbb\xbf\xd6");
    client.expect_exit(0);
    client.expect_stdout(&predicate::eq(format!(
        "{}\n",
        harness::text::from_gbk(b"\xef\xbb\xbf\xd6")
    )));
}

#[test]
fn the_reply_is_printed_as_it_is() {
    let scenario = lesson();
    let listener = scenario.listen();
    let client = scenario.start([&listener.address().to_string()]);
    let mut connection = listener.accept();
    connection.expect(b"hello");
    connection.send(b"one\ntwo\t\"three\" \\");
    client.expect_exit(0);
    client.expect_stdout(&predicate::eq("one\ntwo\t\"three\" \\\n"));
}

#[test]
fn receives_once_and_at_most_1024_bytes() {
    let scenario = lesson();
    let listener = scenario.listen();
    let client = scenario.start([&listener.address().to_string()]);
    let mut connection = listener.accept();
    connection.expect(b"hello");
    connection.send("x".repeat(5000).as_bytes());
    client.expect_exit(0);
    // How many come at once is up to the kernel: some, and never more than 1024.
    client.expect_stdout(&predicate::function(|stdout: &str| {
        (1..=1024).contains(&stdout.matches('x').count())
    }));
}

#[test]
fn nobody_listening_is_said_with_the_address_and_exits_with_1() {
    let scenario = lesson();
    let held = scenario.hold_refusing_port();
    let address = held.address().to_string();
    let client = scenario.start([&address]);
    client.expect_exit(1);
    client.expect_stderr(&predicate::str::contains(&address));
    client.expect_stdout(&predicate::str::is_empty());
}

#[test]
fn a_text_that_gbk_cannot_hold_is_refused_and_nothing_is_sent() {
    let scenario = lesson();
    let listener = scenario.listen();
    let client = scenario.start([&listener.address().to_string(), "hello 😀"]);
    client.expect_exit(1);
    client.expect_stderr(&predicate::str::contains("GBK").or(predicate::str::contains("gbk")));
    client.expect_stdout(&predicate::str::is_empty());
    listener.expect_nothing();
}

#[test]
fn an_empty_message_shows_the_usage_and_exits_with_1() {
    let scenario = lesson();
    let listener = scenario.listen();
    let client = scenario.start([&listener.address().to_string(), ""]);
    client.expect_exit(1);
    client.expect_stderr(&predicate::str::contains("usage"));
    listener.expect_nothing();
}

#[test]
fn a_server_that_closes_without_a_reply_is_told_and_exits_with_1() {
    let scenario = lesson();
    let listener = scenario.listen();
    let client = scenario.start([&listener.address().to_string()]);
    let mut connection = listener.accept();
    connection.expect(b"hello");
    connection.close();
    client.expect_exit(1);
    client.expect_stderr(&predicate::str::contains(listener.address().to_string()));
    client.expect_stdout(&predicate::str::is_empty());
}

#[test]
fn a_server_that_resets_the_connection_is_told_and_exits_with_1() {
    let scenario = lesson();
    let listener = scenario.listen();
    let client = scenario.start([&listener.address().to_string()]);
    let mut connection = listener.accept();
    connection.expect(b"hello");
    connection.reset();
    client.expect_exit(1);
    client.expect_stderr(&predicate::str::contains(listener.address().to_string()));
}

#[test]
fn an_address_that_does_not_parse_is_said_with_the_usage_and_exits_with_1() {
    for address in [
        "localhost:9090",
        "127.0.0.1",
        "127.0.0.1:99999",
        "::1:9090",
        "",
    ] {
        let client = lesson().start([address, "hello"]);
        client.expect_exit(1);
        let told = predicate::str::contains("usage").and(predicate::str::contains(address));
        client.expect_stderr(&told);
        client.expect_stdout(&predicate::str::is_empty());
    }
}

#[test]
fn talks_ipv6() {
    if !harness::has_ipv6() {
        return;
    }
    let scenario = lesson();
    let listener = scenario.listen_on("[::1]:0");
    let client = scenario.start([&listener.address().to_string(), "six"]);
    let mut connection = listener.accept();
    connection.expect(b"six");
    connection.send(b"ok");
    client.expect_exit(0);
    client.expect_stdout(&predicate::eq("ok\n"));
}
