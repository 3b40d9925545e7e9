//! `cargo grade doctor`: looks at the machine.

use anstyle::{AnsiColor, Style};
use grade::language::Language;
use std::net::{Ipv6Addr, TcpListener};
use std::process::Command;

/// What was found about one thing.
struct Finding {
    what: &'static str,
    found: String,
    /// What to do about it; `None` if it is as it should be.
    cure: Option<String>,
}

/// Looks at everything that lessons and grades depend on. Returns whether all is there
/// that they cannot do without.
pub(crate) fn examine(language: Language) -> bool {
    let findings = [
        toolchain(language),
        python(language),
        ipv6(language),
        open_files(language),
        locale(language),
        sandbox(language),
    ];
    let mut all_well = true;
    for Finding { what, found, cure } in findings {
        let (style, word) = match cure {
            None => (
                AnsiColor::Green.on_default(),
                language.pick("fine   ", "正常"),
            ),
            Some(_) => (
                AnsiColor::Yellow.on_default(),
                language.pick("missing", "缺少"),
            ),
        };
        say!("{style}{word}{style:#}  {what}: {found}");
        if let Some(cure) = cure {
            let bold = Style::new().bold();
            say!("         {bold}{cure}{bold:#}");
            all_well = false;
        }
    }
    all_well
}

/// What a command prints in one line, if it can be run.
fn version(command: &str) -> Option<String> {
    let output = Command::new(command).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output
        .status
        .success()
        .then(|| text.lines().next().unwrap_or_default().to_string())
}

fn toolchain(language: Language) -> Finding {
    // The grader was built by it: it is new enough.
    let found = version("rustc").unwrap_or_default();
    let cure = found.is_empty().then(|| {
        language
            .pick(
                "install Rust from https://rustup.rs",
                "从 https://rustup.rs 安装 Rust",
            )
            .into()
    });
    Finding {
        what: "Rust",
        found,
        cure,
    }
}

fn python(language: Language) -> Finding {
    let found = version("python3").unwrap_or_default();
    let cure = found.is_empty().then(|| {
        language
            .pick(
                "install Python 3.9 or newer: without it the Python twins are not tested",
                "安装 Python 3.9 或更新版本：没有它就不测试 Python 版的课程程序",
            )
            .into()
    });
    Finding {
        what: "python3",
        found,
        cure,
    }
}

fn ipv6(language: Language) -> Finding {
    match TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
        Ok(_) => Finding {
            what: "::1",
            found: "IPv6".into(),
            cure: None,
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
        },
    }
}

#[cfg(unix)]
fn open_files(language: Language) -> Finding {
    use rustix::process::{Resource, getrlimit};
    let limit = getrlimit(Resource::Nofile).current;
    let found = limit.map_or("unlimited".to_string(), |limit| limit.to_string());
    let cure = limit.is_some_and(|limit| limit < 256).then(|| {
        format!(
            "{} ulimit -n 1024",
            language.pick("raise the limit of this shell:", "提高本 shell 的上限：")
        )
    });
    Finding {
        what: "open files",
        found,
        cure,
    }
}

#[cfg(not(unix))]
fn open_files(_language: Language) -> Finding {
    Finding {
        what: "open files",
        found: "not limited".to_string(),
        cure: None,
    }
}

fn locale(language: Language) -> Finding {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let mut values = names.iter().filter_map(|name| std::env::var(name).ok());
    let found = values.find(|value| !value.is_empty()).unwrap_or_default();
    let is_utf8 = found.to_lowercase().replace('-', "").contains("utf8");
    let cure = (cfg!(unix) && !is_utf8).then(|| {
        format!(
            "{} export LC_ALL=C.UTF-8",
            language.pick(
                "Chinese text needs a UTF-8 locale:",
                "中文需要 UTF-8 区域设置："
            )
        )
    });
    Finding {
        what: "locale",
        found,
        cure,
    }
}

fn sandbox(language: Language) -> Finding {
    let found = version("bwrap").unwrap_or_default();
    let cure = (cfg!(target_os = "linux") && found.is_empty()).then(|| {
        language
            .pick(
                "to grade programs of others, install bubblewrap from the system's packages",
                "若要给别人的程序评分，请从系统软件源安装 bubblewrap",
            )
            .into()
    });
    Finding {
        what: "sandbox",
        found,
        cure,
    }
}
