//! Which checks there are, in groups. Several lessons share a group: a lesson's program
//! must do what the lessons before it have taught, and something more.

/// Makes tests of some checks in a module. `lesson()` is the lesson's program.
macro_rules! tests {
    ($module:ident: $($check:ident)+) => { $(
        #[test]
        fn $check() {
            $module::$check(&lesson());
        }
    )+ };
}

/// Makes each check of these groups a test of the lesson's program, under the check's name:
/// `checks_of!(servers, threads);`
macro_rules! checks_of {
    // A server, for one client at least: lessons 02 to 06.
    (servers) => {
        tests! { servers:
            tells_where_it_listens_and_serves_a_client
            listens_on_127_0_0_1_9090_where_no_address_is_given
            understands_gbk
            decodes_what_is_not_gbk_to_replacement_characters
            prints_what_came_escaped
            accept_gives_the_client_a_socket_of_its_own
            a_client_that_leaves_without_a_word_is_offline
            a_client_that_resets_is_offline
            a_port_in_use_is_refused_and_its_owner_undisturbed
            an_address_that_does_not_parse_is_said_with_the_usage
            an_address_that_cannot_be_had_is_said
            talks_ipv6
            is_not_reached_at_another_address
            a_client_that_was_reset_before_accept_is_passed_over
            sighup_is_left_alone
        }
    };

    // A server that ends when it has served its client: lessons 02 and 03.
    (one_client) => {
        tests! { one_client:
            closes_both_sockets_and_exits_with_0_when_its_client_is_served
            exits_with_0_when_its_client_leaves_without_a_word
            receives_once_and_at_most_1024_bytes
            its_port_is_in_time_wait_because_it_has_closed_first
        }
    };

    // A server that sets `SO_REUSEADDR`: lessons 03 to 06.
    (port_in_use) => {
        tests! { port_in_use:
            a_port_in_use_is_told_with_both_causes_and_both_remedies
        }
    };

    // A server that serves client after client: lessons 04 to 06.
    (many_clients) => {
        tests! { many_clients:
            serves_client_after_client
            survives_clients_that_reset_leave_early_or_send_garbage
            survives_a_client_that_never_reads
            survives_running_out_of_file_descriptors_without_spinning
            starts_again_at_once_on_the_same_port
        }
    };

    // A server that gives each client a thread, and ends when it is asked to: lessons 05 and 06.
    (threads) => {
        tests! { threads:
            serves_50_clients_side_by_side_in_any_order
            answers_every_message_until_the_client_is_offline
            a_client_that_resets_after_messages_is_offline
            a_client_that_leaves_with_unread_replies_is_offline
            serves_connected_clients_while_accept_fails
            keeps_nothing_for_clients_that_have_gone
            takes_no_new_clients_after_a_signal
            a_signal_without_clients_ends_it
            counts_only_who_is_connected
        }
    };

    // Such a server ends also where something is in the way: lessons 05 and 06.
    (signals) => {
        tests! { signals:
            a_signal_ends_it_where_it_listens_on_all_addresses
            a_second_signal_ends_it_where_no_local_port_is_free
            a_second_signal_ends_it_where_stdout_and_the_accept_queue_are_full
        }
    };

    ($first:ident, $($more:ident),+) => {
        checks_of!($first);
        checks_of!($($more),+);
    };
}
