//! `cargo grade doctor`: examines the machine.

use crate::on_wire;
use anstyle::{AnsiColor, Style};
use grade::language::Language;
use grade::sandbox::Sandbox;
use grade::{catalogue, say};
use harness::{Shortage, message};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

/// What was found about one program or feature.
struct Finding {
    what: &'static str,
    found: String,
    /// What to do about it; `None` if it is as it should be.
    cure: Option<String>,
    /// Whether lessons and exercises need it; otherwise only a part of the project does.
    is_needed: bool,
}

/// Examines everything that lessons and grades depend on. Returns whether everything that
/// they need is there.
pub(crate) fn examine(language: Language) -> bool {
    let findings = findings(language);
    for finding in &findings {
        show(finding, language);
    }
    findings
        .iter()
        .all(|finding| finding.cure.is_none() || !finding.is_needed)
}

/// The findings about this machine.
fn findings(language: Language) -> Vec<Finding> {
    let mut findings = vec![
        // Cargo has built the grader, so it is new enough.
        command(
            "Rust",
            "rustc",
            true,
            language.pick(
                "install Rust from https://rustup.rs",
                "从 https://rustup.rs 安装 Rust",
            ),
        ),
        python(language),
        loopback(language),
        ipv6(language),
        open_files(language),
        resources(language),
        locale(language),
    ];
    if cfg!(target_os = "linux") {
        findings.extend([
            command(
                "ss",
                "ss",
                false,
                language.pick(
                    "to see what the kernel did, as the book does, install iproute2 from the \
                 system's packages",
                    "想像书里那样查看内核做了什么，请从系统软件源安装 iproute2",
                ),
            ),
            command(
                "strace",
                "strace",
                false,
                language.pick(
                    "to see the system calls, as the book does, install strace from the system's \
                 packages",
                    "想像书里那样查看系统调用，请从系统软件源安装 strace",
                ),
            ),
            packets(language),
            sandbox(language),
        ]);
    }
    findings
}

