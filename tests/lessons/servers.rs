//! What every server of lessons 02 to 06 must do for one client.

use crate::conditions::{can_start_by, started_by, traced};
use harness::kernel::State;
use harness::text::gbk;
use harness::{Program, Scenario, kernel, message};
use predicates::prelude::*;
use std::process::{Command, ExitStatus};

/// What every server answers.
pub(crate) const REPLY: &str = "server: hello, client!";

/// The first line has the real port, and the lines about a client are complete.
pub(crate) fn tells_where_it_listens_and_serves_a_client(scenario: &Scenario) {
    let server = scenario.start_server();
    assert_eq!(server.address().ip().to_string(), "127.0.0.1");
    assert_ne!(server.address().port(), 0);
    let mut client = server.connect();
    let peer = client.local();
    let connected = server.expect_line(&format!("client connected: {peer}"));
    client.send_text("hello");
    client.expect_text(REPLY);
    let sent = server.expect_line(&format!("{peer} sent \"hello\""));
    assert!(connected < sent);
    server.expect_no_errors();
}

/// The default address. If its port is in use, the error names it.
pub(crate) fn listens_on_127_0_0_1_9090_where_no_address_is_given(scenario: &Scenario) {
    let server = scenario.start::<&str>([]);
    let told = predicate::eq("listening on 127.0.0.1:9090\n");
    let came = || !server.stdout().is_empty() || server.stderr().contains(IN_USE);
    scenario.wait_until(
        message!("it has its port, or says why not"),
        || came().then_some(()),
        || "".into(),
    );
    if server.stdout().is_empty() {
        server.expect_stderr(&predicate::str::contains("127.0.0.1:9090"));
    } else {
        server.expect_stdout(&told);
    }
}

/// Chinese text in, in GBK; readable on stdout.
pub(crate) fn understands_gbk(scenario: &Scenario) {
    let server = scenario.start_server();
    let mut client = server.connect();
    client.send(b"\xc4\xe3\xba\xc3\xa3\xac\xca\xc0\xbd\xe7");
    client.expect_text(REPLY);
    server.expect_line(&format!("{} sent \"你好，世界\"", client.local()));
}

/// Bytes that are not GBK become U+FFFD, and do no harm.
pub(crate) fn decodes_what_is_not_gbk_to_replacement_characters(scenario: &Scenario) {
    for (bytes, text) in [(&b"\xffa"[..], "\u{fffd}a"), (b"a\xc4", "a\u{fffd}")] {
        let server = scenario.start_server();
        let mut client = server.connect();
        client.send(bytes);
        client.expect_text(REPLY);
        server.expect_line(&format!("{} sent \"{text}\"", client.local()));
        server.expect_no_errors();
    }
}

