//! The tables of the servers.

use super::figures::per_client;
use super::format::{code, dash, decimal, middle, shown, table, thousands};
use super::pick;
use crate::server::Kind;
use crate::servers::{self, Cores};
use crate::statistics::{Latency, ratios};
use grade::language::Language;

/// A sentence about how the servers were measured.
pub(super) fn settings(figures: &servers::Figures, language: Language) -> String {
    let settings = &figures.settings;
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

/// Requests per second of a server with this many clients.
fn load_of(
    figures: &servers::Figures,
    kind: Kind,
    connections: usize,
) -> Option<&servers::UnderLoad> {
    figures.servers.get(&kind)?.load.get(&connections)
}

pub(super) fn requests(figures: &servers::Figures, language: Language) -> String {
    let headings = pick(
        language,
        "server | clients | requests a second | beside `server.c` | beside its twin | CPU for one, µs | of it the kernel's",
        "服务器 | 客户端 | 每秒请求 | 与 `server.c` 相比 | 与 Python 版相比 | 每个请求的 CPU 时间，µs | 其中内核",
    );
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
    table(headings, &rows)
}

pub(super) fn latency(figures: &servers::Figures, language: Language) -> String {
    let headings = pick(
        language,
        "server | clients | closed loop | open loop, from sending | open loop, from when it was due | failed",
        "服务器 | 客户端 | 闭环 | 开环，从发送算起 | 开环，从预定时刻算起 | 失败",
    );
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
    table(headings, &rows)
}

#[allow(clippy::cast_precision_loss, reason = "bytes of memory")]
pub(super) fn clients(figures: &servers::Figures, language: Language) -> String {
    let (few, many) = figures.settings.idle;
    let (few, many) = (thousands(few as u64), thousands(many as u64));
    let headings = &match language {
        Language::En => format!(
            "server | connections a second | memory with {few} clients, MB | with {many}, MB | one more client, KB | from Ctrl-C to the exit, ms"
        ),
        Language::Zh => format!(
            "服务器 | 每秒新连接 | {few} 个客户端时的内存，MB | {many} 个时，MB | 每多一个客户端，KB | 从 Ctrl-C 到退出，ms"
        ),
    };
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
    table(headings, &rows)
}
