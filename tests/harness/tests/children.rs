//! What a program leaves behind ends with it, and keeps nobody waiting, on every system. The program
//! is this test itself, in another role.

use harness::Supervised;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROLE: &str = "ROLE_IN_CHILDREN";
const TEST: &str = "a_child_that_is_left_ends_though_it_holds_a_pipe";

/// The test once more, in a role.
fn in_role(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", TEST, "--nocapture"]);
    command.env(ROLE, role).stdin(Stdio::null());
    command
}

/// Listens, says where, and stays for ever.
fn child() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    println!("\n{}", listener.local_addr().expect("its address"));
    loop {
        std::thread::park();
    }
}

/// Starts the child, which inherits our stderr, says where it listens, and ends.
fn parent() {
    let mut child = in_role("child");
    let mut child = child.stdout(Stdio::piped()).spawn().expect("the child");
    let lines = BufReader::new(child.stdout.take().expect("its stdout")).lines();
    let mut lines = lines.map(|line| line.expect("text"));
    let address = lines.find(|line| line.parse::<SocketAddr>().is_ok());
    eprintln!("\n{}", address.expect("its address"));
    std::process::exit(0);
}

#[test]
fn a_child_that_is_left_ends_though_it_holds_a_pipe() {
    match std::env::var(ROLE).as_deref() {
        Ok("child") => return child(),
        Ok(_) => return parent(),
        Err(_) => {}
    }
    let mut command = in_role("parent");
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let limit = Duration::from_secs(60);
    let running = Supervised::start(&mut command, 1 << 16).expect("the parent starts");
    let ended = running.wait(limit).expect("it ends");
    assert!(ended.in_time && ended.status.success(), "{ended:?}");
    assert!(start.elapsed() < limit, "it was waited for");
    let mut lines = ended.stderr.text.lines();
    let address: Option<SocketAddr> = lines.find_map(|line| line.parse().ok());
    let address = address.unwrap_or_else(|| panic!("no address: {ended:?}"));
    assert!(
        TcpStream::connect(address).is_err(),
        "the child still listens"
    );
}
