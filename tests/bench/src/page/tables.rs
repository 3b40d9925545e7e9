//! The tables of the page.

use super::goals::{WITH_A_WAIT, added, first_commands, for_a_program, goals, per_client};
use crate::buffers::BARE;
use crate::machine::Machine;
use crate::results::Results;
use crate::server::Kind;
use crate::servers::Cores;
use crate::statistics::{Latency, Spread, ratios};
use crate::{buffers, class, cold, grader, servers, steady};
use grade::language::Language;
use std::collections::BTreeMap;

/// All tables: the names of their files, and what is in them.
pub(super) fn all(results: &Results, language: Language) -> Vec<(&'static str, String)> {
    let missing = || {
        let words = language.pick("Not measured yet.", "还没有测量。");
        format!("{words}\n")
    };
    let servers = results.servers.as_ref().map(|measured| &measured.figures);
    let buffers = results.buffers.as_ref().map(|measured| &measured.figures);
    let grader = results.grader.as_ref().map(|measured| &measured.figures);
    let steady = results.steady.as_ref().map(|measured| &measured.figures);
    let cold = results.cold.as_ref().map(|measured| &measured.figures);
    let or_missing = |table: Option<String>| table.unwrap_or_else(missing);
    vec![
        ("goals", of_goals(results, language)),
        ("machine", of_machines(results, language)),
        (
            "settings",
            or_missing(servers.map(|figures| settings(&figures.settings, language))),
        ),
        (
            "requests",
            or_missing(servers.map(|figures| requests(figures, language))),
        ),
        (
            "latency",
            or_missing(servers.map(|figures| latency(figures, language))),
        ),
        (
            "clients",
            or_missing(servers.map(|figures| clients(figures, language))),
        ),
        (
            "buffers",
            or_missing(buffers.map(|figures| of_buffers(figures, language))),
        ),
        (
            "grader",
            or_missing(grader.map(|figures| of_grader(figures, language))),
        ),
        (
            "suite",
            or_missing(grader.map(|figures| of_suite(figures, language))),
        ),
        (
            "class",
            or_missing(grader.map(|figures| of_class(figures, language))),
        ),
        (
            "steady",
            or_missing(steady.map(|figures| of_steady(figures, language))),
        ),
        (
            "cold",
            or_missing(cold.map(|figures| of_cold(figures, language))),
        ),
    ]
}

/// A table. All columns but the first are flush right.
fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let headings: Vec<String> = headings.iter().map(|text| (*text).to_string()).collect();
    let mut text = line(&headings);
    text.push_str("|---|");
    text.push_str(&"---:|".repeat(headings.len() - 1));
    text.push('\n');
    text.extend(rows.iter().map(|row| line(row)));
    text
}

/// A number with commas: `12,345`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with so many digits after the point, and with commas where there are none.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a figure of a table"
)]
pub(super) fn decimal(number: f64, digits: usize) -> String {
    if digits == 0 && number >= 0.0 {
        thousands(number.round() as u64)
    } else {
        format!("{number:.digits$}")
    }
}

/// Seconds, in milliseconds.
pub(super) fn milliseconds(seconds: f64) -> String {
    format!("{} ms", decimal(seconds * 1000.0, 1))
}

/// A number of megabytes.
pub(super) fn megabytes(megabytes: u64) -> String {
    format!("{} MB", thousands(megabytes))
}

/// A ratio, and how far it spreads: `1.02 (0.99–1.05)`.
pub(super) fn ratio(spread: Spread) -> String {
    spread_of(spread, 2)
}

/// The median and the middle half.
fn spread_of(spread: Spread, digits: usize) -> String {
    let show = |number| decimal(number, digits);
    let Spread { low, median, high } = spread;
    format!("{} ({}–{})", show(median), show(low), show(high))
}

/// The spread of some figures; a dash where there are none.
fn shown(figures: &[f64], digits: usize) -> String {
    Spread::of(figures).map_or_else(dash, |spread| spread_of(spread, digits))
}

