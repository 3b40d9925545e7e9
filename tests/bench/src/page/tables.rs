//! The tables of the page.

use super::figures::first_commands;
use super::format::{code, dash, decimal, megabytes, shown, table, thousands};
use super::goals::goals;
use super::grader_tables::{of_class, of_grader, of_suite};
use super::pick;
use super::server_tables::{clients, latency, requests, settings};
use crate::buffers::{self, BARE};
use crate::machine::Machine;
use crate::results::{Measured, Results};
use crate::statistics::ratios;
use crate::{cold, steady};
use grade::language::Language;
use std::collections::BTreeMap;

/// All tables: the name and the contents of each file.
pub(super) fn all(results: &Results, language: Language) -> Vec<(&'static str, String)> {
    fn of<T>(
        measured: Option<&Measured<T>>,
        language: Language,
        table: impl Fn(&T, Language) -> String,
    ) -> String {
        match measured {
            Some(measured) => table(&measured.figures, language),
            None => format!("{}\n", pick(language, "Not measured yet.", "还没有测量。")),
        }
    }
    let (servers, grader) = (results.servers.as_ref(), results.grader.as_ref());
    let (steady, cold) = (results.steady.as_ref(), results.cold.as_ref());
    vec![
        ("goals", of_goals(results, language)),
        ("machine", of_machines(results, language)),
        ("settings", of(servers, language, settings)),
        ("requests", of(servers, language, requests)),
        ("latency", of(servers, language, latency)),
        ("clients", of(servers, language, clients)),
        (
            "buffers",
            of(results.buffers.as_ref(), language, of_buffers),
        ),
        ("grader", of(grader, language, of_grader)),
        ("suite", of(grader, language, of_suite)),
        ("class", of(grader, language, of_class)),
        ("steady", of(steady, language, of_steady)),
        ("cold", of(cold, language, of_cold)),
    ]
}

fn of_goals(results: &Results, language: Language) -> String {
    let headings = pick(
        language,
        "what | goal | measured | met",
        "内容 | 目标 | 实测 | 达到",
    );
    let rows: Vec<_> = goals(results, language)
        .into_iter()
        .map(|goal| {
            let is_met = match (&goal.found, goal.is_met) {
                (None, _) => pick(language, "not measured yet", "还没有测量"),
                (Some(_), true) => pick(language, "yes", "是"),
                (Some(_), false) => pick(language, "**no**", "**否**"),
            };
            let found = goal.found.clone().unwrap_or_else(dash);
            vec![goal.what, goal.wanted, found, is_met.to_string()]
        })
        .collect();
    table(headings, &rows)
}

fn of_machines(results: &Results, language: Language) -> String {
    let machines: [(&str, Option<&Machine>); 5] = [
        ("servers", results.servers.as_ref().map(|m| &m.machine)),
        ("buffers", results.buffers.as_ref().map(|m| &m.machine)),
        ("grader", results.grader.as_ref().map(|m| &m.machine)),
        ("steady", results.steady.as_ref().map(|m| &m.machine)),
        ("cold", results.cold.as_ref().map(|m| &m.machine)),
    ];
    let headings = pick(
        language,
        "measurement | day | commit | processor | cores | memory | kernel | compilers",
        "测量 | 日期 | 提交 | 处理器 | 核 | 内存 | 内核 | 编译器",
    );
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
    table(headings, &rows)
}

fn of_buffers(figures: &buffers::Figures, language: Language) -> String {
    let headings = pick(
        language,
        "program | sends, MB/s | beside the limit | receives, MB/s | beside the limit",
        "程序 | 发送，MB/s | 与上限相比 | 接收，MB/s | 与上限相比",
    );
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
        let missing = pick(language, "not installed", "没有安装");
        vec![
            code(name),
            missing.to_string(),
            dash(),
            missing.to_string(),
            dash(),
        ]
    }));
    table(headings, &rows)
}

fn of_steady(figures: &steady::Figures, language: Language) -> String {
    let headings = pick(language, "what | number", "内容 | 数量");
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
        .map(|(en, zh, number)| vec![pick(language, en, zh).to_string(), number])
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
    let name = pick(language, "failures", "失败").to_string();
    rows.push(vec![name, thousands(failures as u64)]);
    for (name, count) in &figures.failures {
        rows.push(vec![code(name), count.to_string()]);
    }
    table(headings, &rows)
}

fn of_cold(figures: &cold::Figures, language: Language) -> String {
    let headings = pick(
        language,
        "the first | seconds | packages compiled | MB built",
        "第一次 | 秒 | 编译的包 | 生成，MB",
    );
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
    table(headings, &rows)
}
