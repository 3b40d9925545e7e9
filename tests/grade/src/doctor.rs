//! `cargo grade doctor`: examines the machine.

use anstyle::{AnsiColor, Style};
use grade::failed::in_words;
use grade::language::Language;
use grade::sandbox::Sandbox;
use grade::{catalogue, recording, say};
use harness::message::Message;
use harness::{Shortage, message};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

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
        python(),
        loopback(),
        ipv6(),
        open_files(),
        resources(),
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
            packets(),
            sandbox(),
        ]);
    } else {
        findings.push(checks());
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

/// What cannot be checked on a system that is not Linux.
fn checks() -> Finding {
    let found = if cfg!(unix) {
        message!("what only Linux shows, such as the memory of a program, is not checked here")
    } else {
        message!(
            "signals, and what only Linux shows, such as the memory of a program, are not checked here"
        )
    };
    let cure = if cfg!(windows) {
        message!("WSL 2 is Linux: there you get the grade that your teacher's machine gives")
    } else {
        message!("on Linux you get the grade that your teacher's machine gives")
    };
    Finding {
        what: message!("checks"),
        found,
        cure: Some(cure),
        is_needed: false,
    }
}

fn python() -> Finding {
    let cure = message!("install Python 3.9 or newer: without it the Python twins are not tested");
    let names = workspace::PYTHON_NAMES;
    let name = names.iter().find(|name| version(name).is_some());
    let name = name.unwrap_or(&names[0]);
    let mut finding = command("python3", name, false, cure);
    let found = version(name).unwrap_or_default();
    if finding.cure.is_none() && !is_new_enough(&found) {
        finding.cure = Some(message!(
            "install Python 3.9 or newer: this one is too old for the Python twins"
        ));
    }
    finding
}

/// Whether a version of Python, as in `Python 3.11.2`, is 3.9 or newer.
fn is_new_enough(version: &str) -> bool {
    let numbers = version.trim_start_matches("Python ").split('.');
    let numbers: Vec<u32> = numbers.map_while(|number| number.parse().ok()).collect();
    numbers >= vec![3, 9]
}

/// Whether programs on this machine reach each other over 127.0.0.1.
fn loopback() -> Finding {
    let connected = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| {
        let address = listener.local_addr()?;
        TcpStream::connect_timeout(&address, Duration::from_secs(1)).map(|_| address.ip())
    });
    let (found, cure) = match connected {
        Ok(address) => (message!("{found}", found = address.to_string()), None),
        Err(error) => {
            let cure = message!("switch the loopback interface on: sudo ip link set lo up");
            (message!("{found}", found = error), Some(cure))
        }
    };
    Finding {
        what: message!("loopback"),
        found,
        cure,
        is_needed: true,
    }
}

/// Whether the machine has what a check needs: space, memory, processes.
fn resources() -> Finding {
    let cure = Shortage::now().map(|shortage| {
        message!(
            "free some, or raise the limit (`ulimit -a` shows all limits): {shortage}",
            shortage
        )
    });
    let found = match cure {
        None => message!("enough"),
        Some(_) => message!("not enough"),
    };
    Finding {
        what: message!("space, memory, processes"),
        found,
        cure,
        is_needed: true,
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
        // Only LC_CTYPE, which leaves the language of messages as it is.
        message!(
            "Chinese text needs a UTF-8 locale: {command}",
            command = "unset LC_ALL; export LC_CTYPE=C.UTF-8"
        )
    });
    Finding {
        what: message!("locale"),
        found: message!("{found}", found),
        cure,
        is_needed: true,
    }
}

fn packets() -> Finding {
    let cure = recording::cure(&Sandbox::none());
    let found = match &cure {
        None => message!("{found}", found = "unshare --net"),
        Some(_) => message!("{found}", found = ""),
    };
    Finding {
        what: message!("packets (--wire)"),
        found,
        cure,
        is_needed: false,
    }
}

fn sandbox() -> Finding {
    let (found, cure) = match Sandbox::find() {
        Ok(sandbox) => {
            let version = version("bwrap").unwrap_or_default();
            (version, sandbox.missing_limits())
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