/// The median of some figures; a dash where there are none.
fn middle(figures: &[f64], digits: usize) -> String {
    Spread::of(figures).map_or_else(dash, |spread| decimal(spread.median, digits))
}

fn dash() -> String {
    "–".to_string()
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn of_goals(results: &Results, language: Language) -> String {
    let headings = language.pick("what | goal | measured | met", "内容 | 目标 | 实测 | 达到");
    let headings: Vec<&str> = headings.split(" | ").collect();
    let rows: Vec<_> = goals(results, language)
        .into_iter()
        .map(|goal| {
            let is_met = match (&goal.found, goal.is_met) {
                (None, _) => language.pick("not measured yet", "还没有测量"),
                (Some(_), true) => language.pick("yes", "是"),
                (Some(_), false) => language.pick("**no**", "**否**"),
            };
            let found = goal.found.clone().unwrap_or_else(dash);
            vec![goal.what, goal.wanted, found, is_met.to_string()]
        })
        .collect();
    table(&headings, &rows)
}

fn of_machines(results: &Results, language: Language) -> String {
    let machines: [(&str, Option<&Machine>); 5] = [
        ("servers", results.servers.as_ref().map(|m| &m.machine)),
        ("buffers", results.buffers.as_ref().map(|m| &m.machine)),
        ("grader", results.grader.as_ref().map(|m| &m.machine)),
        ("steady", results.steady.as_ref().map(|m| &m.machine)),
        ("cold", results.cold.as_ref().map(|m| &m.machine)),
    ];
    let headings = language.pick(
        "measurement | day | commit | processor | cores | memory | kernel | compilers",
        "测量 | 日期 | 提交 | 处理器 | 核 | 内存 | 内核 | 编译器",
    );
    let headings: Vec<&str> = headings.split(" | ").collect();
    let rows: Vec<_> = machines
        .into_iter()
        .filter_map(|(name, machine)| {
            let machine = machine?;
            let others = [machine.cc.as_ref(), machine.python.as_ref()];
            let tools: Vec<&str> = std::iter::once(machine.rustc.as_str())
                .chain(others.into_iter().flatten().map(String::as_str))
                .collect();
            Some(vec![
                code(name),
                machine.date.clone(),
                code(&machine.commit),
                machine.processor.clone(),
                machine.cores.to_string(),
                megabytes(machine.megabytes),
                machine.kernel.clone(),
                tools.join(", "),
            ])
        })
        .collect();
    table(&headings, &rows)
}

/// How the servers were measured, in a sentence.
fn settings(settings: &servers::Settings, language: Language) -> String {
    let servers::Settings {
        rounds,
        seconds,
        rate,
        ..
    } = *settings;
    let rate = thousands(rate.into());
    let opened = thousands(settings.opened as u64);
    let cores = match (language, settings.cores) {
        (Language::En, Cores::Shared) => "Server and clients shared all cores.",
        (Language::En, Cores::Apart) => "The server had one core, and the clients another.",
        (Language::En, Cores::One) => "Server and clients shared one core.",
        (Language::Zh, Cores::Shared) => "服务器和客户端共用所有的核。",
        (Language::Zh, Cores::Apart) => "服务器和客户端各占一个核。",
        (Language::Zh, Cores::One) => "服务器和客户端共用一个核。",
    };
    match language {
        Language::En => format!(
            "{rounds} rounds, {seconds} s for each load; in the open loop {rate} messages a \
             second; {opened} connections opened in each round. {cores}\n"
        ),
        Language::Zh => format!(
            "一共 {rounds} 轮，每次压测 {seconds} 秒；开环每秒 {rate} 条消息；每轮新开 {opened} \
             个连接。{cores}\n"
        ),
    }
}

/// Requests per second of a server with so many clients.
fn load_of(
    figures: &servers::Figures,
    kind: Kind,
    connections: usize,
) -> Option<&servers::UnderLoad> {
    figures.servers.get(&kind)?.load.get(&connections)
}

fn requests(figures: &servers::Figures, language: Language) -> String {
    let headings = language.pick(
        "server | clients | requests a second | beside `server.c` | beside its twin | CPU for one, µs | of it the kernel's",
        "服务器 | 客户端 | 每秒请求 | 与 `server.c` 相比 | 与 Python 版相比 | 每个请求的 CPU 时间，µs | 其中内核",
    );
    let headings: Vec<&str> = headings.split(" | ").collect();
    let mut rows = Vec::new();
    for &connections in &figures.settings.connections {
        for &kind in figures.servers.keys() {
            let Some(load) = load_of(figures, kind, connections) else {
                continue;
            };
            let beside = |other: Option<Kind>| {
                let other = other.filter(|other| *other != kind);
                let other = other.and_then(|other| load_of(figures, other, connections));
                let ratios = other.map(|other| ratios(&load.requests, &other.requests));
                ratios.map_or_else(dash, |ratios| shown(&ratios, 2))
            };
            rows.push(vec![
                code(kind.name()),
                connections.to_string(),
                shown(&load.requests, 0),
                beside(Some(Kind::C)),
                beside(kind.twin()),
                middle(&load.cpu, 1),
                middle(&load.kernel, 1),
            ]);
        }
    }
    table(&headings, &rows)
}

fn latency(figures: &servers::Figures, language: Language) -> String {
    let headings = language.pick(
        "server | clients | closed loop | open loop, from sending | open loop, from when it was due | failed",
        "服务器 | 客户端 | 闭环 | 开环，从发送算起 | 开环，从预定时刻算起 | 失败",
    );
    let headings: Vec<&str> = headings.split(" | ").collect();
    let three = |latency: &Latency| {
        let show = |microseconds| decimal(microseconds, 0);
        let Latency { p50, p99, p999, .. } = *latency;
        format!("{} / {} / {}", show(p50), show(p99), show(p999))
    };
    let mut rows = Vec::new();
    for &connections in &figures.settings.connections {
        for &kind in figures.servers.keys() {
            if let Some(load) = load_of(figures, kind, connections) {
                rows.push(vec![
                    code(kind.name()),
                    connections.to_string(),
                    three(&load.closed),
                    three(&load.service),
                    three(&load.response),
                    thousands(load.failed),
                ]);
            }
        }
    }
    table(&headings, &rows)
}

#[allow(clippy::cast_precision_loss, reason = "bytes of memory")]
fn clients(figures: &servers::Figures, language: Language) -> String {
    let (few, many) = figures.settings.idle;
    let (few, many) = (thousands(few as u64), thousands(many as u64));
    let headings = match language {
        Language::En => format!(
            "server | connections a second | memory with {few} clients, MB | with {many}, MB | one more client, KB | from Ctrl-C to the exit, ms"
        ),
        Language::Zh => format!(
            "服务器 | 每秒新连接 | {few} 个客户端时的内存，MB | {many} 个时，MB | 每多一个客户端，KB | 从 Ctrl-C 到退出，ms"
        ),
    };
    let headings: Vec<&str> = headings.split(" | ").collect();
    let rows: Vec<_> = figures
        .servers
        .iter()
        .map(|(kind, of)| {
            let resident = |which: fn(&(u64, u64)) -> u64| {
                let bytes = of.resident.iter().map(which);
                let megabytes: Vec<f64> = bytes.map(|bytes| bytes as f64 / 1_048_576.0).collect();
                middle(&megabytes, 1)
            };
            let exit: Vec<f64> = of.exit.iter().map(|seconds| seconds * 1000.0).collect();
            vec![
                code(kind.name()),
                shown(&of.opened, 0),
                resident(|(first, _)| *first),
                resident(|(_, second)| *second),
                per_client(figures, *kind).map_or_else(dash, |bytes| decimal(bytes / 1024.0, 1)),
                shown(&exit, 1),
            ]
        })
        .collect();
    table(&headings, &rows)
}

fn of_buffers(figures: &buffers::Figures, language: Language) -> String {
    let headings = language.pick(
        "program | sends, MB/s | beside the limit | receives, MB/s | beside the limit",
        "程序 | 发送，MB/s | 与上限相比 | 接收，MB/s | 与上限相比",
    );
    let headings: Vec<&str> = headings.split(" | ").collect();
    let beside = |found: &BTreeMap<String, Vec<f64>>, name: &str| {
        let (of, limit) = (found.get(name)?, found.get(BARE)?);
        (name != BARE).then(|| shown(&ratios(of, limit), 2))
    };
    let mut names: Vec<&String> = figures.sends.keys().collect();
    // What the others are measured by comes first.
    names.sort_by_key(|name| (*name != BARE, *name));
    let mut rows: Vec<_> = names
        .into_iter()
        .map(|name| {
            let of = |found: &BTreeMap<String, Vec<f64>>| {
                found
                    .get(name)
                    .map_or_else(dash, |figures| shown(figures, 0))
            };
            vec![
                code(name),
                of(&figures.sends),
                beside(&figures.sends, name).unwrap_or_else(dash),
                of(&figures.receives),
                beside(&figures.receives, name).unwrap_or_else(dash),
            ]
        })
        .collect();
    rows.extend(figures.missing.iter().map(|name| {
        let missing = language.pick("not installed", "没有安装");
        vec![
            code(name),
            missing.to_string(),
            dash(),
            missing.to_string(),
            dash(),
        ]
    }));
    table(&headings, &rows)
}

fn of_grader(figures: &grader::Figures, language: Language) -> String {
    let headings = language.pick(
        "exercise | answer | points | `cargo build`, s | to the verdict, s | added, s | `cargo grade` as typed, s",
        "练习 | 答案 | 分数 | `cargo build`，s | 到出结果，s | 多出，s | 手动运行 `cargo grade`，s",
    );
    let headings: Vec<&str> = headings.split(" | ").collect();
    let rows: Vec<_> = figures
        .exercises
        .iter()
        .map(|of| {
            let answer = if of.is_solution {
                language.pick("solution", "参考答案")
            } else {
                language.pick("starter", "初始代码")
            };
            let waits = if WITH_A_WAIT.contains(&of.number) {
                language.pick(" (waits)", "（有等待）")
            } else {
                ""
            };
            vec![
                format!("{:02}{waits}", of.number),
                answer.to_string(),
                decimal(of.score, 0),
                middle(&of.bare, 2),
                shown(&of.graded, 2),
                added(of).map_or_else(dash, |added| decimal(added, 2)),
                middle(&of.typed, 2),
            ]
        })
        .collect();
    table(&headings, &rows)
}

fn of_suite(figures: &grader::Figures, language: Language) -> String {
    let headings = language.pick("what | seconds", "内容 | 秒");
    let headings: Vec<&str> = headings.split(" | ").collect();
    let bare = language.pick(
        "`cargo test --no-run`, all built",
        "`cargo test --no-run`，全部已编译",
    );
    let suite = language.pick("`cargo test`, all built", "`cargo test`，全部已编译");
    let rows = [
        vec![bare.to_string(), shown(&figures.suite_bare, 2)],
        vec![suite.to_string(), shown(&figures.suite, 1)],
    ];
    table(&headings, &rows)
}

/// The class, as long as it was measured.
fn of_class(figures: &grader::Figures, language: Language) -> String {
    let Some(class) = &figures.class else {
        return language.pick("Not measured.\n", "没有测量。\n").to_string();
    };
    let headings = language.pick(
        "class | programs | of them hang | seconds | for a program, s | memory, MB | disk, MB",
        "班级 | 程序数 | 其中卡住不动的 | 秒 | 每个程序，秒 | 内存，MB | 磁盘，MB",
    );
    let headings: Vec<&str> = headings.split(" | ").collect();
    let row = |name: String, of: &class::OfClass| {
        vec![
            name,
            thousands(of.programs as u64),
            of.hangs.to_string(),
            decimal(of.took, 0),
            decimal(for_a_program(of.took, of.programs), 2),
            thousands(of.megabytes),
            thousands(of.disk),
        ]
    };
    let students = |of: &class::OfClass| match language {
        Language::En => format!("{} students", of.students),
        Language::Zh => format!("{} 名学生", of.students),
    };
    let mut rows: Vec<_> = class
        .classes
        .iter()
        .map(|of| row(students(of), of))
        .collect();
    let busy = match language {
        Language::En => format!(
            "{}, on a busy machine (other outcomes: {})",
            students(&class.busy),
            class.differences
        ),
        Language::Zh => format!(
            "{}，机器繁忙时（不同的结果：{}）",
            students(&class.busy),
            class.differences
        ),
    };
    rows.push(row(busy, &class.busy));
    let others = [
        (
            class.obvious,
            "copied into one clone, `cargo test`, one after the other",
            "逐个复制到同一个克隆里，再 `cargo test`",
        ),
        (
            class.clones,
            "a clone for each student, `cargo test`",
            "每名学生一个克隆，再 `cargo test`",
        ),
    ];
    for ((count, took), english, chinese) in others {
        if count > 0 {
            rows.push(vec![
                language.pick(english, chinese).to_string(),
                thousands(count as u64),
                dash(),
                decimal(took, 0),
                decimal(for_a_program(took, count), 2),
                dash(),
                dash(),
            ]);
        }
    }
    table(&headings, &rows)
}

fn of_steady(figures: &steady::Figures, language: Language) -> String {
    let headings = language.pick("what | number", "内容 | 数量");
    let headings: Vec<&str> = headings.split(" | ").collect();
    let rows = [
        ("runs", "轮数", thousands(figures.runs as u64)),
        ("side by side", "同时进行", figures.at_once.to_string()),
        (
            "threads that compute besides",
            "另外在计算的线程",
            figures.hogs.to_string(),
        ),
        (
            "tests in a run",
            "每轮测试",
            thousands(figures.tests as u64),
        ),
        (
            "right answers in a run",
            "每轮正确答案",
            figures.answers.to_string(),
        ),
        (
            "checks on them in a run",
            "每轮对它们的检查",
            figures.checks.to_string(),
        ),
        (
            "hours in all",
            "总共小时数",
            decimal(figures.took / 3600.0, 2),
        ),
    ];
    let mut rows: Vec<_> = rows
        .into_iter()
        .map(|(en, zh, number)| vec![language.pick(en, zh).to_string(), number])
        .collect();
    for sitting in &figures.sittings {
        let commit = code(&sitting.commit);
        let what = match language {
            Language::En => format!("runs on {}, of commit {commit}", sitting.date),
            Language::Zh => format!("{} 的轮数，提交 {commit}", sitting.date),
        };
        rows.push(vec![what, thousands(sitting.runs as u64)]);
    }
    let failures: usize = figures.failures.values().sum();
    let name = language.pick("failures", "失败").to_string();
    rows.push(vec![name, thousands(failures as u64)]);
    for (name, count) in &figures.failures {
        rows.push(vec![code(name), count.to_string()]);
    }
    table(&headings, &rows)
}

fn of_cold(figures: &cold::Figures, language: Language) -> String {
    let headings = language.pick(
        "the first | seconds | packages compiled | MB built",
        "第一次 | 秒 | 编译的包 | 生成，MB",
    );
    let headings: Vec<&str> = headings.split(" | ").collect();
    let rows: Vec<_> = first_commands(figures)
        .into_iter()
        .map(|(command, found)| {
            let took: Vec<f64> = found.iter().map(|of| of.took).collect();
            let last = found.last();
            vec![
                code(command),
                shown(&took, 1),
                last.map_or_else(dash, |of| of.packages.to_string()),
                last.map_or_else(dash, |of| thousands(of.megabytes)),
            ]
        })
        .collect();
    table(&headings, &rows)
}
