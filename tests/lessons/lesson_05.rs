//! What the server of lesson 05 must do: a thread per client, and threads that hold the
//! process.

mod many_clients;
mod servers;
mod threads;

use assert_cmd::cargo::cargo_bin;
use harness::Scenario;
use harness::Signal;
use harness::kernel;
use predicates::prelude::*;
use servers::REPLY;

fn lesson() -> Scenario {
    Scenario::of(cargo_bin!("lesson-05"))
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
fn serves_50_clients_side_by_side_in_any_order() {
    threads::serves_50_clients_side_by_side_in_any_order(&lesson());
}

#[test]
fn answers_every_message_until_the_client_is_offline() {
    threads::answers_every_message_until_the_client_is_offline(&lesson());
}

#[test]
fn a_client_that_resets_after_messages_is_offline() {
    threads::a_client_that_resets_after_messages_is_offline(&lesson());
}

#[test]
fn a_client_that_leaves_with_unread_replies_is_offline() {
    threads::a_client_that_leaves_with_unread_replies_is_offline(&lesson());
}

#[test]
fn serves_connected_clients_while_accept_fails() {
    threads::serves_connected_clients_while_accept_fails(&lesson());
}

#[test]
fn keeps_nothing_for_clients_that_have_gone() {
    threads::keeps_nothing_for_clients_that_have_gone(&lesson());
}

#[test]
fn a_port_in_use_is_told_with_both_causes_and_both_remedies() {
    servers::tells_both_causes_and_both_remedies(&lesson());
}

#[test]
fn starts_again_at_once_on_the_same_port() {
    many_clients::starts_again_at_once_on_the_same_port(&lesson());
}

/// What it prints when it is asked to end, with that many clients.
fn shutting_down(clients: usize) -> String {
    format!("shutting down: waiting for {clients} client(s)")
}

#[test]
fn takes_no_new_clients_after_a_signal() {
    threads::takes_no_new_clients_after_a_signal(&lesson(), &shutting_down(1));
}

#[test]
fn a_signal_without_clients_ends_it() {
    threads::a_signal_without_clients_ends_it(&lesson(), &shutting_down(0));
}

#[test]
fn counts_only_who_is_connected() {
    threads::counts_only_who_is_connected(&lesson(), &shutting_down(2));
}

#[test]
fn goes_on_serving_after_a_signal_and_exits_with_0_when_the_last_client_is_offline() {
    if !harness::has_signals() {
        return;
    }
    for signal in threads::SIGNALS {
        let server = lesson().start_server();
        let mut first = server.connect();
        let mut second = server.connect();
        let (one, two) = (first.local(), second.local());
        server.expect_line(&format!("client connected: {one}"));
        server.expect_line(&format!("client connected: {two}"));
        server.signal(signal);
        let down = server.expect_line(&shutting_down(2));
        for client in [&mut first, &mut second] {
            client.send_text("still there?");
            client.expect_text(REPLY);
        }
        let said = server.expect_line(&format!("{one} sent \"still there?\""));
        assert!(down < said);
        server.expect_line(&format!("{two} sent \"still there?\""));
        first.close();
        server.expect_line(&format!("client offline: {one}"));
        second.send_text("and now?");
        second.expect_text(REPLY);
        server.expect_line(&format!("{two} sent \"and now?\""));
        server.expect_running();
        // The last one leaves by a reset: that counts as well.
        second.reset();
        server.expect_line(&format!("client offline: {two}"));
        server.expect_exit(0);
        server.expect_no_more_lines();
        server.expect_no_errors();
    }
}

#[test]
fn closing_the_listener_leaves_clients_alone_and_resets_those_in_the_queue() {
    if !kernel::is_visible() {
        return;
    }
    let server = lesson().start_server();
    let mut connected = server.connect();
    server.expect_line(&format!("client connected: {}", connected.local()));
    // Without a descriptor it accepts nobody. (An `accept` that is under way may have one:
    // the first of these two may get in, the second does not.)
    server.limit_open_files(0);
    let _first = server.connect();
    let mut in_the_queue = server.connect();
    server.expect_stderr(&predicate::str::contains("accept"));
    server.signal(Signal::Int);
    server.expect_stdout(&predicate::str::contains("shutting down: "));
    in_the_queue.expect_reset();
    connected.send_text("still there?");
    connected.expect_text(REPLY);
    server.expect_running();
}

#[test]
fn a_second_signal_ends_it_at_once_with_130() {
    if !harness::has_signals() {
        return;
    }
    for (first, second) in [
        (Signal::Int, Signal::Int),
        (Signal::Term, Signal::Term),
        (Signal::Int, Signal::Term),
    ] {
        let server = lesson().start_server();
        let mut client = server.connect();
        server.expect_line(&format!("client connected: {}", client.local()));
        server.signal(first);
        server.expect_line(&shutting_down(1));
        server.signal(second);
        server.expect_exit(130);
        client.expect_gone();
    }
}