/// No escape sequence from the network reaches the terminal.
pub(crate) fn prints_what_came_escaped(scenario: &Scenario) {
    let server = scenario.start_server();
    let mut client = server.connect();
    client.send(&gbk("\u{1b}[2J\n\r\t\"\\ 你好"));
    client.expect_text(REPLY);
    let peer = client.local();
    server.expect_line(&format!(r#"{peer} sent "\u{{1b}}[2J\n\r\t\"\\ 你好""#));
}

/// There are two sockets now: the listener, which is what it was, and the client's.
pub(crate) fn accept_gives_the_client_a_socket_of_its_own(scenario: &Scenario) {
    if !kernel::is_visible() {
        return;
    }
    let server = scenario.start_server();
    let is_listener = |socket: &kernel::Socket| socket.state == State::Listen;
    // The table changes while it is read, as other programs use the network, so it may lack a
    // socket: it is read until it shows what it should.
    let listener = scenario.wait_until(
        message!("the server has a listener"),
        || server.sockets().into_iter().find(is_listener),
        || format!("{:?}", server.sockets()).into(),
    );
    let client = server.connect();
    let peer = client.local();
    server.expect_line(&format!("client connected: {peer}"));
    let accepted = scenario.wait_until(
        message!("the client has a socket of its own at the same port, beside the listener"),
        || {
            let sockets = server.sockets();
            let mut listeners = sockets.iter().filter(|socket| is_listener(socket));
            let is_same = listeners.all(|socket| socket.inode == listener.inode);
            let accepted = sockets.iter().find(|socket| socket.remote == peer).copied();
            accepted.filter(|_| is_same && sockets.iter().any(is_listener))
        },
        || format!("{:?}", server.sockets()).into(),
    );
    scenario.expect(
        message!("it is connected, and the server holds it"),
        accepted.state == State::Established
            && accepted.inode != 0
            && accepted.inode != listener.inode,
        format!("{accepted:?}"),
    );
}

/// A client that says nothing and leaves is offline, and gets no reply.
pub(crate) fn a_client_that_leaves_without_a_word_is_offline(scenario: &Scenario) {
    let server = scenario.start_server();
    let mut client = server.connect();
    let peer = client.local();
    server.expect_line(&format!("client connected: {peer}"));
    client.half_close();
    client.expect_end();
    server.expect_line(&format!("client offline: {peer}"));
    server.expect_no_errors();
}

/// A client that cuts the connection is offline too, and that is no error.
pub(crate) fn a_client_that_resets_is_offline(scenario: &Scenario) {
    let server = scenario.start_server();
    let client = server.connect();
    let peer = client.local();
    server.expect_line(&format!("client connected: {peer}"));
    client.reset();
    server.expect_line(&format!("client offline: {peer}"));
    server.expect_no_errors();
}

/// A server cannot bind a port on which another one listens, and the other one does not notice.
pub(crate) fn a_port_in_use_is_refused_and_its_owner_undisturbed(scenario: &Scenario) {
    let owner = scenario.listen();
    let address = owner.address().to_string();
    let server = scenario.start([&address]);
    server.expect_exit(1);
    server.expect_stderr(&predicate::str::contains(IN_USE));
    server.expect_stderr(&predicate::str::contains(&address));
    server.expect_stdout(&predicate::str::is_empty());

    let mut client = scenario.connect(owner.address());
    let mut connection = owner.accept();
    client.send(b"still there?");
    connection.expect(b"still there?");
}

/// An argument that is not an address is refused, with the usage.
pub(crate) fn an_address_that_does_not_parse_is_said_with_the_usage(scenario: &Scenario) {
    for address in [
        "localhost:9090",
        "127.0.0.1",
        "127.0.0.1:99999",
        "::1:9090",
        "",
    ] {
        let server = scenario.start([address]);
        server.expect_exit(1);
        let told = predicate::str::contains("usage").and(predicate::str::contains(address));
        server.expect_stderr(&told);
        server.expect_stdout(&predicate::str::is_empty());
    }
}

/// A server cannot listen on an address of another machine, and reports the reason.
pub(crate) fn an_address_that_cannot_be_had_is_said(scenario: &Scenario) {
    // From TEST-NET-3 (RFC 5737): no machine has it.
    let server = scenario.start(["203.0.113.7:9090"]);
    server.expect_exit(1);
    server.expect_stderr(&predicate::str::contains("203.0.113.7:9090"));
    server.expect_stdout(&predicate::str::is_empty());
}

/// The same over IPv6.
pub(crate) fn talks_ipv6(scenario: &Scenario) {
    if !harness::has_ipv6() {
        return;
    }
    let server = scenario.start_server_on("[::1]:0");
    let mut client = server.connect();
    client.send_text("hello");
    client.expect_text(REPLY);
    server.expect_line(&format!("client connected: {}", client.local()));
}

/// On loopback only: what listens on 127.0.0.1 is not reached at 127.0.0.2.
pub(crate) fn is_not_reached_at_another_address(scenario: &Scenario) {
    if !kernel::is_visible() {
        return; // 127.0.0.2 is there on Linux only.
    }
    let server = scenario.start_server();
    scenario.expect_refused(([127, 0, 0, 2], server.address().port()).into());
}

/// If a client has reset its connection before it was accepted, `accept` may fail (on Linux only
/// when the test makes it fail). The server reports no error, and accepts the next client at once.
pub(crate) fn a_client_that_was_reset_before_accept_is_passed_over(scenario: &Scenario) {
    // 400 times: with the pause that other errors of `accept` deserve it would take 40 s.
    let fail = "inject=accept4:error=ECONNABORTED:when=1..400";
    let Some(traced) = traced(scenario, "accept4", &["-o", "/dev/null", "-e", fail]) else {
        return;
    };
    let server = traced.start_server();
    let mut client = server.connect();
    client.send_text("hello");
    client.expect_text(REPLY);
    let peer = client.local();
    server.expect_line(&format!("client connected: {peer}"));
    server.expect_line(&format!("{peer} sent \"hello\""));
    server.expect_stdout(&predicate::str::contains("client connected").count(1));
    server.expect_no_errors();
}

/// The system's message for an address in use. That of Windows depends on its language.
const IN_USE: &str = if cfg!(windows) { "10048" } else { "in use" };

/// The end of its terminal (SIGHUP) ends it, even if it handles other signals. But under `nohup` it
/// runs on.
pub(crate) fn sighup_is_left_alone(scenario: &Scenario) {
    if !cfg!(unix) {
        return harness::skip("this system has no SIGHUP");
    }
    // Whoever runs the tests may ignore SIGHUP, and programs inherit that.
    let default = ["env", "--default-signal=HUP"];
    if can_start_by(&default) {
        let server = started_by(scenario, &default).start_server();
        let mut client = server.connect();
        server.expect_line(&format!("client connected: {}", client.local()));
        hang_up(scenario, &server);
        client.expect_gone();
        server.expect_no_more_lines();
    } else {
        harness::skip("env cannot reset a signal here");
    }

    let server = started_by(scenario, &["nohup"]).start_server();
    hang_up(scenario, &server);
    server.let_it_wait();
    let mut client = server.connect();
    client.send_text("hello");
    client.expect_text(REPLY);
}

/// Sends SIGHUP, as the kernel does when a terminal is closed.
#[track_caller]
fn hang_up(scenario: &Scenario, program: &Program) {
    scenario.step(message!("send it SIGHUP (its terminal is closed)"));
    let mut command = Command::new("kill");
    let sent = harness::outside(&mut command)
        .args(["-s", "HUP", &program.id().to_string()])
        .status();
    scenario.expect(
        message!("the signal can be sent"),
        sent.as_ref().is_ok_and(ExitStatus::success),
        format!("{sent:?}"),
    );
}
