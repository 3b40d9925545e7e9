//! `cargo grade doctor`: examines the machine.

use anstyle::{AnsiColor, Style};
use grade::failed::in_words;
use grade::language::Language;
use grade::sandbox::Sandbox;
use grade::{catalogue, say};
use harness::message;
use harness::message::Message;
use std::net::{Ipv6Addr, TcpListener};
use std::process::Command;

/// What was found about one program or feature.
struct Finding {
    what: Message,
    found: Message,
    /// What to do about it; `None` if it is as it should be.
    cure: Option<Message>,
    /// Whether lessons and exercises need it; otherwise only a part of the project does.
    is_needed: bool,
}

/// Examines everything that lessons and grades depend on. Returns whether everything that
/// they need is there.
pub(crate) fn examine(language: Language) -> bool {
    let findings = findings();
    for finding in &findings {
        show(finding, language);
    }
    findings
        .iter()
        .all(|finding| finding.cure.is_none() || !finding.is_needed)
}

/// The findings about this machine.
fn findings() -> Vec<Finding> {
    let mut findings = vec![
        // Cargo has built the grader, so it is new enough.
        command(
            "Rust",
            "rustc",
            true,
            message!("install Rust from https://rustup.rs"),
        ),
        command(
            "python3",
            "python3",
            false,
            message!("install Python 3.9 or newer: without it the Python twins are not tested"),
        ),
        ipv6(),
        open_files(),
        locale(),
    ];
    if cfg!(target_os = "linux") {
        findings.extend([
            command(
                "ss",
                "ss",
                false,
                message!(
                    "to see what the kernel did, as the book does, install iproute2 from the system's packages"
                ),
            ),
            command(
                "strace",
                "strace",
                false,
                message!(
                    "to see the system calls, as the book does, install strace from the system's packages"
                ),
            ),
            sandbox(),
        ]);
    }
    findings
}

/// Prints what was found, and below it what to do about it.
fn show(finding: &Finding, language: Language) {
    // Each word is as wide as the others, with the gap behind it.
    let (color, word) = match (&finding.cure, finding.is_needed) {
        (None, _) => (AnsiColor::Green, message!("fine     ")),
        (Some(_), true) => (AnsiColor::Red, message!("missing  ")),
        (Some(_), false) => (AnsiColor::Yellow, message!("without  ")),
    };
    let (style, word) = (color.on_default(), catalogue::say(&word, language));
    let (what, found) = (&finding.what, &finding.found);
    let line = catalogue::say(&message!("{what}: {found}", what, found), language);
    say!("{style}{word}{style:#}{line}");
    if let Some(cure) = &finding.cure {
        let bold = Style::new().bold();
        say!("         {bold}{}{bold:#}", catalogue::say(cure, language));
    }
}

/// The version that a command reports, in one line, if the command can be run.
fn version(command: &str) -> Option<String> {
    // `ss` knows only `-V`, which has another meaning for other commands.
    let argument = if command == "ss" { "-V" } else { "--version" };
    let output = Command::new(command).arg(argument).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output
        .status
        .success()
        .then(|| text.lines().next().unwrap_or_default().to_string())
}

/// The finding about a command: its version, or a cure if it cannot be run.
fn command(what: &str, name: &str, is_needed: bool, cure: Message) -> Finding {
    let found = version(name);
    Finding {
        what: message!("{what}", what),
        cure: found.is_none().then_some(cure),
        found: message!("{found}", found = found.unwrap_or_default()),
        is_needed,
    }
}

fn ipv6() -> Finding {
    let what = message!("{what}", what = "::1");
    match TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
        Ok(_) => Finding {
            what,
            found: message!("{found}", found = "IPv6"),
            cure: None,
            is_needed: false,
        },
        Err(error) => Finding {
            what,
            found: message!("{found}", found = error),
            cure: Some(message!(
                "switch IPv6 on for loopback, or do without: its tests are skipped"
            )),
            is_needed: false,
        },
    }
}

#[cfg(unix)]
fn open_files() -> Finding {
    use rustix::process::{Resource, getrlimit};
    let limit = getrlimit(Resource::Nofile).current;
    let found = match limit {
        Some(limit) => message!("{limit}", limit),
        None => message!("unlimited"),
    };
    let cure = limit.is_some_and(|limit| limit < 256).then(|| {
        message!(
            "raise the limit of this shell: {command}",
            command = "ulimit -n 1024"
        )
    });
    Finding {
        what: message!("open files"),
        found,
        cure,
        is_needed: true,
    }
}

#[cfg(not(unix))]
fn open_files() -> Finding {
    Finding {
        what: message!("open files"),
        found: message!("unlimited"),
        cure: None,
        is_needed: true,
    }
}

fn locale() -> Finding {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let mut values = names.iter().filter_map(|name| std::env::var(name).ok());
    let found = values.find(|value| !value.is_empty()).unwrap_or_default();
    let is_utf8 = found.to_lowercase().replace('-', "").contains("utf8");
    let cure = (cfg!(unix) && !is_utf8).then(|| {
        message!(
            "Chinese text needs a UTF-8 locale: {command}",
            command = "export LC_ALL=C.UTF-8"
        )
    });
    Finding {
        what: message!("locale"),
        found: message!("{found}", found),
        cure,
        is_needed: true,
    }
}

fn sandbox() -> Finding {
    let (found, cure) = match Sandbox::find() {
        Ok(sandbox) => {
            let version = version("bwrap").unwrap_or_default();
            (version, sandbox.lacks())
        }
        Err(error) => (String::new(), Some(in_words(&error))),
    };
    Finding {
        what: message!("sandbox for a class"),
        found: message!("{found}", found),
        cure,
        is_needed: false,
    }
}
