//! What the server of lesson 02 must do: serve one client.

mod one_client;
mod servers;

use assert_cmd::cargo::cargo_bin;
use harness::Scenario;
use one_client::serve_one;
use predicates::prelude::*;

fn lesson() -> Scenario {
    Scenario::of(cargo_bin!("lesson-02"))
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
fn closes_both_sockets_and_exits_with_0_when_its_client_is_served() {
    one_client::closes_both_sockets_and_exits_with_0_when_its_client_is_served(&lesson());
}

#[test]
fn exits_with_0_when_its_client_leaves_without_a_word() {
    one_client::exits_with_0_when_its_client_leaves_without_a_word(&lesson());
}

#[test]
fn receives_once_and_at_most_1024_bytes() {
    one_client::receives_once_and_at_most_1024_bytes(&lesson());
}

#[test]
fn its_port_is_in_time_wait_because_it_has_closed_first() {
    one_client::its_port_is_in_time_wait_because_it_has_closed_first(&lesson());
}

#[test]
fn started_again_at_once_on_the_same_port_it_is_refused() {
    let scenario = lesson();
    let server = scenario.start_server();
    serve_one(&server);
    let address = server.address().to_string();
    let again = scenario.start([&address]);
    again.expect_exit(1);
    again.expect_stderr(&predicate::str::contains("in use"));
    again.expect_stderr(&predicate::str::contains(&address));
    again.expect_stdout(&predicate::str::is_empty());
}
