//! What the server of lesson 04 must do: serve one client after the other, for ever.

mod many_clients;
mod servers;

use assert_cmd::cargo::cargo_bin;
use harness::Scenario;
use servers::REPLY;

fn lesson() -> Scenario {
    Scenario::of(cargo_bin!("lesson-04"))
}

#[test]
fn tells_where_it_listens_and_serves_a_client() {
    servers::tells_where_it_listens_and_serves_a_client(&lesson());
}

#[test]
fn listens_on_127_0_0_1_9090_where_no_address_is_given() {
    servers::listens_on_127_0_0_1_9090_where_no_address_is_given(&lesson());
}

#[test]
fn understands_gbk() {
    servers::understands_gbk(&lesson());
}

#[test]
fn decodes_what_is_not_gbk_to_replacement_characters() {
    servers::decodes_what_is_not_gbk_to_replacement_characters(&lesson());
}

#[test]
fn prints_what_came_escaped() {
    servers::prints_what_came_escaped(&lesson());
}

#[test]
fn accept_gives_the_client_a_socket_of_its_own() {
    servers::accept_gives_the_client_a_socket_of_its_own(&lesson());
}

#[test]
fn a_client_that_leaves_without_a_word_is_offline() {
    servers::a_client_that_leaves_without_a_word_is_offline(&lesson());
}

#[test]
fn a_client_that_resets_is_offline() {
    servers::a_client_that_resets_is_offline(&lesson());
}

#[test]
fn a_port_in_use_is_refused_and_its_owner_undisturbed() {
    servers::a_port_in_use_is_refused_and_its_owner_undisturbed(&lesson());
}

#[test]
fn an_address_that_does_not_parse_is_said_with_the_usage() {
    servers::an_address_that_does_not_parse_is_said_with_the_usage(&lesson());
}

#[test]
fn an_address_that_cannot_be_had_is_said() {
    servers::an_address_that_cannot_be_had_is_said(&lesson());
}

#[test]
fn talks_ipv6() {
    servers::talks_ipv6(&lesson());
}

#[test]
fn is_not_reached_at_another_address() {
    servers::is_not_reached_at_another_address(&lesson());
}

#[test]
fn serves_client_after_client() {
    many_clients::serves_client_after_client(&lesson());
}

#[test]
fn survives_clients_that_reset_leave_early_or_send_garbage() {
    many_clients::survives_clients_that_reset_leave_early_or_send_garbage(&lesson());
}

#[test]
fn survives_a_client_that_never_reads() {
    many_clients::survives_a_client_that_never_reads(&lesson());
}

#[test]
fn survives_running_out_of_file_descriptors_without_spinning() {
    many_clients::survives_running_out_of_file_descriptors_without_spinning(&lesson());
}

#[test]
fn a_port_in_use_is_told_with_both_causes_and_both_remedies() {
    servers::tells_both_causes_and_both_remedies(&lesson());
}

#[test]
fn starts_again_at_once_on_the_same_port() {
    many_clients::starts_again_at_once_on_the_same_port(&lesson());
}

#[test]
fn serves_each_client_once_and_closes() {
    let server = lesson().start_server();
    for _ in 0..2 {
        let mut client = server.connect();
        client.send_text("hello");
        client.expect_text(REPLY);
        client.expect_end();
    }
    server.expect_running();
}

#[test]
fn serves_one_client_at_a_time_in_the_order_of_their_coming() {
    let server = lesson().start_server();
    let mut clients = [server.connect(), server.connect(), server.connect()];
    let peers = clients.each_ref().map(harness::Connection::local);
    server.expect_line(&format!("client connected: {}", peers[0]));
    // The later ones are connected, and have spoken: served they are not.
    clients[2].send_text("third");
    clients[1].send_text("second");
    clients[0].send_text("first");
    for client in &mut clients {
        client.expect_text(REPLY);
        client.expect_end();
    }
    let said = ["first", "second", "third"].map(|text| format!("{text:?}"));
    let mut lines = vec![format!("listening on {}", server.address())];
    for (peer, text) in peers.iter().zip(said) {
        lines.push(format!("client connected: {peer}"));
        lines.push(format!("{peer} sent {text}"));
    }
    // Each is accepted when the one before it is done: the lines do not mix.
    server.expect_stdout(&predicates::ord::eq(lines.join("\n") + "\n"));
}

#[test]
fn a_silent_client_holds_the_queue() {
    let server = lesson().start_server();
    let silent = server.connect();
    server.expect_line(&format!("client connected: {}", silent.local()));
    let mut next = server.connect();
    next.send_text("hello");
    let (peer, after) = (silent.local(), next.local());
    silent.close();
    next.expect_text(REPLY);
    let offline = server.expect_line(&format!("client offline: {peer}"));
    let connected = server.expect_line(&format!("client connected: {after}"));
    assert!(
        offline < connected,
        "the next client was accepted before the silent one had left"
    );
}
