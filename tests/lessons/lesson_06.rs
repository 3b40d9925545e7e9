//! What the server of lesson 06 must do: a thread per client, and threads that end with
//! the process.

mod many_clients;
mod servers;
mod threads;

use assert_cmd::cargo::cargo_bin;
use harness::Scenario;
use servers::REPLY;

fn lesson() -> Scenario {
    Scenario::of(cargo_bin!("lesson-06"))
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
    format!("shutting down: leaving {clients} client(s)")
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
fn exits_with_0_at_once_after_a_signal_and_leaves_its_clients() {
    if !harness::has_signals() {
        return;
    }
    for signal in threads::SIGNALS {
        let server = lesson().start_server();
        let mut talking = server.connect();
        talking.send_text("hello");
        talking.expect_text(REPLY);
        let mut silent = server.connect();
        let mut deaf = server.connect();
        for client in [&talking, &silent, &deaf] {
            server.expect_line(&format!("client connected: {}", client.local()));
        }
        deaf.send("x".repeat(100_000).as_bytes());
        server.signal(signal);
        server.expect_line(&shutting_down(3));
        // Nobody has left before this: the clients see the end, and did not bring it about.
        server.expect_exit(0);
        talking.expect_gone();
        silent.expect_gone();
        deaf.expect_gone();
        server.expect_no_errors();
    }
}
