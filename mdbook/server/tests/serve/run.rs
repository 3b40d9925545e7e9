//! *Run it with my code*: who may ask for it, and what comes of it.

#![cfg(target_os = "linux")]

use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{LIMIT, Server, Workspace, status};

const GREETS: &str = "fn main() { println!(\"hello\") }\n";

/// A workspace with a lesson, and sessions that run it.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    let manifest = "[workspace]\nmembers = [\"lessons/02-server\"]\nresolver = \"3\"\n";
    workspace.write("Cargo.toml", manifest);
    let manifest = "[package]\nname = \"lesson-02\"\nversion = \"1.0.0\"\nedition = \"2024\"\n";
    workspace.write("lessons/02-server/Cargo.toml", manifest);
    workspace.write("lessons/02-server/src/main.rs", GREETS);
    let session = "1 $ cargo run -p lesson-02\n1   hello\n1 $\n";
    workspace.write("mdbook/sessions/greets.txt", session);
    let chapter = "# One\n\n```session\n{{#include ../sessions/greets.txt}}\n```\n";
    workspace.write("mdbook/src/one.md", chapter);
    workspace
}

fn request(name: &str) -> String {
    format!("POST /sessions/{name}")
}

/// The headers that the browser sends for a page of this server.
fn own(server: &Server) -> [(&'static str, String); 2] {
    let origin = format!("http://{}", server.address);
    let site = "same-origin".to_string();
    [("Origin", origin), ("Sec-Fetch-Site", site)]
}

/// Has a session run as a page does.
fn run(server: &Server, name: &str) -> String {
    server.ask_with(&request(name), &server.address.to_string(), &own(server))
}

/// Whether sessions can be run on this machine; says so where not.
fn can_run(server: &Server) -> bool {
    let answer = server.get("/sessions");
    let can = answer.ends_with("{\"whyNot\":null}");
    if !can {
        eprintln!("skipped: sessions cannot be run here: {answer}");
    }
    can
}

/// Whether a process with these words runs on this machine.
fn is_running(words: &str) -> bool {
    let found = Command::new("pgrep").args(["-fx", words]).output();
    found.expect("pgrep runs").status.success()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn only_a_page_of_this_server_may_have_a_session_run() {
    let workspace = workspace();
    let server = workspace.serve(&["--port", "0"]);
    let host = server.address.to_string();
    let port = server.address.port();
    let origin = format!("http://{host}");
    let evil = format!("evil.example:{port}");
    let evil_origin = format!("http://{evil}");
    let other = format!("http://127.0.0.1:{}", port ^ 1);
    let [own, site] = [("Origin", &*origin), ("Sec-Fetch-Site", "same-origin")];
    for (host, headers) in [
        (&host, vec![]),
        (&host, vec![own]),
        (&host, vec![site]),
        (&host, vec![own, ("Sec-Fetch-Site", "cross-site")]),
        (&host, vec![own, ("Sec-Fetch-Site", "same-site")]),
        (&host, vec![own, ("Sec-Fetch-Site", "none")]),
        (&host, vec![("Origin", "null"), site]),
        (&host, vec![("Origin", &evil_origin), site]),
        // Another server on this machine.
        (&host, vec![("Origin", &other), site]),
        // The page's own name for this machine.
        (&evil, vec![("Origin", &evil_origin), site]),
        (&evil, vec![own, site]),
    ] {
        let answer = server.ask_with("POST /sessions/greets", host, &headers);
        assert_eq!(status(&answer), "403", "{host} {headers:?}: {answer}");
    }
    for method in ["GET", "PUT", "DELETE"] {
        let request = format!("{method} /sessions/greets");
        let answer = server.ask_with(&request, &host, &[own, site]);
        assert_eq!(status(&answer), "405", "{method}");
    }
    assert!(!workspace.path("target").exists(), "something was built");
}

#[test]
fn only_sessions_of_the_book_are_run() {
    let workspace = workspace();
    workspace.write("greets.txt", "1 $ echo hello\n1   hello\n");
    let server = workspace.serve(&["--port", "0"]);
    if !can_run(&server) {
        return;
    }
    for name in [
        "two",
        "greets.txt",
        "%2e%2e%2fgreets",
        "..%2f..%2fgreets",
        "Greets",
        "--help",
    ] {
        assert_eq!(status(&run(&server, name)), "404", "{name}");
    }
}

#[test]
fn what_comes_of_the_code_stands_beside_what_the_book_has() {
    let workspace = workspace();
    let server = workspace.serve(&["--port", "0"]);
    if !can_run(&server) {
        return;
    }
    let answer = run(&server, "greets");
    assert!(answer.contains("\"isSame\":true"), "{answer}");
    // The page knows the name.
    assert!(server.get("/one.html").contains("named-greets"));

    let changed = GREETS.replace("hello", "good day");
    workspace.write("lessons/02-server/src/main.rs", &changed);
    let answer = run(&server, "greets");
    assert!(answer.contains("\"isSame\":false"), "{answer}");
    assert!(answer.contains("1   good day"), "{answer}");
    assert!(answer.contains("\"differing\":[1]"), "{answer}");

    workspace.write("lessons/02-server/src/main.rs", "fn main() { lost() }\n");
    let answer = run(&server, "greets");
    assert!(answer.contains("{\"compiler\":\""), "{answer}");
    assert!(answer.contains("cannot find function `lost`"), "{answer}");
    assert!(!answer.contains("\\u001b"), "colours: {answer}");
}

#[test]
fn a_program_that_does_not_end_is_ended_with_all_it_has_started() {
    let workspace = workspace();
    let session = "1 $ setsid sleep 86311 & exec sleep 86312\n1 $\n";
    workspace.write("mdbook/sessions/sleeps.txt", session);
    let server = workspace.serve(&["--port", "0", "--session-limit", "2"]);
    if !can_run(&server) {
        return;
    }
    let answer = run(&server, "sleeps");
    assert!(answer.ends_with("{\"late\":2}"), "{answer}");
    for words in ["sleep 86311", "sleep 86312"] {
        assert!(!is_running(words), "{words}");
    }
}

#[test]
fn one_session_runs_at_a_time_and_ends_with_the_server() {
    let workspace = workspace();
    let session = "1 $ setsid sleep 86321 & exec sleep 86322\n1 $\n";
    workspace.write("mdbook/sessions/sleeps.txt", session);
    let mut server = workspace.serve(&["--port", "0"]);
    if !can_run(&server) {
        return;
    }
    let words = ["sleep 86321", "sleep 86322"];
    let page = server.send(
        &request("sleeps"),
        &server.address.to_string(),
        &own(&server),
    );
    wait_until("they run", || words.into_iter().all(is_running));
    assert_eq!(status(&run(&server, "greets")), "409");
    // Also when the page has been left.
    drop(page);
    assert_eq!(status(&run(&server, "greets")), "409");
    let process = server.child.id().to_string();
    let kill = Command::new("kill").arg(process).status();
    assert!(kill.expect("kill runs").success());
    server.child.wait().expect("it ends");
    for words in words {
        wait_until("it has ended, too", || !is_running(words));
    }
}
