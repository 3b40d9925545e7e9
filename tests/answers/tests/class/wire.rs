//! `--wire`: the packets of a failed check stand in the feedback.

use crate::{Class, model, sandbox};
use assert_cmd::assert::OutputAssertExt;
use classroom::record::StudentRecord;
use predicates::prelude::*;
use predicates::str::contains;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// Connects, says which capabilities and how many sockets it had, and leaves with RST.
const LEAVES: &str = r#"
use std::io::Write;
use std::time::Duration;

fn main() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let capabilities = status.lines().find_map(|line| line.strip_prefix("CapPrm:")).unwrap();
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let open = open.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
    let sockets = open.filter(|path| path.to_string_lossy().starts_with("socket:")).count();
    let address = std::env::args().nth(1).unwrap();
    let mut peer = std::net::TcpStream::connect(address).unwrap();
    let message = format!("{} and {sockets}", capabilities.trim().trim_start_matches('0'));
    peer.write_all(message.as_bytes()).unwrap();
    let _ = socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO));
}
"#;

#[test]
fn packets_of_a_failed_check_are_in_the_feedback() {
    let class = Class::new();
    class.hand_in("anna/01.rs", LEAVES);
    class.hand_in("lilei/01.rs", LEAVES);
    class.hand_in("zoe/01.rs", &model(1));
    let roster = class.path("roster.csv");
    fs::write(
        &roster,
        "id,name,language\nanna,Anna,\nlilei,李雷,zh\nzoe,Zoe,\n",
    )
    .expect("a file");
    let roster = roster.to_str().expect("the path is text");
    class.grade_all("out", &["--roster", roster]);
    let before = class.records("out");
    assert!(
        !class
            .files("out")
            .values()
            .any(|text| text.contains(" SYN "))
    );

    // The same class again: the points stay, and the packets come to them.
    let arguments = ["--roster", roster, "--wire"];
    let graded = class
        .grade("out", &arguments)
        .output()
        .expect("it can be started");
    let said = String::from_utf8_lossy(&graded.stderr);
    if said.contains("packets can be recorded on Linux") {
        return harness::skip(&said);
    }
    graded.assert().success();
    assert_same_grades(&before, &class.records("out"));
    let files = class.files("out");
    let file = |name: &str| &files[&PathBuf::from(name)];
    for (id, heading) in [
        (
            "anna",
            "On the wire, when this check was run once more, with other ports",
        ),
        (
            "lilei",
            "这项检查又运行了一次（端口与上面不同），这是网络上的报文",
        ),
    ] {
        for name in [
            format!("feedback/{id}.txt"),
            format!("feedback/{id}.html"),
            format!("results/{id}.json"),
        ] {
            let text = file(&name);
            let place = text.find(heading);
            let ladder = &text[place.unwrap_or_else(|| panic!("{name}:\n{text}"))..];
            // As HTML has the heads of the arrows.
            for packet in [" SYN ---", " SYN, ACK ---", " RST, ACK ---"] {
                assert!(ladder.contains(packet), "{packet} in {name}:\n{text}");
            }
            assert_eq!(text.matches(heading).count(), 1, "{name}:\n{text}");
        }
    }
    for (name, text) in &files {
        let is_of_zoe = name.file_stem().is_some_and(|stem| stem == "zoe");
        assert!(!is_of_zoe || !text.contains(" SYN "), "{name:?}:\n{text}");
    }
    // It had no capability, and no socket of others.
    if sandbox().is_none() {
        let text = file("feedback/anna.txt");
        assert!(text.contains(" 6 bytes \" and 0\""), "{text}");
    }

    // What has its packets already is as it was.
    class.grade("out", &arguments).assert().success();
    assert!(class.files("out") == files);
}

/// Everything but the packets is as it was.
fn assert_same_grades(
    before: &BTreeMap<String, StudentRecord>,
    after: &BTreeMap<String, StudentRecord>,
) {
    assert!(before.keys().eq(after.keys()));
    for (id, record) in before {
        assert!(record.has_same_grades(&after[id]), "{id}");
    }
}

#[test]
fn a_machine_that_cannot_record_says_so_before_it_grades() {
    let class = Class::new();
    class.hand_in("anna/01.rs", LEAVES);
    let mut command = class.grade_somehow("out", &["--wire", "--no-sandbox"]);
    // There is no command unshare.
    command.env("PATH", class.path("in"));
    let said = contains("packets can be recorded on Linux").and(contains("unshare"));
    command.assert().code(2).stdout("").stderr(said);
}
