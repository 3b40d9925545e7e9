//! Every client talks to every server: Rust to Rust, Rust to Python, Python to Rust, and
//! Python to Python.

use harness::Scenario;
use predicates::prelude::*;
use workspace::Lesson;

/// Both clients of lesson 01 talk to both servers of a lesson.
fn clients_talk_to_servers_of_lesson(number: u32) {
    let (client, server) = (workspace::lesson(1), workspace::lesson(number));
    let rust = |lesson: &Lesson| vec![lesson.program()];
    let (rust_client, rust_server) = (rust(&client), rust(&server));
    let (Some(python_client), Some(python_server)) = (client.twin(), server.twin()) else {
        return;
    };
    for server in [&rust_server, &python_server] {
        for client in [&rust_client, &python_client] {
            let server = Scenario::of_command(server.clone()).start_server();
            let client = Scenario::of_command(client.clone());
            let client = client.start([&server.address().to_string(), "你好"]);
            client.expect_exit(0);
            client.expect_stdout(&predicate::eq("server: hello, client!\n"));
            server.expect_stdout(&predicate::str::contains("sent \"你好\"\n"));
        }
    }
}

#[test]
fn in_lesson_02() {
    clients_talk_to_servers_of_lesson(2);
}

#[test]
fn in_lesson_03() {
    clients_talk_to_servers_of_lesson(3);
}

#[test]
fn in_lesson_04() {
    clients_talk_to_servers_of_lesson(4);
}

#[test]
fn in_lesson_05() {
    clients_talk_to_servers_of_lesson(5);
}

#[test]
fn in_lesson_06() {
    clients_talk_to_servers_of_lesson(6);
}