/// Prints what was found, and below it what to do about it.
fn show(finding: &Finding, language: Language) {
    let (style, word) = match (&finding.cure, finding.is_needed) {
        (None, _) => (
            AnsiColor::Green.on_default(),
            language.pick("fine   ", "正常"),
        ),
        (Some(_), true) => (
            AnsiColor::Red.on_default(),
            language.pick("missing", "缺少"),
        ),
        (Some(_), false) => (
            AnsiColor::Yellow.on_default(),
            language.pick("without", "没有"),
        ),
    };
    say!(
        "{style}{word}{style:#}  {}: {}",
        finding.what,
        finding.found
    );
    if let Some(cure) = &finding.cure {
        let bold = Style::new().bold();
        say!("         {bold}{cure}{bold:#}");
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
fn command(what: &'static str, name: &str, is_needed: bool, cure: &str) -> Finding {
    let found = version(name);
    Finding {
        what,
        cure: found.is_none().then(|| cure.to_string()),
        found: found.unwrap_or_default(),
        is_needed,
    }
}

fn python(language: Language) -> Finding {
    let mut finding = command(
        "python3",
        "python3",
        false,
        language.pick(
            "install Python 3.9 or newer: without it the Python twins are not tested",
            "安装 Python 3.9 或更新版本：没有它就不测试 Python 版的课程程序",
        ),
    );
    if finding.cure.is_none() && !is_new_enough(&finding.found) {
        finding.cure = Some(
            language
                .pick(
                    "install Python 3.9 or newer: this one is too old for the Python twins",
                    "安装 Python 3.9 或更新版本：这个版本太旧，运行不了 Python 版的课程程序",
                )
                .into(),
        );
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
fn loopback(language: Language) -> Finding {
    let connected = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| {
        let address = listener.local_addr()?;
        TcpStream::connect_timeout(&address, Duration::from_secs(1)).map(|_| address.ip())
    });
    let (found, cure) = match connected {
        Ok(address) => (address.to_string(), None),
        Err(error) => {
            let cure = language.pick(
                "switch the loopback interface on: sudo ip link set lo up",
                "启用回环接口：sudo ip link set lo up",
            );
            (error.to_string(), Some(cure.to_string()))
        }
    };
    Finding {
        what: language.pick("loopback", "回环接口"),
        found,
        cure,
        is_needed: true,
    }
}

/// Whether the machine has what a check needs: space, memory, processes.
fn resources(language: Language) -> Finding {
    let cure = Shortage::watch().found().map(|shortage| {
        let cure = message!(
            "free some, or raise the limit (`ulimit -a` shows all limits): {shortage}",
            shortage
        );
        catalogue::say(&cure, language)
    });
    Finding {
        what: language.pick("space, memory, processes", "磁盘、内存、进程"),
        found: match cure {
            None => language.pick("enough", "足够").to_string(),
            Some(_) => String::new(),
        },
        cure,
        is_needed: true,
    }
}

fn ipv6(language: Language) -> Finding {
    match TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
        Ok(_) => Finding {
            what: "::1",
            found: "IPv6".into(),
            cure: None,
            is_needed: false,
        },
        Err(error) => Finding {
            what: "::1",
            found: error.to_string(),
            cure: Some(
                language
                    .pick(
                        "switch IPv6 on for loopback, or do without: its tests are skipped",
                        "为回环接口启用 IPv6；不启用也可以，相关测试会被跳过",
                    )
                    .into(),
            ),
            is_needed: false,
        },
    }
}

#[cfg(unix)]
fn open_files(language: Language) -> Finding {
    use rustix::process::{Resource, getrlimit};
    let limit = getrlimit(Resource::Nofile).current;
    let found = limit.map_or(
        language.pick("unlimited", "没有限制").to_string(),
        |limit| limit.to_string(),
    );
    let cure = limit.is_some_and(|limit| limit < 256).then(|| {
        format!(
            "{} ulimit -n 1024",
            language.pick("raise the limit of this shell:", "提高本 shell 的上限：")
        )
    });
    Finding {
        what: language.pick("open files", "打开的文件数上限"),
        found,
        cure,
        is_needed: true,
    }
}

#[cfg(not(unix))]
fn open_files(language: Language) -> Finding {
    Finding {
        what: language.pick("open files", "打开的文件数上限"),
        found: language.pick("not limited", "没有限制").to_string(),
        cure: None,
        is_needed: true,
    }
}

fn locale(language: Language) -> Finding {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let mut values = names.iter().filter_map(|name| std::env::var(name).ok());
    let found = values.find(|value| !value.is_empty()).unwrap_or_default();
    let is_utf8 = found.to_lowercase().replace('-', "").contains("utf8");
    let cure = (cfg!(unix) && !is_utf8).then(|| {
        // Only LC_CTYPE, which leaves the language of messages as it is.
        format!(
            "{} unset LC_ALL; export LC_CTYPE=C.UTF-8",
            language.pick(
                "Chinese text needs a UTF-8 locale:",
                "中文需要 UTF-8 区域设置："
            )
        )
    });
    Finding {
        what: language.pick("locale", "区域设置"),
        found,
        cure,
        is_needed: true,
    }
}

fn packets(language: Language) -> Finding {
    let cure = on_wire::cure(language);
    let found = match &cure {
        None => "unshare --net",
        Some(_) => "",
    };
    Finding {
        what: language.pick("packets (--wire)", "抓取报文（--wire）"),
        found: found.to_string(),
        cure,
        is_needed: false,
    }
}

fn sandbox(language: Language) -> Finding {
    let what = language.pick("sandbox for a class", "给全班评分用的沙箱");
    let (found, cure) = match Sandbox::find() {
        Ok(sandbox) => {
            let version = version("bwrap").unwrap_or_default();
            (version, sandbox.missing_limits(language))
        }
        Err(error) => {
            let cure = match language {
                Language::En => format!("{error:#}"),
                Language::Zh => format!(
                    "请从系统软件源安装 bubblewrap、iproute2 和 util-linux，并允许普通用户创建命名空间\
                     （{error:#}）"
                ),
            };
            (String::new(), Some(cure))
        }
    };
    Finding {
        what,
        found,
        cure,
        is_needed: false,
    }
}
